// IPv6 headers, parsed and emitted (RFC 8200).
#include "wire/ipv6.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace dt::wire {

namespace {

Status check_header(Octets octets) {
    if (octets.size() < Ipv6View::header_length) return fail(Error::truncated);
    if (std::to_integer<unsigned>(octets[0]) >> 4 != 6) return fail(Error::malformed);
    return {};
}

}  // namespace

Result<Ipv6View> Ipv6View::parse_front(Octets front, std::size_t size) {
    DT_CHECK(check_header(front));
    if (header_length + load_be<std::uint16_t>(front, 4) > size) return fail(Error::truncated);
    return parse_quoted(front);
}

Result<Ipv6View> Ipv6View::parse_quoted(Octets quoted) {
    DT_CHECK(check_header(quoted));
    const std::size_t whole = header_length + load_be<std::uint16_t>(quoted, 4);
    return Ipv6View(whole < quoted.size() ? quoted.first(whole) : quoted);
}

Ipv6Repr Ipv6Repr::from(const Ipv6View& view) {
    return {.source = view.source(),
            .destination = view.destination(),
            .next_header = view.next_header(),
            .hop_limit = view.hop_limit(),
            .traffic_class = view.traffic_class(),
            .flow_label = view.flow_label(),
            .payload_length = view.payload_length()};
}

void Ipv6Repr::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size());
    DT_ASSERT(payload_length <= payload_max && flow_label <= 0xfffffU);
    store_be(to, 0, 6U << 28 | std::uint32_t{traffic_class} << 20 | flow_label);
    store_be(to, 4, static_cast<std::uint16_t>(payload_length));
    to[6] = static_cast<std::byte>(next_header);
    to[7] = static_cast<std::byte>(hop_limit);
    source.store(to, 8);
    destination.store(to, 24);
}

Result<Ipv6Fragment> Ipv6Fragment::parse(Octets header) {
    if (header.size() < size()) return fail(Error::truncated);
    const auto place = load_be<std::uint16_t>(header, 2);
    return Ipv6Fragment{.next_header = static_cast<NextHeader>(header[0]),
                        .offset = place & 0xfff8U,
                        .more = (place & 1) != 0,
                        .id = load_be<std::uint32_t>(header, 4)};
}

void Ipv6Fragment::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size() && offset % 8 == 0 && offset <= 0xfff8U);
    to[0] = static_cast<std::byte>(next_header);
    to[1] = std::byte{0};
    store_be(to, 2, static_cast<std::uint16_t>(offset | (more ? 1U : 0U)));
    store_be(to, 4, id);
}

std::size_t extension_length(NextHeader header, Octets front) {
    if (header == NextHeader::fragment) return Ipv6Fragment::size();
    return 8 * (1 + std::to_integer<std::size_t>(front[1]));
}

std::optional<TransportPlace> find_transport(Octets packet) {
    const auto view = Ipv6View::parse_quoted(packet);
    if (!view) return std::nullopt;
    TransportPlace place{view->next_header(), Ipv6View::header_length};
    while (is_extension(place.protocol)) {
        if (place.offset + 8 > packet.size()) return std::nullopt;
        const Octets header = packet.subspan(place.offset);
        if (place.protocol == NextHeader::fragment) {
            if (Ipv6Fragment::parse(header)->offset != 0) return std::nullopt;
        }
        place.offset += extension_length(place.protocol, header);
        place.protocol = static_cast<NextHeader>(header[0]);
    }
    return place.offset <= packet.size() ? std::optional(place) : std::nullopt;
}

Ipv6 solicited_node(const Ipv6& address) {
    const auto own = address.octets();
    return Ipv6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, own[13], own[14], own[15]});
}

Ipv6 eui64_address(const Ipv6& prefix, const Mac& mac) {
    const auto high = prefix.octets();
    const auto link = mac.octets();
    std::array<std::uint8_t, Ipv6::size> octets{};
    std::copy_n(high.begin(), 8, octets.begin());
    constexpr std::uint8_t universal = 2;  // inverted (RFC 4291 §2.5.1)
    octets[8] = static_cast<std::uint8_t>(link[0] ^ universal);
    octets[9] = link[1];
    octets[10] = link[2];
    octets[11] = 0xff;
    octets[12] = 0xfe;
    std::copy_n(link.begin() + 3, 3, octets.begin() + 13);
    return Ipv6(octets);
}

Ipv6 all_routers() { return Ipv6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}); }
Ipv6 all_nodes() { return Ipv6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}); }

}  // namespace dt::wire

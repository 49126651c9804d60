// IPv4 headers, parsed and emitted (RFC 791 §3.1), and pseudo-headers.
#include "wire/ipv4.hpp"

#include "base/assert.hpp"

namespace dt::wire {

namespace {

constexpr std::uint8_t option_end = 0;
constexpr std::uint8_t option_nop = 1;
constexpr std::uint8_t option_loose_route = 131;
constexpr std::uint8_t option_strict_route = 137;

std::uint64_t sum_of(const IpAddr& address) {
    if (address.is_v4()) return address.v4().value();
    const auto words = address.words();
    return (words[0] >> 32) + (words[0] & 0xffffffffU) + (words[1] >> 32) +
           (words[1] & 0xffffffffU);
}

/// What holds for a whole and for a quoted datagram.
Status check_header(Octets octets) {
    if (octets.size() < Ipv4View::header_min) return fail(Error::truncated);
    const auto first = std::to_integer<unsigned>(octets[0]);
    if (first >> 4 != 4) return fail(Error::malformed);
    const std::size_t header_length = std::size_t{4} * (first & 0x0f);
    if (header_length < Ipv4View::header_min) return fail(Error::malformed);
    if (header_length > octets.size()) return fail(Error::truncated);
    if (load_be<std::uint16_t>(octets, 2) < header_length) return fail(Error::malformed);
    return {};
}

}  // namespace

Checksum pseudo_header(const IpAddr& source, const IpAddr& destination, IpProtocol protocol,
                       std::uint32_t length) {
    Checksum sum;
    sum.add_sum(sum_of(source) + sum_of(destination) + static_cast<std::uint64_t>(protocol) +
                length);
    return sum;
}

Result<Ipv4View> Ipv4View::parse(Octets datagram) { return parse_front(datagram, datagram.size()); }

Result<Ipv4View> Ipv4View::parse_front(Octets front, std::size_t size) {
    DT_CHECK(check_header(front));
    if (load_be<std::uint16_t>(front, 2) > size) return fail(Error::truncated);
    return parse_quoted(front);
}

Result<Ipv4View> Ipv4View::parse_quoted(Octets quoted) {
    DT_CHECK(check_header(quoted));
    const std::size_t total_length = load_be<std::uint16_t>(quoted, 2);
    return Ipv4View(total_length < quoted.size() ? quoted.first(total_length) : quoted);
}

Ipv4OptionsKind Ipv4View::options_kind() const {
    Octets rest = options();
    while (!rest.empty()) {
        const auto kind = std::to_integer<std::uint8_t>(rest[0]);
        if (kind == option_end) return Ipv4OptionsKind::harmless;
        if (kind == option_nop) {
            rest = rest.subspan(1);
            continue;
        }
        if (rest.size() < 2) return Ipv4OptionsKind::malformed;
        const auto length = std::to_integer<std::size_t>(rest[1]);
        if (length < 2 || length > rest.size()) return Ipv4OptionsKind::malformed;
        if (kind == option_loose_route || kind == option_strict_route) {
            return Ipv4OptionsKind::source_route;
        }
        rest = rest.subspan(length);
    }
    return Ipv4OptionsKind::harmless;
}

Ipv4Repr Ipv4Repr::from(const Ipv4View& view) {
    return {.source = view.source(),
            .destination = view.destination(),
            .protocol = view.protocol(),
            .ttl = view.ttl(),
            .tos = view.tos(),
            .id = view.id(),
            .dont_fragment = view.is_dont_fragment(),
            .more_fragments = view.has_more_fragments(),
            .fragment_offset = view.fragment_offset(),
            .payload_length = static_cast<std::uint32_t>(view.payload().size())};
}

void Ipv4Repr::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size());
    DT_ASSERT(payload_length <= payload_max && fragment_offset % 8 == 0);
    const unsigned flags = (dont_fragment ? 0x4000U : 0U) | (more_fragments ? 0x2000U : 0U);
    const std::uint32_t version_length =
        (0x4500U | tos) << 16 | static_cast<std::uint32_t>(size() + payload_length);
    const std::uint32_t fragment = std::uint32_t{id} << 16 | flags | fragment_offset / 8;
    const std::uint32_t time_protocol =
        std::uint32_t{ttl} << 24 | static_cast<std::uint32_t>(protocol) << 16;
    // Summed from the values: to read back what was just written would stall.
    Checksum sum;
    sum.add_sum(std::uint64_t{version_length} + fragment + time_protocol + source.value() +
                destination.value());
    store_be(to, 0, version_length);
    store_be(to, 4, fragment);
    store_be(to, 8, time_protocol | sum.finish());
    source.store(to, 12);
    destination.store(to, 16);
}

}  // namespace dt::wire

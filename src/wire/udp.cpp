// UDP headers, parsed and emitted (RFC 768).
#include "wire/udp.hpp"

#include "base/assert.hpp"

namespace dt::wire {

Result<UdpView> UdpView::parse(Octets datagram) { return parse_front(datagram, datagram.size()); }

Result<UdpView> UdpView::parse_front(Octets front, std::size_t size) {
    if (front.size() < header_length) return fail(Error::truncated);
    const std::size_t length = load_be<std::uint16_t>(front, 4);
    if (length < header_length) return fail(Error::malformed);
    if (length > size) return fail(Error::truncated);
    return UdpView(length < front.size() ? front.first(length) : front);
}

UdpRepr UdpRepr::from(const UdpView& view) {
    return {.source = view.source(),
            .destination = view.destination(),
            .payload_length = static_cast<std::uint16_t>(view.length() - size())};
}

void UdpRepr::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size() && payload_length <= payload_max);
    store_be(to, 0, source.value());
    store_be(to, 2, destination.value());
    store_be(to, 4, static_cast<std::uint16_t>(size() + payload_length));
    store_be<std::uint16_t>(to, checksum_offset, 0);
}

void UdpRepr::emit(MutableOctets to, Checksum rest) const {
    emit(to);
    const std::uint16_t sum = Checksum::of(to.first(size())).add(rest).finish();
    store_be(to, checksum_offset, sum == 0 ? std::uint16_t{0xffff} : sum);
}

}  // namespace dt::wire

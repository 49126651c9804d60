// Ethernet II headers, parsed and emitted (RFC 894, IEEE 802.1Q).
#include "wire/ethernet.hpp"

#include "base/assert.hpp"

namespace dt::wire {

namespace {

constexpr std::uint8_t plain_header = 14;
constexpr std::uint8_t tagged_header = 18;

}  // namespace

Result<EthernetView> EthernetView::parse(Octets frame) {
    if (frame.size() < plain_header) return fail(Error::truncated);
    const auto type = static_cast<EtherType>(load_be<std::uint16_t>(frame, 12));
    if (type != EtherType::vlan) return EthernetView(frame, plain_header);
    if (frame.size() < tagged_header) return fail(Error::truncated);
    return EthernetView(frame, tagged_header);
}

std::uint16_t EthernetView::vlan_id() const {
    if (header_length_ == plain_header) return 0;
    return load_be<std::uint16_t>(frame_, 14) & 0x0fff;
}

void EthernetRepr::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size());
    destination.store(to, 0);
    source.store(to, 6);
    store_be(to, 12, static_cast<std::uint16_t>(type));
}

}  // namespace dt::wire

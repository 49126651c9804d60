// ARP packets, parsed and emitted (RFC 826).
#include "wire/arp.hpp"

#include "base/assert.hpp"
#include "wire/ethernet.hpp"

namespace dt::wire {

namespace {

constexpr std::uint16_t hardware_ethernet = 1;
constexpr std::uint16_t hardware_ieee_802 = 6;
constexpr auto protocol_ipv4 = static_cast<std::uint16_t>(EtherType::ipv4);

}  // namespace

Result<ArpView> ArpView::parse(Octets packet) {
    if (packet.size() < size) return fail(Error::truncated);
    return ArpView(packet);
}

Result<ArpRepr> ArpRepr::from(const ArpView& view) {
    const std::uint16_t hardware = view.hardware_type();
    if (hardware != hardware_ethernet && hardware != hardware_ieee_802) {
        return fail(Error::malformed);
    }
    if (view.protocol_type() != protocol_ipv4) return fail(Error::malformed);
    if (view.hardware_length() != Mac::size || view.protocol_length() != Ipv4::size) {
        return fail(Error::malformed);
    }
    const auto operation = static_cast<ArpOperation>(view.operation());
    if (operation != ArpOperation::request && operation != ArpOperation::reply) {
        return fail(Error::malformed);
    }
    return ArpRepr{operation, view.sender_mac(), view.sender_ip(), view.target_mac(),
                   view.target_ip()};
}

void ArpRepr::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size());
    store_be(to, 0, hardware_ethernet);
    store_be(to, 2, protocol_ipv4);
    store_be<std::uint8_t>(to, 4, Mac::size);
    store_be<std::uint8_t>(to, 5, Ipv4::size);
    store_be(to, 6, static_cast<std::uint16_t>(operation));
    sender_mac.store(to, 8);
    sender_ip.store(to, 14);
    target_mac.store(to, 18);
    target_ip.store(to, 24);
}

}  // namespace dt::wire

// The plug-in's wire: headers of the link on and off, ARP answered for everybody (RFC 826).
#include "packetdrill/tun.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "ip/segmentation.hpp"
#include "wire/arp.hpp"
#include "wire/ethernet.hpp"

namespace dt::packetdrill {

Status Tun::put(Octets packet) {
    if (packet.size() > packet_max) return fail(Error::message_too_long);
    arrive(packet, wire::EtherType::ipv4);
    return {};
}

void Tun::arrive(Octets payload, wire::EtherType type) {
    const wire::EthernetRepr header{own_mac, other_mac, type};
    std::vector<std::byte> octets(wire::EthernetRepr::size() + payload.size());
    header.emit(octets);
    std::ranges::copy(payload, octets.begin() + wire::EthernetRepr::size());
    FramePtr frame = pool_.frame();
    if (!frame->add(pool_.copy(octets))) return;
    arriving_.push_back({1, std::move(frame)});
}

void Tun::take(stack::InterfaceIndex, FramePtr frame) {
    std::vector<std::byte> octets(frame->size());
    frame->copy_to(octets);
    const auto view = wire::EthernetView::parse(octets);
    if (!view) return;
    if (view->type() == wire::EtherType::arp) return answer_arp(view->payload());
    frame->drop_front(wire::EthernetRepr::size());
    if (!cuts_ || !frame->offload.is_super_segment()) return depart(*frame);
    auto cutter = ip::Cutter::of(*frame, pool_);
    while (const FramePtr segment = cutter ? cutter->next() : FramePtr{}) depart(*segment);
}

void Tun::depart(const Frame& packet) {
    std::vector<std::byte> octets(packet.size());
    packet.copy_to(octets);
    departed_.push_back({now_, std::move(octets)});
}

void Tun::answer_arp(Octets packet) {
    const auto view = wire::ArpView::parse(packet);
    if (!view) return;
    const auto request = wire::ArpRepr::from(*view);
    if (!request || request->operation != wire::ArpOperation::request) return;
    std::array<std::byte, wire::ArpRepr::size()> reply{};
    request->reply_from(other_mac).emit(reply);
    arrive(reply, wire::EtherType::arp);
}

std::optional<Departed> Tun::next_departed() {
    if (departed_.empty()) return std::nullopt;
    Departed next = std::move(departed_.front());
    departed_.pop_front();
    return next;
}

}  // namespace dt::packetdrill

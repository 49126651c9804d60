// ICMPv6 messages we send.
#include "ip/icmp_v6.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace dt::ip {

namespace {

using wire::Icmpv6Type;
using wire::NextHeader;

/// The front of a packet that an error is about, in one piece: enough to find its transport in any
/// packet that is not made to hide it.
struct Front {
    std::array<std::byte, 512> octets{};
    std::size_t size = 0;

    explicit Front(const Culprit& culprit) {
        take(culprit.header);
        take(culprit.payload.front());
    }
    void take(Octets more) {
        const std::size_t count = std::min(more.size(), octets.size() - size);
        if (count > 0) std::memcpy(octets.data() + size, more.data(), count);
        size += count;
    }
    [[nodiscard]] Octets view() const { return Octets{octets}.first(size); }
};

}  // namespace

bool may_answer_with_error_v6(const Culprit& culprit, const wire::Icmpv6Repr& error) {
    const auto header = wire::Ipv6View::parse_quoted(culprit.header);
    if (!header) return false;
    const bool even_to_many =
        error.type == Icmpv6Type::packet_too_big ||
        (error.type == Icmpv6Type::parameter_problem &&
         static_cast<wire::Parameter6Code>(error.code) == wire::Parameter6Code::option);
    if (!even_to_many && (culprit.to_many || header->destination().is_multicast())) return false;
    const Ipv6 source = header->source();
    if (source.is_any() || source.is_multicast()) return false;
    const Front front(culprit);
    const auto place = wire::find_transport(front.view());
    if (!place || place->protocol != NextHeader::icmpv6) return true;
    const auto message = wire::Icmpv6View::parse(front.view().subspan(place->offset));
    return message && !message->is_error() && message->type() != Icmpv6Type::redirect;
}

PacketOut make_error_v6(const Culprit& culprit, const wire::Icmpv6Repr& error, buf::Pool& pool) {
    constexpr std::size_t quote_max =
        wire::Icmpv6Repr::error_packet_max - wire::Ipv6Repr::size() - wire::Icmpv6Repr::size();
    PacketOut packet;
    packet.source = IpAddr::any_v6();
    packet.destination = Ipv6::load(culprit.header, 8);
    packet.frame = pool.frame();
    packet.protocol = static_cast<std::uint8_t>(wire::IpProtocol::icmpv6);
    packet.dont_fragment = false;
    error.emit(packet.frame->prepend(wire::Icmpv6Repr::size()));
    static_cast<void>(packet.frame->add(quote_of(culprit, quote_max, pool)));
    return packet;
}

FourTuple quoted_tuple_v6(const Culprit& culprit) {
    FourTuple tuple{{Ipv6::load(culprit.header, 8), Port{}},
                    {Ipv6::load(culprit.header, 24), Port{}}};
    const Front front(culprit);
    const auto place = wire::find_transport(front.view());
    const bool has_ports =
        place && (place->protocol == NextHeader::tcp || place->protocol == NextHeader::udp);
    if (has_ports && front.size >= place->offset + 4) {
        tuple.local.port = Port{load_be<std::uint16_t>(front.octets, place->offset)};
        tuple.remote.port = Port{load_be<std::uint16_t>(front.octets, place->offset + 2)};
    }
    return tuple;
}

void turn_into_echo_reply(Frame& frame) {
    std::array<std::byte, wire::Icmpv6Repr::size()> header{};
    std::memcpy(header.data(), frame.front().data(), header.size());
    header[0] = static_cast<std::byte>(Icmpv6Type::echo_reply);
    header[1] = std::byte{0};
    frame.drop_front(header.size());
    std::memcpy(frame.prepend(header.size()).data(), header.data(), header.size());
    frame.offload = {};
    frame.id = 0;
}

bool is_nd_message(Octets message) {
    if (message.empty()) return false;
    const auto type = static_cast<Icmpv6Type>(message[0]);
    return type >= Icmpv6Type::router_solicitation && type <= Icmpv6Type::redirect;
}

}  // namespace dt::ip

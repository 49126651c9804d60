// Events of dropped packets.
#include "ip/drop.hpp"

namespace dt::ip {

void drop(const Turn& turn, event::FrameId frame, const wire::Ipv4View& header,
          event::Reason reason) {
    turn.emit(event::PacketDropped{.source = header.source(),
                                   .destination = header.destination(),
                                   .frame = frame,
                                   .protocol = static_cast<std::uint8_t>(header.protocol()),
                                   .reason = reason});
}

void drop(const Turn& turn, event::FrameId frame, const wire::Ipv6View& header,
          event::Reason reason) {
    turn.emit(event::PacketDropped{.source = header.source(),
                                   .destination = header.destination(),
                                   .frame = frame,
                                   .protocol = static_cast<std::uint8_t>(header.next_header()),
                                   .reason = reason});
}

void drop(const Turn& turn, const Frame& packet, event::Reason reason) {
    if (const auto v6 = wire::Ipv6View::parse_quoted(packet.front())) {
        drop(turn, packet.id, *v6, reason);
    } else if (const auto header = wire::Ipv4View::parse_quoted(packet.front())) {
        drop(turn, packet.id, *header, reason);
    } else {
        drop_frame(turn, packet.id, reason);
    }
}

void drop_frame(const Turn& turn, event::FrameId frame, event::Reason reason) {
    turn.emit(event::PacketDropped{.source = IpAddr::any_v4(),
                                   .destination = IpAddr::any_v4(),
                                   .frame = frame,
                                   .protocol = 0,
                                   .reason = reason});
}

}  // namespace dt::ip

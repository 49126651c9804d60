// For tests: Ethernet frames with TCP segments, and a sink that keeps events.
#pragma once

#include <string_view>
#include <vector>

#include "base/checksum.hpp"
#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"

namespace dt::link {

struct SegmentText {
    std::uint8_t from = 1;  // 10.0.0.from or fd00::from, station 02:…:from
    std::uint8_t to = 2;
    TcpFlags flags = {};
    std::uint32_t seq = 0;
    std::string_view text = {};
    std::uint16_t port = 40000;
    std::uint16_t server_port = 8080;
    Family family = Family::v4;
    std::uint8_t ecn = 0;  // RFC 3168 §5: 1 and 2 are ECN-capable
};

inline IpAddr address_of(Family family, std::uint8_t number) {
    if (family == Family::v4) return Ipv4{10, 0, 0, number};
    return Ipv6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number});
}

/// The header of IP before `length` octets.
inline void prepend_ip(buf::Frame& frame, const SegmentText& what, std::uint32_t length) {
    if (what.family == Family::v6) {
        wire::Ipv6Repr ip;
        ip.source = address_of(what.family, what.from).v6();
        ip.destination = address_of(what.family, what.to).v6();
        ip.traffic_class = what.ecn;
        ip.payload_length = length;
        return ip.emit(frame.prepend(wire::Ipv6Repr::size()));
    }
    wire::Ipv4Repr ip;
    ip.source = address_of(what.family, what.from).v4();
    ip.destination = address_of(what.family, what.to).v4();
    ip.tos = what.ecn;
    ip.payload_length = length;
    ip.emit(frame.prepend(wire::Ipv4Repr::size()));
}

inline Mac station(std::uint8_t number) { return Mac({2, 0, 0, 0, 0, number}); }

/// Headers in the head, text in one slice, checksums complete. From host 1 the port is the
/// client's, from any other the server's.
inline FramePtr segment_frame(buf::Pool& pool, const SegmentText& what) {
    FramePtr frame = pool.frame();
    const auto octets = std::as_bytes(std::span(what.text.data(), what.text.size()));
    if (!octets.empty()) static_cast<void>(frame->add(pool.copy(octets)));
    wire::TcpRepr tcp;
    tcp.source = Port{what.from == 1 ? what.port : what.server_port};
    tcp.destination = Port{what.from == 1 ? what.server_port : what.port};
    tcp.seq = Seq{what.seq};
    tcp.flags = what.flags;
    tcp.window = 1000;
    const IpAddr source = address_of(what.family, what.from);
    const IpAddr destination = address_of(what.family, what.to);
    const auto length = static_cast<std::uint32_t>(tcp.size() + octets.size());
    Checksum rest = wire::pseudo_header(source, destination, wire::IpProtocol::tcp, length);
    rest.add(octets);
    tcp.emit(frame->prepend(tcp.size()), rest);
    prepend_ip(*frame, what, length);
    const auto type = what.family == Family::v4 ? wire::EtherType::ipv4 : wire::EtherType::ipv6;
    wire::EthernetRepr{station(what.to), station(what.from), type}.emit(
        frame->prepend(wire::EthernetRepr::size()));
    return frame;
}

class KeepingSink final : public event::Sink {
  public:
    void on_event(Instant at, event::HostIndex host, const event::Body& body) override {
        events.push_back({events.size() + 1, at, host, body});
    }
    [[nodiscard]] std::vector<event::FrameTouched> touched() const {
        std::vector<event::FrameTouched> found;
        for (const event::Event& each : events) {
            if (const auto* body = std::get_if<event::FrameTouched>(&each.body))
                found.push_back(*body);
        }
        return found;
    }
    std::vector<event::Event> events;
};

}  // namespace dt::link

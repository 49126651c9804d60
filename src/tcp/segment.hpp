// A TCP segment on its way in (parsed and checked by the IP layer) and on its way out.
#pragma once

#include <cstdint>

#include "buf/frame.hpp"
#include "event/config.hpp"
#include "event/event.hpp"
#include "wire/tcp.hpp"

namespace dt::tcp {

/// What path and socket options decide about a connection's segments.
struct Path {
    std::uint16_t mtu = 1500;  // of the route, octets
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    std::uint32_t super_segment_max = 0;  // octets of text in one frame, 0 = one MSS
};

/// What a connection knows of its way: text acknowledged proves it (RFC 4861 §7.3.1), and after R1
/// it asks for another (RFC 9293 §3.8.3).
enum class Way : std::uint8_t { believed, proved, doubted };

/// A segment that arrived. Checksum and lengths are proved; the text is still in the frame.
struct SegmentIn {
    FourTuple tuple;  // local = where it was sent to
    wire::TcpRepr header;
    FramePtr frame;
    std::uint32_t text_offset = 0;  // in the frame
    std::uint32_t text_length = 0;
    Path path;  // back to the peer: decides MSS, TTL and TOS of what a listener answers
    std::uint8_t ecn = 0;
    std::uint8_t ttl = 0;

    /// Text plus SYN and FIN, each of which takes one number (RFC 9293 §3.4).
    [[nodiscard]] std::uint32_t seg_len() const {
        return text_length + (header.flags.syn() ? 1U : 0U) + (header.flags.fin() ? 1U : 0U);
    }
};

/// A segment to send: TCP header in the head of the frame, text as slices, checksum left to the IP
/// layer (pseudo-header) or to the link.
struct SegmentOut {
    FourTuple tuple;
    FramePtr frame;
    event::Segment summary;  // for the event; `frame` number is filled by the stack
    event::Reason reason = event::Reason::none;
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    event::Switch dont_fragment = event::Switch::on;  // DF (RFC 1191 §3)
};

/// An ICMP error whose quotation names one of our segments (RFC 5927: checked against SND.UNA).
enum class IcmpError : std::uint8_t {
    network_unreachable,
    host_unreachable,
    protocol_unreachable,
    port_unreachable,
    fragmentation_needed,
    admin_prohibited,
    policy_denied,  // ICMPv6 1/1, 1/5, 1/6
    time_exceeded,
    parameter_problem,
};

}  // namespace dt::tcp

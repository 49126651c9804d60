// What is owed to a peer without text: a RST, a challenge ACK, a SYN cookie, the ACK of a TIME-WAIT
// record, as a small value that waits in the reply ring of the stack (RFC 9293 §3.10.7.1, RFC
// 5961).
#pragma once

#include <cstdint>
#include <optional>

#include "buf/block.hpp"
#include "event/event.hpp"
#include "event/reason.hpp"
#include "tcp/segment.hpp"
#include "wire/tcp.hpp"

namespace dt::tcp {

/// One segment without text. `window` is the field as it will stand on the wire, `shift` its scale
/// (0 on a RST without a connection).
struct Reply {
    FourTuple tuple;  // local = this host
    Seq seq{};
    Seq ack{};
    TcpFlags flags;
    std::uint16_t window = 0;
    std::uint8_t shift = 0;
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    std::optional<wire::Timestamps> timestamps;
    // Of a SYN-ACK without an entry.
    std::optional<std::uint16_t> mss;
    std::optional<std::uint8_t> window_scale;
    bool sack_permitted = false;
    event::Reason reason = event::Reason::none;
};

/// The RST that answers a segment for which there is no connection (RFC 9293 §3.10.7.1):
/// <SEQ=SEG.ACK> where it had an ACK, else <SEQ=0><ACK=SEG.SEQ+SEG.LEN>. Never for a RST: nothing.
[[nodiscard]] std::optional<Reply> reset_of(const SegmentIn& segment, event::Reason reason);

/// A segment that arrived as viewers see it; `shift` is the peer's window scale (a SYN's window is
/// never scaled).
[[nodiscard]] event::Segment summary_of(const SegmentIn& segment, unsigned shift);

/// A segment without text as a frame: its TCP header, checksum field zero. `shift` is our own
/// window scale, for the summary only.
[[nodiscard]] SegmentOut segment_without_text(buf::Pool& pool, const FourTuple& tuple,
                                              const wire::TcpRepr& header, unsigned shift);
/// A SYN with the `length` octets of text that are in `frame`.
[[nodiscard]] SegmentOut segment_with_text(FramePtr frame, const FourTuple& tuple,
                                           const wire::TcpRepr& header, std::uint32_t length);
[[nodiscard]] SegmentOut segment_of(const Reply& reply, buf::Pool& pool);

}  // namespace dt::tcp

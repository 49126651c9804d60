// One segment on its way through the steps of RFC 9293 §3.10.7. Only the connection's own files
// include it.
#pragma once

#include "tcp/connection.hpp"

namespace dt::tcp {

struct Connection::Arrival {
    const Turn& turn;
    buf::Pool& pool;
    SegmentIn& in;
    // What is left of the segment after trimming to the window.
    Seq seq;
    std::uint32_t text_offset;
    std::uint32_t text_length;
    TcpFlags flags;
    enum class FinAck : std::uint8_t { no, yes } acked_fin = FinAck::no;  // it acknowledged our FIN
    Outcome outcome{};

    Arrival(const Turn& t, buf::Pool& p, SegmentIn& segment)
        : turn(t),
          pool(p),
          in(segment),
          seq(segment.header.seq),
          text_offset(segment.text_offset),
          text_length(segment.text_length),
          flags(segment.header.flags) {}

    [[nodiscard]] const wire::TcpRepr& header() const { return in.header; }
    [[nodiscard]] Seq ack() const { return in.header.ack; }
    /// SEG.LEN of what is left.
    [[nodiscard]] std::uint32_t length() const {
        return text_length + (flags.syn() ? 1U : 0U) + (flags.fin() ? 1U : 0U);
    }
    [[nodiscard]] TextRef text() const { return {*in.frame, text_offset, text_length}; }
};

}  // namespace dt::tcp

// Segments without text: summaries for viewers, the RST of RFC 9293 §3.10.7.1, frames.
#include "tcp/reply.hpp"

namespace dt::tcp {

std::optional<Reply> reset_of(const SegmentIn& segment, event::Reason reason) {
    const wire::TcpRepr& header = segment.header;
    if (header.flags.rst()) return std::nullopt;
    Reply reply;
    reply.tuple = segment.tuple;
    reply.tos = segment.path.tos;
    reply.ttl = segment.path.ttl;
    reply.reason = reason;
    if (header.flags.ack()) {
        reply.seq = header.ack;
        reply.flags = TcpFlag::rst;
        return reply;
    }
    reply.ack = header.seq + segment.seg_len();
    reply.flags = TcpFlag::rst | TcpFlag::ack;
    return reply;
}

event::Segment summary_of(const SegmentIn& segment, unsigned shift) {
    const wire::TcpRepr& header = segment.header;
    event::Segment summary;
    summary.tuple = segment.tuple;
    summary.frame = segment.frame ? segment.frame->id : 0;
    summary.seq = header.seq;
    summary.ack = header.ack;
    summary.length = segment.text_length;
    summary.window = Window::from_field(header.window, header.flags.syn() ? 0 : shift).octets();
    summary.mss = header.options.mss.value_or(0);
    summary.flags = header.flags.bits();
    const std::uint32_t size = segment.frame ? segment.frame->offload.segment_size : 0;
    if (size > 0 && segment.text_length > size) {
        summary.wire_segments = static_cast<std::uint16_t>((segment.text_length + size - 1) / size);
    }
    return summary;
}

SegmentOut segment_without_text(buf::Pool& pool, const FourTuple& tuple,
                                const wire::TcpRepr& header, unsigned shift) {
    SegmentOut out = segment_with_text(pool.frame(), tuple, header, 0);
    if (!header.flags.syn()) out.summary.window = Window::from_field(header.window, shift).octets();
    return out;
}

SegmentOut segment_with_text(FramePtr frame, const FourTuple& tuple, const wire::TcpRepr& header,
                             std::uint32_t length) {
    SegmentOut out;
    out.tuple = tuple;
    out.frame = std::move(frame);
    out.summary.length = length;
    (void)header.emit(out.frame->prepend(header.size()));
    out.summary.tuple = tuple;
    out.summary.seq = header.seq;
    out.summary.ack = header.ack;
    out.summary.window = header.window;
    out.summary.mss = header.options.mss.value_or(0);
    out.summary.flags = header.flags.bits();
    return out;
}

SegmentOut segment_of(const Reply& reply, buf::Pool& pool) {
    wire::TcpRepr header;
    header.source = reply.tuple.local.port;
    header.destination = reply.tuple.remote.port;
    header.seq = reply.seq;
    header.ack = reply.ack;
    header.flags = reply.flags;
    header.window = reply.window;
    header.options.timestamps = reply.timestamps;
    header.options.mss = reply.mss;
    header.options.window_scale = reply.window_scale;
    header.options.sack_permitted = reply.sack_permitted;
    SegmentOut out = segment_without_text(pool, reply.tuple, header, reply.shift);
    out.reason = reply.reason;
    out.tos = reply.tos;
    out.ttl = reply.ttl;
    return out;
}

}  // namespace dt::tcp

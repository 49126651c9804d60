// TCP headers, parsed and emitted (RFC 9293 §3.1).
#include "wire/tcp.hpp"

#include "base/assert.hpp"

namespace dt::wire {

Result<TcpView> TcpView::parse(Octets segment) {
    if (segment.size() < header_min) return fail(Error::truncated);
    const TcpView view(segment);
    if (view.header_length() < header_min) return fail(Error::malformed);
    if (view.header_length() > segment.size()) return fail(Error::truncated);
    return view;
}

TcpRepr TcpRepr::from(const TcpView& view) {
    const TcpFlags flags = view.flags();
    const SegmentKind kind = flags.syn() ? SegmentKind::syn : SegmentKind::other;
    return {.source = view.source(),
            .destination = view.destination(),
            .seq = view.seq(),
            .ack = view.ack(),
            .flags = flags,
            .window = view.window(),
            .urgent = view.urgent(),
            .options = TcpOptions::parse(view.options(), kind)};
}

void TcpRepr::emit(MutableOctets to) const {
    const std::size_t length = size();
    DT_ASSERT(to.size() >= length);
    DT_ASSERT(flags.syn() || !options.mss);
    store_be(to, 0, source.value());
    store_be(to, 2, destination.value());
    store_be(to, 4, seq.value());
    store_be(to, 8, ack.value());
    store_be<std::uint8_t>(to, 12, static_cast<std::uint8_t>(length / 4 << 4));
    store_be(to, 13, flags.bits());
    store_be(to, 14, window);
    store_be<std::uint16_t>(to, checksum_offset, 0);
    store_be(to, 18, urgent);
    options.emit(to.subspan(TcpView::header_min));
}

void TcpRepr::emit(MutableOctets to, Checksum rest) const {
    emit(to);
    Checksum sum = Checksum::of(to.first(size()));
    store_be(to, checksum_offset, sum.add(rest).finish());
}

}  // namespace dt::wire

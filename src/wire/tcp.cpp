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

Checksum TcpRepr::emit(MutableOctets to) const {
    const std::size_t length = size();
    DT_ASSERT(to.size() >= length);
    DT_ASSERT(flags.syn() || !options.mss);
    const std::uint32_t ports = std::uint32_t{source.value()} << 16 | destination.value();
    const std::uint32_t control =
        static_cast<std::uint32_t>(length / 4) << 28 | std::uint32_t{flags.bits()} << 16 | window;
    store_be(to, 0, ports);
    store_be(to, 4, seq.value());
    store_be(to, 8, ack.value());
    store_be(to, 12, control);
    store_be<std::uint32_t>(to, checksum_offset, urgent);
    const std::uint64_t sum_of_options = options.emit(to.subspan(TcpView::header_min));
    // Summed from the values: to read back what was just written would stall.
    Checksum sum;
    sum.add_sum(std::uint64_t{ports} + seq.value() + ack.value() + control + urgent +
                sum_of_options);
    return sum;
}

void TcpRepr::emit(MutableOctets to, Checksum rest) const {
    store_be(to, checksum_offset, emit(to).add(rest).finish());
}

}  // namespace dt::wire

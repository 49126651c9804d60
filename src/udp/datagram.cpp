// Opening a UDP packet: length, then checksum (RFC 768, RFC 1122 §4.1.3.4).
#include "udp/datagram.hpp"

#include <utility>

#include "base/checksum.hpp"
#include "wire/ipv4.hpp"
#include "wire/udp.hpp"

namespace dt::udp {

namespace {

using event::Reason;

Checksum sum_of(const Frame& frame) {
    Checksum sum = Checksum::of(frame.head());
    for (const Slice& slice : frame.slices()) sum.add(slice.octets());
    return sum;
}

bool is_intact(IpAddr source, IpAddr destination, const Frame& frame, const wire::UdpView& view) {
    // Over IPv4 a sender may leave the checksum out (RFC 1122 §4.1.3.4).
    if (!view.has_checksum()) return source.is_v4();
    Checksum sum = wire::pseudo_header(source, destination, wire::IpProtocol::udp, view.length());
    return sum.add(sum_of(frame)).is_correct();
}

}  // namespace

std::expected<Datagram, Reason> open_datagram(IpAddr source, IpAddr destination, FramePtr& frame,
                                              Checksums checksums) {
    if (frame->marked_bad != 0) return std::unexpected(Reason::bad_checksum);
    const auto view = wire::UdpView::parse_front(frame->front(), frame->size());
    if (!view || view->destination().is_any()) return std::unexpected(Reason::bad_header);
    frame->keep_front(view->length());
    const bool is_checked = checksums == Checksums::trusted;
    if (!is_checked && !is_intact(source, destination, *frame, *view)) {
        return std::unexpected(Reason::bad_checksum);
    }
    Datagram datagram;
    datagram.tuple = {{destination, view->destination()}, {source, view->source()}};
    datagram.offset = wire::UdpView::header_length;
    datagram.length = static_cast<std::uint32_t>(view->length() - wire::UdpView::header_length);
    datagram.frame = std::move(frame);
    return datagram;
}

}  // namespace dt::udp

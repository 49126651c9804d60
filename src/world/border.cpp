// Segments on the border, and frames in recordings.
#include "world/border.hpp"

#include <algorithm>
#include <vector>

#include "wire/dhcp.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::world {

namespace {

using wire::ChecksumState;
using wire::IpProtocol;

constexpr Port name_service_port{53};

/// A whole transport message in a frame: not a piece of one, nothing behind it.
struct Message {
    IpAddr source;
    IpAddr destination;
    IpProtocol protocol = IpProtocol::tcp;
    std::size_t begin = 0;  ///< of the transport header in the frame
    std::size_t length = 0;
    Octets front;  ///< what is at hand of it
};

std::optional<Message> message_v4(Octets front, std::size_t link, std::size_t size) {
    const auto view = wire::Ipv4View::parse_front(front.subspan(link), size - link);
    if (!view || view->is_fragment() || view->total_length() != size - link) return std::nullopt;
    const std::size_t begin = link + view->header_length();
    return Message{view->source(), view->destination(), view->protocol(),
                   begin,          size - begin,        view->payload()};
}

std::optional<Message> message_v6(Octets front, std::size_t link, std::size_t size) {
    const auto view = wire::Ipv6View::parse_front(front.subspan(link), size - link);
    const std::size_t begin = link + wire::Ipv6View::header_length;
    if (!view || view->payload_length() != size - begin) return std::nullopt;
    return Message{
        view->source(), view->destination(), static_cast<IpProtocol>(view->next_header()),
        begin,          size - begin,        view->payload()};
}

/// The transport message of a frame whose headers lie in one piece: of our own frames in the head,
/// of those from outside in the first slice.
std::optional<Message> message_in(const buf::Frame& frame, Octets front) {
    const auto link = wire::EthernetView::parse(front);
    if (!link || link->header_length() != wire::EthernetRepr::size()) return std::nullopt;
    const std::size_t header = link->header_length();
    if (link->type() == wire::EtherType::ipv4) return message_v4(front, header, frame.size());
    if (link->type() == wire::EtherType::ipv6) return message_v6(front, header, frame.size());
    return std::nullopt;
}

/// A segment of TCP on the wire, seen from its sender.
struct OnWire {
    event::Segment segment;
    wire::TcpRepr header;
};

std::optional<OnWire> segment_in(const buf::Frame& frame) {
    const auto message = message_in(frame, frame.front());
    if (!message || message->protocol != IpProtocol::tcp) return std::nullopt;
    const auto view = wire::TcpView::parse(message->front);
    if (!view || view->header_length() > message->length) return std::nullopt;
    OnWire seen{{}, wire::TcpRepr::from(*view)};
    event::Segment& segment = seen.segment;
    segment.tuple.local = {message->source, view->source()};
    segment.tuple.remote = {message->destination, view->destination()};
    segment.frame = frame.id;
    segment.seq = view->seq();
    segment.ack = view->ack();
    segment.length = static_cast<std::uint32_t>(message->length - view->header_length());
    segment.window = view->window();
    segment.wire_segments = static_cast<std::uint16_t>(frame.offload.segment_count(segment.length));
    segment.mss = seen.header.options.mss.value_or(0);
    segment.flags = view->flags().bits();
    return seen;
}

void learn_shift(std::optional<std::uint8_t>& shift, const OnWire& seen) {
    if (seen.header.flags.syn()) shift = seen.header.options.window_scale;
}

std::uint32_t scaled(const OnWire& seen, const std::optional<std::uint8_t>& own,
                     const std::optional<std::uint8_t>& other) {
    const bool is_scaled = own && other && !seen.header.flags.syn();
    return is_scaled ? seen.segment.window << *own : seen.segment.window;
}

}  // namespace

Border::Halves* Border::flow_of(const FourTuple& tuple) {
    const auto known = flows_.find(tuple);
    if (known != flows_.end()) return &known->second;
    if (flows_.size() == flows_max) return nullptr;
    return &flows_[tuple];
}

void Border::on_entering(Instant now, buf::Frame& frame, event::Sink& sink) {
    frame.id = std::uint64_t{host_} << 48 | ++frames_;
    if (sink.detail() != event::Detail::segments) return;
    auto seen = segment_in(frame);
    if (!seen) return;
    event::Segment& segment = seen->segment;
    if (Halves* const flow = flow_of(segment.tuple)) {
        if (seen->header.flags.syn() && flow->theirs.snd_max != segment.seq + 1) {
            flow->theirs.snd_max.reset();
        }
        learn_shift(flow->theirs.shift, *seen);
        segment.window = scaled(*seen, flow->theirs.shift, flow->ours.shift);
        const std::uint32_t length = seen->header.sequence_length(segment.length);
        const Seq end = segment.seq + length;
        auto& snd_max = flow->theirs.snd_max;
        const bool is_again = length > 0 && snd_max && !before(*snd_max, end);
        if (is_again && flow->sent_again < 255) ++flow->sent_again;
        if (!is_again && length > 0) flow->sent_again = 0;
        segment.retransmission = is_again ? flow->sent_again : std::uint8_t{0};
        if (!snd_max || before(*snd_max, end)) snd_max = end;
        if (seen->header.flags.rst()) flows_.erase(segment.tuple);
    }
    sink.on_event(now, host_, event::SegmentSent{segment});
}

void Border::on_leaving(Instant now, const buf::Frame& frame, event::Sink& sink) {
    if (sink.detail() != event::Detail::segments) return;
    auto seen = segment_in(frame);
    if (!seen) return;
    event::Segment& segment = seen->segment;
    segment.tuple = segment.tuple.reversed();
    if (Halves* const flow = flow_of(segment.tuple)) {
        learn_shift(flow->ours.shift, *seen);
        segment.window = scaled(*seen, flow->ours.shift, flow->theirs.shift);
        if (seen->header.flags.rst()) flows_.erase(segment.tuple);
    }
    sink.on_event(now, host_, event::SegmentReceived{segment});
}

bool is_sum_correct(const buf::Frame& frame) {
    std::vector<std::byte> octets(frame.size());
    frame.copy_to(octets);
    const auto message = message_in(frame, octets);
    if (!message) return false;
    const auto length = static_cast<std::uint32_t>(message->length);
    return wire::pseudo_header(message->source, message->destination, message->protocol, length)
        .add(message->front)
        .is_correct();
}

bool is_read_by_hosts(Port destination) {
    return destination == name_service_port || destination == wire::dhcp_client_port;
}

std::size_t octets_to_keep(const buf::Frame& frame) {
    const auto message = message_in(frame, frame.front());
    if (!message) return frame.size();
    std::size_t header = 0;
    if (message->protocol == IpProtocol::tcp) {
        const auto view = wire::TcpView::parse(message->front);
        if (view) header = view->header_length();
    } else if (message->protocol == IpProtocol::udp) {
        const auto view = wire::UdpView::parse_front(message->front, message->length);
        const bool is_whole = view && view->length() == message->length;
        if (is_whole && !is_read_by_hosts(view->destination())) header = wire::UdpRepr::size();
    }
    if (header == 0 || header > message->length) return frame.size();
    const bool is_good = frame.offload.is_vouched_for() || is_sum_correct(frame);
    return is_good ? message->begin + header : frame.size();
}

void encode(Encoder& to, const buf::Frame& frame, std::size_t kept) {
    std::vector<std::byte> octets(frame.size());
    frame.copy_to(octets);
    // Generated text has another sum: that the true one was right stands here.
    wire::Offload offload = frame.offload;
    if (kept < octets.size() && offload.checksum == ChecksumState::unverified)
        offload.checksum = ChecksumState::verified;
    to.number(octets.size());
    to.u8(static_cast<std::uint8_t>(offload.checksum));
    if (offload.checksum == ChecksumState::needed) {
        to.u16(offload.checksum_start);
        to.u16(offload.checksum_offset);
    }
    to.u16(offload.segment_size);
    to.octets(Octets(octets).first(kept));
}

FramePtr decode_frame(Decoder& from, buf::Pool& pool) {
    const std::uint64_t size = from.below(buf::Pool::large_block + 1);
    wire::Offload offload;
    offload.checksum = static_cast<ChecksumState>(from.below(3));
    if (offload.checksum == ChecksumState::needed) {
        offload.checksum_start = from.u16();
        offload.checksum_offset = from.u16();
    }
    offload.segment_size = from.u16();
    const Octets kept = from.octets();
    if (kept.size() > size || !offload.is_sane(size)) from.set_broken();
    if (from.is_broken()) return nullptr;
    std::vector<std::byte> octets(size);
    std::ranges::copy(kept, octets.begin());
    for (std::size_t i = kept.size(); i < octets.size(); ++i)
        octets[i] = static_cast<std::byte>('a' + (i - kept.size()) % 26);
    FramePtr frame = pool.frame();
    if (!octets.empty()) (void)frame->add(pool.copy(octets));
    frame->offload = offload;
    return frame;
}

}  // namespace dt::world

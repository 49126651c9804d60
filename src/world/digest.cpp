// Every field of every event, in one order.
#include "world/digest.hpp"

#include <array>
#include <charconv>
#include <type_traits>

#include "base/rng.hpp"

namespace dt::world {

namespace {

/// Sums up fields, one 64-bit word each.
class Sum {
  public:
    template <class... Fields>
    void operator()(const Fields&... fields) {
        (add(fields), ...);
    }
    [[nodiscard]] std::uint64_t end() { return state_.end(0); }

  private:
    template <class T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>) void add(T value) {
        state_.add(static_cast<std::uint64_t>(value));
    }
    void add(Duration span) { state_.add(static_cast<std::uint64_t>(span.count())); }
    void add(Seq seq) { state_.add(seq.value()); }
    void add(const IpAddr& address) {
        for (const std::uint64_t word : address.words()) state_.add(word);
    }
    void add(const Mac& mac) {
        for (const std::uint8_t octet : mac.octets()) state_.add(octet);
    }
    void add(const Endpoint& end) {
        add(end.addr);
        state_.add(end.port.value());
    }
    void add(const FourTuple& tuple) {
        for (const std::uint64_t word : tuple.words()) state_.add(word);
    }
    void add(const event::Caller& caller) {
        add(caller.pid);
        add(caller.fd);
    }
    void add(const std::optional<Error>& error) {
        state_.add(error ? 1U + static_cast<unsigned>(*error) : 0U);
    }
    void add(const event::Segment& s) {
        (*this)(s.tuple, s.frame, s.seq, s.ack, s.length, s.window, s.wire_segments, s.mss, s.flags,
                s.retransmission);
    }

    base::SipState<1, 3> state_{SipKey{0x6469616c, 0x746f6e65}};
};

/// One overload an event.
struct Fields {
    Sum& sum;
    void operator()(const event::SegmentSent& e) const { sum(e.segment, e.reason); }
    void operator()(const event::SegmentReceived& e) const { sum(e.segment); }
    void operator()(const event::SegmentDropped& e) const { sum(e.segment, e.reason); }
    void operator()(const event::Transition& e) const {
        sum(e.tuple, e.from, e.to, e.cause, e.reason);
    }
    void operator()(const event::QueueChange& e) const {
        sum(e.listener, e.tuple, e.step, e.syn_queue, e.accept_queue, e.limit, e.ignored);
    }
    void operator()(const event::TimerFired& e) const { sum(e.tuple, e.kind, e.count); }
    void operator()(const event::CallMade& e) const {
        sum(e.call, e.socket, e.caller, e.local, e.argument, e.level, e.name, e.value, e.created,
            e.error, e.reason);
    }
    void operator()(const event::DescriptorGiven& e) const { sum(e.socket, e.caller); }
    void operator()(const event::BytesMoved& e) const {
        sum(e.tuple, e.socket, e.caller, e.direction, e.count, e.end);
    }
    void operator()(const event::FrameTouched& e) const {
        sum(e.frame, e.copy, e.fate, e.link, e.rule, e.by);
    }
    void operator()(const event::PacketDropped& e) const {
        sum(e.source, e.destination, e.frame, e.protocol, e.reason);
    }
    void operator()(const event::DatagramMoved& e) const {
        sum(e.tuple, e.frame, e.step, e.length, e.reason);
    }
    void operator()(const event::IcmpMoved& e) const {
        sum(e.source, e.destination, e.frame, e.step, e.type, e.code, e.quoted, e.reason);
    }
    void operator()(const event::NeighbourChange& e) const { sum(e.address, e.mac, e.state); }
    void operator()(const event::CongestionChange& e) const {
        sum(e.tuple, e.from, e.to, e.reason, e.cwnd, e.ssthresh, e.lost);
    }
    void operator()(const event::LeaseChange& e) const {
        sum(e.address, e.length, e.step, e.server, e.left);
    }
};

constexpr std::array<std::string_view, 16> kind_names{"segment sent",
                                                      "segment received",
                                                      "segment dropped",
                                                      "transition",
                                                      "queue change",
                                                      "timer fired",
                                                      "call",
                                                      "descriptor given",
                                                      "bytes moved",
                                                      "frame touched by a link",
                                                      "packet dropped",
                                                      "datagram",
                                                      "ICMP message",
                                                      "neighbour change",
                                                      "congestion change",
                                                      "lease change"};
static_assert(kind_names.size() == event_kinds, "name the new kind of event");

}  // namespace

std::uint64_t digest(const event::Event& event) {
    Sum sum;
    sum(event.number, event.at.time_since_epoch(), event.host, event.body.index());
    std::visit(Fields{sum}, event.body);
    return sum.end();
}

event::FrameId frame_sent(const event::Body& body) {
    if (const auto* segment = std::get_if<event::SegmentSent>(&body)) return segment->segment.frame;
    if (const auto* datagram = std::get_if<event::DatagramMoved>(&body))
        return datagram->step == event::Step::sent ? datagram->frame : 0;
    if (const auto* icmp = std::get_if<event::IcmpMoved>(&body))
        return icmp->step == event::Step::sent ? icmp->frame : 0;
    return 0;
}

std::string EventLabel::text() const {
    return (kind == Kind::packet ? "p" : "e") + std::to_string(ordinal);
}

std::optional<EventLabel> EventLabel::from(std::string_view text) {
    if (text.size() < 2 || (text[0] != 'p' && text[0] != 'e')) return std::nullopt;
    EventLabel label{text[0] == 'p' ? Kind::packet : Kind::other, 0};
    const auto [end, code] =
        std::from_chars(text.data() + 1, text.data() + text.size(), label.ordinal);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return label;
}

EventLabel EventCounter::count(const event::Body& body) {
    if (frame_sent(body) != 0) return {EventLabel::Kind::packet, ++packets_};
    return {EventLabel::Kind::other, ++others_};
}

EventLabel EventCounter::next(EventLabel::Kind kind) const {
    return {kind, (kind == EventLabel::Kind::packet ? packets_ : others_) + 1};
}

EventMark EventMark::of(const event::Event& event) {
    EventMark mark;
    mark.kind = static_cast<std::uint8_t>(event.body.index());
    mark.check = static_cast<std::uint16_t>(digest(event));
    if (const auto* transition = std::get_if<event::Transition>(&event.body))
        mark.state = static_cast<std::uint8_t>(transition->to);
    return mark;
}

std::string EventMark::text() const {
    constexpr std::size_t transition_kind = 3;
    static_assert(std::is_same_v<std::variant_alternative_t<transition_kind, event::Body>,
                                 event::Transition>);
    if (kind == transition_kind && state < event::state_count)
        return std::string(event::name(static_cast<event::State>(state)));
    return kind < event_kinds ? std::string(kind_names[kind]) : "an unknown event";
}

}  // namespace dt::world

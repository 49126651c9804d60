// The closed list of typed events. Each is emitted once, where the thing is decided; viewers turn
// them into text. Event numbers (p31, e90) are given by the world in one total order.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/result.hpp"
#include "base/time.hpp"
#include "event/reason.hpp"
#include "event/state.hpp"
#include "wire/address.hpp"
#include "wire/seq.hpp"

namespace dt::event {

/// Which stack of a world an event happened in; links use `link_host`.
using HostIndex = std::uint16_t;
inline constexpr HostIndex link_host = 0xFFFF;

/// A frame's number: host in the upper 16 bits, that host's counter below; 0 = not known.
using FrameId = std::uint64_t;

/// Who made a call: opaque to the stack, kept for viewers. 0 and -1 = not known.
struct Caller {
    std::int32_t pid = 0;
    std::int32_t fd = -1;
    friend bool operator==(const Caller&, const Caller&) = default;
};

/// A socket as viewers know it: index and generation of its slot; 0 = none.
using SocketNumber = std::uint64_t;

/// One TCP segment seen from one end: `tuple.local` is this host.
struct Segment {
    FourTuple tuple;
    FrameId frame = 0;
    Seq seq{};
    Seq ack{};
    std::uint32_t length = 0;         // octets of text
    std::uint32_t window = 0;         // octets, after scaling
    std::uint16_t wire_segments = 1;  // how many segments a super-segment stands for
    std::uint16_t mss = 0;            // of the MSS option, 0 = none
    std::uint8_t flags = 0;           // as on the wire (RFC 9293 §3.1)
    std::uint8_t retransmission = 0;  // n-th time this text is sent again, 0 = first
};

struct SegmentSent {
    Segment segment;
    Reason reason = Reason::none;  // why a RST or a challenge ACK was sent
};
struct SegmentReceived {
    Segment segment;
};
/// A segment that arrived and was ignored or refused.
struct SegmentDropped {
    Segment segment;
    Reason reason = Reason::none;
};

/// A connection (or its TIME-WAIT record) changed its state.
struct Transition {
    FourTuple tuple;
    State from = State::closed;
    State to = State::closed;
    Cause cause = Cause::close;
    Reason reason = Reason::none;
};

enum class QueueStep : std::uint8_t {
    opened,         // listen()
    syn_added,      // a half-open entry was made
    syn_ignored,    // a SYN met a full accept queue or a full SYN queue
    ack_held,       // the last ACK met a full accept queue
    promoted,       // SYN queue → accept queue
    accepted,       // accept queue → program
    syn_removed,    // reset, expired or unreachable
    limit_changed,  // listen() again
    closed,
};
/// A listener's queues after a step.
struct QueueChange {
    Endpoint listener;
    FourTuple tuple;  // of the entry, where there is one
    QueueStep step = QueueStep::opened;
    std::uint32_t syn_queue = 0;
    std::uint32_t accept_queue = 0;
    std::uint32_t limit = 0;
    std::uint64_t ignored = 0;  // SYNs ignored since listen()
};

enum class TimerKind : std::uint8_t {
    none,
    retransmit,
    persist,
    delayed_ack,
    keepalive,
    time_wait,
    fin_wait_2,
    syn_ack,
    user_timeout,
    reorder,     // RFC 8985 §6.3: what is missing is lost unless it arrives until then
    loss_probe,  // RFC 8985 §7
};
struct TimerFired {
    FourTuple tuple;
    TimerKind kind = TimerKind::none;
    std::uint8_t count = 0;  // n-th expiry in a row
};

enum class Call : std::uint8_t {
    socket,
    bind,
    listen,
    connect,
    connect_done,  // a connect that waited has its result
    disconnect,
    accept,
    shutdown,
    close,  // of the last reference
    send,
    receive,
    get_option,
    set_option,
    local_name,
    peer_name,
};
/// A call of a program and its answer. Data calls appear only when refused (BytesMoved has the
/// rest).
struct CallMade {
    Call call = Call::socket;
    SocketNumber socket = 0;
    Caller caller;
    Endpoint local;          // after the call
    Endpoint argument;       // address given, or peer returned
    std::int32_t level = 0;  // of an option
    std::int32_t name =
        0;  // of an option; `how` of shutdown; backlog of listen; sock::Asking of connect
    std::int64_t value = 0;    // result, or value of an option
    SocketNumber created = 0;  // by socket and accept
    std::optional<Error> error;
    Reason reason = Reason::none;
};

/// A socket became a descriptor of a program: after socket(), accept() and when one is passed on.
struct DescriptorGiven {
    SocketNumber socket = 0;
    Caller caller;  // whose descriptor, and its number
};

enum class Direction : std::uint8_t { from_program, to_program };
/// Stream octets that crossed between program and stack.
struct BytesMoved {
    FourTuple tuple;
    SocketNumber socket = 0;
    Caller caller;
    Direction direction = Direction::from_program;
    std::uint64_t count = 0;
    enum class End : std::uint8_t { no, yes } end = End::no;  // yes: the reader was given EOF
};

enum class FrameFate : std::uint8_t { lost, duplicated, corrupted, delayed, queue_full };
/// What a link did to a frame; `rule` numbers the impairment or fault of the world that did it.
struct FrameTouched {
    FrameId frame = 0;
    FrameId copy = 0;
    FrameFate fate = FrameFate::lost;
    std::uint16_t link = 0;
    std::uint16_t rule = 0;
    Duration by{};
};

/// An IP packet that no transport saw.
struct PacketDropped {
    IpAddr source;
    IpAddr destination;
    FrameId frame = 0;
    std::uint8_t protocol = 0;
    Reason reason = Reason::none;
};

/// Where a message stands on its way through a host.
enum class Step : std::uint8_t { sent, received, dropped };

struct DatagramMoved {
    FourTuple tuple;
    FrameId frame = 0;
    Step step = Step::sent;
    std::uint32_t length = 0;
    Reason reason = Reason::none;
};

struct IcmpMoved {
    IpAddr source;
    IpAddr destination;
    FrameId frame = 0;
    Step step = Step::sent;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    FourTuple quoted;  // of an error message
    Reason reason = Reason::none;
};

struct NeighbourChange {
    IpAddr address;
    Mac mac;
    enum class State : std::uint8_t { asked, reachable, stale, probing, failed };
    State state = State::asked;
};

/// Linux's names and numbers (tcpi_ca_state).
enum class CongestionState : std::uint8_t { open, disorder, reduced, recovery, loss };

/// The sender decided about loss: text is held for lost, or the path for congested, or that is
/// over, or it was wrong.
struct CongestionChange {
    FourTuple tuple;
    CongestionState from = CongestionState::open;
    CongestionState to = CongestionState::open;
    Reason reason = Reason::none;
    std::uint32_t cwnd = 0;      // octets, after it
    std::uint32_t ssthresh = 0;  // octets, after it; 0 = not set
    std::uint32_t lost = 0;      // octets held for lost and not yet sent again
};

/// An address that a DHCP server lends to us (RFC 2131 §4.4).
struct LeaseChange {
    IpAddr address;
    std::uint8_t length = 0;  // of its prefix, in bits
    enum class Step : std::uint8_t { taken, extended, given_back, over } step = Step::taken;
    IpAddr server;
    Duration left{};  // until it ends, after the step
};

using Body =
    std::variant<SegmentSent, SegmentReceived, SegmentDropped, Transition, QueueChange, TimerFired,
                 CallMade, DescriptorGiven, BytesMoved, FrameTouched, PacketDropped, DatagramMoved,
                 IcmpMoved, NeighbourChange, CongestionChange, LeaseChange>;

/// An event with its place in the order of the world.
struct Event {
    std::uint64_t number = 0;
    Instant at{};
    HostIndex host = 0;
    Body body;
};

}  // namespace dt::event

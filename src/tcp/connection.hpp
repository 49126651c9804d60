// One TCP connection (RFC 9293): its state, its two queues, its timers. The engine drives it: inputs
// are on_*, outputs next_*; it holds no pointer to the engine, no clock and no pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "buf/stream_queue.hpp"
#include "event/sink.hpp"
#include "event/snapshot.hpp"
#include "tcp/engine.hpp"
#include "tcp/reply.hpp"
#include "tcp/segment.hpp"

namespace dt::tcp {

/// Where an input left a connection.
enum class Fate : std::uint8_t {
    keep,
    /// TIME-WAIT: a record made of time_wait_values() takes its place in the index. The object stays
    /// for its socket (unread octets, EOF); an orphan may be destroyed.
    time_wait,
    /// CLOSED: it leaves the index at once. The object stays for its socket (unread octets, error);
    /// an orphan may be destroyed.
    gone,
};

/// What an input asks of the engine: at most one segment that no longer needs the connection.
struct Outcome {
    std::optional<Reply> reply;
    Fate fate = Fate::keep;
};

/// An active OPEN (RFC 9293 §3.10.1). `ts_offset` is added to the millisecond clock (TCP-OPT-011).
struct ActiveOpen {
    FourTuple tuple;
    Path path;
    Options options;
    Seq iss{};
    std::uint32_t ts_offset = 0;
};

/// A half-open entry whose last ACK has arrived: what the two SYNs agreed. The last ACK itself is
/// fed to on_segment() next, so that it establishes the connection and text or FIN in it count.
struct PassiveOpen {
    FourTuple tuple;
    Path path;
    Options options;
    Seq iss{};
    Seq irs{};
    std::uint16_t peer_mss = 0;                // 0: the peer sent none
    std::optional<std::uint8_t> peer_shift;    // window scale, where both sent one (RFC 7323 §2.2)
    bool sack_permitted = false;               // both SYNs had it
    std::optional<std::uint32_t> ts_recent;    // TSval of the SYN, where both sent timestamps
    std::uint32_t ts_offset = 0;
    std::uint16_t syn_window = 0;              // of the peer's SYN, never scaled
    Instant syn_ack_at{};                      // when the first SYN-ACK left (RTT sample)
    std::uint8_t syn_ack_retransmissions = 0;  // Karn; more than one makes IW one segment
};

/// What a TIME-WAIT record keeps of a connection.
struct TimeWaitValues {
    FourTuple tuple;
    Seq snd_nxt{};
    Seq rcv_nxt{};
    std::uint16_t window = 0;  // field of the last ACK
    std::uint8_t shift = 0;    // its scale
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    bool reuse_address = false;
    bool reuse_port = false;
    std::optional<std::uint32_t> ts_recent;  // where timestamps were in use
    std::uint32_t ts_offset = 0;
};

/// What our SYN or SYN-ACK offers, decided before there is a connection (TCP-OPT-005, TCP-CONN-002).
struct Offer {
    std::uint16_t mss = 0;
    std::uint8_t shift = 0;     // own window scale
    std::uint16_t window = 0;   // field of the SYN, never scaled
};
[[nodiscard]] Offer offer_for(const Config& config, const Path& path, const Options& options,
                              Family family);

class Connection {
  public:
    /// SYN-SENT; the SYN leaves by next_segment().
    Connection(const Turn& turn, const ActiveOpen& open);
    /// SYN-RECEIVED with the SYN-ACK sent; feed the last ACK to on_segment().
    Connection(const Turn& turn, const PassiveOpen& open);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    // Inputs.
    [[nodiscard]] Outcome on_segment(const Turn& turn, buf::Pool& pool, SegmentIn&& segment);
    /// All timers that are due at turn.now(); harmless when none is.
    [[nodiscard]] Outcome on_timer(const Turn& turn);
    /// `quoted` is the sequence number in the quotation, checked here (RFC 5927 §4.1). `mtu` is that
    /// of fragmentation_needed.
    [[nodiscard]] Outcome on_icmp(const Turn& turn, Seq quoted, IcmpError error, std::uint16_t mtu);
    /// The next hop does not answer; ends a connection in SYN-SENT with host_unreachable, in other
    /// states a soft error.
    [[nodiscard]] Outcome on_neighbour_failed(const Turn& turn);

    // Outputs.
    /// True if next_segment() would give one.
    [[nodiscard]] bool wants_to_send(const Turn& turn) const;
    /// One segment (a super-segment where the path takes them), or nothing.
    [[nodiscard]] std::optional<SegmentOut> next_segment(const Turn& turn, buf::Pool& pool);
    /// When on_timer() must be called; `never` if nothing is armed.
    [[nodiscard]] Instant deadline() const;
    /// True once after anything changed that readiness() shows; clears the mark.
    [[nodiscard]] bool take_readiness_edge();

    // Operations of the program.
    /// Room to write into, at most `wanted`; empty while the send buffer is full or writing is shut.
    [[nodiscard]] MutableOctets writable(buf::Pool& pool, std::size_t wanted);
    void commit(const Turn& turn, std::size_t count);
    [[nodiscard]] Octets readable() const;
    std::size_t peek(std::size_t offset, MutableOctets to) const;
    void consume(const Turn& turn, std::size_t count);
    /// FIN after what is queued (TCP-CONN-016). In SYN-SENT it ends the connection.
    [[nodiscard]] Outcome shutdown_write(const Turn& turn);
    void shutdown_read(const Turn& turn);
    /// The last reference is gone: an orphan from now on, unless the outcome is `gone`.
    [[nodiscard]] Outcome close(const Turn& turn, CloseKind kind);
    /// ABORT with a reason of the engine's (listener closed, too many orphans, disconnect): RST.
    [[nodiscard]] Outcome abort(const Turn& turn, event::Reason reason);
    [[nodiscard]] Options& options();
    [[nodiscard]] const Options& options() const;
    void options_changed(const Turn& turn);
    /// Clears and returns the pending error; else the last soft error (ICMP), once.
    std::optional<Error> take_error();

    // Questions.
    [[nodiscard]] const FourTuple& tuple() const;
    [[nodiscard]] event::State state() const;
    [[nodiscard]] bool is_orphan() const;
    [[nodiscard]] Readiness readiness() const;
    /// Scale of the windows the peer sends: for the events of arriving segments.
    [[nodiscard]] unsigned peer_shift() const;
    [[nodiscard]] event::PathView path_view() const;
    [[nodiscard]] event::TimerView timer(Instant now) const;
    [[nodiscard]] std::uint32_t retransmissions() const;  // of what is unacknowledged now
    [[nodiscard]] std::uint64_t unacked() const;  // queued or in flight; SYN and FIN count 1
    [[nodiscard]] std::uint64_t unread() const;
    [[nodiscard]] TimeWaitValues time_wait_values() const;
    /// Octets of memory beyond the object itself, blocks of its queues included.
    [[nodiscard]] std::size_t memory() const;
};

}  // namespace dt::tcp

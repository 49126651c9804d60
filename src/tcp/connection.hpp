// One TCP connection (RFC 9293): its state, its two queues, its timers. The engine drives it:
// inputs are on_*, outputs next_*; it holds no pointer to the engine, no clock and no pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/shared.hpp"
#include "buf/stream_queue.hpp"
#include "event/sink.hpp"
#include "event/snapshot.hpp"
#include "tcp/ack_event.hpp"
#include "tcp/ack_policy.hpp"
#include "tcp/busy_time.hpp"
#include "tcp/congestion.hpp"
#include "tcp/engine.hpp"
#include "tcp/loss.hpp"
#include "tcp/pacer.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/rack.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/receive_window.hpp"
#include "tcp/reply.hpp"
#include "tcp/rtt.hpp"
#include "tcp/segment.hpp"
#include "tcp/send_queue.hpp"
#include "tcp/state.hpp"
#include "tcp/tcb.hpp"
#include "tcp/timers.hpp"
#include "tcp/urgent.hpp"

namespace dt::tcp {

/// Where an input left a connection.
enum class Fate : std::uint8_t {
    keep,
    /// TIME-WAIT: a record made of time_wait_values() takes its place in the index. The object
    /// stays for its socket (unread octets, EOF); an orphan may be destroyed.
    time_wait,
    /// CLOSED: it leaves the index at once. The object stays for its socket (unread octets, error);
    /// an orphan may be destroyed.
    gone,
};

/// What an input asks of the engine: at most one segment that no longer needs the connection.
struct Outcome {
    std::optional<Reply> reply;
    Fate fate = Fate::keep;
    Way way = Way::believed;
};

/// An active OPEN (RFC 9293 §3.10.1). `ts_offset` is added to the millisecond clock (TCP-OPT-011).
struct ActiveOpen {
    FourTuple tuple;
    Path path;
    Shared<Options> options;
    Seq iss{};
    std::uint32_t ts_offset = 0;
    std::optional<FastOpening> fast_open = std::nullopt;
};

/// A half-open entry whose last ACK has arrived: what the two SYNs agreed. The last ACK itself is
/// fed to on_segment() next, so that it establishes the connection and text or FIN in it count.
struct PassiveOpen {
    FourTuple tuple;
    Path path;
    Shared<Options> options;
    Seq iss{};
    Seq irs{};
    std::uint16_t peer_mss = 0;              // 0: the peer sent none
    std::optional<std::uint8_t> peer_shift;  // window scale, where both sent one (RFC 7323 §2.2)
    bool sack_permitted = false;             // both SYNs had it
    bool ecn = false;                        // RFC 3168: both want it
    std::optional<std::uint32_t> ts_recent;  // TSval of the SYN, where both sent timestamps
    std::uint32_t ts_offset = 0;
    std::uint16_t syn_window = 0;       // of the peer's SYN, never scaled
    std::optional<Instant> syn_ack_at;  // when the first SYN-ACK left, where known (RTT sample)
    std::uint8_t syn_ack_retransmissions = 0;  // Karn; more than one makes IW one segment
    std::optional<FastOpening> fast_open = std::nullopt;  // the SYN-ACK is still to be sent
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

/// What our SYN or SYN-ACK offers, decided before there is a connection (TCP-OPT-005,
/// TCP-CONN-002).
struct Offer {
    std::uint16_t mss = 0;
    std::uint8_t shift = 0;    // own window scale
    std::uint16_t window = 0;  // field of the SYN, never scaled
};
[[nodiscard]] Offer offer_for(const Config& config, const Path& path, const Options& options,
                              Family family);
/// What a SYN-ACK offers: its window is a whole number of the segments that will fill it, which
/// timestamps make shorter (Linux; a SYN does not know yet whether they will be there).
enum class Stamped : std::uint8_t { no, yes };
[[nodiscard]] Offer answer_for(const Config& config, const Path& path, const Options& options,
                               Family family, Stamped stamped);

class Connection {
  public:
    /// SYN-SENT; the SYN leaves by next_segment().
    Connection(const Turn& turn, const ActiveOpen& open);
    /// SYN-RECEIVED with the SYN-ACK sent; feed the last ACK to on_segment().
    Connection(const Turn& turn, buf::Pool& pool, const PassiveOpen& open);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    // Inputs.
    [[nodiscard]] Outcome on_segment(const Turn& turn, buf::Pool& pool, SegmentIn&& segment);
    /// All timers that are due at turn.now(); harmless when none is.
    [[nodiscard]] Outcome on_timer(const Turn& turn);
    /// `quoted` is the sequence number in the quotation, checked here (RFC 5927 §4.1). `mtu` is
    /// that of fragmentation_needed.
    [[nodiscard]] Outcome on_icmp(const Turn& turn, Seq quoted, IcmpError error, std::uint16_t mtu);
    /// The path takes no more than `told`: what is outstanding and larger leaves again where the
    /// message was about this connection (RFC 1191 §6.4).
    enum class About : std::uint8_t { us, another };
    void on_path_mtu(const Turn& turn, const PathMtu& told, About about);
    /// Whether an ICMP error that quotes `quoted` is about a segment of ours now.
    [[nodiscard]] bool is_outstanding(Seq quoted) const;
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
    /// What the handshake of a Fast Open taught, once.
    [[nodiscard]] std::optional<FastOpenLesson> take_lesson();
    /// True once after anything changed that readiness() shows; clears the mark.
    [[nodiscard]] bool take_readiness_edge();

    // Operations of the program.
    /// Room to write into, at most `wanted`; empty while the send buffer is full or writing is
    /// shut.
    [[nodiscard]] MutableOctets writable(buf::Pool& pool, std::size_t wanted);
    void commit(const Turn& turn, std::size_t count);
    /// As much of `text` as there is room for, copied and marked; how much that is.
    std::size_t write(const Turn& turn, buf::Pool& pool, Octets text, WriteMark mark);
    /// It stands, or text may flow before it does, its writing side is open and no error waits.
    [[nodiscard]] bool may_write() const { return is_writing() && !error_; }
    void mark_written(const Turn& turn, WriteMark mark);
    /// What is held goes now, whatever holds it (setting TCP_NODELAY).
    void push(const Turn& turn);
    /// Text that leaves with the SYN; how much of it that takes.
    std::size_t write_early(buf::Pool& pool, Octets text);
    /// The SYN of a Fast Open: its text is here, and ours may flow (RFC 7413 §4.2.2).
    void open_early(const Turn& turn, buf::Pool& pool, SegmentIn&& syn);
    [[nodiscard]] Octets readable() const;
    std::size_t peek(std::size_t offset, MutableOctets to) const;
    /// As Engine::read().
    std::optional<std::size_t> read(const Turn& turn, MutableOctets to);
    void consume(const Turn& turn, std::size_t count);
    /// As Engine::take_urgent().
    [[nodiscard]] Result<std::optional<std::byte>> take_urgent(Engine::Take take);
    /// FIN after what is queued (TCP-CONN-016). In SYN-SENT it ends the connection.
    [[nodiscard]] Outcome shutdown_write(const Turn& turn);
    void shutdown_read(const Turn& turn);
    /// The last reference is gone: an orphan from now on, unless the outcome is `gone`.
    [[nodiscard]] Outcome close(const Turn& turn, CloseKind kind);
    /// ABORT with a reason of the engine's (listener closed, too many orphans, disconnect): RST.
    [[nodiscard]] Outcome abort(const Turn& turn, event::Reason reason);
    [[nodiscard]] const Options& options() const;
    void set_options(const Turn& turn, const Options& options);
    /// Clears and returns the pending error; else the last soft error (ICMP), once.
    std::optional<Error> take_error();

    // Questions.
    [[nodiscard]] const FourTuple& tuple() const;
    [[nodiscard]] event::State state() const;
    [[nodiscard]] bool is_orphan() const;
    /// Opened by Fast Open and the last ACK of its handshake has not come.
    [[nodiscard]] bool is_early() const { return has(Flag::early) && !has(Flag::connected); }
    [[nodiscard]] Readiness readiness() const;
    /// Scale of the windows the peer sends: for the events of arriving segments.
    [[nodiscard]] unsigned peer_shift() const;
    [[nodiscard]] event::PathView path_view() const;
    [[nodiscard]] Times times(Instant now) const;
    [[nodiscard]] event::TimerView timer(Instant now) const;
    [[nodiscard]] std::uint32_t retransmissions() const;  // of what is unacknowledged now
    [[nodiscard]] std::uint64_t unacked() const;  // queued or in flight; SYN and FIN count 1
    [[nodiscard]] std::uint64_t unsent() const;   // queued and never sent; FIN counts 1
    [[nodiscard]] std::uint64_t unread() const;
    [[nodiscard]] std::size_t held() const { return received_.size(); }
    [[nodiscard]] std::uint32_t send_buffer() const { return send_buffer_; }
    /// Octets per second at which text leaves; 0 where it is not paced.
    [[nodiscard]] std::uint64_t pacing_rate() const { return rare_ ? rare_->pacer.rate() : 0; }
    [[nodiscard]] TimeWaitValues time_wait_values() const;
    /// Octets of memory beyond the object itself, blocks of its queues included.
    [[nodiscard]] std::size_t memory() const;

  private:
    struct Arrival;
    struct Draft;
    struct Chunk;
    enum class Verdict : std::uint8_t { go_on, done };
    /// What next_segment() would build, in this order of preference.
    enum class Next : std::uint8_t { nothing, syn, own_ack, retransmission, text, probe, ack };

    // handshake: §3.10.7.3 and what the two SYNs agree.
    void arrive_in_syn_sent(Arrival& a);
    [[nodiscard]] Verdict check_syn_sent_ack(Arrival& a);
    [[nodiscard]] bool echoes_our_syn(const Arrival& a) const;
    [[nodiscard]] Verdict check_syn_sent_rst(Arrival& a);
    void take_syn(Arrival& a);
    void take_fast_open(Arrival& a);
    void keep_syn_text_apart();
    [[nodiscard]] bool repeats_early_syn(const Arrival& a) const;
    [[nodiscard]] std::uint16_t offer_window(const Turn& turn) const;
    [[nodiscard]] Offer own_offer(const Turn& turn) const;
    [[nodiscard]] std::uint32_t attach_syn_text(Frame& frame) const;
    void agree(const Turn& turn, const wire::TcpRepr& syn);
    void establish(const Turn& turn, event::Cause cause);
    void apply_mss();
    [[nodiscard]] wire::TcpOptions syn_options(const Turn& turn) const;
    [[nodiscard]] bool offers_ecn(const Turn& turn) const;

    // input: §3.10.7.4, one function per numbered step.
    void arrive(Arrival& a);
    [[nodiscard]] Verdict check_sequence(Arrival& a);  // first
    [[nodiscard]] Verdict check_rst(Arrival& a);       // second
    [[nodiscard]] Verdict check_syn(Arrival& a);       // fourth
    [[nodiscard]] Verdict check_ack(Arrival& a);       // fifth
    [[nodiscard]] Verdict take_text(Arrival& a);       // seventh
    void take_fin(Arrival& a);                         // eighth
    [[nodiscard]] bool is_paws_failure(const Arrival& a) const;
    [[nodiscard]] bool lacks_timestamps(const Arrival& a) const;
    [[nodiscard]] bool is_acceptable(const Arrival& a) const;
    [[nodiscard]] Verdict on_unacceptable(Arrival& a, event::Reason reason);
    [[nodiscard]] Verdict on_handshake_ack(Arrival& a);
    [[nodiscard]] Verdict on_fin_acked(Arrival& a);
    void trim(Arrival& a);
    void take_acknowledgment(Arrival& a);
    void take_delivery(const Turn& turn, AckEvent& ack, const Delivery& delivery);
    void grow_send_buffer(const Config& config);
    void take_window(const Arrival& a);
    void take_timestamp(const Arrival& a);
    [[nodiscard]] std::optional<Duration> sample_rtt(const Arrival& a, const Acked& acked) const;
    void take_in_order(Arrival& a);
    void take_urgent(const Arrival& a);  // sixth
    void find_urgent(const Arrival& a);
    void take_marks(const Arrival& a);
    void keep_out_of_order(Arrival& a);
    void note_duplicate(const Turn& turn, Seq first, Seq end);
    void on_fin_consumed(Arrival& a);
    void reset_by_peer(Arrival& a);
    void drop(const Arrival& a, event::Reason reason) const;
    void challenge(const Arrival& a, event::Reason reason);

    // loss.
    [[nodiscard]] Loss& loss();
    [[nodiscard]] Recovery::Phase recovery_phase() const;
    [[nodiscard]] std::uint32_t count_without_sack(const AckEvent& ack);
    enum class Unmark : std::uint8_t { no, yes };
    /// Octets sent and not acknowledged when a loss is found, and those of them SACKed before.
    struct Outstanding {
        std::uint32_t flight = 0;
        std::uint32_t sacked = 0;
    };
    [[nodiscard]] event::CongestionState congestion_state() const;
    void show_recovery(event::PathView& view) const;
    void emit_congestion(const Turn& turn, event::CongestionState from, event::Reason reason) const;
    void take_sack(const Arrival& a, AckEvent& ack, Delivery& delivery);
    void take_dsack(const wire::SackBlock& block, AckEvent& ack, Delivery& delivery);
    [[nodiscard]] Duration recover(const Turn& turn, const AckEvent& ack);
    [[nodiscard]] bool is_dubious(const AckEvent& ack) const;
    [[nodiscard]] Duration judge(const Turn& turn, const AckEvent& ack);
    void end_episode(const Turn& turn, const AckEvent& ack);
    void undo_in_fast(const Turn& turn, const AckEvent& ack);
    void on_ack_after_timeout(const Turn& turn, const AckEvent& ack);
    void undo(const Turn& turn, const AckEvent& ack, Unmark unmark);
    void disbelieve_resent(const AckEvent& ack);
    [[nodiscard]] Duration find_losses(const Turn& turn, const AckEvent& ack);
    [[nodiscard]] Duration mark_overdue(const Turn& turn, Outstanding outstanding);
    [[nodiscard]] Duration reordering_window(const Turn& turn) const;
    void enter_fast(const Turn& turn, Outstanding outstanding, event::Reason reason);
    void cut(const Turn& turn, Outstanding outstanding);
    void rescue(const Turn& turn);
    void on_marked(const Turn& turn, const AckEvent& ack);
    void on_probe_repaired(const Turn& turn, const AckEvent& ack);
    void steer(const Turn& turn, const AckEvent& ack, Recovery::Phase before,
               std::uint32_t newly_lost);
    void on_reorder_timer(const Turn& turn);
    void on_timeout(const Turn& turn);

    // output.
    [[nodiscard]] Next next(Instant now) const;
    [[nodiscard]] Next next_unpaced(Instant now) const;
    [[nodiscard]] bool is_quiet() const;
    [[nodiscard]] Chunk new_chunk(Instant now) const;
    [[nodiscard]] std::uint32_t frame_limit(Instant now) const;
    void note_sent(const Turn& turn, const Chunk& chunk, bool is_mtu_probe);
    [[nodiscard]] std::uint32_t sendable_text(Instant now, std::uint32_t unsent) const;
    [[nodiscard]] std::uint32_t cwnd_now(Instant now) const;
    [[nodiscard]] bool is_text_ready(Instant now) const;
    [[nodiscard]] bool is_surely_ready() const;
    void attach_new(Frame& frame, Chunk& chunk) const;
    [[nodiscard]] bool may_send_part(std::uint32_t length, std::uint32_t unsent) const;
    [[nodiscard]] Chunk lost_chunk() const;
    [[nodiscard]] bool is_new_text_first(Instant now) const;
    void report_sack(wire::TcpOptions& options, std::uint32_t text);
    void restart_after_pause(const Turn& turn);
    [[nodiscard]] std::uint32_t within_record(Seq from, std::uint32_t length) const;
    [[nodiscard]] bool is_record_end(Seq seq) const;
    [[nodiscard]] SegmentOut build(const Turn& turn, FramePtr frame, const Draft& draft);
    [[nodiscard]] SegmentOut send_syn(const Turn& turn, buf::Pool& pool);
    [[nodiscard]] SegmentOut send_again(const Turn& turn, buf::Pool& pool);
    [[nodiscard]] SegmentOut send_text(const Turn& turn, buf::Pool& pool);
    [[nodiscard]] SegmentOut send_probe(const Turn& turn, buf::Pool& pool);
    [[nodiscard]] SegmentOut send_ack(const Turn& turn, buf::Pool& pool);
    [[nodiscard]] std::uint32_t in_flight() const;
    [[nodiscard]] std::uint32_t window_left(Seq from) const;
    [[nodiscard]] Reply ack_reply(const Turn& turn);
    [[nodiscard]] Reply reset_reply(const Turn& turn, event::Reason reason);

    // Pacing and path MTU (path.cpp).
    struct Rare;
    [[nodiscard]] Rare& rare();
    [[nodiscard]] FastOpening* opening() const { return rare_ ? rare_->opening.get() : nullptr; }
    [[nodiscard]] bool is_paced(const Config& config) const;
    void set_pace(const Turn& turn);
    void wait_for_pace(const Turn& turn);
    void restore_path(const Turn& turn);
    void shrink_segments(const Turn& turn);
    [[nodiscard]] std::uint32_t probe_length(Instant now) const;
    [[nodiscard]] std::uint16_t mss_of_path() const;
    void follow_mtu_probe(const Turn& turn, const AckEvent& ack);

    // Timers.
    void settle(const Turn& turn);
    [[nodiscard]] BusyTime::Phase busy_phase() const;
    void arm_retransmit(const Turn& turn);
    void arm_after_ack(const Turn& turn);
    void arm_after_text(const Turn& turn);
    void resume_retransmit(const Turn& turn);
    [[nodiscard]] bool may_probe(const Turn& turn) const;
    [[nodiscard]] Duration probe_timeout(const Turn& turn) const;
    void on_probe_timer(const Turn& turn);
    [[nodiscard]] bool is_retransmitted_enough(const Turn& turn, unsigned most) const;
    [[nodiscard]] bool is_silent_beneath(const Turn& turn) const;
    void arm_life(const Turn& turn);
    [[nodiscard]] Outcome on_retransmit_timer(const Turn& turn);
    [[nodiscard]] Outcome on_syn_timer(const Turn& turn);
    [[nodiscard]] Outcome on_persist_timer(const Turn& turn);
    [[nodiscard]] Outcome on_keepalive_timer(const Turn& turn);
    [[nodiscard]] Outcome give_up(const Turn& turn, event::Reason reason);
    [[nodiscard]] Duration rto(const Turn& turn) const;
    [[nodiscard]] Duration hold(const Turn& turn) const;
    [[nodiscard]] Instant user_deadline() const;
    void emit_fired(const Turn& turn, TimerKind kind, unsigned count) const;

    // closing.
    void move(const Turn& turn, event::Cause cause, event::Reason reason = event::Reason::none);
    [[nodiscard]] Outcome end(const Turn& turn, event::Cause cause, event::Reason reason);
    [[nodiscard]] Outcome fail(const Turn& turn, event::Cause cause, Error error,
                               event::Reason reason);
    void note_error(Error error);
    void enter_time_wait(Arrival& a, event::Cause cause);
    void enter_fin_wait_2(const Turn& turn, Outcome& outcome);
    [[nodiscard]] Outcome close_orderly(const Turn& turn);
    [[nodiscard]] std::uint32_t ts_now(Instant now) const;
    [[nodiscard]] bool is_synchronized() const;
    [[nodiscard]] bool is_writing() const;
    [[nodiscard]] std::size_t room() const;
    [[nodiscard]] std::size_t lowat_room() const;
    /// What recv() may take now: text up to the urgent mark, or behind it.
    struct Stretch {
        std::size_t skip = 0;
        std::size_t length = 0;
    };
    [[nodiscard]] Stretch stretch() const;
    [[nodiscard]] Seq copied() const;
    [[nodiscard]] bool is_sending_urgent() const;
    [[nodiscard]] bool is_above_lowat() const;

    FourTuple tuple_;
    Path path_;
    Shared<Options> options_;
    Tcb tcb_;
    SendQueue snd_;
    StreamQueue received_;
    std::unique_ptr<Reassembly> reassembly_;  // while there is a hole
    std::unique_ptr<Loss> loss_;              // while there is or may be one
    /// What few connections need.
    struct Rare {
        std::vector<Seq> records;  // behind each MSG_EOR not acknowledged, in order
        Urgent urgent;
        Pacer pacer;
        Instant pace_due = never;    // when held text may leave
        std::uint16_t full_mtu = 0;  // of the path before it was found to take less; 0: it was not
        Seq small_until{};           // where it was: the end of the text that was too big for it
        Instant mtu_until = never;
        MtuSearch search;
        std::optional<Seq> rescued;            // the recovery whose last segment left once more
        std::optional<wire::SackBlock> dsack;  // a duplicate that is to be reported (RFC 2883)
        std::optional<Instant> challenge_at;   // of the last challenge ACK
        std::unique_ptr<FastOpening> opening;  // of a Fast Open, until it is done

        /// What is acknowledged needs no mark any more.
        void on_ack(Seq una) {
            urgent.on_ack(una);
            std::erase_if(records, [una](Seq end) { return at_or_before(end, una); });
        }
    };
    std::unique_ptr<Rare> rare_;
    ReceiveWindow window_;
    AckPolicy acks_;
    Rtt rtt_;
    MinRtt min_rtt_;
    Rack rack_;
    Congestion congestion_;
    Timers timers_;
    BusyTime busy_;
    Instant stalled_since_{};         // SYN: first sent; text: first retransmission or probe
    Instant last_received_{};         // of any segment that was taken
    Instant last_sent_{};             // of text
    std::uint32_t send_buffer_ = 0;   // octets, of configuration and options
    std::uint32_t dsacks_ = 0;        // segments that the peer reported as duplicates
    std::uint32_t resent_total_ = 0;  // segments sent again
    std::uint32_t delivered_ = 0;     // segments of ours that arrived
    std::uint64_t octets_acked_ = 0;
    std::uint64_t octets_received_ = 0;
    std::uint32_t lowat_ = 0xffffffffU;  // octets not sent that stop the program
    std::uint8_t retransmits_ = 0;       // expiries in a row
    std::uint8_t backoff_ = 0;           // doublings of the RTO
    std::uint8_t probes_ = 0;            // probes unanswered (zero window, keep-alive)
    std::uint8_t probe_backoff_ = 0;
    std::uint8_t syn_retransmits_ = 0;
    State state_ = State::closed;
    event::Reason reason_ = event::Reason::none;
    std::optional<Error> error_;
    std::optional<Error> soft_error_;
    enum class Flag : std::uint32_t {
        orphan = 1,
        write_shut = 2,
        read_shut = 4,
        peer_finished = 8,
        connected = 16,
        edge = 32,
        probe_due = 64,
        force = 128,                // the override timer let a part of a segment go
        window_due = 256,           // a window update
        passive = 512,              // the peer's SYN came first
        quick_ack = 1024,           // options_.quick_ack as last seen
        sent_text = 2048,           // last_sent_ means something
        ecn_echo = 8192,            // a mark arrived: ECE until the peer says CWR
        cwr_due = 16384,            // the window was cut: the next new text says so
        tail_probe = 4096,          // the next segment is a probe: cwnd and Nagle do not hold it
        early = 1U << 16,           // SYN-RECEIVED by Fast Open
        syn_text_acked = 1U << 17,  // a SYN of either side carried text, and it was taken
        more = 1U << 18,            // MSG_MORE: a part of a segment waits
        push = 1U << 20,            // the program lets a part of a segment go
        fragments = 1U << 21,       // routers may fragment: the path takes less than 552 octets
        unpushed = 1U << 19,        // what was written last was written with MSG_MORE
        expired = 1U << 22,         // the retransmission timer, since SND.UNA moved
    };
    void set(Flag flag) { flags_ |= static_cast<std::uint32_t>(flag); }
    void clear(Flag flag) { flags_ &= ~static_cast<std::uint32_t>(flag); }
    [[nodiscard]] bool has(Flag flag) const {
        return (flags_ & static_cast<std::uint32_t>(flag)) != 0;
    }
    std::uint32_t flags_ = 0;
};

}  // namespace dt::tcp

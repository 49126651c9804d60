// When text is acknowledged: delayed, at once, or with data (RFC 9293 §3.8.6.3, TCP-WIN-020..027).
// Only ACKs of in-order text coalesce; every other segment owes an ACK of its own.
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "event/config.hpp"
#include "event/reason.hpp"
#include "wire/seq.hpp"
#include "wire/tcp.hpp"

namespace dt::tcp {

class AckPolicy {
  public:
    /// In-order text of `length` octets up to `rcv_nxt`, which may fill a hole. True where the
    /// delayed-ACK timer is to run.
    enum class Hole : std::uint8_t { no, filled };
    [[nodiscard]] bool on_text(const Config& config, Instant now, Seq rcv_nxt, std::uint32_t length,
                               Hole hole);
    /// What a segment tells of the size of a full one, before on_text(): two alike in a row that
    /// their size alone ended are full, though smaller than was thought (Linux).
    void measure_segment(std::uint32_t length, TcpFlags flags, event::Switch timestamps);
    /// In-order text or FIN must be acknowledged now; what out-of-order segments were owed is told
    /// by the same ACK.
    void acknowledge_now() { now_ = Due::yes; }
    /// A segment out of order, duplicate or unacceptable: one ACK of its own.
    void owe_one(event::Reason reason);
    /// RCV.NXT moved: the ACK of it tells what the owed ones would have told (MUST-59).
    void on_advance() { owed_ = 0; }

    /// Text left for the peer, which carries an ACK; soon after text came in means interactive.
    void on_text_sent(Instant now);
    /// A segment with ACK = `rcv_nxt` left.
    void on_ack_sent(Seq rcv_nxt);
    /// As on_ack_sent, for an ACK without text: pays one of those owed.
    void on_pure_ack_sent(Seq rcv_nxt);
    /// The delayed-ACK timer expired: in an interactive flow the guess was wrong, else the text
    /// comes more slowly than was thought.
    void on_timer(const Config& config);
    /// How long an ACK may wait: as text comes, not longer than a round trip (Linux).
    [[nodiscard]] Duration pace() const { return pace_; }
    [[nodiscard]] Duration delay(const Config& config, Duration srtt) const;
    /// TCP_QUICKACK set or cleared by the program.
    enum class Mode : std::uint8_t { delayed, quick };
    void set_mode(const Config& config, Mode mode);
    void start(Seq rcv_nxt) { acked_ = rcv_nxt; }
    /// The connection stands: where no text came yet, the pause before it begins here (Linux).
    void on_established(Instant now) {
        if (flow_ == Flow::fresh) last_text_ = now;
    }
    /// When text last came in order, or the connection was established.
    [[nodiscard]] Instant last_text() const { return last_text_; }

    /// ACKs without text that must leave.
    [[nodiscard]] bool wants_pure_ack() const { return owed_ > 0 || now_ == Due::yes; }
    /// ACKs that text cannot carry.
    [[nodiscard]] bool owes_own_ack() const { return owed_ > 0; }
    [[nodiscard]] event::Reason reason() const { return reason_; }
    /// Last.ACK.sent (RFC 7323 §4.3).
    [[nodiscard]] Seq last_ack_sent() const { return acked_; }
    /// A full segment of this peer, as far as seen.
    [[nodiscard]] std::uint32_t peer_segment() const { return peer_segment_; }

  private:
    enum class Due : std::uint8_t { no, yes };

    void measure(const Config& config, Duration pause);
    void refill(const Config& config) { quick_ = config.quick_acks; }

    Instant last_text_{};               // when text last came in order
    Duration pace_{};                   // how slowly text comes (Linux: ato)
    Seq acked_{};                       // ACK field of the last segment sent
    std::uint16_t peer_segment_ = 536;  // what it is before any was seen (RFC 9293 MUST-15)
    std::uint16_t small_segment_ = 0;   // the last one, where it may be a smaller full one
    std::uint16_t owed_ = 0;            // ACKs owed one by one
    event::Reason reason_ = event::Reason::none;  // of the last one owed
    std::uint8_t quick_ = 0;                      // segments still acknowledged at once
    std::uint8_t replies_ = 0;                    // answers sent soon after text came
    Due now_ = Due::no;
    enum class Flow : std::uint8_t { fresh, running } flow_ = Flow::fresh;
};

}  // namespace dt::tcp

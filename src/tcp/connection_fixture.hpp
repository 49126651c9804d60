// Test fixture: one connection, a scripted peer and virtual time. Numbers are absolute: our ISS is
// 1000, the peer's 5000.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tcp/connection.hpp"

namespace dt::tcp {

/// Keeps every event.
class EventLog final : public event::Sink {
  public:
    void on_event(Instant, event::HostIndex, const event::Body& body) override {
        bodies.push_back(body);
    }
    template <class T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const event::Body& body : bodies)
            if (const T* one = std::get_if<T>(&body)) found.push_back(*one);
        return found;
    }
    std::vector<event::Body> bodies;
};

/// A segment of the peer.
struct PeerSegment {
    TcpFlags flags = TcpFlag::ack;
    std::uint32_t seq = 5001;
    std::uint32_t ack = 1001;
    std::string text{};
    std::uint16_t window = 65535;
    wire::TcpOptions options{};
};

/// A segment of ours, read from the octets of its frame.
struct Sent {
    wire::TcpRepr header;
    std::string text;
    std::uint16_t segment_size = 0;
    event::Segment summary;
    event::Reason reason = event::Reason::none;
    Duration at{};

    [[nodiscard]] std::uint32_t seq() const { return header.seq.value(); }
    [[nodiscard]] std::uint32_t ack() const { return header.ack.value(); }
    [[nodiscard]] TcpFlags flags() const { return header.flags; }
};

class ConnectionTest : public testing::Test {
  protected:
    static constexpr std::uint32_t iss = 1000;
    static constexpr std::uint32_t irs = 5000;
    static constexpr std::uint32_t ours = iss + 1;    // first number of our text
    static constexpr std::uint32_t theirs = irs + 1;  // first number of the peer's

    FourTuple tuple{{Ipv4{10, 0, 0, 1}, Port{40000}}, {Ipv4{10, 0, 0, 2}, Port{80}}};
    event::Config config;
    buf::Pool pool;
    EventLog log;
    Options options;
    Path path;
    Instant start{1000s};
    Instant now = start;
    std::unique_ptr<Connection> c;
    std::vector<Sent> sent;
    std::vector<Reply> replies;
    std::vector<Fate> fates;
    Duration path_delay{};

    ConnectionTest() { config.timestamps = event::Switch::off; }

    [[nodiscard]] Turn turn() { return {now, config, log, 0}; }
    [[nodiscard]] Duration since_start() const { return now - start; }

    // Opening.
    void open_active() {
        c = std::make_unique<Connection>(turn(),
                                         ActiveOpen{tuple, path, options, Seq{iss}, 0x1000});
        flush();
    }
    [[nodiscard]] PeerSegment syn_ack(std::uint16_t mss = 1460) const {
        PeerSegment p{.flags = TcpFlag::syn | TcpFlag::ack, .seq = irs, .ack = iss + 1};
        if (mss != 0) p.options.mss = mss;
        return p;
    }
    /// The timestamp that our segments carry at `at` (TSval); a SYN-ACK echoes that of the SYN.
    [[nodiscard]] static std::uint32_t timestamp_at(Instant at) {
        return static_cast<std::uint32_t>(base::to_ms(at)) + 0x1000;
    }
    void establish(std::optional<PeerSegment> answer = std::nullopt) {
        open_active();
        now += path_delay;
        deliver(answer.value_or(syn_ack()));
        ASSERT_EQ(c->state(), State::established);
        sent.clear();
    }
    [[nodiscard]] PassiveOpen passive() const {
        PassiveOpen open;
        open.tuple = tuple;
        open.path = path;
        open.options = options;
        open.iss = Seq{iss};
        open.irs = Seq{irs};
        open.peer_mss = 1460;
        open.syn_window = 65535;
        open.syn_ack_at = now;
        return open;
    }
    void open_passive() { c = std::make_unique<Connection>(turn(), pool, passive()); }
    void establish_passive() {
        open_passive();
        deliver({});
        ASSERT_EQ(c->state(), State::established);
        sent.clear();
    }

    // In and out.
    [[nodiscard]] SegmentIn segment(const PeerSegment& p) {
        SegmentIn in;
        in.tuple = tuple;
        in.header.source = tuple.remote.port;
        in.header.destination = tuple.local.port;
        in.header.seq = Seq{p.seq};
        in.header.ack = Seq{p.ack};
        in.header.flags = p.flags;
        in.header.window = p.window;
        in.header.options = p.options;
        in.frame = pool.frame();
        if (!p.text.empty()) {
            const Octets octets{reinterpret_cast<const std::byte*>(p.text.data()), p.text.size()};
            (void)in.frame->add(pool.copy(octets));
        }
        in.text_length = static_cast<std::uint32_t>(p.text.size());
        return in;
    }
    /// Hands a segment over without letting anything leave (one burst of a turn).
    Outcome arrive(const PeerSegment& p) {
        Outcome outcome = c->on_segment(turn(), pool, segment(p));
        note(outcome);
        return outcome;
    }
    Outcome deliver(const PeerSegment& p) {
        Outcome outcome = arrive(p);
        flush();
        return outcome;
    }
    Outcome deliver_text(std::uint32_t seq, std::string text, std::uint32_t ack) {
        return deliver({.flags = TcpFlag::ack | TcpFlag::psh,
                        .seq = seq,
                        .ack = ack,
                        .text = std::move(text)});
    }
    void note(const Outcome& outcome) {
        if (outcome.reply) replies.push_back(*outcome.reply);
        if (outcome.fate != Fate::keep) fates.push_back(outcome.fate);
    }
    void flush() {
        for (int i = 0; i < 10000; ++i) {
            const bool wants = c->wants_to_send(turn());
            auto out = c->next_segment(turn(), pool);
            ASSERT_EQ(out.has_value(), wants);
            if (!out) return;
            sent.push_back(read(*out));
        }
        FAIL() << "it sends without end";
    }
    [[nodiscard]] Sent read(const SegmentOut& out) {
        std::string octets(out.frame->size(), '\0');
        out.frame->copy_to({reinterpret_cast<std::byte*>(octets.data()), octets.size()});
        const auto view = wire::TcpView::parse(
            {reinterpret_cast<const std::byte*>(octets.data()), octets.size()});
        EXPECT_TRUE(view.has_value());
        Sent s;
        s.header = wire::TcpRepr::from(*view);
        s.text = octets.substr(view->header_length());
        s.segment_size = out.frame->offload.segment_size;
        s.summary = out.summary;
        s.reason = out.reason;
        s.at = since_start();
        EXPECT_EQ(s.text.size(), out.summary.length);
        EXPECT_EQ(out.summary.flags, s.header.flags.bits());
        return s;
    }
    /// Virtual time: every timer on the way fires.
    void run(Duration span) {
        const Instant end = now + span;
        for (int i = 0; i < 100000; ++i) {
            const Instant due = c->deadline();
            if (due > end) break;
            now = std::max(now, due);
            note(c->on_timer(turn()));
            flush();
        }
        now = end;
    }

    // The program.
    void write(std::string_view text) {
        while (!text.empty()) {
            const MutableOctets room = c->writable(pool, text.size());
            ASSERT_FALSE(room.empty());
            std::copy_n(reinterpret_cast<const std::byte*>(text.data()), room.size(), room.data());
            c->commit(turn(), room.size());
            text.remove_prefix(room.size());
        }
        flush();
    }
    void write(std::size_t count) { write(std::string(count, 'x')); }
    std::string read_all() {
        std::string text(c->unread(), '\0');
        c->peek(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
        c->consume(turn(), text.size());
        flush();
        return text;
    }
    Outcome shutdown_write() {
        Outcome outcome = c->shutdown_write(turn());
        note(outcome);
        flush();
        return outcome;
    }
    Outcome close(CloseKind kind = CloseKind::orderly) {
        Outcome outcome = c->close(turn(), kind);
        note(outcome);
        flush();
        return outcome;
    }

    // Looking back.
    [[nodiscard]] std::vector<State> states() const {
        std::vector<State> seen;
        for (const auto& t : log.all<event::Transition>()) seen.push_back(t.to);
        return seen;
    }
    [[nodiscard]] std::vector<event::Reason> drops() const {
        std::vector<event::Reason> reasons;
        for (const auto& d : log.all<event::SegmentDropped>()) reasons.push_back(d.reason);
        return reasons;
    }
    [[nodiscard]] std::vector<Duration> times() const {
        std::vector<Duration> at;
        for (const Sent& s : sent) at.push_back(s.at);
        return at;
    }
    [[nodiscard]] std::size_t texts() const {
        return static_cast<std::size_t>(
            std::count_if(sent.begin(), sent.end(), [](const Sent& s) { return !s.text.empty(); }));
    }
    void expect_ack(const Sent& s, std::uint32_t seq, std::uint32_t ack) {
        EXPECT_EQ(s.flags(), TcpFlags{TcpFlag::ack});
        EXPECT_EQ(s.seq(), seq);
        EXPECT_EQ(s.ack(), ack);
        EXPECT_TRUE(s.text.empty());
    }
    void expect_no_segment() { EXPECT_TRUE(sent.empty() && replies.empty()); }
};

}  // namespace dt::tcp

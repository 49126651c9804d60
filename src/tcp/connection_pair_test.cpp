// Two connections over a link in virtual time that delays, loses, doubles, reorders: every octet
// arrives once and in order, and both ends end (TCP-CONN, TCP-LOSS as a whole).
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

struct Weather {
    Duration delay = 10ms;
    unsigned loss_percent = 0;
    unsigned double_percent = 0;
    unsigned late_percent = 0;  // delayed by three times as long
    std::uint32_t super_segment_max = 0;
    std::size_t octets = 200'000;
    unsigned slow_reader_percent = 100;  // how often the reader reads when it could
    event::Switch sack = event::Switch::on;
    event::CongestionControl congestion = event::CongestionControl::cubic;
    unsigned mark_percent = 0;  // of ECN-capable segments
};

class Pair {
  public:
    Pair(std::uint64_t seed, const Weather& weather) : weather_(weather), rng_(seed) {
        config_.sack = weather.sack;
        config_.congestion = weather.congestion;
        if (weather.mark_percent > 0) config_.ecn = event::Ecn::on;
        ends_[0].tuple = {{Ipv4{10, 0, 0, 1}, Port{40000}}, {Ipv4{10, 0, 0, 2}, Port{80}}};
        ends_[1].tuple = ends_[0].tuple.reversed();
        for (End& end : ends_) {
            for (std::size_t i = 0; i < weather.octets; ++i)
                end.to_send.push_back(static_cast<char>('a' + rng_.below(26)));
        }
        Path path;
        path.super_segment_max = weather.super_segment_max;
        const Seq iss{static_cast<std::uint32_t>(rng_.next())};
        ends_[0].connection = std::make_unique<Connection>(
            turn(), ActiveOpen{ends_[0].tuple, path, Options{}, iss, 77});
    }

    /// Runs until both ends are done; false if that takes longer than `limit`.
    bool run(Duration limit) {
        const Instant end = now_ + limit;
        pump();
        while (now_ < end && !is_done()) {
            const Instant next = next_instant();
            if (next == never) return false;
            now_ = std::max(now_, next);
            step();
            pump();
        }
        return is_done();
    }

    struct End {
        FourTuple tuple;
        std::unique_ptr<Connection> connection;
        std::string to_send;
        std::size_t written = 0;
        std::string received;
        bool is_shut = false;
        bool is_gone = false;
    };
    [[nodiscard]] const End& end(int index) const { return ends_[index]; }
    [[nodiscard]] std::size_t blocks() const { return pool_.blocks_in_use(); }
    [[nodiscard]] Duration elapsed() const { return now_ - Instant{1000s}; }
    EventLog log;

  private:
    struct Flying {
        int to;
        std::string octets;
        std::uint8_t ecn = 0;
    };

    [[nodiscard]] Turn turn() { return {now_, config_, log, 0}; }
    [[nodiscard]] bool is_done() const {
        return ends_[0].is_gone && ends_[1].is_gone && ends_[0].received == ends_[1].to_send &&
               ends_[1].received == ends_[0].to_send;
    }
    [[nodiscard]] Instant next_instant() const {
        Instant next = flying_.empty() ? never : flying_.begin()->first.first;
        for (const End& e : ends_)
            if (e.connection && !e.is_gone) next = std::min(next, e.connection->deadline());
        if (is_reader_late_) next = std::min(next, now_ + 5ms);
        return next;
    }
    void step() {
        while (!flying_.empty() && flying_.begin()->first.first <= now_) {
            Flying one = std::move(flying_.begin()->second);
            flying_.erase(flying_.begin());
            arrive(one);
        }
        for (End& e : ends_)
            if (e.connection && !e.is_gone) note(e, e.connection->on_timer(turn()));
    }
    void note(End& e, const Outcome& outcome) {
        if (outcome.reply) fly(e, segment_of(*outcome.reply, pool_));
        if (outcome.fate != Fate::keep) e.is_gone = true;
    }
    void arrive(const Flying& one) {
        End& e = ends_[one.to];
        const Octets octets{reinterpret_cast<const std::byte*>(one.octets.data()),
                            one.octets.size()};
        const auto view = wire::TcpView::parse(octets);
        SegmentIn in;
        in.tuple = e.tuple;
        in.header = wire::TcpRepr::from(*view);
        in.text_length = static_cast<std::uint32_t>(view->payload().size());
        in.ecn = one.ecn;
        in.frame = pool_.frame();
        if (in.text_length > 0) (void)in.frame->add(pool_.copy(view->payload()));
        if (!e.connection) return listen(e, std::move(in));
        if (e.is_gone) return linger(e, in);
        note(e, e.connection->on_segment(turn(), pool_, std::move(in)));
    }
    // A listener of one line: the SYN-ACK leaves at once, a SYN again is answered again.
    void listen(End& e, SegmentIn in) {
        if (in.header.flags.rst()) return;
        if (in.header.flags.syn()) {
            PassiveOpen open;
            open.tuple = e.tuple;
            open.path.super_segment_max = weather_.super_segment_max;
            open.iss = Seq{0xfffff000};
            open.irs = in.header.seq;
            open.peer_mss = in.header.options.mss.value_or(0);
            open.peer_shift = in.header.options.window_scale;
            open.sack_permitted = in.header.options.sack_permitted;
            open.ecn = in.header.flags.ece() && in.header.flags.cwr();
            if (in.header.options.timestamps) open.ts_recent = in.header.options.timestamps->value;
            open.syn_window = in.header.window;
            open.syn_ack_at = now_;
            half_open_ = open;
            const Offer offer =
                answer_for(config_, open.path, *open.options, Family::v4, Stamped::yes);
            wire::TcpRepr answer;
            answer.source = e.tuple.local.port;
            answer.destination = e.tuple.remote.port;
            answer.seq = open.iss;
            answer.ack = open.irs + 1;
            answer.flags = TcpFlag::syn | TcpFlag::ack;
            if (open.ecn) answer.flags |= TcpFlag::ece;
            answer.window = offer.window;
            answer.options.sack_permitted = open.sack_permitted;
            answer.options.mss = offer.mss;
            answer.options.window_scale = offer.shift;
            answer.options.timestamps =
                wire::Timestamps{static_cast<std::uint32_t>(to_ms(now_)), *open.ts_recent};
            fly(e, segment_without_text(pool_, e.tuple, answer, 0));
            return;
        }
        if (!half_open_ || !in.header.flags.ack()) return;
        e.connection = std::make_unique<Connection>(turn(), pool_, *half_open_);
        note(e, e.connection->on_segment(turn(), pool_, std::move(in)));
    }
    // Stands in for TIME-WAIT and for a closed port.
    void linger(End& e, const SegmentIn& in) {
        if (e.connection->state() != State::time_wait) {
            if (const auto reset = reset_of(in, event::Reason::no_listener)) {
                fly(e, segment_of(*reset, pool_));
            }
            return;
        }
        if (in.seg_len() == 0) return;
        const TimeWaitValues values = e.connection->time_wait_values();
        fly(e, segment_of(Reply{.tuple = e.tuple,
                                .seq = values.snd_nxt,
                                .ack = values.rcv_nxt,
                                .flags = TcpFlag::ack,
                                .window = values.window,
                                .timestamps = {},
                                .mss = {},
                                .window_scale = {}},
                          pool_));
    }
    void fly(End& from, const SegmentOut& out) {
        if (rng_.below(100) < weather_.loss_percent) return;
        std::string octets(out.frame->size(), '\0');
        out.frame->copy_to({reinterpret_cast<std::byte*>(octets.data()), octets.size()});
        auto ecn = static_cast<std::uint8_t>(out.tos & 3);
        if (ecn != 0 && rng_.below(100) < weather_.mark_percent) ecn = 3;
        const int to = &from == &ends_[0] ? 1 : 0;
        const int copies = rng_.below(100) < weather_.double_percent ? 2 : 1;
        for (int i = 0; i < copies; ++i) {
            const Duration delay =
                rng_.below(100) < weather_.late_percent ? weather_.delay * 3 : weather_.delay;
            flying_.emplace(std::pair{now_ + delay, ++order_}, Flying{to, octets, ecn});
        }
    }
    // The programs write, read and close, and what wants to leave leaves.
    void pump() {
        is_reader_late_ = false;
        for (End& e : ends_) {
            if (!e.connection) continue;
            Connection& c = *e.connection;
            read(e, c);
            if (e.is_gone) continue;
            write(e, c);
            while (auto out = c.next_segment(turn(), pool_)) fly(e, *out);
        }
    }
    void read(End& e, Connection& c) {
        if (c.unread() == 0) return;
        if (rng_.below(100) >= weather_.slow_reader_percent) {
            is_reader_late_ = true;
            return;
        }
        std::string text(c.unread(), '\0');
        c.peek(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
        c.consume(turn(), text.size());
        e.received += text;
    }
    void write(End& e, Connection& c) {
        if (!c.readiness().connected_once || e.is_shut) return;
        while (e.written < e.to_send.size()) {
            const MutableOctets room = c.writable(pool_, e.to_send.size() - e.written);
            if (room.empty()) return;
            std::copy_n(reinterpret_cast<const std::byte*>(e.to_send.data()) + e.written,
                        room.size(), room.data());
            c.commit(turn(), room.size());
            e.written += room.size();
        }
        e.is_shut = true;
        note(e, c.shutdown_write(turn()));
    }

    Weather weather_;
    base::Rng rng_;
    event::Config config_;
    buf::Pool pool_;
    Instant now_{1000s};
    std::array<End, 2> ends_;
    std::optional<PassiveOpen> half_open_;
    std::map<std::pair<Instant, std::uint64_t>, Flying> flying_;
    std::uint64_t order_ = 0;
    bool is_reader_late_ = false;
};

void expect_delivery(std::uint64_t seed, const Weather& weather, Duration limit) {
    Pair pair(seed, weather);
    EXPECT_TRUE(pair.run(limit)) << "seed " << seed << " after " << base::to_ms(pair.elapsed())
                                 << " ms: 0 has " << pair.end(0).received.size() << ", 1 has "
                                 << pair.end(1).received.size() << ", states "
                                 << event::name(pair.end(0).connection->state()) << ' '
                                 << event::name(pair.end(1).connection->state());
    for (const auto& t : pair.log.all<event::Transition>())
        EXPECT_EQ(next_state(t.from, t.cause), t.to);
    EXPECT_TRUE(pair.end(0).received == pair.end(1).to_send);
    EXPECT_TRUE(pair.end(1).received == pair.end(0).to_send);
}

TEST(ConnectionPair, DeliversOverACleanLink) { expect_delivery(1, {}, 10s); }

TEST(ConnectionPair, DeliversWithSuperSegments) {
    expect_delivery(2, {.super_segment_max = 65'536}, 10s);
}

TEST(ConnectionPair, DeliversWhateverTheWeather) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        Weather weather;
        weather.octets = 60'000;
        weather.loss_percent = static_cast<unsigned>(seed % 10);
        weather.double_percent = static_cast<unsigned>(seed % 4) * 3;
        weather.late_percent = static_cast<unsigned>(seed % 5) * 4;
        weather.slow_reader_percent = seed % 3 == 0 ? 30 : 100;
        weather.super_segment_max = seed % 7 == 0 ? 65'536 : 0;
        if (seed % 6 == 5) weather.sack = event::Switch::off;
        if (seed % 4 == 3) weather.congestion = event::CongestionControl::reno;
        if (seed % 8 == 1) weather.mark_percent = 3;
        expect_delivery(seed, weather, 10min);
    }
}

// How long a transfer of this weather takes.
Duration time_of(const Weather& weather) {
    Pair pair(11, weather);
    EXPECT_TRUE(pair.run(30min));
    return pair.elapsed();
}

TEST(ConnectionPair, SackRepairsWhatOtherwiseTimesOut) {
    Weather weather;
    weather.delay = 20ms;
    weather.loss_percent = 2;
    weather.double_percent = 1;
    weather.late_percent = 1;
    weather.octets = 2'000'000;
    const Duration with = time_of(weather);
    weather.sack = event::Switch::off;
    weather.congestion = event::CongestionControl::reno;
    const Duration without = time_of(weather);
    EXPECT_LT(with * 3 / 2, without);
    // A window of 1.2/√p segments per round trip is what 2 % of loss leaves (Mathis et al.).
    EXPECT_LT(with, 10s);
    RecordProperty("with_ms", static_cast<int>(base::to_ms(with)));
    RecordProperty("without_ms", static_cast<int>(base::to_ms(without)));
}

TEST(ConnectionPair, WindowGrowsWithAReaderThatKeepsUp) {
    Weather weather;
    weather.delay = 25ms;
    weather.octets = 5'000'000;
    Pair pair(3, weather);
    EXPECT_TRUE(pair.run(60s));
    // With a fixed window of 64 KiB per 50 ms it would take 4 s.
    EXPECT_LT(pair.elapsed(), 2500ms);
}

}  // namespace
}  // namespace dt::tcp

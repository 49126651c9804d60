// A connection and its path: what ICMP taught and when it is over, probes that are lost, and the
// urgent mark that must not come back (RFC 1191, RFC 4821, RFC 9293 §3.8.5).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

class Paths : public EngineTest {
  protected:
    /// A connection that was accepted; the number of the first octet to it.
    Seq open(std::uint16_t port, std::uint16_t mss = 1460, std::uint16_t mtu = 1500) {
        wire::TcpOptions options;
        options.mss = mss;
        options.window_scale = 14;
        SegmentIn in;
        in.tuple = peer(port);
        in.header.seq = irs;
        in.header.flags = TcpFlags{TcpFlag::syn};
        in.header.window = 65535;
        in.header.options = options;
        in.frame = pool.frame();
        in.path.mtu = mtu;
        engine().on_segment(host().turn(), std::move(in));
        const auto left = host().flush();
        EXPECT_EQ(left.size(), 1U);
        const Seq iss = left.at(0).header.seq;
        static_cast<void>(last_ack(iss, port));
        return iss + 1;
    }
    void tell_mtu(std::uint16_t port, Seq quoted, std::uint16_t mtu) {
        static_cast<void>(engine().on_icmp(host().turn(), peer(port), quoted,
                                           IcmpError::fragmentation_needed, mtu));
        static_cast<void>(host().flush());
    }
    void acknowledge(std::uint16_t port, Seq ack) {
        host().arrive(peer(port), {.flags = TcpFlag::ack, .seq = theirs, .ack = ack});
        static_cast<void>(host().flush());
    }
    event::Switch next_dont_fragment() {
        const auto segment = engine().next_segment(host().turn());
        EXPECT_TRUE(segment);
        return segment ? segment->dont_fragment : event::Switch::on;
    }
};

TEST_F(Paths, TCP_PMTU_007_what_was_known_when_a_connection_was_accepted_is_over_as_for_others) {
    listen(5);
    const Seq first = open(1);
    const ConnId older = accept();
    host().write(older, std::string(1460, 'x'));
    static_cast<void>(host().flush());
    tell_mtu(1, first, 1000);
    acknowledge(1, first + 1460);
    static_cast<void>(open(2));
    const ConnId younger = accept();
    host().write(younger, std::string(960, 'x'));
    EXPECT_EQ(host().flush().at(0).text, 960U);
    EXPECT_EQ(engine().path_view(younger).mss, 960U);
    static_cast<void>(host().run(700s));
    host().write(older, std::string(1460, 'x'));
    std::size_t most = 0;
    for (const Left& left : host().flush()) most = std::max(most, left.text);
    EXPECT_EQ(most, 1460U);
    EXPECT_EQ(engine().path_view(younger).mss, 1460U);
}

TEST_F(Paths, TCP_PMTU_002_what_was_small_enough_does_not_leave_again) {
    listen(5);
    const Seq first = open(1);
    const ConnId id = accept();
    host().write(id, std::string(1460, 'x'));
    static_cast<void>(host().flush());
    host().now += 1ms;
    host().write(id, std::string(100, 'y'));
    ASSERT_EQ(host().flush().size(), 1U);
    static_cast<void>(
        engine().on_icmp(host().turn(), peer(1), first, IcmpError::fragmentation_needed, 1000));
    const auto left = host().flush();
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].text, 960U);
    EXPECT_EQ(left[1].text, 500U);
}

TEST_F(Paths, TCP_PMTU_017_what_arrived_behind_it_makes_no_loss_of_it) {
    listen(5);
    const Seq first = open(1);
    const ConnId id = accept();
    Options options = *engine().options(id);
    options.no_delay = true;
    engine().set_options(host().turn(), id, options);
    host().write(id, std::string(1460, 'x'));
    static_cast<void>(host().flush());
    for (int i = 0; i < 5; ++i) {
        host().now += 1ms;
        host().write(id, std::string(100, 'y'));
        static_cast<void>(host().flush());
    }
    const std::uint32_t cwnd = engine().path_view(id).cwnd;
    tell_mtu(1, first, 1000);
    for (int i = 0; i < 5; ++i) {
        host().now += 15ms;
        acknowledge(1, first);
    }
    EXPECT_EQ(engine().path_view(id).ssthresh, 0U);
    EXPECT_GE(engine().path_view(id).cwnd, cwnd);
    EXPECT_EQ(engine().path_view(id).resent_total, 2U);
}

TEST_F(Paths, TCP_PMTU_004_below_the_floor_df_is_cleared_though_the_mtu_does_not_fall) {
    listen(5);
    const Seq first = open(1);
    const ConnId id = accept();
    host().write(id, std::string(1000, 'x'));
    static_cast<void>(host().flush());
    tell_mtu(1, first, 552);
    tell_mtu(1, first, 300);
    host().now += 1s;
    engine().advance(host().turn());
    EXPECT_EQ(next_dont_fragment(), event::Switch::off);
}

TEST_F(Paths, TCP_PMTU_004_a_younger_connection_clears_df_on_such_a_path) {
    listen(5);
    const Seq first = open(1);
    const ConnId older = accept();
    host().write(older, std::string(1000, 'x'));
    static_cast<void>(host().flush());
    tell_mtu(1, first, 300);
    static_cast<void>(open(2));
    const ConnId younger = accept();
    host().write(younger, std::string(1000, 'x'));
    EXPECT_EQ(next_dont_fragment(), event::Switch::off);
}

/// A receiver without SACK behind a path that drops text above 1200 octets without a word.
class BlackHole : public Paths {
  protected:
    static constexpr std::size_t limit = 1200;

    void hear(const Left& left) {
        if (left.text == 0 || left.text > limit) return;
        const std::uint32_t at = distance(first_, left.header.seq);
        auto& held = held_[at];
        held = std::max(held, static_cast<std::uint32_t>(left.text));
        while (!held_.empty() && held_.begin()->first <= delivered_) {
            const auto [from, length] = *held_.begin();
            delivered_ = std::max(delivered_, from + length);
            held_.erase(held_.begin());
        }
        const Seq ack = first_ + delivered_;
        host().arrive(peer(1), {.flags = TcpFlag::ack, .seq = theirs, .ack = ack, .window = 60});
    }

    Seq first_{};
    std::uint32_t delivered_ = 0;
    std::map<std::uint32_t, std::uint32_t> held_;  // by place: octets
};

TEST_F(BlackHole, A_probe_whose_text_was_sent_again_has_not_arrived) {
    config.mtu_probing = event::MtuProbing::always;
    config.send_buffer = config.send_buffer_max = 1'000'000;
    listen(5);
    first_ = open(1);
    const ConnId id = accept();
    std::uint32_t most = 0;
    std::vector<Left> flying;
    for (int round = 0; round < 300; ++round) {
        host().write(id, std::string(20'000, 'x'));
        for (const Left& left : host().flush()) flying.push_back(left);
        for (const Left& left : host().run(20ms)) flying.push_back(left);
        for (const Left& left : std::exchange(flying, {})) hear(left);
        for (const Left& left : host().flush()) flying.push_back(left);
        most = std::max<std::uint32_t>(most, engine().path_view(id).mss);
    }
    EXPECT_LE(most, limit);
    EXPECT_GT(delivered_, 1'000'000U);
}

TEST_F(Paths, TCP_URG_001_an_urgent_mark_does_not_come_back_two_gibibytes_later) {
    config.send_buffer = config.send_buffer_max = 16'000'000;
    listen(5);
    Seq una = open(1, 65000, 65500);
    const ConnId id = accept();
    host().write(id, "abX");
    engine().mark_written(host().turn(), id, {.urgent = WriteMark::Urgent::last});
    std::uint64_t sent = 0;
    std::uint64_t urgent_at = 0;
    const std::string text(8'000'000, 'x');
    while (sent < (std::uint64_t{1} << 31) + 40'000'000) {
        for (const Left& left : host().flush()) {
            sent += left.text;
            una = later(una, left.header.seq + static_cast<std::uint32_t>(left.text));
            if (left.header.flags.urg()) urgent_at = sent;
        }
        host().log.bodies.clear();
        host().now += 1ms;
        host().arrive(peer(1), {.flags = TcpFlag::ack, .seq = theirs, .ack = una, .window = 4000});
        host().write(id, text);
    }
    EXPECT_EQ(urgent_at, 3U);
}

}  // namespace
}  // namespace dt::tcp

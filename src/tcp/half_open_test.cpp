// Half-open entries: what each kind of segment means to them, their schedule, order and size.
#include "tcp/half_open.hpp"

#include <gtest/gtest.h>

namespace dt::tcp {
namespace {

using Do = HalfOpenVerdict::Do;
using event::Reason;

constexpr Seq iss{5000};
constexpr Seq irs{9000};
constexpr std::uint32_t window = 64'240;

constexpr Instant at(Duration since_start) { return Instant{} + since_start; }

HalfOpenValues values_of(std::uint16_t remote_port) {
    HalfOpenValues values;
    values.tuple = {{Ipv4{10, 0, 0, 1}, Port{80}}, {Ipv4{10, 0, 0, 2}, Port{remote_port}}};
    values.iss = iss;
    values.irs = irs;
    return values;
}

SegmentIn segment(TcpFlags flags, Seq seq, Seq ack = iss + 1, std::uint32_t length = 0) {
    SegmentIn in;
    in.tuple = values_of(1000).tuple;
    in.header.flags = flags;
    in.header.seq = seq;
    in.header.ack = ack;
    in.text_length = length;
    return in;
}

struct HalfOpenTest : testing::Test {
    Config config;
    HalfOpens entries{config};
    SynQueue queue;

    std::uint32_t add(std::uint16_t port, Instant now = at(0s)) {
        return entries.add(values_of(port), queue, now)->index;
    }
    HalfOpenVerdict judge(const SegmentIn& in) {
        if (queue.length == 0) add(1000);
        return entries.judge(queue.oldest, in, window);
    }
};

TEST_F(HalfOpenTest, TheLastAckCompletes) {
    EXPECT_EQ(judge(segment(TcpFlag::ack, irs + 1)).what, Do::complete);
    EXPECT_EQ(judge(segment(TcpFlag::ack | TcpFlag::psh, irs + 1, iss + 1, 4)).what, Do::complete);
    EXPECT_EQ(judge(segment(TcpFlag::ack | TcpFlag::fin, irs + 1)).what, Do::complete);
}

TEST_F(HalfOpenTest, TCP_SEG_018_an_ack_of_anything_else_is_reset_and_the_entry_stays) {
    for (const Seq ack : {iss, iss + 5, iss - 1}) {
        const auto verdict = judge(segment(TcpFlag::ack, irs + 1, ack));
        EXPECT_EQ(verdict.what, Do::reset);
        EXPECT_EQ(verdict.reason, Reason::ack_unacceptable);
    }
    EXPECT_EQ(judge(segment(TcpFlag::ack | TcpFlag::rst, irs + 1, iss + 5)).what, Do::drop);
}

TEST_F(HalfOpenTest, TCP_SEG_019_the_same_syn_gets_the_same_syn_ack) {
    EXPECT_EQ(judge(segment(TcpFlag::syn, irs)).what, Do::resend_syn_ack);
}

TEST_F(HalfOpenTest, TCP_SEG_020_another_syn_in_the_window_is_refused) {
    const auto verdict = judge(segment(TcpFlag::syn, irs + 5000));
    EXPECT_EQ(verdict.what, Do::reset_drop);
    EXPECT_EQ(verdict.reason, Reason::other_syn_in_syn_received);
    EXPECT_EQ(judge(segment(TcpFlag::syn, irs + 1'000'000)).what, Do::acknowledge);
}

TEST_F(HalfOpenTest, TCP_SEG_021_an_exact_rst_removes_the_entry) {
    EXPECT_EQ(judge(segment(TcpFlag::rst, irs + 1)).what, Do::remove);
}

TEST_F(HalfOpenTest, TCP_SEG_022_an_inexact_rst_in_the_window_is_challenged) {
    const auto verdict = judge(segment(TcpFlag::rst, irs + 400));
    EXPECT_EQ(verdict.what, Do::acknowledge);
    EXPECT_EQ(verdict.reason, Reason::rst_challenged);
    EXPECT_EQ(judge(segment(TcpFlag::rst, irs + 100'000)).what, Do::drop);
    EXPECT_EQ(judge(segment(TcpFlag::rst, irs)).what, Do::drop);
}

TEST_F(HalfOpenTest, TCP_SEG_026_data_outside_the_window_is_acknowledged_and_dropped) {
    EXPECT_EQ(judge(segment(TcpFlag::ack, irs + 100'000, iss + 1, 10)).what, Do::acknowledge);
    EXPECT_EQ(judge(segment({}, irs + 1)).reason, Reason::no_ack_flag);
}

TEST_F(HalfOpenTest, OldTimestampsAreChallenged) {
    HalfOpenValues values = values_of(1000);
    values.ts_recent = 700;
    ASSERT_TRUE(entries.add(values, queue, at(0s)));
    SegmentIn old = segment(TcpFlag::ack, irs + 1);
    old.header.options.timestamps = {699, 0};
    EXPECT_EQ(judge(old).reason, Reason::paws);
    old.header.options.timestamps = {705, 0};
    EXPECT_EQ(judge(old).what, Do::complete);
    EXPECT_EQ(entries.values(queue.oldest).ts_recent, 705U);
}

TEST_F(HalfOpenTest, ChallengesAreLimitedToOneInHalfASecond) {
    const std::uint32_t entry = add(1000);
    EXPECT_TRUE(entries.may_challenge(entry, at(0s)));
    EXPECT_FALSE(entries.may_challenge(entry, at(499ms)));
    EXPECT_TRUE(entries.may_challenge(entry, at(500ms)));
}

TEST_F(HalfOpenTest, TCP_CONN_008_syn_acks_fall_due_after_1_3_7_15_31_and_63_seconds) {
    const std::uint32_t entry = add(1000);
    for (const Duration due : {1s, 3s, 7s, 15s, 31s, 63s}) {
        EXPECT_EQ(entries.deadline(), at(due));
        EXPECT_FALSE(entries.due(at(due) - 1ns));
        ASSERT_EQ(entries.due(at(due)), entry);
        entries.back_off(entry, at(due));
    }
    EXPECT_EQ(entries.values(entry).retransmits, 6);
}

TEST_F(HalfOpenTest, EntriesFallDueInTheOrderOfTheirTimes) {
    const std::uint32_t first = add(1000, at(0s));
    entries.back_off(first, at(1s));                         // due at 3 s
    const std::uint32_t second = add(1001, at(2500ms));      // due at 3.5 s
    const std::uint32_t third = add(1002, at(1800ms) + 1s);  // due at 3.8 s
    EXPECT_EQ(entries.due(at(10s)), first);
    entries.erase(first, queue);
    EXPECT_EQ(entries.due(at(10s)), second);
    entries.erase(second, queue);
    EXPECT_EQ(entries.due(at(10s)), third);
    EXPECT_EQ(queue.length, 1U);
}

TEST_F(HalfOpenTest, TCP_SYNQ_016_only_an_entry_sent_three_times_again_and_never_answered_may_go) {
    const std::uint32_t first = add(1000);
    add(1001);
    EXPECT_EQ(entries.evictable(queue), std::nullopt);
    for (int i = 0; i < 3; ++i) entries.back_off(first, at(1s));
    EXPECT_EQ(entries.evictable(queue), first);
    entries.hold(first);
    EXPECT_EQ(entries.evictable(queue), std::nullopt);
}

TEST_F(HalfOpenTest, vuln_13_TCP_SYNQ_016_an_answered_entry_does_not_shield_those_behind_it) {
    const std::uint32_t answered = add(1000);
    const std::uint32_t second = add(1001);
    const std::uint32_t third = add(1002);
    for (const std::uint32_t entry : {answered, second, third})
        for (int i = 0; i < 3; ++i) entries.back_off(entry, at(1s));
    entries.hold(answered);
    EXPECT_EQ(entries.evictable(queue), second);
    entries.erase(second, queue);
    EXPECT_EQ(entries.evictable(queue), third);
}

TEST_F(HalfOpenTest, StaleHandlesNameNothing) {
    const auto handle = *entries.add(values_of(1000), queue, at(0s));
    EXPECT_EQ(entries.index_of(handle), handle.index);
    EXPECT_EQ(entries.handle_of(handle.index), handle);
    entries.erase(handle.index, queue);
    EXPECT_EQ(entries.index_of(handle), std::nullopt);
    EXPECT_EQ(queue.length, 0U);
    EXPECT_EQ(queue.oldest, SynQueue::none);
}

TEST_F(HalfOpenTest, TCP_SYNQ_015_an_entry_takes_at_most_eighty_octets) {
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        HalfOpenValues values = values_of(1000);
        values.tuple.remote.addr = Ipv4{0x0a000000U + i};
        ASSERT_TRUE(entries.add(values, queue, at(0s)));
    }
    EXPECT_LE(static_cast<double>(entries.memory()) / 10'000, 82.0);
}

TEST_F(HalfOpenTest, Ipv6EntriesLiveBesideIpv4Ones) {
    const std::uint32_t four = add(1000);
    HalfOpenValues values = values_of(1001);
    values.tuple.local.addr = IpAddr::loopback_v6();
    values.tuple.remote.addr = IpAddr::loopback_v6();
    const auto six = *entries.add(values, queue, at(0s));
    EXPECT_EQ(entries.values(six.index).tuple, values.tuple);
    EXPECT_EQ(entries.younger(four), six.index);
    EXPECT_EQ(entries.index_of(six), six.index);
    EXPECT_TRUE(entries.matches(six.index, values.tuple));
    entries.erase(four, queue);
    EXPECT_EQ(queue.oldest, six.index);
    EXPECT_EQ(entries.due(at(1s)), six.index);
}

}  // namespace
}  // namespace dt::tcp

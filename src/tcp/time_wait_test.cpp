// TIME-WAIT records: what each kind of segment means to them, their order, bounds and size.
#include "tcp/time_wait.hpp"

#include <gtest/gtest.h>

namespace dt::tcp {
namespace {

using Do = TimeWaitVerdict::Do;
using event::Reason;

constexpr Seq snd_nxt{5000};
constexpr Seq rcv_nxt{9000};

constexpr Instant at(Duration since_start) { return Instant{} + since_start; }

TimeWaitValues values_of(std::uint16_t remote_port) {
    TimeWaitValues values;
    values.tuple = {{Ipv4{10, 0, 0, 1}, Port{80}}, {Ipv4{10, 0, 0, 2}, Port{remote_port}}};
    values.snd_nxt = snd_nxt;
    values.rcv_nxt = rcv_nxt;
    values.window = 501;
    values.shift = 7;
    return values;
}

SegmentIn segment(TcpFlags flags, Seq seq, Seq ack = snd_nxt, std::uint32_t length = 0) {
    SegmentIn in;
    in.tuple = values_of(1000).tuple;
    in.header.flags = flags;
    in.header.seq = seq;
    in.header.ack = ack;
    in.text_length = length;
    return in;
}

struct TimeWaitTest : testing::Test {
    Config config;
    TimeWaits records{config};
    std::uint32_t record = records.add(values_of(1000), at(0s)).value();

    TimeWaitVerdict judge(const SegmentIn& in) const { return records.judge(record, in); }
};

TEST_F(TimeWaitTest, TCP_TW_001_a_record_lasts_sixty_seconds) {
    EXPECT_EQ(records.deadline(), at(60s));
    EXPECT_FALSE(records.expired(at(60s) - 1ns));
    EXPECT_EQ(records.expired(at(60s)), record);
}

TEST_F(TimeWaitTest, TCP_TW_002_the_fin_again_is_acknowledged_and_restarts_the_time) {
    const auto verdict = judge(segment(TcpFlag::fin | TcpFlag::ack, rcv_nxt - 1));
    EXPECT_EQ(verdict.what, Do::restart);
    EXPECT_EQ(verdict.reason, Reason::time_wait_fin_again);
    records.restart(record, at(50s));
    EXPECT_FALSE(records.expired(at(60s)));
    EXPECT_EQ(records.expired(at(110s)), record);
}

TEST_F(TimeWaitTest, TCP_TW_002_a_restarted_record_goes_behind_younger_ones) {
    const std::uint32_t younger = records.add(values_of(1001), at(10s)).value();
    records.restart(record, at(20s));
    EXPECT_EQ(records.oldest(), younger);
    EXPECT_EQ(records.deadline(), at(70s));
    EXPECT_EQ(records.younger(younger), record);
    EXPECT_EQ(records.younger(record), std::nullopt);
}

TEST_F(TimeWaitTest, TCP_TW_003_data_is_acknowledged_and_changes_nothing) {
    for (const Seq seq : {rcv_nxt, rcv_nxt + 100, rcv_nxt - 100}) {
        const auto verdict = judge(segment(TcpFlag::ack, seq, snd_nxt, 50));
        EXPECT_EQ(verdict.what, Do::acknowledge);
        EXPECT_EQ(verdict.reason, Reason::time_wait_old_segment);
    }
}

TEST_F(TimeWaitTest, TCP_TW_004_a_newer_syn_makes_way_for_a_new_incarnation) {
    EXPECT_EQ(judge(segment(TcpFlag::syn, rcv_nxt + 100'000)).what, Do::make_way);
    EXPECT_EQ(judge(segment(TcpFlag::syn, rcv_nxt + 1)).what, Do::make_way);
    EXPECT_EQ(initial_after(snd_nxt), snd_nxt + 65'537);
}

TEST_F(TimeWaitTest, TCP_TW_005_an_older_syn_is_acknowledged) {
    EXPECT_EQ(judge(segment(TcpFlag::syn, rcv_nxt - 500)).what, Do::acknowledge);
    EXPECT_EQ(judge(segment(TcpFlag::syn, rcv_nxt)).what, Do::acknowledge);
}

struct TimeWaitWithTimestamps : TimeWaitTest {
    TimeWaitWithTimestamps() {
        TimeWaitValues values = values_of(1001);
        values.ts_recent = 700;
        record = records.add(values, at(0s)).value();
    }
    SegmentIn syn(std::uint32_t value, Seq seq) const {
        SegmentIn in = segment(TcpFlag::syn, seq);
        in.header.options.timestamps = {value, 0};
        return in;
    }
};

TEST_F(TimeWaitWithTimestamps, TCP_TW_006_a_newer_timestamp_decides_whatever_the_number) {
    EXPECT_EQ(judge(syn(701, rcv_nxt - 500)).what, Do::make_way);
    EXPECT_EQ(judge(syn(700, rcv_nxt + 1)).what, Do::make_way);
    EXPECT_EQ(judge(syn(700, rcv_nxt - 500)).what, Do::acknowledge);
    EXPECT_EQ(judge(syn(699, rcv_nxt + 1)).what, Do::acknowledge);
}

TEST_F(TimeWaitWithTimestamps, TCP_TW_007_a_syn_without_timestamps_is_decided_by_its_number) {
    EXPECT_EQ(judge(segment(TcpFlag::syn, rcv_nxt + 1)).what, Do::make_way);
    EXPECT_EQ(judge(segment(TcpFlag::syn, rcv_nxt - 1)).what, Do::acknowledge);
}

TEST_F(TimeWaitTest, TCP_TW_017_timestamps_of_a_new_syn_are_ignored_where_the_old_had_none) {
    SegmentIn in = segment(TcpFlag::syn, rcv_nxt - 500);
    in.header.options.timestamps = {1'000'000, 0};
    EXPECT_EQ(judge(in).what, Do::acknowledge);
}

TEST_F(TimeWaitTest, TCP_TW_017_they_open_it_again_where_so_configured) {
    config.time_wait_new_timestamps = event::Switch::on;
    SegmentIn in = segment(TcpFlag::syn, rcv_nxt - 500);
    EXPECT_EQ(judge(in).what, Do::acknowledge);
    in.header.options.timestamps = {1'000'000, 0};
    EXPECT_EQ(judge(in).what, Do::make_way);
}

TEST_F(TimeWaitTest, TCP_TW_013_on_loopback_timestamps_let_the_tuple_go_after_a_second) {
    TimeWaitValues values = values_of(1001);
    values.tuple.local.addr = values.tuple.remote.addr = Ipv4{127, 0, 0, 1};
    EXPECT_FALSE(records.may_be_replaced(records.add(values, at(0s)).value(), at(5s)));
    values.tuple.remote.port = Port{1002};
    values.ts_recent = 700;
    const std::uint32_t stamped = records.add(values, at(0s)).value();
    EXPECT_FALSE(records.may_be_replaced(stamped, at(1s)));
    EXPECT_TRUE(records.may_be_replaced(stamped, at(1s) + 1ms));
    config.time_wait_reuse = event::TimeWaitReuse::off;
    EXPECT_FALSE(records.may_be_replaced(stamped, at(5s)));
}

TEST_F(TimeWaitTest, TCP_TW_008_an_exact_rst_is_ignored) {
    const auto verdict = judge(segment(TcpFlag::rst, rcv_nxt));
    EXPECT_EQ(verdict.what, Do::drop);
    EXPECT_EQ(verdict.reason, Reason::time_wait_rst_ignored);
}

TEST(TimeWait, TCP_TW_008_an_exact_rst_ends_the_record_where_configured_as_linux) {
    Config config;
    config.time_wait_rst = event::TimeWaitRst::obey;
    TimeWaits records(config);
    const std::uint32_t record = records.add(values_of(1000), at(0s)).value();
    EXPECT_EQ(records.judge(record, segment(TcpFlag::rst, rcv_nxt)).what, Do::end);
    // TCP-TW-009: an inexact one never does.
    EXPECT_EQ(records.judge(record, segment(TcpFlag::rst, rcv_nxt + 500)).what, Do::drop);
}

TEST_F(TimeWaitTest, TCP_TW_009_an_inexact_rst_is_silent) {
    const auto verdict = judge(segment(TcpFlag::rst, rcv_nxt + 500));
    EXPECT_EQ(verdict.what, Do::drop);
    EXPECT_EQ(verdict.reason, Reason::rst_out_of_window);
}

TEST_F(TimeWaitTest, ABareAcknowledgmentInOrderIsNotAnswered) {
    EXPECT_EQ(judge(segment(TcpFlag::ack, rcv_nxt, snd_nxt)).what, Do::drop);
    EXPECT_EQ(judge(segment(TcpFlag::ack, rcv_nxt, snd_nxt - 10)).what, Do::drop);
    EXPECT_EQ(judge(segment(TcpFlag::ack, rcv_nxt, snd_nxt + 10)).what, Do::acknowledge);
    EXPECT_EQ(judge(segment({}, rcv_nxt)).reason, Reason::no_ack_flag);
}

TEST_F(TimeWaitTest, AnswersWithoutTextAreLimitedToOneInHalfASecond) {
    const SegmentIn stray = segment(TcpFlag::ack, rcv_nxt + 1);
    EXPECT_TRUE(records.may_answer(record, stray, at(0s)));
    EXPECT_FALSE(records.may_answer(record, stray, at(499ms)));
    EXPECT_TRUE(
        records.may_answer(record, segment(TcpFlag::fin | TcpFlag::ack, rcv_nxt - 1), at(499ms)));
    EXPECT_TRUE(records.may_answer(record, stray, at(500ms)));
}

TEST(TimeWait, TCP_TW_011_a_record_takes_at_most_sixty_four_octets_and_an_index_entry) {
    Config config;
    config.time_wait_max = 100'000;
    TimeWaits records(config);
    const std::size_t before = records.memory();
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        TimeWaitValues values = values_of(static_cast<std::uint16_t>(i));
        values.tuple.remote.addr = Ipv4{i};
        ASSERT_TRUE(records.add(values, at(0s)));
    }
    const double each = static_cast<double>(records.memory() - before) / 100'000;
    EXPECT_LE(each, 72.5);
}

TEST(TimeWait, TCP_TW_012_beyond_the_limit_no_record_is_made) {
    Config config;
    config.time_wait_max = 3;
    TimeWaits records(config);
    for (std::uint16_t port = 1; port <= 3; ++port)
        EXPECT_TRUE(records.add(values_of(port), at(0s)));
    EXPECT_FALSE(records.add(values_of(4), at(0s)));
    records.erase(*records.oldest());
    EXPECT_TRUE(records.add(values_of(4), at(0s)));
}

TEST_F(TimeWaitTest, TCP_TW_014_a_record_remembers_whether_its_address_may_be_reused) {
    TimeWaitValues values = values_of(1001);
    values.reuse_address = true;
    const std::uint32_t other = records.add(values, at(0s)).value();
    EXPECT_FALSE(records.values(record).reuse_address);
    EXPECT_TRUE(records.values(other).reuse_address);
}

TEST_F(TimeWaitTest, TCP_TW_016_a_record_keeps_its_last_window_and_timestamp) {
    TimeWaitValues values = values_of(1001);
    values.ts_recent = 4711;
    const TimeWaitValues kept = records.values(records.add(values, at(0s)).value());
    EXPECT_EQ(kept.window, 501);
    EXPECT_EQ(kept.shift, 7);
    EXPECT_EQ(kept.ts_recent, 4711U);
    EXPECT_EQ(records.values(record).ts_recent, std::nullopt);
}

TEST_F(TimeWaitTest, RecordsAreListedByPortAndFoundByTuple) {
    const std::uint32_t other = records.add(values_of(1001), at(1s)).value();
    TimeWaitValues elsewhere = values_of(1002);
    elsewhere.tuple.local.port = Port{81};
    const std::uint32_t third = records.add(elsewhere, at(1s)).value();
    EXPECT_EQ(records.first_on(Port{80}), other);
    EXPECT_EQ(records.next_on(other), record);
    EXPECT_EQ(records.next_on(record), std::nullopt);
    EXPECT_EQ(records.first_on(Port{81}), third);
    EXPECT_TRUE(records.matches(other, values_of(1001).tuple));
    EXPECT_FALSE(records.matches(other, values_of(1000).tuple));
    records.erase(other);
    EXPECT_EQ(records.first_on(Port{80}), record);
    records.erase(record);
    EXPECT_EQ(records.first_on(Port{80}), std::nullopt);
}

TEST_F(TimeWaitTest, Ipv6RecordsLiveBesideIpv4Ones) {
    TimeWaitValues values = values_of(1001);
    values.tuple.local.addr = IpAddr::loopback_v6();
    values.tuple.remote.addr = IpAddr::loopback_v6();
    const std::uint32_t six = records.add(values, at(1s)).value();
    EXPECT_EQ(records.tuple(six), values.tuple);
    EXPECT_EQ(records.younger(record), six);
    EXPECT_EQ(records.next_on(six), record);
    records.erase(record);
    EXPECT_EQ(records.oldest(), six);
    EXPECT_EQ(records.size(), 1U);
}

}  // namespace
}  // namespace dt::tcp

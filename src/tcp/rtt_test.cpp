// RFC 6298 and the variance filter of Linux: spec rows TCP-RTO-001..004, TCP-RTO-025.
#include "tcp/rtt.hpp"

#include <gtest/gtest.h>

namespace dt::tcp {
namespace {

class RttTest : public testing::Test {
  protected:
    event::Config config;
    Rtt rtt{config};
    Seq una{0};

    /// One sample per window.
    void sample(Duration duration) {
        una += 1000;
        rtt.on_sample(config, duration, una, una + 999);
    }
};

TEST_F(RttTest, TCP_RTO_001_one_second_before_the_first_sample) {
    EXPECT_EQ(rtt.rto(), 1s);
    EXPECT_FALSE(rtt.has_sample());
    EXPECT_EQ(rtt.srtt(), 0s);
}

TEST_F(RttTest, TCP_RTO_002_first_sample) {
    sample(300ms);
    EXPECT_EQ(rtt.srtt(), 300ms);
    EXPECT_EQ(rtt.rto(), 900ms);
}

TEST_F(RttTest, TCP_RTO_003_second_sample) {
    sample(300ms);
    sample(500ms);
    EXPECT_EQ(rtt.srtt(), 325ms);
    EXPECT_EQ(rtt.rto(), 975ms);
}

TEST_F(RttTest, TCP_RTO_004_floor_lies_under_the_variance_term) {
    for (int i = 0; i < 200; ++i) sample(100ms);
    EXPECT_EQ(rtt.rto(), 300ms);
    for (int i = 0; i < 200; ++i) sample(1us);
    EXPECT_GE(rtt.rto(), 200ms);
    EXPECT_LT(rtt.rto(), 210ms);
}

TEST_F(RttTest, TCP_RTO_005_bounded_by_the_maximum) {
    sample(100s);
    EXPECT_EQ(rtt.rto(), 120s);
}

TEST_F(RttTest, TCP_RTO_025_rises_at_once_and_falls_slowly) {
    for (int i = 0; i < 20; ++i) sample(100ms);
    const Duration calm = rtt.rto();
    sample(500ms);
    const Duration risen = rtt.rto();
    EXPECT_GT(risen, calm + 50ms);
    sample(100ms);
    sample(100ms);
    EXPECT_GT(rtt.rto(), calm + 20ms);
    for (int i = 0; i < 40; ++i) {
        sample(100ms);
        EXPECT_GE(rtt.rto(), rtt.srtt() + 199ms);
    }
    EXPECT_LT(rtt.rto(), calm + 20ms);
}

TEST_F(RttTest, TCP_RTO_025_sudden_fall_does_not_raise_it) {
    for (int i = 0; i < 20; ++i) sample(1s);
    const Duration before_it = rtt.rto();
    sample(10ms);
    EXPECT_LE(rtt.rto(), before_it);
}

TEST_F(RttTest, TCP_RTO_014_lost_syn_counts_only_without_a_sample) {
    rtt.on_syn_lost();
    EXPECT_EQ(rtt.rto(), 3s);
    sample(100ms);
    rtt.on_syn_lost();
    EXPECT_EQ(rtt.rto(), 300ms);
}

TEST_F(RttTest, SampleOfNoTimeIsASample) {
    sample(0s);
    EXPECT_TRUE(rtt.has_sample());
    EXPECT_EQ(rtt.rto(), 200ms);
}

TEST(Rtt, TCP_RTO_004_the_least_rto_may_bound_the_sum) {
    Config config;
    config.rto_floor = event::RtoFloor::sum;
    config.rto_min = 1s;
    Rtt rtt{config};
    rtt.on_sample(config, 100ms, Seq{1}, Seq{2});
    EXPECT_EQ(rtt.rto(), 1s);
    Rtt slow{config};
    slow.on_sample(config, 500ms, Seq{1}, Seq{2});
    EXPECT_EQ(slow.rto(), 1500ms);
}

}  // namespace
}  // namespace dt::tcp

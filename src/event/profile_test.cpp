// Profiles: which tunables each changes, and that Linux changes none.
#include "event/profile.hpp"

#include <gtest/gtest.h>

namespace dt::event {
namespace {

using namespace std::chrono_literals;

TEST(ProfileTest, TheDefaultIsLinux) {
    const Config linux = config_of(Profile::linux);
    const Config usual;
    EXPECT_EQ(linux.rto_min, usual.rto_min);
    EXPECT_EQ(linux.syn_cookies, SynCookies::on_overflow);
    EXPECT_EQ(linux.time_wait_reuse, TimeWaitReuse::loopback);
    EXPECT_EQ(linux.congestion, CongestionControl::cubic);
}

TEST(ProfileTest, RfcFollowsTheRfcsWhereLinuxDoesNot) {
    const Config rfc = config_of(Profile::rfc);
    EXPECT_EQ(rfc.rto_min, 1s);
    EXPECT_EQ(rfc.rto_floor, RtoFloor::sum);
    EXPECT_EQ(rfc.initial_window, InitialWindow::rfc_6928);
    EXPECT_EQ(rfc.slow_start_limit, 1);
    EXPECT_EQ(rfc.strict_timestamps, Switch::on);
    EXPECT_EQ(rfc.time_wait_new_timestamps, Switch::on);
    EXPECT_EQ(rfc.rescue, Switch::on);
}

// RFC 9293 MUST-23: a SYN is sent again for three minutes at least.
TEST(ProfileTest, TCP_9293_MUST_23_rfc_sends_a_syn_again_for_three_minutes) {
    const Config rfc = config_of(Profile::rfc);
    ASSERT_EQ(rfc.syn_linear_timeouts, 0);
    Duration all{};
    Duration wait = rfc.rto_initial;
    for (int i = 0; i <= rfc.syn_retries; ++i) {
        all += wait;
        wait = std::min<Duration>(2 * wait, rfc.rto_max);
    }
    EXPECT_GE(all, 180s);
}

TEST(ProfileTest, FreebsdHasItsOwnTimersAndPorts) {
    const Config freebsd = config_of(Profile::freebsd);
    EXPECT_EQ(freebsd.rto_min, 30ms);
    EXPECT_EQ(freebsd.rto_max, 64s);
    EXPECT_EQ(freebsd.somaxconn, 128U);
    EXPECT_EQ(freebsd.port_first, 10'000);
    EXPECT_EQ(freebsd.early_retransmit, 0);
    EXPECT_EQ(freebsd.resets_per_s, 200U);
    EXPECT_EQ(freebsd.rtt_clear_after, 4);
}

TEST(ProfileTest, EachHasAName) {
    EXPECT_EQ(profile_named("linux"), Profile::linux);
    EXPECT_EQ(profile_named("rfc"), Profile::rfc);
    EXPECT_EQ(profile_named("freebsd"), Profile::freebsd);
    EXPECT_EQ(profile_named("Linux"), std::nullopt);
}

}  // namespace
}  // namespace dt::event

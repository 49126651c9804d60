// Tests of the timer wheel, alone and against a plain sorted set.
#include "base/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>
#include <vector>

#include "base/rng.hpp"

namespace dt::base {
namespace {

using TimerId = TimerWheel::TimerId;

constexpr Instant zero{};

std::vector<std::uint64_t> owners_due(TimerWheel& wheel, Instant now) {
    std::vector<std::uint64_t> owners;
    while (const auto due = wheel.pop_due(now)) owners.push_back(due->owner);
    return owners;
}

TEST(TimerWheel, FiresAtItsDeadlineAndNotBefore) {
    TimerWheel wheel(zero);
    TimerId id;
    wheel.arm(id, 7, zero + 200ms + 1ns);
    EXPECT_EQ(wheel.next_deadline(), zero + 200ms + 1ns);
    EXPECT_FALSE(wheel.pop_due(zero + 200ms));
    const auto due = wheel.pop_due(zero + 200ms + 1ns);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->owner, 7U);
    EXPECT_EQ(due->deadline, zero + 200ms + 1ns);
    EXPECT_EQ(wheel.size(), 0U);
    EXPECT_EQ(wheel.next_deadline(), never);
    EXPECT_EQ(wheel.deadline_of(id), never);
}

TEST(TimerWheel, OrdersByDeadlineWithinATickAndThenByArming) {
    TimerWheel wheel(zero);
    std::vector<TimerId> ids(5);
    wheel.arm(ids[0], 0, zero + 5ms + 300us);
    wheel.arm(ids[1], 1, zero + 5ms + 100us);
    wheel.arm(ids[2], 2, zero + 5ms + 300us);
    wheel.arm(ids[3], 3, zero + 5ms);
    wheel.arm(ids[4], 4, zero + 5ms + 100us);
    EXPECT_EQ(owners_due(wheel, zero + 6ms), (std::vector<std::uint64_t>{3, 1, 4, 0, 2}));
}

TEST(TimerWheel, ADeadlineMovedLaterFiresLater) {
    TimerWheel wheel(zero);
    TimerId id;
    wheel.arm(id, 1, zero + 200ms);
    for (int i = 1; i <= 1000; ++i) wheel.arm(id, 1, zero + 200ms + i * 1ms);
    EXPECT_EQ(wheel.size(), 1U);
    EXPECT_EQ(wheel.next_deadline(), zero + 1200ms);
    EXPECT_FALSE(wheel.pop_due(zero + 1199ms));
    EXPECT_TRUE(wheel.pop_due(zero + 1200ms));
}

TEST(TimerWheel, ADeadlineMovedEarlierFiresEarlierAndOnce) {
    TimerWheel wheel(zero);
    TimerId id;
    wheel.arm(id, 1, zero + 2h);
    EXPECT_EQ(wheel.next_deadline(), zero + 2h);
    wheel.arm(id, 1, zero + 3ms);
    EXPECT_EQ(wheel.next_deadline(), zero + 3ms);
    EXPECT_EQ(owners_due(wheel, zero + 3h).size(), 1U);
}

TEST(TimerWheel, ACancelledTimerNeverFires) {
    TimerWheel wheel(zero);
    TimerId soon;
    TimerId late;
    wheel.arm(soon, 1, zero);
    wheel.arm(late, 2, zero + 1h);
    wheel.cancel(soon);
    wheel.arm(late, 2, never);
    EXPECT_TRUE(soon.is_null());
    EXPECT_EQ(wheel.deadline_of(late), never);
    EXPECT_EQ(wheel.next_deadline(), never);
    EXPECT_TRUE(owners_due(wheel, zero + 2h).empty());
    wheel.cancel(soon);
    EXPECT_EQ(wheel.size(), 0U);
}

TEST(TimerWheel, AnIdThatFiredCanBeArmedAgain) {
    TimerWheel wheel(zero);
    TimerId id;
    wheel.arm(id, 1, zero + 1ms);
    EXPECT_TRUE(wheel.pop_due(zero + 1ms));
    wheel.arm(id, 1, zero + 2ms);
    EXPECT_EQ(wheel.next_deadline(), zero + 2ms);
}

TEST(TimerWheel, vuln_23_deadlines_past_days_and_before_the_start_are_kept_exactly) {
    TimerWheel wheel(zero + 10s);
    std::vector<TimerId> ids(4);
    wheel.arm(ids[0], 0, zero + 10s + 30 * 24h);
    wheel.arm(ids[1], 1, zero + 5s);
    wheel.arm(ids[2], 2, never - 1ns);
    wheel.arm(ids[3], 3, zero + 10s + 49 * 24h + 17h + 2min + 47s + 295ms);
    EXPECT_EQ(owners_due(wheel, zero + 5s), std::vector<std::uint64_t>{1});
    EXPECT_EQ(wheel.next_deadline(), zero + 10s + 30 * 24h);
    EXPECT_EQ(owners_due(wheel, zero + 10s + 30 * 24h), std::vector<std::uint64_t>{0});
    EXPECT_EQ(owners_due(wheel, zero + 10s + 60 * 24h), std::vector<std::uint64_t>{3});
    EXPECT_EQ(wheel.next_deadline(), never - 1ns);
}

TEST(TimerWheel, WhoSleepsUntilWakeByMissesNothingAndWakesSeldom) {
    Rng rng(6);
    for (int round = 0; round < 2000; ++round) {
        TimerWheel wheel(zero);
        TimerId id;
        const Instant deadline = zero + Duration(static_cast<std::int64_t>(
                                            rng.below(std::uint64_t{1} << (10 + rng.below(45)))));
        wheel.arm(id, 1, deadline);
        Instant now = zero;
        int wakes = 0;
        while (!wheel.pop_due(now)) {
            const Instant next = wheel.wake_by();
            ASSERT_TRUE(next > now || wakes == 0);
            ASSERT_LE(next, deadline);
            now = next;
            ASSERT_LE(++wakes, 9);
        }
        ASSERT_EQ(now, deadline);
        ASSERT_EQ(wheel.wake_by(), never);
    }
}

TEST(TimerWheel, ADisarmedTimerIsArmedAgainInItsPlace) {
    TimerWheel wheel(zero);
    TimerId id;
    wheel.arm(id, 1, zero + 200ms);
    const TimerId first = id;
    wheel.arm(id, 1, never);
    EXPECT_EQ(wheel.size(), 0U);
    EXPECT_EQ(wheel.deadline_of(id), never);
    wheel.arm(id, 1, zero + 300ms);
    EXPECT_EQ(id, first);
    EXPECT_EQ(wheel.next_deadline(), zero + 300ms);
    EXPECT_FALSE(wheel.pop_due(zero + 299ms));
    EXPECT_TRUE(wheel.pop_due(zero + 300ms));
}

TEST(TimerWheel, PlacesOfDisarmedTimersGoWhenTheyComeUp) {
    TimerWheel wheel(zero);
    std::vector<TimerId> ids(10000);
    for (TimerId& id : ids) {
        wheel.arm(id, 1, zero + 200ms);
        wheel.arm(id, 1, never);
    }
    const std::size_t held = wheel.memory();
    EXPECT_FALSE(wheel.pop_due(zero + 1s));
    EXPECT_LT(wheel.memory(), held / 4);
    for (const TimerId& id : ids) ASSERT_EQ(wheel.deadline_of(id), never);
}

TEST(TimerWheel, RearmingWithinOneTickKeepsMemoryBounded) {
    TimerWheel wheel(zero);
    TimerId id;
    for (int i = 0; i < 100000; ++i) {
        wheel.arm(id, 1, zero - 1ns * (i % 7));
        if (i % 3 == 0) wheel.cancel(id);
    }
    EXPECT_LT(wheel.memory(), 64U * 1024);
}

/// What the wheel must equal: a set ordered by deadline and order of arming.
class Model {
  public:
    void arm(std::uint64_t owner, Instant deadline) {
        cancel(owner);
        armed_[owner] = {deadline, next_order_++};
        sorted_.insert({deadline, armed_[owner].second, owner});
    }
    void cancel(std::uint64_t owner) {
        const auto& [deadline, order] = armed_[owner];
        sorted_.erase({deadline, order, owner});
    }
    [[nodiscard]] Instant next_deadline() const {
        return sorted_.empty() ? never : std::get<0>(*sorted_.begin());
    }
    std::vector<std::uint64_t> owners_due(Instant now) {
        std::vector<std::uint64_t> owners;
        while (!sorted_.empty() && std::get<0>(*sorted_.begin()) <= now) {
            owners.push_back(std::get<2>(*sorted_.begin()));
            sorted_.erase(sorted_.begin());
        }
        return owners;
    }
    [[nodiscard]] std::size_t size() const { return sorted_.size(); }
    explicit Model(std::size_t owners) : armed_(owners) {}

  private:
    std::vector<std::pair<Instant, std::uint64_t>> armed_;
    std::set<std::tuple<Instant, std::uint64_t, std::uint64_t>> sorted_;
    std::uint64_t next_order_ = 1;
};

void run_against_model(std::uint64_t seed, std::size_t owners, int steps) {
    Rng rng(seed);
    TimerWheel wheel(zero);
    Model model(owners);
    std::vector<TimerId> ids(owners);
    Instant now = zero;
    for (int step = 0; step < steps; ++step) {
        const std::uint64_t owner = rng.below(owners);
        const std::uint64_t action = rng.below(10);
        if (action < 6) {
            const std::uint64_t reach = std::uint64_t{1} << rng.below(44);
            const Instant deadline = now + Duration(static_cast<std::int64_t>(rng.below(reach)));
            wheel.arm(ids[owner], owner, deadline);
            model.arm(owner, deadline);
        } else if (action == 6) {
            wheel.arm(ids[owner], owner, never);
            model.cancel(owner);
        } else if (action == 7) {
            wheel.cancel(ids[owner]);
            model.cancel(owner);
        } else {
            now +=
                Duration(static_cast<std::int64_t>(rng.below(std::uint64_t{1} << rng.below(36))));
            ASSERT_EQ(owners_due(wheel, now), model.owners_due(now)) << "seed " << seed;
        }
        if (rng.chance(0.3)) {
            ASSERT_EQ(wheel.next_deadline(), model.next_deadline()) << "seed " << seed;
        }
        ASSERT_LE(wheel.wake_by(), model.next_deadline()) << "seed " << seed;
        ASSERT_EQ(wheel.size(), model.size());
    }
    ASSERT_EQ(owners_due(wheel, never - 1ns), model.owners_due(never - 1ns)) << "seed " << seed;
}

TEST(TimerWheel, EqualsASortedSetUnderRandomUse) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) run_against_model(seed, 1 + seed * 3, 3000);
}

TEST(TimerWheel, TCP_RTO_022_AHundredThousandFireInOrderOfDeadlineAndArming) {
    run_against_model(99, 100000, 250000);
}

}  // namespace
}  // namespace dt::base

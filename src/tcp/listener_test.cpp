// Limits of the two queues and the choice among listeners.
#include "tcp/listener.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"

namespace dt::tcp {
namespace {

constexpr Endpoint any80{IpAddr::any_v4(), Port{80}};
constexpr Endpoint exact80{Ipv4{10, 0, 0, 1}, Port{80}};

FourTuple to(Ipv4 local, std::uint16_t port = 80) {
    return {{local, Port{port}}, {Ipv4{10, 0, 0, 9}, Port{40000}}};
}

TEST(Listener, TCP_SYNQ_001_limit_is_the_smaller_of_backlog_and_somaxconn) {
    EXPECT_EQ(limit_of(5, 4096), 5U);
    EXPECT_EQ(limit_of(100'000, 4096), 4096U);
    EXPECT_EQ(limit_of(static_cast<std::uint32_t>(-1), 4096), 4096U);
}

TEST(Listener, TCP_SYNQ_002_accept_queue_is_full_beyond_its_limit) {
    AcceptQueue queue;
    queue.push({});
    EXPECT_FALSE(queue.is_full(1));
    queue.push({});
    EXPECT_TRUE(queue.is_full(1));
    EXPECT_FALSE(queue.is_full(2));
}

TEST(Listener, TCP_SYNQ_026_accept_queue_is_first_in_first_out) {
    AcceptQueue queue;
    for (std::uint32_t i = 1; i <= 20; ++i) queue.push({ConnId{{i, 1}}, {}});
    for (std::uint32_t i = 1; i <= 20; ++i) EXPECT_EQ(queue.pop().connection.handle.index, i);
    EXPECT_TRUE(queue.empty());
}

TEST(Listeners, TCP_SYNQ_023_exact_address_comes_before_the_wildcard) {
    Listeners listeners(10);
    const auto any = *listeners.add(any80, 1, {});
    const auto exact = *listeners.add(exact80, 1, {});
    EXPECT_EQ(listeners.best(to({10, 0, 0, 1}), 0), exact);
    EXPECT_EQ(listeners.best(to({10, 0, 0, 2}), 0), any);
    EXPECT_TRUE(listeners.best(to({10, 0, 0, 1}, 81), 0).is_null());
    listeners.erase(any);
    EXPECT_TRUE(listeners.best(to({10, 0, 0, 2}), 0).is_null());
    EXPECT_EQ(listeners.best(to({10, 0, 0, 1}), 0), exact);
}

TEST(Listeners, AnIpv6WildcardTakesIpv4UnlessToldNotTo) {
    Listeners listeners(10);
    Options alone;
    alone.v6_only = true;
    ASSERT_TRUE(listeners.add({IpAddr::any_v6(), Port{80}}, 1, alone));
    EXPECT_TRUE(listeners.best(to({10, 0, 0, 1}), 0).is_null());
    const auto both = *listeners.add({IpAddr::any_v6(), Port{80}}, 1, {});
    EXPECT_EQ(listeners.best(to({10, 0, 0, 1}), 0), both);
    const auto v4 = *listeners.add(any80, 1, {});
    EXPECT_EQ(listeners.best(to({10, 0, 0, 1}), 0), v4);  // the wildcard of its own family first
}

TEST(Listeners, TCP_SYNQ_022_a_group_shares_by_the_hash_of_the_tuple) {
    Listeners listeners(10);
    const auto first = *listeners.add(any80, 1, {});
    const auto second = *listeners.add(any80, 1, {});
    const SipKey key{1, 2};
    int to_first = 0;
    for (std::uint16_t port = 0; port < 400; ++port) {
        FourTuple tuple = to({10, 0, 0, 1});
        tuple.remote.port = Port{port};
        const auto chosen = listeners.best(
            tuple, static_cast<std::uint32_t>(base::siphash_1_3(key, tuple.words())));
        ASSERT_TRUE(chosen == first || chosen == second);
        to_first += chosen == first ? 1 : 0;
    }
    EXPECT_NEAR(to_first, 200, 50);
}

}  // namespace
}  // namespace dt::tcp

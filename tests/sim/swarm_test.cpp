// The swarm judges runs: its plans are fixed by their seeds, its oracles can fail, a failure
// shrinks.
#include <gtest/gtest.h>

#include <algorithm>

#include "link/grammar.hpp"
#include "sim/oracle.hpp"
#include "sim/simulation.hpp"

namespace dt::sim {
namespace {

/// Two hosts, one client.
Plan small_plan() {
    Plan plan;
    plan.spec.hosts = {{"a"}, {"b"}};
    plan.spec.links = {{{"a", "b"}, {}}};
    plan.servers.resize(1);
    plan.servers[0].host = 1;
    plan.servers[0].port = Port{7001};
    plan.clients.resize(1);
    plan.clients[0].up = 1000;
    plan.clients[0].down = 1000;
    plan.clients[0].key = 7;
    return plan;
}

link::FaultSpec silence_for_ever() {
    link::FaultSpec fault;
    fault.action = link::FaultAction::silence;
    fault.where = {.kind = link::Where::Kind::host, .from = "b", .to = {}};
    fault.text = "b: silence";
    return fault;
}

TEST(Swarm, APlanFollowsFromItsSeedAlone) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        EXPECT_EQ(Plan::of(seed).text(), Plan::of(seed).text());
        EXPECT_NE(Plan::of(seed).text(), Plan::of(seed + 1).text());
        EXPECT_EQ(world::problem(Plan::of(seed).spec), std::nullopt);
    }
}

TEST(Swarm, AnIsnBelowWhatItsTupleSentBeforeIsNoticed) {
    const FourTuple tuple{{Ipv4(10, 0, 0, 1), Port{40'000}}, {Ipv4(10, 0, 0, 2), Port{7001}}};
    Oracle oracle(nullptr);
    const auto send = [&](Seq seq, std::uint8_t flags, std::uint32_t length = 0,
                          std::uint8_t again = 0) {
        event::Segment segment{.tuple = tuple, .seq = seq, .length = length};
        segment.flags = flags;
        segment.retransmission = again;
        oracle.on_event(Instant{}, 0, event::SegmentSent{segment});
    };
    constexpr std::uint8_t syn = 0x02;
    constexpr std::uint8_t ack = 0x10;
    send(Seq{100}, syn);
    send(Seq{100}, syn, 0, 1);
    send(Seq{101}, ack, 1000);
    send(Seq{1101}, syn);  // right behind it
    EXPECT_FALSE(oracle.was_overtaken(tuple));
    send(Seq{1102}, ack, 1000);
    send(Seq{1351}, syn);
    EXPECT_TRUE(oracle.was_overtaken(tuple));
    EXPECT_TRUE(oracle.was_overtaken({tuple.remote, tuple.local})) << "whoever asks";
}

TEST(Swarm, WhereOneSendsUrgentOctetsAllReadThemInLine) {
    int seen = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Plan plan = Plan::of(seed);
        const auto is_urgent = [](const auto& one) { return one.marks.urgent_of_16 > 0; };
        const auto is_in_line = [](const auto& one) {
            return std::ranges::count(one.options, "SO_OOBINLINE=1", &OptionPlan::text) == 1;
        };
        if (std::ranges::none_of(plan.clients, is_urgent) &&
            std::ranges::none_of(plan.servers, is_urgent))
            continue;
        ++seen;
        EXPECT_TRUE(std::ranges::all_of(plan.clients, is_in_line)) << seed;
        EXPECT_TRUE(std::ranges::all_of(plan.servers, is_in_line)) << seed;
    }
    EXPECT_GT(seen, 10);
}

TEST(Swarm, PlansCoverEveryShapeOfConversationAndNetwork) {
    std::array<int, shapes> seen{};
    bool forwards = false;
    bool is_switch = false;
    bool loses = false;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Plan plan = Plan::of(seed);
        for (const ClientPlan& client : plan.clients)
            ++seen[static_cast<std::size_t>(client.shape)];
        forwards = forwards || plan.spec.links.size() > 1;
        is_switch = is_switch || plan.spec.links[0].hosts.size() > 2;
        loses = loses || !plan.spec.faults.empty();
        EXPECT_GE(plan.spec.hosts.size(), 2U);
        EXPECT_LE(plan.spec.hosts.size(), 5U);
    }
    for (const int count : seen) EXPECT_GT(count, 10);
    EXPECT_TRUE(forwards && is_switch && loses);
}

TEST(Swarm, PlansCoverTheCorners) {
    std::size_t wraps = 0;
    std::size_t options = 0;
    std::size_t leaps = 0;
    std::size_t restarts = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const Plan plan = Plan::of(seed);
        leaps += plan.leaps.size();
        restarts += plan.restarts.size();
        for (const ClientPlan& client : plan.clients) options += client.options.size();
        for (const world::HostSpec& host : plan.spec.hosts)
            wraps += host.config.numbers == event::Numbers::near_wrap ? 1 : 0;
        for (const Leap& leap : plan.leaps) EXPECT_LE(leap.at + leap.by, plan.healed);
        for (const RestartPlan& restart : plan.restarts) EXPECT_LE(restart.at, plan.healed);
    }
    EXPECT_GT(wraps, 50U);
    EXPECT_GT(options, 200U);
    EXPECT_GT(leaps, 30U);
    EXPECT_GT(restarts, 30U);
}

TEST(Swarm, PlansCoverBothFamilies) {
    std::size_t plans = 0;
    std::size_t clients = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Plan plan = Plan::of(seed);
        const bool has_v6 = plan.spec.hosts[0].config.ipv6 == event::Switch::on;
        plans += has_v6 ? 1 : 0;
        for (const ClientPlan& client : plan.clients) {
            if (client.family == sock::Family::inet) continue;
            ++clients;
            EXPECT_TRUE(has_v6);
            EXPECT_EQ(plan.servers[client.server].family, sock::Family::inet6);
        }
    }
    EXPECT_GT(plans, 20U);
    EXPECT_LT(plans, 60U);
    EXPECT_GT(clients, 50U);
}

TEST(Swarm, PlansCoverTheLateFeatures) {
    std::size_t cookies = 0;
    std::size_t bbr = 0;
    std::size_t paced = 0;
    std::size_t profiles = 0;
    std::size_t searches = 0;
    std::size_t narrow = 0;
    std::size_t marks = 0;
    std::size_t datagrams = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const Plan plan = Plan::of(seed);
        for (const world::HostSpec& host : plan.spec.hosts) {
            const Config& config = host.config;
            cookies += config.syn_cookies == event::SynCookies::always ? 1 : 0;
            bbr += config.congestion == event::CongestionControl::bbr ? 1 : 0;
            paced += config.pacing == event::Switch::on ? 1 : 0;
            profiles += config.orphan_retries != Config{}.orphan_retries ? 1 : 0;
            searches += config.mtu_probing != event::MtuProbing::off ? 1 : 0;
        }
        const auto is_narrow = [](const link::LinkSpec& link) {
            return link::Impairment::of(link, link.hosts[0], link.hosts[1]).mtu < 1500;
        };
        narrow += std::ranges::any_of(plan.spec.links, is_narrow) ? 1 : 0;
        for (const ClientPlan& client : plan.clients) marks += client.marks.are_none() ? 0 : 1;
        datagrams += plan.datagrams.size();
    }
    EXPECT_GT(cookies, 50U);
    EXPECT_GT(bbr, 80U);
    EXPECT_GT(paced, 80U);
    EXPECT_GT(profiles, 100U);
    EXPECT_GT(searches, 50U);
    EXPECT_GT(narrow, 25U);
    EXPECT_GT(marks, 100U);
    EXPECT_GT(datagrams, 80U);
}

/// Counts packets that a stack dropped by itself.
class Drops final : public event::Sink {
  public:
    void on_event(Instant /*at*/, event::HostIndex /*host*/, const event::Body& body) override {
        if (std::holds_alternative<event::PacketDropped>(body)) ++count;
    }
    std::size_t count = 0;
};

TEST(Swarm, AConnectionMadeByACookieKnowsWhatItsLinkTakes) {
    Plan plan = small_plan();
    plan.clients[0].down = 20'000;
    plan.spec.links[0].items = {*link::parse_link("mtu=1000B")};
    for (world::HostSpec& host : plan.spec.hosts) {
        host.config.timestamps = event::Switch::off;
        host.config.syn_cookies = event::SynCookies::always;
    }
    Drops drops;
    Simulation simulation(plan, &drops);
    const Outcome outcome = simulation.run();
    EXPECT_TRUE(outcome.is_good()) << outcome.failures.front();
    EXPECT_EQ(drops.count, 0U) << "a segment was larger than the link of its own host takes";
}

TEST(Swarm, DatagramsAreAskedForUntilEachIsAnswered) {
    Plan plan = small_plan();
    plan.datagrams = {
        {.host = 0, .peer = 1, .port = Port{9001}, .count = 30, .octets_max = 8'000, .key = 77}};
    plan.spec.faults = {*link::parse_fault("drop,p=10%,for=3s")};
    plan.healed = 3s;
    EXPECT_TRUE(simulate(plan).is_good());
    // Nobody ever hears `b`: that is a failure, and it is said.
    plan.clients.clear();
    plan.spec.faults = {silence_for_ever()};
    const Outcome outcome = simulate(plan);
    ASSERT_FALSE(outcome.is_good());
    EXPECT_EQ(outcome.failures[0], "stuck on a healed network: datagrams: 0 of 30 answered");
}

TEST(Swarm, AConversationOverIpv6IsOne) {
    Plan plan = small_plan();
    for (world::HostSpec& host : plan.spec.hosts) host.config.ipv6 = event::Switch::on;
    plan.servers[0].family = plan.clients[0].family = sock::Family::inet6;
    const Outcome outcome = simulate(plan);
    EXPECT_TRUE(outcome.is_good()) << outcome.failures.front();
    EXPECT_EQ(outcome.conversations, 1U);
}

TEST(Swarm, ConnectionsWrapTheirNumbersAndTimestamps) {
    Plan plan = small_plan();
    for (world::HostSpec& host : plan.spec.hosts) host.config.numbers = event::Numbers::near_wrap;
    plan.clients[0].up = 300'000;
    plan.clients[0].down = 300'000;
    plan.clients[0].writing = {.chunk = 3'000, .pause = 60ms};  // 6 s: over the timestamps' wrap
    const Outcome outcome = simulate(plan);
    EXPECT_TRUE(outcome.is_good()) << outcome.failures.front();
    EXPECT_GT(outcome.took, 6s);
}

TEST(Swarm, AClockThatLeapsDelaysAndBreaksNothing) {
    Plan plan = small_plan();
    plan.clients[0].up = 100'000;
    plan.clients[0].writing = {.chunk = 1'000, .pause = 10ms};
    plan.leaps = {{.at = 100ms, .by = 30s}, {.at = 31s, .by = 20s}};
    const Outcome outcome = simulate(plan);
    EXPECT_TRUE(outcome.is_good()) << outcome.failures.front();
    EXPECT_GT(outcome.took, 50s);
}

TEST(Swarm, AHostThatRestartsBreaksConversationsAndServesAgain) {
    Plan plan = small_plan();
    plan.clients[0].connections = 3;
    plan.clients[0].up = 100'000;
    plan.clients[0].writing = {.chunk = 1'000, .pause = 10ms};
    plan.restarts = {{.host = 1, .at = 300ms}};
    plan.healed = 300ms;
    const Outcome outcome = simulate(plan);
    EXPECT_TRUE(outcome.is_good()) << outcome.failures.front();
    EXPECT_EQ(outcome.conversations, 3U);
    plan.restarts[0].host = 0;
    EXPECT_TRUE(simulate(plan).is_good());
}

TEST(Swarm, GoodSeedsAreGoodAndMoveText) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Outcome outcome = simulate(Plan::of(seed));
        EXPECT_TRUE(outcome.is_good()) << "seed " << seed << ": " << outcome.failures.front();
        EXPECT_GT(outcome.conversations, 0U);
    }
}

TEST(Swarm, ANetworkThatNeverHealsIsReported) {
    Plan plan = small_plan();
    EXPECT_TRUE(simulate(plan).is_good());
    plan.spec.faults = {silence_for_ever()};
    plan.spec.neighbours = world::Neighbours::asked;
    Outcome outcome = simulate(plan);
    ASSERT_FALSE(outcome.is_good());
    EXPECT_EQ(outcome.failures[0], "connect() failed on a healed network: EHOSTUNREACH");
    plan.spec.neighbours = world::Neighbours::introduced;
    outcome = simulate(plan);
    ASSERT_FALSE(outcome.is_good());
    EXPECT_EQ(outcome.failures[0], "connect() failed on a healed network: ETIMEDOUT");
}

TEST(Swarm, AConversationThatHangsIsReported) {
    Plan plan = small_plan();
    // The server never answers: it waits for an end that a client of this shape does not send.
    plan.servers[0].accepts_from = Simulation::patience * 2;
    const Outcome outcome = simulate(plan);
    ASSERT_FALSE(outcome.is_good());
    EXPECT_NE(outcome.failures[0].find("stuck on a healed network: a: client, both at once"),
              std::string::npos)
        << outcome.failures[0];
}

TEST(Swarm, AFailureShrinksToWhatItNeeds) {
    Plan plan = Plan::of(4);
    plan.spec.faults.push_back(silence_for_ever());
    ASSERT_FALSE(simulate(plan).is_good());
    const Plan small = minimised(plan, 200);
    EXPECT_FALSE(simulate(small).is_good());
    EXPECT_LE(small.clients.size(), 1U);
    EXPECT_EQ(small.spec.faults.size(), 1U);
}

event::Transition transition(event::State from, event::Cause cause, event::State to) {
    event::Transition made;
    made.from = from;
    made.cause = cause;
    made.to = to;
    return made;
}

TEST(Oracle, NoticesTransitionsOutsideTheTable) {
    using event::Cause;
    using event::State;
    Oracle oracle(nullptr);
    oracle.on_event(Instant{}, 0,
                    transition(State::syn_sent, Cause::rcv_syn_ack, State::established));
    EXPECT_TRUE(oracle.failures().empty());
    oracle.on_event(Instant{}, 0, transition(State::closed, Cause::close, State::time_wait));
    ASSERT_EQ(oracle.failures().size(), 1U);
    EXPECT_EQ(oracle.failures()[0],
              "event 2: no row of the table leads from CLOSED to TIME-WAIT by cause 9");
}

TEST(Oracle, NoticesQueuesBeyondTheirBoundsAndTimeThatGoesBack) {
    Oracle oracle(nullptr);
    event::QueueChange change;
    change.step = event::QueueStep::promoted;
    change.accept_queue = 3;
    change.limit = 2;
    oracle.on_event(Instant{} + 1s, 0, change);
    EXPECT_TRUE(oracle.failures().empty()) << "Linux admits limit + 1";
    change.accept_queue = 4;
    oracle.on_event(Instant{} + 1s, 0, change);
    EXPECT_EQ(oracle.failures().size(), 1U);
    oracle.on_event(Instant{}, 0, event::TimerFired{});
    EXPECT_EQ(oracle.failures().back(), "event 3: time goes back");
}

TEST(Conversation, OctetsOfATextDifferByPlaceAndKey) {
    int same_key = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        same_key += octet_of(1, i) == octet_of(1, i + 1460) ? 1 : 0;
    }
    EXPECT_LT(same_key, 200);
    EXPECT_LT(octet_of(0x1234567890abcdef, 5) == octet_of(0xfedcba0987654321, 5) ? 1 : 0, 1);
}

TEST(Conversation, GreetingsReadBackAndChangedOnesDoNot) {
    const Greeting greeting{.key = 9, .up = 100, .down = 200, .shape = Shape::echo};
    auto octets = greeting.octets();
    const auto back = Greeting::from(octets);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->down, 200U);
    EXPECT_EQ(back->shape, Shape::echo);
    octets[10] ^= std::byte{1};
    EXPECT_FALSE(Greeting::from(octets));
}

}  // namespace
}  // namespace dt::sim

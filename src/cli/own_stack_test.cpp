// The rules of doctor judge our own stack: snapshots and events of a world, the same rules.
#include "rules/own_stack.hpp"

#include <gmock/gmock.h>

#include "link/grammar.hpp"
#include "rules/engine.hpp"
#include "rules/words.hpp"
#include "world/world.hpp"

namespace dt::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Judged final : public event::Sink {
  public:
    void on_event(Instant at, event::HostIndex host, const event::Body& body) override {
        list.push_back({list.size() + 1, at, host, body});
    }
    std::vector<event::Event> list;
};

world::Spec two_hosts(const std::string& fault, const event::Config& config) {
    world::Spec spec;
    spec.seed = 0x5eed;
    spec.hosts = {{"client"}, {"server"}};
    for (world::HostSpec& host : spec.hosts) host.config = config;
    link::LinkSpec link{{"client", "server"}, {}};
    link.items.push_back(*link::parse_link("delay=10ms"));
    spec.links = {link};
    if (!fault.empty()) spec.faults.push_back(*link::parse_fault(fault));
    return spec;
}

/// Two hosts, and what the rules say of one of them.
class OwnStack : public testing::Test {
  protected:
    explicit OwnStack(const std::string& fault = {}, const event::Config& config = {})
        : world(two_hosts(fault, config), events) {
        for (const event::HostIndex host : {client_index, server_index}) {
            hosts.emplace_back(host, config, world.addresses(host));
            hosts.back().name_program(12, "hello");
            before.push_back(world.snapshot(now, host));
        }
    }

    void run_for(Duration span) {
        const Instant end = now + span;
        world.turn(now);
        while (world.deadline() <= end) {
            now = std::max(now, world.deadline());
            world.turn(now);
        }
        now = end;
    }
    /// The window of what is judged begins here.
    void look() {
        for (const event::HostIndex host : {client_index, server_index}) {
            before[host] = world.snapshot(now, host);
        }
    }
    world::Calls on(event::HostIndex host) {
        return world.calls(now, host, {.pid = host == client_index ? 11 : 12, .fd = 3});
    }
    [[nodiscard]] Endpoint server_at(std::uint16_t port) const {
        return {*world.resolve(client_index, "server"), Port{port}};
    }
    sock::SocketId listen(const Endpoint& local, int backlog) {
        const auto socket = *on(server_index).socket(sock::Family::inet, sock::Type::stream);
        EXPECT_TRUE(on(server_index).bind(socket, local));
        EXPECT_TRUE(on(server_index).listen(socket, backlog));
        return socket;
    }
    sock::SocketId connect(const Endpoint& to) {
        const auto socket = *on(client_index).socket(sock::Family::inet, sock::Type::stream);
        EXPECT_EQ(on(client_index).connect(socket, to).error(), Error::in_progress);
        return socket;
    }
    rules::OwnHost& followed(event::HostIndex host) {
        for (; seen < events.list.size(); ++seen) {
            for (rules::OwnHost& one : hosts) one.add(events.list[seen]);
        }
        return hosts[host];
    }
    std::vector<std::string> names(const rules::Evidence& evidence) {
        std::vector<std::string> fired;
        verdict = rules::judge(evidence);
        for (const rules::Finding& one : verdict.findings) fired.push_back(rules::name(one.rule));
        return fired;
    }
    /// The rules that fire on the host since the window began.
    std::vector<std::string> fired_on(event::HostIndex host) {
        return names(followed(host).evidence(before[host], world.snapshot(now, host)));
    }
    /// The rules that explain the last call that failed.
    std::vector<std::string> explained_on(event::HostIndex host) {
        const auto evidence =
            followed(host).evidence_of_failure(before[host], world.snapshot(now, host));
        return evidence ? names(*evidence) : std::vector<std::string>{"no call failed"};
    }

    static constexpr event::HostIndex client_index = 0;
    static constexpr event::HostIndex server_index = 1;
    Judged events;
    world::World world;
    std::vector<rules::OwnHost> hosts;
    std::vector<event::Snapshot> before;
    std::size_t seen = 0;
    Instant now{};
    rules::Verdict verdict;
};

const Endpoint any_8080{IpAddr::any_v4(), Port{8080}};

TEST_F(OwnStack, AnAddressThatIsLeasedCountsWhileTheHostHasIt) {
    const Endpoint leased = *Endpoint::parse("10.0.0.77:8080");
    const auto socket = *on(client_index).socket(sock::Family::inet, sock::Type::stream);
    EXPECT_EQ(on(client_index).bind(socket, leased).error(), Error::address_not_available);
    EXPECT_THAT(explained_on(client_index), ElementsAre("R11"));
    hosts[client_index].set_addresses({leased.addr});
    EXPECT_THAT(explained_on(client_index), IsEmpty());
}

TEST_F(OwnStack, AFullAcceptQueueIsR24) {
    (void)listen(any_8080, 2);
    for (int i = 0; i < 3; ++i) (void)connect(server_at(8080));
    run_for(100ms);
    look();
    for (int i = 0; i < 5; ++i) (void)connect(server_at(8080));
    run_for(2s);
    EXPECT_THAT(fired_on(server_index), ElementsAre("R24"));
    EXPECT_EQ(verdict.findings[0].subject, "*:8080");
    EXPECT_EQ(verdict.findings[0].pid, 12);
}

TEST_F(OwnStack, TCP_SYNQ_028_the_explanation_names_the_queue_that_overflowed_and_the_counter) {
    (void)listen(any_8080, 2);
    for (int i = 0; i < 3; ++i) (void)connect(server_at(8080));
    run_for(100ms);
    look();
    (void)connect(server_at(8080));
    run_for(500ms);
    ASSERT_THAT(fired_on(server_index), ElementsAre("R24"));
    const rules::Finding& finding = verdict.findings[0];
    const auto said = [&](std::string_view part) {
        return rules::say(rules::Language::english, finding, part);
    };
    EXPECT_EQ(said(finding.head),
              "connects to *:8080 wait 1 s or more: its accept queue is full, 3/2");
    EXPECT_THAT(said("proof.drops"), testing::StartsWith("1 SYNs ignored in "));
    EXPECT_THAT(said("proof.drops"), testing::HasSubstr("ListenOverflows +1"));
}

TEST_F(OwnStack, AQueueWithRoomIsNotR24) {
    const auto listener = listen(any_8080, 20);
    look();
    for (int i = 0; i < 8; ++i) (void)connect(server_at(8080));
    run_for(100ms);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(on(server_index).accept(listener));
    run_for(2s);
    EXPECT_THAT(fired_on(server_index), IsEmpty());
    EXPECT_THAT(fired_on(client_index), IsEmpty());
}

TEST_F(OwnStack, ConnectionsThatNobodyAcceptsAreR26) {
    (void)listen(any_8080, 20);
    (void)connect(server_at(8080));
    run_for(100ms);
    look();
    run_for(2s);
    EXPECT_THAT(fired_on(server_index), ElementsAre("R26"));
}

TEST_F(OwnStack, AConnectWhereNobodyListensIsR13) {
    look();
    (void)connect(server_at(8080));
    run_for(1s);
    EXPECT_THAT(explained_on(client_index), ElementsAre("R13"));
    EXPECT_EQ(verdict.findings[0].certainty, rules::Certainty::likely);  // one end is seen
}

TEST_F(OwnStack, AConnectToAnotherAddressThanTheListenersIsR14) {
    (void)listen({IpAddr{*world.resolve(client_index, "server")}, Port{8080}}, 5);
    const auto socket = *on(server_index).socket(sock::Family::inet, sock::Type::stream);
    look();
    const Endpoint loopback = *Endpoint::parse("127.0.0.1:8080");
    (void)on(server_index).connect(socket, loopback);
    run_for(1s);
    EXPECT_THAT(explained_on(server_index), ElementsAre("R14"));
    EXPECT_EQ(verdict.findings[0].certainty, rules::Certainty::certain);
}

TEST_F(OwnStack, ABindToThePortOfAListenerIsR1) {
    (void)listen(any_8080, 5);
    look();
    const auto second = *on(server_index).socket(sock::Family::inet, sock::Type::stream);
    EXPECT_EQ(on(server_index).bind(second, any_8080).error(), Error::address_in_use);
    EXPECT_THAT(explained_on(server_index), ElementsAre("R1"));
}

TEST_F(OwnStack, ABindToAnotherAddressOfAListenersPortIsR7) {
    (void)listen(any_8080, 5);
    look();
    const auto second = *on(server_index).socket(sock::Family::inet, sock::Type::stream);
    const Endpoint own = server_at(8080);
    EXPECT_EQ(on(server_index).bind(second, own).error(), Error::address_in_use);
    EXPECT_THAT(explained_on(server_index), ElementsAre("R7"));
}

TEST_F(OwnStack, ABindThatWorksIsNoFailure) {
    look();
    const auto socket = *on(server_index).socket(sock::Family::inet, sock::Type::stream);
    EXPECT_TRUE(on(server_index).bind(socket, any_8080));
    EXPECT_THAT(explained_on(server_index), ElementsAre("no call failed"));
}

class LostSynAcks : public OwnStack {
  protected:
    LostSynAcks() : OwnStack("drop,seg=synack", without_cookies()) {}

  private:
    /// A full queue drops SYNs only where no cookie answers them.
    static event::Config without_cookies() {
        event::Config config;
        config.syn_cookies = event::SynCookies::off;
        return config;
    }
};

TEST_F(LostSynAcks, AFullSynQueueIsR25) {
    (void)listen(any_8080, 16);
    for (int i = 0; i < 16; ++i) (void)connect(server_at(8080));
    run_for(100ms);
    look();
    for (int i = 0; i < 10; ++i) (void)connect(server_at(8080));
    run_for(800ms);
    EXPECT_THAT(fired_on(server_index), ElementsAre("R25"));
}

}  // namespace
}  // namespace dt::cli

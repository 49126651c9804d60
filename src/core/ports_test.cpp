// The port table: bind, listen, ephemeral ports (spec 6.2 API-BIND, 4.2 TCP-SEC-011…017).
#include "core/ports.hpp"

#include <map>
#include <set>

#include "core/network_fixture.hpp"

namespace dt::core::test {
namespace {

using event::Reason;
using event::Transport;

/// What a socket asks for beside its address.
struct Wish {
    bool reuse_address = false;
    bool reuse_port = false;
    std::uint32_t uid = 0;
    Transport transport = Transport::tcp;
};
constexpr Wish plain{};
constexpr Wish ra{true, false, 0, Transport::tcp};
constexpr Wish rp{false, true, 0, Transport::tcp};

class Ports : public Network {
  protected:
    std::expected<Endpoint, Refusal> bind(std::uint64_t owner, const char* local,
                                          Wish wish = plain) {
        return bind_at(owner, at(local), wish);
    }
    std::expected<Endpoint, Refusal> bind_at(std::uint64_t owner, Endpoint local,
                                             Wish wish = plain) {
        return ports().bind(
            config, a().core.tcp(),
            {wish.transport, local, owner, wish.reuse_address, wish.reuse_port, false, wish.uid});
    }
    std::expected<void, Refusal> listen_on(std::uint64_t owner) {
        return ports().listen(owner, Transport::tcp);
    }
    /// A turn by the configuration of the test, which is not the host's.
    [[nodiscard]] Turn asking() { return {now, config, a().log, a().number}; }
    std::expected<Port, Refusal> choose(const char* remote) {
        return ports().choose(asking(), a().core.tcp(), addr("10.0.0.1"), at(remote),
                              Transport::tcp);
    }
    /// What the second bind meets after the first; both to port 80.
    std::optional<Refusal> second(const char* first_at, Wish first, const char* second_at,
                                  Wish second_wish) {
        PortTable table(1);
        const auto claim = [](const char* local, std::uint64_t owner, Wish wish) {
            return Claim{wish.transport,  at(local), owner,   wish.reuse_address,
                         wish.reuse_port, false,     wish.uid};
        };
        EXPECT_TRUE(table.bind(config, a().core.tcp(), claim(first_at, 1, first)));
        const auto bound = table.bind(config, a().core.tcp(), claim(second_at, 2, second_wish));
        return bound ? std::nullopt : std::optional(bound.error());
    }
    static bool is_in_use(const std::optional<Refusal>& refusal) {
        return refusal && refusal->error == Error::address_in_use;
    }
    [[nodiscard]] PortTable& ports() { return a().core.ports(); }
    void SetUp() override { back_to_back(); }

    Config config;
};

TEST_F(Ports, API_BIND_001_a_second_bind_on_one_socket_is_refused) {
    ASSERT_TRUE(bind(1, "127.0.0.1:80"));
    const auto again = bind(1, "127.0.0.1:81");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().error, Error::invalid_argument);
    EXPECT_EQ(again.error().reason, Reason::wrong_state);
}

TEST_F(Ports, API_BIND_006_a_privileged_port_needs_the_right) {
    config.unprivileged_port_start = 1024;
    Wish nobody;
    nobody.uid = 65534;
    const auto refused = bind(1, "127.0.0.1:80", nobody);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error, Error::access_denied);
    EXPECT_EQ(refused.error().reason, Reason::port_privileged);
    EXPECT_TRUE(bind(2, "127.0.0.1:1024", nobody));
    EXPECT_TRUE(bind(3, "127.0.0.1:80"));
}

TEST_F(Ports, API_BIND_010_port_zero_becomes_a_port) {
    const auto bound = bind(1, "127.0.0.1:0");
    ASSERT_TRUE(bound);
    EXPECT_FALSE(bound->port.is_any());
    EXPECT_EQ(ports().find(1, Transport::tcp)->local, *bound);
}

TEST_F(Ports, API_BIND_012_and_TCP_SEC_015_no_free_port_is_address_in_use) {
    config.port_first = 40000;
    config.port_last = 40003;
    for (std::uint64_t owner = 1; owner <= 4; ++owner) EXPECT_TRUE(bind(owner, "127.0.0.1:0"));
    const auto fifth = bind(5, "127.0.0.1:0");
    ASSERT_FALSE(fifth);
    EXPECT_EQ(fifth.error().error, Error::address_in_use);
    EXPECT_EQ(fifth.error().reason, Reason::ports_exhausted);
    EXPECT_TRUE(bind(6, "127.0.0.2:0"));
}

TEST_F(Ports, API_BIND_013_the_same_address_without_options_is_in_use) {
    const auto refusal = second("127.0.0.1:80", plain, "127.0.0.1:80", plain);
    ASSERT_TRUE(is_in_use(refusal));
    EXPECT_EQ(refusal->reason, Reason::port_held_by_socket);
    EXPECT_EQ(refusal->holder, at("127.0.0.1:80"));
}

TEST_F(Ports, API_BIND_014_both_with_reuseaddr_share) {
    EXPECT_FALSE(second("127.0.0.1:80", ra, "127.0.0.1:80", ra));
}

TEST_F(Ports, API_BIND_015_reuseaddr_on_one_side_is_not_enough) {
    EXPECT_TRUE(is_in_use(second("127.0.0.1:80", ra, "127.0.0.1:80", plain)));
    EXPECT_TRUE(is_in_use(second("127.0.0.1:80", plain, "127.0.0.1:80", ra)));
}

TEST_F(Ports, API_BIND_016_a_listener_does_not_share_by_reuseaddr) {
    ASSERT_TRUE(bind(1, "127.0.0.1:80", ra));
    ASSERT_TRUE(listen_on(1));
    const auto refused = bind(2, "127.0.0.1:80", ra);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error, Error::address_in_use);
    EXPECT_EQ(refused.error().reason, Reason::port_held_by_listener);
    EXPECT_EQ(refused.error().holder, at("127.0.0.1:80"));
    ports().stop_listening(1, Transport::tcp);
    EXPECT_TRUE(bind(2, "127.0.0.1:80", ra));
}

TEST_F(Ports, API_BIND_017_of_two_bound_only_one_listens) {
    ASSERT_TRUE(bind(1, "127.0.0.1:80", ra));
    ASSERT_TRUE(bind(2, "127.0.0.1:80", ra));
    EXPECT_TRUE(listen_on(1));
    const auto refused = listen_on(2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error, Error::address_in_use);
    EXPECT_EQ(refused.error().reason, Reason::port_held_by_listener);
}

TEST_F(Ports, API_BIND_018_reuseport_of_one_user_shares_listening_or_not) {
    EXPECT_FALSE(second("127.0.0.1:80", rp, "127.0.0.1:80", rp));
    ASSERT_TRUE(bind(1, "127.0.0.1:80", rp));
    ASSERT_TRUE(listen_on(1));
    ASSERT_TRUE(bind(2, "127.0.0.1:80", rp));
    EXPECT_TRUE(listen_on(2));
}

TEST_F(Ports, API_BIND_019_reuseport_on_one_side_is_not_enough) {
    EXPECT_TRUE(is_in_use(second("127.0.0.1:80", rp, "127.0.0.1:80", plain)));
    EXPECT_TRUE(is_in_use(second("127.0.0.1:80", plain, "127.0.0.1:80", rp)));
    EXPECT_TRUE(is_in_use(second("127.0.0.1:80", rp, "127.0.0.1:80", ra)));
}

TEST_F(Ports, API_BIND_020_reuseport_of_two_users_is_in_use) {
    Wish other = rp;
    other.uid = 1000;
    EXPECT_TRUE(is_in_use(second("127.0.0.1:80", rp, "127.0.0.1:80", other)));
}

TEST_F(Ports, API_BIND_021_wildcard_and_specific_meet_in_either_order) {
    EXPECT_TRUE(is_in_use(second("*:80", plain, "127.0.0.1:80", plain)));
    EXPECT_TRUE(is_in_use(second("127.0.0.1:80", plain, "*:80", plain)));
}

TEST_F(Ports, API_BIND_022_wildcard_and_specific_share_with_reuseaddr) {
    EXPECT_FALSE(second("*:80", ra, "127.0.0.1:80", ra));
    EXPECT_FALSE(second("127.0.0.1:80", ra, "*:80", ra));
}

TEST_F(Ports, API_BIND_023_a_wildcard_listener_keeps_specific_ones_out) {
    ASSERT_TRUE(bind(1, "*:80", ra));
    ASSERT_TRUE(listen_on(1));
    EXPECT_FALSE(bind(2, "127.0.0.1:80", ra));
    ASSERT_TRUE(bind(3, "127.0.0.1:81", ra));
    ASSERT_TRUE(listen_on(3));
    EXPECT_FALSE(bind(4, "*:81", ra));
}

TEST_F(Ports, API_BIND_024_different_specific_addresses_do_not_meet) {
    EXPECT_FALSE(second("127.0.0.1:80", plain, "127.0.0.2:80", plain));
}

TEST_F(Ports, API_BIND_034_datagram_ports_share_by_the_same_rules) {
    const auto udp = [](Wish wish) {
        wish.transport = Transport::udp;
        return wish;
    };
    const char* local = "127.0.0.1:53";
    EXPECT_TRUE(is_in_use(second(local, udp(plain), local, udp(plain))));
    EXPECT_FALSE(second(local, udp(ra), local, udp(ra)));
    EXPECT_TRUE(is_in_use(second(local, udp(ra), local, udp(plain))));
    EXPECT_FALSE(second(local, udp(rp), local, udp(rp)));
    EXPECT_TRUE(is_in_use(second(local, udp(ra), local, udp(rp))));
}

TEST_F(Ports, UDP_032_tcp_and_udp_ports_are_apart) {
    Wish udp;
    udp.transport = Transport::udp;
    EXPECT_FALSE(second("127.0.0.1:53", plain, "127.0.0.1:53", udp));
}

TEST_F(Ports, API_BIND_036_reuseport_set_after_the_bind_counts) {
    ASSERT_TRUE(bind(1, "127.0.0.1:80"));
    EXPECT_FALSE(bind(2, "127.0.0.1:80", rp));
    ports().set_reuse(1, Transport::tcp, false, true);
    EXPECT_TRUE(bind(2, "127.0.0.1:80", rp));
}

TEST_F(Ports, API_BIND_038_a_released_port_is_free) {
    ASSERT_TRUE(bind(1, "127.0.0.1:80"));
    ports().release(1, Transport::tcp);
    EXPECT_EQ(ports().find(1, Transport::tcp), nullptr);
    EXPECT_TRUE(bind(2, "127.0.0.1:80"));
    ports().release(1, Transport::tcp);  // releasing twice takes nothing from another
    EXPECT_NE(ports().find(2, Transport::tcp), nullptr);
}

TEST_F(Ports, listening_without_a_claim_is_refused) {
    const auto refused = listen_on(9);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error, Error::invalid_argument);
}

/// A server on a whose client on b is connected; the listener is gone.
class LeftBehind : public Ports {
  protected:
    void establish(bool reuse, bool reuse_port = false) {
        tcp::Options options;
        options.reuse_address = reuse;
        options.reuse_port = reuse_port;
        const auto listener = listen(a(), "10.0.0.1:80", options);
        client = connect(b(), at("10.0.0.1:80"));
        settle();
        server = *a().core.tcp().accept(turn(a()), listener);
        a().core.tcp().close_listener(turn(a()), listener);
        settle();
    }
    /// The server closes first: its end is in TIME-WAIT.
    void close_both() {
        a().core.tcp().close(turn(a()), server, tcp::CloseKind::orderly);
        settle();
        b().core.tcp().close(turn(b()), client, tcp::CloseKind::orderly);
        settle();
    }

    tcp::ConnId client;
    tcp::ConnId server;
};

TEST_F(LeftBehind, API_BIND_026_a_live_child_shares_only_with_reuseaddr_on_both) {
    establish(false);
    for (const Wish wish : {plain, ra}) {
        const auto refused = bind(1, "10.0.0.1:80", wish);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().error, Error::address_in_use);
        EXPECT_EQ(refused.error().reason, Reason::port_held_by_connection);
        EXPECT_EQ(refused.error().holder, at("10.0.0.1:80"));
    }
}

TEST_F(LeftBehind, API_BIND_026_a_live_child_of_a_reuseaddr_listener_lets_a_new_one_listen) {
    establish(true);
    EXPECT_FALSE(bind(1, "*:80", plain));
    ASSERT_TRUE(bind(1, "*:80", ra));
    EXPECT_TRUE(listen_on(1));
}

TEST_F(LeftBehind, API_BIND_025_and_TCP_TW_014_time_wait_without_reuseaddr_blocks) {
    establish(false);
    close_both();
    for (const Wish wish : {plain, ra}) {
        const auto refused = bind(1, "*:80", wish);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().error, Error::address_in_use);
        EXPECT_EQ(refused.error().reason, Reason::port_in_time_wait);
    }
    run(61s);
    EXPECT_TRUE(bind(1, "*:80"));
}

TEST_F(LeftBehind, API_BIND_025_and_TCP_TW_014_time_wait_shares_with_reuseaddr_on_both) {
    establish(true);
    close_both();
    EXPECT_FALSE(bind(1, "10.0.0.1:80", plain));
    EXPECT_TRUE(bind(1, "10.0.0.1:80", ra));
}

TEST_F(LeftBehind, API_BIND_018_a_reuseport_server_starts_again_beside_its_old_connections) {
    establish(false, true);
    EXPECT_FALSE(bind(1, "10.0.0.1:80", plain));
    EXPECT_TRUE(bind(1, "10.0.0.1:80", rp));
}

TEST_F(LeftBehind, API_BIND_026_a_connection_on_another_address_is_not_in_the_way) {
    establish(false);
    EXPECT_TRUE(bind(1, "127.0.0.1:80"));
}

TEST_F(Ports, TCP_SEC_011_ports_stay_in_the_range) {
    config.port_first = 50001;
    config.port_last = 50100;
    for (std::uint64_t i = 1; i <= 50; ++i) {
        const std::uint16_t port = bind(i, "127.0.0.1:0")->port.value();
        EXPECT_TRUE(port >= 50001 && port <= 50100) << port;
    }
    for (std::uint16_t i = 1; i <= 50; ++i) {
        const std::string peer = "10.0.0.2:" + std::to_string(i);
        const std::uint16_t port = choose(peer.c_str())->value();
        EXPECT_TRUE(port >= 50001 && port <= 50100) << port;
    }
    EXPECT_EQ(config.port_first % 2, 1);
}

TEST_F(Ports, TCP_SEC_012_and_vuln_10_ports_to_different_peers_follow_no_line) {
    std::vector<int> ports_chosen;
    for (int i = 0; i < 1000; ++i) {
        const std::string peer =
            "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":80";
        ports_chosen.push_back(choose(peer.c_str())->value());
    }
    std::map<int, int> steps;
    for (std::size_t i = 1; i < ports_chosen.size(); ++i) {
        ++steps[ports_chosen[i] - ports_chosen[i - 1]];
    }
    for (const auto& [step, count] : steps) EXPECT_LT(count, 10) << step;
    std::set<int> different(ports_chosen.begin(), ports_chosen.end());
    EXPECT_GT(different.size(), 900U);
}

TEST_F(Ports, TCP_SEC_012_to_one_peer_ports_are_not_repeated_soon) {
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(choose("10.0.0.2:80")->value());
    EXPECT_EQ(seen.size(), 1000U);
}

TEST_F(Ports, TCP_SEC_012_another_seed_gives_other_ports) {
    PortTable one(1);
    PortTable other(2);
    int same = 0;
    for (std::uint16_t i = 1; i <= 100; ++i) {
        const Endpoint peer{addr("10.0.0.2"), Port{i}};
        const auto& engine = a().core.tcp();
        const IpAddr from = addr("10.0.0.1");
        const Port first = *one.choose(asking(), engine, from, peer, Transport::tcp);
        const Port second = *other.choose(asking(), engine, from, peer, Transport::tcp);
        same += first == second ? 1 : 0;
    }
    EXPECT_LT(same, 5);
}

/// Four ports, connections for real.
class FewPorts : public Ports {
  protected:
    FewPorts() {
        config.port_first = 40000;
        config.port_last = 40003;
    }
    /// connect() to `remote`; the refusal where no port was free.
    std::optional<Refusal> open(const char* remote) {
        const auto port = choose(remote);
        if (!port) return port.error();
        const FourTuple tuple{{addr("10.0.0.1"), *port}, at(remote)};
        EXPECT_TRUE(a().core.tcp().connect(turn(a()), tuple, tcp::Path{}, {}));
        return std::nullopt;
    }
};

TEST_F(FewPorts, TCP_SEC_013_a_bound_port_is_not_chosen) {
    ASSERT_TRUE(bind(1, "10.0.0.1:40002"));
    ASSERT_TRUE(listen_on(1));
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(open("10.0.0.2:80"));
    const auto fourth = open("10.0.0.2:80");
    ASSERT_TRUE(fourth);
    EXPECT_EQ(fourth->error, Error::address_not_available);
}

TEST_F(FewPorts, TCP_SEC_014_ports_are_shared_between_peers) {
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(open("10.0.0.2:80"));
    EXPECT_TRUE(open("10.0.0.2:80"));
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(open("10.0.0.2:81"));
    EXPECT_FALSE(open("10.0.0.3:80"));
}

TEST_F(FewPorts, TCP_SEC_015_exhaustion_is_address_not_available_or_in_use) {
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(open("10.0.0.2:80"));
    const auto fifth = open("10.0.0.2:80");
    ASSERT_TRUE(fifth);
    EXPECT_EQ(fifth->error, Error::address_not_available);
    EXPECT_EQ(fifth->reason, Reason::ports_exhausted);
    const auto bound = bind(1, "10.0.0.1:0");
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().error, Error::address_in_use);
}

TEST_F(FewPorts, TCP_SEC_016_reserved_ports_are_never_picked_but_may_be_named) {
    ports().reserve(Port{40001}, Port{40002});
    std::set<std::uint16_t> picked;
    for (std::uint64_t owner = 1; owner <= 2; ++owner) {
        picked.insert(bind(owner, "127.0.0.1:0")->port.value());
    }
    EXPECT_EQ(picked, (std::set<std::uint16_t>{40000, 40003}));
    EXPECT_FALSE(bind(3, "127.0.0.1:0"));
    EXPECT_TRUE(bind(3, "127.0.0.1:40001"));
}

TEST_F(Ports, TCP_SEC_017_connections_and_bind_prefer_different_parity) {
    for (std::uint16_t i = 1; i <= 200; ++i) {
        const std::string peer = "10.0.0.2:" + std::to_string(i);
        EXPECT_EQ(choose(peer.c_str())->value() % 2, 0);
        EXPECT_EQ(bind(i, "127.0.0.1:0")->port.value() % 2, 1);
    }
}

TEST_F(Ports, UDP_030_a_datagram_socket_finds_a_port) {
    const auto port = ports().choose(asking(), a().core.tcp(), addr("10.0.0.1"), at("10.0.0.2:53"),
                                     Transport::udp);
    ASSERT_TRUE(port);
    EXPECT_GE(port->value(), config.port_first);
}

}  // namespace
}  // namespace dt::core::test

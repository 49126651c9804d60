// Hosts with a router between them: connections through it, and what it says goes wrong.
#include "core/hosts_fixture.hpp"

namespace dt::core::test {
namespace {

using event::State;

/// a — router — b: 10.0.1.0/24 and 10.0.2.0/24.
class Routed : public Hosts {
  protected:
    Routed() {
        add_host();
        add_host();
        Host& router = add_host();
        link(a(), a().join("10.0.1.1", 1, false), router, router.join("10.0.1.254", 1, false));
        link(b(), b().join("10.0.2.1", 1, false), router, router.join("10.0.2.254", 2, false));
        router.core.ip().set_forwarding(true);
        a().route_by("10.0.1.254");
        b().route_by("10.0.2.254");
    }
    [[nodiscard]] Host& router() { return *hosts[2]; }
};

TEST_F(Routed, a_connection_crosses_a_router_under_the_same_frame_numbers) {
    const auto listener = listen(b(), "10.0.2.1:80");
    const auto client = connect(a(), at("10.0.2.1:80"));
    settle();
    ASSERT_EQ(state(a(), client), State::established);
    const auto server = b().core.tcp().accept(turn(b()), listener);
    ASSERT_TRUE(server);
    write(a(), client, "far");
    settle();
    EXPECT_EQ(read(b(), *server), "far");
    EXPECT_EQ(a().log.all<event::SegmentSent>()[0].segment.frame,
              b().log.all<event::SegmentReceived>()[0].segment.frame);
    EXPECT_TRUE(router().log.all<event::SegmentReceived>().empty());
}

TEST_F(Routed, TCP_ICMP_001_no_route_behind_the_router_is_network_unreachable) {
    const auto client = connect(a(), at("192.0.2.1:80"));
    settle();
    EXPECT_EQ(a().core.tcp().take_error(client), Error::network_unreachable);
    EXPECT_EQ(state(a(), client), State::closed);
}

TEST_F(Routed, TCP_ICMP_002_nobody_behind_the_router_is_host_unreachable) {
    const auto client = connect(a(), at("10.0.2.77:80"));
    run(4s);
    EXPECT_EQ(a().core.tcp().take_error(client), Error::host_unreachable);
}

TEST_F(Routed, TCP_ICMP_006_a_ttl_that_runs_out_is_host_unreachable) {
    tcp::Options options;
    options.ttl = 1;
    const auto chosen = a().core.choose_path(addr("10.0.2.1"), std::nullopt);
    ASSERT_TRUE(chosen);
    tcp::Path path = chosen->path;
    path.ttl = 1;
    const auto client = a().core.tcp().connect(
        turn(a()), {{chosen->source, Port{5000}}, at("10.0.2.1:80")}, path, options);
    ASSERT_TRUE(client);
    settle();
    EXPECT_EQ(a().core.tcp().take_error(*client), Error::host_unreachable);
}

TEST_F(Routed, UDP_013_a_soft_error_is_not_told_to_a_connected_socket) {
    const Socket sender = open(a(), "10.0.1.1:4000");
    a().core.udp().connect(sender.id, at("192.0.2.1:53"));
    send(a(), sender.local, at("192.0.2.1:53"), 10);
    settle();
    EXPECT_EQ(a().log.all<event::IcmpMoved>().size(), 1U);
    EXPECT_EQ(a().core.udp().take_error(sender.id), std::nullopt);
}

}  // namespace
}  // namespace dt::core::test

// Tests of ICMP redirects of IPv4, where a host is told to heed them (spec IP4-033).
#include "ip/host_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;

Config heeding() {
    Config config;
    config.accept_redirects = event::Switch::on;
    return config;
}

/// A host with a default router 10.9.0.2; 10.9.0.3 is another one.
class RedirectTest : public HostFixture {
  protected:
    explicit RedirectTest(const Config& settings = heeding()) : HostFixture(settings) {
        add_default("10.9.0.2");
        know(1, "10.9.0.2", 2);
        know(1, "10.9.0.3", 3);
    }

    /// "Send what is for `destination` to `gateway`", as `from` says it.
    void hear(const char* gateway, const char* destination, const char* from = "10.9.0.2",
              std::uint8_t code = 1, const char* source = "10.9.0.1") {
        Packet sent_before = udp(4000, 5000, 0);
        sent_before.source = addr(source);
        sent_before.destination = addr(destination);
        const Bytes quoted = sent_before.ip();
        Bytes message(8);
        wire::Icmpv4Repr{wire::Icmpv4Type::redirect, code, addr(gateway).v4().value()}.emit(
            message, Checksum::of(quoted));
        message.insert(message.end(), quoted.begin(), quoted.end());
        Packet packet = icmp(message);
        packet.source = addr(from);
        inject(packet);
    }
    /// The link address that a packet for `destination` goes to.
    Mac next_hop(const char* destination) {
        EXPECT_TRUE(host.send(turn(), out_to(destination, 10)));
        const auto frames = sent();
        return frames.empty() ? Mac{} : frames.back().link().destination();
    }
    std::size_t refused(Reason reason) {
        const auto told = log.all<event::IcmpMoved>();
        return static_cast<std::size_t>(std::ranges::count_if(
            told, [reason](const auto& one) { return one.reason == reason; }));
    }
};

class UnheedingRedirectTest : public RedirectTest {
  protected:
    UnheedingRedirectTest() : RedirectTest(Config{}) {}
};

TEST_F(RedirectTest, IP4_033_the_first_hop_names_a_better_one_for_a_destination) {
    ASSERT_EQ(next_hop("192.0.2.1"), mac(2));
    hear("10.9.0.3", "192.0.2.1");
    EXPECT_EQ(next_hop("192.0.2.1"), mac(3));
    EXPECT_EQ(next_hop("192.0.2.2"), mac(2));
    EXPECT_EQ(refused(Reason::redirect_refused), 0U);
}

TEST_F(RedirectTest, IP4_033_what_is_said_of_a_network_counts_for_the_destination_alone) {
    hear("10.9.0.3", "192.0.2.1", "10.9.0.2", 0);
    EXPECT_EQ(next_hop("192.0.2.1"), mac(3));
    EXPECT_EQ(next_hop("192.0.2.2"), mac(2));
}

TEST_F(RedirectTest, IP4_033_only_the_present_first_hop_is_heeded_and_only_about_its_own_link) {
    hear("10.9.0.3", "192.0.2.1", "10.9.0.3");                  // no router of this destination
    hear("10.8.0.3", "192.0.2.1");                              // not on the link
    hear("10.9.0.1", "192.0.2.1");                              // ourselves
    hear("10.9.0.255", "192.0.2.1");                            // all of the link
    hear("224.0.0.1", "192.0.2.1");                             // a group
    hear("10.9.0.2", "192.0.2.1");                              // nothing new
    hear("10.9.0.3", "192.0.2.1", "10.9.0.2", 1, "10.9.0.77");  // not about a packet of ours
    hear("10.9.0.3", "10.9.0.5");                               // a neighbour needs no router
    EXPECT_EQ(refused(Reason::redirect_refused), 8U);
    hear("10.9.0.3", "192.0.2.1", "10.9.0.2", 4);
    EXPECT_EQ(refused(Reason::bad_header), 1U);
    EXPECT_EQ(next_hop("192.0.2.1"), mac(2));
}

TEST_F(RedirectTest, IP4_033_the_last_word_counts_and_a_doubt_forgets_it) {
    know(1, "10.9.0.4", 4);
    hear("10.9.0.3", "192.0.2.1");
    hear("10.9.0.4", "192.0.2.1", "10.9.0.3");
    EXPECT_EQ(next_hop("192.0.2.1"), mac(4));
    host.doubt(turn(), addr("192.0.2.1"), addr("10.9.0.1"));
    EXPECT_EQ(next_hop("192.0.2.1"), mac(2));
}

TEST_F(RedirectTest, IP4_033_redirects_are_bounded_in_number) {
    const std::size_t before = host.routes().size();
    for (unsigned i = 0; i < 200; ++i) {
        hear("10.9.0.3", ("192.0.2." + std::to_string(i)).c_str());
    }
    EXPECT_EQ(host.routes().size(), before + 64);
}

TEST_F(UnheedingRedirectTest, IP4_033_redirects_are_not_heeded_unless_asked_for) {
    hear("10.9.0.3", "192.0.2.1");
    EXPECT_EQ(refused(Reason::not_offered), 1U);
    EXPECT_EQ(next_hop("192.0.2.1"), mac(2));
}

TEST_F(RedirectTest, IP4_033_a_router_heeds_none) {
    host.set_forwarding(true);
    hear("10.9.0.3", "192.0.2.1");
    EXPECT_EQ(refused(Reason::not_offered), 1U);
}

}  // namespace
}  // namespace dt::ip::test

// Tests of neighbour discovery of one host: answers, questions, what is learned.
#include <gtest/gtest.h>

#include "ip/host_v6_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using namespace std::chrono_literals;

class Nd : public HostV6Fixture {
  protected:
    static constexpr const char* group = "ff02::1:ff00:1";  // of both own addresses

    static Bytes advertisement(const char* target, bool solicited, bool overrides,
                               std::optional<Mac> link_address) {
        const wire::NeighborAdvertisement message{.target = v6(target),
                                                  .is_router = false,
                                                  .solicited = solicited,
                                                  .overrides = overrides,
                                                  .options = {}};
        const auto octets = wire::make_advertisement(message, link_address.value_or(Mac{}));
        return {octets.begin(), octets.begin() + (link_address ? 32 : 24)};
    }
    [[nodiscard]] std::optional<NeighborState> state_of_peer() const {
        return host.neighbors().state({link, addr(peer_text)}, now);
    }
    [[nodiscard]] std::optional<Mac> mac_of_peer() const {
        return host.neighbors().mac({link, addr(peer_text)});
    }
    Status send_to_peer(const char* to = peer_text) {
        PacketOut packet = out_to(to, 32);
        packet.source = IpAddr::any_v6();
        return host.send(turn(), std::move(packet));
    }
    /// The peer answered our question: REACHABLE at mac(2).
    void reach_peer() {
        ASSERT_TRUE(send_to_peer());
        sent();
        hear(PacketV6::nd(advertisement(peer_text, true, true, mac(2))));
        sent();
        ASSERT_EQ(state_of_peer(), NeighborState::reachable);
    }
};

TEST_F(Nd, ND_001_a_question_to_the_group_is_answered_with_flags_and_link_address) {
    hear(PacketV6::nd(solicitation(own_text), peer_text, group));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(sums_up_v6(frames[0]));
    EXPECT_EQ(ip6(frames[0]).hop_limit(), 255);
    EXPECT_EQ(ip6(frames[0]).source(), v6(own_text));
    EXPECT_EQ(frames[0].link().destination(), mac(2));
    const auto answer = wire::NeighborAdvertisement::parse(ip6(frames[0]).payload());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->target, v6(own_text));
    EXPECT_TRUE(answer->solicited);
    EXPECT_TRUE(answer->overrides);
    EXPECT_FALSE(answer->is_router);
    EXPECT_EQ(answer->options.target_link, mac(9));
}

TEST_F(Nd, ND_001_ND_026_a_question_to_us_alone_is_answered_without_link_address) {
    hear(PacketV6::nd(solicitation(own_text)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    const auto answer = wire::NeighborAdvertisement::parse(ip6(frames[0]).payload());
    EXPECT_TRUE(answer->solicited);
    EXPECT_FALSE(answer->overrides);
    EXPECT_FALSE(answer->options.target_link);
}

TEST_F(Nd, ND_001_a_question_about_another_address_is_not_answered) {
    hear(PacketV6::nd(solicitation("2001:db8::5"), peer_text, group));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.all<event::IcmpMoved>()[0].reason, Reason::nd_not_for_us);
}

TEST_F(Nd, ND_002_and_ICMP6_010_messages_that_no_neighbour_sends_are_dropped) {
    const auto is_silent = [this](const PacketV6& packet) {
        log.clear();
        hear(packet);
        const auto told = log.all<event::IcmpMoved>();
        return sent().empty() && told.size() == 1 && told[0].reason == Reason::nd_malformed;
    };
    PacketV6 far = PacketV6::nd(solicitation(own_text), peer_text, group);
    far.hop_limit = 254;  // ICMP6-010
    EXPECT_TRUE(is_silent(far));
    Bytes code = solicitation(own_text);
    code[1] = std::byte{1};
    EXPECT_TRUE(is_silent(PacketV6::nd(code, peer_text, group)));
    Bytes empty_option = solicitation(own_text);
    empty_option[25] = std::byte{0};
    EXPECT_TRUE(is_silent(PacketV6::nd(empty_option, peer_text, group)));
    EXPECT_TRUE(is_silent(PacketV6::nd(solicitation("ff02::1"), peer_text, group)));
    Bytes too_short = solicitation(own_text);
    too_short.resize(20);
    EXPECT_TRUE(is_silent(PacketV6::nd(too_short, peer_text, group)));
    Bytes unknown_option = solicitation(own_text);
    unknown_option[24] = std::byte{77};
    hear(PacketV6::nd(unknown_option, peer_text, group));
    EXPECT_EQ(sent().size(), 1U);  // skipped; the answer waits for the peer's link address
}

TEST_F(Nd, AQuestionAboutAnAddressOfIpv4IsNotAnswered) {
    inject(PacketV6::nd(solicitation("::ffff:10.9.0.1"), "fe80::2", own_link_text).frame(), 1);
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.all<event::IcmpMoved>().back().reason, Reason::nd_malformed);
}

TEST_F(Nd, ND_027_a_question_from_nobody_goes_to_the_group_and_names_no_link_address) {
    hear(PacketV6::nd(solicitation(own_text), "::", group));
    hear(PacketV6::nd(solicitation(own_text), "::", own_text));
    EXPECT_TRUE(sent().empty());
}

TEST_F(Nd, ND_003_a_probe_of_our_address_is_answered_to_all_nodes) {
    const auto octets = wire::make_probe(v6(own_text), {});
    hear(PacketV6::nd({octets.begin(), octets.end()}, "::", group));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(ip6(frames[0]).destination(), wire::all_nodes());
    EXPECT_EQ(frames[0].link().destination(), Mac({0x33, 0x33, 0, 0, 0, 1}));
    const auto answer = wire::NeighborAdvertisement::parse(ip6(frames[0]).payload());
    EXPECT_FALSE(answer->solicited);
    EXPECT_TRUE(answer->overrides);
    EXPECT_EQ(answer->options.target_link, mac(9));
}

TEST_F(Nd, ND_004_an_unknown_neighbour_is_asked_three_times_by_its_group) {
    ASSERT_TRUE(send_to_peer());
    auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(sums_up_v6(frames[0]));
    EXPECT_EQ(ip6(frames[0]).destination(), v6("ff02::1:ff00:2"));
    EXPECT_EQ(frames[0].link().destination(), Mac({0x33, 0x33, 0xff, 0, 0, 2}));  // ND-024
    const auto question = wire::NeighborSolicitation::parse(ip6(frames[0]).payload());
    EXPECT_EQ(question->target, v6(peer_text));
    EXPECT_EQ(question->options.source_link, mac(9));
    advance(5s);
    ASSERT_EQ(later.size(), 2U);
    EXPECT_EQ(later[0].at, Instant{} + 1s);
    EXPECT_EQ(later[1].at, Instant{} + 2s);
    const auto gone = host.next_unreachable();
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->next_hop, addr(peer_text));
    EXPECT_EQ(gone->protocol, 200);
}

TEST_F(Nd, ND_005_what_waited_leaves_when_the_neighbour_answers) {
    ASSERT_TRUE(send_to_peer());
    ASSERT_TRUE(send_to_peer());
    sent();
    hear(PacketV6::nd(advertisement(peer_text, true, true, mac(2))));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].link().destination(), mac(2));
    EXPECT_EQ(frames[0].link().type(), wire::EtherType::ipv6);
    EXPECT_EQ(ip6(frames[0]).source(), v6(own_text));
}

TEST_F(Nd, ND_006_a_neighbour_ages_is_probed_and_fails) {
    reach_peer();
    now += 46s;
    EXPECT_EQ(state_of_peer(), NeighborState::stale);
    const Instant used = now;
    ASSERT_TRUE(send_to_peer());
    EXPECT_EQ(sent().size(), 1U);
    EXPECT_EQ(state_of_peer(), NeighborState::delay);
    advance(10s);
    ASSERT_EQ(later.size(), 3U);
    EXPECT_EQ(later[0].at, used + 5s);
    EXPECT_EQ(later[0].frame.link().destination(), mac(2));
    EXPECT_EQ(ip6(later[0].frame).source(), v6("fe80::ff:fe00:9"));
    EXPECT_EQ(ip6(later[0].frame).destination(), v6(peer_text));
    EXPECT_EQ(later[2].at, used + 7s);
    EXPECT_EQ(state_of_peer(), NeighborState::failed);
}

TEST_F(Nd, ND_008_an_answer_nobody_asked_for_makes_no_entry_and_a_question_does) {
    hear(PacketV6::nd(advertisement(peer_text, false, true, mac(2)), peer_text, "ff02::1"));
    EXPECT_FALSE(state_of_peer());
    hear(PacketV6::nd(solicitation(own_text), peer_text, group));
    EXPECT_EQ(mac_of_peer(), mac(2));
}

TEST_F(Nd, ND_007_ND_025_what_an_advertisement_does_to_a_reachable_entry) {
    struct Case {
        bool solicited, overrides;
        std::optional<Mac> link_address;
        Mac known;
        NeighborState state;
    };
    const std::vector<Case> cases{
        {false, false, mac(5), mac(2), NeighborState::stale},
        {true, false, mac(5), mac(2), NeighborState::stale},
        {false, true, mac(5), mac(5), NeighborState::stale},
        {true, true, mac(5), mac(5), NeighborState::reachable},
        {false, false, mac(2), mac(2), NeighborState::reachable},
        {true, false, mac(2), mac(2), NeighborState::reachable},
        {false, true, std::nullopt, mac(2), NeighborState::reachable},
        {true, true, std::nullopt, mac(2), NeighborState::reachable},
    };
    for (const Case& one : cases) {
        reach_peer();
        hear(
            PacketV6::nd(advertisement(peer_text, one.solicited, one.overrides, one.link_address)));
        EXPECT_EQ(mac_of_peer(), one.known);
        EXPECT_EQ(state_of_peer(), one.state);
        // Back to mac(2) for the next case.
        hear(PacketV6::nd(advertisement(peer_text, true, true, mac(2))));
    }
}

TEST_F(Nd, ND_007_ND_025_what_an_advertisement_does_to_a_stale_entry) {
    reach_peer();
    const auto grow_stale = [this] {
        hear(PacketV6::nd(advertisement(peer_text, true, true, mac(2))));
        now += 46s;
        ASSERT_EQ(state_of_peer(), NeighborState::stale);
    };
    grow_stale();
    hear(PacketV6::nd(advertisement(peer_text, true, false, mac(5))));
    EXPECT_EQ(mac_of_peer(), mac(2));
    EXPECT_EQ(state_of_peer(), NeighborState::stale);
    hear(PacketV6::nd(advertisement(peer_text, true, false, mac(2))));
    EXPECT_EQ(state_of_peer(), NeighborState::reachable);
    grow_stale();
    hear(PacketV6::nd(advertisement(peer_text, false, false, mac(2))));
    EXPECT_EQ(state_of_peer(), NeighborState::stale);
}

TEST_F(Nd, ND_007_an_incomplete_entry_needs_a_link_address) {
    ASSERT_TRUE(send_to_peer());
    hear(PacketV6::nd(advertisement(peer_text, true, true, std::nullopt)));
    EXPECT_EQ(state_of_peer(), NeighborState::incomplete);
    hear(PacketV6::nd(advertisement(peer_text, false, false, mac(2))));
    EXPECT_NE(state_of_peer(), NeighborState::incomplete);
    EXPECT_NE(state_of_peer(), NeighborState::reachable);
    EXPECT_EQ(mac_of_peer(), mac(2));
}

TEST_F(Nd, ND_023_fragmented_messages_are_dropped) {
    PacketV6 packet = PacketV6::nd(solicitation(own_text), peer_text, group);
    Bytes header(wire::Ipv6Fragment::size());
    wire::Ipv6Fragment{wire::NextHeader::icmpv6, 0, false, 3}.emit(header);
    packet.payload = header + packet.payload;
    packet.next_header = 44;
    hear(packet);
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.dropped(Reason::nd_malformed), 1U);
}

TEST_F(Nd, TheLinkLocalAddressIsTheEui64OfTheLink) {
    EXPECT_TRUE(host.is_local(addr(own_link_text)));
    EXPECT_TRUE(host.is_local(addr("fe80::ff:fe00:9")));
    EXPECT_TRUE(host.is_local(IpAddr::loopback_v6()));
}

TEST_F(Nd, ALinkLocalDestinationLeavesByTheLinkOfItsSource) {
    PacketOut packet = out_to("fe80::2", 8);
    packet.source = addr("fe80::ff:fe00:9");
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].interface, link);
    packet = out_to("fe80::2", 8);
    packet.source = IpAddr::any_v6();
    packet.by = 1;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    EXPECT_EQ(sent()[0].interface, 1);
}

TEST_F(Nd, IP6_018_a_large_datagram_leaves_in_fragments_with_ids_that_cannot_be_guessed) {
    know_peer_v6();
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 20; ++i) {
        PacketOut packet = out_to(peer_text, 3008, 17);
        packet.frame = pool.frame();
        EXPECT_TRUE(packet.frame->add(pool.copy(Bytes(3000))));
        Bytes header(8);
        std::ranges::copy(header, packet.frame->prepend(8).begin());
        packet.source = addr(own_text);
        packet.dont_fragment = false;
        ASSERT_TRUE(host.send(turn(), std::move(packet)));
        const auto frames = sent();
        ASSERT_EQ(frames.size(), 3U);
        EXPECT_EQ(frames[0].link().payload().size(), 1496U);
        EXPECT_EQ(frames[2].link().payload().size(), 160U);
        ids.push_back(wire::Ipv6Fragment::parse(ip6(frames[0]).payload())->id);
    }
    std::ranges::sort(ids);
    EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
    EXPECT_GT(ids.back() - ids.front(), 1U << 24);
}

TEST_F(Nd, IP6_019_a_flow_has_one_label_and_another_flow_another) {
    know_peer_v6();
    const auto label_of = [this](std::uint16_t port) {
        PacketOut packet = out_to(peer_text, 0, 6);
        packet.frame = pool.frame();
        store_be(packet.frame->prepend(20), 0, port);
        packet.source = addr(own_text);
        EXPECT_TRUE(host.send(turn(), std::move(packet)));
        return ip6(sent()[0]).flow_label();
    };
    EXPECT_NE(label_of(1000), 0U);
    EXPECT_EQ(label_of(1000), label_of(1000));
    EXPECT_NE(label_of(1000), label_of(1001));
}

TEST_F(Nd, ND_024_a_group_is_a_link_address_by_its_last_32_bits) {
    ASSERT_TRUE(send_to_peer("ff02::1:ff00:1234"));
    const auto frames = sent();
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back().link().destination(), Mac({0x33, 0x33, 0xff, 0x00, 0x12, 0x34}));
}

}  // namespace
}  // namespace dt::ip::test

// ARP and the states of neighbours (spec 5.4).
#include "ip/neighbor.hpp"

#include "ip/host_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::NeighbourChange;
using event::Reason;
using wire::ArpOperation;
using wire::ArpRepr;

constexpr Ipv4 ours{10, 9, 0, 1};
constexpr Ipv4 peer{10, 9, 0, 2};
constexpr Ipv4 third{10, 9, 0, 3};

class Neighbor : public HostFixture {
  protected:
    static NeighborKey key(Ipv4 address) { return {1, address}; }
    std::optional<NeighborState> state(Ipv4 address = peer) {
        return host.neighbors().state(key(address), now);
    }
    std::optional<Mac> known(Ipv4 address = peer) { return host.neighbors().mac(key(address)); }

    /// The peer asks for `target`.
    std::vector<Sent> ask(Ipv4 target, Mac from = mac(2), Ipv4 sender = peer,
                          Mac to = Mac::broadcast()) {
        inject(arp({ArpOperation::request, from, sender, Mac{}, target}, to));
        return sent();
    }
    /// The peer answers our question.
    void answer(Mac from = mac(2), Ipv4 sender = peer) {
        inject(arp({ArpOperation::reply, from, sender, mac(1), ours}, mac(1)));
    }
    Status send_to_peer(std::size_t octets = 10) {
        return host.send(turn(), out_to("10.9.0.2", octets));
    }
};

TEST_F(Neighbor, ARP_001_a_request_for_us_is_answered_by_unicast) {
    for (const Mac to : {Mac::broadcast(), mac(1)}) {
        const auto frames = ask(ours, mac(2), peer, to);
        ASSERT_EQ(frames.size(), 1U);
        EXPECT_EQ(frames[0].link().destination(), mac(2));
        EXPECT_EQ(frames[0].arp(), (ArpRepr{ArpOperation::reply, mac(1), ours, mac(2), peer}));
    }
}

TEST_F(Neighbor, TCP_9293_MUST_20_a_neighbour_in_doubt_is_asked_at_once_and_not_too_often) {
    know_peer();
    ASSERT_TRUE(send_to_peer());
    answer();
    sent();
    ASSERT_EQ(state(), NeighborState::reachable);
    now += 2s;
    host.doubt(turn(), addr("10.9.0.2"), addr("10.9.0.1"));
    EXPECT_EQ(state(), NeighborState::probe);
    const auto asked = sent();
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].link().destination(), mac(2));
    EXPECT_EQ(asked[0].arp().target_ip, peer);
    answer();
    EXPECT_EQ(state(), NeighborState::reachable);
    host.doubt(turn(), addr("10.9.0.2"), addr("10.9.0.1"));
    EXPECT_EQ(state(), NeighborState::reachable);
    EXPECT_TRUE(sent().empty());
}

TEST_F(Neighbor, ADoubtAboutNobodyOrAPermanentNeighbourAsksNothing) {
    host.doubt(turn(), addr("10.9.0.2"), addr("10.9.0.1"));
    EXPECT_FALSE(state());
    know(1, "10.9.0.2", 2);
    host.doubt(turn(), addr("10.9.0.2"), addr("10.9.0.1"));
    EXPECT_EQ(state(), NeighborState::permanent);
    EXPECT_TRUE(sent().empty());
}

TEST_F(Neighbor, ARP_002_and_vuln_18_other_formats_are_refused) {
    const Bytes fine = arp({ArpOperation::request, mac(2), peer, Mac{}, ours}, Mac::broadcast());
    struct Change {
        std::size_t at;
        std::uint16_t value;
    };
    for (const Change change :
         {Change{14, 0}, Change{14, 2}, Change{16, 0x86dd}, Change{18, 0x0804}, Change{18, 0x0610},
          Change{18, 0}, Change{20, 0}, Change{20, 3}}) {
        Bytes frame = fine;
        store_be(frame, change.at, change.value);
        inject(frame);
        EXPECT_TRUE(sent().empty()) << change.at;
        EXPECT_FALSE(state());
    }
    for (std::size_t length = 14; length < 42; ++length) {
        Bytes cut = fine;
        cut.resize(length);
        inject(cut);
        EXPECT_TRUE(sent().empty()) << length;
    }
    EXPECT_EQ(log.dropped(Reason::arp_malformed), 8U + 28U);
    Bytes ieee_802 = fine;
    store_be<std::uint16_t>(ieee_802, 14, 6);
    inject(ieee_802);
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(Neighbor, ARP_003_only_who_asks_for_us_is_added) {
    ask(third);
    EXPECT_FALSE(state());
    inject(arp({ArpOperation::request, mac(2), peer, Mac{}, peer}, Mac::broadcast()));
    EXPECT_FALSE(state());
    answer();
    EXPECT_FALSE(state());
    EXPECT_EQ(log.dropped(Reason::arp_not_for_us), 3U);
    ask(ours);
    EXPECT_EQ(state(), NeighborState::stale);
    EXPECT_EQ(known(), mac(2));
}

TEST_F(Neighbor, ARP_003_who_is_known_may_change_its_link_address) {
    ask(ours);
    ask(third, mac(22));
    EXPECT_EQ(known(), mac(22));
    EXPECT_EQ(state(), NeighborState::stale);
    inject(arp({ArpOperation::reply, mac(23), peer, Mac::broadcast(), peer}, Mac::broadcast()));
    EXPECT_EQ(known(), mac(23));
    EXPECT_EQ(state(), NeighborState::stale);
    answer(mac(24));
    EXPECT_EQ(known(), mac(24));
    EXPECT_EQ(state(), NeighborState::reachable);
}

TEST_F(Neighbor, ARP_004_and_ARP_017_requests_for_others_are_not_answered) {
    EXPECT_TRUE(ask(third).empty());
    EXPECT_EQ(log.dropped(Reason::arp_not_for_us), 1U);
}

TEST_F(Neighbor, ARP_004_an_address_of_another_interface_is_answered) {
    host.add_interface({.name = "eth1",
                        .mac = mac(11),
                        .mtu = 1500,
                        .addresses = {{addr("10.8.0.1"), 24}},
                        .vouches = false,
                        .super_segment_max = 0});
    const auto frames = ask(Ipv4{10, 8, 0, 1});
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].arp().sender_mac, mac(1));
    EXPECT_TRUE(ask(Ipv4::loopback()).empty());
}

TEST_F(Neighbor, ARP_005_a_reachable_neighbour_grows_stale_and_is_probed_when_used) {
    ASSERT_TRUE(send_to_peer());
    sent();
    answer();
    sent();
    EXPECT_EQ(state(), NeighborState::reachable);
    advance(14900ms);
    EXPECT_EQ(state(), NeighborState::reachable);
    advance(30200ms);
    EXPECT_EQ(state(), NeighborState::stale);

    later.clear();
    const Instant used = now;
    ASSERT_TRUE(send_to_peer());
    EXPECT_EQ(sent().size(), 1U);  // at once, to the old address
    EXPECT_EQ(state(), NeighborState::delay);
    advance(10s);
    ASSERT_EQ(later.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(later[i].at - used, 5s + i * 1s);
        EXPECT_EQ(later[i].frame.link().destination(), mac(2));
        EXPECT_EQ(later[i].frame.arp().operation, ArpOperation::request);
    }
    EXPECT_EQ(state(), NeighborState::failed);
}

TEST_F(Neighbor, ARP_005_an_answer_to_a_probe_makes_it_reachable_again) {
    ask(ours);
    ASSERT_TRUE(send_to_peer());
    sent();
    advance(5500ms);
    EXPECT_EQ(state(), NeighborState::probe);
    answer();
    EXPECT_EQ(state(), NeighborState::reachable);
    EXPECT_EQ(host.deadline(), never);
}

TEST_F(Neighbor, ARP_006_questions_go_out_once_a_second_and_begin_anew_after_failure) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(send_to_peer());
    auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].link().destination(), Mac::broadcast());
    EXPECT_EQ(frames[0].arp(), (ArpRepr{ArpOperation::request, mac(1), ours, Mac{}, peer}));
    advance(3500ms);
    ASSERT_EQ(later.size(), 2U);
    EXPECT_EQ(later[0].at, Instant{} + 1s);
    EXPECT_EQ(later[1].at, Instant{} + 2s);
    EXPECT_EQ(state(), NeighborState::failed);
    ASSERT_TRUE(send_to_peer());
    frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(frames[0].is_arp());
}

TEST_F(Neighbor, ARP_007_the_newest_packets_wait_and_leave_in_order) {
    for (std::uint8_t i = 0; i < 200; ++i) {
        PacketOut packet = out_to("10.9.0.2", 1000);
        packet.tos = i;
        ASSERT_TRUE(host.send(turn(), std::move(packet)));
    }
    EXPECT_EQ(log.dropped(Reason::neighbour_queue_full), 108U);
    sent();
    answer();
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 92U);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].ip().tos(), 108 + i);
        EXPECT_EQ(frames[i].link().destination(), mac(2));
    }
}

TEST_F(Neighbor, ARP_007_as_many_small_packets_wait_as_on_linux) {
    for (int i = 0; i < 400; ++i) ASSERT_TRUE(send_to_peer(20));
    sent();
    answer();
    EXPECT_EQ(sent().size(), 256U);
}

TEST_F(Neighbor, ARP_008_and_ARP_009_failure_is_told_after_three_questions) {
    ASSERT_TRUE(send_to_peer(20));
    sent();
    advance(2900ms);
    EXPECT_FALSE(host.next_unreachable());
    EXPECT_EQ(log.dropped(), 0U);
    advance(200ms);
    const auto gone = host.next_unreachable();
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->next_hop, addr("10.9.0.2"));
    EXPECT_EQ(gone->source, addr("10.9.0.1"));
    EXPECT_EQ(gone->destination, addr("10.9.0.2"));
    EXPECT_EQ(gone->transport[0], std::byte{0x55});
    EXPECT_EQ(log.dropped(Reason::neighbour_silent), 1U);
    EXPECT_FALSE(host.next_unreachable());
}

TEST_F(Neighbor, ARP_010_advice_from_the_transport_keeps_it_reachable) {
    ask(ours);
    ASSERT_TRUE(send_to_peer());
    sent();
    for (int i = 0; i < 30; ++i) {
        host.confirm(turn(), addr("10.9.0.2"), addr("10.9.0.1"));
        advance(2s);
        ASSERT_TRUE(send_to_peer());
        const auto frames = sent();
        ASSERT_EQ(frames.size(), 1U);
        EXPECT_FALSE(frames[0].is_arp());
    }
    EXPECT_EQ(state(), NeighborState::reachable);
    EXPECT_TRUE(later.empty());
}

TEST_F(Neighbor, ARP_011_and_vuln_18_the_table_is_bounded) {
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        ask(ours, mac(2), Ipv4{0x0b000000U + i});
        log.clear();
    }
    EXPECT_EQ(host.neighbors().size(), 1024U);
    EXPECT_TRUE(known(Ipv4{0x0b000000U + 99'999}));
    EXPECT_FALSE(known(Ipv4{0x0b000000U}));
}

TEST_F(Neighbor, ARP_011_the_least_lately_used_goes_and_what_waits_for_it_is_told) {
    ASSERT_TRUE(send_to_peer());
    ask(ours, mac(3), third);
    for (std::uint32_t i = 0; i < 1023; ++i) {
        if (i == 500) {
            ASSERT_TRUE(host.send(turn(), out_to("10.9.0.3", 10)));
        }
        ask(ours, mac(2), Ipv4{0x0b000000U + i});
    }
    EXPECT_FALSE(state(peer));
    EXPECT_TRUE(known(third));
    EXPECT_EQ(log.dropped(Reason::neighbour_queue_full), 1U);
    EXPECT_LE(host.deadline(), Instant{} + 5s);
}

TEST_F(Neighbor, ARP_012_our_own_address_claimed_by_another_is_told_and_kept) {
    EXPECT_TRUE(ask(ours, mac(9), ours).empty());
    EXPECT_EQ(log.dropped(Reason::arp_conflict), 1U);
    EXPECT_FALSE(state(ours));
    EXPECT_EQ(ask(ours).size(), 1U);
}

TEST_F(Neighbor, ARP_013_no_gratuitous_question_when_an_address_is_added) {
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(host.deadline(), never);
}

TEST_F(Neighbor, ARP_014_a_probe_is_answered_and_not_remembered) {
    const auto frames = ask(ours, mac(2), Ipv4::any());
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].arp().target_ip, Ipv4::any());
    EXPECT_EQ(frames[0].link().destination(), mac(2));
    EXPECT_EQ(host.neighbors().size(), 0U);
}

TEST_F(Neighbor, ARP_015_many_are_reached_without_a_question) {
    PacketOut group = out_to("239.1.2.3", 10);
    group.ttl = 1;
    ASSERT_TRUE(host.send(turn(), std::move(group)));
    ASSERT_TRUE(host.send(turn(), out_to("10.9.0.255", 10)));
    ASSERT_TRUE(host.send(turn(), out_to("255.255.255.255", 10)));
    std::vector<Mac> to;
    for (const Sent& frame : sent()) {
        EXPECT_FALSE(frame.is_arp());
        if (frame.interface == 1) to.push_back(frame.link().destination());
    }
    EXPECT_EQ(to,
              (std::vector<Mac>{Mac({1, 0, 0x5e, 1, 2, 3}), Mac::broadcast(), Mac::broadcast()}));
}

TEST_F(Neighbor, ARP_016_impossible_link_addresses_are_refused) {
    for (const Mac from : {Mac({1, 0, 0, 0, 0, 2}), Mac{}, Mac::broadcast()}) {
        EXPECT_TRUE(ask(ours, from).empty());
        EXPECT_FALSE(state());
    }
    EXPECT_EQ(log.dropped(Reason::arp_malformed), 3U);
}

TEST_F(Neighbor, ARP_019_a_permanent_neighbour_never_changes) {
    host.add_neighbor(turn(), key(peer), mac(7));
    ask(ours, mac(9));
    advance(24h);
    EXPECT_EQ(known(), mac(7));
    EXPECT_EQ(state(), NeighborState::permanent);
    ASSERT_TRUE(send_to_peer());
    EXPECT_EQ(sent()[0].link().destination(), mac(7));
    EXPECT_EQ(host.deadline(), never);
}

TEST_F(Neighbor, changes_of_state_are_told_in_order) {
    ASSERT_TRUE(send_to_peer());
    answer();
    advance(60s);
    ASSERT_TRUE(send_to_peer());
    advance(20s);
    std::vector<NeighbourChange::State> states;
    for (const auto& change : log.all<NeighbourChange>()) states.push_back(change.state);
    using enum NeighbourChange::State;
    EXPECT_EQ(states, (std::vector{asked, reachable, stale, probing, failed}));
}

}  // namespace
}  // namespace dt::ip::test

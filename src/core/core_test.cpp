// Whole hosts back to back: ARP, ping, UDP and TCP through, errors to the right socket, lo.
#include "core/core.hpp"

#include "core/hosts_fixture.hpp"
#include "ip/output.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv4.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::core::test {
namespace {

using event::Reason;
using event::State;
using event::Step;

TEST_F(Hosts, TCP_ECN_015_an_offer_of_accurate_ecn_is_answered_as_one_of_the_classic_kind) {
    back_to_back();
    (void)listen(a(), "10.0.0.1:80");
    Bytes syn = segment(40000, 80, TcpFlag::syn | TcpFlag::ece | TcpFlag::cwr);
    syn[12] |= std::byte{0x01};  // AE
    store_be<std::uint16_t>(syn, 16, 0);
    const std::uint16_t sum =
        wire::pseudo_header(addr("10.0.0.9"), addr("10.0.0.1"), wire::IpProtocol::tcp, 20)
            .add(Octets{syn})
            .finish();
    store_be(syn, 16, sum);
    inject(a(), frame_to(a(), 6, syn));
    settle();
    const auto sent = a().log.all<event::SegmentSent>();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].segment.flags, (TcpFlag::syn | TcpFlag::ack | TcpFlag::ece).bits());
}

TEST_F(Hosts, ARP_001_and_ICMP4_001_a_ping_is_answered_after_its_question) {
    back_to_back();
    ip::PacketOut ping;
    ping.destination = addr("10.0.0.2");
    ping.protocol = 1;
    ping.frame = pool.frame();
    const Bytes text(20, std::byte{7});
    ASSERT_TRUE(ping.frame->add(pool.copy(text)));
    wire::Icmpv4Repr::echo_request(1, 1).emit(ping.frame->prepend(8), Checksum::of(text));
    ASSERT_TRUE(a().core.ip().send(turn(a()), std::move(ping)));
    settle();
    const auto moves = a().log.all<event::IcmpMoved>();
    ASSERT_EQ(moves.size(), 1U);
    EXPECT_EQ(moves[0].step, Step::received);
    EXPECT_EQ(moves[0].source, addr("10.0.0.2"));
    EXPECT_EQ(b().log.all<event::IcmpMoved>().size(), 2U);
    EXPECT_EQ(moves[0].frame, b().log.all<event::IcmpMoved>()[1].frame);
}

TEST_F(Hosts, a_datagram_arrives_with_the_number_it_was_sent_with) {
    back_to_back();
    const Socket receiver = open(b(), "10.0.0.2:53");
    send(a(), at("10.0.0.1:4000"), receiver.local, 100);
    settle();
    const auto got = b().core.udp().receive(receiver.id);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->length, 100U);
    EXPECT_EQ(got->tuple.remote, at("10.0.0.1:4000"));
    const auto sent = a().log.all<event::DatagramMoved>();
    const auto received = b().log.all<event::DatagramMoved>();
    ASSERT_EQ(sent.size(), 1U);
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(sent[0].frame, received[0].frame);
    EXPECT_EQ(sent[0].step, Step::sent);
    EXPECT_EQ(sent[0].length, 100U);
    EXPECT_EQ(b().log.all<event::PacketDropped>().size(), 0U);
}

TEST_F(Hosts, a_frame_number_holds_the_host_above_its_counter) {
    back_to_back();
    send(b(), at("10.0.0.2:4000"), at("10.0.0.1:9"), 1);
    settle();
    const auto sent = b().log.all<event::DatagramMoved>();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].frame >> 48, 1U);
    EXPECT_NE(sent[0].frame & 0xffffffff, 0U);
}

TEST_F(Hosts, UDP_007_and_UDP_011_a_closed_port_is_told_to_the_connected_socket) {
    back_to_back();
    const Socket sender = open(a(), "10.0.0.1:4000");
    const Socket other = open(a(), "10.0.0.1:4001");
    a().core.udp().connect(sender.id, at("10.0.0.2:53"));
    a().core.udp().connect(other.id, at("10.0.0.2:54"));
    send(a(), sender.local, at("10.0.0.2:53"), 10);
    settle();
    EXPECT_EQ(a().core.udp().take_error(sender.id), Error::connection_refused);
    EXPECT_EQ(a().core.udp().take_error(sender.id), std::nullopt);
    EXPECT_EQ(a().core.udp().take_error(other.id), std::nullopt);
    EXPECT_EQ(b().log.count<event::DatagramMoved>(Reason::no_datagram_socket), 1U);
}

TEST_F(Hosts, UDP_031_and_IP4_FRAG_001_a_large_datagram_crosses_in_fragments) {
    back_to_back();
    const Socket receiver = open(b(), "10.0.0.2:53");
    send(a(), at("10.0.0.1:4000"), receiver.local, 20'000);
    settle();
    const auto got = b().core.udp().receive(receiver.id);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->length, 20'000U);
}

TEST_F(Hosts, ARP_009_datagrams_to_a_silent_neighbour_are_no_error) {
    back_to_back();
    const Socket sender = open(a(), "10.0.0.1:4000");
    a().core.udp().connect(sender.id, at("10.0.0.77:53"));
    send(a(), sender.local, at("10.0.0.77:53"), 10);
    run(5s);
    EXPECT_EQ(a().core.udp().take_error(sender.id), std::nullopt);
    EXPECT_EQ(a().log.count<event::PacketDropped>(Reason::neighbour_silent), 1U);
}

TEST_F(Hosts, a_connection_opens_carries_text_and_closes) {
    back_to_back();
    const auto listener = listen(b(), "10.0.0.2:80");
    const auto client = connect(a(), at("10.0.0.2:80"));
    settle();
    ASSERT_EQ(state(a(), client), State::established);
    const auto server = b().core.tcp().accept(turn(b()), listener);
    ASSERT_TRUE(server);
    write(a(), client, "hello");
    settle();
    EXPECT_EQ(read(b(), *server), "hello");
    write(b(), *server, "world");
    settle();
    EXPECT_EQ(read(a(), client), "world");
    a().core.tcp().close(turn(a()), client, tcp::CloseKind::orderly);
    settle();
    b().core.tcp().close(turn(b()), *server, tcp::CloseKind::orderly);
    settle();
    using Holder = tcp::Engine::Holder;
    const auto tuple = a().log.all<event::SegmentSent>()[0].segment.tuple;
    EXPECT_EQ(a().core.tcp().holder(tuple), Holder::time_wait);
    run(61s);
    EXPECT_EQ(a().core.tcp().holder(tuple), Holder::none);
    EXPECT_EQ(b().core.tcp().holder(tuple.reversed()), Holder::none);
}

TEST_F(Hosts, every_segment_sent_is_received_under_its_number) {
    back_to_back();
    const auto listener = listen(b(), "10.0.0.2:80");
    const auto client = connect(a(), at("10.0.0.2:80"));
    settle();
    write(a(), client, std::string(5000, 'x'));
    run(1s);
    ASSERT_TRUE(b().core.tcp().accept(turn(b()), listener));
    const auto numbers = [](const auto& events) {
        std::vector<event::FrameId> found;
        for (const auto& one : events) found.push_back(one.segment.frame);
        return found;
    };
    EXPECT_EQ(numbers(a().log.all<event::SegmentSent>()),
              numbers(b().log.all<event::SegmentReceived>()));
    EXPECT_EQ(numbers(b().log.all<event::SegmentSent>()),
              numbers(a().log.all<event::SegmentReceived>()));
    EXPECT_GE(a().log.all<event::SegmentSent>().size(), 5U);
}

TEST_F(Hosts, IP4_037_a_link_that_vouches_carries_text_unsummed) {
    back_to_back(true);
    const auto listener = listen(b(), "10.0.0.2:80");
    const auto client = connect(a(), at("10.0.0.2:80"));
    settle();
    write(a(), client, "hello");
    a().core.advance(turn(a()));
    while (a().core.transmit(turn(a()), a(), 16)) {
    }
    ASSERT_EQ(a().leaving.size(), 1U);
    EXPECT_EQ(a().leaving[0].frame->offload.checksum, wire::ChecksumState::needed);
    settle();
    const auto server = b().core.tcp().accept(turn(b()), listener);
    ASSERT_TRUE(server);
    EXPECT_EQ(read(b(), *server), "hello");
}

TEST_F(Hosts, IP4_034_a_connection_to_an_own_address_stays_on_lo) {
    back_to_back();
    for (const char* local : {"10.0.0.1:80", "127.0.0.1:81"}) {
        const auto listener = listen(a(), local);
        const auto client = connect(a(), at(local));
        settle();
        ASSERT_EQ(state(a(), client), State::established) << local;
        const auto server = a().core.tcp().accept(turn(a()), listener);
        ASSERT_TRUE(server);
        write(a(), client, "self");
        settle();
        EXPECT_EQ(read(a(), *server), "self");
    }
    EXPECT_TRUE(b().log.all<event::SegmentReceived>().empty());
    EXPECT_EQ(b().log.all<event::PacketDropped>().size(), 0U);
}

TEST_F(Hosts, what_leaves_on_lo_arrives_in_the_next_turn) {
    Host& host = add_host();
    now += 5s;
    listen(host, "127.0.0.1:80");
    const auto client = connect(host, at("127.0.0.1:80"));
    EXPECT_FALSE(host.core.transmit(turn(host), host, 100));
    EXPECT_EQ(host.core.in_loopback(), 1U);
    EXPECT_LE(host.core.deadline(), now);
    EXPECT_EQ(state(host, client), State::syn_sent);
    host.core.advance(turn(host));  // the SYN arrives, its answer is owed
    EXPECT_EQ(host.core.in_loopback(), 0U);
    EXPECT_EQ(state(host, client), State::syn_sent);
    settle();
    EXPECT_EQ(state(host, client), State::established);
    EXPECT_GT(host.core.deadline(), now);
    EXPECT_TRUE(host.leaving.empty());
}

TEST_F(Hosts, TCP_MSS_of_lo_follows_the_largest_ipv4_packet) {
    Host& host = add_host();
    EXPECT_EQ(host.core.choose_path(addr("127.0.0.1"), std::nullopt)->path.mtu, 65535);
}

TEST_F(Hosts, SRC_013_connecting_to_zero_means_loopback) {
    Host& host = add_host();
    const auto chosen = host.core.choose_path(IpAddr::any_v4(), std::nullopt);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->destination, addr("127.0.0.1"));
    EXPECT_EQ(chosen->source, addr("127.0.0.1"));
}

TEST_F(Hosts, IP4_031_no_route_is_network_unreachable) {
    back_to_back();
    EXPECT_EQ(a().core.choose_path(addr("192.0.2.1"), std::nullopt).error(),
              Error::network_unreachable);
}

TEST_F(Hosts, ARP_008_connecting_to_a_silent_neighbour_fails_after_three_seconds) {
    back_to_back();
    const auto client = connect(a(), at("10.0.0.77:80"));
    run(2900ms);
    EXPECT_EQ(state(a(), client), State::syn_sent);
    run(300ms);
    EXPECT_EQ(a().core.tcp().take_error(client), Error::host_unreachable);
    EXPECT_EQ(state(a(), client), State::closed);
}

TEST_F(Hosts, a_refused_connection_is_told_by_a_reset) {
    back_to_back();
    const auto client = connect(a(), at("10.0.0.2:80"));
    settle();
    EXPECT_EQ(a().core.tcp().take_error(client), Error::connection_refused);
    EXPECT_EQ(b().log.count<event::SegmentDropped>(Reason::no_listener), 1U);
}

TEST_F(Hosts, IP4_023_a_segment_to_many_is_dropped) {
    back_to_back();
    listen(a(), "*:80");
    inject(a(), frame_to(a(), 6, segment(5, 80, TcpFlag::syn), "10.0.0.9", "10.0.0.1",
                         Mac::broadcast()));
    EXPECT_EQ(a().log.count<event::SegmentDropped>(Reason::invalid_destination), 1U);
    inject(a(), frame_to(a(), 6, segment(5, 80, TcpFlag::syn, "10.0.0.9", "10.0.0.255"), "10.0.0.9",
                         "10.0.0.255", Mac::broadcast()));
    EXPECT_EQ(a().log.count<event::SegmentDropped>(Reason::invalid_destination), 2U);
    EXPECT_FALSE(a().core.transmit(turn(a()), a(), 10));
    EXPECT_TRUE(a().leaving.empty());
}

TEST_F(Hosts, a_broadcast_datagram_reaches_a_wildcard_socket) {
    back_to_back();
    const Socket receiver = open(a(), "*:67");
    Bytes text = datagram(68, 67, 5);
    store_be<std::uint16_t>(text, 6, 0);
    inject(a(), frame_to(a(), 17, text, "0.0.0.0", "255.255.255.255", Mac::broadcast()));
    const auto got = a().core.udp().receive(receiver.id);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->length, 5U);
}

TEST_F(Hosts, vuln_08_segments_with_header_lengths_that_lie_are_dropped) {
    back_to_back();
    listen(a(), "*:80");
    for (std::size_t length = 0; length <= 60; ++length) {
        for (unsigned words = 0; words < 16; ++words) {
            Bytes octets = segment(5, 80, TcpFlag::syn);
            octets.resize(std::max<std::size_t>(length, 13));
            octets[12] = static_cast<std::byte>(words << 4);
            octets.resize(length);
            const bool fits = words >= 5 && words * 4 <= length;
            a().log.clear();
            inject(a(), frame_to(a(), 6, octets));
            EXPECT_EQ(a().log.count<event::PacketDropped>(Reason::bad_header), fits ? 0U : 1U)
                << words << " words in " << length << " octets";
            EXPECT_EQ(a().log.all<event::SegmentReceived>().size(),
                      fits && length == 20 && words == 5 ? 1U : 0U);
        }
    }
}

TEST_F(Hosts, a_wrong_checksum_is_dropped_and_counted) {
    back_to_back();
    Bytes octets = segment(5, 80, TcpFlag::syn);
    octets[17] ^= std::byte{1};
    inject(a(), frame_to(a(), 6, octets));
    const auto drops = a().log.all<event::SegmentDropped>();
    ASSERT_EQ(drops.size(), 1U);
    EXPECT_EQ(drops[0].reason, Reason::bad_checksum);
    EXPECT_EQ(drops[0].segment.tuple.local, at("10.0.0.1:80"));
    event::Counters counters;
    a().core.add_counters(counters);
    EXPECT_EQ(counters.checksum_errors, 1U);
    EXPECT_EQ(counters.in_errors, 1U);
}

TEST_F(Hosts, a_frame_marked_bad_is_dropped_whatever_its_octets_say) {
    back_to_back(true);
    for (const auto protocol : std::initializer_list<std::uint8_t>{6, 17}) {
        FramePtr frame = pool.frame();
        const Bytes octets = protocol == 6 ? segment(5, 80, TcpFlag::syn) : datagram(5, 80, 3);
        ASSERT_TRUE(frame->add(pool.copy(frame_to(a(), protocol, octets))));
        frame->marked_bad = 1;
        frame->offload.checksum = wire::ChecksumState::verified;
        ASSERT_TRUE(a().core.receive(turn(a()), 1, frame));
    }
    EXPECT_EQ(a().log.count<event::SegmentDropped>(Reason::bad_checksum), 1U);
    EXPECT_EQ(a().log.count<event::DatagramMoved>(Reason::bad_checksum), 1U);
}

TEST_F(Hosts, UDP_003_checksums_of_datagrams) {
    back_to_back();
    const Socket receiver = open(a(), "10.0.0.1:53");
    inject(a(), frame_to(a(), 17, datagram(5, 53, 4)));
    EXPECT_TRUE(a().core.udp().receive(receiver.id));
    Bytes none = datagram(5, 53, 4);
    store_be<std::uint16_t>(none, 6, 0);
    inject(a(), frame_to(a(), 17, none));
    EXPECT_TRUE(a().core.udp().receive(receiver.id));
    Bytes wrong = datagram(5, 53, 4);
    wrong[10] ^= std::byte{1};
    inject(a(), frame_to(a(), 17, wrong));
    EXPECT_FALSE(a().core.udp().receive(receiver.id));
    EXPECT_EQ(a().log.count<event::DatagramMoved>(Reason::bad_checksum), 1U);
}

TEST_F(Hosts, UDP_004_and_UDP_005_lengths_of_datagrams) {
    back_to_back();
    const Socket receiver = open(a(), "10.0.0.1:53");
    Bytes claims_more = datagram(5, 53, 1);
    store_be<std::uint16_t>(claims_more, 4, 100);
    inject(a(), frame_to(a(), 17, claims_more));
    Bytes too_short = datagram(5, 53, 1);
    store_be<std::uint16_t>(too_short, 4, 7);
    inject(a(), frame_to(a(), 17, too_short));
    EXPECT_EQ(a().log.count<event::PacketDropped>(Reason::bad_header), 2U);
    Bytes trailing = datagram(5, 53, 1);
    trailing.resize(11);
    inject(a(), frame_to(a(), 17, trailing));
    const auto got = a().core.udp().receive(receiver.id);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->length, 1U);
    EXPECT_EQ(got->frame->size(), 9U);
}

TEST_F(Hosts, transmit_stops_at_its_budget_and_says_so) {
    back_to_back();
    send(a(), at("10.0.0.1:1"), at("10.0.0.2:9"), 1);
    settle();
    for (int i = 0; i < 10; ++i) send(a(), at("10.0.0.1:1"), at("10.0.0.2:9"), 1);
    EXPECT_TRUE(a().core.transmit(turn(a()), a(), 4));
    EXPECT_EQ(a().leaving.size(), 4U);
    EXPECT_FALSE(a().core.transmit(turn(a()), a(), 100));
    EXPECT_EQ(a().leaving.size(), 10U);
}

TEST_F(Hosts, asking_in_vain_for_packets_does_not_change_who_goes_first) {
    back_to_back();
    const auto listener = listen(b(), "10.0.0.2:80");
    const auto client = connect(a(), at("10.0.0.2:80"));
    const Socket sender = open(a(), "10.0.0.1:4000");
    settle();
    ASSERT_TRUE(b().core.tcp().accept(turn(b()), listener));
    const auto first_to_leave = [&](int times_in_vain) {
        for (int i = 0; i < times_in_vain; ++i)
            EXPECT_FALSE(a().core.transmit(turn(a()), a(), 100));
        write(a(), client, "x");
        send(a(), sender.local, at("10.0.0.2:9"), 1);
        EXPECT_TRUE(a().core.transmit(turn(a()), a(), 1));
        Bytes frame(a().leaving.front().frame->size());
        a().leaving.front().frame->copy_to(frame);
        run(1s);
        return std::to_integer<int>(frame[14 + 9]);
    };
    const int first = first_to_leave(0);
    EXPECT_EQ(first_to_leave(1), first);
    EXPECT_EQ(first_to_leave(2), first);
    EXPECT_EQ(first_to_leave(3), first);
}

TEST_F(Hosts, a_full_reply_ring_keeps_the_frame_with_its_caller) {
    Config config;
    config.reply_ring = 2;
    back_to_back(false, config);
    Bytes octets(16);
    wire::Icmpv4Repr::echo_request(1, 1).emit(octets, Checksum::of(Octets{octets}.subspan(8)));
    for (int i = 0; i < 2; ++i) inject(a(), frame_to(a(), 1, octets));
    FramePtr frame = pool.frame();
    ASSERT_TRUE(frame->add(pool.copy(frame_to(a(), 1, octets))));
    EXPECT_FALSE(a().core.receive(turn(a()), 1, frame));
    ASSERT_TRUE(frame);
    static_cast<void>(a().core.transmit(turn(a()), a(), 100));
    EXPECT_TRUE(a().core.receive(turn(a()), 1, frame));
    EXPECT_FALSE(frame);
}

TEST_F(Hosts, a_link_that_takes_less_than_it_did_gets_smaller_segments) {
    back_to_back();
    const auto listener = listen(b(), "10.0.0.2:80");
    const auto client = connect(a(), at("10.0.0.2:80"));
    settle();
    const auto server = b().core.tcp().accept(turn(b()), listener);
    ASSERT_TRUE(server);
    a().core.ip().add_route({.destination = wire::Prefix{addr("10.0.0.2"), 32},
                             .gateway = std::nullopt,
                             .interface = 1,
                             .metric = 0,
                             .mtu = 1000});
    write(a(), client, std::string(5000, 'x'));
    run(10s);
    EXPECT_EQ(read(b(), *server).size(), 5000U);
    EXPECT_EQ(a().core.tcp().path_view(client).path_mtu, 1000U);
}

}  // namespace
}  // namespace dt::core::test

// ICMPv4 of one host (spec 5.3).
#include "ip/icmp.hpp"

#include "ip/host_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using event::Step;

class Icmp : public HostFixture {
  protected:
    Icmp() { know_peer(); }

    /// A port unreachable about `packet`, as UDP asks for one.
    std::vector<Sent> refuse(const Packet& packet) {
        Arrival arrival = inject(packet);
        if (arrival.packet) host.send_error(turn(), *arrival.packet, 3, 3);
        return sent();
    }
    std::size_t icmp_dropped(Reason reason) const {
        const auto moves = log.all<event::IcmpMoved>();
        return static_cast<std::size_t>(std::ranges::count_if(moves, [reason](const auto& move) {
            return move.step == Step::dropped && move.reason == reason;
        }));
    }
    /// An error from the peer that quotes what we sent to it.
    static Bytes error(std::uint8_t type, std::uint8_t code, const Bytes& quoted) {
        Bytes message(8 + quoted.size());
        std::ranges::copy(quoted, message.begin() + 8);
        wire::Icmpv4Repr{static_cast<wire::Icmpv4Type>(type), code, 0}.emit(message,
                                                                            Checksum::of(quoted));
        return message;
    }
    static Packet ours() {
        Packet packet = udp(4000, 53, 10);
        packet.source = addr("10.9.0.1");
        packet.destination = addr("10.9.0.2");
        return packet;
    }
};

TEST_F(Icmp, ICMP4_001_echo_is_answered_from_the_address_that_was_asked) {
    inject(icmp(echo_request(28, 5)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].link().destination(), mac(2));
    EXPECT_EQ(IpAddr{frames[0].ip().source()}, addr("10.9.0.1"));
    EXPECT_EQ(frames[0].icmp().type(), wire::Icmpv4Type::echo_reply);
    EXPECT_EQ(frames[0].icmp().id(), 77);
    EXPECT_EQ(frames[0].icmp().sequence(), 5);
    EXPECT_EQ(frames[0].icmp().message().size(), 36U);
    EXPECT_TRUE(frames[0].icmp().is_checksum_correct());
    const Bytes request = echo_request(28, 5);
    EXPECT_TRUE(std::ranges::equal(frames[0].icmp().payload(), Octets{request}.subspan(8)));
    EXPECT_TRUE(frames[0].ip().is_checksum_correct());
}

TEST_F(Icmp, AnEchoReplyKeepsTheCodeThatTheRequestHas) {
    Bytes request = echo_request(28);
    wire::Icmpv4Repr{wire::Icmpv4Type::echo_request, 9, 77U << 16U | 1U}.emit(
        request, Checksum::of(Octets{request}.subspan(8)));
    inject(icmp(request));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].icmp().type(), wire::Icmpv4Type::echo_reply);
    EXPECT_EQ(frames[0].icmp().code(), 9);
    EXPECT_TRUE(frames[0].icmp().is_checksum_correct());
}

TEST_F(Icmp, IP4_021_a_secondary_address_answers_for_itself) {
    host.add_interface({.name = "eth1",
                        .mac = mac(11),
                        .mtu = 1500,
                        .addresses = {{addr("10.8.0.1"), 24}},
                        .vouches = false,
                        .super_segment_max = 0});
    Packet packet = icmp(echo_request(8));
    packet.destination = addr("10.8.0.1");
    inject(packet);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(IpAddr{frames[0].ip().source()}, addr("10.8.0.1"));
}

Bytes timestamp_request() {
    Bytes message(wire::TimestampRepr::size);
    wire::TimestampRepr{.id = 77, .sequence = 5, .originated = 12'345, .received = 0, .sent = 0}
        .emit(message);
    return message;
}

TEST_F(Icmp, ICMP4_010_a_timestamp_request_is_answered_with_our_clock) {
    now += std::chrono::milliseconds{90'061'001};
    inject(icmp(timestamp_request()));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].ip().total_length(), 40);
    EXPECT_TRUE(frames[0].icmp().is_checksum_correct());
    const auto answer = wire::TimestampRepr::parse(frames[0].ip().payload());
    const wire::TimestampRepr expected{.type = wire::Icmpv4Type::timestamp_reply,
                                       .id = 77,
                                       .sequence = 5,
                                       .originated = 12'345,
                                       .received = 0x8000'0000U | 90'061'001U,
                                       .sent = 0x8000'0000U | 90'061'001U};
    EXPECT_EQ(answer, expected);
}

TEST_F(Icmp, ICMP4_010_a_timestamp_request_to_many_or_cut_short_is_not_answered) {
    Packet to_many = icmp(timestamp_request());
    to_many.destination = addr("10.9.0.255");
    to_many.to = Mac::broadcast();
    inject(to_many);
    Bytes message = timestamp_request();
    message.resize(16);
    store_be<std::uint16_t>(message, 2, 0);
    store_be(message, 2, Checksum::of(message).finish());
    inject(icmp(message));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(icmp_dropped(Reason::not_offered), 1U);
    EXPECT_EQ(icmp_dropped(Reason::bad_header), 1U);
}

TEST_F(Icmp, ICMP4_002_echo_to_many_is_not_answered) {
    for (const char* destination : {"10.9.0.255", "255.255.255.255", "224.0.0.1"}) {
        Packet packet = icmp(echo_request(8));
        packet.destination = addr(destination);
        packet.to = Mac::broadcast();
        inject(packet);
        EXPECT_TRUE(sent().empty()) << destination;
    }
    EXPECT_EQ(icmp_dropped(Reason::not_offered), 3U);
}

TEST_F(Icmp, ICMP4_003_a_bad_checksum_is_dropped) {
    Bytes message = echo_request(8);
    message[9] ^= std::byte{1};
    inject(icmp(message));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(icmp_dropped(Reason::bad_checksum), 1U);
}

TEST_F(Icmp, ICMP4_004_an_unknown_type_is_dropped_silently) {
    Bytes message = echo_request(8);
    message[0] = std::byte{99};
    store_be<std::uint16_t>(message, 2, 0);
    store_be(message, 2, Checksum::of(message).finish());
    inject(icmp(message));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(icmp_dropped(Reason::unknown_protocol), 1U);
}

TEST_F(Icmp, ICMP4_005_and_ICMP4_007_an_error_quotes_up_to_576_octets) {
    const Packet packet = udp(1000, 2000, 600);
    const auto frames = refuse(packet);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].ip().total_length(), 576);
    EXPECT_EQ(frames[0].icmp().type(), wire::Icmpv4Type::destination_unreachable);
    EXPECT_EQ(frames[0].icmp().code(), 3);
    EXPECT_TRUE(frames[0].icmp().is_checksum_correct());
    const Bytes original = packet.ip();
    const Octets quote = frames[0].icmp().payload();
    EXPECT_TRUE(std::ranges::equal(quote, Octets{original}.first(quote.size())));
    EXPECT_EQ(refuse(udp(1, 2, 10))[0].ip().total_length(), 20 + 8 + 20 + 8 + 10);
}

TEST_F(Icmp, vuln_17_an_error_about_a_padded_frame_quotes_no_padding) {
    Bytes frame = udp(1, 2, 1).frame();
    frame.resize(60, std::byte{0xaa});
    Arrival arrival = inject(frame);
    ASSERT_TRUE(arrival.packet);
    host.send_error(turn(), *arrival.packet, 3, 3);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].icmp().payload().size(), 29U);
    EXPECT_EQ(std::ranges::count(frames[0].octets, std::byte{0xaa}), 0);
}

TEST_F(Icmp, ICMP4_006_no_error_about_what_must_not_have_one) {
    Packet to_broadcast = udp(1, 2, 1);
    to_broadcast.destination = addr("10.9.0.255");
    EXPECT_TRUE(refuse(to_broadcast).empty());
    Packet link_broadcast = udp(1, 2, 1);
    link_broadcast.to = Mac::broadcast();
    EXPECT_TRUE(refuse(link_broadcast).empty());
    Packet from_nobody = udp(1, 2, 1);
    from_nobody.source = IpAddr::any_v4();
    EXPECT_TRUE(refuse(from_nobody).empty());
    Packet unknown = icmp(error(3, 3, ours().ip()));
    unknown.protocol = 200;
    unknown.to = Mac::broadcast();
    EXPECT_TRUE(refuse(unknown).empty());
}

TEST_F(Icmp, ICMP4_006_a_router_sends_no_error_about_an_icmp_error) {
    host.set_forwarding(true);
    Packet packet = icmp(error(3, 3, ours().ip()));
    packet.destination = addr("192.0.2.1");
    inject(packet);
    EXPECT_TRUE(sent().empty());
    packet.payload = echo_request(8);
    inject(packet);
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(Icmp, igmp_is_taken_and_not_refused) {
    Packet packet;
    packet.protocol = 2;
    inject(packet);
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.dropped(Reason::bad_checksum), 1U);
}

TEST_F(Icmp, IP4_016_an_unknown_protocol_is_refused_to_unicast_only) {
    Packet packet;
    packet.protocol = 200;
    inject(packet);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].icmp().type(), wire::Icmpv4Type::destination_unreachable);
    EXPECT_EQ(frames[0].icmp().code(), 2);
    EXPECT_EQ(log.dropped(Reason::unknown_protocol), 1U);
    packet.destination = addr("10.9.0.255");
    inject(packet);
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.dropped(Reason::unknown_protocol), 2U);
}

TEST_F(Icmp, ICMP4_008_errors_towards_one_host_are_limited) {
    std::size_t errors = 0;
    for (int i = 0; i < 20; ++i) errors += refuse(udp(1, 2, 1)).size();
    EXPECT_EQ(errors, 6U);
    EXPECT_EQ(icmp_dropped(Reason::icmp_rate_limited), 14U);
    now += 2s;
    errors = 0;
    for (int i = 0; i < 20; ++i) errors += refuse(udp(1, 2, 1)).size();
    EXPECT_EQ(errors, 2U);
}

TEST_F(Icmp, ICMP4_008_errors_in_all_are_limited) {
    IcmpLimiter limiter(Rng{1}, IcmpLimiter::interval_v4);
    std::size_t allowed = 0;
    for (std::uint32_t i = 0; i < 5000; ++i) {
        allowed += limiter.allow(turn(), Ipv4{0x0a000000U + i}) ? 1 : 0;
    }
    EXPECT_EQ(allowed, 50U);
    now += 1s;
    allowed = 0;
    for (int step = 0; step < 1000; ++step) {
        for (std::uint32_t i = 0; i < 5; ++i) {
            const Ipv4 target{0x0b000000U + static_cast<std::uint32_t>(step) * 5 + i};
            allowed += limiter.allow(turn(), target) ? 1 : 0;
        }
        now += 1ms;
    }
    EXPECT_NEAR(static_cast<double>(allowed), 1050, 10);
}

TEST_F(Icmp, ICMP4_009_errors_have_tos_0_and_ttl_64) {
    Packet packet = udp(1, 2, 1);
    packet.tos = 0x28;
    const auto frames = refuse(packet);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].ip().tos(), 0);
    EXPECT_EQ(frames[0].ip().ttl(), 64);
}

TEST_F(Icmp, ICMP4_011_and_ICMP4_012_old_messages_have_no_effect) {
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{4, 5, 14, 15, 17}) {
        Bytes message = echo_request(20);
        message[0] = std::byte{type};
        store_be<std::uint16_t>(message, 2, 0);
        store_be(message, 2, Checksum::of(message).finish());
        const Arrival arrival = inject(icmp(message));
        EXPECT_FALSE(arrival.error);
        EXPECT_TRUE(sent().empty());
    }
}

TEST_F(Icmp, ICMP4_013_an_error_names_the_packet_it_quotes) {
    const Arrival arrival = inject(icmp(error(3, 3, ours().ip())));
    ASSERT_TRUE(arrival.error);
    EXPECT_EQ(arrival.error->from, addr("10.9.0.2"));
    EXPECT_EQ(arrival.error->type, 3);
    EXPECT_EQ(arrival.error->code, 3);
    EXPECT_EQ(arrival.error->source, addr("10.9.0.1"));
    EXPECT_EQ(arrival.error->destination, addr("10.9.0.2"));
    EXPECT_EQ(arrival.error->protocol, 17);
    EXPECT_EQ(load_be<std::uint16_t>(arrival.error->transport, 0), 4000);
    EXPECT_EQ(load_be<std::uint16_t>(arrival.error->transport, 2), 53);
    const auto moves = log.all<event::IcmpMoved>();
    ASSERT_EQ(moves.size(), 1U);
    EXPECT_EQ(moves[0].step, Step::received);
    EXPECT_EQ(moves[0].quoted.local.port, Port{4000});
}

TEST_F(Icmp, ICMP4_016_and_ICMP4_017_other_errors_are_passed_up_too) {
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{11, 12}) {
        const Arrival arrival = inject(icmp(error(type, 0, ours().ip())));
        ASSERT_TRUE(arrival.error);
        EXPECT_EQ(arrival.error->type, type);
    }
}

TEST_F(Icmp, TCP_ICMP_015_a_quotation_without_ports_is_dropped) {
    Bytes quoted = ours().ip();
    quoted.resize(20 + 4);
    EXPECT_FALSE(inject(icmp(error(3, 3, quoted))).error);
    EXPECT_EQ(icmp_dropped(Reason::bad_header), 1U);
}

TEST_F(Icmp, TCP_ICMP_016_and_vuln_12_a_quotation_of_what_we_did_not_send_is_dropped) {
    Packet foreign = ours();
    foreign.source = addr("10.9.0.66");
    EXPECT_FALSE(inject(icmp(error(3, 3, foreign.ip()))).error);
    EXPECT_EQ(icmp_dropped(Reason::not_for_us), 1U);
}

TEST_F(Icmp, vuln_04_a_quotation_whose_header_lies_is_dropped) {
    for (const std::uint8_t first : std::initializer_list<std::uint8_t>{0x00, 0x41, 0x4f, 0x65}) {
        Bytes quoted = ours().ip();
        quoted.resize(30);
        quoted[0] = std::byte{first};
        EXPECT_FALSE(inject(icmp(error(3, 3, quoted))).error);
    }
    EXPECT_EQ(icmp_dropped(Reason::bad_header), 4U);
}

}  // namespace
}  // namespace dt::ip::test

// For tests: one IPv6 host on a link, and a peer whose packets are built by hand.
#pragma once

#include "ip/host_fixture.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"
#include "wire/nd.hpp"

namespace dt::ip::test {

constexpr const char* own_text = "2001:db8::1";
constexpr const char* peer_text = "2001:db8::2";
constexpr const char* own_link_text = "fe80::ff:fe00:1";  // EUI-64 of 02:00:00:00:00:01

inline Ipv6 v6(const char* text) { return *Ipv6::parse(text); }

inline Bytes octets_of(std::initializer_list<int> values) {
    Bytes octets;
    for (const int value : values) octets.push_back(static_cast<std::byte>(value));
    return octets;
}
inline Bytes operator+(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// An IPv6 packet in values; what a test does not care about is fine.
struct PacketV6 {
    Ipv6 source = v6(peer_text);
    Ipv6 destination = v6(own_text);
    std::uint8_t next_header = 17;
    Bytes payload = Bytes(8);  // extension headers included
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;
    Mac to = mac(1);
    Mac from = mac(2);

    [[nodiscard]] Bytes ip() const {
        Bytes octets(wire::Ipv6Repr::size());
        wire::Ipv6Repr{.source = source,
                       .destination = destination,
                       .next_header = static_cast<wire::NextHeader>(next_header),
                       .hop_limit = hop_limit,
                       .traffic_class = traffic_class,
                       .flow_label = 0,
                       .payload_length = static_cast<std::uint32_t>(payload.size())}
            .emit(octets);
        return octets + payload;
    }
    [[nodiscard]] Bytes frame() const {
        return Packet::link(ip(), wire::EtherType::ipv6, to, from);
    }
    /// An ICMPv6 message with its checksum filled in.
    static PacketV6 icmp(Bytes message, const char* from = peer_text, const char* to = own_text) {
        PacketV6 packet;
        packet.source = v6(from);
        packet.destination = v6(to);
        packet.next_header = 58;
        store_be<std::uint16_t>(message, 2, 0);
        const Checksum sum =
            wire::pseudo_header(packet.source, packet.destination, wire::IpProtocol::icmpv6,
                                static_cast<std::uint32_t>(message.size()))
                .add(Octets{message});
        store_be(message, 2, sum.finish());
        packet.payload = std::move(message);
        if (packet.destination.is_multicast()) packet.to = wire::multicast_mac(packet.destination);
        return packet;
    }
    static PacketV6 nd(Bytes message, const char* from = peer_text, const char* to = own_text) {
        PacketV6 packet = icmp(std::move(message), from, to);
        packet.hop_limit = wire::nd_hop_limit;
        return packet;
    }
    /// Headers in front of a UDP header to port 9.
    static PacketV6 with(std::uint8_t first, const Bytes& headers) {
        PacketV6 packet;
        packet.next_header = first;
        packet.payload = headers + octets_of({0, 7, 0, 9, 0, 8, 0, 0});
        return packet;
    }
};

inline Bytes echo_v6(std::size_t data) {
    Bytes message(8 + data, std::byte{0x2a});
    wire::Icmpv6Repr::echo_request(77, 1).emit(message);
    return message;
}

inline Bytes solicitation(const char* target, std::uint8_t link = 2) {
    const auto octets = wire::make_solicitation(v6(target), mac(link));
    return {octets.begin(), octets.end()};
}

/// eth0 2001:db8::1/64 and its link-local address.
class HostV6Fixture : public HostFixture {
  protected:
    HostV6Fixture() : HostFixture(with_v6()) { add("eth1", 9, own_text, 64); }

    static Config with_v6() {
        Config config;
        config.ipv6 = event::Switch::on;
        return config;
    }
    static constexpr InterfaceIndex link = 2;  // eth1; eth0 has IPv4 and a link-local address

    Arrival hear(const PacketV6& packet) {
        PacketV6 addressed = packet;
        if (addressed.to == mac(1)) addressed.to = mac(9);
        return inject(addressed.frame(), link);
    }
    bool is_delivered(const PacketV6& packet) { return hear(packet).packet.has_value(); }
    void know_peer_v6() { host.add_neighbor(turn(), {link, addr(peer_text)}, mac(2)); }

    static wire::Ipv6View ip6(const Sent& frame) {
        return *wire::Ipv6View::parse(frame.link().payload());
    }
    static wire::Icmpv6View icmp6(const Sent& frame) {
        return *wire::Icmpv6View::parse(ip6(frame).payload());
    }
    static bool sums_up_v6(const Sent& frame) {
        const auto ip = ip6(frame);
        return wire::pseudo_header(ip.source(), ip.destination(),
                                   static_cast<wire::IpProtocol>(ip.next_header()),
                                   ip.payload_length())
            .add(ip.payload())
            .is_correct();
    }
    /// The one ICMPv6 message that answers `packet`; type, code and rest of it.
    struct Answer {
        int type = -1;
        int code = -1;
        std::uint32_t rest = 0;
        std::size_t size = 0;  // of the whole packet, octets
        friend bool operator==(const Answer&, const Answer&) = default;
    };
    Answer answer_to(const PacketV6& packet) {
        hear(packet);
        const auto frames = sent();
        EXPECT_LE(frames.size(), 1U);
        if (frames.empty()) return {};
        EXPECT_TRUE(sums_up_v6(frames[0]));
        const auto message = icmp6(frames[0]);
        return {static_cast<int>(message.type()), message.code(), message.rest(),
                wire::Ipv6View::header_length + ip6(frames[0]).payload_length()};
    }
};

}  // namespace dt::ip::test

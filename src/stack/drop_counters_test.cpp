// Tests that a stack counts each thing it drops once, under its reason (spec IP4-029).
#include <gtest/gtest.h>

#include <string>

#include "ip/host_fixture.hpp"
#include "stack/testing_pair.hpp"
#include "wire/tcp.hpp"

namespace dt::stack {
namespace {

using event::Reason;
using ip::test::addr;
using ip::test::Bytes;
using ip::test::mac;
using ip::test::Packet;

/// One thing that a host has no use for.
struct Unwanted {
    const char* name;
    Reason reason;
    Bytes (*frame)();
};

Packet to_us() {
    Packet packet;
    packet.source = addr("10.0.0.2");
    packet.destination = addr("10.0.0.1");
    return packet;
}

/// The packet with one change.
Bytes with(void (*change)(Packet&)) {
    Packet packet = to_us();
    change(packet);
    return packet.frame();
}

/// The frame of an unremarkable packet, changed behind its checksum.
Bytes spoilt(std::size_t ip_octet, std::uint8_t value) {
    Bytes octets = to_us().ip();
    octets[ip_octet] = static_cast<std::byte>(value);
    return Packet::link(octets, wire::EtherType::ipv4, mac(1), mac(2));
}

Bytes segment(wire::TcpFlags flags) {
    Packet packet = to_us();
    packet.protocol = 6;
    packet.payload.assign(20, std::byte{0});
    store_be<std::uint16_t>(packet.payload, 0, 4000);
    store_be<std::uint16_t>(packet.payload, 2, 80);
    packet.payload[12] = std::byte{0x50};
    packet.payload[13] = static_cast<std::byte>(flags.bits());
    const std::uint16_t sum =
        wire::pseudo_header(packet.source, packet.destination, wire::IpProtocol::tcp, 20)
            .add(packet.payload)
            .finish();
    store_be(packet.payload, 16, sum);
    return packet.frame();
}

Bytes message(std::uint8_t type, std::uint16_t sum_error) {
    Packet packet = to_us();
    packet.protocol = 1;
    packet.payload.assign(8, std::byte{0});
    packet.payload[0] = static_cast<std::byte>(type);
    const std::uint16_t sum = Checksum::of(packet.payload).finish();
    store_be(packet.payload, 2, static_cast<std::uint16_t>(sum + sum_error));
    return packet.frame();
}

Bytes datagram(std::uint16_t length_field) {
    Packet packet = to_us();
    packet.payload.assign(8, std::byte{0});
    store_be<std::uint16_t>(packet.payload, 0, 4000);
    store_be<std::uint16_t>(packet.payload, 2, 5000);
    store_be(packet.payload, 4, length_field);
    return packet.frame();
}

const std::vector<Unwanted>& unwanted() {
    static const std::vector<Unwanted> all = {
        {"a frame without a whole link header", Reason::bad_header, [] { return Bytes(10); }},
        {"a frame for another link address", Reason::not_for_us,
         [] { return with([](Packet& p) { p.to = mac(9); }); }},
        {"a protocol of the link that is not ours", Reason::unknown_protocol,
         [] {
             return Packet::link(Bytes(46), static_cast<wire::EtherType>(0x88cc), mac(1), mac(2));
         }},
        {"an ARP packet that is cut short", Reason::arp_malformed,
         [] { return Packet::link(Bytes(12), wire::EtherType::arp, mac(1), mac(2)); }},
        {"a version that is not 4", Reason::bad_header, [] { return spoilt(0, 0x55); }},
        {"a header checksum that is wrong", Reason::bad_checksum, [] { return spoilt(10, 0xaa); }},
        {"a source of the loopback", Reason::martian_loopback,
         [] { return with([](Packet& p) { p.source = addr("127.0.0.1"); }); }},
        {"a source that is a group", Reason::invalid_source,
         [] { return with([](Packet& p) { p.source = addr("224.0.0.5"); }); }},
        {"our own address as source", Reason::invalid_source,
         [] { return with([](Packet& p) { p.source = addr("10.0.0.1"); }); }},
        {"a route of the source's", Reason::source_routed,
         [] {
             return with([](Packet& p) {
                 p.options = {std::byte{131}, std::byte{3}, std::byte{4}, std::byte{0}};
             });
         }},
        {"another host's packet", Reason::not_for_us,
         [] { return with([](Packet& p) { p.destination = addr("10.0.0.77"); }); }},
        {"a protocol that nobody speaks", Reason::unknown_protocol,
         [] { return with([](Packet& p) { p.protocol = 200; }); }},
        {"a fragment whose length is no multiple of eight", Reason::fragment_malformed,
         [] {
             return with([](Packet& p) {
                 p.more_fragments = true;
                 p.payload.resize(13);
             });
         }},
        {"a datagram to a closed port", Reason::no_datagram_socket, [] { return datagram(8); }},
        {"a datagram longer than its packet", Reason::bad_header, [] { return datagram(99); }},
        {"a SYN to a closed port", Reason::no_listener, [] { return segment(wire::TcpFlag::syn); }},
        {"a RST to nobody", Reason::rst_without_connection,
         [] { return segment(wire::TcpFlag::rst); }},
        {"a message of a type without meaning", Reason::unknown_protocol,
         [] { return message(77, 0); }},
        {"a message whose checksum is wrong", Reason::bad_checksum, [] { return message(8, 1); }},
    };
    return all;
}

/// How much each count rose, as text: `bad-header 1`.
std::string risen(const event::Counters& before, const event::Counters& after) {
    std::string text;
    for (std::size_t i = 0; i < event::reason_count; ++i) {
        const std::uint64_t by = after.dropped[i] - before.dropped[i];
        if (by == 0) continue;
        if (!text.empty()) text += ", ";
        text += std::string(describe(static_cast<Reason>(i)).name) + " " + std::to_string(by);
    }
    return text;
}

TEST(DropCounters, IP4_029_each_thing_dropped_is_counted_once_under_its_reason) {
    testing::Pair pair;
    for (const Unwanted& each : unwanted()) {
        const auto before = pair.a.stack.snapshot(pair.now).counters;
        FramePtr frame = pair.pool.frame();
        ASSERT_TRUE(frame->add(pair.pool.copy(each.frame())));
        pair.a.inbox.frames.push_back({1, std::move(frame)});
        pair.settle();
        const auto after = pair.a.stack.snapshot(pair.now).counters;
        EXPECT_EQ(risen(before, after), std::string(describe(each.reason).name) + " 1")
            << each.name;
    }
}

}  // namespace
}  // namespace dt::stack

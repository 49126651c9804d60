// For tests: one IP host on a link, a peer whose frames are built by hand, and what was told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "ip/engine.hpp"
#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv4.hpp"
#include "wire/ipv4.hpp"

namespace dt::ip::test {

using Bytes = std::vector<std::byte>;

inline IpAddr addr(const char* text) { return *IpAddr::parse(text); }
inline Mac mac(std::uint8_t last) { return Mac({2, 0, 0, 0, 0, last}); }

/// Keeps all events.
class EventLog final : public event::Sink {
  public:
    void on_event(Instant, event::HostIndex, const event::Body& body) override {
        bodies_.push_back(body);
    }
    template <class T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const event::Body& body : bodies_) {
            if (const T* one = std::get_if<T>(&body)) found.push_back(*one);
        }
        return found;
    }
    /// How many packets were dropped for `reason`.
    [[nodiscard]] std::size_t dropped(event::Reason reason) const {
        const auto drops = all<event::PacketDropped>();
        const auto same = [reason](const auto& drop) { return drop.reason == reason; };
        return static_cast<std::size_t>(std::ranges::count_if(drops, same));
    }
    [[nodiscard]] std::size_t dropped() const { return all<event::PacketDropped>().size(); }
    void clear() { bodies_.clear(); }

  private:
    std::vector<event::Body> bodies_;
};

/// An IPv4 packet in values; what a test does not care about is fine.
struct Packet {
    IpAddr source = addr("10.9.0.2");
    IpAddr destination = addr("10.9.0.1");
    std::uint8_t protocol = 17;
    Bytes payload = Bytes(8);
    std::uint8_t ttl = 64;
    std::uint8_t tos = 0;
    std::uint16_t id = 7;
    bool dont_fragment = false;
    bool more_fragments = false;
    std::uint32_t fragment_offset = 0;
    Bytes options = {};
    Mac to = mac(1);
    Mac from = mac(2);

    [[nodiscard]] Bytes ip() const {
        Bytes octets(20 + options.size());
        wire::Ipv4Repr{.source = source.v4(),
                       .destination = destination.v4(),
                       .protocol = static_cast<wire::IpProtocol>(protocol),
                       .ttl = ttl,
                       .tos = tos,
                       .id = id,
                       .dont_fragment = dont_fragment,
                       .more_fragments = more_fragments,
                       .fragment_offset = fragment_offset,
                       .payload_length = static_cast<std::uint32_t>(payload.size())}
            .emit(octets);
        std::ranges::copy(options, octets.begin() + 20);
        octets[0] = static_cast<std::byte>(0x40 | octets.size() / 4);
        octets.insert(octets.end(), payload.begin(), payload.end());
        store_be(octets, 2, static_cast<std::uint16_t>(octets.size()));
        fix_header_checksum(octets);
        return octets;
    }
    static void fix_header_checksum(MutableOctets ip) {
        const std::size_t length = 4U * std::to_integer<std::size_t>(ip[0] & std::byte{15});
        store_be<std::uint16_t>(ip, 10, 0);
        if (length <= ip.size()) store_be(ip, 10, Checksum::of(ip.first(length)).finish());
    }
    [[nodiscard]] Bytes frame() const { return link(ip(), wire::EtherType::ipv4, to, from); }

    static Bytes link(const Bytes& payload, wire::EtherType type, Mac to, Mac from) {
        Bytes octets(wire::EthernetRepr::size());
        wire::EthernetRepr{to, from, type}.emit(octets);
        octets.insert(octets.end(), payload.begin(), payload.end());
        return octets;
    }
};

inline Bytes echo_request(std::size_t data, std::uint16_t sequence = 1) {
    Bytes message(8 + data);
    for (std::size_t i = 0; i < data; ++i) message[8 + i] = static_cast<std::byte>(i);
    wire::Icmpv4Repr::echo_request(77, sequence)
        .emit(message, Checksum::of(Octets{message}.subspan(8)));
    return message;
}

inline Packet icmp(Bytes message) {
    Packet packet;
    packet.protocol = 1;
    packet.payload = std::move(message);
    return packet;
}

/// A UDP datagram without checksum.
inline Packet udp(std::uint16_t source, std::uint16_t destination, std::size_t text) {
    Packet packet;
    packet.payload.resize(8 + text);
    store_be(packet.payload, 0, source);
    store_be(packet.payload, 2, destination);
    store_be(packet.payload, 4, static_cast<std::uint16_t>(8 + text));
    for (std::size_t i = 0; i < text; ++i) packet.payload[8 + i] = static_cast<std::byte>(i * 7);
    return packet;
}

inline Bytes arp(const wire::ArpRepr& message, Mac to) {
    Bytes packet(wire::ArpRepr::size());
    message.emit(packet);
    return Packet::link(packet, wire::EtherType::arp, to, message.sender_mac);
}

/// A frame that left, taken apart.
struct Sent {
    InterfaceIndex interface = 0;
    Bytes octets;

    [[nodiscard]] wire::EthernetView link() const { return *wire::EthernetView::parse(octets); }
    [[nodiscard]] bool is_arp() const { return link().type() == wire::EtherType::arp; }
    [[nodiscard]] wire::ArpRepr arp() const {
        return *wire::ArpRepr::from(*wire::ArpView::parse(link().payload()));
    }
    [[nodiscard]] wire::Ipv4View ip() const { return *wire::Ipv4View::parse(link().payload()); }
    [[nodiscard]] wire::Icmpv4View icmp() const { return *wire::Icmpv4View::parse(ip().payload()); }
};

/// One host with eth0 10.9.0.1/24 (02:00:00:00:00:01) and virtual time.
class HostFixture : public ::testing::Test {
  protected:
    HostFixture() : HostFixture(Config{}) {}
    explicit HostFixture(const Config& settings) : config(settings) {
        host.add_interface({.name = "eth0",
                            .mac = mac(1),
                            .mtu = 1500,
                            .addresses = {{addr("10.9.0.1"), 24}},
                            .vouches = false,
                            .super_segment_max = 0});
    }

    [[nodiscard]] Turn turn() { return {now, config, log, 3}; }

    [[nodiscard]] FramePtr frame_of(const Bytes& octets) {
        FramePtr frame = pool.frame();
        EXPECT_TRUE(frame->add(pool.copy(octets)));
        frame->id = 99;
        return frame;
    }
    Arrival inject(const Bytes& octets, InterfaceIndex in = 1) {
        return host.receive(turn(), in, frame_of(octets));
    }
    Arrival inject(const Packet& packet, InterfaceIndex in = 1) {
        return inject(packet.frame(), in);
    }
    /// True where the packet reached a transport.
    bool is_delivered(const Packet& packet) { return inject(packet).packet.has_value(); }

    /// All frames that want to leave.
    std::vector<Sent> sent() {
        std::vector<Sent> frames;
        while (auto out = host.next_frame(turn())) {
            Sent one{out->interface, Bytes(out->frame->size())};
            out->frame->copy_to(one.octets);
            frames.push_back(std::move(one));
        }
        return frames;
    }
    /// Time passes; all timers run when they are due.
    void advance(Duration by) {
        const Instant end = now + by;
        for (int step = 0; step < 1000 && host.deadline() <= end; ++step) {
            now = std::max(now, host.deadline());
            host.advance(turn());
            for (Sent& frame : sent()) later.push_back({now, std::move(frame)});
        }
        now = end;
    }

    /// The peer 10.9.0.2 is known and reachable.
    void know_peer() {
        inject(
            arp({wire::ArpOperation::request, mac(2), Ipv4{10, 9, 0, 2}, Mac{}, Ipv4{10, 9, 0, 1}},
                Mac::broadcast()));
        sent();
        log.clear();
    }

    PacketOut out_to(const char* destination, std::size_t octets, std::uint8_t protocol = 200) {
        PacketOut packet;
        packet.destination = addr(destination);
        packet.frame = pool.frame();
        const Bytes text(octets, std::byte{0x55});
        EXPECT_TRUE(packet.frame->add(pool.copy(text)));
        packet.protocol = protocol;
        return packet;
    }

    InterfaceIndex add(const char* name, std::uint8_t last, const char* address,
                       std::uint8_t length, std::uint32_t mtu = 1500) {
        return host.add_interface({.name = name,
                                   .mac = mac(last),
                                   .mtu = mtu,
                                   .addresses = {{addr(address), length}},
                                   .vouches = false,
                                   .super_segment_max = 0});
    }
    void add_default(const char* gateway, InterfaceIndex by = 1, std::uint32_t mtu = 0) {
        Route route;
        route.destination = {IpAddr::any_v4(), 0};
        route.gateway = addr(gateway);
        route.interface = by;
        route.mtu = mtu;
        host.add_route(route);
    }
    void know(InterfaceIndex in, const char* address, std::uint8_t last) {
        host.add_neighbor(turn(), {in, addr(address)}, mac(last));
    }
    static bool sums_up(const Sent& frame, std::uint8_t protocol) {
        const auto ip = frame.ip();
        return wire::pseudo_header(ip.source(), ip.destination(),
                                   static_cast<wire::IpProtocol>(protocol),
                                   static_cast<std::uint32_t>(ip.payload().size()))
            .add(ip.payload())
            .is_correct();
    }

    struct Later {
        Instant at;
        Sent frame;
    };

    Config config;
    buf::Pool pool;
    EventLog log;
    Instant now{};
    Engine host{config, 42, 3, pool};
    std::vector<Later> later;  // what advance() saw leave
};

}  // namespace dt::ip::test

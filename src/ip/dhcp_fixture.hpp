// For tests: a host whose second link leases its address, and a DHCP server built by hand.
#pragma once

#include <gtest/gtest.h>

#include "ip/dhcp.hpp"
#include "ip/host_fixture.hpp"
#include "wire/udp.hpp"

namespace dt::ip::test {

/// What our client asked, read as a server reads it.
struct Asked {
    Instant at;
    Bytes frame;

    [[nodiscard]] wire::EthernetView link() const { return *wire::EthernetView::parse(frame); }
    [[nodiscard]] wire::Ipv4View ip() const { return *wire::Ipv4View::parse(link().payload()); }
    [[nodiscard]] Octets message() const { return wire::UdpView::parse(ip().payload())->payload(); }
    [[nodiscard]] std::uint32_t xid() const { return load_be<std::uint32_t>(message(), 4); }
    [[nodiscard]] bool wants_broadcast() const {
        return load_be<std::uint16_t>(message(), 10) == 0x8000;
    }
    [[nodiscard]] Ipv4 ciaddr() const { return Ipv4::load(message(), 12); }
    /// The octets of an option; empty where it is not there.
    [[nodiscard]] Octets option(int code) const {
        Octets rest = message().subspan(240);
        while (rest[0] != std::byte{255}) {
            const auto length = std::to_integer<std::size_t>(rest[1]);
            if (std::to_integer<int>(rest[0]) == code) return rest.subspan(2, length);
            rest = rest.subspan(2 + length);
        }
        return {};
    }
    [[nodiscard]] int type() const { return std::to_integer<int>(option(53)[0]); }
    [[nodiscard]] std::optional<Ipv4> address_option(int code) const {
        const Octets value = option(code);
        return value.size() == 4 ? std::optional(Ipv4::load(value, 0)) : std::nullopt;
    }
};

inline constexpr int dhcp_discover = 1;
inline constexpr int dhcp_offer = 2;
inline constexpr int dhcp_request = 3;
inline constexpr int dhcp_decline = 4;
inline constexpr int dhcp_ack = 5;
inline constexpr int dhcp_nak = 6;
inline constexpr int dhcp_release = 7;

/// What a server gives; what a test does not care about is fine.
struct Given {
    const char* address = "10.77.0.50";
    const char* server = "10.77.0.1";
    std::optional<const char*> mask = "255.255.255.0";
    std::vector<const char*> routers = {"10.77.0.1"};
    std::optional<std::uint32_t> lease_s = 3600;
    std::optional<std::uint32_t> renewal_s = std::nullopt;
    std::optional<std::uint32_t> rebinding_s = std::nullopt;
    std::optional<std::uint16_t> mtu = std::nullopt;

    [[nodiscard]] Bytes message(int type, std::uint32_t xid) const {
        Bytes octets(240);
        octets[0] = std::byte{2};
        octets[1] = std::byte{1};
        octets[2] = std::byte{6};
        store_be(octets, 4, xid);
        if (type != dhcp_nak) addr(address).v4().store(octets, 16);
        mac(9).store(octets, 28);
        store_be(octets, 236, 0x6382'5363U);
        add(octets, 53, {static_cast<std::byte>(type)});
        add(octets, 54, of({server}));
        if (type != dhcp_nak) add_settings(octets);
        octets.push_back(std::byte{255});
        return octets;
    }

  private:
    static Bytes of(const std::vector<const char*>& addresses) {
        Bytes value(4 * addresses.size());
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            addr(addresses[i]).v4().store(value, 4 * i);
        }
        return value;
    }
    static Bytes number(std::uint32_t value) {
        Bytes octets(4);
        store_be(octets, 0, value);
        return octets;
    }
    static void add(Bytes& octets, int code, const Bytes& value) {
        octets.push_back(static_cast<std::byte>(code));
        octets.push_back(static_cast<std::byte>(value.size()));
        octets.insert(octets.end(), value.begin(), value.end());
    }
    void add_settings(Bytes& octets) const {
        if (mask) add(octets, 1, of({*mask}));
        if (!routers.empty()) add(octets, 3, of(routers));
        if (lease_s) add(octets, 51, number(*lease_s));
        if (renewal_s) add(octets, 58, number(*renewal_s));
        if (rebinding_s) add(octets, 59, number(*rebinding_s));
        if (mtu) add(octets, 26, {static_cast<std::byte>(*mtu >> 8), static_cast<std::byte>(*mtu)});
    }
};

/// eth0 with 10.9.0.1, and eth1 (02:00:00:00:00:09), whose address is leased.
class DhcpTest : public HostFixture {
  protected:
    DhcpTest() : HostFixture(settings()) {
        host.add_interface({.name = "eth1", .mac = mac(9), .mtu = 1500, .addresses = {}});
    }
    static Config settings() {
        Config config;
        config.dhcp = event::Switch::on;
        return config;
    }
    static constexpr InterfaceIndex link = 2;

    void run(Duration by) {
        host.advance(turn());
        for (Sent& frame : sent()) later.push_back({now, std::move(frame)});
        advance(by);
    }
    /// What was asked so far, and not looked at before.
    std::vector<Asked> asked() {
        run(Duration{});
        std::vector<Asked> found;
        for (const Later& each : later) {
            if (each.frame.is_arp() || each.frame.interface != link) continue;
            found.push_back({each.at, each.frame.octets});
        }
        std::erase_if(later, [](const Later& each) { return !each.frame.is_arp(); });
        return found;
    }
    [[nodiscard]] std::vector<std::pair<Instant, wire::ArpRepr>> arps() const {
        std::vector<std::pair<Instant, wire::ArpRepr>> found;
        for (const Later& each : later) {
            if (each.frame.is_arp()) found.emplace_back(each.at, each.frame.arp());
        }
        return found;
    }
    /// Runs until something is asked, and returns the first of it.
    Asked next_asked(Duration within = std::chrono::seconds{70}) {
        const Instant end = now + within;
        while (now < end) {
            const auto found = asked();
            if (!found.empty()) return found.front();
            advance(std::chrono::milliseconds{10});
        }
        ADD_FAILURE() << "nothing was asked";
        return {};
    }
    void hear_text(const Bytes& text, const char* to = "255.255.255.255",
                   const char* from = "10.77.0.1", std::uint16_t port = 67) {
        Packet packet = udp(port, 68, text.size());
        std::ranges::copy(text, packet.payload.begin() + 8);
        packet.source = addr(from);
        packet.destination = addr(to);
        packet.to = addr(to).is_broadcast() ? Mac::broadcast() : mac(9);
        inject(packet, link);
    }
    void hear(int type, const Asked& question, const Given& given = {},
              const char* to = "255.255.255.255") {
        hear_text(given.message(type, question.xid()), to, given.server);
    }
    /// Discover, offer, request.
    Asked request_for(const Given& given) {
        const Asked discover = next_asked();
        hear(dhcp_offer, discover, given);
        return next_asked();
    }
    /// The whole way to BOUND.
    void lease(const Given& given = {}) {
        hear(dhcp_ack, request_for(given), given);
        run(std::chrono::seconds{1});
    }
    [[nodiscard]] std::optional<IpAddr> address() const {
        const auto& own = host.interfaces()[link].addresses;
        return own.empty() ? std::nullopt : std::optional(own.front().network);
    }
    [[nodiscard]] bool is_reached(const char* destination) const {
        return host.path(addr(destination), std::nullopt).has_value();
    }
    [[nodiscard]] std::size_t refused(event::Reason reason) const {
        const auto moved = log.all<event::DatagramMoved>();
        return static_cast<std::size_t>(
            std::ranges::count(moved, reason, &event::DatagramMoved::reason));
    }
};

}  // namespace dt::ip::test

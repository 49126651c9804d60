// For tests: a host whose addresses are to be proved, and routers whose messages are built by hand.
#pragma once

#include <gtest/gtest.h>

#include "ip/autoconf.hpp"
#include "ip/host_v6_fixture.hpp"

namespace dt::ip::test {

inline constexpr const char* router = "fe80::2";
inline constexpr const char* other_router = "fe80::3";
inline constexpr const char* all_nodes = "ff02::1";
inline constexpr int advertisement_type = 134;
inline constexpr int solicitation_type = 133;
inline constexpr int probe_type = 135;

/// What a router says; octets in the order of RFC 4861 §4.2.
struct Said {
    std::uint16_t lifetime_s = 1800;
    std::uint8_t hop_limit = 0;
    std::uint8_t flags = 0;
    std::uint32_t reachable_ms = 0;
    std::uint32_t retrans_ms = 0;
    Bytes options = {};

    [[nodiscard]] Bytes message() const {
        Bytes octets(16);
        octets[0] = static_cast<std::byte>(advertisement_type);
        octets[4] = static_cast<std::byte>(hop_limit);
        octets[5] = static_cast<std::byte>(flags);
        store_be(octets, 6, lifetime_s);
        store_be(octets, 8, reachable_ms);
        store_be(octets, 12, retrans_ms);
        return octets + options;
    }
};

inline constexpr int on_link = 0x80;
inline constexpr int autonomous = 0x40;

inline Bytes prefix(const char* network, int length, int flags, std::uint32_t valid,
                    std::uint32_t preferred) {
    Bytes option = octets_of({3, 4, length, flags});
    option.resize(32);
    store_be(option, 4, valid);
    store_be(option, 8, preferred);
    v6(network).store(option, 16);
    return option;
}

inline Bytes mtu_option(std::uint32_t mtu) {
    Bytes option = octets_of({5, 1, 0, 0, 0, 0, 0, 0});
    store_be(option, 4, mtu);
    return option;
}

/// eth0 with IPv4 and eth1 with 2001:db8::1/64; all addresses are to be proved.
class RouterTest : public HostFixture {
  protected:
    RouterTest() : HostFixture(settings()) { add("eth1", 9, own_text, 64); }

    static Config settings() {
        Config config;
        config.ipv6 = event::Switch::on;
        config.autoconf = event::Switch::on;
        return config;
    }
    static constexpr InterfaceIndex link = 2;

    Arrival hear(PacketV6 packet) {
        if (packet.to == mac(1)) packet.to = mac(9);
        return inject(packet.frame(), link);
    }
    void hear_router(const Said& said, const char* from = router) {
        hear(PacketV6::nd(said.message(), from, all_nodes));
    }
    /// All addresses are proved.
    void settle() {
        host.advance(turn());
        advance(std::chrono::seconds{3});
        later.clear();
    }
    [[nodiscard]] std::vector<Ipv6> addresses() const {
        std::vector<Ipv6> found;
        for (const wire::Prefix& own : host.interfaces()[link].addresses) {
            if (!own.network.is_v4()) found.push_back(own.network.v6());
        }
        return found;
    }
    [[nodiscard]] std::optional<Ipv6> address_in(const char* network) const {
        for (const Ipv6& own : addresses()) {
            if (wire::Prefix::of(v6(network), 64).contains(own)) return own;
        }
        return std::nullopt;
    }
    /// Messages of a type that left by eth1, with their instants.
    [[nodiscard]] std::vector<std::pair<Instant, Sent>> messages(int type) const {
        std::vector<std::pair<Instant, Sent>> found;
        for (const Later& each : later) {
            if (each.frame.interface != link) continue;
            const auto ip = wire::Ipv6View::parse(each.frame.link().payload());
            if (!ip || ip->next_header() != wire::NextHeader::icmpv6) continue;
            if (std::to_integer<int>(ip->payload()[0]) == type) {
                found.emplace_back(each.at, each.frame);
            }
        }
        return found;
    }
    [[nodiscard]] bool has_default_route() const {
        return host.path(addr("2001:db8:ffff::1"), std::nullopt).has_value();
    }
    [[nodiscard]] std::optional<event::Reason> last_drop() const {
        std::optional<event::Reason> reason;
        for (const auto& moved : log.all<event::IcmpMoved>()) {
            if (moved.step == event::Step::dropped) reason = moved.reason;
        }
        return reason;
    }
    /// Where a packet to `destination` goes: the neighbour it waits for or is sent to.
    [[nodiscard]] std::optional<Mac> next_hop_of(const char* destination) {
        PacketOut packet = out_to(destination, 32);
        packet.source = IpAddr::any_v6();
        if (!host.send(turn(), std::move(packet))) return std::nullopt;
        const auto frames = sent();
        return frames.empty() ? std::nullopt : std::optional(frames[0].link().destination());
    }
    void know_routers() {
        host.add_neighbor(turn(), {link, addr(router)}, mac(2));
        host.add_neighbor(turn(), {link, addr(other_router)}, mac(3));
    }
};

}  // namespace dt::ip::test

// Interfaces of one stack and the addresses on them (RFC 1122 §3.3.4, weak host model).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/config.hpp"
#include "wire/address.hpp"

namespace dt::ip {

using InterfaceIndex = std::uint16_t;  // 0 = lo
inline constexpr InterfaceIndex loopback_interface = 0;

/// A link of this host, or lo.
struct Interface {
    std::string name;
    Mac mac;
    std::uint32_t mtu = 1500;             // octets of IP
    std::vector<wire::Prefix> addresses;  // address with its prefix length; the first is primary
    bool vouches = false;                 // link vouches for its frames: checksums not needed
    std::uint32_t super_segment_max = 0;  // octets of text in one frame, 0 = one MSS
    /// Super-segments all the same: cut as they leave, joined as they arrive (Linux GSO and GRO).
    bool batches = false;
    std::uint32_t mtu_v6 = 0;     // as a router said it, 0 = the link's
    std::uint8_t hop_limit = 64;  // of IPv6, as a router said it

    static constexpr std::uint32_t batch_max = 65'535 - 20 - 60;  // octets of text
    /// Octets of text that TCP may give it at once; 0 = one MSS.
    [[nodiscard]] std::uint32_t text_max() const {
        return super_segment_max == 0 && batches ? batch_max : super_segment_max;
    }
};

/// Least MTU of a link that carries IPv6, in octets (RFC 8200 §5; IP6-010).
inline constexpr std::uint32_t mtu_min_v6 = 1280;

/// All interfaces of a stack; index 0 is lo with 127.0.0.1/8, ::1 where IPv6 is on, and an MTU of
/// 65536.
class InterfaceTable {
  public:
    explicit InterfaceTable(event::Switch ipv6 = event::Switch::off,
                            event::Switch autoconf = event::Switch::off);

    /// Where IPv6 is on, a link with a link address gets fe80:: and its EUI-64 (RFC 4291 App. A),
    /// unless its addresses are still to be proved. IPv6 addresses of a link that cannot carry IPv6
    /// are left out.
    InterfaceIndex add(Interface interface);
    /// An address that was proved or leased, or is given up (RFC 4862 §5.4, §5.5.4; RFC 2131).
    void add_address(InterfaceIndex index, const wire::Prefix& own);
    void remove_address(InterfaceIndex index, const IpAddr& address);
    /// A deprecated address is not chosen while there is another (RFC 6724 §5 rule 3).
    void set_deprecated(const IpAddr& address, event::Switch deprecated);
    [[nodiscard]] bool is_deprecated(const IpAddr& address) const;
    /// What a router says of a link; 0 = nothing.
    void learn(InterfaceIndex index, std::uint32_t mtu_v6, std::uint8_t hop_limit);
    /// Changes whenever an address came or went.
    [[nodiscard]] std::uint64_t version() const { return version_; }

    [[nodiscard]] const std::vector<Interface>& all() const { return interfaces_; }
    [[nodiscard]] const Interface& at(InterfaceIndex index) const { return interfaces_[index]; }
    [[nodiscard]] std::size_t size() const { return interfaces_.size(); }

    /// The interface that has `address`; every 127/8 address is lo's. An address of any interface
    /// is ours whatever link a packet comes by (weak host model, IP4-022).
    [[nodiscard]] std::optional<InterfaceIndex> owner(const IpAddr& address) const;
    [[nodiscard]] bool is_local(const IpAddr& address) const { return owner(address).has_value(); }
    /// Whether this interface has it, whichever others do.
    [[nodiscard]] bool has(InterfaceIndex index, const IpAddr& address) const;
    /// 255.255.255.255, or the directed broadcast address of some interface (IP4-025).
    [[nodiscard]] bool is_broadcast(const IpAddr& address) const;
    /// A group that this host hears: 224.0.0.1 (RFC 1112 §4), ff02::1 and the solicited-node groups
    /// of its addresses (RFC 4291 §2.8).
    [[nodiscard]] bool is_joined(const IpAddr& group) const;

    /// Source for a packet that leaves by `index` towards `next_hop`: the first address whose
    /// prefix holds it, else the primary one (SRC-010). Nothing where there is no address.
    [[nodiscard]] std::optional<IpAddr> source(InterfaceIndex index, const IpAddr& next_hop) const;
    /// The link-local address of an interface (RFC 4291 §2.5.6).
    [[nodiscard]] std::optional<IpAddr> link_local(InterfaceIndex index) const;
    [[nodiscard]] bool carries_v6(const Interface& interface) const;

  private:
    /// Asked several times for every packet: kept apart from the names and masks.
    struct Own {
        IpAddr address;
        InterfaceIndex interface = 0;
    };

    event::Switch ipv6_;
    event::Switch autoconf_;
    std::vector<Interface> interfaces_;
    std::vector<Own> own_;
    std::vector<IpAddr> broadcasts_;
    std::vector<IpAddr> deprecated_;
    std::uint64_t version_ = 0;
};

}  // namespace dt::ip

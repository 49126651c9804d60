// A real interface that a network is joined to: `--tap NAME[,ip=A/LEN[,gw=G]|,dhcp][,auto6]`,
// `tap` in a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/config.hpp"
#include "link/values.hpp"
#include "wire/address.hpp"

namespace dt::link {

/// The interface, and what our first host is on its network.
struct TapSpec {
    /// Longest name of an interface (IFNAMSIZ without its end).
    static constexpr std::size_t name_max = 15;

    std::string name;
    std::optional<IpAddr> address;  ///< nothing = by the order of hosts
    wire::Prefix network;           ///< of `address`
    std::optional<IpAddr> gateway;  ///< in `network`; next hop for everything that is not in it
    /// IPv6 as the routers of the network say: addresses, routes, MTU (RFC 4861, RFC 4862).
    event::Switch autoconf = event::Switch::off;
    /// Our hosts lease their IPv4 addresses from that network (RFC 2131); then there is no
    /// `address`.
    event::Switch dhcp = event::Switch::off;

    friend bool operator==(const TapSpec&, const TapSpec&) = default;
};

/// Reads `dt0`, `dt0,ip=10.9.0.2/24`, `dt0,ip=10.9.0.2/24,gw=10.9.0.1`, `dt0,dhcp` or `dt0,auto6`.
[[nodiscard]] Parsed<TapSpec> parse_tap(std::string_view text);

}  // namespace dt::link

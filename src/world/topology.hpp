// Addresses, neighbours and shortest paths of a world: link N is the subnet 10.0.N.0/24 unless the
// outside is on it, addresses follow the order of hosts but for those that are given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/address.hpp"
#include "world/spec.hpp"

namespace dt::world {

using LinkIndex = std::uint16_t;

class Topology {
  public:
    /// `spec` has no problem().
    explicit Topology(const Spec& spec);

    /// One end of a link at a host; interfaces of a host are in the order of links, eth0 first.
    struct Attachment {
        LinkIndex link = 0;
        std::uint16_t port = 0;  ///< of the link
        IpAddr address;
        IpAddr address_v6;  ///< used where Config::ipv6 is on
        Mac mac;
    };
    [[nodiscard]] const std::vector<Attachment>& attachments(HostIndex host) const {
        return attachments_[host];
    }
    [[nodiscard]] Prefix subnet(LinkIndex link) const;
    /// Link N is fd00:10:0:N::/64 (RFC 4193), its hosts in their order.
    [[nodiscard]] static Prefix subnet_v6(LinkIndex link);

    /// How a host reaches a subnet it is not on: out by interface `interface`
    /// (0 = eth0).
    struct Route {
        Prefix destination;
        IpAddr gateway;
        std::uint16_t interface = 0;
    };
    /// Shortest paths to all subnets that can be reached and are not the host's own; then, where
    /// the outside has a gateway, the default route.
    [[nodiscard]] std::vector<Route> routes(HostIndex host, Family family = Family::v4) const;
    /// Hosts on two links forward.
    [[nodiscard]] bool forwards(HostIndex host) const { return attachments_[host].size() > 1; }
    [[nodiscard]] bool has_forwarding() const;

    [[nodiscard]] std::optional<HostIndex> host(std::string_view name) const;
    /// The address of `target` that the shortest path from `asker` ends at; nothing where no path
    /// leads there.
    [[nodiscard]] std::optional<IpAddr> nearest_address(HostIndex asker, HostIndex target,
                                                        Family family = Family::v4) const;
    /// Which host's port this is.
    [[nodiscard]] HostIndex host_at(LinkIndex link, std::uint16_t port) const {
        return hosts_of_[link][port];
    }

    /// The link that leads out of the world, if any.
    [[nodiscard]] std::optional<LinkIndex> way_out() const;

  private:
    /// How the search from one host reached a link.
    struct Reached {
        bool is = false;
        std::uint16_t first_interface = 0;  // of the searching host
        IpAddr first_gateway;               // any where the host itself is on the link
        IpAddr first_gateway_v6;
        std::uint32_t order = 0;  // links found earlier are not farther
    };
    [[nodiscard]] std::vector<Reached> search(HostIndex from) const;
    void add_default_route(const Reached& out, std::vector<Route>& routes) const;
    [[nodiscard]] const Attachment& attachment(HostIndex host, LinkIndex link) const;

    std::vector<std::string> names_;
    std::vector<std::vector<Attachment>> attachments_;
    std::vector<std::vector<HostIndex>> hosts_of_;  // [link][port]
    std::vector<Prefix> subnets_;                   // of links
    std::optional<Outside> outside_;
};

}  // namespace dt::world

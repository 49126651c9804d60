// Addresses that a host gives itself and routers that it hears: duplicate address detection
// (RFC 4862 §5.4), router discovery (RFC 4861 §6.3), address autoconfiguration (RFC 4862 §5.5) with
// stable opaque identifiers (RFC 7217). Says what is to be done; the engine does it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "ip/interface.hpp"
#include "ip/route.hpp"
#include "wire/nd.hpp"

namespace dt::ip {

/// What a router says of its link; 0: not said.
struct LinkFacts {
    std::uint8_t hop_limit = 0;
    std::uint32_t mtu = 0;  // octets, of IPv6
    Duration reachable{};
    Duration retransmit{};
};

class Autoconf {
  public:
    using Nonce = std::array<std::byte, 6>;

    // RFC 4861 §10, RFC 4862 §5.1, RFC 7217 §7.
    static constexpr Duration delay_max = std::chrono::seconds{1};
    static constexpr Duration probe_time = std::chrono::seconds{1};
    static constexpr Duration solicitation_interval = std::chrono::seconds{4};
    static constexpr Duration solicitation_interval_max = std::chrono::seconds{3600};  // RFC 7559
    static constexpr std::uint8_t identifier_tries = 3;
    static constexpr Duration valid_least = std::chrono::hours{2};  // RFC 4862 §5.5.3 (e)

    // Bounds of one host (ND-022). Whoever comes first cannot keep all others out: routers that are
    // silent or less preferred make room, and the prefix that was heard longest ago.
    static constexpr std::size_t routers_max = 8;
    static constexpr std::size_t prefixes_max = 16;
    static constexpr std::size_t addresses_max = 16;  // of one link; Linux max_addresses

    explicit Autoconf(Rng rng);

    /// A link is there: a link-local address is made for it, and `configured` ones are proved too.
    void add_link(InterfaceIndex interface, const Mac& mac, std::uint32_t mtu,
                  const std::vector<wire::Prefix>& configured);

    void advance(Instant now);
    [[nodiscard]] Instant deadline() const { return due_; }

    enum class Heard : std::uint8_t { all, not_all_prefixes, no_more_routers };
    /// A Router Advertisement that is valid (RFC 4861 §6.1.2).
    Heard on_router(Instant now, InterfaceIndex interface, const Ipv6& router,
                    const wire::RouterAdvertisement& said);
    /// A neighbour says that it is no router (any more): RFC 4861 §7.2.5.
    void on_no_router(InterfaceIndex interface, const Ipv6& neighbour);
    [[nodiscard]] bool is_router(InterfaceIndex interface, const Ipv6& address) const;

    /// A neighbour did not answer: where there are routers enough, that one makes room first.
    void on_silent(InterfaceIndex interface, const Ipv6& neighbour);

    /// Whether `address` is still being proved on a link.
    [[nodiscard]] bool is_tentative(InterfaceIndex interface, const Ipv6& address) const;
    enum class Conflict : std::uint8_t { none, duplicate };
    /// Somebody else proves or has `address` (RFC 4862 §5.4.3, §5.4.4). With the nonce of our own
    /// question it is that question, come back (RFC 7527).
    Conflict on_claim(Instant now, InterfaceIndex interface, const Ipv6& address,
                      const std::optional<Nonce>& nonce);

    /// What the engine has to do, in this order.
    struct Deed {
        enum class What : std::uint8_t {
            probe,            // ask for `address` with `nonce`, from ::
            hear,             // the solicited-node group of `address` is ours to hear
            take,             // `address` is ours from now on
            deprecate,        // it is not chosen any more while there is another
            prefer,           // it is chosen again
            drop,             // it is ours no more
            solicit_routers,  // ask all routers of the link
            add_route,
            remove_route,
            learn_link,
        } what = What::take;
        InterfaceIndex interface = 0;
        wire::Prefix address;  // with the length of its prefix
        Nonce nonce{};
        Route route;
        LinkFacts facts;
    };
    [[nodiscard]] std::optional<Deed> next_deed();

  private:
    struct Address {
        InterfaceIndex interface = 0;
        Ipv6 address;
        std::uint8_t length = 64;
        enum class State : std::uint8_t { waiting, probing, preferred, deprecated } state{};
        enum class Origin : std::uint8_t { configured, link_local, prefix } origin{};
        Instant due{};  // waiting: when it is asked for; probing: when it is ours
        Instant preferred_until = never;
        Instant valid_until = never;
        Nonce nonce{};
        std::uint8_t tries = 0;
    };
    struct Link {
        InterfaceIndex interface = 0;
        Mac mac;
        std::uint32_t mtu = 0;
        Instant solicits_at = never;
        Duration interval = solicitation_interval;
        LinkFacts facts;
    };
    struct Router {
        InterfaceIndex interface = 0;
        Ipv6 address;
        std::int8_t preference = 0;
        Instant until = never;
        Instant heard{};
        bool is_silent = false;  // since it was heard
    };
    struct OnLink {
        InterfaceIndex interface = 0;
        wire::Prefix prefix;
        Instant until = never;
        Instant heard{};
    };

    void begin(Address address, Instant at);
    void step(Address& address, Instant now);
    void solicit(Link& link, Instant now);
    [[nodiscard]] bool hear_router(Instant now, InterfaceIndex interface, const Ipv6& router,
                                   const wire::RouterAdvertisement& said);
    void hear_facts(Link& link, const wire::RouterAdvertisement& said);
    [[nodiscard]] bool hear_prefix(Instant now, InterfaceIndex interface,
                                   const wire::PrefixInformation& said);
    void hear_on_link(Instant now, InterfaceIndex interface, const wire::PrefixInformation& said);
    [[nodiscard]] bool hear_autonomous(Instant now, InterfaceIndex interface,
                                       const wire::PrefixInformation& said);
    void renew(Address& address, Instant now, const wire::PrefixInformation& said);
    [[nodiscard]] bool make_room(std::int8_t preference);
    void forget_router(std::size_t index);
    void forget_on_link(std::size_t index);
    void update_due();
    [[nodiscard]] Link* link_of(InterfaceIndex interface);
    [[nodiscard]] Ipv6 make_address(const Ipv6& prefix, const Link& link, std::uint8_t tries) const;
    [[nodiscard]] Duration random_delay();
    Deed& put(Deed::What what, InterfaceIndex interface);
    void put_address(Deed::What what, const Address& address);

    Rng rng_;
    SipKey key_;
    std::vector<Address> addresses_;
    std::vector<Link> links_;
    std::vector<Router> routers_;
    std::vector<OnLink> on_link_;
    std::deque<Deed> deeds_;
    Instant due_ = never;
};

/// Metric of a default route by its router's preference (RFC 4191 §2.2): lower is better.
[[nodiscard]] std::uint32_t metric_of(std::int8_t preference);

}  // namespace dt::ip

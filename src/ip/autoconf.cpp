// Addresses that a host gives itself and routers that it hears.
#include "ip/autoconf.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace dt::ip {

namespace {

constexpr std::uint8_t identifier_bits = 64;
constexpr Ipv6 link_local_prefix{{0xfe, 0x80}};
constexpr std::uint32_t for_ever = 0xffff'ffff;

Instant after(Instant now, std::uint32_t seconds) {
    return seconds == for_ever ? never : now + std::chrono::seconds{seconds};
}

wire::Prefix prefix_of(const Ipv6& address, std::uint8_t length) {
    return wire::Prefix::of(IpAddr(address), length);
}

/// RFC 5453: identifiers that mean something else.
bool is_reserved(std::uint64_t identifier) {
    constexpr std::uint64_t anycast_first = 0xfdff'ffff'ffff'ff80;
    constexpr std::uint64_t anycast_last = 0xfdff'ffff'ffff'ffff;
    return identifier == 0 || (identifier >= anycast_first && identifier <= anycast_last);
}

Route default_route(InterfaceIndex interface, const Ipv6& router, std::int8_t preference) {
    Route route;
    route.destination = prefix_of(Ipv6{}, 0);
    route.gateway = IpAddr(router);
    route.interface = interface;
    route.metric = metric_of(preference);
    return route;
}

}  // namespace

std::uint32_t metric_of(std::int8_t preference) {
    constexpr std::uint32_t medium = 1024;  // Linux IP6_RT_PRIO_USER
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(medium) - preference);
}

Autoconf::Autoconf(Rng rng) : rng_(rng), key_(SipKey::from(rng_)) {}

Duration Autoconf::random_delay() {
    const auto most = static_cast<std::uint64_t>(delay_max.count());
    return Duration{static_cast<std::int64_t>(rng_.below(most))};
}

/// RFC 7217 §5: the same link and prefix give the same identifier, another prefix another one.
Ipv6 Autoconf::make_address(const Ipv6& prefix, const Link& link, std::uint8_t tries) const {
    const auto words = IpAddr(prefix).words();
    std::uint64_t hardware = 0;
    for (const std::uint8_t octet : link.mac.octets()) hardware = hardware << 8 | octet;
    std::uint64_t identifier = 0;
    for (std::uint64_t salt = 0; is_reserved(identifier); ++salt) {
        const std::array<std::uint64_t, 4> input{words[0], hardware, tries, salt};
        identifier = base::siphash_2_4(key_, input);
    }
    std::array<std::byte, Ipv6::size> octets{};
    prefix.store(octets, 0);
    store_be(octets, identifier_bits / 8, identifier);
    return Ipv6::load(octets, 0);
}

Autoconf::Link* Autoconf::link_of(InterfaceIndex interface) {
    const auto found = std::ranges::find(links_, interface, &Link::interface);
    return found == links_.end() ? nullptr : &*found;
}

Autoconf::Deed& Autoconf::put(Deed::What what, InterfaceIndex interface) {
    Deed& deed = deeds_.emplace_back();
    deed.what = what;
    deed.interface = interface;
    return deed;
}

void Autoconf::put_address(Deed::What what, const Address& address) {
    Deed& deed = put(what, address.interface);
    deed.address = {IpAddr(address.address), address.length};
    deed.nonce = address.nonce;
}

std::optional<Autoconf::Deed> Autoconf::next_deed() {
    if (deeds_.empty()) return std::nullopt;
    const Deed deed = deeds_.front();
    deeds_.pop_front();
    return deed;
}

void Autoconf::add_link(InterfaceIndex interface, const Mac& mac, std::uint32_t mtu,
                        const std::vector<wire::Prefix>& configured) {
    Link& link = links_.emplace_back();
    link.interface = interface;
    link.mac = mac;
    link.mtu = mtu;
    Address own;
    own.interface = interface;
    own.origin = Address::Origin::link_local;
    own.address = make_address(link_local_prefix, link, 0);
    begin(own, Instant::min());
    for (const wire::Prefix& given : configured) {
        Address address;
        address.interface = interface;
        address.origin = Address::Origin::configured;
        address.address = given.network.v6();
        address.length = given.length;
        begin(address, Instant::min());
    }
}

/// The address is asked for from `at` on, after a random delay (RFC 4862 §5.4.2); before the first
/// turn nobody knows the time.
void Autoconf::begin(Address address, Instant at) {
    address.state = Address::State::waiting;
    address.due = at == Instant::min() ? at : at + random_delay();
    for (std::byte& octet : address.nonce) octet = static_cast<std::byte>(rng_.below(256));
    put_address(Deed::What::hear, address);
    addresses_.push_back(address);
    due_ = std::min(due_, address.due);
}

void Autoconf::step(Address& address, Instant now) {
    using State = Address::State;
    if (address.state == State::waiting && address.due == Instant::min()) {
        address.due = now + random_delay();
    }
    if (address.state == State::waiting && address.due <= now) {
        address.state = State::probing;
        address.due = now + probe_time;
        put_address(Deed::What::probe, address);
    }
    if (address.state == State::probing && address.due <= now) {
        address.state = State::preferred;
        put_address(Deed::What::take, address);
        Link* link = link_of(address.interface);
        const bool may_ask = address.origin == Address::Origin::link_local && link != nullptr;
        if (may_ask) link->solicits_at = now;  // its own delay is over (RFC 4861 §6.3.7)
    }
    if (address.state == State::preferred && address.preferred_until <= now) {
        address.state = State::deprecated;
        put_address(Deed::What::deprecate, address);
    }
}

/// RFC 7559 §2: the interval doubles, for routers that come late.
void Autoconf::solicit(Link& link, Instant now) {
    put(Deed::What::solicit_routers, link.interface);
    constexpr std::int64_t tenth = 10;
    const std::int64_t spread = link.interval.count() / tenth;
    const auto wide = static_cast<std::uint64_t>(2 * spread + 1);
    const Duration jitter{static_cast<std::int64_t>(rng_.below(wide)) - spread};
    link.solicits_at = now + link.interval + jitter;
    link.interval = std::min(link.interval * 2, solicitation_interval_max);
}

void Autoconf::forget_router(std::size_t index) {
    const Router& router = routers_[index];
    put(Deed::What::remove_route, router.interface).route =
        default_route(router.interface, router.address, router.preference);
    routers_.erase(routers_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Autoconf::forget_on_link(std::size_t index) {
    const OnLink& gone = on_link_[index];
    Route& route = put(Deed::What::remove_route, gone.interface).route;
    route.destination = gone.prefix;
    route.interface = gone.interface;
    on_link_.erase(on_link_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Autoconf::advance(Instant now) {
    if (due_ > now) return;
    for (Address& address : addresses_) step(address, now);
    std::erase_if(addresses_, [&](const Address& address) {
        if (address.valid_until > now) return false;
        put_address(Deed::What::drop, address);
        return true;
    });
    for (std::size_t i = routers_.size(); i-- > 0;) {
        if (routers_[i].until <= now) forget_router(i);
    }
    for (std::size_t i = on_link_.size(); i-- > 0;) {
        if (on_link_[i].until <= now) forget_on_link(i);
    }
    for (Link& link : links_) {
        if (link.solicits_at <= now) solicit(link, now);
    }
    update_due();
}

void Autoconf::update_due() {
    using State = Address::State;
    due_ = never;
    for (const Address& address : addresses_) {
        const bool is_unproved = address.state == State::waiting || address.state == State::probing;
        if (is_unproved) due_ = std::min(due_, address.due);
        if (address.state == State::preferred) due_ = std::min(due_, address.preferred_until);
        due_ = std::min(due_, address.valid_until);
    }
    for (const Router& router : routers_) due_ = std::min(due_, router.until);
    for (const OnLink& each : on_link_) due_ = std::min(due_, each.until);
    for (const Link& link : links_) due_ = std::min(due_, link.solicits_at);
}

bool Autoconf::is_router(InterfaceIndex interface, const Ipv6& address) const {
    return std::ranges::any_of(routers_, [&](const Router& router) {
        return router.interface == interface && router.address == address;
    });
}

void Autoconf::on_no_router(InterfaceIndex interface, const Ipv6& neighbour) {
    for (std::size_t i = routers_.size(); i-- > 0;) {
        const bool is_it = routers_[i].interface == interface && routers_[i].address == neighbour;
        if (is_it) forget_router(i);
    }
    update_due();
}

void Autoconf::on_silent(InterfaceIndex interface, const Ipv6& neighbour) {
    for (Router& router : routers_) {
        const bool is_it = router.interface == interface && router.address == neighbour;
        if (is_it) router.is_silent = true;
    }
}

/// The one to lose is silent, or is the least preferred; of equals the one heard longest ago.
/// Otherwise eight forged messages would shut an honest router out for their whole lifetime.
bool Autoconf::make_room(std::int8_t preference) {
    if (routers_.size() < routers_max) return true;
    const auto worth = [](const Router& router) {
        return std::tuple(!router.is_silent, router.preference, router.heard);
    };
    const auto least = std::ranges::min_element(routers_, {}, worth);
    if (!least->is_silent && least->preference >= preference) return false;
    forget_router(static_cast<std::size_t>(least - routers_.begin()));
    return true;
}

/// RFC 4861 §6.3.4; false where there are routers enough.
bool Autoconf::hear_router(Instant now, InterfaceIndex interface, const Ipv6& router,
                           const wire::RouterAdvertisement& said) {
    const auto known = std::ranges::find_if(routers_, [&](const Router& each) {
        return each.interface == interface && each.address == router;
    });
    if (said.lifetime_s == 0) {  // ND-030
        if (known != routers_.end()) {
            forget_router(static_cast<std::size_t>(known - routers_.begin()));
        }
        return true;
    }
    if (Link* link = link_of(interface)) link->solicits_at = never;
    const Instant until = now + std::chrono::seconds{said.lifetime_s};
    if (known != routers_.end() && known->preference == said.preference) {
        known->until = until;
        known->heard = now;
        known->is_silent = false;
        return true;
    }
    if (known != routers_.end()) {
        forget_router(static_cast<std::size_t>(known - routers_.begin()));
    }
    if (!make_room(said.preference)) return false;
    routers_.push_back({interface, router, said.preference, until, now});
    put(Deed::What::add_route, interface).route = default_route(interface, router, said.preference);
    return true;
}

void Autoconf::hear_facts(Link& link, const wire::RouterAdvertisement& said) {
    LinkFacts facts = link.facts;
    if (said.hop_limit != 0) facts.hop_limit = said.hop_limit;
    // No less than Linux takes: on a link slower than that no neighbour would be found any more.
    constexpr Duration reachable_min = 100ms;
    constexpr Duration retransmit_min = 10ms;
    const auto told = [](std::uint32_t ms, Duration least) {
        return std::max<Duration>(std::chrono::milliseconds{ms}, least);
    };
    if (said.reachable_ms != 0) facts.reachable = told(said.reachable_ms, reachable_min);
    if (said.retrans_ms != 0) facts.retransmit = told(said.retrans_ms, retransmit_min);
    const auto mtu = said.options.mtu;
    if (mtu && *mtu >= mtu_min_v6 && *mtu <= link.mtu) facts.mtu = *mtu;
    const bool is_news = facts.hop_limit != link.facts.hop_limit || facts.mtu != link.facts.mtu ||
                         facts.reachable != link.facts.reachable ||
                         facts.retransmit != link.facts.retransmit;
    link.facts = facts;
    if (is_news) put(Deed::What::learn_link, link.interface).facts = facts;
}

void Autoconf::hear_on_link(Instant now, InterfaceIndex interface,
                            const wire::PrefixInformation& said) {
    const wire::Prefix prefix = prefix_of(said.prefix, said.length);
    const auto known = std::ranges::find_if(on_link_, [&](const OnLink& each) {
        return each.interface == interface && each.prefix == prefix;
    });
    if (known != on_link_.end()) {
        known->until = after(now, said.valid_s);
        known->heard = now;
        if (said.valid_s == 0) forget_on_link(static_cast<std::size_t>(known - on_link_.begin()));
        return;
    }
    if (said.valid_s == 0) return;
    if (on_link_.size() == prefixes_max) {
        const auto oldest = std::ranges::min_element(on_link_, {}, &OnLink::heard);
        forget_on_link(static_cast<std::size_t>(oldest - on_link_.begin()));
    }
    on_link_.push_back({interface, prefix, after(now, said.valid_s), now});
    Route& route = put(Deed::What::add_route, interface).route;
    route.destination = prefix;
    route.interface = interface;
}

/// RFC 4862 §5.5.3 (e): nobody shortens what is left to less than two hours, but by then.
void Autoconf::renew(Address& address, Instant now, const wire::PrefixInformation& said) {
    address.preferred_until = after(now, said.preferred_s);
    const Instant wanted = after(now, said.valid_s);
    const Instant least = now + valid_least;
    if (wanted > least || wanted > address.valid_until) {
        address.valid_until = wanted;
    } else if (address.valid_until > least) {
        address.valid_until = least;
    }
    const bool is_fresh = address.preferred_until > now;
    if (address.state == Address::State::deprecated && is_fresh) {
        address.state = Address::State::preferred;
        put_address(Deed::What::prefer, address);
    }
}

bool Autoconf::hear_autonomous(Instant now, InterfaceIndex interface,
                               const wire::PrefixInformation& said) {
    const Link* link = link_of(interface);
    if (said.length != identifier_bits || link == nullptr) return false;
    const wire::Prefix prefix = prefix_of(said.prefix, said.length);
    std::size_t count = 0;
    for (Address& address : addresses_) {
        if (address.interface != interface) continue;
        ++count;
        const bool is_of_it = address.origin == Address::Origin::prefix &&
                              prefix_of(address.address, identifier_bits) == prefix;
        if (!is_of_it) continue;
        renew(address, now, said);
        step(address, now);
        return true;
    }
    if (said.valid_s == 0) return true;
    if (count >= addresses_max) return false;
    Address address;
    address.interface = interface;
    address.origin = Address::Origin::prefix;
    address.address = make_address(prefix.network.v6(), *link, 0);
    address.preferred_until = after(now, said.preferred_s);
    address.valid_until = after(now, said.valid_s);
    begin(address, now);
    return true;
}

bool Autoconf::hear_prefix(Instant now, InterfaceIndex interface,
                           const wire::PrefixInformation& said) {
    const bool is_usual = !said.prefix.is_link_local() && !said.prefix.is_multicast() &&
                          !said.prefix.is_v4_mapped() && !said.prefix.is_loopback();
    const bool is_sound =
        is_usual && said.length <= Ipv6::size * 8 && said.preferred_s <= said.valid_s;
    if (!is_sound) return false;
    if (said.on_link) hear_on_link(now, interface, said);
    return !said.autonomous || hear_autonomous(now, interface, said);
}

Autoconf::Heard Autoconf::on_router(Instant now, InterfaceIndex interface, const Ipv6& router,
                                    const wire::RouterAdvertisement& said) {
    Link* link = link_of(interface);
    if (link == nullptr || !hear_router(now, interface, router, said)) {
        return Heard::no_more_routers;
    }
    hear_facts(*link, said);
    Heard heard = Heard::all;
    for (std::size_t i = 0; i < said.options.prefix_count; ++i) {
        if (!hear_prefix(now, interface, said.options.prefixes[i])) {
            heard = Heard::not_all_prefixes;
        }
    }
    update_due();
    return heard;
}

bool Autoconf::is_tentative(InterfaceIndex interface, const Ipv6& address) const {
    return std::ranges::any_of(addresses_, [&](const Address& each) {
        const bool is_unproved =
            each.state == Address::State::waiting || each.state == Address::State::probing;
        return each.interface == interface && each.address == address && is_unproved;
    });
}

Autoconf::Conflict Autoconf::on_claim(Instant now, InterfaceIndex interface, const Ipv6& address,
                                      const std::optional<Nonce>& nonce) {
    if (!is_tentative(interface, address)) return Conflict::none;
    const auto found = std::ranges::find_if(addresses_, [&](const Address& each) {
        return each.interface == interface && each.address == address;
    });
    if (nonce && *nonce == found->nonce) return Conflict::none;
    Address another = *found;
    put_address(Deed::What::drop, another);
    addresses_.erase(found);
    const Link* link = link_of(interface);
    const bool is_made = another.origin != Address::Origin::configured && link != nullptr;
    if (is_made && another.tries < identifier_tries) {  // RFC 7217 §6
        const Ipv6 prefix = prefix_of(another.address, identifier_bits).network.v6();
        another.address = make_address(prefix, *link, ++another.tries);
        begin(another, now);
    }
    update_due();
    return Conflict::duplicate;
}

}  // namespace dt::ip

// A DHCP client for one link: its states, in the order of RFC 2131 §4.4.
#include "ip/dhcp.hpp"

#include <algorithm>

namespace dt::ip {

using wire::DhcpQuestion;
using wire::DhcpReply;
using wire::DhcpType;

namespace {

/// `seconds` behind `from`; a lease of centuries ends as little as one for ever.
Instant after(Instant from, std::uint32_t seconds) {
    const Duration span = std::chrono::seconds{seconds};
    const bool has_end = seconds != wire::dhcp_for_ever && from < never - span;
    return has_end ? from + span : never;
}

/// An address that a host may have.
bool is_host(const Ipv4& address) {
    return !address.is_this_network() && !address.is_loopback() && !address.is_multicast() &&
           !address.is_reserved() && !address.is_broadcast();
}

/// Where a server says nothing of it: as before there were masks (RFC 791 §2.3).
std::uint8_t length_by_class(const Ipv4& address) {
    const std::uint8_t first = address.octet(0);
    if (first < 128) return 8;
    return first < 192 ? 16 : 24;
}

/// Neither the network itself nor all of its hosts.
bool is_host_of(const wire::Prefix& own) {
    constexpr std::uint8_t length_with_network = 30;  // RFC 3021: longer ones have none
    const wire::Prefix network = wire::Prefix::of(own.network, own.length);
    const bool is_network = own.network == network.network && own.length <= length_with_network;
    return !is_network && !network.is_broadcast(own.network);
}

}  // namespace

DhcpClient::DhcpClient(InterfaceIndex interface, const Mac& mac, std::uint32_t mtu, Rng rng)
    : interface_(interface), mac_(mac), mtu_(mtu), rng_(rng), key_(SipKey::from(rng_)) {}

std::optional<Lease> DhcpClient::lease() const {
    return is_bound() ? std::optional(lease_) : std::nullopt;
}

std::optional<DhcpClient::Deed> DhcpClient::next_deed() {
    if (deeds_.empty()) return std::nullopt;
    const Deed deed = deeds_.front();
    deeds_.pop_front();
    return deed;
}

void DhcpClient::put(Deed::What what, const Lease& lease) {
    Deed& deed = deeds_.emplace_back();
    deed.what = what;
    deed.lease = lease;
}

void DhcpClient::put_message(const DhcpQuestion& message, const Ipv4& destination) {
    Deed& deed = deeds_.emplace_back();
    deed.what = Deed::What::send;
    deed.message = message;
    deed.source = message.address;
    deed.destination = destination;
}

/// Others of the link cannot guess it from the last one.
std::uint32_t DhcpClient::new_xid() {
    const std::array<std::uint64_t, 1> input{++questions_};
    return static_cast<std::uint32_t>(base::siphash_2_4(key_, input));
}

Duration DhcpClient::random_below(Duration most) {
    return Duration{
        static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most.count())))};
}

Duration DhcpClient::next_interval() {
    const Duration jitter = random_below(2 * interval_spread) - interval_spread;
    const Duration interval = interval_ + jitter;
    interval_ = std::min(interval_ * 2, interval_max);
    return interval;
}

DhcpQuestion DhcpClient::question(DhcpType type, Instant now) const {
    constexpr std::int64_t secs_max = 0xffff;
    constexpr std::uint32_t headers = 28;  // of IP and UDP
    constexpr std::uint32_t size_least = 576;
    const auto secs = std::chrono::floor<std::chrono::seconds>(now - began_).count();
    DhcpQuestion asked;
    asked.type = type;
    asked.xid = xid_;
    asked.secs = static_cast<std::uint16_t>(std::min(secs, secs_max));
    asked.client = mac_;
    asked.size_max = static_cast<std::uint16_t>(
        std::clamp<std::uint32_t>(mtu_ - std::min(mtu_, headers), size_least, 0xffff));
    return asked;
}

void DhcpClient::advance(Instant now) {
    if (due_ == Instant::min()) begin_at(now + random_below(delay_max));  // nobody knew the time
    if (announces_at_ <= now) announce(now);
    while (due_ <= now) step(now);
}

/// Each step puts what is due behind `now`, or comes nearer to INIT, which does.
void DhcpClient::step(Instant now) {
    switch (state_) {
        case State::init:
            began_ = now;
            interval_ = interval_first;
            return discover(now);
        case State::selecting: return discover(now);
        case State::requesting:
            if (tries_ == requests_max) return begin_at(now);
            return request(now);
        case State::checking: return check(now);
        case State::bound:
            state_ = State::renewing;
            began_ = now;
            asked_ = now;
            xid_ = new_xid();
            return extend(now);
        case State::renewing:
            if (now < rebinds_at_) return extend(now);
            state_ = State::rebinding;  // the same xid: a late answer of its server is one still
            return extend(now);
        case State::rebinding:
            if (now < ends_at_) return extend(now);
            return give_up_lease(now);
    }
}

void DhcpClient::begin_at(Instant at) {
    state_ = State::init;
    announces_at_ = never;
    due_ = at;
}

/// §4.4.1. An offer that comes late still answers an earlier question of this search: the xid
/// stays.
void DhcpClient::discover(Instant now) {
    if (state_ == State::init) xid_ = new_xid();
    state_ = State::selecting;
    due_ = now + next_interval();
    const DhcpQuestion asked = question(DhcpType::discover, now);
    secs_ = asked.secs;
    put_message(asked, Ipv4::broadcast());
}

/// §4.4.1: to all, so that the servers that were not chosen learn it, and with the time of the
/// question that was offered to (§3.1 step 3), so that relays treat it alike. The lease counts from
/// the first one (§4.4.1): its answer may come late.
void DhcpClient::request(Instant now) {
    if (tries_ == 0) asked_ = now;
    ++tries_;
    due_ = now + next_interval();
    DhcpQuestion asked = question(DhcpType::request, now);
    asked.secs = secs_;
    asked.wanted = lease_.address.network.v4();
    asked.server = server_;
    put_message(asked, Ipv4::broadcast());
}

/// RFC 5227 §2.1.1.
void DhcpClient::check(Instant now) {
    if (tries_ == probes) return bind(now);
    ++tries_;
    due_ = now + probe_interval;
    put(Deed::What::probe, lease_);
}

void DhcpClient::bind(Instant now) {
    state_ = State::bound;
    due_ = renews_at_;
    conflicts_ = 0;
    announced_ = 0;
    put(Deed::What::take, lease_);
    announce(now);
}

/// RFC 5227 §2.3.
void DhcpClient::announce(Instant now) {
    ++announced_;
    announces_at_ = announced_ == announcements ? never : now + announce_interval;
    put(Deed::What::announce, lease_);
}

/// §4.4.5: asked again when half of what is left until the next state has gone, but not often.
void DhcpClient::extend(Instant now) {
    const bool is_renewing = state_ == State::renewing;
    const Instant end = is_renewing ? rebinds_at_ : ends_at_;
    due_ = std::min(end, now + std::max<Duration>((end - now) / 2, renewal_least));
    DhcpQuestion asked = question(DhcpType::request, now);
    asked.address = lease_.address.network.v4();
    put_message(asked, is_renewing ? server_ : Ipv4::broadcast());
}

void DhcpClient::give_up_lease(Instant now) {
    put(Deed::What::drop, lease_);
    begin_at(now);
}

/// RFC 2131 §4.4.6: told once, for nobody answers.
void DhcpClient::give_back(Instant now) {
    if (is_bound()) {
        began_ = now;
        xid_ = new_xid();
        DhcpQuestion told = question(DhcpType::release, now);
        told.address = lease_.address.network.v4();
        told.server = server_;
        put_message(told, server_);
        put(Deed::What::give_back, lease_);
    }
    begin_at(never);
}

std::optional<Lease> DhcpClient::lease_of(const DhcpReply& said) const {
    if (!is_host(said.address) || !said.server || !is_host(*said.server)) return std::nullopt;
    if (said.lease_s.value_or(0) < lease_least_s) return std::nullopt;
    Lease lease;
    lease.address.network = said.address;
    lease.address.length = said.prefix_length.value_or(length_by_class(said.address));
    if (lease.address.length < length_least || !is_host_of(lease.address)) return std::nullopt;
    for (std::size_t i = 0; i < said.router_count; ++i) {
        const Ipv4& router = said.routers[i];
        const bool is_other = is_host(router) && router != said.address;
        if (is_other) lease.routers[lease.router_count++] = router;
    }
    const std::uint16_t mtu = said.mtu.value_or(0);
    if (mtu >= mtu_least && mtu < mtu_) lease.mtu = mtu;
    return lease;
}

DhcpClient::Heard DhcpClient::on_reply(Instant now, const DhcpReply& said) {
    if (said.xid != xid_ || said.client != mac_) return Heard::not_for_us;
    switch (said.type) {
        case DhcpType::offer: return on_offer(now, said);
        case DhcpType::ack: return on_ack(now, said);
        case DhcpType::nak: return on_nak(now, said);
        case DhcpType::discover:
        case DhcpType::request:
        case DhcpType::decline:
        case DhcpType::release: break;  // no reply has these
    }
    return Heard::not_for_us;
}

/// The first one that is of use is taken (§4.4.1).
DhcpClient::Heard DhcpClient::on_offer(Instant now, const DhcpReply& said) {
    if (state_ != State::selecting) return Heard::not_for_us;
    const auto offered = lease_of(said);
    if (!offered) return Heard::refused;
    lease_ = *offered;
    server_ = *said.server;
    state_ = State::requesting;
    tries_ = 0;
    interval_ = interval_first;
    request(now);
    return Heard::taken;
}

DhcpClient::Heard DhcpClient::on_ack(Instant now, const DhcpReply& said) {
    const bool is_awaited = state_ == State::requesting || is_extending();
    if (!is_awaited) return Heard::not_for_us;
    // While others are asked to extend a lease, any server may (§4.4.5).
    const bool is_of_server = state_ == State::rebinding || said.server == server_;
    if (!is_of_server) return Heard::not_for_us;
    const auto given = lease_of(said);
    if (!given || given->address.network != lease_.address.network) return Heard::refused;
    if (after(asked_, *said.lease_s) <= now) return Heard::refused;  // it is over already
    const Lease before = lease_;
    lease_ = *given;
    server_ = *said.server;
    set_times(now, said);
    if (state_ == State::requesting) {
        state_ = State::checking;
        tries_ = 0;
        due_ = now;
        return Heard::taken;
    }
    state_ = State::bound;
    due_ = renews_at_;
    if (before == lease_) {
        put(Deed::What::extend, lease_);
        return Heard::taken;
    }
    put(Deed::What::drop, before);
    put(Deed::What::take, lease_);
    return Heard::taken;
}

/// Not all of a network that came up at once ask at once again (§4.4.5).
Instant DhcpClient::fuzzy_after(std::uint32_t seconds) {
    const Instant at = after(asked_, seconds);
    if (at == never) return never;
    return at - random_below(Duration{std::chrono::seconds{seconds}} / fuzz);
}

/// §4.4.5: T1 before T2 before the end; where a server says otherwise, a half and seven eighths.
void DhcpClient::set_times(Instant now, const DhcpReply& said) {
    const std::uint32_t lease_s = said.lease_s.value_or(0);
    constexpr std::uint32_t eighth = 8;
    std::uint32_t renewal = said.renewal_s.value_or(lease_s / 2);
    std::uint32_t rebinding = said.rebinding_s.value_or(lease_s - lease_s / eighth);
    const bool is_ordered = renewal > 0 && renewal < rebinding && rebinding < lease_s;
    if (!is_ordered) {
        renewal = lease_s / 2;
        rebinding = lease_s - lease_s / eighth;
    }
    ends_at_ = after(asked_, lease_s);
    const bool is_for_ever = ends_at_ == never;
    renews_at_ = rebinds_at_ = never;
    if (is_for_ever) return;
    renews_at_ = std::min(std::max(fuzzy_after(renewal), now + bound_least), ends_at_);
    rebinds_at_ = std::min(std::max(fuzzy_after(rebinding), renews_at_ + bound_least), ends_at_);
}

/// The client begins anew (§3.1 step 4), but not at once: or one packet of a server would be worth
/// two of ours for ever.
DhcpClient::Heard DhcpClient::on_nak(Instant now, const DhcpReply& said) {
    const bool is_awaited = state_ == State::requesting || is_extending();
    const bool is_of_server =
        said.server && (state_ == State::rebinding || *said.server == server_);
    if (!is_awaited || !is_of_server) return Heard::not_for_us;
    if (is_extending()) put(Deed::What::drop, lease_);
    begin_at(now + interval_first);
    return Heard::taken;
}

DhcpClient::Conflict DhcpClient::on_claim(Instant now, const Ipv4& address) {
    if (state_ != State::checking || IpAddr{address} != lease_.address.network) {
        return Conflict::none;
    }
    DhcpQuestion refusal = question(DhcpType::decline, now);
    refusal.secs = 0;
    refusal.wanted = address;
    refusal.server = server_;
    put_message(refusal, Ipv4::broadcast());
    if (conflicts_ < conflicts_max) ++conflicts_;
    begin_at(now + (conflicts_ == conflicts_max ? conflict_interval : after_decline));
    return Conflict::duplicate;
}

}  // namespace dt::ip

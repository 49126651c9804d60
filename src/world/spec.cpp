// Specifications of worlds: checked, and as octets.
#include "world/spec.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace dt::world {

namespace {

using Keys = decltype(Config::fast_open_keys);

/// Every tunable in turn. A new one belongs at the end of this list. A recording
/// says how many it has, so older ones are read too; what they do not know keeps its default.
template <class Each>
constexpr void for_each_tunable(Config& c, Each each) {
    each(c.somaxconn), each(c.accept_overflow), each(c.synack_retries);
    each(c.syn_retries), each(c.syn_linear_timeouts), each(c.port_first), each(c.port_last);
    each(c.unprivileged_port_start), each(c.rto_initial), each(c.rto_min), each(c.rto_max);
    each(c.retries_2), each(c.orphan_retries), each(c.delayed_ack), each(c.quick_acks);
    each(c.time_wait), each(c.fin_wait_2), each(c.time_wait_rst), each(c.time_wait_max);
    each(c.orphans_max), each(c.window_scaling), each(c.timestamps), each(c.receive_buffer);
    each(c.receive_buffer_max), each(c.send_buffer), each(c.send_buffer_max);
    each(c.neighbour_retry), each(c.neighbour_tries), each(c.neighbour_reachable);
    each(c.neighbours_max), each(c.icmp_errors_per_s), each(c.reply_ring), each(c.sockets_max);
    each(c.frames_per_turn);
    // Format 1 ends here.
    each(c.sack), each(c.dsack), each(c.recovery), each(c.early_retransmit), each(c.frto);
    each(c.reordering), each(c.reordering_max), each(c.min_rtt_window), each(c.congestion);
    each(c.hystart), each(c.slow_start_after_idle), each(c.ecn), each(c.delayed_ack_max);
    each(c.invalid_ratelimit), each(c.moderate_receive_buffer), each(c.ipv6), each(c.numbers);
    each(c.fast_open), each(c.fast_open_keys), each(c.fast_open_key_count);
    each(c.notsent_lowat);
    each(c.syn_cookies), each(c.resets_per_s), each(c.rto_floor), each(c.rescue);
    each(c.initial_window), each(c.slow_start_limit), each(c.pacing);
    each(c.pacing_slow_start_percent), each(c.pacing_percent), each(c.mtu_probing);
    each(c.mtu_base_mss), each(c.mtu_expires), each(c.mtu_probe_again), each(c.time_wait_reuse);
    each(c.time_wait_reuse_delay), each(c.time_wait_new_timestamps), each(c.strict_timestamps);
    each(c.autoconf), each(c.dhcp), each(c.batches), each(c.retries_1), each(c.rtt_clear_after);
    each(c.accept_redirects);
}

/// What a host of format 1 did: it knew neither SACK nor CUBIC nor ECN, and delayed every ACK
/// alike.
void forget_later_features(Config& c) {
    c.sack = event::Switch::off;
    c.dsack = event::Switch::off;
    c.early_retransmit = 0;
    c.frto = 0;
    c.congestion = event::CongestionControl::reno;
    c.hystart = event::Switch::off;
    c.ecn = event::Ecn::off;
    c.delayed_ack_max = c.delayed_ack;
    c.fast_open = 0;
}

constexpr std::size_t tunables_of_format_1 = 34;

struct CountTunable {
    std::size_t& count;
    template <class T>
    constexpr void operator()(const T&) const {
        ++count;
    }
};

struct WriteTunable {
    Encoder& to;
    void operator()(const Duration& span) const { to.signed_number(span.count()); }
    void operator()(const Keys& keys) const {
        for (const SipKey& key : keys) {
            to.number(key.low);
            to.number(key.high);
        }
    }
    template <class T>
    void operator()(const T& value) const {
        to.number(static_cast<std::uint64_t>(value));
    }
};

/// Ten years: sums of a few of them are far from what an Instant can hold.
constexpr Duration span_max = std::chrono::hours{24 * 3650};

Duration decode_span(Decoder& from) {
    const Duration span{from.signed_number()};
    if (span >= Duration{} && span <= span_max) return span;
    from.set_broken();
    return {};
}

/// Enumerators of a tunable.
constexpr std::uint64_t count_of(event::Overflow) { return 2; }
constexpr std::uint64_t count_of(event::TimeWaitRst) { return 2; }
constexpr std::uint64_t count_of(event::Switch) { return 2; }
constexpr std::uint64_t count_of(event::CongestionControl) { return 3; }
constexpr std::uint64_t count_of(event::TimeWaitReuse) { return 3; }
constexpr std::uint64_t count_of(event::SynCookies) { return 3; }
constexpr std::uint64_t count_of(event::MtuProbing) { return 3; }
constexpr std::uint64_t count_of(event::RtoFloor) { return 2; }
constexpr std::uint64_t count_of(event::InitialWindow) { return 2; }
constexpr std::uint64_t count_of(event::Ecn) { return 3; }
constexpr std::uint64_t count_of(event::Numbers) { return 2; }

/// The first number that a tunable cannot be.
template <class T>
constexpr std::uint64_t end_of() {
    if constexpr (std::is_enum_v<T>) {
        return count_of(T{});
    } else {
        constexpr std::uint64_t counts_max = 1ULL << 40;
        return std::min<std::uint64_t>(std::numeric_limits<T>::max(), counts_max) + 1;
    }
}

/// Reads the first `left` tunables.
struct ReadTunable {
    Decoder& from;
    std::size_t& left;
    void operator()(Duration& span) const {
        if (take()) span = decode_span(from);
    }
    void operator()(Keys& keys) const {
        if (!take()) return;
        for (SipKey& key : keys) {
            key.low = from.number();
            key.high = from.number();
        }
    }
    template <class T>
    void operator()(T& value) const {
        if (take()) value = static_cast<T>(from.below(end_of<T>()));
    }
    [[nodiscard]] bool take() const {
        if (left == 0) return false;
        --left;
        return true;
    }
};

constexpr std::size_t tunables() {
    Config config;
    std::size_t count = 0;
    for_each_tunable(config, CountTunable{count});
    return count;
}

/// Stands for a value of any field.
struct AnyField {
    template <class T>
    operator T() const;
};

/// How many fields an aggregate has: as many as can be given in its braces.
template <class T, class... Given>
consteval std::size_t fields_of() {
    if constexpr (requires { T{Given{}..., AnyField{}}; }) {
        return fields_of<T, Given..., AnyField>();
    } else {
        return sizeof...(Given);
    }
}
static_assert(tunables() == fields_of<Config>(), "for_each_tunable must name every tunable");

void encode(Encoder& to, const HostSpec& host) {
    to.text(host.name);
    to.u8(host.address ? 1 : 0);
    if (host.address) to.endpoint({*host.address, Port{}});
    Config config = host.config;
    to.number(tunables());
    for_each_tunable(config, WriteTunable{to});
}

HostSpec decode_host(Decoder& from, std::uint64_t format) {
    HostSpec host;
    host.name = from.text();
    std::size_t count = tunables_of_format_1;
    if (format > 1) {
        if (from.below(2) == 1) host.address = from.endpoint().addr;
        count = from.below(tunables() + 1);
    }
    // What shorter lists did not know was not done.
    host.config.syn_cookies = event::SynCookies::off;
    host.config.time_wait_reuse = event::TimeWaitReuse::off;
    for_each_tunable(host.config, ReadTunable{from, count});
    if (format == 1) forget_later_features(host.config);
    return host;
}

void encode(Encoder& to, const link::Where& where) {
    to.u8(static_cast<std::uint8_t>(where.kind));
    to.text(where.from);
    to.text(where.to);
}

link::Where decode_where(Decoder& from) {
    link::Where where;
    where.kind = static_cast<link::Where::Kind>(from.below(4));
    where.from = from.text();
    where.to = from.text();
    return where;
}

void encode(Encoder& to, const link::LinkSpec& link) {
    to.number(link.hosts.size());
    for (const std::string& host : link.hosts) to.text(host);
    to.number(link.items.size());
    for (const link::LinkItem& item : link.items) {
        encode(to, item.where);
        to.text(item.text);
        to.number(item.settings.size());
        for (const link::Setting& setting : item.settings) {
            to.u8(static_cast<std::uint8_t>(setting.key));
            to.number(setting.value);
            to.text(setting.text);
        }
    }
}

/// Calls `each` `count` times, or until the input breaks; more than `most` breaks it.
template <class Each>
void repeat_times(Decoder& from, std::uint64_t count, std::uint64_t most, Each each) {
    if (count > most) from.set_broken();
    for (std::uint64_t i = 0; i < count && !from.is_broken(); ++i) each();
}
/// As repeat_times, for a count that stands before the elements.
template <class Each>
void repeat(Decoder& from, std::uint64_t most, Each each) {
    repeat_times(from, from.below(most + 1), most, each);
}

constexpr std::uint64_t neighbours_asked = 1ULL << 20;
constexpr std::uint64_t items_max = 10'000;

/// The largest value a setting may have. Rate and queue are any number.
std::uint64_t max_of(link::LinkKey key) {
    switch (key) {
        case link::LinkKey::delay:
        case link::LinkKey::jitter: return static_cast<std::uint64_t>(span_max.count());
        case link::LinkKey::loss:
        case link::LinkKey::reorder:
        case link::LinkKey::dup:
        case link::LinkKey::corrupt: return link::Share::whole;
        case link::LinkKey::rate:
        case link::LinkKey::queue: return std::uint64_t{1} << 50;
        case link::LinkKey::mtu: return 65535;
    }
    return 0;
}

link::LinkSpec decode_link(Decoder& from) {
    link::LinkSpec link;
    repeat(from, hosts_of_link_max, [&] { link.hosts.push_back(from.text()); });
    repeat(from, items_max, [&] {
        link::LinkItem& item = link.items.emplace_back();
        item.where = decode_where(from);
        item.text = from.text();
        repeat(from, items_max, [&] {
            link::Setting& setting = item.settings.emplace_back();
            setting.key = static_cast<link::LinkKey>(from.below(9));
            setting.value = from.below(max_of(setting.key) + 1);
            setting.text = from.text();
        });
    });
    return link;
}

/// Absent values are 0, others one more than themselves.
void encode_optional(Encoder& to, std::optional<std::uint64_t> value) {
    to.u8(value ? 1 : 0);
    if (value) to.number(*value);
}
std::optional<std::uint64_t> decode_optional(Decoder& from) {
    if (from.below(2) == 0) return std::nullopt;
    return from.number();
}
std::optional<std::uint64_t> ns_of(const std::optional<Duration>& span) {
    if (!span) return std::nullopt;
    return static_cast<std::uint64_t>(span->count());
}
std::optional<std::uint64_t> decode_optional_up_to(Decoder& from, std::uint64_t most) {
    const auto value = decode_optional(from);
    if (value > most) from.set_broken();
    return value;
}
std::optional<Duration> decode_optional_span(Decoder& from) {
    const auto ns = decode_optional_up_to(from, static_cast<std::uint64_t>(span_max.count()));
    if (!ns || from.is_broken()) return std::nullopt;
    return Duration{static_cast<Duration::rep>(*ns)};
}

void encode(Encoder& to, const link::FaultSpec& fault) {
    to.u8(static_cast<std::uint8_t>(fault.action));
    encode(to, fault.where);
    to.u8(static_cast<std::uint8_t>(fault.segment));
    to.u8(fault.nth ? 1 : 0);
    if (fault.nth) {
        to.number(fault.nth->first);
        to.number(fault.nth->last);
    }
    encode_optional(to, fault.every);
    encode_optional(to,
                    fault.p ? std::optional<std::uint64_t>(fault.p->per_billion) : std::nullopt);
    encode_optional(to, fault.port);
    encode_optional(to, fault.flow);
    to.number(fault.after);
    encode_optional(to, ns_of(fault.at));
    encode_optional(to, ns_of(fault.lasts));
    to.signed_number(fault.by.count());
    to.text(fault.text);
    encode_optional(to, fault.larger);
}

link::FaultSpec decode_fault(Decoder& from, std::uint64_t format) {
    link::FaultSpec fault;
    fault.action = static_cast<link::FaultAction>(from.below(format > 3 ? 7 : 6));
    fault.where = decode_where(from);
    fault.segment = static_cast<link::SegmentKind>(from.below(7));
    if (from.below(2) == 1) {
        const std::uint64_t first = from.number();
        fault.nth = link::Range{first, from.number()};
    }
    fault.every = decode_optional(from);
    if (fault.every == 0U) from.set_broken();
    if (const auto p = decode_optional_up_to(from, link::Share::whole))
        fault.p = link::Share{static_cast<std::uint32_t>(*p)};
    if (const auto port = decode_optional_up_to(from, 65535))
        fault.port = static_cast<std::uint16_t>(*port);
    fault.flow = decode_optional(from);
    fault.after = from.number();
    fault.at = decode_optional_span(from);
    fault.lasts = decode_optional_span(from);
    fault.by = decode_span(from);
    fault.text = from.text();
    if (format > 3) fault.larger = decode_optional(from);
    return fault;
}

void encode(Encoder& to, const Outside& outside) {
    to.number(outside.host);
    to.endpoint({outside.network.network, Port{}});
    to.u8(outside.network.length);
    to.u8(outside.gateway ? 1 : 0);
    if (outside.gateway) to.endpoint({*outside.gateway, Port{}});
}

Outside decode_outside(Decoder& from) {
    Outside outside;
    outside.host = static_cast<HostIndex>(from.below(hosts_max));
    const IpAddr network = from.endpoint().addr;
    outside.network = Prefix::of(network, from.u8());
    if (from.below(2) == 1) outside.gateway = from.endpoint().addr;
    return outside;
}

std::string quoted(const std::string& name) { return "`" + name + "`"; }

std::optional<std::string> problem_of_link(const link::LinkSpec& link, const Spec& spec) {
    if (link.hosts.empty() || link.hosts.size() > hosts_of_link_max)
        return "a link joins 1 to 250 hosts, not " + std::to_string(link.hosts.size());
    for (std::size_t i = 0; i < link.hosts.size(); ++i) {
        const std::string& name = link.hosts[i];
        if (std::ranges::find(spec.hosts, name, &HostSpec::name) == spec.hosts.end())
            return "host " + quoted(name) + " of a link does not exist";
        if (std::find(link.hosts.begin(), link.hosts.begin() + static_cast<std::ptrdiff_t>(i),
                      name) != link.hosts.begin() + static_cast<std::ptrdiff_t>(i)) {
            return "host " + quoted(name) + " is twice on one link";
        }
    }
    return std::nullopt;
}

std::optional<std::string> problem_of_outside(const Spec& spec) {
    if (!spec.outside) return std::nullopt;
    const Outside& outside = *spec.outside;
    if (outside.host >= spec.hosts.size()) return "the outside is no host of this network";
    const std::string name = quoted(spec.hosts[outside.host].name);
    std::size_t links = 0;
    std::size_t hosts = 0;
    for (std::size_t l = 0; l < spec.links.size(); ++l) {
        if (!reaches_outside(spec, l)) continue;
        ++links;
        hosts = spec.links[l].hosts.size();
    }
    if (links != 1) return name + " is on exactly one link, not " + std::to_string(links);
    const Prefix& network = outside.network;
    if (!network.network.is_v4() || network.length < 8 || network.length > 30)
        return "the network of " + name + " has 8 to 30 bits";
    if (hosts + 2 > std::size_t{1} << (32U - network.length)) {
        return "the network of " + name + " has no room for " + std::to_string(hosts) + " hosts";
    }
    if (outside.gateway && !network.contains(*outside.gateway))
        return "the gateway is outside the network of " + name;
    return std::nullopt;
}

/// Whether a host may have this address on a link: not the network itself, not its broadcast.
bool is_host_of(const Prefix& subnet, const IpAddr& address) {
    return subnet.contains(address) && address != subnet.network && !subnet.is_broadcast(address);
}

}  // namespace

bool reaches_outside(const Spec& spec, std::size_t link) {
    if (!spec.outside || spec.outside->host >= spec.hosts.size()) return false;
    const auto& names = spec.links[link].hosts;
    return std::ranges::find(names, spec.hosts[spec.outside->host].name) != names.end();
}

Prefix subnet_of_link(const Spec& spec, std::size_t link) {
    if (reaches_outside(spec, link)) return spec.outside->network;
    return Prefix::of(Ipv4{10, 0, static_cast<std::uint8_t>(link), 0}, 24);
}

std::optional<std::string> problem_of_address(const Spec& spec, HostIndex host) {
    const HostSpec& asked = spec.hosts[host];
    if (!asked.address) return std::nullopt;
    const std::string address = wire::to_string(*asked.address);
    for (std::size_t i = 0; i < host; ++i) {
        if (spec.hosts[i].address == asked.address)
            return "address " + address + " belongs to host " + quoted(spec.hosts[i].name);
    }
    std::string subnets;
    for (std::size_t l = 0; l < spec.links.size(); ++l) {
        const auto& names = spec.links[l].hosts;
        if (std::ranges::find(names, asked.name) == names.end()) continue;
        const Prefix subnet = subnet_of_link(spec, l);
        if (is_host_of(subnet, *asked.address)) return std::nullopt;
        subnets += (subnets.empty() ? "" : ", ") + wire::to_string(subnet.network) + "/" +
                   std::to_string(subnet.length);
    }
    return "address " + address + " of host " + quoted(asked.name) + " is outside its links, " +
           subnets;
}

std::optional<std::string> problem(const Spec& spec) {
    if (spec.hosts.empty() || spec.hosts.size() > hosts_max)
        return "a network has 1 to 1000 hosts, not " + std::to_string(spec.hosts.size());
    if (spec.links.size() > links_max)
        return "a network has at most 250 links, not " + std::to_string(spec.links.size());
    for (std::size_t i = 0; i < spec.hosts.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (spec.hosts[i].name == spec.hosts[j].name)
                return "two hosts are named " + quoted(spec.hosts[i].name);
        }
    }
    for (const link::LinkSpec& link : spec.links) {
        if (auto sentence = problem_of_link(link, spec)) return sentence;
    }
    if (auto sentence = problem_of_outside(spec)) return sentence;
    for (std::size_t i = 0; i < spec.hosts.size(); ++i) {
        if (auto sentence = problem_of_address(spec, static_cast<HostIndex>(i))) return sentence;
    }
    return std::nullopt;
}

void encode(Encoder& to, const Spec& spec) {
    to.number(spec.seed);
    // The count of hosts also says whether they ask for each other: bit 20 is beyond any count.
    const bool asks = spec.neighbours == Neighbours::asked;
    to.number(spec.hosts.size() | (asks ? neighbours_asked : 0));
    for (const HostSpec& host : spec.hosts) encode(to, host);
    to.number(spec.links.size());
    for (const link::LinkSpec& link : spec.links) encode(to, link);
    to.number(spec.faults.size());
    for (const link::FaultSpec& fault : spec.faults) encode(to, fault);
    to.u8(spec.outside ? 1 : 0);
    if (spec.outside) encode(to, *spec.outside);
}

Spec decode_spec(Decoder& from, std::uint64_t format) {
    Spec spec;
    spec.seed = from.number();
    const std::uint64_t hosts = from.below(neighbours_asked * 2);
    if ((hosts & neighbours_asked) != 0) spec.neighbours = Neighbours::asked;
    repeat_times(from, hosts & ~neighbours_asked, hosts_max,
                 [&] { spec.hosts.push_back(decode_host(from, format)); });
    repeat(from, links_max, [&] { spec.links.push_back(decode_link(from)); });
    repeat(from, items_max, [&] { spec.faults.push_back(decode_fault(from, format)); });
    if (format > 2 && from.below(2) == 1) spec.outside = decode_outside(from);
    if (problem(spec)) from.set_broken();
    return spec;
}

}  // namespace dt::world

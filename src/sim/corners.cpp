// Drawing corners.
#include "sim/corners.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "link/grammar.hpp"
#include "sim/draw.hpp"
#include "sock/options.hpp"

namespace dt::sim {

namespace {

namespace number = sock::number;

void draw_bounds(Draw& draw, Config& config) {
    if (draw.chance(0.3)) config.numbers = event::Numbers::near_wrap;
    if (draw.chance(0.1)) config.frames_per_turn = draw.between(1, 4);
    if (draw.chance(0.1)) config.reply_ring = draw.between(1, 4);
    if (draw.chance(0.1)) config.quick_acks = static_cast<std::uint8_t>(draw.between(0, 4));
    if (draw.chance(0.1)) config.icmp_errors_per_s = static_cast<std::uint32_t>(draw.between(0, 3));
    if (draw.chance(0.1)) config.neighbours_max = draw.between(2, 4);
    if (draw.chance(0.1)) config.time_wait_max = static_cast<std::uint32_t>(draw.between(0, 3));
    // An orphan lives for 511 of these (tcp_orphan_retries), which must outlast what strikes a
    // plan.
    if (draw.chance(0.1)) config.rto_min = draw.ms(100, 1'000);
    if (draw.chance(0.1)) config.delayed_ack_max = config.delayed_ack = draw.ms(1, 500);
    if (draw.chance(0.2)) config.time_wait = draw.ms(0, 10'000);
    if (draw.chance(0.2)) config.fin_wait_2 = draw.ms(1, 10'000);
    if (draw.chance(0.1)) {
        // Ports run out and come back when TIME-WAIT ends.
        config.port_first = 40'000;
        config.port_last = static_cast<std::uint16_t>(config.port_first + draw.between(10, 60));
        config.time_wait = std::min<Duration>(config.time_wait, std::chrono::seconds{2});
    }
}

std::vector<OptionPlan> draw_options(Draw& draw) {
    std::vector<OptionPlan> options;
    const auto add = [&](int level, int name, std::uint64_t value, const char* text) {
        options.push_back(
            {level, name, static_cast<std::int32_t>(value), text + ("=" + std::to_string(value))});
    };
    if (draw.chance(0.3)) add(number::ipproto_tcp, number::tcp_nodelay, 1, "TCP_NODELAY");
    if (draw.chance(0.1))
        add(number::ipproto_tcp, number::tcp_maxseg, draw.between(88, 600), "TCP_MAXSEG");
    if (draw.chance(0.15))
        add(number::sol_socket, number::so_rcvbuf, draw.between(1, 8'192), "SO_RCVBUF");
    if (draw.chance(0.15))
        add(number::sol_socket, number::so_sndbuf, draw.between(1, 8'192), "SO_SNDBUF");
    if (draw.chance(0.1))
        add(number::ipproto_tcp, number::tcp_quickack, draw.between(0, 1), "TCP_QUICKACK");
    if (draw.chance(0.15)) {
        // Long enough for every partition of a plan.
        add(number::sol_socket, number::so_keepalive, 1, "SO_KEEPALIVE");
        add(number::ipproto_tcp, number::tcp_keepidle, draw.between(1, 5), "TCP_KEEPIDLE");
        add(number::ipproto_tcp, number::tcp_keepintvl, draw.between(2, 5), "TCP_KEEPINTVL");
        add(number::ipproto_tcp, number::tcp_keepcnt, draw.between(40, 60), "TCP_KEEPCNT");
    }
    return options;
}

/// Each of some hosts hears and says nothing for a while; all are back when the plan is healed.
void draw_partitions(Draw& draw, Plan& plan) {
    if (!draw.chance(0.25)) return;
    for (std::uint64_t i = draw.between(1, 2); i > 0; --i) {
        const world::HostSpec& host = plan.spec.hosts[draw.index(plan.spec.hosts.size())];
        const auto fault =
            link::parse_fault(host.name + ": silence,at=" + std::to_string(draw.between(0, 5'000)) +
                              "ms,for=" + std::to_string(draw.between(1, 20'000)) + "ms");
        DT_ASSERT(fault);
        plan.healed = std::max(plan.healed, *fault->at + *fault->lasts);
        plan.spec.faults.push_back(*fault);
    }
}

/// Every clock leaps: all hosts slept, and what fell due meanwhile happens late.
void draw_leaps(Draw& draw, Plan& plan) {
    if (!draw.chance(0.2)) return;
    for (std::uint64_t i = draw.between(1, 3); i > 0; --i) {
        plan.leaps.push_back({.at = draw.ms(1, 8'000), .by = draw.ms(1, 8'000)});
    }
    std::ranges::sort(plan.leaps, {}, &Leap::at);
    Duration at{};
    for (Leap& leap : plan.leaps) {
        leap.at = at = std::max(at, leap.at);
        at += leap.by;
    }
    plan.healed = std::max(plan.healed, at);
}

/// A host that restarts takes its ISNs from a new secret: numbers that begin near the wrap for all
/// would let segments of before pass for text of after.
void draw_restarts(Draw& draw, Plan& plan) {
    if (!draw.chance(0.15)) return;
    for (std::uint64_t i = draw.between(1, 3); i > 0; --i) {
        const auto host = static_cast<HostIndex>(draw.index(plan.spec.hosts.size()));
        plan.restarts.push_back({.host = host, .at = draw.ms(1, 10'000)});
        plan.healed = std::max(plan.healed, plan.restarts.back().at);
    }
    std::ranges::stable_sort(plan.restarts, {}, &RestartPlan::at);
    for (world::HostSpec& host : plan.spec.hosts) {
        host.config.numbers = event::Numbers::keyed;
        host.config.port_first = Config{}.port_first;
        host.config.port_last = Config{}.port_last;
    }
}

/// A link with a smaller one carries no IPv6 (RFC 8200 §5).
constexpr std::uint64_t mtu_min_v6 = 1280;

bool carries_v6(const link::LinkSpec& link) {
    for (const link::LinkItem& item : link.items) {
        for (const link::Setting& setting : item.settings) {
            if (setting.key == link::LinkKey::mtu && setting.value < mtu_min_v6) return false;
        }
    }
    return true;
}

/// How many addresses of others the host may have to know at once.
std::size_t neighbours_of(const Plan& plan, const world::HostSpec& host) {
    std::size_t others = 0;
    for (const link::LinkSpec& link : plan.spec.links) {
        const bool is_on = std::ranges::find(link.hosts, host.name) != link.hosts.end();
        if (is_on) others += link.hosts.size() - 1;
    }
    return host.config.ipv6 == event::Switch::on ? 2 * others : others;
}

/// Who may know fewer neighbours than talk to it forgets who was asked for before the answer comes,
/// as long as the others talk.
void let_neighbours_fit(const Plan& plan, world::HostSpec& host) {
    if (neighbours_of(plan, host) > host.config.neighbours_max)
        host.config.neighbours_max = Config{}.neighbours_max;
}

}  // namespace

void draw_families(Plan& plan) {
    constexpr std::uint64_t salt = 0xfa41ULL << 48;
    Draw draw(plan.seed ^ salt);
    if (!draw.chance(0.4) || !std::ranges::all_of(plan.spec.links, carries_v6)) return;
    for (world::HostSpec& host : plan.spec.hosts) {
        host.config.ipv6 = event::Switch::on;
        let_neighbours_fit(plan, host);
    }
    for (ServerPlan& server : plan.servers) {
        if (draw.chance(0.8)) server.family = sock::Family::inet6;
    }
    for (ClientPlan& client : plan.clients) {
        const bool may = plan.servers[client.server].family == sock::Family::inet6;
        if (may && draw.chance(0.7)) client.family = sock::Family::inet6;
    }
}

void draw_corners(Plan& plan) {
    constexpr std::uint64_t salt = 0xc0a4ULL << 48;
    Draw draw(plan.seed ^ salt);
    for (world::HostSpec& host : plan.spec.hosts) {
        draw_bounds(draw, host.config);
        let_neighbours_fit(plan, host);
    }
    for (ClientPlan& client : plan.clients) client.options = draw_options(draw);
    for (ServerPlan& server : plan.servers) {
        server.options = draw_options(draw);
        if (draw.chance(0.1)) {
            server.options.push_back(
                {number::ipproto_tcp, number::tcp_defer_accept, 1, "TCP_DEFER_ACCEPT=1"});
        }
    }
    draw_partitions(draw, plan);
    draw_leaps(draw, plan);
    draw_restarts(draw, plan);
}

std::string corners_of(const world::HostSpec& host) {
    const Config& config = host.config;
    const Config usual;
    std::string text;
    const auto tell = [&](const char* what, auto value, auto usually) {
        if (value != usually) text += std::string(", ") + what + " " + std::to_string(value);
    };
    const auto tell_ms = [&](const char* what, Duration value, Duration usually) {
        tell(what, base::to_ms(value), base::to_ms(usually));
    };
    if (config.numbers == event::Numbers::near_wrap) text += ", numbers wrap";
    tell("frames a turn", config.frames_per_turn, usual.frames_per_turn);
    tell("reply ring", config.reply_ring, usual.reply_ring);
    tell("quick ACKs", config.quick_acks, usual.quick_acks);
    tell("ICMP errors a second", config.icmp_errors_per_s, usual.icmp_errors_per_s);
    tell("neighbours", config.neighbours_max, usual.neighbours_max);
    tell("TIME-WAIT records", config.time_wait_max, usual.time_wait_max);
    tell("last port", config.port_last, usual.port_last);
    tell_ms("RTO min ms", config.rto_min, usual.rto_min);
    tell_ms("delayed ACK ms", config.delayed_ack, usual.delayed_ack);
    tell_ms("TIME-WAIT ms", config.time_wait, usual.time_wait);
    tell_ms("FIN-WAIT-2 ms", config.fin_wait_2, usual.fin_wait_2);
    return text;
}

}  // namespace dt::sim

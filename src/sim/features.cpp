// Drawing features.
#include "sim/features.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/assert.hpp"
#include "event/profile.hpp"
#include "link/grammar.hpp"
#include "sim/draw.hpp"
#include "sock/options.hpp"

namespace dt::sim {

namespace {

namespace number = sock::number;

void draw_congestion(Draw& draw, Config& config) {
    if (draw.chance(0.25)) config.congestion = event::CongestionControl::bbr;
    if (draw.chance(0.25)) config.pacing = event::Switch::on;
    if (draw.chance(0.3)) config.rescue = event::Switch::on;
    if (draw.chance(0.15)) config.rto_floor = event::RtoFloor::sum;
    if (draw.chance(0.15)) config.initial_window = event::InitialWindow::rfc_6928;
    if (draw.chance(0.15)) config.slow_start_limit = static_cast<std::uint8_t>(draw.between(0, 3));
    if (draw.chance(0.1))
        config.notsent_lowat = static_cast<std::uint32_t>(draw.between(1, 20'000));
}

void draw_handshake(Draw& draw, Config& config) {
    if (draw.chance(0.5)) config.syn_cookies = static_cast<event::SynCookies>(draw.between(0, 2));
    if (draw.chance(0.5))
        config.time_wait_reuse = static_cast<event::TimeWaitReuse>(draw.between(0, 2));
    if (draw.chance(0.3)) config.time_wait_reuse_delay = draw.ms(1, 2'000);
    if (draw.chance(0.1)) config.time_wait_new_timestamps = event::Switch::on;
    if (draw.chance(0.1)) config.strict_timestamps = event::Switch::on;
}

void draw_path_mtu(Draw& draw, Config& config) {
    if (draw.chance(0.3)) config.mtu_probing = static_cast<event::MtuProbing>(draw.between(0, 2));
    if (draw.chance(0.15))
        config.mtu_base_mss = static_cast<std::uint16_t>(draw.between(256, 1'400));
    // What a path was found to take is forgotten in the middle of a conversation.
    if (draw.chance(0.15)) config.mtu_expires = draw.ms(2'000, 9'000);
    if (draw.chance(0.15)) config.mtu_probe_again = draw.ms(500, 5'000);
}

/// A link of a chain or a star takes less than the others: who sends over it learns so by ICMP.
void draw_narrow_link(Draw& draw, Plan& plan) {
    if (plan.spec.links.size() < 2 || !draw.chance(0.5)) return;
    const bool has_v6 = plan.spec.hosts[0].config.ipv6 == event::Switch::on;
    link::LinkSpec& link = plan.spec.links[draw.index(plan.spec.links.size())];
    const std::uint64_t mtu = draw.between(has_v6 ? 1'280 : 576, 1'499);
    const auto item = link::parse_link("mtu=" + std::to_string(mtu) + "B");
    DT_ASSERT(item);
    link.items.push_back(*item);
}

WriteMarks marks_of(Draw& draw) {
    WriteMarks marks;
    if (draw.chance(0.15)) marks.more_of_16 = static_cast<std::uint8_t>(draw.between(1, 16));
    if (draw.chance(0.15)) marks.urgent_of_16 = static_cast<std::uint8_t>(draw.between(1, 8));
    return marks;
}

/// SO_MAX_PACING_RATE in octets a second, SO_OOBINLINE, TCP_NOTSENT_LOWAT.
void draw_sending(Draw& draw, std::vector<OptionPlan>& options) {
    const auto add = [&](int level, int name, std::uint64_t value, const char* text) {
        options.push_back(
            {level, name, static_cast<std::int32_t>(value), text + ("=" + std::to_string(value))});
    };
    if (draw.chance(0.1))
        add(number::sol_socket, number::so_max_pacing_rate, draw.between(20'000, 5'000'000),
            "SO_MAX_PACING_RATE");
    if (draw.chance(0.2)) add(number::sol_socket, number::so_oobinline, 1, "SO_OOBINLINE");
    if (draw.chance(0.1))
        add(number::ipproto_tcp, number::tcp_notsent_lowat, draw.between(1, 20'000),
            "TCP_NOTSENT_LOWAT");
}

/// Where a second urgent octet is told of while the reader stands at the first, the first is no
/// text any more, as on Linux, unless it is read in line: who is to see every octet asks for that.
void read_in_line(Plan& plan) {
    const auto sends_urgent = [](const auto& program) { return program.marks.urgent_of_16 > 0; };
    if (std::ranges::none_of(plan.clients, sends_urgent) &&
        std::ranges::none_of(plan.servers, sends_urgent))
        return;
    const auto is_in_line = [](const OptionPlan& option) {
        return option.level == number::sol_socket && option.name == number::so_oobinline;
    };
    const auto ask = [&](auto& program) {
        if (std::ranges::any_of(program.options, is_in_line)) return;
        program.options.push_back({number::sol_socket, number::so_oobinline, 1, "SO_OOBINLINE=1"});
    };
    std::ranges::for_each(plan.clients, ask);
    std::ranges::for_each(plan.servers, ask);
}

constexpr std::string_view name_of(event::CongestionControl control) {
    switch (control) {
        case event::CongestionControl::reno: return "reno";
        case event::CongestionControl::cubic: return "cubic";
        case event::CongestionControl::bbr: return "bbr";
    }
    return "";
}

/// Of a switch with three positions, the one it is in.
template <class Switch>
std::string_view position(Switch value, const std::array<std::string_view, 3>& names) {
    return names[static_cast<std::size_t>(value)];
}

std::string late_features_of(const Config& config) {
    const Config usual;
    std::string text;
    const auto tell = [&](std::string_view what, bool is) {
        if (is) text += ", " + std::string(what);
    };
    tell("paced", config.pacing == event::Switch::on);
    tell("in batches", config.batches == event::Switch::on);
    tell("rescue", config.rescue == event::Switch::on);
    tell("timestamps strict", config.strict_timestamps == event::Switch::on);
    if (config.syn_cookies != event::SynCookies::on_overflow)
        tell(position(config.syn_cookies, {"no cookies", "", "cookies always"}), true);
    if (config.time_wait_reuse != usual.time_wait_reuse)
        tell(position(config.time_wait_reuse, {"no TIME-WAIT reuse", "TIME-WAIT reuse", ""}), true);
    if (config.mtu_probing != usual.mtu_probing)
        tell(position(config.mtu_probing, {"", "black holes sought", "path MTU sought"}), true);
    return text;
}

}  // namespace

Config draw_profile(std::uint64_t seed, std::size_t host) {
    constexpr std::uint64_t salt = 0x960fULL << 48;
    Draw draw(Rng(seed ^ salt).derive(host).next());
    if (!draw.chance(0.3)) return {};
    Config config =
        event::config_of(draw.chance(0.5) ? event::Profile::rfc : event::Profile::freebsd);
    // An orphan must outlast what strikes a plan, also where the RTO is 30 ms.
    config.orphan_retries = 12;
    return config;
}

void draw_features(Plan& plan) {
    constexpr std::uint64_t salt = 0x5ac4ULL << 48;
    Draw draw(plan.seed ^ salt);
    for (world::HostSpec& host : plan.spec.hosts) {
        Config& config = host.config;
        const auto off = [&](event::Switch& feature, double probability) {
            if (draw.chance(probability)) feature = event::Switch::off;
        };
        off(config.sack, 0.2);
        off(config.dsack, 0.2);
        off(config.hystart, 0.2);
        off(config.slow_start_after_idle, 0.2);
        off(config.moderate_receive_buffer, 0.2);
        if (draw.chance(0.3)) config.congestion = event::CongestionControl::reno;
        if (draw.chance(0.2)) config.early_retransmit = 0;
        if (draw.chance(0.2)) config.frto = 0;
        if (draw.chance(0.2)) config.recovery = static_cast<std::uint8_t>(draw.between(0, 7));
        if (draw.chance(0.5)) config.ecn = draw.chance(0.7) ? event::Ecn::on : event::Ecn::off;
    }
}

void draw_late_features(Plan& plan) {
    constexpr std::uint64_t salt = 0x1a7eULL << 48;
    Draw draw(plan.seed ^ salt);
    for (world::HostSpec& host : plan.spec.hosts) {
        draw_congestion(draw, host.config);
        draw_handshake(draw, host.config);
        draw_path_mtu(draw, host.config);
    }
    draw_narrow_link(draw, plan);
    for (world::HostSpec& host : plan.spec.hosts) {
        if (draw.chance(0.25)) host.config.batches = event::Switch::on;
    }
}

void draw_marking_path(Plan& plan) {
    constexpr std::uint64_t salt = 0xecf1ULL << 48;
    Draw draw(plan.seed ^ salt);
    if (!draw.chance(0.2)) return;
    const auto fault =
        link::parse_fault("mark,p=" + std::to_string(draw.between(1, 60)) +
                          "%,for=" + std::to_string(base::to_ms(plan.healed)) + "ms");
    DT_ASSERT(fault);
    plan.spec.faults.push_back(*fault);
    for (world::HostSpec& host : plan.spec.hosts) {
        if (draw.chance(0.7)) host.config.ecn = event::Ecn::on;
    }
}

// It lasts long enough for a few expiries of the retransmission timer, by which it is known.
void draw_black_hole(Plan& plan) {
    constexpr std::uint64_t salt = 0xb1acULL << 48;
    Draw draw(plan.seed ^ salt);
    if (!draw.chance(0.2)) return;
    const bool has_v6 = plan.spec.hosts[0].config.ipv6 == event::Switch::on;
    const Duration lasts = draw.ms(2'000, 40'000);
    const auto fault = link::parse_fault(
        "drop,larger=" + std::to_string(draw.between(has_v6 ? 1'280 : 576, 1'499)) +
        "B,for=" + std::to_string(base::to_ms(lasts)) + "ms");
    DT_ASSERT(fault);
    plan.spec.faults.push_back(*fault);
    plan.healed = std::max(plan.healed, lasts);
    for (world::HostSpec& host : plan.spec.hosts) {
        if (host.config.mtu_probing == event::MtuProbing::off)
            host.config.mtu_probing = event::MtuProbing::black_hole;
    }
}

void draw_marks(Plan& plan) {
    constexpr std::uint64_t salt = 0x3a46ULL << 48;
    Draw draw(plan.seed ^ salt);
    for (ClientPlan& client : plan.clients) {
        client.marks = marks_of(draw);
        draw_sending(draw, client.options);
    }
    for (ServerPlan& server : plan.servers) {
        server.marks = marks_of(draw);
        draw_sending(draw, server.options);
    }
    read_in_line(plan);
}

std::string features_of(const world::HostSpec& host) {
    const Config& config = host.config;
    std::string text = host.name + " " + std::string(name_of(config.congestion));
    if (config.sack == event::Switch::off) text += ", no SACK";
    if (config.dsack == event::Switch::off) text += ", no D-SACK";
    if (config.early_retransmit == 0) text += ", no tail probe";
    if (config.frto == 0) text += ", no F-RTO";
    if (config.ecn == event::Ecn::on) text += ", asks for ECN";
    if (config.ecn == event::Ecn::off) text += ", no ECN";
    return text + ", recovery " + std::to_string(config.recovery) + late_features_of(config);
}

std::string marks_text(const WriteMarks& marks) {
    std::string text;
    if (marks.more_of_16 > 0)
        text += ", more to come in " + std::to_string(marks.more_of_16) + " of 16 writes";
    if (marks.urgent_of_16 > 0)
        text += ", urgent in " + std::to_string(marks.urgent_of_16) + " of 16 writes";
    return text;
}

}  // namespace dt::sim

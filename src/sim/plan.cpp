// Drawing a plan: every option of the swarm is decided here, by one generator.
#include "sim/plan.hpp"

#include <array>

#include "base/assert.hpp"
#include "link/grammar.hpp"
#include "sim/corners.hpp"
#include "sim/datagrams.hpp"
#include "sim/draw.hpp"
#include "sim/features.hpp"

namespace dt::sim {

namespace {

std::string host_name(std::size_t index) { return {static_cast<char>('a' + index)}; }

/// One switch, a chain or a star: the last two have hosts that forward.
std::vector<std::vector<std::string>> draw_links(Draw& draw, const world::Spec& spec) {
    std::vector<std::vector<std::string>> links;
    const std::size_t hosts = spec.hosts.size();
    if (hosts == 2 || draw.chance(0.6)) {
        std::vector<std::string>& all = links.emplace_back();
        for (const world::HostSpec& host : spec.hosts) all.push_back(host.name);
        return links;
    }
    const bool is_chain = draw.chance(0.5);
    for (std::size_t i = 1; i < hosts; ++i)
        links.push_back({spec.hosts[is_chain ? i - 1 : 0].name, spec.hosts[i].name});
    return links;
}

/// What stays for ever: delay, jitter, rate.
std::string draw_settings(Draw& draw) {
    std::string text;
    const auto add = [&](const std::string& item) { text += (text.empty() ? "" : ",") + item; };
    if (draw.chance(0.8)) add("delay=" + std::to_string(draw.between(1, 60'000)) + "us");
    if (draw.chance(0.2)) add("jitter=" + std::to_string(draw.between(1, 5'000)) + "us");
    if (draw.chance(0.3)) {
        add("rate=" + std::to_string(draw.between(1, 100)) + "Mbit");
        add("queue=" + std::to_string(draw.between(16, 256)) + "KiB");
    }
    if (draw.chance(0.15)) add("mtu=" + std::to_string(draw.between(576, 4000)) + "B");
    return text;
}

std::string percent(Draw& draw, std::uint64_t most) {
    return std::to_string(draw.between(1, most)) + "%";
}

/// What ends when the network is healed.
std::vector<std::string> draw_faults(Draw& draw, Duration healed) {
    const std::string until =
        ",for=" +
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(healed).count()) +
        "ms";
    std::vector<std::string> faults;
    if (draw.chance(0.5)) faults.push_back("drop,p=" + percent(draw, 20) + until);
    if (draw.chance(0.3)) faults.push_back("dup,p=" + percent(draw, 20) + until);
    if (draw.chance(0.3)) faults.push_back("reorder,p=" + percent(draw, 20) + until);
    if (draw.chance(0.3)) faults.push_back("corrupt,p=" + percent(draw, 10) + until);
    if (draw.chance(0.2)) {
        faults.push_back("delay,by=" + std::to_string(draw.between(1, 900)) +
                         "ms,p=" + percent(draw, 5) + until);
    }
    if (draw.chance(0.15)) {
        faults.push_back("b: silence,at=" + std::to_string(draw.between(0, 1'500)) +
                         "ms,for=" + std::to_string(draw.between(1, 4'000)) + "ms");
    }
    constexpr std::array<const char*, 6> kinds{"syn", "synack", "ack", "data", "fin", "rst"};
    for (std::uint64_t i = draw.between(0, 3); i > 0; --i) {
        faults.push_back("drop,seg=" + std::string(kinds[draw.index(kinds.size())]) +
                         ",nth=" + std::to_string(draw.between(1, 4)));
    }
    return faults;
}

Pace draw_pace(Draw& draw, double slow) {
    if (!draw.chance(slow)) return {.chunk = draw.between(1, 20) * 4096, .pause = {}};
    return {.chunk = draw.between(512, 8192), .pause = draw.ms(1, 40)};
}

void draw_network(Draw& draw, Plan& plan) {
    plan.spec.seed = draw.number();
    if (draw.chance(0.5)) plan.spec.neighbours = world::Neighbours::asked;
    const std::size_t hosts = draw.between(2, 5);
    for (std::size_t i = 0; i < hosts; ++i) {
        world::HostSpec& host = plan.spec.hosts.emplace_back();
        host.name = host_name(i);
        host.config = draw_profile(plan.seed, i);
        if (draw.chance(0.2)) host.config.timestamps = event::Switch::off;
        if (draw.chance(0.2)) host.config.window_scaling = event::Switch::off;
        if (draw.chance(0.2))
            host.config.receive_buffer = static_cast<std::uint32_t>(draw.between(4, 64) * 1024);
    }
    for (const auto& names : draw_links(draw, plan.spec)) {
        link::LinkSpec link{names, {}};
        const std::string settings = draw_settings(draw);
        if (!settings.empty()) link.items.push_back(*link::parse_link(settings));
        plan.spec.links.push_back(std::move(link));
    }
    plan.healed = draw.ms(500, 15'000);
    for (const std::string& text : draw_faults(draw, plan.healed)) {
        const auto fault = link::parse_fault(text);
        DT_ASSERT(fault);
        plan.spec.faults.push_back(*fault);
        // Silence may outlast the other faults.
        if (fault->lasts)
            plan.healed = std::max(plan.healed, fault->at.value_or(Duration{}) + *fault->lasts);
    }
}

void draw_server(Draw& draw, Plan& plan, HostIndex host) {
    ServerPlan& server = plan.servers.emplace_back();
    server.host = host;
    server.port = Port{static_cast<std::uint16_t>(7000 + plan.servers.size())};
    server.backlog = static_cast<int>(draw.between(0, 8));
    if (draw.chance(0.25)) server.accepts_from = draw.ms(100, 3'000);
    server.reading = draw_pace(draw, 0.2);
}

void draw_client(Draw& draw, Plan& plan, HostIndex host) {
    ClientPlan& client = plan.clients.emplace_back();
    client.host = host;
    client.server = draw.index(plan.servers.size());
    client.shape = static_cast<Shape>(draw.index(shapes));
    const bool is_churn = draw.chance(0.3);
    client.connections =
        static_cast<std::uint32_t>(is_churn ? draw.between(5, 80) : draw.between(1, 3));
    client.start = draw.ms(0, 1'000);
    client.rest = draw.chance(0.5) ? Duration{} : draw.ms(0, 200);
    const std::uint64_t most = is_churn ? 6'000 : 1'500'000;
    client.up = draw.size(most);
    client.down = draw.size(most);
    client.reading = draw_pace(draw, 0.2);
    client.writing = draw_pace(draw, 0.1);
    client.key = draw.number();
}

std::string shape_name(Shape shape) {
    constexpr std::array<const char*, shapes> names{"both at once", "echo", "answer after end",
                                                    "server closes first", "client aborts"};
    return names[static_cast<std::size_t>(shape)];
}

std::string ms_text(Duration span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(span).count()) +
           "ms";
}

std::string options_text(const std::vector<OptionPlan>& options) {
    std::string text;
    for (const OptionPlan& option : options) text += ", " + option.text;
    return text;
}

std::string pace_text(const Pace& pace) {
    return std::to_string(pace.chunk) + "B" +
           (pace.pause == Duration{} ? "" : " each " + ms_text(pace.pause));
}

std::string family_text(sock::Family family) {
    return family == sock::Family::inet6 ? ", IPv6" : "";
}

}  // namespace

Plan Plan::of(std::uint64_t seed) {
    Draw draw(seed);
    Plan plan;
    plan.seed = seed;
    draw_network(draw, plan);
    draw_features(plan);
    const std::size_t hosts = plan.spec.hosts.size();
    for (std::uint64_t i = draw.between(1, 2); i > 0; --i)
        draw_server(draw, plan, static_cast<HostIndex>(draw.index(hosts)));
    for (std::uint64_t i = draw.between(1, 10); i > 0; --i)
        draw_client(draw, plan, static_cast<HostIndex>(draw.index(hosts)));
    draw_corners(plan);
    draw_families(plan);
    draw_late_features(plan);
    draw_marking_path(plan);
    draw_black_hole(plan);
    draw_marks(plan);
    draw_datagrams(plan);
    return plan;
}

std::string Plan::text() const {
    std::string text = "seed " + std::to_string(seed) + ", healed at " + ms_text(healed) +
                       (spec.neighbours == world::Neighbours::asked ? ", ARP" : "") + "\n";
    for (const world::HostSpec& host : spec.hosts)
        text += "host   " + features_of(host) + corners_of(host) + "\n";
    for (const link::LinkSpec& link : spec.links) {
        text += "link  ";
        for (const std::string& host : link.hosts) text += " " + host;
        for (const link::LinkItem& item : link.items) text += ": " + item.text;
        text += "\n";
    }
    for (const link::FaultSpec& fault : spec.faults) text += "fault  " + fault.text + "\n";
    for (const Leap& leap : leaps)
        text += "leap   at " + ms_text(leap.at) + " by " + ms_text(leap.by) + "\n";
    for (const RestartPlan& restart : restarts)
        text += "host   " + spec.hosts[restart.host].name + " restarts at " + ms_text(restart.at) +
                "\n";
    for (const ServerPlan& server : servers) {
        text += "server " + spec.hosts[server.host].name + ":" +
                std::to_string(server.port.value()) + " backlog " + std::to_string(server.backlog) +
                ", accepts from " + ms_text(server.accepts_from) + ", reads " +
                pace_text(server.reading) + family_text(server.family) +
                options_text(server.options) + marks_text(server.marks) + "\n";
    }
    for (const ClientPlan& client : clients) {
        text += "client " + spec.hosts[client.host].name + " to port " +
                std::to_string(servers[client.server].port.value()) + ", " +
                shape_name(client.shape) + ", " + std::to_string(client.connections) +
                " connections from " + ms_text(client.start) + ", rest " + ms_text(client.rest) +
                ", up " + std::to_string(client.up) + ", down " + std::to_string(client.down) +
                ", reads " + pace_text(client.reading) + ", writes " + pace_text(client.writing) +
                family_text(client.family) + options_text(client.options) +
                marks_text(client.marks) + "\n";
    }
    for (const DatagramPlan& talk : datagrams)
        text += "udp    " + datagrams_text(*this, talk) + "\n";
    return text;
}

}  // namespace dt::sim

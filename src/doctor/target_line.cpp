// Counts the sockets of the target.
#include "doctor/target_line.hpp"

#include <algorithm>

#include "rules/number_text.hpp"

namespace dt::doctor {

namespace {

template <class Belongs>
std::size_t count_in(const rules::Evidence& evidence, event::State state, const Belongs& belongs) {
    return static_cast<std::size_t>(
        std::ranges::count_if(evidence.after.sockets, [&](const rules::Socket& socket) {
            return socket.protocol == rules::Protocol::tcp && socket.state == state &&
                   belongs(socket);
        }));
}

void describe_peer(const rules::Evidence& evidence, const rules::Verdict& verdict,
                   Setting& setting) {
    const Endpoint asked = *evidence.target.endpoint;
    setting.target_part = "peer";
    const auto& sockets = evidence.after.sockets;
    const bool is_known =
        std::ranges::find(sockets, asked, &rules::Socket::remote) != sockets.end();
    if (is_known || !verdict.findings.empty()) return;
    setting.undecided.push_back(
        rules::filled(rules::text_of(setting.language, rules::rule(0), "nobody.speaks"),
                      std::vector<rules::Value>{{"listener", rules::text_of(asked)}}));
    setting.target_part = {};
}

}  // namespace

void describe_endpoint(const rules::Evidence& evidence, const rules::Verdict& verdict,
                       Setting& setting) {
    const Endpoint asked = *evidence.target.endpoint;
    const rules::Scene scene(evidence);
    const bool is_here = evidence.target.is_any_address || scene.is_local(asked.addr);
    const auto belongs = [&](const rules::Socket& socket) {
        return is_here ? socket.local.port == asked.port : socket.remote == asked;
    };
    const auto count = [&](event::State state) {
        return std::to_string(count_in(evidence, state, belongs));
    };
    setting.target_part = "no.listener";
    setting.target = {{"listener", rules::text_of(asked)},
                      {"established", count(event::State::established)},
                      {"timewait", count(event::State::time_wait)},
                      {"window", rules::span(evidence.window)}};
    if (!is_here) return describe_peer(evidence, verdict, setting);
    for (const rules::ListenerSight& sight : scene.listeners()) {
        const rules::Socket& listener = *sight.now;
        if (listener.local.port != asked.port || listener.protocol != rules::Protocol::tcp)
            continue;
        if (!evidence.target.is_any_address && !scene.is_asked(listener)) continue;
        setting.target_part = "listener";
        setting.target[0].text = rules::text_of(listener.local);
        setting.target.push_back({"owner", scene.owner_text(listener)});
        setting.target.push_back({"waiting", std::to_string(listener.rqueue)});
        const bool is_full = listener.rqueue > listener.wqueue;
        setting.target.push_back({"limit", std::to_string(listener.wqueue) + (is_full ? "!" : "")});
        return;
    }
}

void describe_process(const rules::Evidence& evidence, Setting& setting) {
    const rules::Scene scene(evidence);
    const auto belongs = [&](const rules::Socket& socket) { return scene.is_asked(socket); };
    const std::int32_t pid = *evidence.target.pid;
    const auto process = evidence.processes.find(pid);
    const std::string name = process == evidence.processes.end() ? "" : process->second.name;
    const auto sockets =
        std::ranges::count_if(evidence.after.sockets, [&](const rules::Socket& socket) {
            return socket.protocol == rules::Protocol::tcp && belongs(socket);
        });
    setting.target_part = "process";
    setting.target = {
        {"program",
         name.empty() ? "pid " + std::to_string(pid) : name + "[" + std::to_string(pid) + "]"},
        {"sockets",
         rules::counted(setting.language, "sockets", static_cast<std::uint64_t>(sockets))},
        {"listeners", rules::grouped(count_in(evidence, event::State::listen, belongs))},
        {"closewait", rules::grouped(count_in(evidence, event::State::close_wait, belongs))},
        {"window", rules::span(evidence.window)}};
}

}  // namespace dt::doctor

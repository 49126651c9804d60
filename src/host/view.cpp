// The sockets of a run as viewers see them.
#include "host/view.hpp"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "os/process.hpp"

namespace dt::host {
namespace {

/// Above this many sockets nobody is asked for descriptors: the loop must not stop for a viewer.
constexpr std::size_t plugs_looked_at_max = 20'000;

using Holders = std::unordered_map<std::uint64_t, std::vector<observe::Owner>>;  // by inode

Holders holders(Programs& programs) {
    Holders found;
    for (const pid_t pid : os::descendants(::getpid())) {
        programs.learn_name(pid);
        for (const os::OpenSocket& socket : os::sockets_of(pid)) {
            found[socket.inode].push_back({pid, std::string(programs.name(pid)), socket.fd});
        }
    }
    for (auto& [inode, owners] : found) {
        std::ranges::sort(owners, {},
                          [](const observe::Owner& o) { return std::pair(o.pid, o.fd); });
    }
    return found;
}

/// Our name service is no program's.
bool is_ours(const event::SocketView& socket) {
    return socket.opened_by == event::Caller{0, -1} && socket.local == name_service;
}

/// Octets that the program wrote and the stack has not taken.
std::uint64_t waiting_for_stack(const Plug& plug) {
    return plug.phase == Phase::connected ? Switchboard::waiting_in_pair(plug) : 0;
}

}  // namespace

observe::RunSockets view_sockets(world::World& world, Switchboard& board, Programs& programs,
                                 Instant began) {
    observe::RunSockets run;
    run.since_start = board.now() - began;
    const auto& hosts = world.spec().hosts;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const auto host = static_cast<event::HostIndex>(i);
        run.hosts.push_back({hosts[i].name, world.snapshot(board.now(), host), {}});
        std::erase_if(run.hosts.back().snapshot.sockets, is_ours);
    }
    if (board.size() > plugs_looked_at_max) return run;
    const Holders by_inode = holders(programs);
    struct Queued {
        std::uint64_t to_stack = 0;
        std::uint64_t to_program = 0;
    };
    std::unordered_map<std::uint64_t, Queued> in_pairs;  // octets, by host and socket
    const auto key = [](event::HostIndex host, event::SocketNumber number) {
        return number ^ static_cast<std::uint64_t>(host) << 48;
    };
    board.for_each([&](PlugHandle, const Plug& plug) {
        const event::SocketNumber number = plug.socket.number();
        in_pairs[key(plug.host, number)] = {waiting_for_stack(plug), board.unread_in_pair(plug)};
        const auto known = by_inode.find(plug.inode);
        if (known != by_inode.end()) run.hosts[plug.host].owners[number] = known->second;
    });
    for (auto& host : run.hosts) {
        for (event::SocketView& socket : host.snapshot.sockets) {
            const auto more = in_pairs.find(key(host.snapshot.host, socket.socket));
            if (more == in_pairs.end()) continue;
            socket.send_queue += more->second.to_stack;
            socket.receive_queue += more->second.to_program;
        }
    }
    return run;
}

std::string answer_request(std::string_view line, world::World& world, Switchboard& board,
                           Programs& programs, Instant began) {
    const auto request = nlohmann::json::parse(line, nullptr, false);
    const bool understood =
        request.is_object() && request.contains("request") && request["request"] == "sockets";
    if (!understood) return R"({"error":"the request is not known; known: sockets"})";
    return observe::encode_sockets(view_sockets(world, board, programs, began));
}

}  // namespace dt::host

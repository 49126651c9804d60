// Evidence with its indexes.
#include "rules/scene.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/assert.hpp"

namespace dt::rules {

namespace {

std::uint32_t ports_of(const Endpoint& local, const Endpoint& remote) {
    return std::uint32_t{local.port.value()} << 16 | remote.port.value();
}

}  // namespace

Scene::ByCookie Scene::by_cookie(const std::vector<Socket>& sockets) {
    ByCookie sorted;
    sorted.reserve(sockets.size());
    for (const Socket& socket : sockets) {
        sorted.emplace_back(socket.cookie, static_cast<std::uint32_t>(sorted.size()));
    }
    std::ranges::sort(sorted);
    return sorted;
}

Scene::Scene(const Evidence& evidence_in)
    : evidence(evidence_in),
      after_(by_cookie(evidence.after.sockets)),
      earlier_(evidence.after.sockets.size()) {
    const ByCookie before = by_cookie(evidence.before.sockets);
    auto old = before.begin();
    for (const auto& [cookie, index] : after_) {
        while (old != before.end() && old->first < cookie) ++old;
        if (old == before.end()) break;
        if (old->first == cookie) earlier_[index] = &evidence.before.sockets[old->second];
    }
    index_peers();
    index_listeners();
}

void Scene::index_peers() {
    by_ports_.reserve(evidence.after.sockets.size());
    for (const Socket& socket : evidence.after.sockets) {
        by_ports_.emplace_back(ports_of(socket.local, socket.remote),
                               static_cast<std::uint32_t>(by_ports_.size()));
    }
    std::ranges::sort(by_ports_);
}

void Scene::index_listeners() {
    std::map<Endpoint, std::uint32_t> siblings;
    std::map<Port, std::uint32_t> half_open;
    for (const Socket& socket : evidence.after.sockets) {
        if (socket.protocol != Protocol::tcp) continue;
        if (socket.state == event::State::listen) ++siblings[socket.local];
        if (socket.state == event::State::syn_received) ++half_open[socket.local.port];
    }
    for (const Socket& socket : evidence.after.sockets) {
        if (socket.state != event::State::listen) continue;
        ListenerSight sight{&socket, earlier(socket), 0, 0, siblings[socket.local]};
        sight.half_open = half_open[socket.local.port];
        if (sight.before != nullptr && socket.memory && sight.before->memory) {
            sight.drops_delta = socket.memory->drops - sight.before->memory->drops;
        }
        listeners_.push_back(sight);
    }
}

const Socket* Scene::earlier(const Socket& socket) const {
    const std::span all(evidence.after.sockets);
    DT_ASSERT(!all.empty() && &socket >= &all.front() && &socket <= &all.back());
    return earlier_[static_cast<std::size_t>(&socket - all.data())];
}

const Socket* Scene::later(const Socket& socket) const {
    const auto found = std::ranges::lower_bound(after_, socket.cookie, {},
                                                &std::pair<std::uint64_t, std::uint32_t>::first);
    if (found == after_.end() || found->first != socket.cookie) return nullptr;
    return &evidence.after.sockets[found->second];
}

const Socket* Scene::peer_of(const Socket& socket) const {
    const auto same_ports =
        std::ranges::equal_range(by_ports_, ports_of(socket.remote, socket.local), {},
                                 &std::pair<std::uint32_t, std::uint32_t>::first);
    for (const auto& [ports, index] : same_ports) {
        const Socket& other = evidence.after.sockets[index];
        if (other.local == socket.remote && other.remote == socket.local &&
            other.protocol == socket.protocol && &other != &socket) {
            return &other;
        }
    }
    return nullptr;
}

bool Scene::is_local(const IpAddr& address) const {
    if (address.is_loopback() || address.is_any()) return true;
    return std::ranges::any_of(evidence.addresses,
                               [&](const LocalAddress& own) { return own.address == address; });
}

const Process* Scene::owner_of(const Socket& socket) const {
    const auto owner = evidence.owners.find(socket.inode);
    if (socket.inode == 0 || owner == evidence.owners.end()) return nullptr;
    const auto process = evidence.processes.find(owner->second.pid);
    return process == evidence.processes.end() ? nullptr : &process->second;
}

/// A process that may not be looked at still has a user, and a control group that names its
/// service.
std::string Scene::hidden_owner(const Socket& socket) const {
    const auto group = evidence.control_groups.find(socket.cgroup);
    if (socket.inode == 0 || group == evidence.control_groups.end()) return "?";
    return "uid " + std::to_string(socket.uid) + " in " + group->second;
}

std::string Scene::owner_text(const Socket& socket) const {
    const Process* const owner = owner_of(socket);
    if (owner == nullptr) return hidden_owner(socket);
    return owner->name + "[" + std::to_string(owner->pid) + "]";
}

bool Scene::reaches(const Socket& listener, const Endpoint& to) const {
    if (listener.state != event::State::listen || listener.protocol != Protocol::tcp) return false;
    if (listener.local.port != to.port || !is_local(to.addr)) return false;
    const IpAddr& have = listener.local.addr;
    if (have == to.addr || to.addr.is_any()) return true;
    if (!have.is_any()) return false;
    return have.is_v4() ? to.addr.is_v4() : !to.addr.is_v4() || !listener.is_v6only.value_or(false);
}

bool Scene::is_asked(const Socket& socket) const {
    if (const auto& call = evidence.call) {
        if (call->kind == CallKind::accept && call->options) {
            return socket.state == event::State::listen && socket.local == call->options->local;
        }
        return call->kind == CallKind::connect && socket.state == event::State::listen &&
               reaches(socket, call->address);
    }
    const Target& target = evidence.target;
    if (target.pid) {
        const auto owner = evidence.owners.find(socket.inode);
        return owner != evidence.owners.end() && owner->second.pid == *target.pid;
    }
    if (!target.endpoint) return true;
    if (target.is_any_address) {
        return socket.local.port == target.endpoint->port ||
               socket.remote.port == target.endpoint->port;
    }
    return socket.remote == *target.endpoint || socket.local == *target.endpoint ||
           (socket.local.port == target.endpoint->port && socket.local.addr.is_any());
}

}  // namespace dt::rules

// JSON of a run's sockets.
#include "observe/socket_codec.hpp"

#include <nlohmann/json.hpp>

namespace dt::observe {

namespace {

using event::SocketView;
using nlohmann::json;

json to_json(const Endpoint& endpoint) {
    return {wire::to_string(endpoint.addr), endpoint.port.value()};
}

Endpoint endpoint_of(const json& value) {
    const auto address = IpAddr::parse(value.at(0).get<std::string>());
    return {address.value_or(IpAddr{}), Port{value.at(1).get<std::uint16_t>()}};
}

json to_json(const SocketView& socket) {
    json out{{"transport", static_cast<int>(socket.transport)},
             {"state", static_cast<int>(socket.state)},
             {"local", to_json(socket.local)},
             {"peer", to_json(socket.peer)},
             {"socket", socket.socket},
             {"recv", socket.receive_queue},
             {"send", socket.send_queue},
             {"timer", {static_cast<int>(socket.timer.kind), socket.timer.left.count()}},
             {"rtx", socket.retransmissions}};
    if (socket.queued_in) out["queued_in"] = to_json(*socket.queued_in);
    if (socket.queues) {
        const event::QueueView& q = *socket.queues;
        out["queues"] = {q.syn_length, q.accept_length, q.limit, q.syn_ignored, q.oldest.count()};
    }
    if (socket.path) {
        const event::PathView& p = *socket.path;
        out["path"] = {p.cwnd,      p.ssthresh, p.srtt.count(), p.rto.count(),
                       p.in_flight, p.mss,      p.no_delay};
    }
    return out;
}

/// An enumerator from its number; json::exception for one that does not exist.
template <class Enum>
Enum enumerator(const json& value, Enum last) {
    const int number = value.get<int>();
    if (number < 0 || number > static_cast<int>(last)) {
        throw json::other_error::create(501, "no such enumerator", nullptr);
    }
    return static_cast<Enum>(number);
}

SocketView socket_of(const json& value) {
    SocketView socket;
    socket.transport = enumerator(value.at("transport"), event::Transport::raw);
    socket.state = enumerator(value.at("state"), event::State::time_wait);
    socket.local = endpoint_of(value.at("local"));
    socket.peer = endpoint_of(value.at("peer"));
    socket.socket = value.at("socket").get<std::uint64_t>();
    socket.receive_queue = value.at("recv").get<std::uint64_t>();
    socket.send_queue = value.at("send").get<std::uint64_t>();
    socket.timer = {enumerator(value.at("timer").at(0), event::TimerKind::loss_probe),
                    Duration{value.at("timer").at(1).get<std::int64_t>()}};
    socket.retransmissions = value.at("rtx").get<std::uint32_t>();
    if (value.contains("queued_in")) socket.queued_in = endpoint_of(value.at("queued_in"));
    if (const auto q = value.find("queues"); q != value.end()) {
        socket.queues =
            event::QueueView{q->at(0).get<std::uint32_t>(), q->at(1).get<std::uint32_t>(),
                             q->at(2).get<std::uint32_t>(), q->at(3).get<std::uint64_t>(),
                             Duration{q->at(4).get<std::int64_t>()}};
    }
    if (const auto p = value.find("path"); p != value.end()) {
        socket.path = event::PathView{p->at(0).get<std::uint32_t>(),
                                      p->at(1).get<std::uint32_t>(),
                                      Duration{p->at(2).get<std::int64_t>()},
                                      Duration{p->at(3).get<std::int64_t>()},
                                      p->at(4).get<std::uint32_t>(),
                                      p->at(5).get<std::uint32_t>(),
                                      p->at(6).get<bool>()};
    }
    return socket;
}

json to_json(const HostSockets& host) {
    json sockets = json::array();
    for (const SocketView& socket : host.snapshot.sockets) sockets.push_back(to_json(socket));
    json owners = json::array();
    for (const auto& [socket, holders] : host.owners) {
        for (const Owner& owner : holders) {
            owners.push_back({socket, owner.pid, owner.program, owner.fd});
        }
    }
    return {{"host", host.host}, {"sockets", std::move(sockets)}, {"owners", std::move(owners)}};
}

HostSockets host_of(const json& value) {
    HostSockets host;
    host.host = value.at("host").get<std::string>();
    for (const json& socket : value.at("sockets")) {
        host.snapshot.sockets.push_back(socket_of(socket));
    }
    for (const json& owner : value.at("owners")) {
        host.owners[owner.at(0).get<std::uint64_t>()].push_back({owner.at(1).get<std::int32_t>(),
                                                                 owner.at(2).get<std::string>(),
                                                                 owner.at(3).get<std::int32_t>()});
    }
    return host;
}

}  // namespace

std::string encode_sockets(const RunSockets& sockets) {
    json hosts = json::array();
    for (const HostSockets& host : sockets.hosts) hosts.push_back(to_json(host));
    return json{{"schema", "dialtone.sockets/1"},
                {"t_ns", sockets.since_start.count()},
                {"hosts", std::move(hosts)}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<RunSockets> decode_sockets(std::string_view line) {
    try {
        const json value = json::parse(line);
        if (value.at("schema") != "dialtone.sockets/1") return std::nullopt;
        RunSockets sockets;
        sockets.since_start = Duration{value.at("t_ns").get<std::int64_t>()};
        for (const json& host : value.at("hosts")) sockets.hosts.push_back(host_of(host));
        return sockets;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

}  // namespace dt::observe

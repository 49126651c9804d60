// The loop of virtual time: turn, edges, programs, and on to the next deadline.
#include "sim/simulation.hpp"

#include <algorithm>
#include <array>

#include "base/errno.hpp"
#include "sock/options.hpp"

namespace dt::sim {

namespace {

/// A connection that was tried this long after the network was healed must be made.
constexpr Duration grace = std::chrono::seconds{5};
/// A peer that went away in a fault is given up when nothing was heard for so long.
constexpr Duration lost_after = std::chrono::seconds{200};
constexpr Duration retry_after = std::chrono::milliseconds{300};

IpAddr any_of(sock::Family family) {
    return family == sock::Family::inet ? IpAddr::any_v4() : IpAddr::any_v6();
}

}  // namespace

Simulation::Simulation(const Plan& plan, event::Sink* watcher)
    : plan_(plan), oracle_(watcher), world_(plan.spec, oracle_) {
    for (const ClientPlan& each : plan_.clients) {
        Client& client = clients_.emplace_back();
        client.plan = &each;
        client.caller = {.pid = static_cast<std::int32_t>(100 + clients_.size()), .fd = 3};
        client.left = each.connections;
        client.next = Instant{} + each.start;
    }
    for (const ServerPlan& each : plan_.servers) {
        Server& server = servers_.emplace_back();
        server.plan = &each;
        server.caller = {.pid = static_cast<std::int32_t>(200 + servers_.size()), .fd = 3};
    }
    for (const DatagramPlan& each : plan_.datagrams)
        talks_.emplace_back(each, static_cast<std::int32_t>(300 + 2 * talks_.size()));
}
Simulation::~Simulation() = default;

std::map<std::int32_t, std::string> Simulation::programs() const {
    std::map<std::int32_t, std::string> names;
    for (const Client& client : clients_) names[client.caller.pid] = "client";
    for (const Server& server : servers_) names[server.caller.pid] = "server";
    return names;
}

void Simulation::fail(std::string what) {
    if (outcome_.failures.size() < 20) outcome_.failures.push_back(std::move(what));
}

void Simulation::open_servers() {
    for (Server& server : servers_) open(server);
    for (DatagramTalk& talk : talks_) {
        if (!talk.open(world_, now_)) fail("a socket of datagrams failed");
    }
}

void Simulation::open(Server& server) {
    world::Calls to = calls(server.plan->host, server.caller);
    const auto socket = to.socket(server.plan->family, sock::Type::stream);
    if (!socket) return fail("socket() failed");
    server.socket = *socket;
    set_options(server.plan->host, server.caller, server.socket, server.plan->options);
    if (!to.bind(server.socket, {any_of(server.plan->family), server.plan->port}))
        fail("bind() failed");
    if (!to.listen(server.socket, server.plan->backlog)) fail("listen() failed");
    server.is_open = true;
}

void Simulation::set_options(HostIndex host, const event::Caller& caller, sock::SocketId socket,
                             const std::vector<OptionPlan>& options) {
    for (const OptionPlan& option : options) {
        const auto value = std::bit_cast<std::array<std::byte, 4>>(option.value);
        if (!calls(host, caller).set_option(socket, option.level, option.name, value))
            fail("setsockopt() failed: " + option.text);
    }
}

void Simulation::begin_connect(Client& client) {
    world::Calls to = calls(client.plan->host, client.caller);
    const ServerPlan& server = plan_.servers[client.plan->server];
    const std::string& name = plan_.spec.hosts[server.host].name;
    const sock::Family family = client.plan->family;
    const auto address = family == sock::Family::inet ? world_.resolve(client.plan->host, name)
                                                      : world_.resolve_v6(client.plan->host, name);
    const auto socket = to.socket(family, sock::Type::stream);
    if (!socket || !address) return fail("socket() failed, or no address of " + name);
    client.socket = *socket;
    client.tried_at = now_;
    client.server = {*address, server.port};
    client.phase = Client::Phase::connecting;
    set_options(client.plan->host, client.caller, client.socket, client.plan->options);
    const auto connected = to.connect(client.socket, client.server);
    if (connected) return finish_connect(client);
    if (connected.error() != Error::in_progress) on_connect_error(client, connected.error());
}

void Simulation::on_connect_error(Client& client, Error error) {
    // SYNs may be lost until the network is healed; whoever was turned away tries again. A reset
    // and a lack of ports are answers of a network that works.
    const bool is_answer =
        error == Error::connection_reset || error == Error::address_not_available;
    if (!is_answer && client.tried_at > Instant{} + plan_.healed + grace)
        fail("connect() failed on a healed network: " + std::string(base::describe(error).name));
    static_cast<void>(calls(client.plan->host, client.caller).close(client.socket));
    client.phase = Client::Phase::resting;
    client.next = now_ + retry_after;
    if (outcome_.failures.empty()) return;
    client.phase = Client::Phase::done;
}

void Simulation::finish_connect(Client& client) {
    world::Calls to = calls(client.plan->host, client.caller);
    const sock::PollMask mask = to.poll(client.socket);
    if (!mask.has(sock::PollMask::out) && !mask.has(sock::PollMask::err)) return;
    std::array<std::byte, 4> value{};
    if (!to.get_option(client.socket, sock::number::sol_socket, sock::number::so_error, value))
        return fail("SO_ERROR failed");
    const auto number = std::bit_cast<std::int32_t>(value);
    if (number != 0) {
        const auto error = base::error_of(number);
        on_connect_error(client, error.value_or(Error::protocol_error));
        return;
    }
    client.phase = Client::Phase::talking;
    client.conversation.emplace(client.socket, *client.plan, made_of(client));
    if (oracle_.was_overtaken(server_tuple(client))) client.conversation->lose_peer();
    ++outcome_.conversations;
}

/// The 4-tuple of a client that asked for its connection, as its server has it.
FourTuple Simulation::server_tuple(const Client& client) {
    const auto name = calls(client.plan->host, client.caller).local_name(client.socket);
    return {client.server, name.value_or(Endpoint{})};
}

Conversation::Made Simulation::made_of(const Client& client) {
    using Made = Conversation::Made;
    if (client.tried_at <= Instant{} + plan_.healed) return Made::in_faults;
    const bool is_by_cookie = oracle_.was_answered_by_cookie(server_tuple(client));
    return is_by_cookie ? Made::by_cookie : Made::healed;
}

/// Whether an accepted connection may be one without a client: an old segment, kept back by a
/// fault, made it of its cookie; or the client was reset, since text that overtook what makes the
/// connection finds no entry (RFC 4987 §3.6). Or it takes an old segment for its client's.
bool Simulation::may_lack_a_client(const Server& server, const sock::Accepted& accepted) {
    if (now_ > Instant{} + plan_.healed + grace) return false;
    const auto local = calls(server.plan->host, server.caller).local_name(accepted.socket);
    if (!local) return false;
    const FourTuple tuple{*local, accepted.peer};
    return oracle_.was_answered_by_cookie(tuple) || oracle_.was_overtaken(tuple);
}

void Simulation::end_conversation(Client& client) {
    if (client.conversation->fate() == Conversation::Fate::failed)
        fail(plan_.spec.hosts[client.plan->host].name + ": " + client.conversation->failure());
    progress_ = std::max(progress_, client.conversation->last_progress());
    client.conversation.reset();
    --client.left;
    client.phase = client.left == 0 ? Client::Phase::done : Client::Phase::resting;
    client.next = now_ + client.plan->rest;
}

void Simulation::step_client(Client& client) {
    if (client.phase == Client::Phase::resting && client.next <= now_) begin_connect(client);
    if (client.phase == Client::Phase::connecting) finish_connect(client);
    if (client.phase != Client::Phase::talking) return;
    client.conversation->step(calls(client.plan->host, client.caller), now_);
    if (client.conversation->fate() != Conversation::Fate::going) end_conversation(client);
}

void Simulation::accept(Server& server) {
    if (!server.is_open || now_ < Instant{} + server.plan->accepts_from) return;
    while (true) {
        const auto accepted = calls(server.plan->host, server.caller).accept(server.socket);
        if (!accepted) {
            if (accepted.error() == Error::would_block) return;
            // A connection that was reset while it waited is an answer too.
            if (accepted.error() != Error::connection_aborted) {
                fail("accept() failed: " + std::string(base::describe(accepted.error()).name));
                return;
            }
            continue;
        }
        server.conversations.push_back(
            std::make_unique<Conversation>(accepted->socket, *server.plan));
        // It may have waited in the queue while its client's host started anew.
        if (restarts_done_ > 0 && now_ < last_restart() + lost_after)
            server.conversations.back()->lose_peer();
        if (may_lack_a_client(server, *accepted)) server.conversations.back()->lose_peer();
        server.conversations.back()->step(calls(server.plan->host, server.caller), now_);
    }
}

/// Steps all conversations, or the one of a socket.
void Simulation::step_server(Server& server, sock::SocketId* only) {
    for (const auto& each : server.conversations) {
        if (only == nullptr || each->socket() == *only)
            each->step(calls(server.plan->host, server.caller), now_);
    }
    settle(server);
}

void Simulation::settle(Server& server) {
    for (const auto& each : server.conversations) {
        if (each->fate() == Conversation::Fate::failed)
            fail(plan_.spec.hosts[server.plan->host].name + ": " + each->failure());
        progress_ = std::max(progress_, each->last_progress());
    }
    std::erase_if(server.conversations,
                  [](const auto& each) { return each->fate() != Conversation::Fate::going; });
}

/// The RST of a client that aborts may be lost, and nothing tells the server then; nor does
/// anything tell a program that waits for the text of a host that started anew.
Instant Simulation::gives_up_at(const Conversation& conversation) const {
    if (!conversation.may_break()) return never;
    return std::max(conversation.last_progress(), Instant{} + plan_.healed) + lost_after;
}

void Simulation::give_up_on_lost_peers(Server& server) {
    for (const auto& each : server.conversations) {
        if (now_ >= gives_up_at(*each)) each->give_up(calls(server.plan->host, server.caller));
    }
    settle(server);
}

void Simulation::give_up_on_lost_peers() {
    for (Server& server : servers_) give_up_on_lost_peers(server);
    for (Client& client : clients_) {
        if (!client.conversation || !client.conversation->is_peer_lost()) continue;
        if (now_ < gives_up_at(*client.conversation)) continue;
        client.conversation->give_up(calls(client.plan->host, client.caller));
        end_conversation(client);
    }
}

void Simulation::deliver_edges() {
    while (auto edge = world_.next_readiness(now_)) deliver(*edge);
}

void Simulation::deliver(const world::World::Edge& edge) {
    sock::SocketId socket = edge.edge.socket;
    for (Client& client : clients_) {
        if (client.plan->host == edge.host && client.socket == socket) step_client(client);
    }
    for (Server& server : servers_) {
        if (server.plan->host != edge.host) continue;
        if (server.socket == socket) accept(server);
        step_server(server, &socket);
    }
    for (DatagramTalk& talk : talks_) {
        if (talk.owns(edge.host, socket)) step(talk);
    }
}

void Simulation::step(DatagramTalk& talk) {
    talk.step(world_, now_);
    if (!talk.failure().empty()) fail(talk.failure());
}

void Simulation::deliver_timers() {
    for (Client& client : clients_) {
        const bool rests = client.phase == Client::Phase::resting && client.next <= now_;
        const bool paced = client.conversation && client.conversation->wakes_at(ran_at_) <= now_;
        if (rests || paced) step_client(client);
    }
    for (Server& server : servers_) {
        const Instant accepts = Instant{} + server.plan->accepts_from;
        if (accepts > ran_at_ && accepts <= now_) accept(server);
        for (const auto& each : server.conversations) {
            if (each->wakes_at(ran_at_) <= now_)
                each->step(calls(server.plan->host, server.caller), now_);
        }
    }
    for (DatagramTalk& talk : talks_) {
        if (talk.wakes_at() <= now_) step(talk);
    }
    give_up_on_lost_peers();
}

Instant Simulation::next_timer() const {
    Instant next = never;
    for (const Client& client : clients_) {
        if (client.phase == Client::Phase::resting)
            next = std::min(next, std::max(client.next, now_));
        if (!client.conversation) continue;
        next = std::min(next, client.conversation->wakes_at(now_));
        if (client.conversation->is_peer_lost())
            next = std::min(next, std::max(gives_up_at(*client.conversation), now_));
    }
    for (const Server& server : servers_) {
        const Instant accepts = Instant{} + server.plan->accepts_from;
        if (accepts > now_) next = std::min(next, accepts);
        for (const auto& each : server.conversations) {
            next = std::min(next, each->wakes_at(now_));
            next = std::min(next, std::max(gives_up_at(*each), now_));
        }
    }
    for (const DatagramTalk& talk : talks_) next = std::min(next, std::max(talk.wakes_at(), now_));
    if (restarts_done_ < plan_.restarts.size())
        next = std::min(next, std::max(Instant{} + plan_.restarts[restarts_done_].at, now_));
    return next;
}

bool Simulation::is_done() const {
    return std::ranges::all_of(clients_,
                               [](const Client& c) { return c.phase == Client::Phase::done; }) &&
           std::ranges::all_of(servers_, [](const Server& s) { return s.conversations.empty(); }) &&
           std::ranges::all_of(talks_, &DatagramTalk::is_done);
}

/// One turn and what it leads to; false where time stands still or too much happens.
bool Simulation::turn() {
    for (std::size_t i = 0; i < standstill_max; ++i) {
        world_.turn(now_);
        deliver_edges();
        if (i == 0) deliver_timers();
        if (oracle_.events() > events_max) {
            fail("more than " + std::to_string(events_max) + " events");
            return false;
        }
        if (world_.deadline() > now_) return true;
    }
    fail("time stands still");
    return false;
}

/// When text last moved.
Instant Simulation::last_progress() const {
    Instant last = progress_;
    for (const Client& client : clients_) {
        if (client.conversation) last = std::max(last, client.conversation->last_progress());
    }
    for (const Server& server : servers_) {
        for (const auto& each : server.conversations) last = std::max(last, each->last_progress());
    }
    for (const DatagramTalk& talk : talks_) last = std::max(last, talk.last_progress());
    return last;
}

void Simulation::run_programs() {
    const Instant end = Instant{} + plan_.healed + patience;
    while (turn() && !is_done()) {
        const Instant next = std::min(world_.deadline(), next_timer());
        const bool is_stuck = next > end && next > last_progress() + stall_max;
        if (is_stuck || !outcome_.failures.empty() || !oracle_.failures().empty())
            return report_stuck();
        ran_at_ = now_;
        now_ = with_leap(std::max(next, now_));
        restart_hosts();
    }
}

Instant Simulation::last_restart() const {
    return Instant{} + plan_.restarts[restarts_done_ - 1].at;
}

void Simulation::restart_hosts() {
    for (; restarts_done_ < plan_.restarts.size(); ++restarts_done_) {
        const RestartPlan& restart = plan_.restarts[restarts_done_];
        if (now_ < Instant{} + restart.at) return;
        this->restart(restart.host);
    }
}

/// What programs of the host were in the middle of begins again with its next connection; theirs on
/// other hosts may hear of it, or not.
void Simulation::restart(HostIndex host) {
    world_.restart(now_, host);
    lose_peers(host);
    for (Client& client : clients_) {
        if (client.plan->host != host || client.phase == Client::Phase::done) continue;
        client.conversation.reset();
        client.phase = Client::Phase::resting;
        client.next = now_;
    }
    for (Server& server : servers_) {
        if (server.plan->host != host) continue;
        server.conversations.clear();
        open(server);
    }
    for (DatagramTalk& talk : talks_) talk.restart(world_, now_, host);
}

void Simulation::lose_peers(HostIndex host) {
    for (Client& client : clients_) {
        if (client.conversation && plan_.servers[client.plan->server].host == host)
            client.conversation->lose_peer();
    }
    // A server does not know whose text it reads.
    for (const Server& server : servers_) {
        for (const auto& each : server.conversations) each->lose_peer();
    }
}

/// When the world runs next: later than `next` where a leap lies on the way.
Instant Simulation::with_leap(Instant next) {
    if (leaps_done_ == plan_.leaps.size()) return next;
    const Leap& leap = plan_.leaps[leaps_done_];
    if (next < Instant{} + leap.at) return next;
    ++leaps_done_;
    return std::max(next, Instant{} + leap.at + leap.by);
}

void Simulation::report_stuck() {
    if (!outcome_.failures.empty() || !oracle_.failures().empty()) return;
    for (const Client& client : clients_) {
        if (client.phase == Client::Phase::done) continue;
        const std::string what =
            client.conversation ? client.conversation->text() : std::string("client, connecting");
        fail("stuck on a healed network: " + plan_.spec.hosts[client.plan->host].name + ": " +
             what);
    }
    for (const Server& server : servers_) {
        for (const auto& each : server.conversations)
            fail("stuck on a healed network: " + plan_.spec.hosts[server.plan->host].name + ": " +
                 each->text());
    }
    for (const DatagramTalk& talk : talks_) {
        if (!talk.is_done()) fail("stuck on a healed network: " + talk.text());
    }
}

/// Closes the listeners and lets every timer run out.
void Simulation::run_out() {
    for (Server& server : servers_) {
        static_cast<void>(calls(server.plan->host, server.caller).close(server.socket));
        server.is_open = false;
    }
    for (DatagramTalk& talk : talks_) talk.close(world_, now_);
    const Instant end = now_ + patience;
    while (turn() && world_.deadline() <= end) now_ = std::max(world_.deadline(), now_);
    now_ = end;
}

void Simulation::check_leaks() {
    for (std::size_t i = 0; i < plan_.spec.hosts.size(); ++i) {
        const auto host = static_cast<HostIndex>(i);
        for (const event::SocketView& left : world_.snapshot(now_, host).sockets) {
            fail("leak: " + plan_.spec.hosts[i].name + " still has " +
                 std::string(event::name(left.state)) + " " +
                 wire::to_string(FourTuple{left.local, left.peer}) +
                 (left.socket == 0 ? ", of no program" : ""));
        }
    }
    if (const std::size_t blocks = world_.pool().blocks_in_use(); blocks > 0)
        fail("leak: " + std::to_string(blocks) + " blocks");
    if (const std::size_t frames = world_.pool().frames_in_use(); frames > 0)
        fail("leak: " + std::to_string(frames) + " frames");
}

/// Every port that was used can be bound again by a socket that shares nothing.
void Simulation::check_ports() {
    for (const Server& server : servers_) {
        world::Calls to = calls(server.plan->host, server.caller);
        const auto socket = to.socket(server.plan->family, sock::Type::stream);
        if (!socket || !to.bind(*socket, {any_of(server.plan->family), server.plan->port}))
            fail("leak: port " + std::to_string(server.plan->port.value()) + " is still held");
        if (socket) static_cast<void>(to.close(*socket));
    }
}

Outcome Simulation::run() {
    open_servers();
    run_programs();
    if (outcome_.failures.empty() && oracle_.failures().empty()) {
        run_out();
        check_leaks();
        check_ports();
    }
    for (const std::string& failure : oracle_.failures()) outcome_.failures.push_back(failure);
    outcome_.events = oracle_.events();
    outcome_.took = now_ - Instant{};
    return outcome_;
}

Outcome simulate(const Plan& plan) {
    Simulation simulation(plan, nullptr);
    return simulation.run();
}

}  // namespace dt::sim

// Answers the names of the run's hosts on port 53 of every host: a known name has an A record and
// no AAAA (NOERROR, empty), an unknown one does not exist (RFC 1035 §4.1, RFC 2308 §2).
#include "host/name_service.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "wire/dns.hpp"

namespace dt::host {
namespace {

constexpr event::Caller ourselves{0, -1};
constexpr int backlog = 128;
constexpr std::size_t connections_max = 256;
constexpr std::size_t query_max = 4094;
constexpr std::size_t unknown_max = 16;
constexpr std::uint32_t ttl_s = 1;

void reuse_address(world::Calls& calls, sock::SocketId socket) {
    const int one = 1;
    (void)calls.set_option(socket, SOL_SOCKET, SO_REUSEADDR, std::as_bytes(std::span(&one, 1)));
}

}  // namespace

void NameService::open(std::size_t hosts) {
    for (std::size_t i = 0; i < hosts; ++i) {
        const auto host = static_cast<event::HostIndex>(i);
        auto calls = board_.calls(host, ourselves);
        Desk desk;
        if (const auto socket = calls.socket(sock::Family::inet, sock::Type::datagram)) {
            reuse_address(calls, *socket);
            if (calls.bind(*socket, name_service)) desk.datagrams = *socket;
        }
        if (const auto socket = calls.socket(sock::Family::inet, sock::Type::stream)) {
            reuse_address(calls, *socket);
            const bool open = calls.bind(*socket, name_service) && calls.listen(*socket, backlog);
            if (open) desk.listener = *socket;
        }
        desks_.push_back(desk);
    }
}

void NameService::on_edge(const world::World::Edge& edge) {
    if (edge.host >= desks_.size()) return;
    const sock::SocketId socket = edge.edge.socket;
    if (socket == desks_[edge.host].datagrams) return serve_datagrams(edge.host, socket);
    if (socket == desks_[edge.host].listener) return accept_all(edge.host, socket);
    const auto same = [&](const Connection& c) {
        return c.host == edge.host && c.socket == socket;
    };
    const auto found = std::ranges::find_if(connections_, same);
    if (found != connections_.end()) {
        serve_connection(static_cast<std::size_t>(found - connections_.begin()));
    }
}

void NameService::serve_datagrams(event::HostIndex host, sock::SocketId socket) {
    auto calls = board_.calls(host, ourselves);
    while (const auto query = calls.receive_from(socket, scratch_)) {
        const auto reply = answer(host, Octets(scratch_).first(query->copied));
        if (!reply.empty()) (void)calls.send_to(socket, reply, query->from);
    }
}

void NameService::accept_all(event::HostIndex host, sock::SocketId listener) {
    auto calls = board_.calls(host, ourselves);
    while (const auto accepted = calls.accept(listener)) {
        if (connections_.size() == connections_max) make_room();
        connections_.push_back({host, accepted->socket, board_.now(), {}, {}});
    }
}

/// Who holds on longest without a word goes first (RFC 7766 §6.2.3).
void NameService::make_room() {
    const auto oldest = std::ranges::min_element(connections_, {}, &Connection::used);
    (void)board_.calls(oldest->host, ourselves).close(oldest->socket);
    connections_.erase(oldest);
}

void NameService::serve_connection(std::size_t index) {
    Connection& connection = connections_[index];
    Course course = Course::goes_on;
    while (course == Course::goes_on) course = step(connection);
    if (course == Course::waits) return;
    (void)board_.calls(connection.host, ourselves).close(connection.socket);
    connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(index));
}

/// Nothing more is read from who does not take the answers (RFC 7766 §6.2.1: in their order).
NameService::Course NameService::step(Connection& connection) {
    auto calls = board_.calls(connection.host, ourselves);
    if (!send_answers(connection, calls)) return Course::is_over;
    if (!connection.unsent.empty()) return Course::waits;
    const Course course = read_queries(connection, calls);
    answer_queries(connection);
    if (course != Course::is_over || connection.unsent.empty()) return course;
    return Course::goes_on;  // the end shows again once the answers are sent
}

/// False where the connection can take no more.
bool NameService::send_answers(Connection& connection, world::Calls& calls) {
    while (!connection.unsent.empty()) {
        const auto taken = calls.send(connection.socket, connection.unsent);
        if (!taken) return taken.error() == Error::would_block;
        connection.used = board_.now();
        connection.unsent.erase(connection.unsent.begin(),
                                connection.unsent.begin() + static_cast<std::ptrdiff_t>(*taken));
    }
    return true;
}

NameService::Course NameService::read_queries(Connection& connection, world::Calls& calls) {
    if (connection.read.size() >= query_max) return Course::is_over;
    const auto count = calls.receive(connection.socket, scratch_);
    if (!count) return count.error() == Error::would_block ? Course::waits : Course::is_over;
    if (*count == 0) return Course::is_over;
    connection.used = board_.now();
    const auto part = Octets(scratch_).first(*count);
    connection.read.insert(connection.read.end(), part.begin(), part.end());
    return Course::goes_on;
}

/// Messages over TCP carry their length before them (RFC 1035 §4.2.2).
void NameService::answer_queries(Connection& connection) {
    const Octets read(connection.read);
    std::size_t done = 0;
    while (read.size() - done >= 2) {
        const std::size_t length = load_be<std::uint16_t>(read, done);
        if (read.size() - done < 2 + length) break;
        const auto reply = answer(connection.host, read.subspan(done + 2, length));
        done += 2 + length;
        if (reply.empty()) continue;
        std::array<std::byte, 2> prefix{};
        store_be(MutableOctets(prefix), 0, static_cast<std::uint16_t>(reply.size()));
        connection.unsent.insert(connection.unsent.end(), prefix.begin(), prefix.end());
        connection.unsent.insert(connection.unsent.end(), reply.begin(), reply.end());
    }
    connection.read.erase(connection.read.begin(),
                          connection.read.begin() + static_cast<std::ptrdiff_t>(done));
}

std::vector<std::byte> NameService::answer(event::HostIndex asker, Octets query) {
    const auto view = wire::DnsView::parse(query);
    if (!view || view->is_response()) return {};
    const auto question = view->question();
    if (!question) return {};
    const std::string_view name = question->name.view();
    const bool is_local = name == "localhost";
    const auto address =
        is_local ? std::optional(IpAddr::loopback_v4()) : world_.resolve(asker, name);
    wire::DnsRcode rcode = address ? wire::DnsRcode::no_error : wire::DnsRcode::name_error;
    if (!address) remember_unknown(name);
    if (view->opcode() != 0) rcode = wire::DnsRcode::not_implemented;
    auto reply = wire::DnsRepr::answer_to(view->id(), *question, rcode);
    reply.recursion_desired = view->is_recursion_desired();
    reply.ttl_s = ttl_s;
    const bool wants_v4 =
        question->type == wire::DnsType::a || question->type == wire::DnsType::any;
    const bool wants_v6 =
        question->type == wire::DnsType::aaaa || question->type == wire::DnsType::any;
    if (rcode == wire::DnsRcode::no_error && wants_v4) reply.add(*address);
    if (rcode == wire::DnsRcode::no_error && wants_v6) {
        const bool has_v6 = !world_.addresses_v6(asker).empty();
        const auto address_v6 = is_local ? IpAddr::loopback_v6() : world_.resolve_v6(asker, name);
        if (has_v6 && address_v6) reply.add(*address_v6);
    }
    std::vector<std::byte> octets(reply.size());
    reply.emit(octets);
    return octets;
}

void NameService::remember_unknown(std::string_view name) {
    if (unknown_.size() == unknown_max || std::ranges::find(unknown_, name) != unknown_.end())
        return;
    unknown_.emplace_back(name);
}

std::vector<IpAddr> name_servers_in(std::string_view resolv_conf) {
    std::vector<IpAddr> servers;
    constexpr std::string_view keyword = "nameserver";
    constexpr std::string_view blanks = " \t\r";
    for (std::size_t at = 0; at < resolv_conf.size();) {
        const std::size_t end = std::min(resolv_conf.find('\n', at), resolv_conf.size());
        std::string_view line = resolv_conf.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with(keyword)) continue;
        line.remove_prefix(keyword.size());
        const std::size_t first = line.find_first_not_of(blanks);
        if (first == 0 || first == std::string_view::npos) continue;
        line.remove_prefix(first);
        line = line.substr(0, line.find_first_of(blanks));
        if (const auto address = IpAddr::parse(line)) servers.push_back(*address);
    }
    return servers;
}

}  // namespace dt::host

// Answers the names of the run's hosts on port 53 of every host, over UDP and TCP (RFC 1035).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/switchboard.hpp"
#include "world/world.hpp"

namespace dt::host {

class NameService {
  public:
    NameService(world::World& world, Switchboard& board) : world_(world), board_(board) {}

    /// Opens the service on the first `hosts` hosts.
    void open(std::size_t hosts);
    /// An edge of a socket that no program holds.
    void on_edge(const world::World::Edge& edge);
    /// Names that were asked for and that no host has, each once; the first few.
    [[nodiscard]] const std::vector<std::string>& unknown() const { return unknown_; }

  private:
    struct Desk {
        sock::SocketId datagrams;
        sock::SocketId listener;
    };
    struct Connection {
        event::HostIndex host = 0;
        sock::SocketId socket;
        Instant used{};               // when something was last read or written
        std::vector<std::byte> read;  // not yet a whole query
        std::vector<std::byte> unsent;
    };
    /// What is left to do for a connection.
    enum class Course : std::uint8_t { goes_on, waits, is_over };

    void serve_datagrams(event::HostIndex host, sock::SocketId socket);
    void accept_all(event::HostIndex host, sock::SocketId listener);
    void make_room();
    void serve_connection(std::size_t index);
    [[nodiscard]] Course step(Connection& connection);
    [[nodiscard]] bool send_answers(Connection& connection, world::Calls& calls);
    [[nodiscard]] Course read_queries(Connection& connection, world::Calls& calls);
    void answer_queries(Connection& connection);
    /// The answer to a query; nothing where it is none.
    [[nodiscard]] std::vector<std::byte> answer(event::HostIndex asker, Octets query);
    void remember_unknown(std::string_view name);

    world::World& world_;
    Switchboard& board_;
    std::vector<Desk> desks_;
    std::vector<Connection> connections_;
    std::vector<std::string> unknown_;
    std::vector<std::byte> scratch_ = std::vector<std::byte>(4096);
};

/// The name servers in the text of a resolv.conf(5), IPv4 only.
[[nodiscard]] std::vector<IpAddr> name_servers_in(std::string_view resolv_conf);

}  // namespace dt::host

// The port table: who holds which local address and port, and whether another may join
// (spec 6.2 API-BIND-*, 4.2 TCP-SEC-011…017, RFC 6056 algorithm 4).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "core/bind_rules.hpp"
#include "event/reason.hpp"
#include "event/sink.hpp"
#include "event/snapshot.hpp"
#include "tcp/engine.hpp"
#include "wire/address.hpp"

namespace dt::core {

/// A bound socket's claim on a local endpoint. `owner` is the socket's number.
struct Claim {
    event::Transport transport = event::Transport::tcp;
    Endpoint local;
    std::uint64_t owner = 0;
    bool reuse_address = false;
    bool reuse_port = false;
    bool listening = false;
    std::uint32_t uid = 0;
    bool v6_only = false;
    std::optional<std::uint16_t> link = std::nullopt;  // the one that the socket keeps to
};

/// Refusal of a bind or connect: what the program gets, and why.
struct Refusal {
    Error error = Error::address_in_use;
    event::Reason reason = event::Reason::none;
    Endpoint holder;  // who is in the way, where one is
};

/// A TCP port chosen by choose() is not claimed: the connection itself holds it, so that others
/// may use the same port to other peers (TCP-SEC-014). Claims are made by bind() alone.
class PortTable {
  public:
    explicit PortTable(std::uint64_t seed);
    ~PortTable();

    /// Claims an endpoint, or a free ephemeral port for port 0 (odd distance from the start of the
    /// range first, as Linux does). Errors: address_in_use; access_denied below
    /// Config::unprivileged_port_start; invalid_argument where `owner` has a claim already.
    [[nodiscard]] std::expected<Endpoint, Refusal> bind(const Config& config,
                                                        const tcp::Engine& tcp, Claim claim);
    /// Turns a claim into a listening one; address_in_use if another listens there,
    /// invalid_argument where `owner` has no claim.
    [[nodiscard]] std::expected<void, Refusal> listen(std::uint64_t owner,
                                                      event::Transport transport);
    void stop_listening(std::uint64_t owner, event::Transport transport);
    void set_reuse(std::uint64_t owner, event::Transport transport, bool address, bool port);
    /// A free ephemeral port for a connection to `remote` (even distance first; shared between
    /// peers), or for a datagram socket. Errors: address_not_available, ports_exhausted.
    [[nodiscard]] std::expected<Port, Refusal> choose(const Turn& turn, const tcp::Engine& tcp,
                                                      IpAddr source, Endpoint remote,
                                                      event::Transport transport);
    void release(std::uint64_t owner, event::Transport transport);

    /// Ports from `first` to `last` are never picked by the stack; a program may still name them
    /// (Linux ip_local_reserved_ports).
    void reserve(Port first, Port last);

    /// The endpoint claimed by `owner`, if any.
    [[nodiscard]] const Claim* find(std::uint64_t owner, event::Transport transport) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::core

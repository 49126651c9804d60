// The port table: who holds which local address and port, and whether another may join
// (spec 6.2 API-BIND-*, 4.2 TCP-SEC-011…017, RFC 6056 algorithm 3).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>

#include "base/result.hpp"
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
};

/// Refusal of a bind or connect: what the program gets, and why.
struct Refusal {
    Error error;
    event::Reason reason;
    Endpoint holder;  // who is in the way, where one is
};

class PortTable {
  public:
    explicit PortTable(std::uint64_t seed);
    ~PortTable();

    /// Claims an endpoint, or a free ephemeral port for port 0 (odd ports first, as Linux does).
    [[nodiscard]] std::expected<Endpoint, Refusal> bind(const Config&, const tcp::Engine&, Claim claim);
    /// Turns a claim into a listening one; address_in_use if another listens there.
    [[nodiscard]] std::expected<void, Refusal> listen(std::uint64_t owner, event::Transport transport);
    void stop_listening(std::uint64_t owner, event::Transport transport);
    void set_reuse(std::uint64_t owner, event::Transport transport, bool address, bool port);
    /// A free ephemeral port for a connection to `remote` (even ports first; shared between peers).
    [[nodiscard]] std::expected<Port, Refusal> choose(const Config&, const tcp::Engine&, IpAddr source, Endpoint remote, event::Transport transport);
    void release(std::uint64_t owner, event::Transport transport);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::core

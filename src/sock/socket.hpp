// A socket: what its calls have made of it, one of six states, and what Linux remembers beside
// the state (the answers of the call matrix, spec 6.0, follow from both).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "base/shared.hpp"
#include "event/event.hpp"
#include "event/snapshot.hpp"
#include "sock/settings.hpp"
#include "sock/sockets.hpp"
#include "tcp/engine.hpp"
#include "udp/engine.hpp"

namespace dt::sock {

/// A stream socket that has neither name nor connection.
struct Fresh {};
/// A stream socket with a name of its own.
struct Bound {};
/// A stream socket whose connections wait in a listener.
struct Listening {
    tcp::ListenerId id;
    std::uint32_t backlog = 0;  // clamped to somaxconn
};
/// A stream socket with a connection, also one that is closed but not yet let go.
struct Stream {
    tcp::ConnId id;
};
/// A datagram socket; it has an endpoint from its first name on.
struct Datagram {
    std::optional<udp::EndpointId> id;
};
/// A stream socket without its connection: refused, unanswered, or disconnected.
struct Failed {
    std::optional<Error> error;  // until a call or SO_ERROR takes it
    event::Reason reason = event::Reason::none;
};

/// What connect() has to go on from: SS_UNCONNECTED and so on of Linux. A connection that is made
/// stays `connecting` until connect() is called again and answers success once (API-CONN-004).
enum class Phase : std::uint8_t { unconnected, connecting, connected, disconnecting };

/// Whose choice the local port was: an automatic one goes back when the connection ends.
enum class PortHold : std::uint8_t { none, automatic, fixed };

/// Small facts about a socket.
enum class Mark : std::uint8_t {
    read_shut = 1,
    write_shut = 2,
    address_fixed = 4,  // by bind()
    end_told = 8,       // the program was given end-of-stream
    edge_waits = 16,    // in the list of sockets whose readiness may have changed
    result_told = 32,   // the event with connect()'s result was emitted
    notice_waits = 64,  // the ICMP error that ended its handshake was not read yet
};

class Marks {
  public:
    [[nodiscard]] bool has(Mark mark) const { return (bits_ & static_cast<unsigned>(mark)) != 0; }
    void set(Mark mark) { bits_ = static_cast<std::uint8_t>(bits_ | static_cast<unsigned>(mark)); }
    void clear(Mark mark) {
        bits_ = static_cast<std::uint8_t>(bits_ & ~static_cast<unsigned>(mark));
    }

  private:
    std::uint8_t bits_ = 0;
};

class Socket {
  public:
    std::variant<Fresh, Bound, Listening, Stream, Datagram, Failed> state;
    Family family = Family::inet;
    event::Transport transport = event::Transport::tcp;
    Phase phase = Phase::unconnected;
    PortHold port_hold = PortHold::none;
    Marks marks;
    Endpoint local;             // what getsockname() answers
    event::Caller opened_by;    // of socket() or accept()
    event::Caller connect_by;   // of the last connect()
    std::uint64_t ordinal = 0;  // n-th socket of its stack
    Shared<Settings> own;       // a connection shares its listener's until it has its own
    /// Whom a datagram socket is connected to; or whom a stream socket will be, when the first text
    /// makes connect() go on (TCP_FASTOPEN_CONNECT).
    std::unique_ptr<Endpoint> remote;

    [[nodiscard]] const Settings& settings() const { return *own; }
    [[nodiscard]] Settings& change_settings() { return own.change(); }
    [[nodiscard]] bool is_deferred() const { return remote != nullptr && !is_datagram(); }
    [[nodiscard]] IpAddr any_address() const {
        return family == Family::inet ? IpAddr::any_v4() : IpAddr::any_v6();
    }
    [[nodiscard]] bool is_datagram() const { return std::holds_alternative<Datagram>(state); }
    [[nodiscard]] const tcp::ConnId* connection() const {
        const auto* stream = std::get_if<Stream>(&state);
        return stream == nullptr ? nullptr : &stream->id;
    }
    [[nodiscard]] const tcp::ListenerId* listener() const {
        const auto* listening = std::get_if<Listening>(&state);
        return listening == nullptr ? nullptr : &listening->id;
    }
};

}  // namespace dt::sock

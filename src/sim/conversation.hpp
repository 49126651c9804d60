// One end of a conversation between two programs of the simulator: it sends what its plan says,
// checks every octet that arrives, and closes as its shape asks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/plan.hpp"
#include "world/calls.hpp"

namespace dt::sim {

/// What a client says first, so that the server knows what to send and to expect.
struct Greeting {
    static constexpr std::size_t size = 32;

    std::uint64_t key = 0;
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    Shape shape = Shape::both_at_once;

    [[nodiscard]] std::array<std::byte, size> octets() const;
    /// Nothing where the octets are no greeting.
    static std::optional<Greeting> from(const std::array<std::byte, size>& octets);
};

/// Octet `at` of a text; texts of other keys differ, and so do other places of one text.
[[nodiscard]] constexpr std::byte octet_of(std::uint64_t key, std::uint64_t at) {
    const std::uint64_t mixed = (at + 1) * 0x9e3779b97f4a7c15ULL + key;
    return static_cast<std::byte>(mixed >> 40 ^ mixed >> 56);
}

class Conversation {
  public:
    /// How one end is doing.
    enum class Fate : std::uint8_t {
        going,
        done,    ///< closed as planned, or gone with a peer that went away as planned
        failed,  ///< failure() says how
    };

    /// Whether faults may still have struck the handshake.
    enum class Made : std::uint8_t {
        in_faults,  ///< the listener may have thrown out its half-open entry (TCP-SYNQ-016), which
                    ///< the client is told by a reset of its first text
        by_cookie,  ///< the listener may keep no entry: first text that comes out of order, or
                    ///< late, finds none (RFC 4987 §3.6), and the client is told likewise
        healed,
    };

    /// The client's end, on a socket that is connected.
    Conversation(sock::SocketId socket, const ClientPlan& plan, Made made);
    /// The server's end, on a socket that was accepted.
    Conversation(sock::SocketId socket, const ServerPlan& plan);

    /// Reads and writes until it would wait, and closes where it is done.
    void step(world::Calls calls, Instant now);
    /// When a pace lets it go on; `never` where it waits for its socket.
    [[nodiscard]] Instant wakes_at(Instant now) const;
    /// Closes an end whose peer may be gone without a word.
    void give_up(world::Calls calls);
    /// The peer's host started anew and knows nothing of this conversation.
    void lose_peer() { is_peer_lost_ = true; }
    [[nodiscard]] bool is_peer_lost() const { return is_peer_lost_; }

    [[nodiscard]] sock::SocketId socket() const { return socket_; }
    [[nodiscard]] Fate fate() const { return fate_; }
    [[nodiscard]] const std::string& failure() const { return failure_; }
    /// True where its peer may go away in the middle, as far as this end knows.
    [[nodiscard]] bool may_break() const;
    [[nodiscard]] Instant last_progress() const { return last_progress_; }
    /// `client, echo: sent 12 of 40, received 8 of 40`.
    [[nodiscard]] std::string text() const;

  private:
    enum class Role : std::uint8_t { client, server };

    void write(world::Calls& calls, Instant now);
    [[nodiscard]] Result<std::size_t> write_some(world::Calls& calls, std::size_t wanted);
    [[nodiscard]] Result<std::size_t> write_marked(world::Calls& calls, std::size_t wanted);
    void read(world::Calls& calls, Instant now);
    void close_if_done(world::Calls& calls);
    void shut_if_sent(world::Calls& calls);
    [[nodiscard]] bool has_finished() const;
    void close(world::Calls& calls);
    void fill(MutableOctets room, std::uint64_t at) const;
    void take(Octets text);
    void take_greeting(Octets& text);
    void check_text(Octets text);
    void check_end();
    void on_error(world::Calls& calls, Error error, const char* where);
    [[nodiscard]] bool is_forgotten(Error error) const;
    void fail(std::string why);

    [[nodiscard]] std::uint64_t total_to_send() const;
    [[nodiscard]] std::uint64_t may_send() const;
    [[nodiscard]] std::uint64_t total_to_receive() const;
    /// Octets of the peer's text, the greeting not counted.
    [[nodiscard]] std::uint64_t text_received() const;

    Role role_;
    sock::SocketId socket_;
    std::optional<Greeting> greeting_;
    std::array<std::byte, Greeting::size> heard_{};  // a server's greeting, while it comes in
    Pace reading_;
    Pace writing_;
    WriteMarks marks_;
    Made made_ = Made::healed;
    bool is_peer_lost_ = false;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    bool has_shut_ = false;
    bool at_end_ = false;  // the peer's
    Instant reads_at_{};
    Instant writes_at_{};
    Instant last_progress_{};
    Fate fate_ = Fate::going;
    std::string failure_;
};

}  // namespace dt::sim

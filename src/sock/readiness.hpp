// What poll() shows of a socket (spec 6.0 column poll, 6.7): pure functions of a few facts.
#pragma once

#include <cstdint>
#include <optional>

#include "event/reason.hpp"
#include "event/state.hpp"
#include "sock/sockets.hpp"

namespace dt::sock {

/// Whether one direction of a socket is still used.
enum class Way : std::uint8_t { open, shut };

/// What a stream socket is at one moment: the state of its connection, its pending error, which
/// ways are shut. All answers of the call matrix follow from these.
struct StreamFacts {
    event::State state = event::State::closed;
    Way reading = Way::open;
    Way writing = Way::open;
    enum class Early : std::uint8_t { no, yes } early = Early::no;  // text flows in SYN-RECEIVED
    enum class End : std::uint8_t { open, seen } end = End::open;   // the peer's FIN was taken
    std::optional<Error> error;
    event::Reason reason = event::Reason::none;
    enum class Urgent : std::uint8_t { none, here } urgent = Urgent::none;     // not read yet
    enum class Notices : std::uint8_t { none, some } notices = Notices::none;  // in the error queue
    std::uint64_t unread = 0;                                                  // octets
    std::uint64_t room = 0;                                                    // octets
    std::uint64_t queued = 0;   // octets in the send buffer
    std::uint64_t waiting = 0;  // connections in the accept queue

    [[nodiscard]] bool is_closed() const {
        return state == event::State::closed || state == event::State::time_wait;
    }
    [[nodiscard]] bool is_opening() const {
        return state == event::State::syn_sent ||
               (state == event::State::syn_received && early == Early::no);
    }
    [[nodiscard]] bool is_listening() const { return state == event::State::listen; }
    [[nodiscard]] bool may_send() const {
        return state == event::State::established || state == event::State::close_wait ||
               (state == event::State::syn_received && early == Early::yes);
    }
    /// A third of the send buffer is free (API-IO-014).
    [[nodiscard]] bool is_writable() const { return room > 0 && room >= queued / 2; }
};

struct DatagramFacts {
    Way reading = Way::open;
    Way writing = Way::open;
    std::optional<Error> error;
    std::uint64_t waiting = 0;                                                 // datagrams
    enum class Notices : std::uint8_t { none, some } notices = Notices::none;  // ICMP errors unread
};

/// `low_water` is SO_RCVLOWAT.
[[nodiscard]] PollMask poll_of(const StreamFacts& facts, std::int32_t low_water);
[[nodiscard]] PollMask poll_of(const DatagramFacts& facts);

}  // namespace dt::sock

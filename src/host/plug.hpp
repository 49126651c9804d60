// One socket of a program: the stack's socket, our end of the pair whose other end the program
// holds, and what we know of both.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/slot_map.hpp"
#include "base/time.hpp"
#include "event/event.hpp"
#include "host/control_messages.hpp"
#include "os/fd.hpp"
#include "sock/numbers.hpp"
#include "sock/sockets.hpp"

namespace dt::host {

/// Where the names of the run's hosts are asked for, on every host.
inline constexpr Endpoint name_service{IpAddr::loopback_v4(), Port(53)};

/// What the pair stands for now.
enum class Phase : std::uint8_t {
    fresh,       ///< stream, neither connected nor listening: what the program writes is lost
    connecting,  ///< the handshake is under way; filler may lie in the pair
    connected,   ///< octets go both ways
    listening,   ///< a doorbell octet in the pair for each connection that waits
    failed,      ///< reset or refused: our end is closed, the program still holds its own
    datagram,
};

/// What the kernel told about our end, kept because it tells each change once (EPOLLET).
enum class PairFlag : std::uint16_t {
    may_read = 1,           ///< not known to be empty
    may_write = 2,          ///< not known to be full
    program_ended = 4,      ///< shutdown(SHUT_WR), or the last close
    program_gone = 8,       ///< the last close: nobody holds the other end
    we_ended = 16,          ///< we gave end-of-stream to the program
    end_passed = 32,        ///< the program's end-of-stream was given to the stack
    left_unread = 64,       ///< the last close left octets unread in the program's end
    read_shut = 128,        ///< by the program's shutdown()
    write_shut = 256,       ///< by the program's shutdown()
    has_peer = 512,         ///< a datagram socket that was connected
    broke_silently = 1024,  ///< a read() shows the end where there was an error: SO_ERROR has it
    holds_more = 2048,      ///< what was written last was written with MSG_MORE
    sends_urgent = 4096,    ///< the program has written with MSG_OOB
    has_options = 8192,     ///< some that the kernel's own calls on the pair obey
};

class PairFlags {
  public:
    [[nodiscard]] bool has(PairFlag flag) const {
        return (bits_ & static_cast<unsigned>(flag)) != 0;
    }
    void set(PairFlag flag) {
        bits_ = static_cast<std::uint16_t>(bits_ | static_cast<unsigned>(flag));
    }
    void clear(PairFlag flag) {
        bits_ = static_cast<std::uint16_t>(bits_ & ~static_cast<unsigned>(flag));
    }

  private:
    std::uint16_t bits_ = 0;
};

/// A call whose caller waits in the kernel until the socket can answer it.
struct Parked {
    std::size_t line = 0;  ///< which listener it came from (CallDesk::Line)
    seccomp_notif call{};
    Instant deadline = never;
};

/// A datagram in the pair: how it came, and what the kernel charges our end for it until the
/// program has read it. The sum of the charges (SIOCOUTQ) says which are still unread.
struct InPair {
    Origin origin;
    std::uint32_t charge = 0;
};

/// A connection that accept() took from the stack but could not deliver: next in line.
struct Returned {
    sock::Accepted accepted;
};

struct Plug;
using PlugHandle = base::Handle<Plug>;

struct Plug {
    event::HostIndex host = 0;
    sock::SocketId socket;
    sock::Family family = sock::Family::inet;
    sock::Type type = sock::Type::stream;
    Phase phase = Phase::fresh;
    PairFlags flags;
    enum class Waiting : std::uint8_t { no, yes } in_ready_list = Waiting::no;

    os::UniqueFd ours;
    std::uint64_t cookie = 0;  ///< of the program's end
    std::uint64_t inode = 0;   ///< of the program's end
    pid_t task = 0;            ///< last thread that used it: where its end can be borrowed
    event::Caller caller;      ///< the process of it, and the descriptor

    std::uint64_t taken = 0;       ///< octets of a stream that came out of the pair
    std::uint64_t more_until = 0;  ///< of these and the next: those up to here are MSG_MORE's

    std::uint32_t filler = 0;     ///< octets of ours in the pair towards us, to be discarded
    std::uint32_t doorbells = 0;  ///< octets in a listener's pair
    int live_error = 0;           ///< errno of a connection that goes on: SO_ERROR alone tells it
    int pending_error = 0;        ///< errno for SO_ERROR that the stack no longer holds

    std::vector<Parked> parked;  ///< first come, first served
    std::deque<Returned> returned;

    std::deque<InPair> in_pair;        ///< datagrams
    std::vector<std::byte> held_back;  ///< a datagram that found the pair full
    std::optional<Origin> held_from;
    ControlWishes wishes;
    std::optional<Endpoint> name_server;  ///< the address the program knows our name service by

    [[nodiscard]] sock::SocketKind kind() const { return {family, type, 0}; }
};

}  // namespace dt::host

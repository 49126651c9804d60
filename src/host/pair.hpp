// Socket pairs of the kernel (unix(7)): one end for the program, one for us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/octets.hpp"
#include "os/failure.hpp"
#include "os/fd.hpp"
#include "sock/sockets.hpp"

namespace dt::host {

struct Pair {
    os::UniqueFd ours;    ///< non-blocking
    os::UniqueFd theirs;  ///< O_NONBLOCK as asked
    std::uint64_t cookie = 0;
    std::uint64_t inode = 0;
};

enum class Blocking : std::uint8_t { yes, no };

/// Streams are SOCK_STREAM; datagrams SOCK_SEQPACKET, which keeps their limits, never drops one and
/// reports the last close as a datagram pair does not.
[[nodiscard]] os::SysResult<Pair> make_pair(sock::Type type, Blocking blocking);

/// One datagram that the program wrote, into `to`; nothing where there is none, and at the end. The
/// end and an empty datagram both read as no octets: only a datagram has its time beside it.
[[nodiscard]] std::optional<std::size_t> take_datagram(int ours, MutableOctets to);

/// Fills what `theirs` can still send with octets of no meaning, so that poll() finds no room.
/// Returns how many octets now lie in front of our end.
[[nodiscard]] std::uint32_t fill(int theirs);
/// Gives `theirs` its room back, once the filler was read.
void restore_room(int theirs);

/// poll() of one descriptor, at once.
[[nodiscard]] std::uint32_t poll_now(int fd);
/// SO_ERROR, which reading clears.
int take_native_error(int fd);
[[nodiscard]] Blocking blocking_of(int fd);

/// Options of a socket that the kernel's own calls on the pair obey too.
[[nodiscard]] bool concerns_pair(int level, int name);
/// Gives the end `to` what the end `from` has of them.
void copy_options(int from, int to);

}  // namespace dt::host

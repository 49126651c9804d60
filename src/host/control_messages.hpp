// Control messages of recvmsg() (cmsg(3), ip(7)): what a program asked to be told of a datagram
// beside its text and sender.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/octets.hpp"
#include "sock/sockets.hpp"

namespace dt::host {

/// How a datagram came.
struct Origin {
    Endpoint from;
    Endpoint to;
    udp::Arrival arrival;
    std::uint16_t segment = 0;  // as sock::Received has it
};

/// What a program asked to be told, each by an option of its own.
class ControlWishes {
  public:
    /// Takes note of an option that was set; others than these change nothing.
    void on_option(int level, int name, int value);
    [[nodiscard]] bool any() const {
        return packet_ || ttl_ || tos_ || destination_ || joined_ || time_ != 0;
    }

    /// The messages for one datagram, in the order of Linux, as far as `room` octets hold them.
    /// `wall_offset` is what the wall clock is ahead of the arrival's.
    struct Told {
        std::vector<std::byte> octets;
        bool is_cut = false;  ///< MSG_CTRUNC
    };
    [[nodiscard]] Told tell(const Origin& origin, std::size_t room, Duration wall_offset) const;

  private:
    bool packet_ = false;       // IP_PKTINFO, IPV6_RECVPKTINFO
    bool ttl_ = false;          // IP_RECVTTL, IPV6_RECVHOPLIMIT
    bool tos_ = false;          // IP_RECVTOS
    bool destination_ = false;  // IP_RECVORIGDSTADDR
    bool joined_ = false;       // UDP_GRO
    int time_ = 0;              // SO_TIMESTAMP, SO_TIMESTAMPNS or their _NEW forms; 0 = not
};

/// What recvmsg() with MSG_ERRQUEUE says of an ICMP error: a sock_extended_err and who sent it.
[[nodiscard]] ControlWishes::Told tell_error(const udp::Notice& notice, sock::Family family,
                                             std::size_t room);

/// Options whose messages a stream would have to carry through the pair, which cannot.
[[nodiscard]] bool is_told_by_streams(int level, int name);

}  // namespace dt::host

// The Berkeley calls: each returns at once and never blocks; the caller parks what would wait.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/slot_map.hpp"
#include "core/core.hpp"
#include "event/sink.hpp"
#include "tcp/engine.hpp"

namespace dt::sock {

class Socket;
struct SocketId {
    base::Handle<Socket> handle;
    friend bool operator==(const SocketId&, const SocketId&) = default;
    /// As viewers know it (event::SocketNumber); never 0.
    [[nodiscard]] event::SocketNumber number() const;
};

enum class Family : std::uint8_t { inet, inet6 };
enum class Type : std::uint8_t { stream, datagram, raw };
enum class How : std::uint8_t { read, write, both };

/// Whose connect() it is, for the event that tells of it.
enum class Asking : std::uint8_t {
    once,   ///< the program is given this answer
    waits,  ///< the program is given this answer, but waits where a handshake began
    still,  ///< a program that waits is given this answer
};

/// What the host knows about a program's last reference when it goes.
enum class Unread : std::uint8_t { none, some };

/// poll()'s bits, values as in <poll.h> on Linux.
struct PollMask {
    std::uint16_t bits = 0;
    static constexpr std::uint16_t in = 0x001, pri = 0x002, out = 0x004, err = 0x008, hup = 0x010,
                                   nval = 0x020, rdhup = 0x2000;
    [[nodiscard]] bool has(std::uint16_t bit) const { return (bits & bit) != 0; }
    friend bool operator==(const PollMask&, const PollMask&) = default;
};

/// An address that a call names, and the link that it says it is on (sin6_scope_id): its number as
/// programs see it, 0 where it says none. Nothing: who calls knows no zones, and the routes choose.
struct ZonedEndpoint {
    Endpoint endpoint;
    std::optional<std::uint32_t> zone;

    // NOLINTNEXTLINE(google-explicit-constructor): an address alone is one without a zone
    ZonedEndpoint(Endpoint of, std::optional<std::uint32_t> on = std::nullopt)
        : endpoint(of), zone(on) {}
    ZonedEndpoint(IpAddr address, Port port) : endpoint{address, port} {}
};

struct Accepted {
    SocketId socket;
    Endpoint peer;
};
/// What one datagram asks for instead of what its socket is set to (control messages of sendmsg(),
/// ip(7), ipv6(7)).
struct SendAs {
    std::optional<IpAddr> source;       // an address of ours; any: as the routes say
    std::optional<std::uint32_t> link;  // its number as programs see it: 1 is lo
    std::optional<std::uint8_t> ttl;    // or hop limit
    std::optional<std::uint8_t> tos;    // or traffic class
    /// The link of the address it goes to, which goes before that of the socket.
    std::optional<std::uint32_t> zone = std::nullopt;
    std::optional<std::uint16_t> segment = std::nullopt;  // UDP_SEGMENT; 0 = not cut

    [[nodiscard]] bool is_plain() const {
        return !source && !link && !ttl && !tos && !zone && !segment;
    }
};
struct Received {
    std::size_t copied = 0;     // octets given to the caller
    std::size_t full_size = 0;  // of the datagram (MSG_TRUNC)
    Endpoint from;
    Endpoint to;                // of ours, as it stood in the packet
    udp::Arrival arrival;       // of the packet
    std::uint16_t segment = 0;  // UDP_GRO: octets of each datagram that was joined; 0 = one alone
};
struct ReadinessEdge {
    SocketId socket;
    PollMask mask;  // the level at this moment
};

/// The sockets of one stack. `turn` carries now and the events; `caller` is kept for viewers.
class Sockets {
  public:
    Sockets(const Config& config, core::Core& core);
    ~Sockets();

    Result<SocketId> socket(const Turn&, event::Caller, Family, Type, int protocol);
    /// To an address of a link: the link becomes the socket's (SO_BINDTODEVICE), also where bind()
    /// is refused. Errors: no_such_device; invalid_argument where none is known.
    Status bind(const Turn&, event::Caller, SocketId, const ZonedEndpoint&);
    Status listen(const Turn&, event::Caller, SocketId, int backlog);
    /// in_progress when a handshake began; success only for datagrams and repeat calls.
    /// To an address of a link: as bind(), but invalid_argument beside another link of the socket,
    /// and network_unreachable where there is none of that number.
    Status connect(const Turn&, event::Caller, SocketId, const ZonedEndpoint&,
                   Asking asking = Asking::once);
    /// connect(AF_UNSPEC). A datagram socket keeps to no link any more.
    Status disconnect(const Turn&, event::Caller, SocketId);
    Result<Accepted> accept(const Turn&, event::Caller, SocketId);
    Status shutdown(const Turn&, event::Caller, SocketId, How);
    /// The last reference went. `unread` = the program left octets unread that it had been given.
    Status close(const Turn&, event::Caller, SocketId, Unread);

    /// Streams in place: room to write into (would_block when full), then commit what was written.
    Result<MutableOctets> writable(const Turn&, SocketId, std::size_t wanted);
    Status commit(const Turn&, event::Caller, SocketId, std::size_t count);
    /// Streams in place: octets to read (empty = EOF; would_block when none), then consume. An
    /// urgent octet is one of them.
    Result<Octets> readable(const Turn&, SocketId);
    Status consume(const Turn&, event::Caller, SocketId, std::size_t count);
    /// Copying forms, with send()'s and recv()'s answers (spec 6.0, 6.5).
    Result<std::size_t> send(const Turn&, event::Caller, SocketId, Octets, tcp::WriteMark = {});
    Result<std::size_t> receive(const Turn&, event::Caller, SocketId, MutableOctets);
    /// sendto(MSG_FASTOPEN): connects, and answers what the SYN takes along; in_progress where it
    /// takes nothing (no cookie yet). A connection that is made already takes it as send() does.
    Result<std::size_t> send_opening(const Turn&, event::Caller, SocketId, Endpoint, Octets);
    /// Datagrams. Errors of `as`, as on Linux: for a source that is not ours
    /// network_unreachable, or invalid_argument over IPv6; no_such_device; invalid_argument for a
    /// link beside another one over IPv6; network_unreachable for a zone that is not there.
    Result<std::size_t> send_to(const Turn&, event::Caller, SocketId, Octets,
                                std::optional<Endpoint>, const SendAs& as = {});
    Result<Received> receive_from(const Turn&, event::Caller, SocketId, MutableOctets);

    /// An ICMP error about what the socket sent (recvmsg() with MSG_ERRQUEUE); none waits: nothing.
    std::optional<udp::Notice> take_notice(SocketId);

    Result<Endpoint> local_name(const Turn&, event::Caller, SocketId);
    Result<Endpoint> peer_name(const Turn&, event::Caller, SocketId);
    /// Linux level/name numbers and value layouts; returns the real length (truncates to `value`).
    Result<std::size_t> get_option(const Turn&, event::Caller, SocketId, int level, int name,
                                   MutableOctets value);
    Status set_option(const Turn&, event::Caller, SocketId, int level, int name, Octets value);

    [[nodiscard]] PollMask poll(SocketId) const;
    [[nodiscard]] std::optional<ReadinessEdge> next_readiness(const Turn&);
    /// FIONREAD: octets unread, of a datagram socket the length of the next datagram; of a listener
    /// the connections that wait.
    [[nodiscard]] std::uint64_t unread(SocketId) const;
    [[nodiscard]] std::uint64_t unsent(SocketId) const;    // SIOCOUTQ
    [[nodiscard]] std::uint64_t not_sent(SocketId) const;  // SIOCOUTQNSD: those never sent
    [[nodiscard]] std::size_t size() const;                // sockets that exist

    /// Copies out without consuming (MSG_PEEK on a stream).
    Result<std::size_t> peek(const Turn&, event::Caller, SocketId, MutableOctets);
    /// The urgent octet (recv(MSG_OOB)), once; `copy` leaves it there (MSG_PEEK).
    Result<std::optional<std::byte>> receive_urgent(
        const Turn&, event::Caller, SocketId, tcp::Engine::Take take = tcp::Engine::Take::away);
    [[nodiscard]] bool is_at_mark(SocketId) const;  // SIOCATMARK
    /// What the caller that parks blocking calls needs: SO_RCVTIMEO and SO_SNDTIMEO (0 = none), and
    /// for how long SO_LINGER lets close() wait, or nothing where it is off; zero is a reset.
    [[nodiscard]] Duration receive_timeout(SocketId) const;
    [[nodiscard]] Duration send_timeout(SocketId) const;
    [[nodiscard]] std::optional<Duration> linger(SocketId) const;
    /// Whether a stack reads what a program sends: of ICMP, or connected to a DHCP client.
    [[nodiscard]] bool sends_messages(SocketId) const;
    /// The family of socket(); inet for a socket that is gone.
    [[nodiscard]] Family family(SocketId) const;
    /// SO_BINDTOIFINDEX: the number of the link it keeps to, which need not be there; 0 for any.
    [[nodiscard]] std::uint32_t device(SocketId) const;
    /// A call that was refused before it came here (unknown family, bad length…): told as event.
    void refused(const Turn&, event::Caller, event::Call, SocketId, Error, event::Reason) const;

    void snapshot(Instant now, event::Snapshot& to) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::sock

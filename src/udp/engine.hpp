// UDP of one stack (RFC 768, RFC 1122 §4.1): endpoints, lookup, bounded receive queues, ICMP errors
// to the connected endpoint they belong to. A second one carries the messages of ICMP sockets: the
// identifier of an echo is its port, and an endpoint on port 0 hears all messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/slot_map.hpp"
#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "event/snapshot.hpp"
#include "udp/datagram.hpp"
#include "udp/endpoint.hpp"
#include "wire/address.hpp"

namespace dt::udp {

struct EndpointId {
    base::Handle<BoundEndpoint> handle;
    friend bool operator==(const EndpointId&, const EndpointId&) = default;
};

/// Whether an ICMP error says that it will not get better (ip(7)). Of one that names a size the
/// endpoint decides.
enum class Hardness : std::uint8_t { soft, hard, of_size };

class Engine {
  public:
    /// `secret` chooses among those that share a port. `transport`: udp, or icmp for whole messages
    /// instead of datagrams.
    Engine(const Config& config, buf::Pool& pool, SipKey secret = {},
           event::Transport transport = event::Transport::udp);
    ~Engine();

    /// A new endpoint; `receive_buffer` in octets. Null where sockets_max are open already.
    [[nodiscard]] EndpointId open(Endpoint local, std::uint32_t receive_buffer,
                                  Stacks stacks = Stacks::both);
    void close(EndpointId id);
    void rebind(EndpointId id, Endpoint local);
    /// Datagrams from elsewhere are no longer delivered; nothing: from everywhere again.
    void connect(EndpointId id, std::optional<Endpoint> remote);
    void set_receive_buffer(EndpointId id, std::uint32_t octets);

    enum class Verdict : std::uint8_t { taken, no_socket, dropped };
    /// One datagram in. Its frame is taken only with `taken`; no_socket asks the caller for an ICMP
    /// port-unreachable. `to_many`: broadcast or multicast, a copy for every endpoint that fits.
    [[nodiscard]] Verdict on_datagram(const Turn& turn, Datagram& datagram, bool to_many);
    /// An ICMP error about a datagram of ours: hard ones are kept for the connected endpoint,
    /// others and unconnected endpoints learn nothing (UDP-011 to UDP-013).
    /// With Errors::all an endpoint learns soft ones too, connected or not. On port 0 all that fit
    /// learn it.
    void on_error(const FourTuple& tuple, const Notice& notice, Hardness hardness);
    /// Whether an endpoint may have sent what goes from `tuple.local` to `tuple.remote`.
    [[nodiscard]] bool serves(const FourTuple& tuple) const;
    /// A copy of an ICMP message for every endpoint on port 0 of its family that wants its type;
    /// `header` is put in front of it.
    void on_message(const Turn& turn, const Datagram& message, Octets header);
    /// Whether an endpoint on port 0 is open.
    [[nodiscard]] bool hears_messages() const;

    /// Queues a datagram to send, or one for each `carriage.segment` octets and one for the rest:
    /// all of them or none. Errors: invalid_argument (port 0), message_too_long, would_block
    /// (send_buffer_max octets wait to leave).
    Status send(const Turn& turn, FourTuple tuple, Octets text, Carriage carriage = {});
    struct Outgoing {
        FourTuple tuple;
        FramePtr frame;  // UDP header at its front, checksum left to IP
        Carriage carriage;
    };
    /// Queues a whole message as it is, whose first eight octets are `header`. Errors: would_block.
    Status send_message(const FourTuple& tuple, const std::array<std::byte, 8>& header, Octets text,
                        Carriage carriage);
    [[nodiscard]] bool has_datagram() const;  // that wants to leave
    /// The next datagram to leave; the caller emits its DatagramMoved once the frame has its
    /// number.
    [[nodiscard]] std::optional<Outgoing> next_datagram(const Turn& turn);

    [[nodiscard]] std::optional<Datagram> receive(EndpointId id);
    /// The datagram that receive() would give; null where none waits. Valid until the next call.
    [[nodiscard]] const Datagram* front(EndpointId id) const;
    /// Datagrams that wait.
    [[nodiscard]] std::size_t queued(EndpointId id) const;
    /// Octets of the datagram that receive() would give (FIONREAD).
    [[nodiscard]] std::size_t front_length(EndpointId id) const;
    std::optional<Error> take_error(EndpointId id);
    [[nodiscard]] std::optional<Error> error(EndpointId id) const;
    [[nodiscard]] std::optional<EndpointId> next_edge();
    /// The oldest error that waits to be read (MSG_ERRQUEUE); the next one becomes pending.
    std::optional<Notice> take_notice(EndpointId id);
    [[nodiscard]] bool has_notice(EndpointId id) const;
    /// Of those on a port that share it, each conversation has one (UDP-022).
    void share_port(EndpointId id);
    /// Which ICMP errors an endpoint learns.
    void set_errors(EndpointId id, Errors errors, Oversize oversize = Oversize::hard);
    /// The one link that an endpoint hears, and the only groups; nothing: all that reach the host.
    void set_hearing(EndpointId id, std::optional<std::uint16_t> link,
                     std::optional<HeardGroups> groups);
    /// An error of ours about what was to be sent: kept with Errors::all, and pending for nobody.
    void tell_local_error(EndpointId id, const Notice& notice);
    void set_refused_types(EndpointId id, const std::array<std::uint32_t, 8>& refused);

    void snapshot(std::vector<event::SocketView>& sockets) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::udp

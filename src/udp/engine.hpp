// UDP of one stack (RFC 768, RFC 1122 §4.1): endpoints, lookup, bounded receive queues, ICMP errors
// to the connected endpoint they belong to.
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

class BoundEndpoint;
struct EndpointId {
    base::Handle<BoundEndpoint> handle;
    friend bool operator==(const EndpointId&, const EndpointId&) = default;
};

class Engine {
  public:
    Engine(const Config& config, buf::Pool& pool);
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
    void on_icmp(const Turn& turn, const FourTuple& tuple, Error error);

    /// Queues a datagram to send. Errors: invalid_argument (port 0), message_too_long, would_block
    /// (send_buffer_max octets wait to leave).
    Status send(const Turn& turn, FourTuple tuple, Octets text, Carriage carriage = {});
    struct Outgoing {
        FourTuple tuple;
        FramePtr frame;  // UDP header at its front, checksum left to IP
        Carriage carriage;
    };
    /// The next datagram to leave; the caller emits its DatagramMoved once the frame has its
    /// number.
    [[nodiscard]] std::optional<Outgoing> next_datagram(const Turn& turn);

    [[nodiscard]] std::optional<Datagram> receive(EndpointId id);
    /// Datagrams that wait.
    [[nodiscard]] std::size_t queued(EndpointId id) const;
    /// Octets of the datagram that receive() would give (FIONREAD).
    [[nodiscard]] std::size_t front_length(EndpointId id) const;
    std::optional<Error> take_error(EndpointId id);
    [[nodiscard]] std::optional<Error> error(EndpointId id) const;
    [[nodiscard]] std::optional<EndpointId> next_edge();

    void snapshot(std::vector<event::SocketView>& sockets) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::udp

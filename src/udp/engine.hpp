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
#include "wire/address.hpp"

namespace dt::udp {

class BoundEndpoint;
struct EndpointId {
    base::Handle<BoundEndpoint> handle;
    friend bool operator==(const EndpointId&, const EndpointId&) = default;
};

struct Datagram {
    FourTuple tuple;  // local = ours
    FramePtr frame;
    std::uint32_t offset = 0;  // of the text in the frame
    std::uint32_t length = 0;
};

class Engine {
  public:
    Engine(const Config& config, buf::Pool& pool);
    ~Engine();

    [[nodiscard]] EndpointId open(Endpoint local, std::uint32_t receive_buffer);
    void close(EndpointId id);
    void rebind(EndpointId id, Endpoint local);
    void connect(EndpointId id, std::optional<Endpoint> remote);

    enum class Verdict : std::uint8_t { taken, no_socket, dropped };
    /// One datagram in. no_socket asks the caller for an ICMP port-unreachable and leaves the frame
    /// with the caller, who quotes it.
    [[nodiscard]] Verdict on_datagram(const Turn& turn, Datagram&& datagram, bool to_many);
    void on_icmp(const Turn& turn, const FourTuple& tuple, Error error);

    /// Queues a datagram to send from `local`.
    Status send(const Turn& turn, FourTuple tuple, Octets text);
    struct Outgoing {
        FourTuple tuple;
        FramePtr frame;  // UDP header at its front
    };
    [[nodiscard]] std::optional<Outgoing> next_datagram(const Turn& turn);

    [[nodiscard]] std::optional<Datagram> receive(EndpointId id);
    [[nodiscard]] std::size_t queued(EndpointId id) const;
    std::optional<Error> take_error(EndpointId id);
    [[nodiscard]] std::optional<Error> error(EndpointId id) const;
    [[nodiscard]] std::optional<EndpointId> next_edge();

    void snapshot(std::vector<event::SocketView>& sockets) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::udp

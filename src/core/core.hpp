// IP, TCP and UDP of one stack wired together: frame → transport → frame, interfaces and routes,
// and the port table (INADDR_ANY, SO_REUSEADDR, SO_REUSEPORT, ephemeral ports of RFC 6056).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "buf/frame.hpp"
#include "core/ports.hpp"
#include "event/sink.hpp"
#include "ip/engine.hpp"
#include "tcp/engine.hpp"
#include "udp/engine.hpp"

namespace dt::core {

/// Takes the frames that leave, with the interface they leave by. Frames on lo never come here.
class Egress {
  public:
    virtual ~Egress() = default;
    virtual void take(ip::InterfaceIndex out, FramePtr frame) = 0;
};

class Core {
  public:
    Core(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool);
    ~Core();

    [[nodiscard]] tcp::Engine& tcp();
    [[nodiscard]] udp::Engine& udp();
    /// Messages of ICMP sockets: echo by its identifier, raw ones on port 0.
    [[nodiscard]] udp::Engine& icmp();
    /// Raw sockets were opened or closed: whether they hear what IP answers by itself.
    void hear_messages();
    [[nodiscard]] ip::Engine& ip();
    [[nodiscard]] PortTable& ports();

    /// Link header, ARP or IP, then transport. False: replies wait, frame kept by the caller.
    [[nodiscard]] bool receive(const Turn& turn, ip::InterfaceIndex in, FramePtr& frame);
    /// Segments that receive() joined reach their connection: before anything but receive() is
    /// asked.
    void deliver_joined(const Turn& turn);
    /// What the last turn sent on lo arrives; then due timers change state.
    void advance(const Turn& turn);
    /// Replies first, then transports in turn; at most `budget` frames. True if more may wait.
    bool transmit(const Turn& turn, Egress& egress, std::size_t budget);
    /// The instant of the last turn, that is at once, while frames wait on lo.
    [[nodiscard]] Instant deadline() const;

    /// Source address and path for `destination`; 0.0.0.0 means loopback. Whether many may be
    /// addressed is for the caller to judge. `by`: the link, where one was named. Errors: those of
    /// ip::Engine::path().
    struct Chosen {
        IpAddr source;
        IpAddr destination;
        tcp::Path path;
    };
    [[nodiscard]] Result<Chosen> choose_path(
        IpAddr destination, std::optional<IpAddr> bound,
        std::optional<ip::InterfaceIndex> by = std::nullopt) const;
    /// What ICMP taught about the path to a destination.
    [[nodiscard]] std::optional<tcp::PathMtu> path_mtu(const IpAddr& destination,
                                                       Instant now) const;
    /// The ICMP error that ended the handshake of `tuple`, once.
    [[nodiscard]] std::optional<udp::Notice> take_refusal(const FourTuple& tuple);
    /// Nobody comes for those that are left.
    void forget_refusals();
    [[nodiscard]] bool is_local(IpAddr address) const;  // any 127/8, any interface address

    /// Adds what was counted here: segments dropped before TCP saw them.
    void add_counters(event::Counters& counters) const;
    /// Frames that wait on lo.
    [[nodiscard]] std::size_t in_loopback() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::core

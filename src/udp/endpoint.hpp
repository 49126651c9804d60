// One UDP endpoint: where it is bound, whom it is connected to, what it has received (RFC 768).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/ring.hpp"
#include "udp/datagram.hpp"

namespace dt::udp {

/// How well an endpoint fits a datagram (UDP-019): a connected peer before an exact address before
/// the wildcard.
enum class Fit : std::uint8_t { none, wildcard, exact, connected_wildcard, connected_exact };

/// Whether an endpoint on [::] takes datagrams of IPv4 too (IPV6_V6ONLY, RFC 3493 §5.3).
enum class Stacks : std::uint8_t { both, v6_only };

/// Whether programs want to read the ICMP errors of an endpoint (IP_RECVERR of ip(7)).
enum class Errors : std::uint8_t { hard_ones, all };

/// What it is to an endpoint that something was too large for its path: one that leaves sizes to
/// routers need not know (IP_MTU_DISCOVER of ip(7)).
enum class Oversize : std::uint8_t { unheard, soft, hard };

/// An ICMP error about something an endpoint sent, as a program may read it.
struct Notice {
    enum class Origin : std::uint8_t { icmp, local } origin = Origin::icmp;
    Endpoint to;  // where it was sent
    IpAddr from;  // who says it
    Error error{};
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t mtu = 0;
    std::array<std::byte, 8> quoted{};  // first octets of what was sent, transport header and all
    std::vector<std::byte> text{};      // what is quoted behind them
};

/// A group that an endpoint joined, and the link it did so by.
struct JoinedGroup {
    IpAddr address;
    std::uint16_t link = 0;
};

/// The groups that an endpoint hears beside those that it joined: all of a family, or none.
struct HeardGroups {
    bool all_v4 = true;
    bool all_v6 = true;
    std::vector<JoinedGroup> joined{};
};

/// What not every endpoint needs: errors that wait to be read, the messages that a raw one wants,
/// and which links and groups it hears.
struct Extras {
    static constexpr std::size_t notices_max = 64;  // later ones are not kept

    Errors errors = Errors::hard_ones;
    std::array<std::uint32_t, 8> refused{};  // bit n: messages of type n are not wanted
    Ring<Notice> notices;
    std::optional<std::uint16_t> link;  // SO_BINDTODEVICE: it hears no other
    std::optional<HeardGroups> groups;  // IP_MULTICAST_ALL 0: it hears no others

    [[nodiscard]] bool wants(std::uint8_t type) const {
        return (refused[type / 32U] >> (type % 32U) & 1U) == 0;
    }
};

class BoundEndpoint {
  public:
    /// `receive_buffer` in octets, what frames cost included.
    BoundEndpoint(Endpoint local, std::uint32_t receive_buffer, Stacks stacks)
        : local_(local), receive_buffer_(receive_buffer), stacks_(stacks) {}

    [[nodiscard]] const Endpoint& local() const { return local_; }
    void set_local(Endpoint local) { local_ = local; }
    [[nodiscard]] const std::optional<Endpoint>& remote() const { return remote_; }
    void set_remote(std::optional<Endpoint> remote) { remote_ = remote; }
    void set_receive_buffer(std::uint32_t octets) { receive_buffer_ = octets; }

    [[nodiscard]] Fit fit(const FourTuple& tuple) const;
    /// How well it fits, 0 where it does not: among equals the one that is bound to a link
    /// (UDP-019).
    [[nodiscard]] unsigned rank(const FourTuple& tuple) const {
        const Fit how = fit(tuple);
        if (how == Fit::none) return 0;
        return 2 * static_cast<unsigned>(how) + (extras && extras->link ? 1U : 0U);
    }
    /// Whether the way a datagram came is one that it listens to.
    [[nodiscard]] bool hears(const Datagram& datagram) const;

    /// False while the datagrams that wait take the whole buffer; one always fits (Linux).
    [[nodiscard]] bool has_room() const { return charged_ < receive_buffer_ || queue_.empty(); }
    void push(Datagram datagram);
    [[nodiscard]] std::optional<Datagram> pop();
    /// The datagram that pop() would give; null where there is none.
    [[nodiscard]] const Datagram* front() const {
        return queue_.empty() ? nullptr : &queue_.front();
    }
    [[nodiscard]] std::size_t queued() const { return queue_.size(); }
    /// Octets of text that wait.
    [[nodiscard]] std::uint64_t text_queued() const { return text_; }
    /// Octets of text of the datagram that pop() would give; 0 where there is none.
    [[nodiscard]] std::uint32_t front_length() const {
        return queue_.empty() ? 0 : queue_.front().length;
    }

    std::optional<Error> error;  // pending, from ICMP; told once
    bool has_edge = false;       // in the queue of readiness edges
    Oversize oversize = Oversize::hard;
    bool shares_port = false;  // SO_REUSEPORT: one of those that share it gets each datagram
    std::uint32_t serial = 0;  // order of opening, for viewers
    std::unique_ptr<Extras> extras;

    [[nodiscard]] Extras& change_extras() {
        if (!extras) extras = std::make_unique<Extras>();
        return *extras;
    }

  private:
    Endpoint local_;
    std::optional<Endpoint> remote_;
    std::uint32_t receive_buffer_;
    Stacks stacks_;
    std::uint64_t charged_ = 0;
    std::uint64_t text_ = 0;
    Ring<Datagram> queue_;
};

}  // namespace dt::udp

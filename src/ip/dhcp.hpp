// A DHCP client for one link (RFC 2131 §4.4): asks for an address, proves it by ARP (RFC 5227),
// keeps its lease, and gives it up at its end. Says what is to be done; the engine does it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "ip/interface.hpp"
#include "wire/dhcp.hpp"

namespace dt::ip {

/// What a server lends.
struct Lease {
    wire::Prefix address;  // with the length of its prefix
    std::array<Ipv4, wire::DhcpReply::routers_max> routers{};
    std::uint8_t router_count = 0;
    std::uint32_t mtu = 0;  // octets of IP, 0 = the link's

    friend bool operator==(const Lease&, const Lease&) = default;
};

class DhcpClient {
  public:
    // DEVIATES: RFC 2131 §4.4.1 waits 1 s to 10 s before the first question; the program that
    // waits for the address is the only reason to ask for one.
    static constexpr Duration delay_max = std::chrono::seconds{1};
    // RFC 2131 §4.1: each interval twice the last one, give or take a second.
    static constexpr Duration interval_first = std::chrono::seconds{4};
    static constexpr Duration interval_max = std::chrono::seconds{64};
    static constexpr Duration interval_spread = std::chrono::seconds{1};
    static constexpr std::uint8_t requests_max = 4;  // for one offer (§3.1 step 5)
    static constexpr Duration renewal_least = std::chrono::seconds{60};  // §4.4.5
    static constexpr Duration after_decline = std::chrono::seconds{10};  // §3.1 step 5
    static constexpr std::uint8_t conflicts_max = 10;  // MAX_CONFLICTS (RFC 5227 §1.1)
    static constexpr Duration conflict_interval = std::chrono::seconds{60};  // RATE_LIMIT_INTERVAL
    // DEVIATES: RFC 5227 §1.1 waits up to 1 s before the first probe, asks for 1 s to 2 s between
    // probes, and for 2 s behind the last one; a program waits for this address, and its server has
    // looked before (RFC 2131 §2.2).
    static constexpr std::uint8_t probes = 3;
    static constexpr Duration probe_interval = std::chrono::milliseconds{200};
    static constexpr std::uint8_t announcements = 2;  // ANNOUNCE_NUM, ANNOUNCE_INTERVAL
    static constexpr Duration announce_interval = std::chrono::seconds{2};
    // A shorter lease is over before a question that is lost is asked again.
    static constexpr std::uint32_t lease_least_s = 4;
    // However short the times of a server are, it is asked no more often for what it has given.
    static constexpr Duration bound_least = std::chrono::seconds{1};
    static constexpr std::uint32_t fuzz = 16;  // a time begins up to one part in so many earlier
    static constexpr std::uint16_t mtu_least = 576;  // a smaller one serves nobody but an attacker
    static constexpr std::uint8_t length_least = 8;  // bits of a network that somebody has

    DhcpClient(InterfaceIndex interface, const Mac& mac, std::uint32_t mtu, Rng rng);

    void advance(Instant now);
    [[nodiscard]] Instant deadline() const { return std::min(due_, announces_at_); }
    [[nodiscard]] InterfaceIndex interface() const { return interface_; }

    enum class Heard : std::uint8_t { taken, not_for_us, refused };
    Heard on_reply(Instant now, const wire::DhcpReply& said);
    /// What can be used of a reply: nothing without a time, a server, and an address for one host.
    [[nodiscard]] std::optional<Lease> lease_of(const wire::DhcpReply& said) const;

    /// The host leaves: the address is its server's again, and no other is asked for.
    void give_back(Instant now);

    enum class Conflict : std::uint8_t { none, duplicate };
    /// Somebody else has `address`, or is about to take it (RFC 5227 §2.1.1).
    Conflict on_claim(Instant now, const Ipv4& address);

    /// RFC 2131 §4.4, figure 5; `checking` stands between REQUESTING and BOUND.
    enum class State : std::uint8_t {
        init,
        selecting,
        requesting,
        checking,
        bound,
        renewing,
        rebinding,
    };
    [[nodiscard]] State state() const { return state_; }
    /// The lease in use.
    [[nodiscard]] std::optional<Lease> lease() const;
    [[nodiscard]] const Ipv4& server() const { return server_; }
    [[nodiscard]] Instant ends_at() const { return ends_at_; }

    /// What the engine has to do, in this order.
    struct Deed {
        enum class What : std::uint8_t {
            send,       // `message` to `destination`, from `source`
            probe,      // ask by ARP who has the address of `lease`
            take,       // the address of `lease` is ours from now on, with its routes
            announce,   // tell by ARP that it is (RFC 5227 §2.3)
            extend,     // it stays ours, for longer
            drop,       // it is ours no more
            give_back,  // nor is it, for we told its server so
        } what = What::send;
        wire::DhcpQuestion message;
        Ipv4 source;
        Ipv4 destination;
        Lease lease;
    };
    [[nodiscard]] std::optional<Deed> next_deed();

  private:
    void step(Instant now);
    void begin_at(Instant at);
    void discover(Instant now);
    void request(Instant now);
    void check(Instant now);
    void bind(Instant now);
    void announce(Instant now);
    void extend(Instant now);
    void give_up_lease(Instant now);
    Heard on_offer(Instant now, const wire::DhcpReply& said);
    Heard on_ack(Instant now, const wire::DhcpReply& said);
    Heard on_nak(Instant now, const wire::DhcpReply& said);
    void set_times(Instant now, const wire::DhcpReply& said);
    [[nodiscard]] Instant fuzzy_after(std::uint32_t seconds);
    [[nodiscard]] bool is_extending() const {
        return state_ == State::renewing || state_ == State::rebinding;
    }
    [[nodiscard]] bool is_bound() const { return state_ == State::bound || is_extending(); }
    [[nodiscard]] wire::DhcpQuestion question(wire::DhcpType type, Instant now) const;
    void put(Deed::What what, const Lease& lease);
    void put_message(const wire::DhcpQuestion& message, const Ipv4& destination);
    [[nodiscard]] std::uint32_t new_xid();
    [[nodiscard]] Duration next_interval();
    [[nodiscard]] Duration random_below(Duration most);

    InterfaceIndex interface_;
    Mac mac_;
    std::uint32_t mtu_;
    Rng rng_;
    SipKey key_;
    std::uint64_t questions_ = 0;  // that had an xid of their own

    State state_ = State::init;
    Instant due_ = Instant::min();  // of the next step
    std::uint32_t xid_ = 0;
    Instant began_{};         // to ask
    Instant asked_{};         // when the first DHCPREQUEST of its xid left: leases count from there
    std::uint16_t secs_ = 0;  // of the last DHCPDISCOVER
    Duration interval_ = interval_first;
    std::uint8_t tries_ = 0;      // requests for one offer, or probes
    std::uint8_t conflicts_ = 0;  // since an address was ours, at most conflicts_max
    std::uint8_t announced_ = 0;
    Instant announces_at_ = never;
    Ipv4 server_;
    Lease lease_;  // offered; from `checking` on what the server said last
    Instant renews_at_ = never;
    Instant rebinds_at_ = never;
    Instant ends_at_ = never;
    std::deque<Deed> deeds_;
};

}  // namespace dt::ip

// ICMPv4 of one host: echo, errors sent (RFC 1122 §3.2.2, RFC 1812 §4.3.2) and their rate.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/rng.hpp"
#include "event/sink.hpp"
#include "ip/engine.hpp"
#include "ip/interface.hpp"
#include "ip/output.hpp"
#include "wire/icmpv4.hpp"

namespace dt::ip {

/// Bounds the errors we send: so many per second in all, and one in each interval after a burst of
/// six towards one host (Linux icmp_msgs_per_sec, icmp_ratelimit; ICMP4-008, ICMP6-005).
class IcmpLimiter {
  public:
    static constexpr std::uint32_t burst_to_one = 6;
    static constexpr Duration interval_v4 = std::chrono::seconds{1};
    static constexpr Duration interval_v6 = std::chrono::milliseconds{100};
    static constexpr std::uint32_t burst_to_all = 50;

    /// `interval_to_one`: time in which one more error may go to the same host.
    IcmpLimiter(Rng rng, Duration interval_to_one)
        : key_(SipKey::from(rng)), interval_to_one_(interval_to_one) {}

    /// Takes a token; false where none is left.
    [[nodiscard]] bool allow(const Turn& turn, const IpAddr& target);

  private:
    /// Tokens of a bucket that fills by one each `interval`, to `burst` at most.
    struct Bucket {
        Duration credit{};
        Instant filled{};
    };
    [[nodiscard]] static bool fill(Bucket& bucket, Instant now, Duration interval,
                                   std::uint32_t burst);

    struct Target {
        IpAddr address;
        Bucket bucket;
        bool used = false;
    };
    SipKey key_;
    Duration interval_to_one_;
    Bucket all_;
    bool all_used_ = false;
    std::array<Target, 256> targets_{};  // a colliding target starts with a full bucket
};

/// The packet an error is about, as it arrived.
struct Culprit {
    Octets header;         // its IP header, IPv6 extension headers included
    const Frame& payload;  // what followed it
    InterfaceIndex in = 0;
    bool to_many = false;
};

/// Why no error may be sent about `culprit` (RFC 1122 §3.2.2): it is an ICMP error, went to many,
/// is a later fragment, or does not come from a single host. none where one may.
[[nodiscard]] bool may_answer_with_error(const Culprit& culprit, const InterfaceTable& interfaces);

/// An event about the ICMP message of either family that `packet` holds: its type and code, 0 where
/// the message ends before them.
[[nodiscard]] event::IcmpMoved told_of(const PacketIn& packet, event::Step step,
                                       event::Reason reason);

/// The first octets of `culprit`, header and all, at most `most` of them, in a block of their own.
[[nodiscard]] Slice quote_of(const Culprit& culprit, std::size_t most, buf::Pool& pool);

/// An error about `culprit` that quotes as much of it as 576 octets allow (ICMP4-005). `source` may
/// be any: the route chooses.
[[nodiscard]] PacketOut make_error(const Culprit& culprit, const wire::Icmpv4Repr& error,
                                   const IpAddr& source, buf::Pool& pool);

/// Turns an echo request (ICMP header at the front of the frame) into its reply in place: same
/// identifier, sequence number and data; its checksum is adjusted, not summed again (RFC 1624).
void make_echo_reply(Frame& frame);

}  // namespace dt::ip

// ICMP for IPv4 (RFC 792, RFC 1122 §3.2.2, RFC 1191 for the next-hop MTU).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/checksum.hpp"
#include "wire/ipv4.hpp"
#include "wire/seq.hpp"

namespace dt::wire {

/// An open set: any other value may stand in a message.
enum class Icmpv4Type : std::uint8_t {
    echo_reply = 0,
    destination_unreachable = 3,
    source_quench = 4,
    redirect = 5,
    echo_request = 8,
    time_exceeded = 11,
    parameter_problem = 12,
    timestamp_request = 13,
    timestamp_reply = 14,
};

/// Codes of destination_unreachable (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1).
enum class UnreachableCode : std::uint8_t {
    network = 0,
    host = 1,
    protocol = 2,
    port = 3,
    fragmentation_needed = 4,
    source_route_failed = 5,
    network_unknown = 6,
    host_unknown = 7,
    source_host_isolated = 8,
    network_prohibited = 9,
    host_prohibited = 10,
    network_for_tos = 11,
    host_for_tos = 12,
    prohibited = 13,
    precedence_violation = 14,
    precedence_cutoff = 15,
};

/// Codes of time_exceeded.
enum class TimeExceededCode : std::uint8_t { ttl = 0, reassembly = 1 };

/// The datagram an error is about: its header, and the first octets of its data, which hold the
/// ports of TCP and UDP and a sequence number of TCP.
struct QuotedDatagram {
    Ipv4View header;
    /// Ports; present for TCP and UDP first fragments.
    std::optional<Port> source_port;
    std::optional<Port> destination_port;
    /// TCP only.
    std::optional<Seq> seq;
};

/// A message proved to have its eight octets of header.
class Icmpv4View {
  public:
    static constexpr std::size_t header_length = 8;

    /// Errors: truncated.
    static Result<Icmpv4View> parse(Octets message);

    [[nodiscard]] Icmpv4Type type() const { return static_cast<Icmpv4Type>(octet(0)); }
    [[nodiscard]] std::uint8_t code() const { return octet(1); }
    [[nodiscard]] bool is_checksum_correct() const { return Checksum::of(message_).is_correct(); }
    /// Echo and timestamp messages.
    [[nodiscard]] std::uint16_t id() const { return field(4); }
    [[nodiscard]] std::uint16_t sequence() const { return field(6); }
    /// Of fragmentation_needed; 0 from a router older than RFC 1191.
    [[nodiscard]] std::uint16_t next_hop_mtu() const { return field(6); }
    /// Of redirect: the router that is nearer.
    [[nodiscard]] Ipv4 gateway() const { return Ipv4::load(message_, 4); }
    /// Of parameter_problem: which octet of the quoted header is wrong.
    [[nodiscard]] std::uint8_t pointer() const { return octet(4); }
    /// Quotes a datagram; must never be answered with another error (RFC 1122 §3.2.2).
    [[nodiscard]] bool is_error() const;
    /// Of an error. Errors: truncated or malformed where the quoted header is.
    [[nodiscard]] Result<QuotedDatagram> quoted() const;
    [[nodiscard]] Octets payload() const { return message_.subspan(header_length); }
    [[nodiscard]] Octets message() const { return message_; }

  private:
    explicit Icmpv4View(Octets message) : message_(message) {}

    [[nodiscard]] std::uint8_t octet(std::size_t at) const {
        return std::to_integer<std::uint8_t>(message_[at]);
    }
    [[nodiscard]] std::uint16_t field(std::size_t at) const {
        return load_be<std::uint16_t>(message_, at);
    }

    Octets message_;
};

/// The eight octets of a message's header; the payload is the caller's.
struct Icmpv4Repr {
    Icmpv4Type type = Icmpv4Type::echo_request;
    std::uint8_t code = 0;
    std::uint32_t rest = 0;  ///< octets 4 to 7, by type

    /// Most octets of an error with its IP header of 20 (RFC 1812 §4.3.2.3, ICMP4-005).
    static constexpr std::size_t error_datagram_max = 576;

    static constexpr Icmpv4Repr echo_request(std::uint16_t id, std::uint16_t sequence) {
        return {Icmpv4Type::echo_request, 0, static_cast<std::uint32_t>(id) << 16 | sequence};
    }
    static constexpr Icmpv4Repr echo_reply(std::uint16_t id, std::uint16_t sequence) {
        return {Icmpv4Type::echo_reply, 0, static_cast<std::uint32_t>(id) << 16 | sequence};
    }
    static constexpr Icmpv4Repr unreachable(UnreachableCode code) {
        return {Icmpv4Type::destination_unreachable, static_cast<std::uint8_t>(code), 0};
    }
    static constexpr Icmpv4Repr fragmentation_needed(std::uint16_t next_hop_mtu) {
        return {Icmpv4Type::destination_unreachable,
                static_cast<std::uint8_t>(UnreachableCode::fragmentation_needed), next_hop_mtu};
    }
    [[nodiscard]] constexpr bool is_fragmentation_needed() const {
        return type == Icmpv4Type::destination_unreachable &&
               code == static_cast<std::uint8_t>(UnreachableCode::fragmentation_needed);
    }
    static constexpr Icmpv4Repr time_exceeded(TimeExceededCode code) {
        return {Icmpv4Type::time_exceeded, static_cast<std::uint8_t>(code), 0};
    }
    static constexpr Icmpv4Repr parameter_problem(std::uint8_t pointer) {
        return {Icmpv4Type::parameter_problem, 0, static_cast<std::uint32_t>(pointer) << 24};
    }

    static constexpr std::size_t size() { return Icmpv4View::header_length; }
    static Icmpv4Repr from(const Icmpv4View& view);
    /// Writes size() octets; `payload` is the sum of the octets that follow.
    void emit(MutableOctets to, Checksum payload) const;

    friend bool operator==(const Icmpv4Repr&, const Icmpv4Repr&) = default;
};

/// A whole timestamp message (RFC 792): milliseconds since midnight UT, or of another clock.
struct TimestampRepr {
    static constexpr std::size_t size = 20;

    Icmpv4Type type = Icmpv4Type::timestamp_request;
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    std::uint32_t originated = 0;
    std::uint32_t received = 0;
    std::uint32_t sent = 0;

    /// A time that is not one since midnight UT has its highest bit set.
    static constexpr std::uint32_t of_other_clock(std::chrono::milliseconds time) {
        constexpr std::uint32_t other = 0x8000'0000;
        return static_cast<std::uint32_t>(time.count()) | other;
    }

    /// Octets behind the last time are skipped. Errors: truncated.
    static Result<TimestampRepr> parse(Octets message);
    /// Writes `size` octets, the checksum among them.
    void emit(MutableOctets to) const;

    friend bool operator==(const TimestampRepr&, const TimestampRepr&) = default;
};

/// How much of `datagram` an error about it quotes: all that keeps the error within 576 octets.
[[nodiscard]] Octets quotable(Octets datagram);

}  // namespace dt::wire

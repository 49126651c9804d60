// ICMP for IPv6 (RFC 4443).
#pragma once

#include <cstdint>

#include "base/checksum.hpp"
#include "wire/ipv6.hpp"

namespace dt::wire {

/// An open set: any other value may stand in a message. Below 128: errors.
enum class Icmpv6Type : std::uint8_t {
    destination_unreachable = 1,
    packet_too_big = 2,
    time_exceeded = 3,
    parameter_problem = 4,
    echo_request = 128,
    echo_reply = 129,
    group_query = 130,
    router_solicitation = 133,
    router_advertisement = 134,
    neighbor_solicitation = 135,
    neighbor_advertisement = 136,
    redirect = 137,
};

/// Codes of destination_unreachable (RFC 4443 §3.1).
enum class Unreachable6Code : std::uint8_t {
    no_route = 0,
    prohibited = 1,
    beyond_scope = 2,
    address = 3,
    port = 4,
    source_policy = 5,
    reject_route = 6,
};

/// Codes of parameter_problem (RFC 4443 §3.4, RFC 7112).
enum class Parameter6Code : std::uint8_t {
    field = 0,
    next_header = 1,
    option = 2,
    incomplete_chain = 3,
};

/// A message proved to have its eight octets of header. Its checksum, which needs the
/// pseudo-header, is verified by whoever has the addresses.
class Icmpv6View {
  public:
    static constexpr std::size_t header_length = 8;

    /// Errors: truncated.
    static Result<Icmpv6View> parse(Octets message) {
        if (message.size() < header_length) return fail(Error::truncated);
        return Icmpv6View(message);
    }

    [[nodiscard]] Icmpv6Type type() const { return static_cast<Icmpv6Type>(message_[0]); }
    [[nodiscard]] std::uint8_t code() const { return std::to_integer<std::uint8_t>(message_[1]); }
    /// Octets 4 to 7, by type: the MTU of packet_too_big, the pointer of parameter_problem.
    [[nodiscard]] std::uint32_t rest() const { return load_be<std::uint32_t>(message_, 4); }
    /// Quotes a packet; must never be answered with another error (RFC 4443 §2.4(e)).
    [[nodiscard]] bool is_error() const { return std::to_integer<unsigned>(message_[0]) < 128; }
    [[nodiscard]] Octets payload() const { return message_.subspan(header_length); }

  private:
    explicit Icmpv6View(Octets message) : message_(message) {}

    Octets message_;
};

/// The eight octets of a message's header; the payload is the caller's.
struct Icmpv6Repr {
    Icmpv6Type type = Icmpv6Type::echo_request;
    std::uint8_t code = 0;
    std::uint32_t rest = 0;  ///< octets 4 to 7, by type

    /// Most octets of an error with its IPv6 header: the least MTU of a link (RFC 4443 §2.4(c)).
    static constexpr std::size_t error_packet_max = 1280;
    static constexpr std::size_t checksum_offset = 2;

    static constexpr Icmpv6Repr echo_request(std::uint16_t id, std::uint16_t sequence) {
        return {Icmpv6Type::echo_request, 0, static_cast<std::uint32_t>(id) << 16 | sequence};
    }
    static constexpr Icmpv6Repr unreachable(Unreachable6Code code) {
        return {Icmpv6Type::destination_unreachable, static_cast<std::uint8_t>(code), 0};
    }
    static constexpr Icmpv6Repr packet_too_big(std::uint32_t mtu) {
        return {Icmpv6Type::packet_too_big, 0, mtu};
    }
    /// Codes are those of ICMPv4: 0 the hop limit, 1 reassembly (RFC 4443 §3.3).
    static constexpr Icmpv6Repr time_exceeded(std::uint8_t code) {
        return {Icmpv6Type::time_exceeded, code, 0};
    }
    /// `pointer`: offset of the octet that is wrong, from the start of the quoted packet.
    static constexpr Icmpv6Repr parameter_problem(Parameter6Code code, std::uint32_t pointer) {
        return {Icmpv6Type::parameter_problem, static_cast<std::uint8_t>(code), pointer};
    }

    static constexpr std::size_t size() { return Icmpv6View::header_length; }
    /// Writes size() octets, the checksum left 0: it is filled in where the addresses are known.
    void emit(MutableOctets to) const {
        to[0] = static_cast<std::byte>(type);
        to[1] = static_cast<std::byte>(code);
        store_be<std::uint16_t>(to, checksum_offset, 0);
        store_be(to, 4, rest);
    }

    friend bool operator==(const Icmpv6Repr&, const Icmpv6Repr&) = default;
};

}  // namespace dt::wire

// The extension headers of an arriving IPv6 packet, in their order (RFC 8200 §4).
#pragma once

#include <cstdint>

#include "event/reason.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"

namespace dt::ip {

/// What a chain of extension headers comes to.
struct Chain {
    enum class Verdict : std::uint8_t {
        transport,  // `protocol` at `offset`
        fragment,   // a fragment header at `offset`
        nothing,    // next header 59: what follows is ignored (IP6-029)
        drop,       // silently, for `reason`
        problem,    // dropped, and the sender is told `code` and `pointer`
    };
    /// Whether the sender of a packet to a multicast address is told too (RFC 8200 §4.2).
    enum class Tell : std::uint8_t { one, many_too };

    Verdict verdict = Verdict::transport;
    wire::NextHeader protocol = wire::NextHeader::none;
    std::size_t offset = 0;    // octets from the start of the packet
    std::size_t named_at = 6;  // offset of the next-header octet that names it
    wire::Parameter6Code code = wire::Parameter6Code::field;
    std::uint32_t pointer = 0;
    Tell tell = Tell::one;
    event::Reason reason = event::Reason::none;
};

/// Padding in a row that is taken, in octets (IP6-008).
inline constexpr std::size_t padding_max = 7;

/// Headers of one chain that are taken (IP6-009); a longer one is dropped.
inline constexpr int headers_max = 8;

/// Walks the headers of `packet`, a whole IPv6 packet in one piece, up to the transport header, or
/// the first fragment header.
[[nodiscard]] Chain walk_chain(Octets packet);

/// True where a first fragment, its fragment header at `offset`, holds all headers up to that of
/// its transport (RFC 8200 §4.5, RFC 7112; IP6-016).
[[nodiscard]] bool holds_all_headers(Octets packet);

}  // namespace dt::ip

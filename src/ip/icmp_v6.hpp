// ICMPv6 messages of one host: echo and errors sent (RFC 4443 §2.4), and their rate.
#pragma once

#include "ip/icmp.hpp"
#include "wire/icmpv6.hpp"

namespace dt::ip {

/// False where no error may be sent about `culprit` (RFC 4443 §2.4(e)): it is an ICMPv6 error or a
/// redirect, was for many (but for a packet too big, and an unknown option whose type asks for an
/// answer), or does not come from a single host.
[[nodiscard]] bool may_answer_with_error_v6(const Culprit& culprit, const wire::Icmpv6Repr& error);

/// An error about `culprit` that quotes as much of it as 1280 octets allow (ICMP6-003). The source
/// is left to the caller, the checksum to send().
[[nodiscard]] PacketOut make_error_v6(const Culprit& culprit, const wire::Icmpv6Repr& error,
                                      buf::Pool& pool);

/// The conversation of the packet an error is about, seen from its sender.
[[nodiscard]] FourTuple quoted_tuple_v6(const Culprit& culprit);

/// Turns an echo request (ICMPv6 header at the front) into its reply in place; same identifier,
/// sequence number and data. The checksum is left to send().
void turn_into_echo_reply(Frame& frame);

/// True for a message of neighbour discovery; false where the octets end before its type.
[[nodiscard]] bool is_nd_message(Octets message);

}  // namespace dt::ip

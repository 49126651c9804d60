// How calls, flags and verdicts are worded in every viewer (UX §3, §10).
#pragma once

#include <string>
#include <string_view>

#include "event/event.hpp"
#include "wire/tcp.hpp"

namespace dt::observe {

/// packetdrill's letters: `S.`, `P.`, `F.`, `R`, `.`.
[[nodiscard]] std::string flag_letters(wire::TcpFlags flags);
/// `SYN`, `SYN-ACK`, `FIN`, `RST`, `data`, `ACK`.
[[nodiscard]] std::string_view kind_of(wire::TcpFlags flags, std::uint32_t length);
/// `ignored` (no answer) or `refused` (answered by RST) or `answered` (challenged).
[[nodiscard]] std::string_view verdict_of(event::Reason reason);
/// A word or two for the margin: `full`, `no listener`.
[[nodiscard]] std::string_view short_form(event::Reason reason);
/// True for transitions that a received segment caused.
[[nodiscard]] bool is_answer_to_segment(event::Cause cause);
/// `connect(5) EINPROGRESS`, `bind(3, *:8080)`, `last close of 5`; empty for calls not shown.
[[nodiscard]] std::string call_wording(const event::CallMade& call, int fd, int created_fd);
/// `SO_REUSEADDR`; `level/name` as numbers for an option without a row.
[[nodiscard]] std::string option_name(int level, int name);

}  // namespace dt::observe

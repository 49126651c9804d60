// Features of the stacks and marks of the programs that a plan turns on or off: profiles, loss
// recovery, congestion control, cookies, path MTU, urgent octets.
#pragma once

#include "sim/plan.hpp"

namespace dt::sim {

/// The configuration a host begins with: of a profile in some plans. By a generator of its own, as
/// all that follows: what the rest of the plan draws from its seed stays as it is.
[[nodiscard]] Config draw_profile(std::uint64_t seed, std::size_t host);

/// Loss recovery, congestion control and ECN of each host.
void draw_features(Plan& plan);
/// Cookies, pacing, BBR, reuse of TIME-WAIT, search of the path MTU, and paths that are narrower
/// behind a router. Comes last: it looks at what the plan is by then.
void draw_late_features(Plan& plan);
/// A path that marks congestion (RFC 3168), in some plans, and hosts that ask for ECN.
void draw_marking_path(Plan& plan);
/// A path that silently drops large packets (RFC 4821 §1), in some plans: every host then looks for
/// what the path takes. Heals like any fault.
void draw_black_hole(Plan& plan);
/// MSG_MORE, MSG_OOB and limits of the rate, for some programs.
void draw_marks(Plan& plan);

/// `a cubic, no SACK, recovery 1`: what a host does, without its corners.
[[nodiscard]] std::string features_of(const world::HostSpec& host);
/// `, 3 of 16 writes urgent`: what a program says with its text; empty where it says nothing.
[[nodiscard]] std::string marks_text(const WriteMarks& marks);

}  // namespace dt::sim

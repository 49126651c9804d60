// What a connection knows while text was lost, marked or probed for: most never do, and do without.
#pragma once

#include "tcp/prr.hpp"
#include "tcp/recovery.hpp"
#include "tcp/tail_probe.hpp"
#include "tcp/undo.hpp"

namespace dt::tcp {

/// Made by the first sign of a loss; its owner lets it go when it is_over() and nothing is
/// outstanding.
struct Loss {
    /// Before `una` nothing is in doubt.
    explicit Loss(Seq una) : recovery(una - 1) {}

    Recovery recovery;
    Prr prr;
    Undo undo;
    TailProbe probe;

    /// A new one would say the same, once all is acknowledged up to `una`.
    [[nodiscard]] bool is_over(Seq una) const {
        return recovery.is_calm() && after(una, recovery.point()) && !undo.is_possible() &&
               !probe.is_out();
    }
};

}  // namespace dt::tcp

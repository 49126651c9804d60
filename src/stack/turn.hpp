// turn(): steps 1, 3 and 4 of the ring with one `now`. Calls (2) were made since the last turn, or
// are made before it; readiness (5) and the deadline (6) are asked for after it. World, simulator
// and host run the same function.
#pragma once

#include "stack/stack.hpp"

namespace dt::stack {

/// A frame that waits to be received, with the interface it came by.
struct Arriving {
    InterfaceIndex in = 0;
    FramePtr frame;
};

/// The frames that came for a stack, in order.
class FrameSource {
  public:
    virtual ~FrameSource() = default;
    /// The next one; nullptr when there is none.
    [[nodiscard]] virtual Arriving* front() = 0;
    virtual void pop() = 0;
};

/// Whether a turn left work that is due at the same `now`.
enum class Left : std::uint8_t { nothing, work };

/// One turn of `stack`: frames in, lo and due timers, frames out under the budget of the
/// configuration. `work` = the reply ring was full, the budget was spent, or lo has frames.
inline Left turn(Stack& stack, Instant now, FrameSource& in, FrameSink& out) {
    bool more = false;
    while (!more) {
        Arriving* next = in.front();
        if (next == nullptr) break;
        more = !stack.receive(now, next->in, next->frame);
        if (!more) in.pop();
    }
    stack.advance(now);
    const bool unsent = stack.transmit(now, out, stack.config().frames_per_turn);
    return more || unsent || stack.frames_on_lo() > 0 ? Left::work : Left::nothing;
}

}  // namespace dt::stack

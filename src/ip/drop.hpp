// The one way an IP packet is dropped before any transport saw it: an event with its reason.
#pragma once

#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace dt::ip {

/// Tells that the packet with this header was dropped.
void drop(const Turn& turn, event::FrameId frame, const wire::Ipv4View& header,
          event::Reason reason);
void drop(const Turn& turn, event::FrameId frame, const wire::Ipv6View& header,
          event::Reason reason);
/// As above; an IP header is at the front of `packet`. Where none is, the addresses stay 0.0.0.0.
void drop(const Turn& turn, const Frame& packet, event::Reason reason);
/// Tells that a frame was dropped before it was seen to hold an IP packet.
void drop_frame(const Turn& turn, event::FrameId frame, event::Reason reason);

}  // namespace dt::ip

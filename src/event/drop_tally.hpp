// Counts what is dropped, by its Reason, on the events' way out (spec IP4-029).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "event/sink.hpp"

namespace dt::event {

/// Passes each event on; of a drop it counts the reason first.
class DropTally final : public Sink {
  public:
    explicit DropTally(Sink& to) : to_(to) {}

    void on_event(Instant at, HostIndex host, const Body& body) override {
        const Reason reason = drop_in(body);
        if (reason != Reason::none) ++counts_[static_cast<std::size_t>(reason)];
        to_.on_event(at, host, body);
    }
    [[nodiscard]] Detail detail() const override { return to_.detail(); }

    [[nodiscard]] const std::array<std::uint64_t, reason_count>& counts() const { return counts_; }

  private:
    [[nodiscard]] static Reason drop_in(const Body& body) {
        if (const auto* segment = std::get_if<SegmentDropped>(&body)) return segment->reason;
        if (const auto* packet = std::get_if<PacketDropped>(&body)) return packet->reason;
        if (const auto* datagram = std::get_if<DatagramMoved>(&body)) {
            return datagram->step == Step::dropped ? datagram->reason : Reason::none;
        }
        const auto* message = std::get_if<IcmpMoved>(&body);
        const bool is_dropped = message != nullptr && message->step == Step::dropped;
        return is_dropped ? message->reason : Reason::none;
    }

    Sink& to_;
    std::array<std::uint64_t, reason_count> counts_{};
};

}  // namespace dt::event

// What a link did to frames, counted.
#pragma once

#include <cstdint>

#include "event/sink.hpp"

namespace dt::bench {

class Losses : public event::Sink {
  public:
    void on_event(Instant /*at*/, event::HostIndex /*host*/, const event::Body& body) override {
        const auto* touched = std::get_if<event::FrameTouched>(&body);
        if (touched == nullptr) return;
        if (touched->fate == event::FrameFate::lost) ++lost;
        if (touched->fate == event::FrameFate::queue_full) ++overflowed;
    }
    std::uint64_t lost = 0;
    std::uint64_t overflowed = 0;
};

}  // namespace dt::bench

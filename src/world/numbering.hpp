// One total order of events: every event of every stack and link of a world gets the next number.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "event/sink.hpp"
#include "link/pcapng.hpp"
#include "world/recorder.hpp"

namespace dt::world {

/// Numbers events from 1, hands them on and records their marks.
class Numbering final : public event::Sink, public link::EventNumbers {
  public:
    explicit Numbering(event::Sink& next) : next_(next) {}

    void record_to(Recorder* recorder) { recorder_ = recorder; }
    /// The number of the latest event; 0 before the first.
    [[nodiscard]] std::uint64_t last() const { return last_; }

    void on_event(Instant at, event::HostIndex host, const event::Body& body) override {
        ++last_;
        if (recorder_ != nullptr) recorder_->event({last_, at, host, body});
        if (const event::FrameId frame = frame_sent(body); frame != 0)
            sent_[frame % sent_.size()] = {frame, ++packets_};
        next_.on_event(at, host, body);
    }
    /// Rare events have their numbers whoever listens.
    [[nodiscard]] event::Detail detail() const override {
        return recorder_ != nullptr ? event::Detail::segments
                                    : std::max(event::Detail::rare, next_.detail());
    }

    /// The n of `pn`, as viewers number packets, of the latest few thousand frames.
    [[nodiscard]] std::uint64_t sent(event::FrameId frame) const override {
        const Sent& entry = sent_[frame % sent_.size()];
        return entry.frame == frame ? entry.number : 0;
    }

  private:
    struct Sent {
        event::FrameId frame = 0;
        std::uint64_t number = 0;
    };
    event::Sink& next_;
    Recorder* recorder_ = nullptr;
    std::uint64_t last_ = 0;
    std::uint64_t packets_ = 0;
    std::array<Sent, 4096> sent_{};
};

}  // namespace dt::world

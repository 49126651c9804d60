// The line between a world's border and a TAP interface: frames both ways, on the run's loop.
#pragma once

#include <expected>

#include "host/supervisor.hpp"
#include "os/epoll.hpp"
#include "os/tap.hpp"

namespace dt::host {

class OutsideLine final : public world::FrameExit {
  public:
    /// Opens the interface for the outside of `world`, makes what is missing and joins it to
    /// `epoll` under `token`.
    [[nodiscard]] static std::expected<OutsideLine, Complaint> open(const std::string& name,
                                                                    const world::World& world,
                                                                    os::Epoll& epoll,
                                                                    std::uint64_t token);

    /// Takes frames in at `now`, at most so many that programs do not have to wait for long.
    void receive(Instant now, world::World& world);
    void leave(Instant now, const buf::Frame& frame) override;

  private:
    explicit OutsideLine(os::TapDevice device) : device_(std::move(device)) {}

    os::TapDevice device_;
};

}  // namespace dt::host

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

    /// The loop was told that frames wait.
    void on_readable() { ahead_.begin(); }
    /// Takes frames in at `now` where some are known to wait or a timer is due, at most so many
    /// that programs do not have to wait for long; the loop is told again of those that are left.
    void receive(Instant now, world::World& world);
    void leave(Instant now, const buf::Frame& frame) override;

  private:
    explicit OutsideLine(os::TapDevice device) : device_(std::move(device)) {}

    os::TapDevice device_;
    os::ReadAhead ahead_;
};

}  // namespace dt::host

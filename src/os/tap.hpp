// A TAP interface: Ethernet frames to and from the Linux kernel, with offload metadata before each
// (virtio_net_hdr; linux/Documentation/networking/tuntap.rst).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "buf/frame.hpp"
#include "os/failure.hpp"
#include "os/fd.hpp"
#include "wire/address.hpp"

namespace dt::os {

/// Whether both sides pass super-segments and checksums that are to be completed.
enum class TapOffload : std::uint8_t { no, yes };

struct TapOptions {
    std::string name;
    TapOffload offload = TapOffload::yes;
    std::uint32_t mtu = 1500;           ///< octets of IP
    std::uint32_t queue_frames = 1000;  ///< that the kernel holds for us
};

/// How many frames to read before the interface is waited for again. A read that finds nothing
/// costs as much as one that finds a frame, so where frames come one by one only every fifth wake
/// asks for a second; where they come in bursts, a burst is soon read at once. A frame with much
/// text has others behind it: all are read then, so that one ACK answers for them.
class ReadAhead {
  public:
    static constexpr std::uint32_t most = 64;  ///< frames, so that programs do not wait for long

    /// The interface was told to have frames.
    void begin() { left_ = limit_; }
    /// All that lie there, known or not: a timer is due, and what it waits for may be among them.
    void begin_all() { left_ = most; }
    [[nodiscard]] bool may_read() const { return left_ > 0; }
    void on_frame(std::size_t octets) {
        ++taken_;
        if (octets >= much && taken_ < most) left_ = std::max(left_, 2U);
        if (--left_ > 0) return;
        taken_ = 0;
        if (++full_ < patience) return;
        limit_ = std::min(2 * limit_, most);
        full_ = 0;
    }
    void on_nothing() {
        limit_ = std::max(std::min(taken_, most), (limit_ + 1) / 2);
        left_ = taken_ = full_ = 0;
    }

  private:
    static constexpr std::uint32_t patience = 4;  // full reads before it asks for more
    static constexpr std::size_t much = 1024;     // octets

    std::uint32_t limit_ = 1;  // frames of a usual wake
    std::uint32_t left_ = 0;   // may still be read
    std::uint32_t taken_ = 0;  // since the last full read or the last that found nothing
    std::uint32_t full_ = 0;   // reads in a row that found all they asked for
};

class TapDevice {
  public:
    /// Opens the interface; where there is none of that name, it is made and goes with this object.
    /// The failed call is `open /dev/net/tun` or the name of the ioctl: EBUSY = somebody else has
    /// it, EINVAL = no TAP interface, EPERM = the privilege lacks.
    [[nodiscard]] static SysResult<TapDevice> open(const TapOptions& options);

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] bool was_made() const { return was_made_; }
    /// Brings the kernel's side up, with this address.
    [[nodiscard]] SysStatus configure(const IpAddr& address, std::uint8_t prefix_length) const;
    /// Gives the kernel's side an IPv6 address, usable at once: nobody else can have it on a link
    /// that was just made. Before configure().
    [[nodiscard]] SysStatus configure_v6(const IpAddr& address, std::uint8_t prefix_length) const;
    /// Whether the kernel's side is up.
    [[nodiscard]] bool is_up() const;

    enum class Got : std::uint8_t { frame, nothing, unusable };
    /// The next frame that the kernel sent. `unusable`: one was read that makes no sense.
    Got receive(buf::Pool& pool, FramePtr& to);
    /// Hands a frame to the kernel. False where the kernel did not take it.
    bool send(const buf::Frame& frame);

  private:
    TapDevice(UniqueFd fd, std::string name, bool was_made)
        : fd_(std::move(fd)), name_(std::move(name)), was_made_(was_made) {}

    [[nodiscard]] bool send_parts(Octets header, const buf::Frame& frame);

    UniqueFd fd_;
    std::string name_;
    bool was_made_;
    buf::BlockRef room_;  ///< the next frame is read into it
};

}  // namespace dt::os

// A TAP interface: Ethernet frames to and from the Linux kernel, with offload metadata before each
// (virtio_net_hdr; linux/Documentation/networking/tuntap.rst).
#pragma once

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

    UniqueFd fd_;
    std::string name_;
    bool was_made_;
    buf::BlockRef room_;  ///< the next frame is read into it
};

}  // namespace dt::os

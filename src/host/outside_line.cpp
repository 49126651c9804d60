// Opening a TAP interface for a run, and what can go wrong with it.
#include "host/outside_line.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

namespace dt::host {

namespace {

/// Frames that the kernel may hold for us: a whole window in segments of the smallest usual size,
/// or a burst of it is lost where nobody else loses any.
constexpr std::uint32_t queue_frames(const Config& config) {
    constexpr std::uint64_t segment = 1448;
    const std::uint64_t window = config.receive_buffer_max / segment;
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(window, 1000, 10'000));
}

Complaint why_not(const std::string& name, const os::Failure& failure) {
    const std::string call = failure.call;
    const std::string begin = "cannot use TAP interface " + name + ": ";
    if (call == "open /dev/net/tun" &&
        (failure.number == ENOENT || failure.number == ENODEV || failure.number == ENXIO)) {
        return {begin + "this kernel has no /dev/net/tun (" + failure.text() + ")",
                "modprobe tun, or run without --tap"};
    }
    if (call == "open /dev/net/tun")
        return {begin + "/dev/net/tun may not be opened (" + failure.text() + ")",
                "as root: chmod 666 /dev/net/tun, or run as root"};
    if (call == "TUNSETIFF" && failure.number == EBUSY)
        return {begin + "another program has it (" + failure.text() + ")",
                "end that program, or choose another name"};
    if (call == "TUNSETIFF" && failure.number == EINVAL)
        return {begin + "an interface of this name exists and is no TAP with one queue (" +
                    failure.text() + ")",
                "choose another name, or: ip tuntap add mode tap " + name};
    if (failure.number == EPERM)
        return {begin + "the privilege lacks (" + failure.text() + ")",
                "run inside `unshare -Urn`, as root, or on an interface of yours: ip tuntap add "
                "mode tap user $USER " +
                    name};
    return {begin + failure.text(), ""};
}

}  // namespace

std::expected<OutsideLine, Complaint> OutsideLine::open(const std::string& name,
                                                        const world::World& world, os::Epoll& epoll,
                                                        std::uint64_t token) {
    const world::Outside& outside = *world.spec().outside;
    os::TapOptions options;
    options.name = name;
    options.mtu = world.mtu_outside();
    options.offload = world.offloads_outside() ? os::TapOffload::yes : os::TapOffload::no;
    for (const world::HostSpec& host : world.spec().hosts)
        options.queue_frames = std::max(options.queue_frames, queue_frames(host.config));
    auto device = os::TapDevice::open(options);
    if (!device) return std::unexpected(why_not(name, device.error()));
    if (device->was_made()) {
        for (const IpAddr& address : world.addresses_v6(outside.host)) {
            const auto set = device->configure_v6(address, world::prefix_length_v6);
            if (!set) return std::unexpected(why_not(name, set.error()));
        }
        const auto set =
            device->configure(world.addresses(outside.host).front(), outside.network.length);
        if (!set) return std::unexpected(why_not(name, set.error()));
    } else if (!device->is_up()) {
        return std::unexpected(
            Complaint{"TAP interface " + name + " is down", "ip link set " + name + " up"});
    }
    const auto added = epoll.add(device->fd(), EPOLLIN, token);
    if (!added) return std::unexpected(why_not(name, added.error()));
    return OutsideLine(std::move(*device));
}

void OutsideLine::receive(Instant now, world::World& world) {
    if (world.deadline() <= now) ahead_.begin_all();
    while (ahead_.may_read()) {
        FramePtr frame;
        const os::TapDevice::Got got = device_.receive(world.pool(), frame);
        if (got == os::TapDevice::Got::nothing) return ahead_.on_nothing();
        ahead_.on_frame(frame ? frame->size() : 0);
        if (got == os::TapDevice::Got::frame) world.from_outside(now, std::move(frame));
    }
}

void OutsideLine::leave(Instant, const buf::Frame& frame) { (void)device_.send(frame); }

}  // namespace dt::host

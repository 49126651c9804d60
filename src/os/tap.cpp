// The system calls of a TAP interface.
#include "os/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"

namespace dt::os {

namespace {

/// Frames up to this size are copied, so that none holds a block that is much larger than itself.
constexpr std::size_t copied_max = 2048;
/// Frames up to this size are joined to one run of octets: a list of parts costs more than the
/// copy.
constexpr std::size_t joined_max = 256;

ifreq request_for(const std::string& name) {
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
    return request;
}

/// An ioctl on an interface that is told by its name.
SysStatus tell(unsigned long command, const char* call, ifreq& request) {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return failed("socket");
    if (::ioctl(socket.get(), command, &request) < 0) return failed(call);
    return {};
}

SysStatus set_offload(int fd, TapOffload offload) {
    const unsigned features =
        offload == TapOffload::yes ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0U;
    const auto value = static_cast<unsigned long>(features);  // the argument is no pointer
    if (::ioctl(fd, TUNSETOFFLOAD, value) < 0) return failed("TUNSETOFFLOAD");
    return {};
}

/// A request of rtnetlink with one attribute of 32 bits (rtnetlink(7)).
struct LinkRequest {
    nlmsghdr header;
    ifinfomsg link;
    rtattr attribute;
    std::uint32_t value;
};

/// By rtnetlink: the ioctl asks for privilege in the first user namespace.
SysStatus set_queue(const std::string& name, std::uint32_t frames) {
    const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket.is_open()) return failed("socket");
    LinkRequest request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_NEWLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    request.link.ifi_index = static_cast<int>(::if_nametoindex(name.c_str()));
    request.attribute.rta_len = RTA_LENGTH(sizeof request.value);
    request.attribute.rta_type = IFLA_TXQLEN;
    request.value = frames;
    if (::send(socket.get(), &request, sizeof request, 0) < 0) return failed("send");
    struct {
        nlmsghdr header;
        nlmsgerr error;
    } reply{};
    if (::recv(socket.get(), &reply, sizeof reply, 0) < 0) return failed("recv");
    if (reply.error.error == 0) return {};
    return failed("RTM_NEWLINK", -reply.error.error);
}

SysStatus set_sizes(const TapOptions& options) {
    ifreq request = request_for(options.name);
    request.ifr_mtu = static_cast<int>(options.mtu);
    if (auto set = tell(SIOCSIFMTU, "SIOCSIFMTU", request); !set) return set;
    return set_queue(options.name, options.queue_frames);
}

sockaddr as_sockaddr(std::uint32_t address) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(address);
    sockaddr result{};
    std::memcpy(&result, &name, sizeof name);
    return result;
}

struct Shape {
    Family family = Family::v4;
    std::uint16_t headers = 0;  ///< octets of all headers of a TCP frame
};

/// Of a frame of ours: its headers are the head.
Shape shape_of(const buf::Frame& frame) {
    const Octets head = frame.head();
    const auto link = wire::EthernetView::parse(head);
    const bool is_v6 = link && link->type() == wire::EtherType::ipv6;
    return {is_v6 ? Family::v6 : Family::v4, static_cast<std::uint16_t>(head.size())};
}

}  // namespace

SysResult<TapDevice> TapDevice::open(const TapOptions& options) {
    UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd.is_open()) return failed("open /dev/net/tun");
    const bool was_there = ::if_nametoindex(options.name.c_str()) != 0;
    ifreq request = request_for(options.name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (::ioctl(fd.get(), TUNSETIFF, &request) < 0) return failed("TUNSETIFF");
    int header = wire::vnet_header_size;
    if (::ioctl(fd.get(), TUNSETVNETHDRSZ, &header) < 0) return failed("TUNSETVNETHDRSZ");
    if (auto set = set_offload(fd.get(), options.offload); !set)
        return std::unexpected(set.error());
    // An interface that is not ours is left as its owner made it.
    if (!was_there) {
        if (auto set = set_sizes(options); !set) return std::unexpected(set.error());
    }
    return TapDevice(std::move(fd), options.name, !was_there);
}

SysStatus TapDevice::configure(const IpAddr& address, std::uint8_t prefix_length) const {
    ifreq request = request_for(name_);
    request.ifr_addr = as_sockaddr(address.v4().value());
    if (auto set = tell(SIOCSIFADDR, "SIOCSIFADDR", request); !set) return set;
    request = request_for(name_);
    request.ifr_netmask =
        as_sockaddr(~((std::uint64_t{1} << (32U - prefix_length)) - 1) & 0xffffffffU);
    if (auto set = tell(SIOCSIFNETMASK, "SIOCSIFNETMASK", request); !set) return set;
    request = request_for(name_);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return tell(SIOCSIFFLAGS, "SIOCSIFFLAGS", request);
}

SysStatus TapDevice::configure_v6(const IpAddr& address, std::uint8_t prefix_length) const {
    const std::string file = "/proc/sys/net/ipv6/conf/" + name_ + "/accept_dad";
    const UniqueFd dad(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!dad.is_open() || ::write(dad.get(), "0", 1) != 1) return failed("accept_dad");
    const UniqueFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return failed("socket");
    struct {  // as linux/ipv6.h has it, which cannot be included beside <netinet/in.h>
        in6_addr address;
        std::uint32_t prefix_length;
        int interface;
    } request{};
    std::memcpy(&request.address, address.v6().octets().data(), sizeof request.address);
    request.prefix_length = prefix_length;
    request.interface = static_cast<int>(::if_nametoindex(name_.c_str()));
    if (::ioctl(socket.get(), SIOCSIFADDR, &request) < 0) return failed("SIOCSIFADDR");
    return {};
}

bool TapDevice::is_up() const {
    ifreq request = request_for(name_);
    const bool is_told = tell(SIOCGIFFLAGS, "SIOCGIFFLAGS", request).has_value();
    return is_told && (request.ifr_flags & IFF_UP) != 0;
}

TapDevice::Got TapDevice::receive(buf::Pool& pool, FramePtr& to) {
    if (!room_.is_unique()) room_ = pool.block(buf::Pool::large_block);
    std::byte* const begin = room_.get()->data();
    // Header and frame by one plain read(): a list of two parts costs the kernel a copy and checks.
    const ssize_t count = ::read(fd_.get(), begin, room_.get()->capacity);
    if (count <= 0) return Got::nothing;
    const auto octets = static_cast<std::size_t>(count);
    if (octets <= wire::vnet_header_size) return Got::unusable;
    const std::size_t size = octets - wire::vnet_header_size;
    const auto offload = wire::parse_vnet_header({begin, wire::vnet_header_size}, size);
    if (!offload) return Got::unusable;
    to = pool.frame();
    to->offload = *offload;
    if (size <= copied_max) {
        (void)to->add(pool.copy({begin + wire::vnet_header_size, size}));
    } else {
        (void)to->add(
            Slice(std::move(room_), wire::vnet_header_size, static_cast<std::uint32_t>(size)));
    }
    return Got::frame;
}

bool TapDevice::send(const buf::Frame& frame) {
    std::array<std::byte, wire::vnet_header_size + joined_max> joined{};
    const auto header = MutableOctets{joined}.first(wire::vnet_header_size);
    const Shape shape = shape_of(frame);
    wire::emit_vnet_header(frame.offload, shape.family, shape.headers, header);
    const std::size_t size = frame.size();
    if (size > joined_max) return send_parts(header, frame);
    frame.copy_to(MutableOctets{joined}.subspan(header.size()));
    return ::write(fd_.get(), joined.data(), header.size() + size) >= 0;
}

bool TapDevice::send_parts(Octets header, const buf::Frame& frame) {
    std::array<iovec, buf::Frame::slices_max + 2> parts{};
    int count = 0;
    const auto add = [&](Octets octets) {
        if (octets.empty()) return;
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): writev() only reads
        parts[static_cast<std::size_t>(count++)] = {const_cast<std::byte*>(octets.data()),
                                                    octets.size()};
    };
    add(header);
    add(frame.head());
    for (const Slice& slice : frame.slices()) add(slice.octets());
    return ::writev(fd_.get(), parts.data(), count) >= 0;
}

}  // namespace dt::os

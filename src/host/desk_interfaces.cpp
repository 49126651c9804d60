// SIOCGIF…: the interfaces of a host as netdevice(7) shows them: lo, then one per address.
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "host/call_desk.hpp"

namespace dt::host {
namespace {

struct Interface {
    std::string name;
    Ipv4 address;
    Ipv4 mask;
    std::uint16_t flags = 0;
    int mtu = 0;
};

std::vector<Interface> interfaces_of(const std::vector<IpAddr>& addresses) {
    std::vector<Interface> list;
    list.push_back(
        {"lo", Ipv4::loopback(), Ipv4(255, 0, 0, 0), IFF_UP | IFF_LOOPBACK | IFF_RUNNING, 65536});
    for (const IpAddr& address : addresses) {
        if (!address.is_v4() || address.is_loopback()) continue;
        list.push_back({"eth" + std::to_string(list.size() - 1), address.v4(),
                        Ipv4(255, 255, 255, 0),
                        IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST, 1500});
    }
    return list;
}

sockaddr as_sockaddr(Ipv4 address) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(address.value());
    sockaddr result{};
    std::memcpy(&result, &name, sizeof name);
    return result;
}

void set_name(ifreq& request, const std::string& name) {
    const std::size_t count = std::min<std::size_t>(name.size(), IFNAMSIZ - 1);
    std::memcpy(request.ifr_name, name.data(), count);
    request.ifr_name[count] = '\0';
}

/// Fills what `command` asks for; false for a command that has no answer here.
bool answer(unsigned long command, const Interface& interface, int index, ifreq& request) {
    switch (command) {
        case SIOCGIFADDR: request.ifr_addr = as_sockaddr(interface.address); return true;
        case SIOCGIFNETMASK: request.ifr_netmask = as_sockaddr(interface.mask); return true;
        case SIOCGIFBRDADDR:
            request.ifr_broadaddr =
                as_sockaddr(Ipv4(interface.address.value() | ~interface.mask.value()));
            return true;
        case SIOCGIFFLAGS: request.ifr_flags = static_cast<short>(interface.flags); return true;
        case SIOCGIFMTU: request.ifr_mtu = interface.mtu; return true;
        case SIOCGIFINDEX: request.ifr_ifindex = index; return true;
        case SIOCGIFHWADDR:
            request.ifr_hwaddr = {};
            request.ifr_hwaddr.sa_family = index == 1 ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
            return true;
        default: return false;
    }
}

}  // namespace

Answer CallDesk::on_interface_ioctl(const Request& request, Subject& subject) {
    const auto list = interfaces_of(board_.addresses(subject.plug->host));
    const auto command = request.arg(1);
    const auto done = [](bool written) {
        return written ? Answer::value(0) : Answer::error(EFAULT);
    };
    if (command == SIOCGIFCONF) {
        auto header = request.memory.get<ifconf>(request.arg(2));
        if (!header) return Answer::error(EFAULT);
        std::vector<ifreq> entries;
        for (const Interface& interface : list) {
            ifreq entry{};
            set_name(entry, interface.name);
            entry.ifr_addr = as_sockaddr(interface.address);
            entries.push_back(entry);
        }
        const auto to = reinterpret_cast<std::uint64_t>(header->ifc_buf);
        if (to != 0) {
            const auto room =
                static_cast<std::size_t>(std::max(header->ifc_len, 0)) / sizeof(ifreq);
            entries.resize(std::min(entries.size(), room));
            if (!request.memory.write(to, std::as_bytes(std::span(entries)))) {
                return Answer::error(EFAULT);
            }
        }
        header->ifc_len = static_cast<int>(entries.size() * sizeof(ifreq));
        return done(request.memory.put(request.arg(2), *header));
    }
    auto entry = request.memory.get<ifreq>(request.arg(2));
    if (!entry) return Answer::error(EFAULT);
    if (command == SIOCGIFNAME) {
        const auto index = static_cast<std::size_t>(entry->ifr_ifindex) - 1;
        if (index >= list.size()) return Answer::error(ENODEV);
        set_name(*entry, list[index].name);
        return done(request.memory.put(request.arg(2), *entry));
    }
    entry->ifr_name[IFNAMSIZ - 1] = '\0';
    const auto named = [&](const Interface& i) { return i.name == entry->ifr_name; };
    const auto found = std::ranges::find_if(list, named);
    if (found == list.end()) return Answer::error(ENODEV);
    const int index = static_cast<int>(found - list.begin()) + 1;
    if (!answer(command, *found, index, *entry)) return Answer::error(ENOTTY);
    return done(request.memory.put(request.arg(2), *entry));
}

}  // namespace dt::host

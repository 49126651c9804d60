// SIOCGIF…: the interfaces of a host as netdevice(7) shows them.
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "host/call_desk.hpp"

namespace dt::host {
namespace {

/// An interface as SIOCGIF… know it: with one IPv4 address, or none.
struct Shown {
    const ip::Interface* interface = nullptr;
    int index = 0;  // lo is 1
    std::optional<wire::Prefix> address;

    [[nodiscard]] bool is_lo() const { return index == 1; }
    [[nodiscard]] Ipv4 mask() const {
        const unsigned length = address->length;
        return Ipv4(length == 0 ? 0U : ~0U << (32U - length));
    }
    [[nodiscard]] short flags() const {
        constexpr int link = IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST;
        return is_lo() ? IFF_UP | IFF_LOOPBACK | IFF_RUNNING : link;
    }
};

std::vector<Shown> shown_of(const std::vector<ip::Interface>& interfaces) {
    std::vector<Shown> list;
    for (const ip::Interface& each : interfaces) {
        Shown& shown = list.emplace_back(&each, static_cast<int>(list.size()) + 1);
        const auto is_v4 = [](const wire::Prefix& own) { return own.network.is_v4(); };
        const auto first = std::ranges::find_if(each.addresses, is_v4);
        if (first != each.addresses.end()) shown.address = *first;
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

/// Fills what is asked for of an address: 0, or the errno.
int answer_of_address(unsigned long command, const Shown& shown, ifreq& request) {
    if (!shown.address) return EADDRNOTAVAIL;
    const wire::Prefix& own = *shown.address;
    switch (command) {
        case SIOCGIFADDR: request.ifr_addr = as_sockaddr(own.network.v4()); return 0;
        case SIOCGIFNETMASK: request.ifr_netmask = as_sockaddr(shown.mask()); return 0;
        default: break;
    }
    const IpAddr everyone = own.broadcast();
    const bool is_there = !shown.is_lo() && own.is_broadcast(everyone);
    request.ifr_broadaddr = as_sockaddr(is_there ? everyone.v4() : Ipv4{});
    return 0;
}

/// Fills what `command` asks for: 0, or the errno.
int answer(unsigned long command, const Shown& shown, ifreq& request) {
    switch (command) {
        case SIOCGIFADDR:
        case SIOCGIFNETMASK:
        case SIOCGIFBRDADDR: return answer_of_address(command, shown, request);
        case SIOCGIFFLAGS: request.ifr_flags = shown.flags(); return 0;
        case SIOCGIFMTU: request.ifr_mtu = static_cast<int>(shown.interface->mtu); return 0;
        case SIOCGIFINDEX: request.ifr_ifindex = shown.index; return 0;
        case SIOCGIFMETRIC: request.ifr_metric = 0; return 0;
        case SIOCGIFHWADDR:
            request.ifr_hwaddr = {};
            request.ifr_hwaddr.sa_family = shown.is_lo() ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
            std::memcpy(request.ifr_hwaddr.sa_data, shown.interface->mac.octets().data(),
                        Mac::size);
            return 0;
        default: return ENOTTY;
    }
}

Answer answer_if(bool written) { return written ? Answer::value(0) : Answer::error(EFAULT); }

/// SIOCGIFCONF: the interfaces that have an IPv4 address, as many as there is room for.
Answer list_addresses(const RemoteMemory& memory, std::uint64_t at,
                      const std::vector<Shown>& list) {
    auto header = memory.get<ifconf>(at);
    if (!header) return Answer::error(EFAULT);
    std::vector<ifreq> entries;
    for (const Shown& shown : list) {
        if (!shown.address) continue;
        ifreq entry{};
        set_name(entry, shown.interface->name);
        entry.ifr_addr = as_sockaddr(shown.address->network.v4());
        entries.push_back(entry);
    }
    const auto to = reinterpret_cast<std::uint64_t>(header->ifc_buf);
    if (to != 0) {
        const auto room = static_cast<std::size_t>(std::max(header->ifc_len, 0)) / sizeof(ifreq);
        entries.resize(std::min(entries.size(), room));
        if (!memory.write(to, std::as_bytes(std::span(entries)))) {
            return Answer::error(EFAULT);
        }
    }
    header->ifc_len = static_cast<int>(entries.size() * sizeof(ifreq));
    return answer_if(memory.put(at, *header));
}

/// SIOCGIFNAME asks by number, all others by name: 0, or the errno.
int fill(unsigned long command, const std::vector<Shown>& list, ifreq& entry) {
    if (command == SIOCGIFNAME) {
        const auto index = static_cast<std::size_t>(entry.ifr_ifindex) - 1;
        if (index >= list.size()) return ENODEV;
        set_name(entry, list[index].interface->name);
        return 0;
    }
    entry.ifr_name[IFNAMSIZ - 1] = '\0';
    const auto named = [&](const Shown& s) { return s.interface->name == entry.ifr_name; };
    const auto found = std::ranges::find_if(list, named);
    return found == list.end() ? ENODEV : answer(command, *found, entry);
}

}  // namespace

Answer CallDesk::on_interface_ioctl(const Request& request, Subject& subject) {
    const auto list = shown_of(board_.interfaces(subject.plug->host));
    const auto command = request.arg(1);
    if (command == SIOCGIFCONF) return list_addresses(request.memory, request.arg(2), list);
    auto entry = request.memory.get<ifreq>(request.arg(2));
    if (!entry) return Answer::error(EFAULT);
    if (const int error = fill(command, list, *entry); error != 0) return Answer::error(error);
    return answer_if(request.memory.put(request.arg(2), *entry));
}

}  // namespace dt::host

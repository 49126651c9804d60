// getaddrinfo(3) for streams.
#include "doctor/names.hpp"

#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "doctor/sockaddr.hpp"

namespace dt::doctor {

std::expected<std::vector<IpAddr>, NameTrouble> look_up(const std::string& name) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(name.c_str(), nullptr, &wanted, &list);
    if (error != 0) {
        const bool is_temporary = error == EAI_AGAIN || error == EAI_SYSTEM;
        return std::unexpected(NameTrouble{::gai_strerror(error), is_temporary});
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
    std::vector<IpAddr> addresses;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        sockaddr_storage storage{};
        if (at->ai_addrlen > sizeof storage) continue;
        std::memcpy(&storage, at->ai_addr, at->ai_addrlen);
        const auto endpoint = from_sockaddr(storage, at->ai_addrlen);
        if (!endpoint || std::ranges::find(addresses, endpoint->endpoint.addr) != addresses.end()) {
            continue;
        }
        addresses.push_back(endpoint->endpoint.addr);
    }
    return addresses;
}

}  // namespace dt::doctor

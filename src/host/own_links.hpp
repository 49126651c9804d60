// The links of a host as the kernel shows them to its programs (rtnetlink(7), netdevice(7)):
// interfaces that carry nothing, with the names, numbers, addresses and MTUs of the stack's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/address.hpp"

namespace dt::host {

struct OwnLink {
    std::string name;
    Mac mac;
    std::uint32_t mtu = 1500;  ///< octets of IP
    std::vector<wire::Prefix> addresses;
};

/// Makes them in the network namespace of the caller, where only lo is: the first gets number 2.
/// Makes system calls only. False where the kernel has no kind of interface for it.
[[nodiscard]] bool make_links(const std::vector<OwnLink>& links);

}  // namespace dt::host

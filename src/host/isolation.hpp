// A user and network namespace per program: its interfaces show the host's addresses, nothing of
// the machine's network can be reached around us (user_namespaces(7), network_namespaces(7)).
#pragma once

#include <cstdint>
#include <vector>

#include "host/own_links.hpp"

namespace dt::host {

enum class Isolation : std::uint8_t {
    none,              ///< forbidden here: programs see the machine's interfaces
    network,           ///< a network namespace: the caller has the right
    user_and_network,  ///< a user namespace first, in which the caller keeps its ids
};

/// The strongest that works here, tried out in a child that ends at once.
[[nodiscard]] Isolation probe_isolation();

/// Moves the calling process there, brings lo up and makes `links`; where the kernel cannot, lo has
/// their addresses. Makes system calls only, so that a child may call it after fork(). False with
/// errno where something failed.
[[nodiscard]] bool enter(Isolation isolation, const std::vector<OwnLink>& links);

}  // namespace dt::host

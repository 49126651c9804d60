// Flows: both directions of a conversation between two hosts of a run.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "observe/trace.hpp"

namespace dt::observe {

/// A conversation: `client` sent the first segment. Numbered from 1 by first appearance.
struct Flow {
    std::uint64_t number = 0;
    event::HostIndex client_host = 0;
    event::HostIndex server_host = 0;
    Endpoint client;
    Endpoint server;
    Instant began{};
    std::uint64_t segments = 0;
    std::uint64_t troubles = 0;  // lost, ignored, refused, sent again

    [[nodiscard]] bool is(const FourTuple& tuple) const {
        return (tuple.local == client && tuple.remote == server) ||
               (tuple.local == server && tuple.remote == client);
    }
};

/// All TCP flows, by first appearance.
[[nodiscard]] std::vector<Flow> flows_of(const Trace& trace);

}  // namespace dt::observe

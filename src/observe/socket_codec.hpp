// The sockets of a run as one line of JSON and back: what a run's control socket answers with.
//
//     request  {"request":"sockets"}
//     answer   {"schema":"dialtone.sockets/1","t_ns":…,"hosts":[…]}   or   {"error":"…"}
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/ss.hpp"

namespace dt::observe {

inline constexpr std::string_view sockets_request = R"({"request":"sockets"})";

/// What a run has at one moment.
struct RunSockets {
    Duration since_start{};
    std::vector<HostSockets> hosts;
};

/// One line without a line feed.
[[nodiscard]] std::string encode_sockets(const RunSockets& sockets);
/// Nothing for a line that is no such answer.
[[nodiscard]] std::optional<RunSockets> decode_sockets(std::string_view line);

}  // namespace dt::observe

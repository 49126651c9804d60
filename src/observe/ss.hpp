// The socket table of a run: both queues, references, timers, TIME-WAIT with its time left (UX §4).
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/snapshot.hpp"
#include "observe/paint.hpp"

namespace dt::observe {

/// One descriptor of a program on a socket.
struct Owner {
    std::int32_t pid = 0;
    std::string program;
    std::int32_t fd = -1;
};

/// One host's sockets and who holds them.
struct HostSockets {
    std::string host;
    event::Snapshot snapshot;
    std::map<event::SocketNumber, std::vector<Owner>> owners;
};

struct SsOptions {
    bool show_path = false;    // -i: cwnd, ssthresh, srtt, rto…
    bool show_owners = false;  // -p
    bool unfold = false;       // -a
    std::vector<std::string>
        filter;              // words as in ss: state time-wait, sport = :8080, dst 10.0.0.2
    Duration since_start{};  // time of the table
};

/// A filter that cannot be understood: which word, and what is known.
struct FilterError {
    std::string word;
    std::string help;
};

/// Applies the filter words; the sockets left, or what was wrong with the words.
[[nodiscard]] std::expected<std::vector<HostSockets>, FilterError> filter_sockets(
    std::vector<HostSockets> hosts, const std::vector<std::string>& words);

/// The table with its closing line.
[[nodiscard]] std::string ss_text(const std::vector<HostSockets>& hosts, const SsOptions& options,
                                  const Paint& paint);
/// One JSON object a line, schema dialtone.ss/1.
[[nodiscard]] std::string ss_json(const std::vector<HostSockets>& hosts, const SsOptions& options);

}  // namespace dt::observe

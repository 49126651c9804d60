// The processes of a run: starts programs in their order, sees them end, ends what is left.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/isolation.hpp"
#include "host/launch.hpp"
#include "host/supervisor.hpp"

namespace dt::host {

class Programs {
  public:
    Programs(const RunSpec& spec, Observer& observer) : spec_(spec), observer_(observer) {}

    /// Tries out what this machine allows. Warns once where namespaces are forbidden.
    void prepare();

    /// What came of a start: the listener of the program's calls, or what to tell the user.
    struct Trouble {
        int exit_status = 0;
        Complaint complaint;
    };
    [[nodiscard]] std::expected<os::UniqueFd, Trouble> start(std::size_t program,
                                                             std::vector<OwnLink> links);
    /// Takes the status of every process that ended.
    void reap();

    [[nodiscard]] bool was_started(std::size_t program) const { return runs_[program].pid != 0; }
    [[nodiscard]] bool has_ended(std::size_t program) const {
        return runs_[program].status.has_value();
    }
    [[nodiscard]] bool have_all_ended() const;
    /// Whether those have ended whose end is the run's.
    [[nodiscard]] bool are_done() const;
    /// Since when a program and what it started have been found asleep, asked for now and then.
    [[nodiscard]] Instant asleep_since(std::size_t program, Instant now);
    [[nodiscard]] std::optional<int> status(std::size_t program) const {
        return runs_[program].status;
    }

    enum class Who : std::uint8_t { main, others, all };
    /// To the programs; SIGKILL reaches every descendant of ours.
    void signal(Who who, int number);
    /// From now on an end is our doing.
    void begin_end() { ending_ = true; }

    [[nodiscard]] std::vector<Ended> summary() const;
    [[nodiscard]] std::string_view name(pid_t pid) const;
    void learn_name(pid_t pid);

  private:
    struct Run {
        pid_t pid = 0;
        os::UniqueFd pidfd;
        std::optional<int> status;
        bool ended_by_us = false;
        std::uint64_t cpu_ticks = 0;
        std::optional<Instant> looked_at;
        Instant asleep_since{};
    };

    const RunSpec& spec_;
    Observer& observer_;
    Isolation isolation_ = Isolation::none;
    rlimit descriptors_{};
    std::vector<sock_filter> filter_;
    std::vector<Run> runs_;
    std::unordered_map<pid_t, std::string> names_;
    bool ending_ = false;
};

}  // namespace dt::host

// Runs unmodified programs on the stacks of a world, in real time: starts them, answers their
// socket calls (seccomp user notification), carries their octets (socket pairs), ends what it
// started.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "event/sink.hpp"
#include "world/world.hpp"

namespace dt::host {

/// How a program is expected to end.
struct Expect {
    enum class Kind : std::uint8_t {
        exit,     ///< with status `value`
        running,  ///< it still runs when the main program ends
        signal,   ///< by signal `value`
    };
    Kind kind = Kind::exit;
    int value = 0;
};

/// One program of one host.
struct ProgramSpec {
    std::string host;               ///< a name of world::Spec::hosts
    std::vector<std::string> argv;  ///< at least one; looked up in PATH as execvp does
    std::optional<std::vector<std::string>> env;  ///< `NAME=value`; nothing = the caller's
    std::string directory;                        ///< empty = the caller's
    Expect expect;
    std::optional<Duration> start;  ///< since the run began; nothing = after the one before
};

/// What ends a run: its main program, or the last of all that are not expected to keep running.
enum class RunEnd : std::uint8_t { with_main, with_all_that_end };

struct RunSpec {
    world::Spec world;
    std::vector<ProgramSpec> programs;  ///< in starting order; two may share a host
    std::size_t main = 0;               ///< index in `programs`: it has the terminal
    RunEnd end = RunEnd::with_main;
    std::string tap;  ///< the interface that is world::Spec::outside; empty where there is none
    std::string control_path;                          ///< socket for other terminals; empty = none
    Duration listener_wait = std::chrono::seconds{5};  ///< at most, before the next program starts
    /// At most, for the address that a program's host leases, before the program starts without.
    Duration lease_wait = std::chrono::seconds{10};
    /// Asleep for that long, a program that called nobody and listens to nobody is taken to wait
    /// for something else.
    Duration idle_wait = std::chrono::seconds{1};
    Duration end_grace = std::chrono::seconds{2};  ///< from SIGTERM to SIGKILL
    Duration drain = std::chrono::seconds{1};      ///< at most, for what is in flight at the end
};

/// A sentence for the user and what to type next (UX.md section 9); `help` may be empty.
struct Complaint {
    std::string sentence;
    std::string help;
};

/// Told of progress as it happens, on the loop's thread. Must not call the Supervisor.
class Observer {
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    virtual void on_started(std::size_t program, int pid);
    /// The program listens on a TCP port for the first time.
    virtual void on_listening(std::size_t program, Endpoint at, int backlog);
    /// `status` as waitpid() gives it.
    virtual void on_ended(std::size_t program, int pid, int status);
    /// Said once, and the run goes on.
    virtual void on_warning(const Complaint& warning);
};

/// How one program ended.
struct Ended {
    int pid = 0;
    std::optional<int>
        status;  ///< as waitpid() gives it; nothing = it was ended by us or never ran
    bool as_expected = false;
};

struct Outcome {
    int exit_status = 0;  ///< the main program's, 128+n for a signal; 125 to 127 = ours
    std::optional<Complaint> failure;              ///< why it is 125 to 127
    std::vector<Ended> programs;                   ///< in the order of RunSpec::programs
    int interrupted_by = 0;                        ///< the signal that a user ended it by; 0 = none
    std::vector<std::string> unknown_names = {};   ///< that programs asked for, each once
    std::vector<std::string> io_uring_users = {};  ///< programs that asked for it in vain
};

/// A process as the tools name it.
struct Owner {
    int pid = 0;
    int fd = -1;
    std::string comm;
};

/// One run. Everything happens inside run(), on the calling thread.
class Supervisor {
  public:
    Supervisor(RunSpec spec, event::Sink& sink, Observer& observer);
    ~Supervisor();

    /// The world of the run: for record_to() before run(), and for viewers after it.
    [[nodiscard]] world::World& world();
    /// Runs to the end. Takes SIGINT and SIGTERM of the process for as long.
    [[nodiscard]] Outcome run();

    /// `hello` of `hello[4709]`: the name of a process that took part in the run; empty if unknown.
    [[nodiscard]] std::string_view program_name(int pid) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::host

// One run of programs from its plan to its trace: what run, up and demo share.
#pragma once

#include <optional>
#include <string>

#include "cli/run_log.hpp"
#include "cli/say.hpp"
#include "host/supervisor.hpp"
#include "observe/trace.hpp"
#include "world/recorder.hpp"

namespace dt::cli {

struct SessionOptions {
    std::string record;  // path of the recording, empty = the next one in `folder`
    std::string folder;  // empty = without `record` there is none
    world::KeepText keep = world::KeepText::lengths;
    KeepEvents events = KeepEvents::no;
    StateWatcher* watcher = nullptr;
};

/// How a run went, and what it left to look at.
struct Session {
    host::Outcome outcome;
    observe::Trace trace;  // without events, unless they were to be kept
    Findings findings;
    std::string recording;  // path, empty if none was made
};

/// Runs the plan. Problems of the recording's file come before any program starts.
[[nodiscard]] Checked<Session> run_session(host::RunSpec plan, const SessionOptions& options,
                                           host::Observer& observer);

/// What an observer prints for every run: warnings, once each.
class QuietObserver : public host::Observer {
  public:
    void on_warning(const host::Complaint& warning) override;
};

/// Names of a world for its viewers: hosts, rules, 2·MSL.
void name_world(const world::World& world, observe::Trace& trace);

/// A path for the control socket of a run, in a folder that only this user may enter; empty where
/// none can be made.
[[nodiscard]] std::string control_folder();

/// `hello` beside this program, where PATH has none.
[[nodiscard]] std::string beside_us(const std::string& program);
/// Whether `program` is found as execvp would.
[[nodiscard]] bool is_in_path(const std::string& program);
/// The executable nearest to a program that was not found: in its folder, or in PATH.
[[nodiscard]] std::optional<std::string> nearest_program(const std::string& program);

}  // namespace dt::cli

// One line that moves while a program is waited for: `⠋ client  curl[4711]  SYN-SENT 0.8 s`. On a
// terminal only, from 0.3 s on, ten times a second; it is gone when the wait is over (UX §2).
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "event/state.hpp"
#include "observe/paint.hpp"

namespace dt::cli {

/// The `frame`-th picture of the line.
[[nodiscard]] std::string spinner_line(std::size_t frame, std::string_view what, event::State state,
                                       std::chrono::milliseconds waited, observe::Signs signs);

class Spinner {
  public:
    explicit Spinner(const observe::Paint& paint) : paint_(paint) {}
    Spinner(const Spinner&) = delete;
    Spinner& operator=(const Spinner&) = delete;
    ~Spinner() { stop(); }

    /// Begins to tell of `what`; nothing where stdout is no terminal. No program may be started
    /// from now on: a fork of a process with threads is not for us.
    void start(std::string what);
    void set(event::State state) { state_ = state; }
    void stop();

  private:
    void turn(const std::stop_token& token);

    const observe::Paint& paint_;
    std::string what_;
    std::atomic<event::State> state_ = event::State::closed;
    std::jthread thread_;
};

}  // namespace dt::cli

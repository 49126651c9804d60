// Drawing the spinner from a thread of its own: the loop of a run waits for programs meanwhile.
#include "cli/spinner.hpp"

#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "cli/terminal.hpp"

namespace dt::cli {

namespace {

constexpr std::array<std::string_view, 8> unicode_frames{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠇"};
constexpr std::array<std::string_view, 4> ascii_frames{"|", "/", "-", "\\"};
constexpr std::chrono::milliseconds first{300};
constexpr std::chrono::milliseconds step{100};

}  // namespace

std::string spinner_line(std::size_t frame, std::string_view what, event::State state,
                         std::chrono::milliseconds waited, observe::Signs signs) {
    const std::string_view sign = signs == observe::Signs::ascii
                                      ? ascii_frames.at(frame % ascii_frames.size())
                                      : unicode_frames.at(frame % unicode_frames.size());
    return fmt::format("{} {}  {} {:.1f} s", sign, what, event::name(state),
                       static_cast<double>(waited.count()) / 1000);
}

void Spinner::start(std::string what) {
    if (!stdout_is_terminal() || thread_.joinable()) return;
    what_ = std::move(what);
    thread_ = std::jthread([this](const std::stop_token& token) { turn(token); });
}

void Spinner::turn(const std::stop_token& token) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    std::chrono::milliseconds waited = first;
    (void)stopped.wait_for(lock, token, first, [] { return false; });
    for (std::size_t i = 0; !token.stop_requested(); ++i) {
        fmt::print("\r{}\x1b[K", spinner_line(i, what_, state_.load(), waited, paint_.signs));
        (void)std::fflush(stdout);
        (void)stopped.wait_for(lock, token, step, [] { return false; });
        waited += step;
    }
    fmt::print("\r\x1b[K");
    (void)std::fflush(stdout);
}

void Spinner::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

}  // namespace dt::cli

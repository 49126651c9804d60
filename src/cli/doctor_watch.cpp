// The lines of doctor --watch, and on a terminal a head line that stays on top of them.
#include "cli/doctor_watch.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "cli/terminal.hpp"
#include "doctor/watch.hpp"
#include "os/clock.hpp"

namespace dt::cli {

namespace {

// A handler of signals can reach nothing else.
std::atomic<bool> has_ended{false};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void end_watch(int) { has_ended = true; }

/// The top line of a terminal, kept out of what scrolls (DECSTBM), and given back at the end.
class HeadLine {
  public:
    HeadLine() {
        winsize size{};
        if (!stdout_is_terminal() || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return;
        constexpr int fewest = 4;
        if (size.ws_row < fewest) return;
        rows_ = size.ws_row;
        fmt::print("\x1b[2J\x1b[2;{}r\x1b[2;1H", rows_);
    }
    ~HeadLine() {
        if (rows_ == 0) return;
        fmt::print("\x1b[r\x1b[{};1H\n", rows_);
        (void)std::fflush(stdout);
    }
    HeadLine(const HeadLine&) = delete;
    HeadLine& operator=(const HeadLine&) = delete;
    HeadLine(HeadLine&&) = delete;
    HeadLine& operator=(HeadLine&&) = delete;

    void show(const std::string& text, const observe::Paint& paint) const {
        if (rows_ == 0) return;
        const std::string line = paint.left(text, paint.width);
        fmt::print(
            "\x1b"
            "7\x1b[1;1H\x1b[2K{}\x1b"
            "8",
            paint.tint(line, observe::Tone::strong));
    }

  private:
    int rows_ = 0;  ///< 0: no terminal, no head line
};

std::string head_text(const doctor::Answer& answer, rules::Language language) {
    const auto& sockets = answer.evidence.after.sockets;
    const auto tcp = std::ranges::count(sockets, rules::Protocol::tcp, &rules::Socket::protocol);
    const auto listeners = std::ranges::count(sockets, event::State::listen, &rules::Socket::state);
    const std::vector<rules::Value> values{
        {"name", answer.setting.host_name},
        {"sockets", rules::counted(language, "sockets", static_cast<std::uint64_t>(tcp))},
        {"listeners", rules::counted(language, "listeners", static_cast<std::uint64_t>(listeners))},
        {"found", rules::findings_text(language, answer.verdict.findings.size())}};
    return rules::filled(rules::text_of(language, rules::rule(0), "watching"), values);
}

}  // namespace

Problem unreadable(const os::Failure& failure) {
    return {fmt::format("cannot read the sockets of this host: {}", failure.text()),
            "the kernel must have INET_DIAG, and AF_NETLINK must be allowed here",
            exit_ours,
            {}};
}

int watch_host(doctor::Question question, const Common& common, Duration limit) {
    question.may_probe = false;  // a probe held again and again would be in a server's way
    question.stop = &has_ended;
    for (const int signal : {SIGINT, SIGTERM}) (void)std::signal(signal, end_watch);
    doctor::WatchLog log(question.language);
    const observe::Paint paint = common.paint();
    const HeadLine head;
    const Instant begin = os::now();
    do {
        const auto answer = doctor::ask_host(question);
        if (!answer) return complain(unreadable(answer.error()));
        if (has_ended) break;
        head.show(head_text(*answer, question.language), paint);
        const std::string time = observe::time_of_day(Duration{os::wall_time_ns()}).substr(0, 8);
        for (const doctor::WatchLine& line :
             log.update(os::now(), answer->evidence, answer->verdict)) {
            const auto tone = line.sign == '-' ? observe::Tone::good : observe::Tone::worst;
            const std::string sign = paint.tint(std::string(1, line.sign), tone);
            fmt::print("{}  {} {}\n", time, sign, paint.plain(line.text));
        }
        (void)std::fflush(stdout);
    } while (os::now() - begin < limit && !has_ended);
    return log.has_found() ? 1 : 0;
}

}  // namespace dt::cli

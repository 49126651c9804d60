// Asking the terminal.
#include "cli/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include "os/fd.hpp"

namespace dt::cli {

namespace {

constexpr int patience_ms = 50;

bool write_all(int fd, std::string_view text) {
    return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// Everything up to the `R` of a cursor report, `ESC [ row ; column R`.
std::string read_report(int fd) {
    std::string report;
    std::array<char, 32> part{};
    while (report.size() < part.size() && !report.ends_with('R')) {
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, patience_ms) <= 0) return {};
        const ssize_t got = ::read(fd, part.data(), part.size());
        if (got <= 0) return {};
        report.append(part.data(), static_cast<std::size_t>(got));
    }
    return report;
}

int column_of(std::string_view report) {
    const std::size_t semicolon = report.find(';');
    if (semicolon == std::string_view::npos) return 0;
    int column = 0;
    std::from_chars(report.data() + semicolon + 1, report.data() + report.size(), column);
    return column;
}

/// The column behind a `─` at the left edge; 0 where the terminal does not say.
int column_behind_a_line() {
    const os::UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    const int fd = terminal.get();
    // In the background, changing the terminal would stop us.
    if (fd < 0 || ::tcgetpgrp(fd) != ::getpgrp()) return 0;
    termios before{};
    if (::tcgetattr(fd, &before) != 0) return 0;
    termios raw = before;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    if (::tcsetattr(fd, TCSANOW, &raw) != 0) return 0;
    int column = 0;
    if (write_all(fd, "\r─\x1b[6n")) column = column_of(read_report(fd));
    (void)write_all(fd, "\r\x1b[K");
    ::tcsetattr(fd, TCSANOW, &before);
    return column;
}

}  // namespace

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }

std::uint16_t output_width() {
    winsize size{};
    if (!stdout_is_terminal() || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 100;
    return std::clamp<std::uint16_t>(size.ws_col, 80, 140);
}

bool is_utf8_locale() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* set = std::getenv(name);
        const std::string_view value = set == nullptr ? std::string_view{} : set;
        if (value.empty()) continue;
        return value.find("UTF-8") != std::string_view::npos ||
               value.find("utf8") != std::string_view::npos ||
               value.find("UTF8") != std::string_view::npos ||
               value.find("utf-8") != std::string_view::npos;
    }
    return false;
}

bool draws_lines_wide() {
    constexpr int behind_two_cells = 3;
    static const bool is_wide = stdout_is_terminal() && column_behind_a_line() == behind_two_cells;
    return is_wide;
}

}  // namespace dt::cli

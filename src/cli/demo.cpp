// dialtone demo: two programs, one call, every packet and state of it (UX §2).
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/flags.hpp"
#include "cli/plan.hpp"
#include "cli/recordings.hpp"
#include "cli/session.hpp"
#include "cli/spinner.hpp"
#include "hello_source.hpp"
#include "observe/ladder.hpp"

namespace dt::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view page = "http://10.0.0.2:8080/";

/// A folder for what curl fetched; gone with this object.
class ScratchFolder {
  public:
    ScratchFolder() {
        std::error_code failed;
        std::string name = (fs::temp_directory_path(failed) / "dialtone-demo-XXXXXX").string();
        if (mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string file(std::string_view name) const {
        return fmt::format("{}/{}", path_, name);
    }

  private:
    std::string path_;
};

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// `200` of `HTTP/1.0 200 OK`.
std::string status_in(const std::string& headers) {
    const std::size_t space = headers.find(' ');
    return space == std::string::npos ? "?" : headers.substr(space + 1, 3);
}

std::string first_line(std::string text) {
    text.erase(std::min(text.find('\n'), text.size()));
    return text;
}

/// The system's curl, or our own client where there is none.
std::vector<std::string> client_program(const ScratchFolder& scratch) {
    for (const char* curl : {"/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"}) {
        if (access(curl, X_OK) != 0) continue;
        return {curl,
                "-sS",
                "--max-time",
                "20",
                "-o",
                scratch.file("body"),
                "-D",
                scratch.file("headers"),
                std::string{page}};
    }
    return {beside_us("hello"), "--get", "10.0.0.2", "8080"};
}

class DemoObserver final : public QuietObserver, public StateWatcher {
  public:
    DemoObserver(const observe::Paint& paint, const Common& common)
        : paint_(paint), common_(common), spinner_(paint) {}
    void on_started(std::size_t program, int pid) override {
        (program == 0 ? server : client) = pid;
        if (program == 1 && !common_.json && !common_.quiet) {
            spinner_.start(fmt::format("client  {}[{}]", client_name, pid));
        }
    }
    void on_ended(std::size_t program, int, int) override {
        if (program == 1) spinner_.stop();
    }
    void on_state(event::HostIndex host, event::State state) override {
        if (host == 0) spinner_.set(state);
    }
    void on_listening(std::size_t, Endpoint at, int backlog) override {
        if (common_.json) return;
        fmt::print("{} server  hello[{}]  listens on {} with backlog {}\n",
                   paint_.plain(paint_.tint("✓", observe::Tone::good)), server,
                   wire::print(at).view(), backlog);
        static_cast<void>(std::fflush(stdout));
    }

    int server = 0;
    int client = 0;
    std::string client_name;

  private:
    const observe::Paint& paint_;
    const Common& common_;
    Spinner spinner_;
};

/// When something first happened on one side of the ladder.
std::optional<Instant> when(const observe::Ladder& ladder, observe::Side side,
                            std::string_view text) {
    for (const observe::Row& row : ladder.rows) {
        const observe::Cell& cell = side == observe::Side::left ? row.left : row.right;
        if (cell.at && cell.text.starts_with(text)) return cell.at;
    }
    return std::nullopt;
}

Instant last_moment(const observe::Ladder& ladder) {
    Instant last = ladder.zero;
    for (const observe::Row& row : ladder.rows) {
        last = std::max({last, row.left.at.value_or(last), row.right.at.value_or(last)});
    }
    return last;
}

std::string at(const observe::Ladder& ladder, Instant time) {
    return fmt::format("{} {}", observe::in_unit(time - ladder.zero, ladder.unit),
                       observe::name(ladder.unit));
}

/// 4 of the row `accept(3) = 4`.
std::string result_in(const observe::Ladder& ladder, std::string_view call) {
    for (const observe::Row& row : ladder.rows) {
        const std::size_t equals = row.right.text.rfind("= ");
        if (row.right.text.starts_with(call) && equals != std::string::npos)
            return row.right.text.substr(equals + 2);
    }
    return "?";
}

/// `curl` of `curl[4711]`.
std::string name_in(const std::string& program) { return program.substr(0, program.find('[')); }

/// A paragraph in lines of at most `width` cells, two spaces in.
std::string paragraph(std::string_view text, std::size_t width) {
    std::string out;
    std::size_t column = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const bool begins = column == 0 || column + 1 + observe::cells(word) > width;
        if (begins && column != 0) out += '\n';
        out += begins ? "  " : " ";
        out += word;
        column = (begins ? 2 : column + 1) + observe::cells(word);
    }
    return out + "\n";
}

/// What the picture above shows, in words; only what really happened in this run.
std::string what_to_notice(const observe::Ladder& ladder, std::size_t width) {
    std::string text;
    const auto connected = when(ladder, observe::Side::left, "ESTABLISHED");
    const auto accepted = when(ladder, observe::Side::right, "accept(");
    if (connected && accepted) {
        text += paragraph(
            fmt::format("connect() was done at {}, accept() came at {}: the stack completes a "
                        "connection in the accept queue (1/5), the program collects it, as a new "
                        "descriptor: {}. Descriptor {} stays LISTEN.",
                        at(ladder, *connected), at(ladder, *accepted), result_in(ladder, "accept("),
                        result_in(ladder, "socket(")),
            width);
    }
    if (when(ladder, observe::Side::left, "TIME-WAIT")) {
        text += paragraph(
            fmt::format("{} closed first, so TIME-WAIT (60 s) is on the client. The server could "
                        "restart at once.",
                        name_in(ladder.left_program)),
            width);
    } else if (when(ladder, observe::Side::right, "TIME-WAIT")) {
        text += paragraph(fmt::format("{} closed first, so TIME-WAIT (60 s) is on the server.",
                                      name_in(ladder.right_program)),
                          width);
    }
    return text.empty() ? text : "What to notice\n" + text;
}

std::string next_steps(const observe::Paint& paint) {
    const auto command = [&](std::string_view text) {
        return paint.tint(text, observe::Tone::command);
    };
    return fmt::format(
        "Next\n"
        "  {}           this ladder again, from its recording\n"
        "  {}   your own program; the same call when the first SYN is lost:\n"
        "  {}\n",
        command("dialtone ladder"), command("dialtone run -- PROGRAM"),
        command("dialtone run --fault drop,seg=syn,nth=1 --with server='hello 8080' -- curl "
                "server:8080"));
}

Checked<host::RunSpec> demo_plan(const ScratchFolder& scratch, const std::string& hello,
                                 const std::optional<std::string>& seed) {
    RunFlags flags;
    flags.seed = seed;
    flags.links = {"delay=10ms"};
    flags.withs = {fmt::format("server={} 8080", hello)};
    flags.program = client_program(scratch);
    return plan_of_flags(flags);
}

/// The demo's call, whichever other flows the client made (name look-ups).
std::optional<observe::Flow> the_call(const observe::Trace& trace) {
    for (const observe::Flow& flow : observe::flows_of(trace)) {
        if (flow.server.port == Port{8080}) return flow;
    }
    return std::nullopt;
}

int show(const Session& session, const ScratchFolder& scratch, const DemoObserver& observer,
         const Common& common) {
    const auto flow = the_call(session.trace);
    if (!flow) return complain({"the client never called the server", "", exit_failure, {}});
    const observe::Ladder ladder = observe::make_ladder(session.trace, *flow, {});
    if (common.json) {
        fmt::print("{}", observe::ladder_json(ladder, session.trace));
        return exit_ok;
    }
    const observe::Paint paint = common.paint();
    const Instant end = last_moment(ladder);
    const std::string body = text_of(scratch.file("body"));
    fmt::print(
        "{}", paint.plain(fmt::format(
                  "{} client  {}   GET {} → {}{}, {}\n", paint.tint("✓", observe::Tone::good),
                  session.trace.program(observer.client), page,
                  status_in(text_of(scratch.file("headers"))),
                  body.empty() ? "" : fmt::format(", \"{}\"", first_line(body)), at(ladder, end))));
    fmt::print("{}{}{}", observe::ladder_text(ladder, paint),
               paint.plain(what_to_notice(ladder, paint.width)), paint.plain(next_steps(paint)));
    return exit_ok;
}

}  // namespace

int demo_command(const Arguments& arguments) {
    Flags flags("demo");
    Common common;
    bool wants_source = false;
    std::optional<std::string> seed;
    flags.add_common(common);
    flags.app().add_flag("--source", wants_source);
    flags.app().add_option("--seed", seed);
    if (const auto code = flags.read(arguments)) return *code;
    if (wants_source) {
        fmt::print("{}", hello_source);
        return exit_ok;
    }
    const std::string hello = beside_us("hello");
    if (hello.empty()) {
        return complain({"`hello`, the server of the demo, is not beside dialtone",
                         "build the target hello too: cmake --build build/release",
                         exit_ours,
                         {}});
    }
    const ScratchFolder scratch;
    auto plan = demo_plan(scratch, hello, seed);
    if (!plan) return complain(plan.error());
    const observe::Paint paint = common.paint();
    if (!common.json) {
        fmt::print(
            "Two hosts on a private link (delay 10 ms each way). Your network is not touched.\n");
        static_cast<void>(std::fflush(stdout));
    }
    DemoObserver observer(paint, common);
    observer.client_name = fs::path(plan->programs.back().argv.front()).filename().string();
    SessionOptions options;
    options.folder = recordings_folder();
    options.events = KeepEvents::yes;
    options.watcher = &observer;
    const auto session = run_session(std::move(*plan), options, observer);
    if (!session) return complain(session.error());
    const host::Outcome& outcome = session->outcome;
    if (outcome.failure) {
        return complain(
            {outcome.failure->sentence, outcome.failure->help, outcome.exit_status, {}});
    }
    if (outcome.interrupted_by != 0) return 128 + outcome.interrupted_by;
    if (outcome.exit_status != 0) {
        return complain({fmt::format("the client ended with status {}", outcome.exit_status),
                         session->recording.empty() ? "" : "dialtone ladder",
                         exit_failure,
                         {}});
    }
    return show(*session, scratch, observer, common);
}

}  // namespace dt::cli

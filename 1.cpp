// dialtone doctor: what is wrong with the sockets of this Linux host.
#include "doctor/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "cli/doctor_watch.hpp"
#include "cli/flags.hpp"
#include "doctor/names.hpp"
#include "rules/number_text.hpp"

namespace dt::cli {

namespace {

struct DoctorFlags {
    Common common;
    doctor::Question question;
    std::string language;
    bool may_not_probe = false;
    bool watches = false;
    std::string watch_time;
    std::string page;  // --html FILE
};

/// --lang, else LC_ALL, LC_MESSAGES or LANG, the first that is set; English for what is not there.
std::optional<rules::Language> language_for(const std::string& wanted) {
    if (!wanted.empty()) return rules::language_of(wanted);
    for (const char* const name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets the environment, no thread runs yet
        const char* const value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        return rules::language_of(value).value_or(rules::Language::english);
    }
    return rules::Language::english;
}

Problem bad_target(const std::string& word) {
    return {fmt::format("`{}` is neither a port, an address nor a process", word),
            "write :8080, 10.0.0.7:5432, [::1]:80, db:5432 or pid 4242",
            exit_usage,
            {}};
}

Problem unknown_name(const std::string& name, const doctor::NameTrouble& trouble) {
    constexpr int cannot_be_judged = 3;
    return {fmt::format("the name `{}` has no address: {}", name, trouble.why),
            trouble.is_temporary
                ? "see whether the name server answers: dialtone doctor -- getent hosts NAME"
                : "write an address, or correct the name",
            trouble.is_temporary ? cannot_be_judged : exit_usage,
            {}};
}

/// `db:5432`: the name is looked up, and each of its addresses is judged.
std::optional<Problem> read_name(const std::string& word, doctor::Question& question) {
    const auto colon = word.rfind(':');
    if (colon == std::string::npos || colon == 0) return bad_target(word);
    const auto port = Endpoint::parse("*" + word.substr(colon));
    const std::string name = word.substr(0, colon);
    if (!port || port->port.is_any() || name.contains(':')) return bad_target(word);
    const auto found = doctor::look_up(name);
    if (!found) return unknown_name(name, found.error());
    if (found->empty()) return bad_target(word);
    question.target.endpoint = Endpoint{found->front(), port->port};
    question.more.assign(std::next(found->begin()), found->end());
    question.name = name;
    return std::nullopt;
}

/// `:8080`, `10.0.0.7:5432`, `db:5432`.
std::optional<Problem> read_endpoint(const std::string& word, doctor::Question& question) {
    const std::string_view text = word;
    const bool is_port = text.starts_with(':') || text.starts_with("*:");
    const auto endpoint = Endpoint::parse(text.starts_with(':') ? "*" + word : word);
    if (!endpoint && !is_port) return read_name(word, question);
    if (!endpoint || endpoint->port.is_any()) return bad_target(word);
    question.target.endpoint = *endpoint;
    question.target.is_any_address = is_port;
    return std::nullopt;
}

std::optional<Problem> read_target(const std::vector<std::string>& words,
                                   doctor::Question& question) {
    if (words.empty()) return std::nullopt;
    if (words[0] != "pid") {
        return words.size() == 1 ? read_endpoint(words[0], question) : bad_target(words[1]);
    }
    if (words.size() != 2) return bad_target("pid");
    std::int32_t pid = 0;
    const char* const end = words[1].data() + words[1].size();
    const auto [stop, error] = std::from_chars(words[1].data(), end, pid);
    if (error != std::errc{} || stop != end || pid <= 0) return bad_target("pid " + words[1]);
    question.target.pid = pid;
    return std::nullopt;
}

void tell_progress(const DoctorFlags& flags) {
    if (flags.common.quiet) return;
    const std::vector<rules::Value> values{{"window", rules::span(flags.question.window)}};
    tell(rules::filled(rules::text_of(flags.question.language, rules::rule(0), "reading"), values));
}

bool write_page(const std::string& path, const doctor::Answer& answer) {
    std::ofstream file(path);
    file << doctor::html_report(answer.evidence, answer.verdict, answer.setting);
    return static_cast<bool>(file.flush());
}

int show(const DoctorFlags& asked, doctor::Answer answer) {
    answer.setting.is_verbose = asked.common.verbose;
    if (!asked.page.empty() && !write_page(asked.page, answer)) {
        return complain({fmt::format("cannot write `{}`", asked.page),
                         "--html needs a file that can be written",
                         exit_failure,
                         {}});
    }
    const std::string report =
        asked.common.json ? doctor::json_report(answer.evidence, answer.verdict, answer.setting)
                          : doctor::text_report(answer.evidence, answer.verdict, answer.setting,
                                                asked.common.paint());
    fmt::print("{}", report);
    return doctor::exit_code_of(answer.verdict, answer.setting);
}

int watch(const DoctorFlags& asked) {
    Duration limit = Duration::max();
    if (!asked.watch_time.empty()) {
        const auto time = link::parse_duration({asked.watch_time, 1});
        if (!time) return complain(problem_of("--for", asked.watch_time, time.error()));
        limit = *time;
    }
    return watch_host(asked.question, asked.common, limit);
}

bool is_capture_name(std::string_view word) {
    return word.ends_with(".pcap") || word.ends_with(".pcapng") || word.ends_with(".cap");
}

int judge_capture(const DoctorFlags& asked, const std::string& path) {
    const auto answer = doctor::ask_capture(path, asked.question.language);
    if (answer) return show(asked, *answer);
    return complain({fmt::format("cannot read `{}`: {}", path, answer.error()),
                     "write a file that tcpdump -w or dumpcap has written",
                     exit_usage,
                     {}});
}

/// Everything behind `--` is the command.
CommandLine split_command(const Arguments& arguments) {
    const auto dashes = std::ranges::find(arguments, "--");
    CommandLine line{{arguments.begin(), dashes}, {}};
    if (dashes != arguments.end()) line.program.assign(std::next(dashes), arguments.end());
    return line;
}

int judge_command(const DoctorFlags& asked, const Arguments& command) {
    const auto answer = doctor::ask_command(asked.question, command);
    if (answer) return show(asked, answer->answer);
    const os::Failure& failure = answer.error();
    if (std::string_view{failure.call} == "execve") {
        return complain(
            {fmt::format("program `{}` cannot be started: {}", command[0], failure.text()),
             "write a program of the PATH, or its path",
             failure.number == ENOENT ? exit_not_found : exit_not_executable,
             {}});
    }
    return complain({fmt::format("cannot trace a program here: {}", failure.text()),
                     "ptrace and seccomp must be allowed (docker run --cap-add SYS_PTRACE)",
                     exit_ours,
                     {}});
}

}  // namespace

int doctor_command(const Arguments& arguments) {
    DoctorFlags asked;
    std::vector<std::string> words;
    const CommandLine line = split_command(arguments);
    Flags flags("doctor");
    flags.add_common(asked.common);
    flags.app().add_option("--lang", asked.language);
    flags.app().add_flag("--no-probe", asked.may_not_probe);
    flags.app().add_option("--html", asked.page);
    flags.app().add_flag("--watch", asked.watches);
    flags.app().add_option("--for", asked.watch_time);
    flags.app().add_option("target", words);
    if (const auto code = flags.read(line.flags)) return *code;
    const auto language = language_for(asked.language);
    if (!language) {
        return complain({fmt::format("--lang `{}`: no such language", asked.language),
                         "write --lang en or --lang ko",
                         exit_usage,
                         {}});
    }
    asked.question.language = *language;
    asked.question.may_probe = !asked.may_not_probe;
    if (words.size() == 1 && is_capture_name(words[0]) && line.program.empty()) {
        return judge_capture(asked, words[0]);
    }
    if (const auto problem = read_target(words, asked.question)) return complain(*problem);
    if (!line.program.empty()) return judge_command(asked, line.program);
    if (asked.watches) return watch(asked);
    tell_progress(asked);
    const auto answer = doctor::ask_host(asked.question);
    if (!answer) return complain(unreadable(answer.error()));
    return show(asked, *answer);
}

}  // namespace dt::cli
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
#include "rules/number_text.hpp"

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
        {"sockets", rules::grouped(static_cast<std::uint64_t>(tcp))},
        {"listeners", rules::grouped(static_cast<std::uint64_t>(listeners))},
        {"count", std::to_string(answer.verdict.findings.size())}};
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
// Help texts: the first screen, and the topics that are longer than a command's --help.
#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "cli/command.hpp"

namespace dt::cli {

namespace {

constexpr std::string_view first_screen =
    R"(Ask your sockets why. A TCP/IP stack you can run programs on, see into and break. Start here:
  dialtone demo                     two programs, one call, every packet and state of it
  dialtone run -- PROGRAM ARGS…     your program on a private network: no root, nothing changed
  dialtone doctor                   what is wrong with the sockets of this Linux host, in 2 s
Run      run · up network.toml · replay FILE [--at TIME]
Explain  ladder · ss
Learn    help run|up|demo|ss|ladder|replay|tap|doctor|faults|exit-codes
Common   --json  --color auto|always|never  --ascii  -q  -v  --seed N  --version
)";

constexpr std::string_view run_topic =
    R"(Runs a program, unmodified, on a private in-memory network.
Usage: dialtone run [OPTIONS] -- PROGRAM [ARGS…]
  dialtone run -- ./server.test                              run a test; keep a recording
  dialtone run --with server='hello 8080' -- curl http://server:8080/   two hosts, one link
  dialtone run --fault drop,seg=syn,nth=1 -- ./client.test   lose the first SYN
Network  --link [A<->B:]delay=20ms,loss=1%,…   default: one link, no delay, no loss
         --with NAME='PROGRAM ARGS'    one more host on the link; NAME resolves to its address
         --ipv6                        IPv6 beside IPv4; link N is fd00:10:0:N::/64
         --tap NAME[,ip=A/LEN[,gw=G]]  the kernel joins the link by TAP interface NAME (help tap)
Break    --fault ACTION,…     drop delay dup corrupt reorder silence; dialtone help faults
         --seed N             same seed, same faults; printed when something fails
Keep     --record FILE        default: the last 5 runs, under $XDG_STATE_HOME/dialtone
         --record-data        keep what streams carry too, not only how much
Common   -q  -v
The program's host is `client`, 10.0.0.1; the exit status is the program's (help exit-codes).
)";

constexpr std::string_view up_topic =
    R"(Starts the hosts of a file and the programs on them, unmodified.
Usage: dialtone up [--seed N] [--record FILE] network.toml
  seed   = 0x5eed
  links  = ["client<->proxy: delay=20ms,loss=0.1%", "proxy<->app: delay=1ms,rate=100Mbit"]
  faults = ["app->proxy: drop,seg=data,nth=1"]
  [hosts]
  client = { run = "wrk -c 40 -d 5s http://proxy:8080/" }
  proxy  = { run = "haproxy -f proxy.cfg", expect = "running" }
  app    = { run = "hello 9000", expect = "running", sysctl = { somaxconn = 128 } }
Programs that are expected to keep running start first, each when the one before listens; then the
others, in file order. The run ends when these have ended. expect = "exit N" (default 0), "running",
"signal N"; start = "1s" starts a program at that time instead. Link N is 10.0.N.0/24, N from 0, and
its hosts have 10.0.N.1, 10.0.N.2, … in file order; address = "10.0.0.9" gives a host another one.
ipv6 = true gives every host IPv6 too: link N is fd00:10:0:N::/64.
The exit status is 0 if every program ended as expected, else 1 (dialtone help exit-codes).
)";

constexpr std::string_view tap_topic =
    R"(Joins the network to the real one by a TAP interface; the Linux kernel is one more host, `outside`.
Usage: dialtone run --tap NAME[,ip=A/LEN[,gw=G]] -- PROGRAM [ARGS…]      in a file: tap = "NAME,…"
  unshare -Urn dialtone run --tap dt0 -- sh -c 'sleep 60'      a private kernel network, without root
  dialtone run --tap dt0,ip=10.9.0.2/24,gw=10.9.0.1 -- PROGRAM
  NAME   the interface. Where there is none, it is made, gets the address of `outside`, comes up, and
         goes at the end of the run. One that exists (ip tuntap add mode tap) is used as it is.
  ip=    the address of the program's host and its network; without it 10.0.0.1/24
  gw=    the address of `outside`, and where packets for other networks go
Hosts of --with are on the same network. --link and --fault can name `outside` like any host; links
that touch frames turn offloading to the kernel off. /dev/net/tun must be open to the caller.
)";

constexpr std::string_view demo_topic =
    R"(Two programs on two hosts of a private network make one call; you see every packet and state of it.
Usage: dialtone demo [--source] [--seed N] [--json] [--ascii] [--color WHEN]
  --source   prints the server, a plain program on plain sockets; the client is the system's curl
The demo is recorded like any run: dialtone ladder shows it again. How to read it: dialtone help ladder
)";

constexpr std::string_view ss_topic =
    R"(The sockets of a run: of the one that is going on, or of a recording at any time.
Usage: dialtone ss [-l] [-t] [-u] [-a] [-i] [-p] [--json] [--run PID] [FILTER…]
       dialtone ss --at TIME [--file FILE] …      TIME since the run began: 60ms, 1.36s
  -l listeners   -t TCP   -u UDP   -a unfold   -i cwnd, rtt and more   -p programs and descriptors
  FILTER   state NAME · sport = :PORT · dport = :PORT · src ADDRESS · dst ADDRESS
  SYNQ     SYN queue of a listener: half-open entries/limit
  ACCQ     accept queue: waiting/limit; 3/2! is full, ✗10: SYNs ignored; queued 1 = first in line
  RECVQ    octets the program has not read      SENDQ   octets the peer has not acknowledged
  REFS     descriptors of programs              RTX     retransmissions of what is in flight
)";

constexpr std::string_view replay_topic =
    R"(Runs a recording again without its programs, and compares every event with the recorded one.
Usage: dialtone replay [FILE] [--at TIME] [--until pN|eN] [--json] [--ascii] [--color WHEN]
  without --at   the ladder of the whole run       --at TIME   the sockets at that time since it began
  --until p31    stops when that event has happened
Without FILE the newest recording is read. Exit status 1 if the replay differs from the recording.
)";

constexpr std::string_view doctor_topic =
    R"(What is wrong with the sockets of this Linux host: causes, with proof and fix. Needs no root.
Usage: dialtone doctor [TARGET | -- COMMAND…] [--watch [--for SPAN]] [--html FILE] [--no-probe]
                       [--lang en|ko] [--json] [--ascii] [--color WHEN] [-q]
  dialtone doctor                everything that is found, worst first
  dialtone doctor :8080          one port: who has it, its queue; why a server could not start there
  dialtone doctor db:5432        what concerns one address, or each address of a name
  dialtone doctor pid 4242       the sockets of one process
  dialtone doctor trace.pcapng   a capture: refusals, resets, losses, shut windows, with packet numbers
  dialtone doctor -- ./server    runs a program; why its socket calls failed or waited
It reads sockets and counters for 2 s and changes nothing. For :PORT without a listener it binds one
scratch socket, closes it at once and says so; --no-probe leaves that out.
  --html FILE    writes the report as one page too      -v   also the command line of each owner
  --watch        looks again and again: + appeared, ~ changed by a quarter, - gone; --for 60s ends it
  certain   all evidence that tells this cause from others was read      likely   not all
Exit status: 0 nothing found, 1 findings, 3 what was asked cannot be judged, 2 wrong usage.
Each rule, its evidence and its fix: docs/diagnosis.
)";

constexpr std::string_view faults_topic =
    R"(Links and faults, on the command line and in network.toml alike.
  spec   = [ where ":" ] item { "," item }          item = WORD | WORD "=" value
  where  = NAME | NAME "->" NAME | NAME "<->" NAME  absent = all
  value  = 250us 20ms 1.5s 2m · 1% · 4096B 64KiB 1MB · 10Mbit 1Gbit · 3 · 1..3
--link   delay jitter loss reorder dup corrupt rate queue=SIZE mtu=SIZE
--fault  ACTION , [seg=syn|synack|ack|data|fin|rst|any] [nth=COUNT|RANGE] [every=COUNT] [p=PERCENT]
         [port=N] [flow=N] [after=SIZE] [at=DURATION] [for=DURATION]; delay: by=DURATION
         ACTION = drop delay dup corrupt reorder silence
Examples drop,seg=syn,nth=1          lose the first SYN
         server: silence,at=2s       a dead peer
         client->server: drop,seg=ack,nth=1     lose the last ACK of the handshake
)";

constexpr std::string_view ladder_topic =
    R"(A ladder shows one flow: both ends, every segment, call, state and queue change.
Usage: dialtone ladder [FILE] [--flow N[,N…]|all] [--list] [--fold N|fK] [--clock wall]
                       [-v] [--json] [--ascii] [--color WHEN]
  left and right time   when it happened at that host: departure on one side, arrival on the other
  ── S 0:0(0) ──▶       flags S F R P . (S. = SYN,ACK), first:last(length), ack N; relative numbers
  ╳                     lost on the link             ✗L1   ignored or refused by the host, see below
  ↻2                    sent again, the second time  ▸ ◂   octets from the program, to the program
  1  0/5                SYN queue, accept queue of the listener: waiting/limit; 3/2! is full
  ┄ 415 segments        folded; --fold f1 opens it, --fold 0 opens all
  ┼                     passes a host: where three hosts or more talk, all flows stand in one
                        picture, a lane for each link, and states and calls are notes
Times count from the flow's first event; --clock wall shows the time of day. -v shows windows, options
and absolute numbers, and cuts nothing. Without FILE the newest recording is read. Without --flow: the
flow with most trouble, else the last one; all flows where three hosts or more talk.
)";

constexpr std::string_view exit_topic =
    R"(Exit codes
  run        the program's status, 128+n if signal n ended it
  up         0 all programs ended as expected, 1 not, 128+n if signal n ended the run
  doctor     0 nothing found, 1 findings, 3 what was asked cannot be judged
  125        Dialtone itself failed     126  program not executable     127  program not found
  2          wrong usage or file        1    any other failure
)";

struct Topic {
    std::string_view name;
    std::string_view text;
};
constexpr auto topics = std::to_array<Topic>({{"run", run_topic},
                                              {"up", up_topic},
                                              {"demo", demo_topic},
                                              {"ss", ss_topic},
                                              {"ladder", ladder_topic},
                                              {"tap", tap_topic},
                                              {"replay", replay_topic},
                                              {"doctor", doctor_topic},
                                              {"faults", faults_topic},
                                              {"exit-codes", exit_topic}});

}  // namespace

int help_command(const Arguments& arguments) {
    const observe::Paint paint = paint_for(ColourChoice::never, observe::Signs::unicode);
    const bool asks_for_all = arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h";
    if (asks_for_all) {
        fmt::print("{}", paint.plain(first_screen));
        return exit_ok;
    }
    std::vector<std::string_view> names;
    for (const Topic& topic : topics) {
        names.push_back(topic.name);
        if (topic.name != arguments[0]) continue;
        fmt::print("{}", paint.plain(topic.text));
        return exit_ok;
    }
    return complain({fmt::format("no help on `{}`", arguments[0]),
                     fmt::format("topics: {}", fmt::join(names, ", ")),
                     exit_usage,
                     {}});
}

}  // namespace dt::cli

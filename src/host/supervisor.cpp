// One run: one loop that owns the world, the calls of the programs and the octets between both.
#include "host/supervisor.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <fstream>
#include <iterator>

#include "host/call_desk.hpp"
#include "host/control.hpp"
#include "host/name_service.hpp"
#include "host/outside_line.hpp"
#include "host/programs.hpp"
#include "host/switchboard.hpp"
#include "host/view.hpp"
#include "os/clock.hpp"
#include "os/epoll.hpp"
#include "os/process.hpp"

namespace dt::host {
namespace {

constexpr int exit_ours = 125;
constexpr std::uint64_t signal_token = 1;
constexpr std::uint64_t outside_token = 2;
constexpr std::uint64_t control_tokens = 0x100;
constexpr std::uint64_t line_tokens = 0x10000;  // and up, below Switchboard::least_token

constexpr Duration settle_after_listen = 20ms;  // a second port of the same program
constexpr Duration leaving_time = 50ms;         // a server may have to be asked for by ARP first
constexpr Duration quiet_at_end = 50ms;         // programs answer what the network brought
constexpr Duration failed_sweep = 200ms;
constexpr Duration parked_sweep = 1s;
constexpr int rounds_at_once = 32;

/// The run is over when all its phases are.
enum class Course : std::uint8_t {
    running,
    quieting,  ///< the main program ended: what is in flight arrives
    ending,    ///< the others were asked to end
    killing,   ///< they did not
    draining,  ///< nobody is left: the network comes to rest
    leaving,   ///< leases go back to their servers
    over,
};

bool is_ignored(int signal) {
    struct sigaction action {};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// Blocks the signals that a run takes by descriptor; gives them back at its end. One that our
/// caller ignores (nohup, a shell's background job) stays ignored: blocked, it would come.
class Signals {
  public:
    Signals() {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, SIGCHLD);
        for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
            if (!is_ignored(number)) ::sigaddset(&set, number);
        }
        ::sigprocmask(SIG_BLOCK, &set, &before_);
        fd_ = os::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals() {
        signalfd_siginfo left{};
        while (::read(fd_.get(), &left, sizeof left) == sizeof left) {
        }
        ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    sigset_t before_{};
    os::UniqueFd fd_;
};

int exit_status_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// The links of a host as its programs shall see them: with its IPv6 addresses also while those are
/// being proved, for who starts then asks only once.
std::vector<OwnLink> links_of(const world::World& world, event::HostIndex host) {
    constexpr std::uint8_t length_v6 = 64;
    const std::vector<IpAddr> v6 = world.addresses_v6(host);
    const auto& interfaces = world.interfaces(host);
    std::vector<OwnLink> links;
    for (std::size_t i = 1; i < interfaces.size(); ++i) {  // 0 is lo: the kernel has its own
        const ip::Interface& each = interfaces[i];
        OwnLink& link = links.emplace_back(each.name, each.mac, each.mtu, each.addresses);
        const bool lacks = i <= v6.size() &&
                           std::ranges::find(link.addresses, v6[i - 1], &wire::Prefix::network) ==
                               link.addresses.end();
        if (lacks) link.addresses.push_back({v6[i - 1], length_v6});
    }
    return links;
}

std::string resolv_conf() {
    std::ifstream file("/etc/resolv.conf");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

void Observer::on_started(std::size_t, int) {}
void Observer::on_listening(std::size_t, Endpoint, int) {}
void Observer::on_ended(std::size_t, int, int) {}
void Observer::on_warning(const Complaint&) {}

struct Supervisor::Parts {
    Parts(RunSpec wanted, event::Sink& sink, Observer& watcher)
        : spec(std::move(wanted)),
          observer(watcher),
          world(spec.world, sink),
          programs(spec, observer),
          lines(spec.programs.size()) {}

    /// What there is only while the run lasts.
    struct Live {
        Live(Parts& parts, os::Epoll poller)
            : epoll(std::move(poller)),
              board(parts.world, epoll, tasks),
              desk(board, tasks),
              names(parts.world, board) {}
        os::Epoll epoll;
        Tasks tasks;
        Switchboard board;
        CallDesk desk;
        NameService names;
        Signals signals;
        std::optional<Control> control;
        std::optional<OutsideLine> outside;
    };

    RunSpec spec;
    Observer& observer;
    world::World world;
    Programs programs;
    std::vector<std::optional<CallDesk::LineNumber>> lines;  // by program
    std::vector<std::size_t> program_of_line;
    std::vector<bool> told_listening = std::vector<bool>(lines.size());

    Course stage = Course::running;
    Instant began{};
    Instant stage_began{};
    Instant last_activity{};
    Instant last_start{};
    Instant next_sweep{};
    std::size_t next_program = 0;
    bool told_no_lease = false;
    bool has_more = false;  // settle() stopped at its bound
    std::optional<Programs::Trouble> trouble;
    int interrupted_by = 0;

    [[nodiscard]] Outcome run();
    void begin(Live& live);
    void open_outside(Live& live);
    void open_control(Live& live);
    void loop_once(Live& live);
    void settle(Live& live);
    void handle(Live& live, std::span<const epoll_event> events);
    void on_signal(Live& live);
    void tell_listening(Live& live);
    void start_due(Live& live);
    [[nodiscard]] bool waits_for_lease(Live& live);
    [[nodiscard]] bool may_start_next(Live& live);
    void start(Live& live, std::size_t program);
    void step_to_end(Live& live);
    [[nodiscard]] Course after_draining() const;
    void enter(Course next, Live& live);
    void interrupt(int number, bool from_terminal, Live& live);
    [[nodiscard]] Instant next_deadline(Live& live) const;
    [[nodiscard]] Duration in_stage(Live& live) const { return live.board.now() - stage_began; }
};

Supervisor::Supervisor(RunSpec spec, event::Sink& sink, Observer& observer)
    : parts_(std::make_unique<Parts>(std::move(spec), sink, observer)) {}
Supervisor::~Supervisor() = default;
world::World& Supervisor::world() { return parts_->world; }
Outcome Supervisor::run() { return parts_->run(); }
std::string_view Supervisor::program_name(int pid) const { return parts_->programs.name(pid); }

Outcome Supervisor::Parts::run() {
    auto epoll = os::Epoll::make();
    if (!epoll) return {exit_ours, Complaint{epoll.error().text(), ""}, {}};
    Live live(*this, std::move(*epoll));
    begin(live);
    while (stage != Course::over) loop_once(live);
    Outcome outcome;
    outcome.programs = programs.summary();
    outcome.interrupted_by = interrupted_by;
    outcome.unknown_names = live.names.unknown();
    outcome.io_uring_users = live.desk.io_uring_users();
    outcome.exit_status = exit_ours;
    if (const auto status = programs.status(spec.main)) {
        outcome.exit_status = exit_status_of(*status);
    }
    if (trouble) {
        outcome.exit_status = trouble->exit_status;
        outcome.failure = trouble->complaint;
    }
    return outcome;
}

void Supervisor::Parts::begin(Live& live) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)live.epoll.add(live.signals.fd(), EPOLLIN, signal_token);
    programs.prepare();
    live.desk.set_name_servers(name_servers_in(resolv_conf()));
    began = os::now();
    live.board.set_now(began);
    stage_began = last_activity = last_start = began;
    next_sweep = began + failed_sweep;
    if (!spec.control_path.empty()) open_control(live);
    if (!spec.tap.empty()) open_outside(live);
    live.names.open(spec.world.hosts.size());
    live.board.turn();
}

void Supervisor::Parts::open_outside(Live& live) {
    auto line = OutsideLine::open(spec.tap, world, live.epoll, outside_token);
    if (!line) {
        trouble = {exit_ours, line.error()};
        stage = Course::over;
        return;
    }
    live.outside.emplace(std::move(*line));
    world.connect_outside(*live.outside);
}

void Supervisor::Parts::open_control(Live& live) {
    auto control = Control::open(spec.control_path, live.epoll, control_tokens);
    if (control) {
        live.control.emplace(std::move(*control));
        return;
    }
    observer.on_warning({"`dialtone ss` cannot look at this run: its control socket " +
                             spec.control_path + " cannot be made (" + control.error().text() + ")",
                         ""});
}

void Supervisor::Parts::loop_once(Live& live) {
    std::array<epoll_event, 64> room{};
    const auto events = live.epoll.wait(room, next_deadline(live) - os::now());
    live.board.set_now(os::now());
    if (!events.empty()) last_activity = live.board.now();
    handle(live, events);
    settle(live);
    if (live.board.now() >= next_sweep) {
        live.desk.sweep();
        live.board.sweep();
        next_sweep = live.board.now() + failed_sweep;
    }
    tell_listening(live);
    start_due(live);
    step_to_end(live);
}

void Supervisor::Parts::handle(Live& live, std::span<const epoll_event> events) {
    // Pairs first: a close() comes before the call that follows it.
    for (const epoll_event& event : events) {
        if (event.data.u64 < Switchboard::least_token) continue;
        live.board.on_pair_event(PlugHandle::from_word(event.data.u64), event.events);
    }
    for (const epoll_event& event : events) {
        const std::uint64_t token = event.data.u64;
        if (token >= Switchboard::least_token) continue;
        if (token >= line_tokens) {
            const auto line = static_cast<CallDesk::LineNumber>(token - line_tokens);
            live.desk.serve(line, os::now);
            if ((event.events & EPOLLHUP) != 0) live.desk.hang_up(line);
        } else if (live.control && live.control->owns(token)) {
            const auto request = live.control->on_event(token);
            if (!request) continue;
            live.control->answer(request->client,
                                 answer_request(request->line, world, live.board, programs, began));
        } else if (token == outside_token) {
            live.outside->on_readable();  // settle() reads those frames
        } else {
            on_signal(live);
        }
    }
}

/// Runs the world, parked calls and pairs until none of them has anything to do now, within a
/// bound: calls that wait meanwhile come first then.
void Supervisor::Parts::settle(Live& live) {
    has_more = false;
    for (int round = 0; round < rounds_at_once; ++round) {
        live.board.set_now(os::now());
        // Before the timers that are due: an ACK that lay there in time stops a retransmission.
        if (live.outside) live.outside->receive(live.board.now(), world);
        live.board.turn();
        if (!live.board.has_news()) return;
        while (const auto edge = live.board.next_stray()) live.names.on_edge(*edge);
        while (const auto handle = live.board.next_woken()) live.desk.retry(*handle);
        live.board.carry();
    }
    has_more = true;
}

Instant Supervisor::Parts::next_deadline(Live& live) const {
    if (has_more) return live.board.now();
    Instant next = std::min(world.deadline(), live.desk.deadline());
    const Instant now = live.board.now();
    const bool watches = live.board.has_failed_plugs() || live.desk.has_parked();
    if (watches) next = std::min(next, next_sweep);
    if (stage != Course::running) next = std::min(next, now + 5ms);
    if (stage == Course::running && next_program < spec.programs.size()) {
        next = std::min(next, now + 5ms);
    }
    return next;
}

void Supervisor::Parts::on_signal(Live& live) {
    signalfd_siginfo info{};
    while (::read(live.signals.fd(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            programs.reap();
        } else {
            interrupt(static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL, live);
        }
    }
}

/// Ctrl-C reaches the main program by itself (it shares our process group), kill(1) does not.
void Supervisor::Parts::interrupt(int number, bool from_terminal, Live& live) {
    if (stage != Course::running && stage != Course::quieting) {
        return enter(Course::killing, live);
    }
    interrupted_by = number;
    if (!from_terminal) programs.signal(Programs::Who::main, number);
    enter(Course::ending, live);
}

void Supervisor::Parts::tell_listening(Live& live) {
    for (std::size_t line = 0; line < program_of_line.size(); ++line) {
        const std::size_t program = program_of_line[line];
        const CallDesk::Seen& seen = live.desk.seen(line);
        if (!seen.listener || told_listening[program]) continue;
        told_listening[program] = true;
        observer.on_listening(program, *seen.listener, seen.backlog);
    }
}

/// A program that connects at once should find an address, as behind network-online.target.
bool Supervisor::Parts::waits_for_lease(Live& live) {
    const std::string& name = spec.programs[next_program].host;
    const auto host = world.host(name);
    if (!host || !world.is_leasing(*host)) return false;
    if (live.board.now() - began < spec.lease_wait) return true;
    if (!told_no_lease) {
        observer.on_warning({"host `" + name + "` has no address: no DHCP server on " + spec.tap +
                                 " has given it one yet",
                             "its program starts without; the host goes on asking"});
    }
    told_no_lease = true;
    return false;
}

/// Whether the programs started so far are ready: each listens (and has for a moment), or is a
/// client, or has ended, or waits for something else, or has had its time.
bool Supervisor::Parts::may_start_next(Live& live) {
    if (waits_for_lease(live)) return false;
    const Instant now = live.board.now();
    if (const auto& start = spec.programs[next_program].start) return now - began >= *start;
    if (next_program == 0) return true;
    const std::size_t before = next_program - 1;
    if (programs.has_ended(before) || now - last_start >= spec.listener_wait) return true;
    if (!lines[before]) return true;
    const CallDesk::Seen& seen = live.desk.seen(*lines[before]);
    if (seen.connected) return true;
    if (seen.listened) return now - *seen.listened >= settle_after_listen;
    return now - programs.asleep_since(before, now) >= spec.idle_wait;
}

void Supervisor::Parts::start_due(Live& live) {
    while (stage == Course::running && next_program < spec.programs.size() &&
           may_start_next(live)) {
        start(live, next_program++);
    }
}

void Supervisor::Parts::start(Live& live, std::size_t program) {
    const auto host = world.host(spec.programs[program].host);
    if (!host) {
        trouble = {exit_ours, {"host `" + spec.programs[program].host + "` does not exist", ""}};
        return enter(Course::ending, live);
    }
    auto listener = programs.start(program, links_of(world, *host));
    if (!listener) {
        trouble = listener.error();
        return enter(Course::ending, live);
    }
    const CallDesk::LineNumber line = live.desk.add_line(*host, std::move(*listener));
    lines[program] = line;
    program_of_line.push_back(program);
    (void)live.epoll.add(live.desk.fd(line), EPOLLIN, line_tokens + line);
    last_start = live.board.now();
}

void Supervisor::Parts::enter(Course next, Live& live) {
    if (next <= stage) return;
    stage = next;
    stage_began = live.board.now();
    if (next >= Course::quieting) programs.begin_end();
    if (next == Course::ending) programs.signal(Programs::Who::others, SIGTERM);
    if (next == Course::killing) programs.signal(Programs::Who::all, SIGKILL);
    if (next == Course::leaving) world.leave(live.board.now());
}

/// Only what is leased is given back.
Course Supervisor::Parts::after_draining() const {
    const auto leases = [](const world::HostSpec& each) {
        return each.config.dhcp == event::Switch::on;
    };
    return std::ranges::any_of(spec.world.hosts, leases) ? Course::leaving : Course::over;
}

/// The end of a run: the main program's; then what is in flight; then everybody else's.
void Supervisor::Parts::step_to_end(Live& live) {
    const Instant now = live.board.now();
    // Only asked for at the end: it looks at every socket.
    const auto is_quiet = [&] {
        return now - last_activity >= quiet_at_end && world.in_flight(now) == 0;
    };
    const auto is_alone = [] { return os::descendants(::getpid()).empty(); };
    switch (stage) {
        case Course::running:
            if (programs.are_done()) enter(Course::quieting, live);
            return;
        case Course::quieting:
            if (is_quiet() || in_stage(live) >= spec.drain) enter(Course::ending, live);
            return;
        case Course::ending:
            if (is_alone()) return enter(Course::draining, live);
            if (in_stage(live) >= spec.end_grace) enter(Course::killing, live);
            return;
        case Course::killing:
            programs.signal(Programs::Who::all, SIGKILL);
            if (is_alone() || in_stage(live) >= spec.end_grace) enter(Course::draining, live);
            return;
        case Course::draining:
            if (is_quiet() || in_stage(live) >= spec.drain) enter(after_draining(), live);
            return;
        case Course::leaving:
            if (in_stage(live) >= leaving_time) enter(Course::over, live);
            return;
        case Course::over: return;
    }
}

}  // namespace dt::host

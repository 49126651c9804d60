// Follows the socket calls of a traced program and judges those that failed or waited.
#include "doctor/command.hpp"

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "doctor/descriptor.hpp"
#include "doctor/followed.hpp"
#include "os/clock.hpp"
#include "os/process.hpp"

namespace dt::doctor {

namespace {

using rules::Call;
using rules::CallKind;

constexpr Duration slow_connect = 900ms;
/// Below this an answer's lateness has nothing to do with a retransmission (RTO_MIN is 200 ms; a
/// tail loss probe may go out somewhat earlier).
constexpr Duration late_answer = 150ms;
/// A connection that was used within this time does not come out of a pool.
constexpr Duration idle_time = 100ms;
constexpr std::uint16_t name_service = 53;

class Judge final : public CallWatcher {
  public:
    Judge(Host& host, const Question& question) : host_(host), question_(question) {}

    bool on_call(const Stop& stop) override;
    void on_return(const Stop& stop) override;
    [[nodiscard]] Answer answer();

  private:
    bool begin_control(const Stop& stop, CallKind kind);
    bool begin_transfer(const Stop& stop, CallKind kind);
    void control_returned(Begun begun, int error);
    void accept_returned(const Stop& stop, const Begun& begun);
    void transfer_returned(const Stop& stop, Begun begun);
    void socket_returned(const Stop& stop, const Begun& begun);
    void error_asked(const Stop& stop, const Begun& begun);
    void sent(const Begun& begun, Known& known);
    void received(const Begun& begun, Known& known);
    void query_sent(const Begun& begun, const Known& known);
    bool is_stale(Begun& begun, Known& known);
    void transfer_failed(Begun begun, Known& known, int error);
    void connect_ended(Begun begun, int error);
    [[nodiscard]] std::optional<rules::Race> race_lost_by(const Begun& winner) const;
    void count_exchange(const Begun& begun, Known& known);
    void judge(Begun begun, int error);
    void keep(const rules::Evidence& evidence, rules::Verdict verdict);

    Host& host_;
    const Question& question_;
    std::map<pid_t, Begun> begun_;
    std::map<Key, Known> known_;
    Lookups lookups_;
    std::set<std::string> told_;
    rules::Evidence last_;
    rules::Verdict verdict_;
    std::vector<std::string> undecided_;
    bool was_probed_ = false;
};

Key key_of(const Call& call) { return {call.pid, call.fd}; }

bool Judge::on_call(const Stop& stop) {
    const Key key{os::process_of(stop.thread).value_or(stop.thread),
                  static_cast<int>(stop.arguments[0])};
    if (stop.number == SYS_close) {
        known_.erase(key);
        return false;
    }
    if (stop.number == SYS_socket) {
        begun_[stop.thread] = begin(stop, CallKind::socket);
        begun_[stop.thread].call.fd = -1;
        return stop.arguments[0] == AF_INET || stop.arguments[0] == AF_INET6;
    }
    if (stop.number == SYS_shutdown) {
        const auto known = known_.find(key);
        if (known != known_.end() && stop.arguments[1] != SHUT_RD) {
            known->second.is_shut_down = true;
        }
        return false;
    }
    if (stop.number == SYS_getsockopt) {
        const bool asks_error = stop.arguments[1] == SOL_SOCKET && stop.arguments[2] == SO_ERROR;
        if (!asks_error || !known_[key].connecting) return false;
        begun_[stop.thread] = begin(stop, CallKind::connect);
        begun_[stop.thread].result_address = stop.arguments[3];
        return true;
    }
    const auto kind = kind_of(stop.number);
    if (!kind) return false;
    const bool is_transfer = *kind == CallKind::receive || *kind == CallKind::send;
    return is_transfer ? begin_transfer(stop, *kind) : begin_control(stop, *kind);
}

bool Judge::begin_control(const Stop& stop, CallKind kind) {
    Begun begun = begin(stop, kind);
    if (kind == CallKind::bind || kind == CallKind::connect) {
        sockaddr_storage storage{};
        const std::size_t asked = std::min<std::size_t>(stop.arguments[2], sizeof storage);
        const std::size_t size = read_memory(stop.thread, stop.arguments[1], &storage, asked);
        const auto name = from_sockaddr(storage, size);
        if (!name) return false;  // another family, or nothing to read
        begun.call.address = name->endpoint;
        begun.call.scope = name->scope;
        begun.call.family = name->family;
    }
    if (kind == CallKind::connect) begun.before.sockets = host_.snapshot().sockets;
    if (kind != CallKind::accept) begun.before.counters = Host::counters();
    begun_[stop.thread] = std::move(begun);
    return true;
}

/// A request on a connection that has been used and lay idle: whether the peer has closed it.
void note_stale(const Begun& begun, Known& known) {
    const Duration idle = begun.since - known.last_transfer;
    known.stale.reset();
    if (!known.is_connected || !known.has_received || known.sends == 0 || idle < idle_time) return;
    const auto found = options_of(begun.call.pid, begun.call.fd);
    if (!found || !found->info || found->info->state != event::State::close_wait) return;
    known.stale = rules::Stale{idle};
}

/// A datagram's own destination, where the call names one.
void name_destination(const Stop& stop, Call& call) {
    if (stop.number != SYS_sendto || stop.arguments[4] == 0) return;
    sockaddr_storage storage{};
    const std::size_t asked = std::min<std::size_t>(stop.arguments[5], sizeof storage);
    const std::size_t size = read_memory(stop.thread, stop.arguments[4], &storage, asked);
    const auto name = from_sockaddr(storage, size);
    if (!name) return;
    call.address = name->endpoint;
    call.family = name->family;
}

/// Whether the call waited as long as the program's own time limit for the socket says.
bool has_own_limit(Begun& begun) {
    begun.call.took = os::now() - begun.since;
    constexpr Duration shortest = 5ms;  // a call that does not wait is over sooner
    if (begun.never_waits || begun.call.took < shortest) return false;
    const auto found = options_of(begun.call.pid, begun.call.fd);
    if (!found || found->options.is_nonblocking) return false;
    const bool receives = begun.call.kind == CallKind::receive;
    const Duration limit = receives ? found->options.receive_limit : found->options.send_limit;
    return limit > Duration{} && begun.call.took >= limit;
}

bool Judge::begin_transfer(const Stop& stop, CallKind kind) {
    Begun begun = begin(stop, kind);
    const auto known = known_.find(key_of(begun.call));
    if (known == known_.end()) return false;
    Known& socket = known->second;
    begun.call.was_accepted = socket.was_accepted;
    begun.call.is_first_receive = !socket.has_received;
    begun.call.sends_before = socket.sends;
    begun.call.is_shut_down = socket.is_shut_down;
    begun.call.connect_error = socket.connect_error;
    begun.call.address = socket.peer;
    if (kind == CallKind::send) {
        name_destination(stop, begun.call);
        begun.call.size = size_of_send(stop);
        note_stale(begun, socket);
    }
    begun.before.counters = socket.at_begin;
    if (kind == CallKind::receive && socket.sends_since_receive >= 2) {
        const auto found = options_of(begun.call.pid, begun.call.fd);
        socket.was_held =
            found && found->info && found->info->notsent_bytes > 0 && !found->options.has_no_delay;
    }
    begun_[stop.thread] = std::move(begun);
    return true;
}

void Judge::on_return(const Stop& stop) {
    const auto found = begun_.find(stop.thread);
    if (found == begun_.end()) return;
    Begun begun = std::move(found->second);
    begun_.erase(found);
    const std::int64_t restart = -512;  // and below: interrupted, the kernel calls it again
    if (stop.result <= restart && stop.result > -4096) return;
    const int error = stop.result < 0 ? static_cast<int>(-stop.result) : 0;
    if (begun.result_address != 0) return error_asked(stop, begun);
    switch (begun.call.kind) {
        case CallKind::socket: return socket_returned(stop, begun);
        case CallKind::accept: return accept_returned(stop, begun);
        case CallKind::receive:
        case CallKind::send: return transfer_returned(stop, std::move(begun));
        case CallKind::bind:
        case CallKind::listen:
        case CallKind::connect: return control_returned(std::move(begun), error);
    }
}

void Judge::control_returned(Begun begun, int error) {
    if (begun.call.kind != CallKind::connect) {
        if (error != 0) judge(std::move(begun), error);
        return;
    }
    Known& known = known_[key_of(begun.call)];
    if (!known.connecting) {
        const rules::Protocol protocol = known.protocol;
        known = Known{};
        known.protocol = protocol;
        known.peer = begun.call.address;
        known.at_begin = begun.before.counters;
    }
    if (error == EINPROGRESS) {
        if (has_own_limit(begun)) return judge(std::move(begun), error);
        known.connecting = std::move(begun);
        return;
    }
    if (error == EALREADY || error == EINTR || error == EISCONN || error == EAGAIN) return;
    if (known.connecting) begun = *std::exchange(known.connecting, std::nullopt);
    connect_ended(std::move(begun), error);
}

void Judge::socket_returned(const Stop& stop, const Begun& begun) {
    if (stop.result >= 0) {
        Known& known = known_[{begun.call.pid, static_cast<int>(stop.result)}];
        known = Known{};
        constexpr std::uint64_t type_mask = 0xf;  // SOCK_NONBLOCK and SOCK_CLOEXEC lie above
        const bool is_datagram = (stop.arguments[1] & type_mask) == SOCK_DGRAM;
        known.protocol = is_datagram ? rules::Protocol::udp : rules::Protocol::tcp;
        return;
    }
    if (stop.result == -EMFILE || stop.result == -ENFILE) {
        judge(begun, static_cast<int>(-stop.result));
    }
}

void Judge::accept_returned(const Stop& stop, const Begun& begun) {
    if (stop.result >= 0) {
        Known& known = known_[{begun.call.pid, static_cast<int>(stop.result)}];
        known = Known{};
        known.was_accepted = true;
        known.is_connected = true;
        known.last_transfer = os::now();
        known.at_begin = Host::counters();
        const auto found = options_of(begun.call.pid, static_cast<int>(stop.result));
        if (found) known.peer = found->options.remote;
        return;
    }
    if (stop.result == -EMFILE || stop.result == -ENFILE) {
        judge(begun, static_cast<int>(-stop.result));
    }
}

/// SO_ERROR: the result of a connect that was begun without waiting.
void Judge::error_asked(const Stop& stop, const Begun& begun) {
    int error = 0;
    Known& known = known_[key_of(begun.call)];
    if (stop.result != 0 || !known.connecting) return;
    if (read_memory(stop.thread, begun.result_address, &error, sizeof error) != sizeof error) {
        return;
    }
    connect_ended(*std::exchange(known.connecting, std::nullopt), error);
}

void Judge::connect_ended(Begun begun, int error) {
    const Duration took = os::now() - begun.since;
    begun.call.took = took;
    Known& known = known_[key_of(begun.call)];
    known.connect_error = error;
    known.is_connected = error == 0;
    known.last_transfer = os::now();
    if (error == 0) begun.call.race = race_lost_by(begun);
    const auto options = options_of(begun.call.pid, begun.call.fd);
    const bool is_itself = options && options->options.local == options->options.remote;
    if (error != 0 || took >= slow_connect || is_itself || begun.call.race) {
        judge(std::move(begun), error);
    }
}

/// A connect over IPv6 to the same port that has waited longer than this one over IPv4.
std::optional<rules::Race> Judge::race_lost_by(const Begun& winner) const {
    if (winner.call.family != Family::v4) return std::nullopt;
    for (const auto& [key, known] : known_) {
        if (key.first != winner.call.pid || !known.connecting) continue;
        const Begun& other = *known.connecting;
        const Duration ahead = winner.since - other.since;
        if (other.call.family != Family::v6 || ahead < late_answer) continue;
        if (other.call.address.port != winner.call.address.port) continue;
        return rules::Race{other.call.address, ahead};
    }
    return std::nullopt;
}

void Judge::transfer_returned(const Stop& stop, Begun begun) {
    Known& known = known_[key_of(begun.call)];
    if (stop.result < 0)
        return transfer_failed(std::move(begun), known, static_cast<int>(-stop.result));
    if (known.connecting) connect_ended(*std::exchange(known.connecting, std::nullopt), 0);
    if (stop.result == 0 && begun.call.kind == CallKind::receive && is_stale(begun, known)) {
        return judge(std::move(begun), 0);
    }
    if (begun.call.kind == CallKind::send) {
        sent(begun, known);
    } else {
        received(begun, known);
    }
    count_exchange(begun, known);
    known.last_transfer = os::now();
}

void Judge::transfer_failed(Begun begun, Known& known, int error) {
    if (error == EINTR) return;
    if (error == EAGAIN) {
        if (has_own_limit(begun)) judge(std::move(begun), error);
        return;
    }
    if (known.connecting) {
        return connect_ended(*std::exchange(known.connecting, std::nullopt), error);
    }
    switch (error) {
        case EPIPE:
        case ECONNRESET: (void)is_stale(begun, known); break;
        case ETIMEDOUT:
        case ECONNREFUSED:
        case ENOTCONN:
        case EDESTADDRREQ:
        case EMSGSIZE:
        case EPERM: break;
        default: return;
    }
    judge(std::move(begun), error);
}

/// Whether the request before went to a peer that had closed already, and was answered by a reset.
/// The reset may still be on its way: it is waited for, a few round trips at most.
bool Judge::is_stale(Begun& begun, Known& known) {
    const auto stale = std::exchange(known.stale, std::nullopt);
    if (!stale) return false;
    for (int tries = 0; tries < 20; ++tries) {
        const auto found = options_of(begun.call.pid, begun.call.fd);
        if (!found || !found->info) return false;
        if (found->info->state == event::State::closed) {
            begun.call.stale = stale;
            return true;
        }
        sleep_for(10ms);
    }
    return false;
}

/// Notes what the connection was like as the request went out.
void Judge::sent(const Begun& begun, Known& known) {
    if (known.protocol == rules::Protocol::udp) return query_sent(begun, known);
    const auto found =
        known.is_connected ? options_of(begun.call.pid, begun.call.fd) : std::nullopt;
    known.at_send = found ? found->info : std::nullopt;
}

void Judge::query_sent(const Begun& begun, const Known& known) {
    if (begun.call.address.port.value() != name_service) return;
    Begun query = begun;
    query.call.lookup = lookups_.asked(begun.call.pid, begun.call.address, os::now());
    query.call.protocol = known.protocol;
    if (query.call.lookup) judge(std::move(query), 0);
}

/// An answer that came late: whether TCP had to send the request again before.
void Judge::received(const Begun& begun, Known& known) {
    if (known.protocol == rules::Protocol::udp) {
        return lookups_.answered(begun.call.pid, begun.call.address);
    }
    const auto at_send = std::exchange(known.at_send, std::nullopt);
    const Duration waited = os::now() - known.last_transfer;
    if (!at_send || waited < late_answer) return;
    const auto found = options_of(begun.call.pid, begun.call.fd);
    if (!found || !found->info || found->info->total_retrans <= at_send->total_retrans) return;
    // An answer that had lain there for some time kept nobody waiting; and a DSACK says that the
    // request had arrived the first time.
    constexpr std::uint32_t just_now_ms = 50;
    const bool was_needless = found->info->dsack_dups > at_send->dsack_dups;
    if (was_needless || found->info->last_data_recv_ms > just_now_ms) return;
    Begun late = begun;
    late.call.repeat = {waited, found->info->total_retrans - at_send->total_retrans};
    judge(std::move(late), 0);
}

/// Write, write, read: where the second write was still held back when the read began, and the read
/// waited as long as a delayed ACK does.
void Judge::count_exchange(const Begun& begun, Known& known) {
    if (begun.call.kind == CallKind::send) {
        ++known.sends;
        ++known.sends_since_receive;
        return;
    }
    known.has_received = true;
    if (std::exchange(known.sends_since_receive, 0) < 2) return;
    const Duration waited = os::now() - begun.since;
    ++known.exchanges.all;
    if (!std::exchange(known.was_held, false) || waited < 30ms || waited > 250ms) return;
    ++known.exchanges.held;
    known.exchanges.longest = std::max(known.exchanges.longest, waited);
    if (known.exchanges.held % 5 != 0) return;
    Begun wait = begun;
    wait.call.exchanges = known.exchanges;
    judge(std::move(wait), 0);
}

void Judge::judge(Begun begun, int error) {
    rules::Evidence evidence;
    Call& call = begun.call;
    call.error = error;
    if (call.took == Duration{}) call.took = os::now() - begun.since;
    call.program = os::name_of(call.pid);
    describe_process(call);
    if (const auto found = options_of(call.pid, call.fd)) {
        call.options = found->options;
        call.info = found->info;
        call.protocol = found->protocol;
        call.family = call.options->local.addr.is_v4() ? Family::v4 : Family::v6;
    }
    evidence.after = host_.snapshot();
    evidence.before = std::move(begun.before);
    evidence.window = call.took;
    host_.read_settings(evidence);
    host_.read_owners(evidence);
    Host::read_process(call.pid, evidence);
    evidence.route = host_.route(call.address.addr);
    const bool is_taken = call.kind == CallKind::bind && error == EADDRINUSE &&
                          !call.address.port.is_any() && call.protocol == rules::Protocol::tcp;
    if (is_taken && question_.may_probe) {
        evidence.probe = probe_bind(call.address, call.scope);
        was_probed_ = true;
    }
    evidence.call = call;
    keep(evidence, rules::judge(evidence));
}

void Judge::keep(const rules::Evidence& evidence, rules::Verdict verdict) {
    const Call& call = *evidence.call;
    if (verdict.findings.empty() && call.error != 0) {
        const std::vector<rules::Value> values{{"call", std::string{rules::name(call.kind)}},
                                               {"program", call.program},
                                               {"pid", std::to_string(call.pid)},
                                               {"errno", os::errno_name(call.error)}};
        const std::string sentence = rules::filled(
            rules::text_of(question_.language, rules::rule(0), "unexplained"), values);
        if (told_.insert(sentence).second) undecided_.push_back(sentence);
    }
    for (rules::Finding& finding : verdict.findings) {
        const std::string what = rules::name(finding.rule) + finding.subject;
        if (told_.insert(what).second) verdict_.findings.push_back(std::move(finding));
    }
    verdict_.rules_run = verdict.rules_run;
    last_ = evidence;
}

Answer Judge::answer() {
    Answer answer{std::move(last_), std::move(verdict_), setting_here(question_.language)};
    rules::rank(answer.verdict);
    answer.setting.undecided = std::move(undecided_);
    answer.setting.was_probed = was_probed_;
    answer.setting.target_part = answer.verdict.findings.empty() ? "command" : "command.found";
    answer.setting.unseen = host_.unseen();
    const std::size_t count = answer.verdict.findings.size();
    const std::vector<rules::Value> values{{"count", std::to_string(count)}};
    const std::string_view part = count == 1 ? "finding" : "findings";
    answer.setting.target.push_back(
        {"found", rules::filled(rules::text_of(question_.language, rules::rule(0), part), values)});
    return answer;
}

}  // namespace

os::SysResult<CommandAnswer> ask_command(const Question& question,
                                         const std::vector<std::string>& command) {
    auto host = Host::open();
    if (!host) return std::unexpected(host.error());
    Judge judge(*host, question);
    const auto status = trace(command, judge);
    if (!status) return std::unexpected(status.error());
    return CommandAnswer{judge.answer(), *status};
}

}  // namespace dt::doctor
// Reads a socket of another process.
#include "doctor/descriptor.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <string>

#include "doctor/host.hpp"
#include "doctor/inet_diag.hpp"
#include "doctor/netlink_bytes.hpp"
#include "doctor/proc_text.hpp"
#include "os/process.hpp"

namespace dt::doctor {

namespace {

int number_of(int fd, int level, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, option, &value, &size) == 0 ? value : 0;
}

Duration limit_of(int fd, int option) {
    timeval value{};
    socklen_t size = sizeof value;
    if (::getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) return {};
    return std::chrono::seconds{value.tv_sec} + std::chrono::microseconds{value.tv_usec};
}

bool flag_of(int fd, int level, int option) { return number_of(fd, level, option) != 0; }

template <class Ask>
std::optional<NamedEndpoint> name_of(int fd, Ask ask) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* const name = reinterpret_cast<sockaddr*>(&storage);
    if (ask(fd, name, &size) != 0) return std::nullopt;
    return from_sockaddr(storage, size);
}

std::optional<rules::TcpInfo> info_of(int fd) {
    tcp_info kernel{};
    socklen_t size = sizeof kernel;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &kernel, &size) != 0) return std::nullopt;
    return tcp_info_of(kernel);
}

}  // namespace

std::optional<Looked> options_of(pid_t pid, int fd) {
    const auto process = os::open_process(pid);
    if (!process) return std::nullopt;
    const auto copy = os::borrow(process->get(), fd);
    if (!copy) return std::nullopt;
    const int own = copy->get();
    const auto local = name_of(own, ::getsockname);
    if (!local) return std::nullopt;
    Looked looked;
    looked.options.has_reuse_addr = flag_of(own, SOL_SOCKET, SO_REUSEADDR);
    looked.options.has_reuse_port = flag_of(own, SOL_SOCKET, SO_REUSEPORT);
    looked.options.is_v6only =
        local->family == Family::v6 && flag_of(own, IPPROTO_IPV6, IPV6_V6ONLY);
    looked.options.has_no_delay = flag_of(own, IPPROTO_TCP, TCP_NODELAY);
    looked.options.is_listening = flag_of(own, SOL_SOCKET, SO_ACCEPTCONN);
    looked.options.is_nonblocking = (::fcntl(own, F_GETFL) & O_NONBLOCK) != 0;
    looked.options.receive_limit = limit_of(own, SO_RCVTIMEO);
    looked.options.send_limit = limit_of(own, SO_SNDTIMEO);
    const bool is_v4 = local->family == Family::v4;
    const int discovery = is_v4 ? number_of(own, IPPROTO_IP, IP_MTU_DISCOVER)
                                : number_of(own, IPPROTO_IPV6, IPV6_MTU_DISCOVER);
    looked.options.may_fragment = discovery != IP_PMTUDISC_DO && discovery != IP_PMTUDISC_PROBE;
    looked.options.path_mtu = static_cast<std::uint32_t>(
        is_v4 ? number_of(own, IPPROTO_IP, IP_MTU) : number_of(own, IPPROTO_IPV6, IPV6_MTU));
    looked.options.local = local->endpoint;
    looked.options.is_bound = !local->endpoint.port.is_any();
    if (const auto remote = name_of(own, ::getpeername)) {
        looked.options.remote = remote->endpoint;
    }
    looked.protocol = number_of(own, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM ? rules::Protocol::udp
                                                                        : rules::Protocol::tcp;
    if (looked.protocol == rules::Protocol::tcp) looked.info = info_of(own);
    return looked;
}

void describe_process(rules::Call& call) {
    const std::string folder = "/proc/" + std::to_string(call.pid);
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0) call.euid = status.st_uid;
    if (const auto capabilities = effective_capabilities(read_text(folder + "/status"))) {
        call.may_bind_low = (*capabilities >> CAP_NET_BIND_SERVICE & 1U) != 0;
    }
}

}  // namespace dt::doctor
// Calls of a traced program, as their registers say them.
#include "doctor/followed.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "os/clock.hpp"
#include "os/process.hpp"

namespace dt::doctor {

using rules::CallKind;

std::optional<rules::Lookup> Lookups::asked(pid_t process, const Endpoint& server, Instant now) {
    // The A and the AAAA query go out together; a resolver asks again after a second or more.
    constexpr Duration asks_again = 900ms;
    Waiting& waiting = waiting_[{process, server}];
    if (waiting.queries == 0) waiting.since = now;
    ++waiting.queries;
    const Duration waited = now - waiting.since;
    if (waited < asks_again) return std::nullopt;
    const rules::Lookup lookup{waited, waiting.queries};
    waiting = {now, 1};
    return lookup;
}

void Lookups::answered(pid_t process, const Endpoint& server) { waiting_.erase({process, server}); }

std::optional<CallKind> kind_of(std::uint64_t number) {
    switch (number) {
        case SYS_socket: return CallKind::socket;
        case SYS_bind: return CallKind::bind;
        case SYS_listen: return CallKind::listen;
        case SYS_connect: return CallKind::connect;
        case SYS_accept:
        case SYS_accept4: return CallKind::accept;
        case SYS_read:
        case SYS_readv:
        case SYS_recvfrom:
        case SYS_recvmsg: return CallKind::receive;
        case SYS_write:
        case SYS_writev:
        case SYS_sendto:
        case SYS_sendmmsg:
        case SYS_sendmsg: return CallKind::send;
        default: return std::nullopt;
    }
}

bool never_waits(const Stop& stop) {
    switch (stop.number) {
        case SYS_recvfrom:
        case SYS_sendto:
        case SYS_sendmmsg: return (stop.arguments[3] & MSG_DONTWAIT) != 0;
        case SYS_recvmsg:
        case SYS_sendmsg: return (stop.arguments[2] & MSG_DONTWAIT) != 0;
        default: return false;
    }
}

namespace {

std::uint64_t size_of_parts(pid_t thread, std::uint64_t address, std::size_t count) {
    std::array<iovec, 64> parts{};
    if (count > parts.size()) return 0;
    const std::size_t octets = count * sizeof(iovec);
    if (read_memory(thread, address, parts.data(), octets) != octets) return 0;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size += parts[i].iov_len;
    return size;
}

}  // namespace

std::uint64_t size_of_send(const Stop& stop) {
    if (stop.number == SYS_write || stop.number == SYS_sendto) return stop.arguments[2];
    if (stop.number == SYS_writev) {
        return size_of_parts(stop.thread, stop.arguments[1], stop.arguments[2]);
    }
    msghdr message{};
    if (stop.number != SYS_sendmsg ||
        read_memory(stop.thread, stop.arguments[1], &message, sizeof message) != sizeof message) {
        return 0;
    }
    return size_of_parts(stop.thread, reinterpret_cast<std::uintptr_t>(message.msg_iov),
                         message.msg_iovlen);
}

Begun begin(const Stop& stop, CallKind kind) {
    Begun begun;
    begun.call.kind = kind;
    begun.call.pid = os::process_of(stop.thread).value_or(stop.thread);
    begun.call.fd = static_cast<int>(stop.arguments[0]);
    begun.since = os::now();
    begun.never_waits = never_waits(stop);
    return begun;
}

}  // namespace dt::doctor
// Reads the evidence of the Linux host.
#include "doctor/host.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "doctor/proc_text.hpp"

namespace dt::doctor {

namespace {

std::optional<std::uint64_t> setting(const std::string& path) {
    const auto numbers = numbers_in(read_text("/proc/sys/net/" + path));
    if (numbers.empty()) return std::nullopt;
    return numbers.front();
}

std::optional<rules::PortRange> ephemeral_range() {
    const auto numbers = numbers_in(read_text("/proc/sys/net/ipv4/ip_local_port_range"));
    if (numbers.size() != 2 || numbers[0] > numbers[1] || numbers[1] > 65535) return std::nullopt;
    return rules::PortRange{static_cast<std::uint16_t>(numbers[0]),
                            static_cast<std::uint16_t>(numbers[1])};
}

}  // namespace

std::string read_text(const std::string& path) {
    const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 16384> part{};
    while (fd.is_open()) {
        const ssize_t n = ::read(fd.get(), part.data(), part.size());
        if (n <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(n));
    }
    return text;
}

void sleep_for(Duration time) {
    timespec left{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

os::SysResult<Host> Host::open() {
    auto diag = Netlink::open(NETLINK_SOCK_DIAG);
    if (!diag) return std::unexpected(diag.error());
    auto route = Netlink::open(NETLINK_ROUTE);
    if (!route) return std::unexpected(route.error());
    return Host(*std::move(diag), *std::move(route));
}

void Host::note(std::string what, std::string why) {
    const auto is_same = [&](const Unseen& unseen) { return unseen.what == what; };
    if (std::ranges::none_of(unseen_, is_same))
        unseen_.push_back({std::move(what), std::move(why)});
}

rules::Counters Host::counters() {
    rules::Counters counters;
    read_counter_tables(read_text("/proc/self/net/snmp"), counters);
    read_counter_tables(read_text("/proc/self/net/netstat"), counters);
    read_conntrack(read_text("/proc/self/net/stat/nf_conntrack"), counters);
    return counters;
}

rules::Snapshot Host::snapshot() {
    rules::Snapshot snapshot;
    snapshot.sockets.reserve(last_count_ + last_count_ / 16);
    if (const auto status = dump_sockets(diag_, rules::Protocol::tcp, snapshot.sockets); !status) {
        note("TCP sockets", status.error().text());
    }
    if (const auto status = dump_sockets(diag_, rules::Protocol::udp, snapshot.sockets); !status) {
        note("UDP sockets", status.error().text());
    }
    snapshot.counters = counters();
    last_count_ = snapshot.sockets.size();
    return snapshot;
}

void Host::read_settings(rules::Evidence& evidence) {
    rules::Sysctls& settings = evidence.sysctls;
    settings.ephemeral = ephemeral_range();
    settings.reserved = port_ranges(read_text("/proc/sys/net/ipv4/ip_local_reserved_ports"));
    settings.unprivileged_port_start = setting("ipv4/ip_unprivileged_port_start");
    settings.somaxconn = setting("core/somaxconn");
    settings.max_syn_backlog = setting("ipv4/tcp_max_syn_backlog");
    settings.syncookies = setting("ipv4/tcp_syncookies");
    settings.syn_retries = setting("ipv4/tcp_syn_retries");
    settings.fin_timeout = setting("ipv4/tcp_fin_timeout");
    settings.max_tw_buckets = setting("ipv4/tcp_max_tw_buckets");
    settings.max_orphans = setting("ipv4/tcp_max_orphans");
    settings.tw_reuse = setting("ipv4/tcp_tw_reuse");
    settings.migrate_req = setting("ipv4/tcp_migrate_req");
    settings.mtu_probing = setting("ipv4/tcp_mtu_probing");
    settings.rmem_max = setting("core/rmem_max");
    settings.conntrack_count = setting("netfilter/nf_conntrack_count");
    settings.conntrack_max = setting("netfilter/nf_conntrack_max");
    const auto memory = numbers_in(read_text("/proc/sys/net/ipv4/tcp_mem"));
    if (memory.size() == 3) settings.tcp_mem_high = memory[2];
    const std::string totals = read_text("/proc/self/net/sockstat");
    settings.orphans = sockstat(totals, "TCP", "orphan");
    settings.tcp_mem_used = sockstat(totals, "TCP", "mem");
    evidence.addresses.clear();
    evidence.neighbours.clear();
    if (const auto status = dump_addresses(route_, evidence.addresses); !status) {
        note("addresses", status.error().text());
    }
    if (const auto status = dump_neighbours(route_, evidence.neighbours); !status) {
        note("neighbours", status.error().text());
    }
    evidence.uid = ::geteuid();
}

}  // namespace dt::doctor
// Parser of NETLINK_SOCK_DIAG answers.
#include "doctor/inet_diag.hpp"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "doctor/netlink_bytes.hpp"

namespace dt::doctor {

namespace {

/// A struct of the kernel from the front of an attribute; what an older kernel leaves out is zero.
template <class T>
T front_of(const nlattr& attribute) {
    T value{};
    std::memcpy(&value, mnl_attr_get_payload(&attribute),
                std::min<std::size_t>(sizeof value, mnl_attr_get_payload_len(&attribute)));
    return value;
}

IpAddr address_of(std::uint8_t family, const __be32 (&words)[4]) {
    const Octets octets = std::as_bytes(std::span{words});
    if (family == AF_INET) return Ipv4::load(octets, 0);
    return Ipv6::load(octets, 0);
}

Endpoint endpoint_of(std::uint8_t family, const __be32 (&words)[4], __be16 port) {
    return {address_of(family, words), Port{std::byteswap(port)}};
}

/// TCP_ESTABLISHED is 1 in the kernel's numbering; 13 is bound, neither listening nor connected.
std::optional<event::State> state_of(std::uint8_t number) {
    using event::State;
    static constexpr std::array<State, 14> states{
        State::closed,       State::established, State::syn_sent,  State::syn_received,
        State::fin_wait_1,   State::fin_wait_2,  State::time_wait, State::closed,
        State::close_wait,   State::last_ack,    State::listen,    State::closing,
        State::syn_received, State::closed};
    if (number >= states.size()) return std::nullopt;
    return states[number];
}

rules::Memory memory_of(const nlattr& attribute) {
    const auto words = front_of<std::array<std::uint32_t, SK_MEMINFO_VARS>>(attribute);
    return {words[SK_MEMINFO_RMEM_ALLOC], words[SK_MEMINFO_RCVBUF], words[SK_MEMINFO_WMEM_ALLOC],
            words[SK_MEMINFO_SNDBUF], words[SK_MEMINFO_DROPS]};
}

void read_attribute(const nlattr& attribute, rules::Socket& socket) {
    switch (mnl_attr_get_type(&attribute)) {
        case INET_DIAG_SKMEMINFO: socket.memory = memory_of(attribute); break;
        case INET_DIAG_INFO:
            if (socket.protocol == rules::Protocol::tcp) {
                socket.info = tcp_info_of(front_of<tcp_info>(attribute));
            }
            break;
        case INET_DIAG_SKV6ONLY:
            if (mnl_attr_get_payload_len(&attribute) >= 1) {
                socket.is_v6only = mnl_attr_get_u8(&attribute) != 0;
            }
            break;
        case INET_DIAG_SHUTDOWN:
            if (mnl_attr_get_payload_len(&attribute) >= 1) {
                // RCV_SHUTDOWN is 1, SEND_SHUTDOWN is 2.
                const std::uint8_t mask = mnl_attr_get_u8(&attribute);
                socket.shutdown = rules::Shutdown{(mask & 1U) != 0, (mask & 2U) != 0};
            }
            break;
        case INET_DIAG_CGROUP_ID:
            if (mnl_attr_get_payload_len(&attribute) >= sizeof(std::uint64_t)) {
                socket.cgroup = mnl_attr_get_u64(&attribute);
            }
            break;
        default: break;
    }
}

std::optional<rules::Socket> socket_of(const nlmsghdr& header, rules::Protocol protocol) {
    inet_diag_msg message{};
    if (mnl_nlmsg_get_payload_len(&header) < sizeof message) return std::nullopt;
    std::memcpy(&message, mnl_nlmsg_get_payload(&header), sizeof message);
    const auto state = state_of(message.idiag_state);
    if (!state || (message.idiag_family != AF_INET && message.idiag_family != AF_INET6)) {
        return std::nullopt;
    }
    rules::Socket socket;
    socket.cookie = std::uint64_t{message.id.idiag_cookie[1]} << 32 | message.id.idiag_cookie[0];
    socket.local = endpoint_of(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
    socket.remote = endpoint_of(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
    socket.family = message.idiag_family == AF_INET ? Family::v4 : Family::v6;
    socket.protocol = protocol;
    socket.state = *state;
    if (message.idiag_timer <= static_cast<std::uint8_t>(rules::Timer::zero_window_probe)) {
        socket.timer = static_cast<rules::Timer>(message.idiag_timer);
    }
    socket.retrans = message.idiag_retrans;
    socket.expires_ms = message.idiag_expires;
    socket.rqueue = message.idiag_rqueue;
    socket.wqueue = message.idiag_wqueue;
    socket.uid = message.idiag_uid;
    socket.inode = message.idiag_inode;
    socket.interface = message.id.idiag_if;
    for_each_attribute(header, sizeof message,
                       [&](const nlattr& attribute) { read_attribute(attribute, socket); });
    return socket;
}

/// By a quarter, not twofold: with 100,000 sockets the room that is not used is what counts.
void make_room(std::vector<rules::Socket>& out) {
    constexpr std::size_t at_least = 256;
    if (out.size() == out.capacity()) out.reserve(out.size() + out.size() / 4 + at_least);
}

}  // namespace

rules::TcpInfo tcp_info_of(const tcp_info& kernel) {
    rules::TcpInfo info;
    info.state = state_of(kernel.tcpi_state).value_or(event::State::closed);
    info.retransmits = kernel.tcpi_retransmits;
    info.probes = kernel.tcpi_probes;
    info.backoff = kernel.tcpi_backoff;
    info.is_app_limited = kernel.tcpi_delivery_rate_app_limited != 0;
    info.rto_us = kernel.tcpi_rto;
    info.snd_mss = kernel.tcpi_snd_mss;
    info.unacked = kernel.tcpi_unacked;
    info.last_data_sent_ms = kernel.tcpi_last_data_sent;
    info.last_data_recv_ms = kernel.tcpi_last_data_recv;
    info.last_ack_recv_ms = kernel.tcpi_last_ack_recv;
    info.pmtu = kernel.tcpi_pmtu;
    info.rtt_us = kernel.tcpi_rtt;
    info.total_retrans = kernel.tcpi_total_retrans;
    info.dsack_dups = kernel.tcpi_dsack_dups;
    info.notsent_bytes = kernel.tcpi_notsent_bytes;
    info.segs_in = kernel.tcpi_segs_in;
    info.data_segs_in = kernel.tcpi_data_segs_in;
    info.data_segs_out = kernel.tcpi_data_segs_out;
    info.bytes_acked = kernel.tcpi_bytes_acked;
    info.bytes_received = kernel.tcpi_bytes_received;
    info.busy_us = kernel.tcpi_busy_time;
    info.rwnd_limited_us = kernel.tcpi_rwnd_limited;
    info.sndbuf_limited_us = kernel.tcpi_sndbuf_limited;
    return info;
}

DumpStep read_sockets(Octets datagram, rules::Protocol protocol, std::vector<rules::Socket>& out) {
    return read_messages(datagram, [&](const nlmsghdr& header) {
        auto socket = socket_of(header, protocol);
        if (!socket) return false;
        make_room(out);
        out.push_back(*std::move(socket));
        return true;
    });
}

}  // namespace dt::doctor
// getaddrinfo(3) for streams.
#include "doctor/names.hpp"

#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "doctor/sockaddr.hpp"

namespace dt::doctor {

std::expected<std::vector<IpAddr>, NameTrouble> look_up(const std::string& name) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(name.c_str(), nullptr, &wanted, &list);
    if (error != 0) {
        const bool is_temporary = error == EAI_AGAIN || error == EAI_SYSTEM;
        return std::unexpected(NameTrouble{::gai_strerror(error), is_temporary});
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
    std::vector<IpAddr> addresses;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        sockaddr_storage storage{};
        if (at->ai_addrlen > sizeof storage) continue;
        std::memcpy(&storage, at->ai_addr, at->ai_addrlen);
        const auto endpoint = from_sockaddr(storage, at->ai_addrlen);
        if (!endpoint || std::ranges::find(addresses, endpoint->endpoint.addr) != addresses.end()) {
            continue;
        }
        addresses.push_back(endpoint->endpoint.addr);
    }
    return addresses;
}

}  // namespace dt::doctor
// Which processes own which sockets: /proc/PID/fd, as far as it may be read.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "base/printable.hpp"
#include "doctor/host.hpp"
#include "doctor/proc_text.hpp"
#include "os/process.hpp"

namespace dt::doctor {

namespace {

std::vector<std::int32_t> process_ids() {
    std::vector<std::int32_t> ids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const auto numbers = numbers_in(entry.path().filename().string());
        if (numbers.size() == 1) ids.push_back(static_cast<std::int32_t>(numbers[0]));
    }
    return ids;
}

std::optional<std::uint64_t> count_files(std::int32_t pid) {
    std::error_code error;
    std::uint64_t count = 0;
    auto at = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error);
    if (error) return std::nullopt;
    for (; at != std::filesystem::directory_iterator{}; at.increment(error)) {
        if (error) return std::nullopt;
        ++count;
    }
    return count;
}

std::optional<std::uint64_t> ticks_of(std::int32_t pid) {
    return cpu_ticks(read_text("/proc/" + std::to_string(pid) + "/stat"));
}

using Inodes = std::unordered_set<std::uint32_t>;

/// Whether a finding may have to name the socket's owner: all but open connections without trouble.
bool may_be_named(const rules::Evidence& evidence, const rules::Socket& socket) {
    const rules::Target& target = evidence.target;
    if (evidence.call || target.pid || socket.state != event::State::established) return true;
    if (target.endpoint && (socket.local.port == target.endpoint->port ||
                            socket.remote.port == target.endpoint->port)) {
        return true;
    }
    return socket.rqueue > 0 || socket.wqueue > 0 || socket.timer != rules::Timer::none ||
           socket.local == socket.remote || (socket.info && socket.info->total_retrans > 0);
}

Inodes inodes_of(const rules::Evidence& evidence) {
    Inodes inodes;
    for (const auto* snapshot : {&evidence.before, &evidence.after}) {
        for (const rules::Socket& socket : snapshot->sockets) {
            if (socket.inode != 0 && may_be_named(evidence, socket)) inodes.insert(socket.inode);
        }
    }
    return inodes;
}

/// Whether the process lives in another network namespace, so that none of its sockets is ours. One
/// that may not be looked at says nothing here, and its descriptors neither.
bool is_elsewhere(std::int32_t pid, const std::string& own_namespace) {
    std::error_code error;
    const auto other =
        std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/net", error);
    return !error && !own_namespace.empty() && other.string() != own_namespace;
}

/// Notes the process as owner of those of its sockets that are wanted; whether there is one.
bool add_owned(std::int32_t pid, const Inodes& wanted, rules::Evidence& evidence) {
    bool is_owner = false;
    for (const os::OpenSocket& open : os::sockets_of(pid)) {
        const auto inode = static_cast<std::uint32_t>(open.inode);
        if (!wanted.contains(inode)) continue;
        evidence.owners.try_emplace(inode, rules::Owner{pid, open.fd});
        is_owner = true;
    }
    return is_owner;
}

rules::Process process_of(std::int32_t pid) {
    rules::Process process;
    process.pid = pid;
    process.name = os::name_of(pid);
    process.command_line = command_line(read_text("/proc/" + std::to_string(pid) + "/cmdline"));
    process.open_files = count_files(pid);
    process.open_files_max = open_files_max(read_text("/proc/" + std::to_string(pid) + "/limits"));
    return process;
}

/// The paths of control groups that hold sockets whose owner was not found. Their number is the
/// inode of their folder.
void name_groups(rules::Evidence& evidence) {
    std::unordered_set<std::uint64_t> wanted;
    for (const rules::Socket& socket : evidence.after.sockets) {
        const bool is_hidden = socket.inode != 0 && !evidence.owners.contains(socket.inode);
        if (is_hidden && socket.state == event::State::listen) wanted.insert(socket.cgroup);
    }
    wanted.erase(0);
    namespace fs = std::filesystem;
    constexpr std::size_t folders_max = 5000;
    std::error_code error;
    for (const char* const mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        if (wanted.empty() || !fs::exists(fs::path{mount} / "cgroup.controllers", error)) continue;
        auto at = fs::recursive_directory_iterator(
            mount, fs::directory_options::skip_permission_denied, error);
        for (std::size_t i = 0;
             !error && at != fs::recursive_directory_iterator{} && i < folders_max;
             at.increment(error)) {
            if (!at->is_directory(error)) continue;
            ++i;
            struct stat status {};
            if (::stat(at->path().c_str(), &status) != 0 || !wanted.contains(status.st_ino))
                continue;
            evidence.control_groups[status.st_ino] =
                fs::relative(at->path(), mount, error).string();
        }
    }
}

}  // namespace

void Host::read_owners(rules::Evidence& evidence) {
    const auto wanted = inodes_of(evidence);
    const double ticks_in_window = static_cast<double>(evidence.window.count()) / 1e9 *
                                   static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::error_code error;
    const std::string own = std::filesystem::read_symlink("/proc/self/ns/net", error).string();
    std::vector<std::int32_t> ids = wanted.empty() ? std::vector<std::int32_t>{} : process_ids();
    // The others are looked at last, and seldom: a socket may have been handed over to one.
    std::ranges::stable_partition(ids, [&](std::int32_t pid) { return !is_elsewhere(pid, own); });
    for (const std::int32_t pid : ids) {
        if (evidence.owners.size() >= wanted.size()) break;  // each has its owner
        if (!add_owned(pid, wanted, evidence)) continue;
        rules::Process& process = evidence.processes[pid] = process_of(pid);
        const auto first = cpu_before_.find(pid);
        const auto last = ticks_of(pid);
        if (first != cpu_before_.end() && last && ticks_in_window > 0) {
            process.cpu_share = static_cast<double>(*last - first->second) / ticks_in_window;
        }
    }
    name_groups(evidence);
    hidden_owners_ = static_cast<std::size_t>(
        std::ranges::count_if(evidence.after.sockets, [&](const rules::Socket& socket) {
            return socket.state == event::State::listen && !evidence.owners.contains(socket.inode);
        }));
}

void Host::read_process(std::int32_t pid, rules::Evidence& evidence) {
    if (!evidence.processes.contains(pid)) evidence.processes[pid] = process_of(pid);
}

void Host::note_cpu() {
    for (const std::int32_t pid : process_ids()) {
        if (const auto ticks = ticks_of(pid)) cpu_before_[pid] = *ticks;
    }
}

}  // namespace dt::doctor
// Parsers of /proc texts.
#include "doctor/proc_text.hpp"

#include <charconv>

namespace dt::doctor {

namespace {

/// Takes the text up to `end` off the front; without one, all of it.
std::string_view take(std::string_view& text, char end) {
    const auto at = text.find(end);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return part;
}

std::string_view take_word(std::string_view& text) {
    const auto begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) {
        text = {};
        return {};
    }
    text.remove_prefix(begin);
    const auto end = text.find_first_of(" \t\n");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> number(std::string_view word, int base = 10) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error != std::errc{} || end != word.data() + word.size() || word.empty()) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

void read_counter_tables(std::string_view text, rules::Counters& out) {
    while (!text.empty()) {
        std::string_view names = take(text, '\n');
        std::string_view values = take(text, '\n');
        const std::string_view table = take(names, ':');
        if (take(values, ':') != table) return;
        for (std::string_view field = take_word(names); !field.empty(); field = take_word(names)) {
            const auto value = number(take_word(values));
            const auto counter = rules::counter_named(table, field);
            if (counter && value) out.set(*counter, *value);
        }
    }
}

void read_conntrack(std::string_view text, rules::Counters& out) {
    const std::string_view head = take(text, '\n');
    while (!text.empty()) {
        std::string_view values = take(text, '\n');
        std::string_view names = head;
        for (std::string_view field = take_word(names); !field.empty(); field = take_word(names)) {
            const auto value = number(take_word(values), 16);
            const auto counter = rules::counter_named("nf_conntrack", field);
            if (counter && value) out.add(*counter, *value);
        }
    }
}

std::optional<std::uint64_t> sockstat(std::string_view text, std::string_view table,
                                      std::string_view field) {
    while (!text.empty()) {
        std::string_view line = take(text, '\n');
        if (take(line, ':') != table) continue;
        for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
            const std::string_view value = take_word(line);
            if (word == field) return number(value);
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> open_files_max(std::string_view limits) {
    constexpr std::string_view row = "Max open files";
    while (!limits.empty()) {
        std::string_view line = take(limits, '\n');
        if (!line.starts_with(row)) continue;
        line.remove_prefix(row.size());
        return number(take_word(line));
    }
    return std::nullopt;
}

std::optional<std::uint64_t> cpu_ticks(std::string_view stat) {
    // The name in brackets may hold anything, brackets too: fields are counted from the last one.
    const auto end = stat.rfind(')');
    if (end == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(end + 1);
    constexpr int fields_before_utime = 11;
    for (int i = 0; i < fields_before_utime; ++i) (void)take_word(stat);
    const auto user = number(take_word(stat));
    const auto system = number(take_word(stat));
    if (!user || !system) return std::nullopt;
    return *user + *system;
}

std::vector<std::uint64_t> numbers_in(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
        const auto value = number(word);
        if (!value) break;
        numbers.push_back(*value);
    }
    return numbers;
}

std::vector<rules::PortRange> port_ranges(std::string_view text) {
    std::vector<rules::PortRange> ranges;
    std::string_view list = take_word(text);
    while (!list.empty()) {
        std::string_view item = take(list, ',');
        const bool is_range = item.find('-') != std::string_view::npos;
        const auto first = number(take(item, '-'));
        const auto last = is_range ? number(item) : first;
        if (!first || !last || *first > *last || *last > 65535) continue;
        ranges.push_back({static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)});
    }
    return ranges;
}

std::optional<std::uint64_t> effective_capabilities(std::string_view status) {
    while (!status.empty()) {
        std::string_view line = take(status, '\n');
        if (take(line, ':') == "CapEff") return number(take_word(line), 16);
    }
    return std::nullopt;
}

std::string command_line(std::string_view words) {
    constexpr std::size_t longest = 200;  // enough to tell programs apart
    std::string line{words.substr(0, longest)};
    for (char& c : line) {
        if (c == '\0') c = ' ';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

std::optional<std::uint32_t> socket_inode(std::string_view link) {
    constexpr std::string_view front = "socket:[";
    if (!link.starts_with(front) || !link.ends_with(']')) return std::nullopt;
    link.remove_prefix(front.size());
    link.remove_suffix(1);
    const auto inode = number(link);
    if (!inode || *inode > 0xffffffffU) return std::nullopt;
    return static_cast<std::uint32_t>(*inode);
}

}  // namespace dt::doctor
// The report for a terminal.
#include "doctor/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rules/fine.hpp"
#include "rules/number_text.hpp"

namespace dt::doctor {

namespace {

using observe::Tone;

std::string say(const Setting& setting, std::string_view part,
                const std::vector<rules::Value>& values) {
    return rules::filled(rules::text_of(setting.language, rules::rule(0), part), values);
}

/// `text` in lines of at most `width` cells, broken at spaces; further lines begin with `indent`
/// spaces. Wide letters (Hangul) take two cells.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::string out;
    std::size_t used = indent;
    bool is_first = true;
    while (!text.empty()) {
        const auto end = text.find(' ');
        const std::string_view word = text.substr(0, end);
        std::size_t wide = observe::cells(word);
        wide += static_cast<std::size_t>(std::ranges::count_if(word, [](char c) {
            const auto octet = static_cast<unsigned char>(c);
            return octet >= 0xea && octet <= 0xed;  // U+A000 to U+D7FF: Hangul
        }));
        if (!is_first && used + 1 + wide > width) {
            out += '\n' + std::string(indent, ' ');
            used = indent;
        } else if (!is_first) {
            out += ' ';
            ++used;
        }
        out += word;
        used += wide;
        is_first = false;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return out;
}

enum class Fix : std::uint8_t { no, yes };

std::string section(const rules::Finding& finding, std::string_view label,
                    const std::vector<std::string_view>& parts, rules::Language language,
                    const observe::Paint& paint, Fix is_fix = Fix::no) {
    std::string out;
    bool is_first = true;
    for (const std::string_view part : parts) {
        const std::string said = rules::say(language, finding, part);
        const bool is_command =
            is_fix == Fix::yes && rules::kind_of_fix(said) == rules::FixKind::command;
        const std::string text =
            paint.tint(wrapped(said, 9, paint.width), is_command ? Tone::command : Tone::plain);
        const std::string_view head = is_first ? label : "";
        const std::size_t wide = language == rules::Language::korean && is_first ? 4 : head.size();
        out += fmt::format("  {}{}{}\n", head, std::string(7 - wide, ' '), text);
        is_first = false;
    }
    return out;
}

std::size_t count_tcp(const rules::Evidence& evidence) {
    return static_cast<std::size_t>(
        std::ranges::count(evidence.after.sockets, rules::Protocol::tcp, &rules::Socket::protocol));
}

std::size_t count_listeners(const rules::Evidence& evidence) {
    return static_cast<std::size_t>(
        std::ranges::count(evidence.after.sockets, event::State::listen, &rules::Socket::state));
}

std::vector<rules::Value> numbers(const rules::Evidence& evidence, const rules::Verdict& verdict,
                                  const Setting& setting) {
    const std::size_t count = verdict.findings.size();
    std::vector<rules::Value> values{{"name", setting.host_name},
                                     {"kernel", setting.kernel},
                                     {"sockets", rules::grouped(count_tcp(evidence))},
                                     {"listeners", rules::grouped(count_listeners(evidence))},
                                     {"window", rules::span(evidence.window)},
                                     {"uid", std::to_string(evidence.uid)},
                                     {"rules", std::to_string(verdict.rules_run)},
                                     {"count", std::to_string(count)}};
    values.push_back({"found", say(setting, count == 1 ? "finding" : "findings", values)});
    return values;
}

std::string what_was_not_seen(const rules::Evidence& evidence, const Setting& setting) {
    std::string out;
    if (setting.hidden_owners > 0) {
        out += say(setting, "hidden",
                   {{"uid", std::to_string(evidence.uid)},
                    {"count", std::to_string(setting.hidden_owners)}}) +
               "\n";
    }
    for (const Unseen& unseen : setting.unseen) {
        out += say(setting, "unseen", {{"what", unseen.what}, {"why", unseen.why}}) + "\n";
    }
    return out;
}

/// The line about the port, the command or the capture; a port's findings speak for themselves.
bool has_target_line(const rules::Verdict& verdict, const Setting& setting) {
    const bool is_port = setting.target_part == "listener" || setting.target_part == "no.listener";
    return !setting.target_part.empty() && !(is_port && !verdict.findings.empty());
}

std::string owner_line(const rules::Finding& finding, const Setting& setting) {
    return fmt::format("  {}\n", say(setting, "command.line",
                                     {{"pid", std::to_string(finding.pid.value_or(0))},
                                      {"line", finding.command}}));
}

/// What was looked at and is in order, and what could not be seen.
std::string in_order(const rules::Evidence& evidence, const rules::Verdict& verdict,
                     const Setting& setting, const observe::Paint& paint) {
    std::string areas;
    const std::string share = rules::retransmitted(evidence);
    for (const std::string_view area : rules::fine_areas(evidence, verdict)) {
        std::string text = say(setting, fmt::format("fine.{}", area), {{"share", share}});
        while (text.ends_with(' ')) text.pop_back();
        areas += (areas.empty() ? "" : ", ") + text;
    }
    std::string out;
    if (!verdict.findings.empty() && !areas.empty()) {
        out += "\n" + wrapped(say(setting, "fine", {{"areas", areas}}), 0, paint.width) + "\n";
    }
    return out + what_was_not_seen(evidence, setting);
}

}  // namespace

int exit_code_of(const rules::Verdict& verdict, const Setting& setting) {
    if (!verdict.findings.empty()) return 1;
    return setting.undecided.empty() ? 0 : 3;
}

std::string finding_text(const rules::Finding& finding, std::size_t rank, rules::Language language,
                         const observe::Paint& paint) {
    const std::string certainty{
        rules::text_of(language, rules::rule(0), rules::name(finding.certainty))};
    const std::string number = rank == 0 ? "" : fmt::format("{} ", rank);
    const std::string tag = fmt::format("{}{} {}", number, rules::name(finding.rule), certainty);
    const std::string head = wrapped(rules::say(language, finding, finding.head), 2,
                                     paint.width - observe::cells(tag) - 2U);
    const Tone tone = finding.harm == rules::Harm::now ? Tone::worst : Tone::held;
    std::string out =
        fmt::format("{}  {}\n", paint.tint(tag, Tone::strong), paint.tint(head, tone));
    const auto label = [&](std::string_view part) {
        return rules::text_of(language, rules::rule(0), part);
    };
    out += section(finding, label("proof"), finding.proofs, language, paint);
    out += section(finding, label("fix"), finding.fixes, language, paint, Fix::yes);
    if (!finding.decide.empty()) {
        out +=
            fmt::format("  {}: {}\n", label("decide"),
                        paint.tint(rules::say(language, finding, finding.decide), Tone::command));
    }
    return out;
}

std::string summary_line(const rules::Evidence& evidence, const rules::Verdict& verdict,
                         const Setting& setting) {
    if (!setting.target_part.empty()) return say(setting, setting.target_part, setting.target);
    const auto values = numbers(evidence, verdict, setting);
    return say(setting, verdict.findings.empty() ? "nothing" : "host", values);
}

std::string text_report(const rules::Evidence& evidence, const rules::Verdict& verdict,
                        const Setting& setting, const observe::Paint& paint) {
    const auto values = numbers(evidence, verdict, setting);
    std::string out;
    const bool is_host = setting.target_part.empty() && setting.undecided.empty();
    const bool is_port = evidence.target.endpoint.has_value();
    if (is_host && !verdict.findings.empty()) {
        out += wrapped(say(setting, "host", values), 0, paint.width) + "\n";
    }
    if (has_target_line(verdict, setting)) {
        const std::string sign = verdict.findings.empty() && setting.undecided.empty()
                                     ? paint.tint(paint.plain("✓"), Tone::good) + " "
                                     : "";
        out += sign + wrapped(say(setting, setting.target_part, setting.target), 2, paint.width) +
               "\n";
    }
    std::size_t rank = 0;
    for (const rules::Finding& finding : verdict.findings) {
        ++rank;
        out += finding_text(finding, is_port ? 0 : rank, setting.language, paint);
        if (setting.is_verbose && !finding.command.empty()) out += owner_line(finding, setting);
    }
    for (const std::string& sentence : setting.undecided) {
        out += wrapped(sentence, 2, paint.width) + "\n";
    }
    if (verdict.findings.empty() && setting.undecided.empty() && !setting.is_capture) {
        out += is_host ? fmt::format("{} {}\n", paint.tint(paint.plain("✓"), Tone::good),
                                     say(setting, "nothing", values))
                       : say(setting, "nothing.target", values) + "\n";
    }
    for (const std::string& note : setting.notes) out += wrapped(note, 2, paint.width) + "\n";
    if (setting.was_probed) {
        const auto& endpoint =
            evidence.call ? evidence.call->address : evidence.target.endpoint.value_or(Endpoint{});
        out += say(setting, "probe", {{"port", std::to_string(endpoint.port.value())}}) + "\n";
    }
    if (is_host) out += paint.tint(in_order(evidence, verdict, setting, paint), Tone::faint);
    return paint.plain(out);
}

}  // namespace dt::doctor
// The report as one JSON document, schema dialtone.doctor/1 (docs/json.md).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "doctor/report.hpp"
#include "rules/fine.hpp"

namespace dt::doctor {

namespace {

using Json = nlohmann::ordered_json;

Json texts_of(const rules::Finding& finding, const std::vector<std::string_view>& parts,
              rules::Language language) {
    Json texts = Json::array();
    for (const std::string_view part : parts) {
        texts.push_back(rules::say(language, finding, part));
    }
    return texts;
}

Json fixes_of(const rules::Finding& finding, rules::Language language) {
    Json fixes = Json::array();
    for (const std::string_view part : finding.fixes) {
        const std::string text = rules::say(language, finding, part);
        fixes.push_back({{"kind", rules::name(rules::kind_of_fix(text))}, {"text", text}});
    }
    return fixes;
}

Json evidence_of(const rules::Finding& finding) {
    Json facts = Json::array();
    for (const rules::Fact& fact : finding.facts) {
        facts.push_back({{"source", rules::name(fact.source)},
                         {"field", fact.field},
                         {fact.is_delta ? "delta" : "value", fact.number}});
    }
    return facts;
}

/// The rules that this one is told apart from and that were judged and did not hold.
Json ruled_out(const rules::Finding& finding, const rules::Verdict& verdict) {
    std::set<std::string> held;
    for (const rules::Finding& other : verdict.findings) held.insert(rules::name(other.rule));
    Json out = Json::array();
    for (const rules::Rule& rule : rules::all_rules()) {
        if (rule.id != finding.rule) continue;
        std::string_view rest = rule.separates_from;
        while (!rest.empty()) {
            const auto end = rest.find(' ');
            const std::string other{rest.substr(0, end)};
            if (!held.contains(other)) out.push_back(other);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
    }
    return out;
}

bool is_about_listener(rules::RuleId id) {
    return std::ranges::any_of(rules::accept_rules(),
                               [&](const rules::Rule& rule) { return rule.id == id; });
}

Json finding_of(const rules::Finding& finding, const rules::Verdict& verdict,
                rules::Language language) {
    Json subject = {{"name", finding.subject}};
    if (is_about_listener(finding.rule)) subject["listener"] = finding.subject;
    if (finding.pid) subject["pid"] = *finding.pid;
    if (!finding.command.empty()) subject["command"] = finding.command;
    Json out = {{"rule", rules::name(finding.rule)},
                {"certainty", rules::name(finding.certainty)},
                {"harm", rules::name(finding.harm)},
                {"title", rules::say(language, finding, finding.head)},
                {"lab", rules::lab_of(finding.rule)},
                {"subject", std::move(subject)},
                {"proof", texts_of(finding, finding.proofs, language)},
                {"fix", fixes_of(finding, language)},
                {"evidence", evidence_of(finding)},
                {"ruled_out", ruled_out(finding, verdict)}};
    if (!finding.decide.empty()) out["decide"] = rules::say(language, finding, finding.decide);
    return out;
}

/// Of a host that was read: what a port, a process or a capture is about is told by its findings.
Json fine_of(const rules::Evidence& evidence, const rules::Verdict& verdict) {
    Json fine = Json::array();
    if (!evidence.target.is_host() || evidence.call) return fine;
    for (const std::string_view area : rules::fine_areas(evidence, verdict)) fine.push_back(area);
    return fine;
}

}  // namespace

std::string json_report(const rules::Evidence& evidence, const rules::Verdict& verdict,
                        const Setting& setting) {
    Json findings = Json::array();
    for (const rules::Finding& finding : verdict.findings) {
        findings.push_back(finding_of(finding, verdict, setting.language));
    }
    Json missing = Json::array();
    if (setting.hidden_owners > 0) {
        missing.push_back({{"rule", "R27"},
                           {"missing", "FD"},
                           {"listeners", setting.hidden_owners},
                           {"needs", "root"}});
    }
    for (const Unseen& unseen : setting.unseen) {
        missing.push_back({{"missing", unseen.what}, {"why", unseen.why}});
    }
    for (const std::string& sentence : setting.undecided) missing.push_back({{"why", sentence}});
    const Json report = {
        {"schema", "dialtone.doctor/1"},
        {"host", {{"name", setting.host_name}, {"kernel", setting.kernel}, {"uid", evidence.uid}}},
        {"window_s", static_cast<double>(evidence.window.count()) / 1e9},
        {"rules", verdict.rules_run},
        {"probe", setting.was_probed},
        {"findings", std::move(findings)},
        {"fine", fine_of(evidence, verdict)},
        {"not_enough", std::move(missing)},
        {"exit", exit_code_of(verdict, setting)}};
    // What a program calls itself may hold any octets.
    return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dt::doctor
// Reads over a window and judges.
#include "doctor/session.hpp"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>

#include "doctor/capture_file.hpp"
#include "rules/number_text.hpp"

namespace dt::doctor {

namespace {

std::size_t count_at(const rules::Evidence& evidence, Port port, event::State state) {
    return static_cast<std::size_t>(
        std::ranges::count_if(evidence.after.sockets, [&](const rules::Socket& socket) {
            return socket.protocol == rules::Protocol::tcp && socket.local.port == port &&
                   socket.state == state;
        }));
}

/// The line about the port that was asked about.
void describe_port(const rules::Evidence& evidence, Setting& setting) {
    const Endpoint asked = *evidence.target.endpoint;
    const rules::Scene scene(evidence);
    setting.target_part = "no.listener";
    setting.target = {
        {"listener", rules::text_of(asked)},
        {"established", std::to_string(count_at(evidence, asked.port, event::State::established))},
        {"timewait", std::to_string(count_at(evidence, asked.port, event::State::time_wait))},
        {"window", rules::span(evidence.window)}};
    for (const rules::ListenerSight& sight : scene.listeners()) {
        const rules::Socket& listener = *sight.now;
        if (listener.local.port != asked.port || listener.protocol != rules::Protocol::tcp)
            continue;
        if (!evidence.target.is_any_address && !scene.is_asked(listener)) continue;
        setting.target_part = "listener";
        setting.target[0].text = rules::text_of(listener.local);
        setting.target.push_back({"owner", scene.owner_text(listener)});
        setting.target.push_back({"waiting", std::to_string(listener.rqueue)});
        const bool is_full = listener.rqueue > listener.wqueue;
        setting.target.push_back({"limit", std::to_string(listener.wqueue) + (is_full ? "!" : "")});
        return;
    }
}

bool has_listener(const rules::Evidence& evidence) {
    const rules::Scene scene(evidence);
    return std::ranges::any_of(scene.listeners(), [&](const rules::ListenerSight& sight) {
        return sight.now->local.port == evidence.target.endpoint->port;
    });
}

/// A process whose sockets may not be read cannot be judged.
void check_process(const rules::Evidence& evidence, Setting& setting) {
    const std::string pid = std::to_string(*evidence.target.pid);
    struct stat status {};
    const bool exists = ::stat(("/proc/" + pid).c_str(), &status) == 0;
    if (exists && ::access(("/proc/" + pid + "/fd").c_str(), R_OK | X_OK) == 0) return;
    const std::vector<rules::Value> values{{"pid", pid},
                                           {"owneruid", std::to_string(status.st_uid)}};
    const auto text = [&](std::string_view part) {
        return rules::filled(rules::text_of(setting.language, rules::rule(0), part), values);
    };
    setting.undecided.push_back(text(exists ? "hidden.pid" : "gone.pid"));
    if (exists) setting.undecided.push_back("help: " + text("sudo.pid"));
}

}  // namespace

Setting setting_here(rules::Language language) {
    Setting setting;
    setting.language = language;
    utsname name{};
    if (::uname(&name) == 0) {
        setting.host_name = name.nodename;
        setting.kernel = name.release;
        setting.kernel = setting.kernel.substr(0, setting.kernel.find('-'));
    }
    return setting;
}

std::expected<Answer, std::string> ask_capture(const std::string& path, rules::Language language) {
    auto read = read_capture(path);
    if (!read) return std::unexpected(read.error());
    Answer answer{{}, std::move(read->verdict), setting_here(language)};
    Setting& setting = answer.setting;
    const std::size_t count = answer.verdict.findings.size();
    const std::vector<rules::Value> counted{{"count", std::to_string(count)}};
    const auto text = [&](std::string_view part, const std::vector<rules::Value>& values) {
        return rules::filled(rules::text_of(language, rules::rule(0), part), values);
    };
    setting.is_capture = true;
    setting.target_part = count == 0 ? "capture.nothing" : "capture.head";
    setting.target = {
        {"file", path},
        {"packets", rules::grouped(read->packets)},
        {"flows", rules::grouped(read->flows)},
        {"skipped", std::to_string(rules::all_rules().size() - answer.verdict.rules_run)},
        {"found", text(count == 1 ? "finding" : "findings", counted)}};
    if (!read->cut.empty()) setting.notes.push_back(text("capture.cut", {{"why", read->cut}}));
    return answer;
}

namespace {

/// Waits for the window, in steps, so that the end of a watch is noticed.
void wait_for(const Question& question) {
    constexpr Duration step = 100ms;
    for (Duration left = question.window; left > Duration{}; left -= step) {
        if (question.stop != nullptr && *question.stop) return;
        sleep_for(std::min(left, step));
    }
}

/// Judges one endpoint with what has been read, and adds what is new to the answer.
void judge_endpoint(Host& host, const Question& question, const Endpoint& endpoint,
                    Answer& answer) {
    rules::Evidence& evidence = answer.evidence;
    evidence.target.endpoint = endpoint;
    evidence.route = host.route(endpoint.addr);
    if (question.target.is_any_address && question.may_probe && !has_listener(evidence)) {
        evidence.probe = probe_bind(endpoint, 0);
        answer.setting.was_probed = true;
    }
    rules::Verdict verdict = rules::judge(evidence);
    answer.verdict.rules_run = verdict.rules_run;
    for (rules::Finding& finding : verdict.findings) {
        const bool is_told = std::ranges::any_of(answer.verdict.findings, [&](const auto& other) {
            return other.rule == finding.rule && other.subject == finding.subject;
        });
        if (!is_told) answer.verdict.findings.push_back(std::move(finding));
    }
}

/// The endpoint that was named, and the further addresses of its name.
void judge_endpoints(Host& host, const Question& question, Answer& answer) {
    const Endpoint first = *question.target.endpoint;
    for (const IpAddr& address : question.more) {
        judge_endpoint(host, question, {address, first.port}, answer);
    }
    judge_endpoint(host, question, first, answer);
    rules::rank(answer.verdict);
    describe_port(answer.evidence, answer.setting);
    if (question.name.empty()) return;
    std::string list = wire::to_string(first.addr);
    for (const IpAddr& address : question.more) list += ", " + wire::to_string(address);
    answer.setting.notes.push_back(
        rules::filled(rules::text_of(question.language, rules::rule(0), "address"),
                      std::vector<rules::Value>{{"name", question.name}, {"address", list}}));
}

}  // namespace

os::SysResult<Answer> ask_host(const Question& question) {
    auto host = Host::open();
    if (!host) return std::unexpected(host.error());
    Answer answer{{}, {}, setting_here(question.language)};
    rules::Evidence& evidence = answer.evidence;
    evidence.target = question.target;
    evidence.window = question.window;
    evidence.before = host->snapshot();
    host->note_cpu();
    wait_for(question);
    evidence.after = host->snapshot();
    host->read_owners(evidence);
    host->read_settings(evidence);
    if (question.target.endpoint) {
        judge_endpoints(*host, question, answer);
    } else {
        answer.verdict = rules::judge(evidence);
    }
    answer.setting.unseen = host->unseen();
    answer.setting.hidden_owners = host->hidden_owners();
    if (question.target.pid) check_process(evidence, answer.setting);
    return answer;
}

}  // namespace dt::doctor
// The loop of ptrace stops. PTRACE_SEIZE is used, so that stops of job control stay what they are.
#include "doctor/tracer.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <optional>
#include <unordered_map>

#include "os/fd.hpp"

namespace dt::doctor {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t native_arch = AUDIT_ARCH_AARCH64;
#else
#error "the filter knows x86-64 and arm64"
#endif

constexpr auto watched = std::to_array<std::uint32_t>(
    {SYS_socket, SYS_bind, SYS_listen, SYS_connect, SYS_accept, SYS_accept4, SYS_getsockopt,
     SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg,
     SYS_sendmmsg, SYS_shutdown, SYS_close});

/// Each watched call of the native kind stops the thread; everything else passes.
std::vector<sock_filter> filter_program() {
    std::vector<sock_filter> code;
    const auto load = [&](std::size_t offset) {
        code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
    };
    const auto count = static_cast<std::uint8_t>(watched.size());
    load(offsetof(seccomp_data, arch));
    code.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native_arch, 0, static_cast<std::uint8_t>(count + 1)));
    load(offsetof(seccomp_data, nr));
    for (std::uint8_t i = 0; i < count; ++i) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, watched[i],
                                static_cast<std::uint8_t>(count - i), 0));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
    return code;
}

/// Everything the child needs, made before the fork.
struct Plan {
    std::vector<char*> argv;
    std::vector<sock_filter> code = filter_program();
    int may_go = -1;   ///< the child reads one octet here before it goes on
    int trouble = -1;  ///< and tells its errno here, where it fails
};

[[noreturn]] void child_main(const Plan& plan) {
    char go = 0;
    const sock_fprog program{static_cast<unsigned short>(plan.code.size()),
                             const_cast<sock_filter*>(plan.code.data())};
    for (const int signal : {SIGINT, SIGQUIT}) ::signal(signal, SIG_DFL);
    if (::read(plan.may_go, &go, 1) == 1 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) {
        ::execvp(plan.argv.front(), plan.argv.data());
    }
    const int number = errno;
    [[maybe_unused]] const ssize_t n = ::write(plan.trouble, &number, sizeof number);
    ::_exit(127);
}

long control(int request, pid_t thread, std::uintptr_t data) {
    // The kernel takes an address here for some requests and a number for others.
    return ::ptrace(static_cast<__ptrace_request>(request), thread, nullptr,
                    reinterpret_cast<void*>(data));  // NOLINT(performance-no-int-to-ptr): as above
}

class Loop {
  public:
    Loop(pid_t root, CallWatcher& watcher) : root_(root), watcher_(watcher) {}

    int run() {
        int status = 0;
        for (;;) {
            const pid_t thread = ::waitpid(-1, &status, __WALL);
            if (thread < 0 && errno == EINTR) continue;
            if (thread < 0) return exit_;
            if (WIFEXITED(status) || WIFSIGNALED(status)) {
                ended(thread, status);
            } else if (WIFSTOPPED(status)) {
                stopped(thread, status);
            }
        }
    }

  private:
    void ended(pid_t thread, int status) {
        pending_.erase(thread);
        if (thread != root_) return;
        exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    void stopped(pid_t thread, int status) {
        const int signal = WSTOPSIG(status);
        const int event = status >> 16;
        if (event == PTRACE_EVENT_SECCOMP) return call_begins(thread);
        if (signal == (SIGTRAP | 0x80)) return call_returns(thread);
        if (event == PTRACE_EVENT_STOP) {
            const bool is_group_stop =
                signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
            control(is_group_stop ? PTRACE_LISTEN : PTRACE_CONT, thread, 0);
            return;
        }
        control(PTRACE_CONT, thread, event != 0 ? 0 : static_cast<std::uintptr_t>(signal));
    }

    void call_begins(pid_t thread) {
        __ptrace_syscall_info info{};
        const long size = ::ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), thread,
                                   sizeof info, &info);
        Stop stop;
        stop.thread = thread;
        bool is_wanted = false;
        if (size > 0 && info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
            stop.number = info.seccomp.nr;
            std::copy_n(std::begin(info.seccomp.args), stop.arguments.size(),
                        stop.arguments.begin());
            is_wanted = watcher_.on_call(stop);
        }
        if (is_wanted) pending_[thread] = stop;
        control(is_wanted ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0);
    }

    void call_returns(pid_t thread) {
        __ptrace_syscall_info info{};
        const long size = ::ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), thread,
                                   sizeof info, &info);
        const auto found = pending_.find(thread);
        if (size > 0 && info.op == PTRACE_SYSCALL_INFO_EXIT && found != pending_.end()) {
            found->second.result = info.exit.rval;
            watcher_.on_return(found->second);
            pending_.erase(found);
        }
        control(PTRACE_CONT, thread, 0);
    }

    pid_t root_;
    CallWatcher& watcher_;
    std::unordered_map<pid_t, Stop> pending_;
    int exit_ = 127;
};

struct Pipe {
    os::UniqueFd read_end;
    os::UniqueFd write_end;
};

std::optional<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    return Pipe{os::UniqueFd(ends[0]), os::UniqueFd(ends[1])};
}

}  // namespace

os::SysResult<int> trace(const std::vector<std::string>& command, CallWatcher& watcher) {
    Plan plan;
    for (const std::string& word : command) plan.argv.push_back(const_cast<char*>(word.c_str()));
    plan.argv.push_back(nullptr);
    auto go = make_pipe();
    auto trouble = make_pipe();
    if (!go || !trouble) return os::failed("pipe2");
    plan.may_go = go->read_end.get();
    plan.trouble = trouble->write_end.get();
    const pid_t child = ::fork();
    if (child < 0) return os::failed("fork");
    if (child == 0) child_main(plan);
    trouble->write_end.reset();
    // Ctrl-C is for the program: we stay to tell what was found.
    for (const int signal : {SIGINT, SIGQUIT}) ::signal(signal, SIG_IGN);
    constexpr std::uintptr_t options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
                                       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                                       PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (control(PTRACE_SEIZE, child, options) != 0) {
        const int number = errno;
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        return os::failed("ptrace", number);
    }
    [[maybe_unused]] const ssize_t told = ::write(go->write_end.get(), "g", 1);
    const int exit_status = Loop(child, watcher).run();
    int number = 0;
    if (::read(trouble->read_end.get(), &number, sizeof number) == sizeof number) {
        return os::failed("execve", number);
    }
    return exit_status;
}

std::size_t read_memory(pid_t thread, std::uint64_t address, void* to, std::size_t size) {
    const iovec local{to, size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
    const iovec remote{reinterpret_cast<void*>(address), size};
    const ssize_t n = ::process_vm_readv(thread, &local, 1, &remote, 1, 0);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
}

}  // namespace dt::doctor
// What has appeared, changed and gone.
#include "doctor/watch.hpp"

#include <fmt/format.h>

#include "rules/number_text.hpp"

namespace dt::doctor {

namespace {

constexpr Duration quiet_before_gone = 10s;

bool has_changed(std::uint64_t told, std::uint64_t now) {
    const std::uint64_t difference = now > told ? now - told : told - now;
    return difference * 4 >= std::max<std::uint64_t>(told, 1);
}

}  // namespace

/// What is left of a finding that has not been seen for some time: a listener's queue as it is now.
std::string WatchLog::gone(std::string_view rule, std::string_view subject,
                           const rules::Evidence& evidence) const {
    std::vector<rules::Value> values{{"subject", std::string{subject}},
                                     {"time", rules::span(quiet_before_gone)}};
    std::string_view part = "watch.gone";
    for (const rules::Socket& socket : evidence.after.sockets) {
        if (socket.state != event::State::listen || rules::text_of(socket.local) != subject) {
            continue;
        }
        values.push_back({"waiting", std::to_string(socket.rqueue)});
        values.push_back({"limit", std::to_string(socket.wqueue)});
        part = "watch.gone.queue";
        break;
    }
    return fmt::format("{} {}", rule,
                       rules::filled(rules::text_of(language_, rules::rule(0), part), values));
}

std::vector<WatchLine> WatchLog::update(Instant now, const rules::Evidence& evidence,
                                        const rules::Verdict& verdict) {
    std::vector<WatchLine> lines;
    for (const rules::Finding& finding : verdict.findings) {
        has_found_ = true;
        const std::string id = rules::name(finding.rule);
        const auto [at, is_new] = entries_.try_emplace(id + " " + finding.subject);
        Entry& entry = at->second;
        entry.seen = now;
        if (!is_new && !has_changed(entry.weight, finding.weight)) continue;
        entry.weight = finding.weight;
        entry.rule = id;
        entry.subject = finding.subject;
        // Some rules say it shorter here, where lines come again and again.
        std::string text = rules::say(language_, finding, "watch");
        if (text.empty()) text = rules::say(language_, finding, finding.head);
        lines.push_back({is_new ? '+' : '~', fmt::format("{} {}", id, text)});
    }
    for (auto at = entries_.begin(); at != entries_.end();) {
        if (now - at->second.seen < quiet_before_gone) {
            ++at;
            continue;
        }
        lines.push_back({'-', gone(at->second.rule, at->second.subject, evidence)});
        at = entries_.erase(at);
    }
    return lines;
}

}  // namespace dt::doctor

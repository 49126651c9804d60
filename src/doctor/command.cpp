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
    static bool is_stale(Begun& begun, Known& known);
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

/// A request on a connection that has been used and lay idle: whether the peer has closed it, or
/// how long the silence was.
void note_stale(const Begun& begun, Known& known) {
    const Duration idle = begun.since - known.last_transfer;
    known.stale.reset();
    if (!known.is_connected || !known.has_received || known.sends == 0 || idle < idle_time) return;
    const auto found = options_of(begun.call.pid, begun.call.fd);
    if (!found || !found->info) return;
    if (found->info->state == event::State::close_wait) known.stale = rules::Stale{idle};
    if (found->info->state == event::State::established) known.silence = idle;
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
        case ECONNRESET:
            (void)is_stale(begun, known);
            begun.call.silence = known.silence;
            break;
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
    known.silence = {};
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
    answer.setting.target.push_back({"found", rules::findings_text(question_.language, count)});
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

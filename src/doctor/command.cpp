// Follows the socket calls of a traced program and judges those that failed or waited.
#include "doctor/command.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "doctor/descriptor.hpp"
#include "doctor/tracer.hpp"
#include "os/clock.hpp"
#include "os/process.hpp"

namespace dt::doctor {

namespace {

using rules::Call;
using rules::CallKind;

constexpr Duration slow_connect = 900ms;

/// A call that has begun.
struct Begun {
    Call call;
    rules::Snapshot before;
    Instant since{};
    std::uint64_t result_address = 0;  ///< of getsockopt: where the value goes
};

/// What is known of one descriptor.
struct Known {
    std::optional<Begun> connecting;  ///< a connect that has not ended yet
    rules::Counters at_begin;         ///< when the connection began
    Endpoint peer;
    bool was_accepted = false;
    bool has_received = false;
    bool is_shut_down = false;
    std::uint32_t sends = 0;
    std::uint32_t sends_since_receive = 0;
    bool was_held = false;  ///< the wait that goes on began with unsent data
    rules::Exchanges exchanges;
};

using Key = std::pair<pid_t, int>;  // process, descriptor

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
    void error_asked(const Stop& stop, const Begun& begun);
    void connect_ended(Begun begun, int error);
    void count_exchange(const Begun& begun, Known& known);
    void judge(Begun begun, int error);
    void keep(const rules::Evidence& evidence, rules::Verdict verdict);

    Host& host_;
    const Question& question_;
    std::map<pid_t, Begun> begun_;
    std::map<Key, Known> known_;
    std::set<std::string> told_;
    rules::Evidence last_;
    rules::Verdict verdict_;
    std::vector<std::string> undecided_;
    bool was_probed_ = false;
};

std::optional<CallKind> kind_of(std::uint64_t number) {
    switch (number) {
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
        case SYS_sendmsg: return CallKind::send;
        default: return std::nullopt;
    }
}

Key key_of(const Call& call) { return {call.pid, call.fd}; }

Begun begin(const Stop& stop, CallKind kind) {
    Begun begun;
    begun.call.kind = kind;
    begun.call.pid = os::process_of(stop.thread).value_or(stop.thread);
    begun.call.fd = static_cast<int>(stop.arguments[0]);
    begun.since = os::now();
    return begun;
}

bool Judge::on_call(const Stop& stop) {
    const Key key{os::process_of(stop.thread).value_or(stop.thread),
                  static_cast<int>(stop.arguments[0])};
    if (stop.number == SYS_close) {
        known_.erase(key);
        return false;
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

bool Judge::begin_transfer(const Stop& stop, CallKind kind) {
    Begun begun = begin(stop, kind);
    const auto known = known_.find(key_of(begun.call));
    if (known == known_.end()) return false;
    Known& socket = known->second;
    begun.call.was_accepted = socket.was_accepted;
    begun.call.is_first_receive = !socket.has_received;
    begun.call.sends_before = socket.sends;
    begun.call.is_shut_down = socket.is_shut_down;
    begun.call.address = socket.peer;
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
        known = Known{};
        known.peer = begun.call.address;
        known.at_begin = begun.before.counters;
    }
    if (error == EINPROGRESS) {
        known.connecting = std::move(begun);
        return;
    }
    if (error == EALREADY || error == EINTR || error == EISCONN || error == EAGAIN) return;
    if (known.connecting) begun = *std::exchange(known.connecting, std::nullopt);
    connect_ended(std::move(begun), error);
}

void Judge::accept_returned(const Stop& stop, const Begun& begun) {
    if (stop.result >= 0) {
        Known& known = known_[{begun.call.pid, static_cast<int>(stop.result)}];
        known = Known{};
        known.was_accepted = true;
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
    const auto options = options_of(begun.call.pid, begun.call.fd);
    const bool is_itself = options && options->options.local == options->options.remote;
    if (error != 0 || took >= slow_connect || is_itself) judge(std::move(begun), error);
}

void Judge::transfer_returned(const Stop& stop, Begun begun) {
    Known& known = known_[key_of(begun.call)];
    if (stop.result >= 0) {
        count_exchange(begun, known);
        if (known.connecting) connect_ended(*std::exchange(known.connecting, std::nullopt), 0);
        return;
    }
    const auto error = static_cast<int>(-stop.result);
    if (error == EAGAIN || error == EINTR) return;
    if (known.connecting) {
        return connect_ended(*std::exchange(known.connecting, std::nullopt), error);
    }
    if (error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == ECONNREFUSED) {
        judge(std::move(begun), error);
    }
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
    }
    evidence.after = host_.snapshot();
    evidence.before = std::move(begun.before);
    evidence.window = call.took;
    host_.read_settings(evidence);
    host_.read_owners(evidence);
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

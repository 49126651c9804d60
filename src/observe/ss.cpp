// The socket table as text and as lines of JSON.
#include "observe/ss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

namespace dt::observe {

namespace {

using event::SocketView;
using event::State;

/// A socket with its host, as the table orders and folds them.
struct Entry {
    const HostSockets* host;
    const SocketView* socket;
    std::size_t place_in_queue = 0;  // of a connection that waits: 1 = next to be accepted
};

std::string_view timer_name(event::TimerKind kind) {
    constexpr std::array<std::string_view, 11> names{
        "-",          "retrans", "persist",      "ack",     "keepalive", "time-wait",
        "fin-wait-2", "syn-ack", "user-timeout", "reorder", "loss-probe"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view state_name(const SocketView& socket) {
    switch (socket.transport) {
        case event::Transport::tcp: break;
        case event::Transport::udp: return "UDP";
        case event::Transport::icmp: return "ICMP";
        case event::Transport::raw: return "RAW";
    }
    return event::name(socket.state);
}

/// Listeners first, with what waits in their queues, then by trouble, then by state (UX §4).
int rank(const SocketView& socket) {
    if (socket.state == State::listen) return 0;
    if (socket.queued_in) return 1;
    if (socket.retransmissions > 0) return 2;
    if (socket.state == State::close_wait) return 3;
    return 4 + static_cast<int>(socket.state);
}

/// Of one rank: a listener that ignored more comes first, and what was sent again more often.
std::int64_t weight(const SocketView& socket) {
    const std::uint64_t trouble =
        socket.queues ? socket.queues->syn_ignored : socket.retransmissions;
    return -static_cast<std::int64_t>(trouble);
}

std::vector<Entry> ordered(const std::vector<HostSockets>& hosts) {
    std::vector<Entry> entries;
    for (const HostSockets& host : hosts) {
        std::map<Endpoint, std::size_t> waiting;
        for (const SocketView& socket : host.snapshot.sockets) {
            const std::size_t place = socket.queued_in ? ++waiting[*socket.queued_in] : 0;
            entries.push_back({&host, &socket, place});
        }
    }
    std::ranges::stable_sort(entries, {}, [](const Entry& entry) {
        return std::pair{rank(*entry.socket), weight(*entry.socket)};
    });
    return entries;
}

std::size_t references(const Entry& entry) {
    const auto found = entry.host->owners.find(entry.socket->socket);
    return found == entry.host->owners.end() ? 0 : found->second.size();
}

std::string seconds(Duration time, std::string_view format = "{:.3f} s") {
    return fmt::format(fmt::runtime(format), static_cast<double>(time.count()) / 1e9);
}

std::string timer_text(const event::TimerView& timer) {
    if (timer.kind == event::TimerKind::none) return "-";
    const bool is_long = timer.left >= std::chrono::seconds{10};
    return fmt::format("{} {}", timer_name(timer.kind),
                       seconds(timer.left, is_long ? "{:.1f} s" : "{:.3f} s"));
}

std::string accept_queue_text(const Entry& entry) {
    const SocketView& socket = *entry.socket;
    if (socket.queued_in) return fmt::format("queued {}", entry.place_in_queue);
    if (!socket.queues) return "-";
    const event::QueueView& queues = *socket.queues;
    std::string text = fmt::format("{}/{}", queues.accept_length, queues.limit);
    if (queues.accept_length > queues.limit) text += "!";
    if (queues.syn_ignored > 0) text += fmt::format("✗{}", queues.syn_ignored);
    return text;
}

constexpr std::size_t column_count = 11;
using Columns = std::array<std::string, column_count>;
constexpr std::array<std::string_view, column_count> headings{
    "HOST", "STATE", "LOCAL", "PEER", "SYNQ", "ACCQ", "RECVQ", "SENDQ", "REFS", "TIMER", "RTX"};
constexpr std::array<bool, column_count> right_aligned{false, false, false, false, true, true,
                                                       true,  true,  true,  false, true};

std::string count_text(const SocketView& socket, std::uint64_t count) {
    const bool has_no_queue = socket.state == State::listen || socket.state == State::time_wait;
    return has_no_queue ? "-" : std::to_string(count);
}

Columns columns_of(const Entry& entry) {
    const SocketView& socket = *entry.socket;
    const bool no_peer = socket.peer == Endpoint{};
    return {
        entry.host->host,
        std::string{state_name(socket)},
        std::string{wire::print(socket.local).view()},
        no_peer ? "*" : std::string{wire::print(socket.peer).view()},
        socket.queues ? fmt::format("{}/{}", socket.queues->syn_length, socket.queues->limit) : "-",
        accept_queue_text(entry),
        count_text(socket, socket.receive_queue),
        count_text(socket, socket.send_queue),
        std::to_string(references(entry)),
        timer_text(socket.timer),
        socket.retransmissions > 0 ? std::to_string(socket.retransmissions) : "-"};
}

/// Three quarters of a queue or more.
bool is_filling(std::uint32_t length, std::uint32_t limit) {
    return limit > 0 && 4 * length >= 3 * limit;
}

Tone tone_of(const SocketView& socket, std::size_t column) {
    if (column == 5 && socket.queues &&
        (socket.queues->accept_length > socket.queues->limit || socket.queues->syn_ignored > 0)) {
        return Tone::worst;
    }
    if (column == 5 && socket.queues &&
        is_filling(socket.queues->accept_length, socket.queues->limit)) {
        return Tone::held;
    }
    if (column == 4 && socket.queues &&
        is_filling(socket.queues->syn_length, socket.queues->limit)) {
        return Tone::held;
    }
    if (column == 5 && socket.queued_in) return Tone::faint;
    if (column == 9 && socket.timer.kind == event::TimerKind::retransmit) return Tone::held;
    return Tone::plain;
}

bool is_alike(const Entry& a, const Entry& b) {
    return a.host == b.host && a.socket->state == b.socket->state &&
           a.socket->transport == b.socket->transport &&
           a.socket->queued_in == b.socket->queued_in &&
           (a.socket->retransmissions > 0) == (b.socket->retransmissions > 0) &&
           (a.socket->receive_queue > 0) == (b.socket->receive_queue > 0) &&
           (a.socket->send_queue > 0) == (b.socket->send_queue > 0);
}

/// How long the head of the accept queue has waited that this connection waits in.
std::optional<Duration> oldest_in(const Entry& entry) {
    for (const SocketView& socket : entry.host->snapshot.sockets) {
        const bool is_it = socket.queues && socket.local == *entry.socket->queued_in;
        if (is_it && socket.queues->accept_length > 0) return socket.queues->oldest;
    }
    return std::nullopt;
}

std::string more_text(const std::vector<Entry>& rest) {
    const SocketView& first = *rest.front().socket;
    if (first.queued_in) {
        const auto oldest = oldest_in(rest.front());
        return fmt::format("… {} more wait in the accept queue of {}{}", rest.size(),
                           wire::print(*first.queued_in).view(),
                           oldest ? fmt::format(", the oldest for {}", seconds(*oldest)) : "");
    }
    if (first.state != State::syn_sent) return {};
    std::string text = fmt::format("… {} more {}", rest.size(), state_name(first));
    const auto [least, most] =
        std::ranges::minmax(rest, {}, [](const Entry& entry) { return entry.socket->timer.left; });
    return text + fmt::format(", next retransmissions in {} to {}",
                              seconds(least.socket->timer.left, "{:.3f}"),
                              seconds(most.socket->timer.left));
}

std::string path_text(const event::PathView& path) {
    const bool is_measured = path.srtt > Duration::zero();
    const std::string srtt =
        is_measured ? fmt::format("{:.1f}ms", static_cast<double>(path.srtt.count()) / 1e6) : "-";
    return fmt::format("cwnd {} ssthresh {} srtt {} rto {}ms inflight {} mss {} nodelay {}",
                       path.cwnd == 0 ? "-" : std::to_string(path.cwnd),
                       path.ssthresh == 0 ? "-" : std::to_string(path.ssthresh), srtt,
                       base::to_ms(path.rto), path.in_flight, path.mss,
                       path.no_delay ? "on" : "off");
}

std::string owners_text(const Entry& entry) {
    const auto found = entry.host->owners.find(entry.socket->socket);
    if (found == entry.host->owners.end()) return {};
    std::string text;
    for (const Owner& owner : found->second) {
        text += fmt::format("{}{}[{}] fd {}", text.empty() ? "" : ", ", owner.program, owner.pid,
                            owner.fd);
    }
    return text;
}

std::string summary(const std::vector<Entry>& entries) {
    std::vector<std::pair<std::string_view, std::size_t>> counts;
    std::uint64_t ignored = 0;
    for (const Entry& entry : entries) {
        const std::string_view state = state_name(*entry.socket);
        auto found =
            std::ranges::find(counts, state, &std::pair<std::string_view, std::size_t>::first);
        if (found == counts.end()) found = counts.insert(counts.end(), {state, 0});
        ++found->second;
        ignored += entry.socket->queues ? entry.socket->queues->syn_ignored : 0;
    }
    std::string text = fmt::format("{} socket{}", entries.size(), entries.size() == 1 ? "" : "s");
    for (std::size_t i = 0; i < counts.size(); ++i) {
        text += fmt::format("{}{} {}", i == 0 ? ": " : ", ", counts[i].second, counts[i].first);
    }
    if (ignored > 0) text += fmt::format(" · {} SYN{} ignored", ignored, ignored == 1 ? "" : "s");
    return text + "\n";
}

/// Lays the rows out in columns as wide as their widest entry.
class Table {
  public:
    Table(const SsOptions& options, const Paint& paint) : options_(options), paint_(paint) {}

    std::string draw(const std::vector<Entry>& entries) {
        for (std::size_t i = 0; i < column_count; ++i) widths_[i] = headings[i].size();
        for (const Entry& entry : entries) widen(columns_of(entry));
        std::string out = heading();
        for (std::size_t first = 0; first < entries.size();) {
            std::vector<Entry> rest;
            std::size_t next = first + 1;
            while (!options_.unfold && entries[first].socket->state != State::listen &&
                   next < entries.size() && is_alike(entries[first], entries[next])) {
                rest.push_back(entries[next++]);
            }
            const std::string more = rest.empty() ? std::string{} : more_text(rest);
            const bool fits_the_row = !rest.empty() && more.empty();
            out += row(entries[first], fits_the_row ? rest.size() : 0);
            if (!more.empty()) out += folded(more);
            first = next;
        }
        return out + paint_.plain(summary(entries));
    }

  private:
    void widen(const Columns& columns) {
        for (std::size_t i = 0; i < column_count; ++i) {
            widths_[i] = std::max(widths_[i], cells(paint_.plain(columns[i])));
        }
    }
    [[nodiscard]] std::string place(std::string_view text, std::size_t column) const {
        return right_aligned[column] ? paint_.right(text, widths_[column])
                                     : paint_.left(text, widths_[column]);
    }
    [[nodiscard]] std::string finish(std::string text) const {
        while (text.ends_with(' ')) text.pop_back();
        return paint_.plain(text) + "\n";
    }
    [[nodiscard]] std::string heading() const {
        std::string text;
        for (std::size_t i = 0; i < column_count; ++i) text += place(headings[i], i) + " ";
        return finish(std::move(text));
    }
    /// A row; `more` counts those that are folded into it.
    [[nodiscard]] std::string row(const Entry& entry, std::size_t more) const {
        const Columns columns = columns_of(entry);
        std::string text;
        for (std::size_t i = 0; i < column_count; ++i) {
            text += paint_.tint(place(columns[i], i), tone_of(*entry.socket, i)) + " ";
        }
        if (more > 0) text += paint_.tint(fmt::format("… {} more", more), Tone::faint);
        std::string out = finish(std::move(text));
        if (options_.show_path && entry.socket->path) out += folded(path_text(*entry.socket->path));
        if (options_.show_owners && references(entry) > 0) out += folded(owners_text(entry));
        return out;
    }
    [[nodiscard]] std::string folded(const std::string& text) const {
        return finish(std::string(widths_[0] + 1, ' ') + paint_.tint(text, Tone::faint));
    }

    const SsOptions& options_;
    const Paint& paint_;
    std::array<std::size_t, column_count> widths_{};
};

nlohmann::json json_of(const event::PathView& path) {
    return {
        {"cwnd", path.cwnd},
        {"ssthresh", path.ssthresh == 0 ? nlohmann::json(nullptr) : nlohmann::json(path.ssthresh)},
        {"srtt_ms", static_cast<double>(path.srtt.count()) / 1e6},
        {"rto_ms", base::to_ms(path.rto)},
        {"inflight", path.in_flight},
        {"mss", path.mss},
        {"nodelay", path.no_delay}};
}

nlohmann::json json_of(const Entry& entry, const SsOptions& options) {
    const SocketView& socket = *entry.socket;
    nlohmann::json fds = nlohmann::json::array();
    if (const auto found = entry.host->owners.find(socket.socket);
        found != entry.host->owners.end()) {
        for (const Owner& owner : found->second) {
            fds.push_back({{"pid", owner.pid}, {"comm", owner.program}, {"fd", owner.fd}});
        }
    }
    const auto in_seconds = [](Duration time) { return static_cast<double>(time.count()) / 1e9; };
    nlohmann::json out{
        {"schema", "dialtone.ss/1"},
        {"t_s", in_seconds(options.since_start)},
        {"host", entry.host->host},
        {"state", state_name(socket)},
        {"local",
         fmt::format("{}:{}", wire::print(socket.local.addr).view(), socket.local.port.value())},
        {"peer", socket.peer == Endpoint{} ? nlohmann::json(nullptr)
                                           : nlohmann::json(wire::print(socket.peer).view())},
        {"refs", fds.size()},
        {"fds", fds},
        {"recv_queue", socket.receive_queue},
        {"send_queue", socket.send_queue},
        {"rtx", socket.retransmissions},
        {"timer", nullptr}};
    if (socket.timer.kind != event::TimerKind::none) {
        out["timer"] = {{"kind", timer_name(socket.timer.kind)},
                        {"left_s", in_seconds(socket.timer.left)}};
    }
    if (socket.queues) {
        const event::QueueView& queues = *socket.queues;
        out["syn_queue"] = {{"len", queues.syn_length}, {"limit", queues.limit}};
        out["accept_queue"] = {{"len", queues.accept_length},
                               {"limit", queues.limit},
                               {"ignored", queues.syn_ignored},
                               {"oldest_s", in_seconds(queues.oldest)}};
    }
    if (socket.path) out["path"] = json_of(*socket.path);
    if (socket.queued_in) out["queued_in"] = wire::print(*socket.queued_in).view();
    return out;
}

}  // namespace

std::string ss_text(const std::vector<HostSockets>& hosts, const SsOptions& options,
                    const Paint& paint) {
    return Table(options, paint).draw(ordered(hosts));
}

std::string ss_json(const std::vector<HostSockets>& hosts, const SsOptions& options) {
    std::string out;
    for (const Entry& entry : ordered(hosts)) out += json_of(entry, options).dump() + "\n";
    return out;
}

}  // namespace dt::observe

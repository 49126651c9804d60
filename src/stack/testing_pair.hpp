// Test fixture: two stacks, 10.0.0.1 and 10.0.0.2, joined by a wire in virtual time. Used by tests
// only. A frame put on the wire arrives in the next turn of the other stack, unless the test drops
// it; time passes only by pass().
#pragma once

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "base/errno.hpp"
#include "stack/turn.hpp"

namespace dt::stack::testing {

using sock::PollMask;
using sock::SocketId;

inline constexpr int max_turns = 20000;  // more in one settle() is a fault of the test or the stack

/// Keeps every event in order.
class EventLog final : public event::Sink {
  public:
    void on_event(Instant at, event::HostIndex host, const event::Body& body) override {
        events.push_back({events.size() + 1, at, host, body});
    }

    /// The events of one type, oldest first.
    template <class T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const event::Event& event : events) {
            if (const T* body = std::get_if<T>(&event.body)) found.push_back(*body);
        }
        return found;
    }
    /// The newest call of this kind.
    [[nodiscard]] std::optional<event::CallMade> last(event::Call call) const {
        std::optional<event::CallMade> found;
        for (const event::CallMade& made : all<event::CallMade>()) {
            if (made.call == call) found = made;
        }
        return found;
    }

    std::vector<event::Event> events;
};

/// What came for a stack over the wire.
class Inbox final : public FrameSource {
  public:
    [[nodiscard]] Arriving* front() override { return frames.empty() ? nullptr : &frames.front(); }
    void pop() override { frames.pop_front(); }

    std::deque<Arriving> frames;
};

/// One end of the wire: puts frames into the inbox of the other.
class WireEnd final : public FrameSink {
  public:
    explicit WireEnd(Inbox& other) : other_(other) {}
    void take(InterfaceIndex, FramePtr frame) override {
        ++sent;
        const bool lost = drops != nullptr && drops(*frame);
        if (!lost) other_.frames.push_back({1, std::move(frame)});
    }

    bool (*drops)(const Frame& frame) = nullptr;  // true: the frame is lost
    std::size_t sent = 0;

  private:
    Inbox& other_;
};

/// One host: its stack, what came for it, and the edges it showed.
struct Host {
    Host(const Config& config, event::HostIndex index, std::uint64_t seed, buf::Pool& pool,
         EventLog& log, Ipv4 own_address)
        : stack(config, index, seed, pool, log), address(own_address) {
        InterfaceConfig eth0;
        eth0.name = "eth0";
        eth0.mac = Mac({2, 0, 0, 0, 0, static_cast<std::uint8_t>(index + 1)});
        eth0.address = address;
        eth0.address_v6 = wire::Prefix{address_v6(), 64};
        stack.add_interface(eth0);
    }

    [[nodiscard]] Endpoint at(std::uint16_t port) const { return {address, Port{port}}; }
    /// 2001:db8::N, where N is the last octet of the IPv4 address; there where IPv6 is on.
    [[nodiscard]] Ipv6 address_v6() const {
        return Ipv6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, address.octet(3)});
    }
    [[nodiscard]] Endpoint at_v6(std::uint16_t port) const { return {address_v6(), Port{port}}; }

    Stack stack;
    Inbox inbox;
    std::vector<sock::ReadinessEdge> edges;
    Ipv4 address;
};

class Pair {
  public:
    explicit Pair(const Config& config = {}, std::uint64_t seed = 1)
        : a(config, 0, seed, pool, log, Ipv4(10, 0, 0, 1)),
          b(config, 1, seed + 1, pool, log, Ipv4(10, 0, 0, 2)) {}
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    [[nodiscard]] Calls calls(Host& host) {
        return host.stack.calls(now, {static_cast<std::int32_t>(host.address.octet(3)), 3});
    }

    /// Runs both stacks until nothing is due at this instant.
    void settle() {
        for (int i = 0; i < max_turns; ++i) {
            const bool more_a = turn_of(a, from_a) == Left::work;
            const bool more_b = turn_of(b, from_b) == Left::work;
            const bool arrived = !a.inbox.frames.empty() || !b.inbox.frames.empty();
            if (!more_a && !more_b && !arrived && deadline() > now) return;
        }
        const bool came_to_rest = false;
        DT_ASSERT(came_to_rest);
    }

    /// Lets `time` pass; all timers in between fire at their instants.
    void pass(Duration time) {
        const Instant end = now + time;
        settle();
        while (deadline() <= end) {
            now = std::max(now, deadline());
            settle();
        }
        now = end;
        settle();
    }

    [[nodiscard]] Instant deadline() const {
        return std::min(a.stack.deadline(), b.stack.deadline());
    }

    /// No frame crosses the wire any more.
    void cut() {
        from_a.drops = [](const Frame&) { return true; };
        from_b.drops = from_a.drops;
    }

    buf::Pool pool;
    EventLog log;
    Instant now{std::chrono::seconds{1}};
    Host a;
    Host b;
    WireEnd from_a{b.inbox};
    WireEnd from_b{a.inbox};

  private:
    Left turn_of(Host& host, WireEnd& out) {
        const Left left = turn(host.stack, now, host.inbox, out);
        while (const auto edge = host.stack.next_readiness(now)) {
            host.edges.push_back(*edge);
        }
        return left;
    }
};

/// The number a word of an answer is; 0 where it is none.
inline std::size_t count_of(std::string_view word) {
    std::size_t count = 0;
    std::from_chars(word.data(), word.data() + word.size(), count);
    return count;
}

/// A socket of one host with the calls a test makes on it; answers in words as the spec has them:
/// `OK`, `EAGAIN`, a count, `OUT,HUP`.
class Program {
  public:
    Program(Pair& pair, Host& host, SocketId id) : pair_(&pair), host_(&host), id_(id) {}
    static Program stream(Pair& pair, Host& host, sock::Family family = sock::Family::inet) {
        return open(pair, host, sock::Type::stream, family);
    }
    static Program datagram(Pair& pair, Host& host, sock::Family family = sock::Family::inet) {
        return open(pair, host, sock::Type::datagram, family);
    }

    [[nodiscard]] SocketId id() const { return id_; }
    [[nodiscard]] Calls calls() const { return pair_->calls(*host_); }

    std::string bind(Endpoint address) const { return word(calls().bind(id_, address)); }
    std::string listen(int backlog) const { return word(calls().listen(id_, backlog)); }
    std::string connect(Endpoint remote) const { return word(calls().connect(id_, remote)); }
    std::string disconnect() const { return word(calls().disconnect(id_)); }
    std::string shutdown(sock::How how) const { return word(calls().shutdown(id_, how)); }
    std::string close(sock::Unread unread = sock::Unread::none) const {
        return word(calls().close(id_, unread));
    }
    std::string send(std::string_view text) const {
        return word(calls().send(id_, std::as_bytes(std::span{text})));
    }
    std::string send_to(std::string_view text, Endpoint to, const sock::SendAs& as = {}) const {
        return word(calls().send_to(id_, std::as_bytes(std::span{text}), to, as));
    }
    /// The octets as text in quotes, or the word of the answer; `0` for the end of the stream.
    std::string receive(std::size_t most = 65536) const {
        std::string text(most, '\0');
        const auto count = calls().receive(id_, std::as_writable_bytes(std::span{text}));
        if (!count) return std::string(describe(count.error()).name);
        return *count == 0 ? "0" : "'" + text.substr(0, *count) + "'";
    }
    /// The answer's count alone.
    std::string receive_count(std::size_t most = 65536) const {
        std::string text(most, '\0');
        return word(calls().receive(id_, std::as_writable_bytes(std::span{text})));
    }
    std::optional<Program> accept() const {
        const auto accepted = calls().accept(id_);
        if (!accepted) return std::nullopt;
        return Program(*pair_, *host_, accepted->socket);
    }
    std::string accept_word() const { return word(calls().accept(id_)); }
    [[nodiscard]] std::string local_word() const { return word(calls().local_name(id_)); }
    [[nodiscard]] std::string peer_word() const { return word(calls().peer_name(id_)); }
    [[nodiscard]] Endpoint local() const { return calls().local_name(id_).value_or(Endpoint{}); }
    [[nodiscard]] Endpoint peer() const { return calls().peer_name(id_).value_or(Endpoint{}); }

    std::string set(int level, int name, std::int32_t value) const {
        return word(calls().set_option(id_, level, name, std::as_bytes(std::span{&value, 1})));
    }
    std::string set_text(int level, int name, std::string_view value) const {
        return word(calls().set_option(id_, level, name, std::as_bytes(std::span{value})));
    }
    /// The int, or the word of the error.
    [[nodiscard]] std::string get(int level, int name) const {
        std::int32_t value = 0;
        const auto length =
            calls().get_option(id_, level, name, std::as_writable_bytes(std::span{&value, 1}));
        return length ? std::to_string(value) : std::string(describe(length.error()).name);
    }
    /// SO_ERROR as a word: `0` or `ECONNREFUSED`.
    std::string take_error() const {
        const std::string number = get(1, 4);
        if (number == "0") return number;
        return std::string(describe(*error_of(static_cast<int>(count_of(number)))).name);
    }
    [[nodiscard]] std::string poll() const { return words(calls().poll(id_)); }

    /// `IN,OUT,HUP` in the order of the spec; `none`.
    static std::string words(PollMask mask) {
        std::string text;
        const std::pair<std::uint16_t, const char*> names[] = {
            {PollMask::in, "IN"},   {PollMask::pri, "PRI"}, {PollMask::out, "OUT"},
            {PollMask::err, "ERR"}, {PollMask::hup, "HUP"}, {PollMask::rdhup, "RDHUP"}};
        for (const auto& [bit, name] : names) {
            if (mask.has(bit)) text += (text.empty() ? "" : ",") + std::string(name);
        }
        return text.empty() ? "none" : text;
    }

  private:
    static Program open(Pair& pair, Host& host, sock::Type type, sock::Family family) {
        const auto id = pair.calls(host).socket(family, type);
        DT_ASSERT(id.has_value());
        return {pair, host, *id};
    }
    template <class T>
    static std::string word(const Result<T>& result) {
        if (!result) return std::string(base::describe(result.error()).name);
        if constexpr (std::is_same_v<T, std::size_t>) {
            return std::to_string(*result);
        } else {
            return "OK";
        }
    }
    static const base::ErrnoRow& describe(Error error) { return base::describe(error); }
    static std::optional<Error> error_of(int number) { return base::error_of(number); }

    Pair* pair_;
    Host* host_;
    SocketId id_;
};

/// A listener on `host` and a connection to it: `client` of `from`, `server` accepted.
struct Conversation {
    Program listener;
    Program client;
    Program server;
};

/// Listens on `host` at `address`, connects from `from`, accepts. Everything is at rest after it.
inline Conversation converse(Pair& pair, Host& from, Host& host, Endpoint address) {
    Program listener = Program::stream(pair, host);
    DT_ASSERT(listener.bind(address) == "OK");
    DT_ASSERT(listener.listen(2) == "OK");
    Program client = Program::stream(pair, from);
    DT_ASSERT(client.connect(address) == "EINPROGRESS");
    pair.settle();
    DT_ASSERT(client.connect(address) == "OK");
    auto server = listener.accept();
    DT_ASSERT(server.has_value());
    return {listener, client, *server};
}

/// SO_LINGER {1,0}, then close: the peer gets a RST.
inline void reset(const Program& program) {
    const std::int32_t value[2] = {1, 0};
    DT_ASSERT(program.calls().set_option(program.id(), 1, 13, std::as_bytes(std::span{value})));
    DT_ASSERT(program.close() == "OK");
}

}  // namespace dt::stack::testing

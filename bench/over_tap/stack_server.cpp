// One stack on a TAP interface, driven by its six verbs and without a supervisor: the server of
// bench/host/talk.c as a program that embeds the stack. bench/over_tap.py starts it.
//   stack_server INTERFACE PORT     the kernel's side becomes 10.9.0.1, the stack is 10.9.0.2
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/assert.hpp"
#include "os/clock.hpp"
#include "os/tap.hpp"
#include "stack/turn.hpp"

namespace {

using namespace dt;  // NOLINT(google-build-using-namespace): a program, not a header
using sock::SocketId;

constexpr Ipv4 kernels{10, 9, 0, 1};
constexpr Ipv4 ours{10, 9, 0, 2};
constexpr std::uint8_t prefix_length = 24;
constexpr std::size_t block = 65536;
constexpr std::size_t blocks_at_once = 4;  // that a source writes before frames leave

/// The frames that the kernel has sent.
class Arrivals final : public stack::FrameSource {
  public:
    Arrivals(os::TapDevice& device, buf::Pool& pool) : device_(device), pool_(pool) {}

    os::ReadAhead ahead;

    [[nodiscard]] stack::Arriving* front() override {
        while (!next_.frame && ahead.may_read()) {
            const os::TapDevice::Got got = device_.receive(pool_, next_.frame);
            if (got == os::TapDevice::Got::nothing) {
                ahead.on_nothing();
            } else {
                ahead.on_frame(next_.frame ? next_.frame->size() : 0);
            }
        }
        return next_.frame ? &next_ : nullptr;
    }
    void pop() override { next_.frame.reset(); }

  private:
    os::TapDevice& device_;
    buf::Pool& pool_;
    stack::Arriving next_{1, {}};
};

class Departures final : public stack::FrameSink {
  public:
    explicit Departures(os::TapDevice& device) : device_(device) {}
    void take(stack::InterfaceIndex, FramePtr frame) override { (void)device_.send(*frame); }

  private:
    os::TapDevice& device_;
};

/// What a connection was opened for: its first octet says it.
enum class Kind : std::uint8_t { unknown, echo, sink, source };

Kind kind_of(char said) {
    if (said == 'p') return Kind::echo;
    return said == 's' ? Kind::source : Kind::sink;
}

struct Connection {
    SocketId socket;
    Kind kind = Kind::unknown;
    std::uint64_t swallowed = 0;
};

/// The answers of talk.c: an echo of single octets, a sink that tells at its end how much it got, a
/// source without end; on the next port each connection is closed at once.
class Server {
  public:
    Server(stack::Stack& stack, Instant now, std::uint16_t port) : stack_(stack) {
        talking_ = listen(now, port);
        closing_ = listen(now, static_cast<std::uint16_t>(port + 1));
    }

    /// Everything that can be done now for a socket that became ready.
    void on_ready(Instant now, SocketId socket) {
        if (socket.number() == talking_.number()) return accept_all(now);
        if (socket.number() == closing_.number()) return close_all(now);
        const auto found = connections_.find(key(socket));
        if (found != connections_.end()) serve(now, found->second);
    }
    /// A source that stopped only to let frames leave goes on.
    [[nodiscard]] bool wants_turn() const { return goes_on_.has_value(); }
    void go_on(Instant now) {
        const auto socket = std::exchange(goes_on_, std::nullopt);
        if (socket) on_ready(now, *socket);
    }

  private:
    static std::uint64_t key(SocketId socket) {
        const event::SocketNumber number = socket.number();
        std::uint64_t result = 0;
        static_assert(sizeof number <= sizeof result);
        std::memcpy(&result, &number, sizeof number);
        return result;
    }
    [[nodiscard]] stack::Calls calls(Instant now) { return stack_.calls(now, {1, 3}); }

    SocketId listen(Instant now, std::uint16_t port) {
        const auto id = *calls(now).socket(sock::Family::inet, sock::Type::stream);
        DT_ASSERT(calls(now).bind(id, {IpAddr{ours}, Port{port}}).has_value());
        DT_ASSERT(calls(now).listen(id, 128).has_value());
        return id;
    }
    void accept_all(Instant now) {
        while (const auto accepted = calls(now).accept(talking_)) {
            const SocketId socket = accepted->socket;
            const int one = 1;
            (void)calls(now).set_option(socket, 6, 1, std::as_bytes(std::span{&one, 1}));
            const auto [at, is_new] = connections_.emplace(key(socket), Connection{socket});
            if (is_new) serve(now, at->second);
        }
    }
    void close_all(Instant now) {
        while (const auto accepted = calls(now).accept(closing_))
            (void)calls(now).close(accepted->socket);
    }

    void serve(Instant now, Connection& connection) {
        const stack::Calls calls = this->calls(now);
        if (connection.kind == Kind::unknown && !learn_kind(calls, connection)) return;
        if (connection.kind == Kind::source) return pour(calls, connection);
        take_in(calls, connection);
    }
    bool learn_kind(stack::Calls calls, Connection& connection) {
        std::byte kind{};
        const auto got = calls.receive(connection.socket, {&kind, 1});
        if (!got || *got == 0) return go(calls, connection, got), false;
        connection.kind = kind_of(static_cast<char>(kind));
        return true;
    }
    void take_in(stack::Calls calls, Connection& connection) {
        for (;;) {
            const auto got = calls.receive(connection.socket, text_);
            if (!got || *got == 0) return go(calls, connection, got);
            if (connection.kind == Kind::echo)
                (void)calls.send(connection.socket, Octets{text_}.first(*got));
            connection.swallowed += *got;
        }
    }
    void pour(stack::Calls calls, Connection& connection) {
        for (std::size_t i = 0; i < blocks_at_once; ++i) {
            const auto sent = calls.send(connection.socket, text_);
            if (sent) continue;
            if (sent.error() != Error::would_block) end(calls, connection);
            return;
        }
        goes_on_ = connection.socket;
    }
    /// After a receive() that gave no octets: the end of the text, a failure, or just none yet.
    void go(stack::Calls calls, Connection& connection, const Result<std::size_t>& got) {
        if (!got && got.error() == Error::would_block) return;
        if (got && connection.kind == Kind::sink)
            (void)calls.send(connection.socket, std::as_bytes(std::span{&connection.swallowed, 1}));
        end(calls, connection);
    }
    void end(stack::Calls calls, const Connection& connection) {
        const SocketId socket = connection.socket;
        (void)calls.close(socket);
        connections_.erase(key(socket));
    }

    stack::Stack& stack_;
    SocketId talking_;
    SocketId closing_;
    std::unordered_map<std::uint64_t, Connection> connections_;
    std::optional<SocketId> goes_on_;
    std::vector<std::byte> text_ = std::vector<std::byte>(block);
};

/// True when there is a frame; at most until `deadline`.
bool wait_for_frame(int fd, Instant now, Instant deadline) {
    pollfd waits{.fd = fd, .events = POLLIN, .revents = 0};
    const Duration left = std::clamp<Duration>(deadline - now, 0ns, 1h);
    const timespec time{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    return ::ppoll(&waits, 1, &time, nullptr) > 0;
}

/// The ring, with the calls before the frames leave: an answer takes the ACK of its question along.
class Loop {
  public:
    Loop(os::TapDevice& device, std::uint16_t port)
        : device_(device), in_(device, pool_), out_(device), stack_(config_, 0, 1, pool_, events_) {
        stack::InterfaceConfig eth0;
        eth0.name = "eth0";
        eth0.mac = Mac({2, 0, 0, 0, 0, 1});
        eth0.address = ours;
        eth0.prefix_length = prefix_length;
        eth0.checksums = stack::InterfaceConfig::Vouches::yes;
        eth0.super_segment_max = 65'535 - 20 - 60;
        stack_.add_interface(eth0);
        server_.emplace(stack_, os::now(), port);
    }

    [[noreturn]] void run() {
        bool has_frames = false;
        for (;;) {
            const Instant now = os::now();
            if (has_frames) in_.ahead.begin();
            if (stack_.deadline() <= now) in_.ahead.begin_all();
            const bool has_more = turn(now);
            const Instant deadline = has_more ? now : stack_.deadline();
            has_frames = wait_for_frame(device_.fd(), now, deadline);
        }
    }

  private:
    /// True where work is left that is due at `now`.
    bool turn(Instant now) {
        bool is_full = false;
        while (!is_full) {
            stack::Arriving* next = in_.front();
            if (next == nullptr) break;
            is_full = !stack_.receive(now, next->in, next->frame);
            if (!is_full) in_.pop();
        }
        serve(now);
        stack_.advance(now);
        const bool unsent = stack_.transmit(now, out_, config_.frames_per_turn);
        const bool called = serve(now);
        return is_full || unsent || called || server_->wants_turn();
    }
    /// Every call that sockets are ready for; false where there was none.
    bool serve(Instant now) {
        bool called = server_->wants_turn();
        server_->go_on(now);
        while (const auto edge = stack_.next_readiness(now)) {
            server_->on_ready(now, edge->socket);
            called = true;
        }
        return called;
    }

    os::TapDevice& device_;
    Config config_;
    buf::Pool pool_;
    event::NullSink events_;
    Arrivals in_;
    Departures out_;
    stack::Stack stack_;
    std::optional<Server> server_;
};

int complain(const char* name, const os::Failure& failure) {
    (void)std::fprintf(stderr, "stack_server: %s: %s\n", name, failure.text().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view number = argc == 3 ? argv[2] : "";
    std::uint16_t port = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), port);
    if (number.empty() || read.ec != std::errc{}) return 2;
    os::TapOptions options;
    options.name = argv[1];
    options.queue_frames = 4000;
    auto device = os::TapDevice::open(options);
    if (!device) return complain(argv[1], device.error());
    const auto set = device->configure(IpAddr{kernels}, prefix_length);
    if (!set) return complain(argv[1], set.error());
    Loop(*device, port).run();
}

// One stack, its wire and its virtual clock, with a place to wait for calls that block. packetdrill
// drives it from its main thread; a second thread makes the calls that may block.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "packetdrill/tun.hpp"

namespace dt::packetdrill {

/// What `--so_flags` says, as `name=value` with commas between.
struct Flags {
    Ipv4 local{192, 168, 0, 1};  // our address: packetdrill's own default
    std::uint8_t prefix_length = 16;
    std::uint16_t mtu = 1500;
    std::string settings = "/proc/sys/net";  // where the sysctls of this network namespace are
    std::string device = "tun0";             // whose offloads (ethtool -K) a script sets

    /// Errors: malformed. `text` may be nullptr.
    static Result<Flags> parse(const char* text);
};

class Machine {
  public:
    using Lock = std::unique_lock<std::mutex>;

    explicit Machine(Flags flags);

    [[nodiscard]] Lock lock() { return Lock(mutex_); }
    [[nodiscard]] const Flags& flags() const { return flags_; }

    // Everything below needs the lock.

    /// What the machine's stack shall be from here on; makes the stack at the first time.
    void configure(const Config& config);
    /// The calls of the stack at this instant. configure() came before.
    [[nodiscard]] stack::Calls calls();
    [[nodiscard]] bool has_stack() const { return stack_.has_value(); }
    [[nodiscard]] Instant now() const { return now_; }
    /// The clock as a program reads it: it moves on by 1 µs, so that a loop that waits for it ends.
    [[nodiscard]] Instant read_clock(Lock& lock);
    /// Time passes up to `until`, with all timers on the way.
    void run_to(Lock& lock, Instant until);
    /// One packet in; what the stack answers at once has left when this returns.
    [[nodiscard]] Status put(Lock& lock, Octets packet);
    /// The next packet that leaves, if there is one within `patience`: time passes for it.
    [[nodiscard]] std::optional<Departed> next_departed(Lock& lock);
    /// Runs the stack until nothing is due at this instant.
    void settle();
    /// Called whenever settle() is done: what happened since happened at now().
    void on_rest(std::move_only_function<void()> look) { on_rest_ = std::move(look); }
    /// A call that waits to write as soon as its connection stands.
    class PendingWrite {
      public:
        explicit PendingWrite(Machine& machine) : machine_(machine) { ++machine_.pending_writes_; }
        ~PendingWrite() { --machine_.pending_writes_; }
        PendingWrite(const PendingWrite&) = delete;
        PendingWrite& operator=(const PendingWrite&) = delete;

      private:
        Machine& machine_;
    };

    /// True once after a call that waited has ended: its thread needs real time to tell.
    [[nodiscard]] bool take_ended() { return std::exchange(has_ended_, false); }
    /// How often the readiness of a socket has moved (edges of the stack).
    [[nodiscard]] std::uint64_t moves_of(sock::SocketId id) const;

    /// Tries `attempt` (it answers a Result) until it has an answer other than would_block, at
    /// most up to `until`. What the attempt made the stack send has left when this returns.
    template <class Attempt>
    auto await(Lock& lock, Instant until, Attempt attempt) -> decltype(attempt()) {
        Parked parked(*this);
        for (;;) {
            auto answer = attempt();
            settle();
            if (answer || answer.error() != Error::would_block || now_ >= until) return answer;
            if (!pause(lock, until, parked)) return answer;
        }
    }

    /// How long nothing may happen before a wait is given up.
    static constexpr Duration patience = std::chrono::seconds{120};

  private:
    /// A call on its way through await().
    class Parked {
      public:
        explicit Parked(Machine& machine) : machine_(machine) {}
        ~Parked();
        Parked(const Parked&) = delete;
        Parked& operator=(const Parked&) = delete;

        Machine& machine_;
        bool woken = false;  // the driver waits until this call parks again or ends
        bool ever = false;
    };

    [[nodiscard]] bool pause(Lock& lock, Instant until, Parked& parked);
    [[nodiscard]] bool step(Lock& lock, Instant until);
    [[nodiscard]] Instant next_due() const;
    void hear();
    void rouse(Lock& lock);
    void rest(Parked& parked);

    Flags flags_;
    std::mutex mutex_;
    std::thread::id driver_;
    buf::Pool pool_;
    event::NullSink sink_;
    Tun tun_{pool_};
    std::optional<stack::Stack> stack_;
    Instant now_{std::chrono::seconds{1000}};
    std::map<event::SocketNumber, std::uint64_t> moves_;
    std::move_only_function<void()> on_rest_;
    std::uint32_t pending_writes_ = 0;

    // The calls that wait in other threads than the driver's.
    std::condition_variable woken_;
    std::condition_variable rested_;
    std::uint64_t generation_ = 0;
    std::uint32_t parked_ = 0;
    std::uint32_t awaited_ = 0;     // woken and not yet at rest
    Instant parked_until_ = never;  // when the call that waits gives up
    /// A thread whose call waited reads the clock as it was when its call ended.
    struct Ended {
        std::thread::id thread;
        Instant at;
    };
    std::optional<Ended> ended_;
    bool has_ended_ = false;
};

}  // namespace dt::packetdrill

// Random calls on random sockets of two stacks: nothing breaks, every refusal has its reason, and
// when all is closed nothing is left.
#include <gtest/gtest.h>

#include <array>

#include "base/rng.hpp"
#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int seeds = 150;
constexpr int steps = 250;
constexpr std::size_t sockets_at_once = 12;

/// Makes calls without sense, as seeded.
class Monkey {
  public:
    explicit Monkey(std::uint64_t seed) : pair({}, seed), rng_(seed) {}

    void step() {
        Host& host = rng_.chance(0.5) ? pair.a : pair.b;
        if (programs_.size() < sockets_at_once && rng_.chance(0.4)) add(host);
        if (programs_.empty()) return;
        const std::size_t index = rng_.below(programs_.size());
        call(programs_[index], index);
        if (rng_.chance(0.5)) pair.settle();
        if (rng_.chance(0.05)) pair.pass(std::chrono::milliseconds(rng_.below(3000)));
    }

    void close_all() {
        for (const Program& program : programs_) program.close();
        programs_.clear();
        pair.pass(1h);
    }

    Pair pair;

  private:
    /// A few endpoints, so that calls meet each other.
    Endpoint somewhere() {
        const Port port{static_cast<std::uint16_t>(80 + rng_.below(3))};
        switch (rng_.below(5)) {
            case 0: return {Ipv4::any(), port};
            case 1: return {Ipv4::loopback(), port};
            case 2: return pair.a.at(port.value());
            case 3: return pair.b.at(port.value());
            default: return {Ipv4::any(), Port{}};
        }
    }

    /// A datagram socket, a listener, a caller, or one that has done nothing yet.
    void add(Host& host) {
        const bool stream = rng_.chance(0.85);
        const Program program =
            stream ? Program::stream(pair, host) : Program::datagram(pair, host);
        const std::uint64_t kind = rng_.below(5);
        if (stream && kind < 2) {
            program.bind(somewhere());
            program.listen(static_cast<int>(rng_.below(3)));
        }
        if (kind == 2 || kind == 3) program.connect(somewhere());
        programs_.push_back(program);
    }

    void call(const Program program, std::size_t index) {
        switch (rng_.below(30)) {
            case 0: program.bind(somewhere()); break;
            case 1: program.listen(static_cast<int>(rng_.below(3))); break;
            case 2: program.disconnect(); break;
            case 3: program.set(1, 2, static_cast<int>(rng_.below(2))); break;
            case 4: program.take_error(); break;
            case 5: polled_ += program.poll().size(); break;
            case 6: program.send_to("datagram", somewhere()); break;
            case 7: program.shutdown(static_cast<sock::How>(rng_.below(3))); break;
            case 8: program.shutdown(sock::How::write); break;
            case 9:
            case 10: close(program, index); break;
            case 11:
            case 12:
            case 13: program.connect(somewhere()); break;
            case 14:
            case 15:
            case 16: program.send(std::string(1 + rng_.below(30'000), 'm')); break;
            case 17:
            case 18:
            case 19: accept_all(); break;
            default: program.receive(1 + rng_.below(40'000)); break;
        }
    }

    void accept_all() {
        const std::vector<Program> before = programs_;
        for (const Program& program : before) {
            if (const auto accepted = program.accept()) programs_.push_back(*accepted);
        }
    }

    void close(const Program& program, std::size_t index) {
        program.close(rng_.chance(0.2) ? sock::Unread::some : sock::Unread::none);
        programs_.erase(programs_.begin() + static_cast<std::ptrdiff_t>(index));
    }

    Rng rng_;
    std::size_t polled_ = 0;
    std::vector<Program> programs_;
};

/// How often each state was entered, so that the calls are known to reach something.
std::array<std::size_t, event::state_count> entered(const EventLog& log) {
    std::array<std::size_t, event::state_count> counts{};
    for (const event::Transition& transition : log.all<event::Transition>()) {
        ++counts[static_cast<std::size_t>(transition.to)];
    }
    return counts;
}

TEST(RandomCalls, LeaveNothingBehind) {
    std::array<std::size_t, event::state_count> total{};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        SCOPED_TRACE(seed);
        Monkey monkey(seed);
        for (int i = 0; i < steps; ++i) monkey.step();
        monkey.close_all();
        EXPECT_TRUE(monkey.pair.a.stack.snapshot(monkey.pair.now).sockets.empty());
        EXPECT_TRUE(monkey.pair.b.stack.snapshot(monkey.pair.now).sockets.empty());
        EXPECT_EQ(monkey.pair.pool.frames_in_use(), 0U);
        EXPECT_EQ(monkey.pair.pool.blocks_in_use(), 0U);
        if (::testing::Test::HasFailure()) return;
        const auto counts = entered(monkey.pair.log);
        for (std::size_t i = 0; i < counts.size(); ++i) total[i] += counts[i];
    }
    for (std::size_t i = 0; i < total.size(); ++i) {
        const auto state = static_cast<event::State>(i);
        if (state == event::State::listen || state == event::State::closing) continue;
        EXPECT_GT(total[i], 50U) << name(state);
    }
}

TEST(RandomCalls, EveryRefusalHasItsReason) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        Monkey monkey(seed);
        for (int i = 0; i < steps; ++i) monkey.step();
        for (const event::CallMade& made : monkey.pair.log.all<event::CallMade>()) {
            const bool refused = made.error && *made.error != Error::in_progress;
            ASSERT_EQ(refused, made.reason != event::Reason::none)
                << static_cast<int>(made.call) << " "
                << (made.error ? base::describe(*made.error).name : "success");
        }
    }
}

/// All ports are free again: as many as the range holds can be bound at once.
TEST(RandomCalls, LeavePortsFree) {
    Monkey monkey(4711);
    for (int i = 0; i < 2000; ++i) monkey.step();
    monkey.close_all();
    for (std::uint16_t port = 80; port <= 82; ++port) {
        const Program program = Program::stream(monkey.pair, monkey.pair.a);
        EXPECT_EQ(program.bind({Ipv4::any(), Port{port}}), "OK");
        EXPECT_EQ(program.listen(1), "OK");
    }
}

}  // namespace
}  // namespace dt::stack::testing

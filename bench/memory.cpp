// What the state of many peers costs: octets on the heap, everything counted, for an idle
// connection end, a half-open entry and a TIME-WAIT record, from one to a million; and, of idle
// connections, what the process has in memory (pages, the allocator's own words, both stacks).
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "heap.hpp"
#include "stack_pair.hpp"
#include "syn_flood.hpp"

namespace {

using namespace dt;  // NOLINT(google-build-using-namespace): a program, not a header
using bench::StackPair;
using bench::SynFlood;
using sock::SocketId;

constexpr std::uint16_t first_port = 80;
constexpr std::size_t per_port = 10'000;  // connections to one port of the server
constexpr int backlog = 4096;

/// Octets of this process that lie in memory (proc(5), statm).
double resident() {
    std::size_t size = 0;
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> size >> pages;
    return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Idle connections, both ends counted.
void connection_end(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        StackPair pair;
        std::vector<SocketId> listeners;
        for (std::size_t i = 0; i < count; i += per_port)
            listeners.push_back(
                pair.listen(static_cast<std::uint16_t>(first_port + i / per_port), backlog));
        const double resident_before = resident();
        const std::size_t before = bench::heap().octets;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t to = i / per_port;
            pair.open(listeners[to], static_cast<std::uint16_t>(first_port + to));
        }
        // The places of the timers of the handshake come up, and are given back.
        for (int i = 0; i < 4; ++i) {
            pair.now += 1s;
            pair.settle();
        }
        state.counters["octets"] =
            static_cast<double>(bench::heap().octets - before) / 2 / static_cast<double>(count);
        state.counters["resident"] = resident() - resident_before;
    }
}
BENCHMARK(connection_end)->RangeMultiplier(10)->Range(1, 1'000'000)->Iterations(1);

/// Connections that the client closed first: its records stay while time stands still.
void time_wait_record(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        Config config;
        config.time_wait_max = 2'000'000;
        StackPair pair(config);
        std::vector<SocketId> listeners;
        for (std::size_t i = 0; i <= count; i += per_port)
            listeners.push_back(
                pair.listen(static_cast<std::uint16_t>(first_port + i / per_port), backlog));
        const auto open_close = [&](std::size_t i) {
            const std::size_t to = i / per_port;
            const auto [mine, theirs] =
                pair.open(listeners[to], static_cast<std::uint16_t>(first_port + to));
            DT_ASSERT(pair.client().close(mine).has_value());
            pair.settle();
            DT_ASSERT(pair.server().close(theirs).has_value());
            pair.settle();
        };
        open_close(0);
        const std::size_t before = bench::heap().octets;
        for (std::size_t i = 1; i <= count; ++i) open_close(i);
        state.counters["octets"] =
            static_cast<double>(bench::heap().octets - before) / static_cast<double>(count);
    }
}
BENCHMARK(time_wait_record)->RangeMultiplier(10)->Range(1, 1'000'000)->Iterations(1);

/// SYNs that nobody follows up.
void half_open_entry(benchmark::State& state) {
    const auto count = static_cast<std::uint32_t>(state.range(0));
    for (auto _ : state) {
        Config config;
        config.somaxconn = 2'000'000;
        SynFlood flood(config);
        flood.listen(2'000'000);
        flood.turn(1);
        const std::size_t before = bench::heap().octets;
        for (std::uint32_t i = 0; i < count; ++i) flood.turn(1);
        state.counters["octets"] =
            static_cast<double>(bench::heap().octets - before) / static_cast<double>(count);
    }
}
BENCHMARK(half_open_entry)->RangeMultiplier(10)->Range(1, 1'000'000)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();

// Two whole stacks over the memory link, both ends counted, on one core: bulk, request and
// response, connections opened, accepted and closed, SYNs answered. Texts are copied in by send()
// and out by receive(). The instruction counts of `valgrind --tool=callgrind` can be repeated.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "heap.hpp"
#include "stack_pair.hpp"
#include "syn_flood.hpp"

namespace {

using namespace dt;  // NOLINT(google-build-using-namespace): a program, not a header
using bench::StackPair;
using bench::SynFlood;
using bench::Wire;
using sock::SocketId;

constexpr std::uint16_t port = 80;
constexpr int backlog = 4096;

/// Segments of 1460 octets, buffers that stay in the cache of one core.
Config bulk_config(event::Switch batches) {
    Config config;
    config.timestamps = event::Switch::off;
    config.send_buffer_max = 256 * 1024;
    config.batches = batches;
    return config;
}

/// One round: the client writes until it would block, both stacks have a turn, the server reads
/// all there is. Counts the octets read.
std::size_t carry_bulk(StackPair& pair, SocketId from, SocketId to, MutableOctets text) {
    while (pair.client().send(from, text)) {
    }
    pair.now += 1us;
    pair.round();
    std::size_t count = 0;
    while (const auto taken = pair.server().receive(to, text)) count += *taken;
    return count;
}

/// `range` is the octets of one write. Time is given per segment of 1460 octets.
void bulk(benchmark::State& state, Wire wire, event::Switch batches) {
    StackPair pair(bulk_config(batches), wire);
    const SocketId listener = pair.listen(port, backlog);
    const auto [mine, theirs] = pair.open(listener, port);
    std::vector<std::byte> text(static_cast<std::size_t>(state.range(0)));
    for (int i = 0; i < 200; ++i) carry_bulk(pair, mine, theirs, text);  // the windows open
    const std::size_t allocations = bench::heap().allocations;
    std::size_t octets = 0;
    for (auto _ : state) octets += carry_bulk(pair, mine, theirs, text);
    const auto segments = static_cast<double>(octets) / 1460;
    state.SetBytesProcessed(static_cast<std::int64_t>(octets));
    state.SetItemsProcessed(static_cast<std::int64_t>(segments));
    state.counters["s_per_segment"] =
        benchmark::Counter(segments, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["allocations"] = static_cast<double>(bench::heap().allocations - allocations);
}
BENCHMARK_CAPTURE(bulk, segments_1460, Wire::plain, event::Switch::off)->Arg(65536);
BENCHMARK_CAPTURE(bulk, segments_1460_in_batches, Wire::plain, event::Switch::on)->Arg(65536);
BENCHMARK_CAPTURE(bulk, super_segments_vouched, Wire::vouched, event::Switch::off)->Arg(65536);

void say(stack::Calls from, SocketId id) {
    const std::byte octet{1};
    DT_ASSERT(from.send(id, {&octet, 1}).has_value());
}
void hear(stack::Calls at, SocketId id) {
    std::byte octet{};
    DT_ASSERT(at.receive(id, {&octet, 1}).has_value());
}

/// Connections between one client and one server, `count` of them, all idle.
std::vector<std::pair<SocketId, SocketId>> open_many(StackPair& pair, std::size_t count) {
    constexpr std::size_t per_port = 10'000;  // of the ephemeral ports
    std::vector<std::pair<SocketId, SocketId>> open;
    open.reserve(count);
    SocketId listener;
    for (std::size_t i = 0; i < count; ++i) {
        const auto to = static_cast<std::uint16_t>(port + i / per_port);
        if (i % per_port == 0) listener = pair.listen(to, backlog);
        open.push_back(pair.open(listener, to));
        pair.now += 1us;
    }
    return open;
}

/// One octet there and one back, each time on the next of `range` connections that are open.
void request_response(benchmark::State& state) {
    StackPair pair;
    const auto open = open_many(pair, static_cast<std::size_t>(state.range(0)));
    std::size_t next = 0;
    const auto once = [&] {
        const auto [mine, theirs] = open[next++ % open.size()];
        say(pair.client(), mine);
        pair.settle();
        hear(pair.server(), theirs);
        say(pair.server(), theirs);
        pair.settle();
        hear(pair.client(), mine);
        pair.now += 1us;
    };
    for (std::size_t i = 0; i < std::max<std::size_t>(1000, 2 * open.size()); ++i) once();
    const std::size_t allocations = bench::heap().allocations;
    for (auto _ : state) once();
    state.SetItemsProcessed(state.iterations());
    state.counters["allocations"] = static_cast<double>(bench::heap().allocations - allocations);
}
// A fixed number of times: to find one would open all the connections anew.
BENCHMARK(request_response)->RangeMultiplier(10)->Range(1, 1'000'000)->Iterations(300'000);

/// Connect, accept, close on both sides; time passes so that of the client's TIME-WAIT records as
/// many expire as are made, and `range` of them are there.
void connect_accept_close(benchmark::State& state) {
    constexpr std::uint16_t ports = 200;  // of the server: ephemeral ports are enough for all
    const auto records = static_cast<std::uint32_t>(state.range(0));
    Config config;
    config.time_wait_max = records + 1000;
    StackPair pair(config);
    std::array<SocketId, ports> listeners;
    for (std::uint16_t i = 0; i < ports; ++i)
        listeners[i] = pair.listen(static_cast<std::uint16_t>(port + i), backlog);
    const Duration step = Duration{60s} / std::max(records, 1U);
    std::uint32_t next = 0;
    const auto once = [&] {
        const auto i = static_cast<std::uint16_t>(next++ % ports);
        const auto [mine, theirs] = pair.open(listeners[i], static_cast<std::uint16_t>(port + i));
        DT_ASSERT(pair.client().close(mine).has_value());
        pair.settle();
        DT_ASSERT(pair.server().close(theirs).has_value());
        pair.settle();
        pair.now += step;
    };
    for (std::uint32_t i = 0; i < std::max(records, 1000U); ++i) once();
    const std::size_t allocations = bench::heap().allocations;
    for (auto _ : state) once();
    state.SetItemsProcessed(state.iterations());
    state.counters["allocations"] = static_cast<double>(bench::heap().allocations - allocations);
}
BENCHMARK(connect_accept_close)->RangeMultiplier(10)->Range(1, 1'000'000)->Iterations(100'000);

/// `range` SYNs in a turn, their SYN-ACKs out; the queue is emptied by listening anew.
void syn_to_syn_ack(benchmark::State& state) {
    const auto burst = static_cast<std::uint32_t>(state.range(0));
    Config config;
    config.somaxconn = backlog;
    SynFlood flood(config);
    SocketId listener = flood.listen(backlog);
    std::uint32_t queued = 0;
    std::size_t asked = 0;
    for (auto _ : state) {
        flood.turn(burst);
        asked += burst;
        if ((queued += burst) + burst <= backlog) continue;
        queued = 0;
        flood.close(listener);
        listener = flood.listen(backlog);
    }
    DT_ASSERT(flood.answered() == asked);
    state.SetItemsProcessed(static_cast<std::int64_t>(asked));
}
BENCHMARK(syn_to_syn_ack)->Arg(1)->Arg(64);

}  // namespace

BENCHMARK_MAIN();

// What timers and handles cost: arming, moving, expiring, looking up.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "base/rng.hpp"
#include "base/slot_map.hpp"
#include "base/timer_wheel.hpp"

namespace {

using namespace std::chrono_literals;

struct Record {
    std::array<std::uint64_t, 8> words{};
};

std::vector<dt::Handle<Record>> filled(dt::SlotMap<Record>& map, std::int64_t count) {
    std::vector<dt::Handle<Record>> handles;
    for (std::int64_t i = 0; i < count; ++i) handles.push_back(*map.insert());
    return handles;
}

void look_up(benchmark::State& state) {
    dt::SlotMap<Record> map(1U << 21);
    const auto handles = filled(map, state.range(0));
    dt::Rng rng(1);
    for (auto _ : state) {
        benchmark::DoNotOptimize(map.get(handles[rng.below(handles.size())])->words[0]);
    }
}
BENCHMARK(look_up)->Arg(1000)->Arg(1000000);

void insert_erase(benchmark::State& state) {
    dt::SlotMap<Record> map(1U << 21);
    auto handles = filled(map, state.range(0));
    std::size_t at = 0;
    for (auto _ : state) {
        map.erase(handles[at]);
        handles[at] = *map.insert();
        if (++at == handles.size()) at = 0;
    }
}
BENCHMARK(insert_erase)->Arg(1000)->Arg(1000000);

/// Each of many owners moves its retransmission timer on, as every ACK does; time goes on too.
void move_later(benchmark::State& state) {
    dt::TimerWheel wheel(dt::Instant{});
    std::vector<dt::TimerWheel::TimerId> ids(static_cast<std::size_t>(state.range(0)));
    dt::Instant now{};
    std::size_t at = 0;
    for (auto _ : state) {
        wheel.arm(ids[at], at, now + 200ms);
        benchmark::DoNotOptimize(wheel.wake_by());
        now += 1us;
        benchmark::DoNotOptimize(wheel.pop_due(now));
        if (++at == ids.size()) at = 0;
    }
}
BENCHMARK(move_later)->Arg(1)->Arg(1000)->Arg(100000);

void arm_fire(benchmark::State& state) {
    dt::TimerWheel wheel(dt::Instant{});
    const auto count = static_cast<std::size_t>(state.range(0));
    std::vector<dt::TimerWheel::TimerId> ids(count);
    dt::Instant now{};
    dt::Rng rng(1);
    for (auto _ : state) {
        for (std::size_t i = 0; i < count; ++i) {
            wheel.arm(ids[i], i,
                      now + dt::Duration(static_cast<std::int64_t>(rng.below(1U << 30))));
        }
        now += 2s;
        while (wheel.pop_due(now)) {
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(arm_fire)->Arg(1000)->Arg(100000);

}  // namespace

BENCHMARK_MAIN();

// What the Internet checksum costs, alone and on the way of a copy.
#include "base/checksum.hpp"

#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

namespace {

void sum(benchmark::State& state) {
    const std::vector<std::byte> octets(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
    for (auto _ : state) {
        benchmark::DoNotOptimize(octets.data());
        benchmark::DoNotOptimize(dt::Checksum::of(octets));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sum)->Arg(20)->Arg(40)->Arg(1460)->Arg(4096)->Arg(65536);

void copy_and_sum(benchmark::State& state) {
    const std::vector<std::byte> from(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
    std::vector<std::byte> to(from.size());
    for (auto _ : state) {
        benchmark::DoNotOptimize(from.data());
        benchmark::DoNotOptimize(dt::copy_and_sum(to, from));
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(copy_and_sum)->Arg(1460)->Arg(4096)->Arg(65536);

void copy_alone(benchmark::State& state) {
    const std::vector<std::byte> from(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
    std::vector<std::byte> to(from.size());
    for (auto _ : state) {
        benchmark::DoNotOptimize(from.data());
        std::memcpy(to.data(), from.data(), from.size());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(copy_alone)->Arg(1460)->Arg(4096)->Arg(65536);

}  // namespace

BENCHMARK_MAIN();

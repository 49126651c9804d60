// What it costs to read and to write the headers of one segment.
#include <benchmark/benchmark.h>

#include <array>

#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"

namespace {

using dt::wire::IpProtocol;
using dt::wire::Ipv4Repr;
using dt::wire::Ipv4View;
using dt::wire::pseudo_header;
using dt::wire::TcpRepr;
using dt::wire::TcpView;
using dt::wire::Timestamps;

constexpr std::size_t ip_size = 20;

TcpRepr data_segment() {
    TcpRepr segment{.source = dt::Port{40000},
                    .destination = dt::Port{80},
                    .seq = dt::Seq{1},
                    .ack = dt::Seq{2},
                    .flags = dt::TcpFlag::psh | dt::TcpFlag::ack,
                    .window = 502,
                    .urgent = 0,
                    .options = {}};
    segment.options.timestamps = Timestamps{1, 2};
    return segment;
}

TcpRepr syn() {
    TcpRepr segment = data_segment();
    segment.flags = dt::TcpFlag::syn;
    segment.options.mss = 1460;
    segment.options.window_scale = 10;
    segment.options.sack_permitted = true;
    return segment;
}

/// Header of IP and of TCP, as they stand in a frame.
std::array<std::byte, 60> datagram(const TcpRepr& segment) {
    std::array<std::byte, 60> octets{};
    const auto length = static_cast<std::uint32_t>(segment.size());
    Ipv4Repr{.source = {10, 0, 0, 1}, .destination = {10, 0, 0, 2}, .payload_length = length}.emit(
        octets);
    segment.emit(dt::MutableOctets(octets).subspan(ip_size), {});
    return octets;
}

void parse(benchmark::State& state, const TcpRepr& segment) {
    const auto octets = datagram(segment);
    for (auto _ : state) {
        benchmark::DoNotOptimize(octets.data());
        const auto ip = Ipv4View::parse(octets);
        const auto tcp = TcpView::parse(ip->payload());
        benchmark::DoNotOptimize(ip->is_checksum_correct());
        benchmark::DoNotOptimize(TcpRepr::from(*tcp));
    }
}
BENCHMARK_CAPTURE(parse, data, data_segment());
BENCHMARK_CAPTURE(parse, syn, syn());

void emit(benchmark::State& state, const TcpRepr& segment) {
    std::array<std::byte, 60> octets{};
    const dt::Ipv4 a(10, 0, 0, 1);
    const dt::Ipv4 b(10, 0, 0, 2);
    const auto length = static_cast<std::uint32_t>(segment.size());
    for (auto _ : state) {
        Ipv4Repr{.source = a, .destination = b, .payload_length = length}.emit(octets);
        segment.emit(dt::MutableOctets(octets).subspan(ip_size),
                     pseudo_header(a, b, IpProtocol::tcp, length));
        benchmark::DoNotOptimize(octets.data());
        benchmark::ClobberMemory();
    }
}
BENCHMARK_CAPTURE(emit, data, data_segment());
BENCHMARK_CAPTURE(emit, syn, syn());

}  // namespace

BENCHMARK_MAIN();

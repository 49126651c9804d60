// Two TCP engines back to back on one core: connections opened, accepted and closed per second with
// none and with many TIME-WAIT records, SYNs answered, requests answered; octets per record.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "tcp/engine.hpp"
#include "wire/tcp.hpp"

namespace {

using namespace dt;  // NOLINT(google-build-using-namespace): a program, not a header
using tcp::ConnId;

constexpr Endpoint server_end{Ipv4{10, 0, 0, 1}, Port{80}};

/// A client and a server engine, segments handed over as they leave.
struct Pair {
    explicit Pair(Config given = {}) : config(given) {
        config.timestamps = event::Switch::on;
        listener = server->listen(turn(), server_end, 4096, {}).value();
    }

    [[nodiscard]] Turn turn() { return {now, config, sink, 0}; }
    [[nodiscard]] FourTuple next_tuple() {
        const std::uint32_t n = next++;
        const auto port = static_cast<std::uint16_t>(1024 + n % 60'000);
        return {{Ipv4{0x0b000000U + n / 60'000}, Port{port}}, server_end};
    }
    bool carry(tcp::Engine& from, tcp::Engine& to) {
        auto out = from.next_segment(turn());
        if (!out) return false;
        tcp::SegmentIn in;
        in.tuple = out->tuple.reversed();
        const auto view = wire::TcpView::parse(out->frame->front());
        in.header = wire::TcpRepr::from(*view);
        in.text_offset = static_cast<std::uint32_t>(view->header_length());
        in.text_length = static_cast<std::uint32_t>(out->frame->size() - view->header_length());
        in.frame = std::move(out->frame);
        to.on_segment(turn(), std::move(in));
        return true;
    }
    void pump() {
        bool moved = true;
        while (moved) {
            moved = carry(*client, *server);
            moved = carry(*server, *client) || moved;
        }
    }
    std::pair<ConnId, ConnId> open() {
        const ConnId mine = client->connect(turn(), next_tuple(), {}, {}).value();
        pump();
        const ConnId theirs = server->accept(turn(), listener).value();
        return {mine, theirs};
    }
    void open_close() {
        const auto [mine, theirs] = open();
        client->close(turn(), mine, tcp::CloseKind::orderly);
        pump();
        server->close(turn(), theirs, tcp::CloseKind::orderly);
        pump();
        while (client->next_edge() || server->next_edge()) {
        }
    }

    Config config;
    event::NullSink sink;
    buf::Pool pool;
    Instant now{std::chrono::seconds{1000}};
    std::uint32_t next = 0;
    std::unique_ptr<tcp::Engine> client =
        std::make_unique<tcp::Engine>(config, pool, std::array<std::uint64_t, 2>{1, 2});
    std::unique_ptr<tcp::Engine> server =
        std::make_unique<tcp::Engine>(config, pool, std::array<std::uint64_t, 2>{3, 4});
    tcp::ListenerId listener;
};

/// Connect, accept, close; time passes so that as many records expire as are made.
void open_close(benchmark::State& state) {
    const auto records = static_cast<std::uint32_t>(state.range(0));
    Config config;
    config.time_wait_max = records + 1000;
    Pair pair(config);
    const Duration step = records == 0 ? 60s : Duration{60s} / records;
    for (std::uint32_t i = 0; i < records; ++i) {
        pair.open_close();
        pair.now += step;
    }
    for (auto _ : state) {
        pair.open_close();
        pair.now += step;
        pair.client->advance(pair.turn());
        pair.server->advance(pair.turn());
    }
    state.SetItemsProcessed(state.iterations());
    const auto memory = pair.client->memory();
    if (records > 0) {
        state.counters["octets_per_record"] = static_cast<double>(memory.time_wait) / records;
        state.counters["index_octets"] = static_cast<double>(memory.index);
    }
}
BENCHMARK(open_close)->Arg(0)->Arg(1000)->Arg(100'000)->Arg(1'000'000);

/// A SYN in, a SYN-ACK out; the queue is emptied by listening anew.
void syn_to_syn_ack(benchmark::State& state) {
    Pair pair;
    std::uint32_t in_queue = 0;
    for (auto _ : state) {
        tcp::SegmentIn in;
        in.tuple = pair.next_tuple().reversed();
        in.header.flags = TcpFlag::syn;
        in.header.options.mss = 1460;
        in.frame = pair.pool.frame();
        pair.server->on_segment(pair.turn(), std::move(in));
        benchmark::DoNotOptimize(pair.server->next_segment(pair.turn()));
        if (++in_queue < 4096) continue;
        in_queue = 0;
        pair.server->close_listener(pair.turn(), pair.listener);
        pair.listener = pair.server->listen(pair.turn(), server_end, 4096, {}).value();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(syn_to_syn_ack);

/// One octet there and one back on one connection of `range` that are open.
void request_response(benchmark::State& state) {
    Pair pair;
    std::vector<std::pair<ConnId, ConnId>> open;
    for (std::int64_t i = 0; i < state.range(0); ++i) open.push_back(pair.open());
    std::size_t turn_of = 0;
    const auto say = [&](tcp::Engine& engine, ConnId id) {
        engine.writable(id, 1)[0] = std::byte{1};
        engine.commit(pair.turn(), id, 1);
    };
    for (auto _ : state) {
        const auto [mine, theirs] = open[turn_of++ % open.size()];
        say(*pair.client, mine);
        pair.pump();
        pair.server->consume(pair.turn(), theirs, 1);
        say(*pair.server, theirs);
        pair.pump();
        pair.client->consume(pair.turn(), mine, 1);
        pair.now += 1us;
        while (pair.client->next_edge() || pair.server->next_edge()) {
        }
    }
    state.SetItemsProcessed(state.iterations());
    const auto memory = pair.client->memory();
    state.counters["octets_per_connection"] =
        static_cast<double>(memory.connections) / static_cast<double>(state.range(0));
}
BENCHMARK(request_response)->Arg(1)->Arg(1000)->Arg(100'000);

}  // namespace

BENCHMARK_MAIN();

// Test fixture: one engine against a scripted peer, or two engines back to back, in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tcp/connection_fixture.hpp"
#include "tcp/engine.hpp"

namespace dt::tcp {

/// What a scripted peer sends; flags, seq and ack are always said.
struct Script {
    TcpFlags flags;
    Seq seq{};
    Seq ack{};
    std::string_view text{};
    std::uint16_t window = 65535;
    wire::TcpOptions options{};
};

/// A segment that left an engine.
struct Left {
    FourTuple tuple;
    wire::TcpRepr header;
    std::size_t text = 0;
    event::Reason reason = event::Reason::none;
    Instant at{};
};

/// An engine with its events and a way to read what leaves it.
class Host {
  public:
    explicit Host(const Config& given, buf::Pool& given_pool, std::uint64_t seed = 1)
        : config(given), pool(given_pool), engine(given, given_pool, {seed, seed + 7}) {}

    [[nodiscard]] Turn turn() { return {now, config, log, 0}; }

    /// Hands a peer's segment over; nothing leaves until flush().
    void arrive(const FourTuple& tuple, const Script& script) {
        SegmentIn in;
        in.tuple = tuple;
        in.header.source = tuple.remote.port;
        in.header.destination = tuple.local.port;
        in.header.seq = script.seq;
        in.header.ack = script.ack;
        in.header.flags = script.flags;
        in.header.window = script.window;
        in.header.options = script.options;
        in.frame = pool.frame();
        if (!script.text.empty()) {
            (void)in.frame->add(pool.copy(std::as_bytes(std::span(script.text))));
        }
        in.text_length = static_cast<std::uint32_t>(script.text.size());
        engine.on_segment(turn(), std::move(in));
    }
    /// arrive(), then everything that leaves because of it.
    std::vector<Left> deliver(const FourTuple& tuple, const Script& script) {
        arrive(tuple, script);
        return flush();
    }
    std::vector<Left> flush() {
        std::vector<Left> all;
        for (int i = 0; i < 100'000; ++i) {
            const auto out = engine.next_segment(turn());
            if (!out) return all;
            all.push_back(read(*out));
        }
        ADD_FAILURE() << "it sends without end";
        return all;
    }
    /// Lets timers fire until `span` has passed; returns what left meanwhile.
    std::vector<Left> run(Duration span) {
        const Instant end = now + span;
        std::vector<Left> all;
        for (int i = 0; i < 100'000 && engine.deadline() <= end; ++i) {
            now = std::max(now, engine.deadline());
            engine.advance(turn());
            for (Left& left : flush()) all.push_back(std::move(left));
        }
        now = end;
        return all;
    }
    [[nodiscard]] Left read(const SegmentOut& out) const {
        std::vector<std::byte> octets(out.frame->size());
        out.frame->copy_to(octets);
        const auto view = wire::TcpView::parse(octets);
        EXPECT_TRUE(view.has_value());
        return {out.tuple, wire::TcpRepr::from(*view), view->payload().size(), out.reason, now};
    }

    std::size_t write(ConnId id, std::string_view text) {
        std::size_t written = 0;
        while (written < text.size()) {
            const MutableOctets room = engine.writable(id, text.size() - written);
            if (room.empty()) break;
            std::copy_n(reinterpret_cast<const std::byte*>(text.data()) + written, room.size(),
                        room.data());
            engine.commit(turn(), id, room.size());
            written += room.size();
        }
        return written;
    }
    std::string read_all(ConnId id) {
        std::string text(engine.readiness(id).unread, '\0');
        (void)engine.peek(id, 0, std::as_writable_bytes(std::span(text)));
        engine.consume(turn(), id, text.size());
        return text;
    }

    [[nodiscard]] std::vector<event::SocketView> sockets() {
        std::vector<event::SocketView> views;
        engine.snapshot(now, views, counters_);
        return views;
    }
    [[nodiscard]] event::Counters counters() {
        (void)sockets();
        return counters_;
    }
    [[nodiscard]] std::size_t count(event::State state) {
        return static_cast<std::size_t>(
            std::ranges::count(sockets(), state, &event::SocketView::state));
    }
    [[nodiscard]] std::vector<event::QueueStep> steps() const {
        std::vector<event::QueueStep> all;
        for (const auto& change : log.all<event::QueueChange>()) all.push_back(change.step);
        return all;
    }
    [[nodiscard]] std::vector<event::Reason> drops() const {
        std::vector<event::Reason> all;
        for (const auto& dropped : log.all<event::SegmentDropped>()) all.push_back(dropped.reason);
        return all;
    }
    [[nodiscard]] event::Reason last_drop() const {
        const auto all = drops();
        return all.empty() ? event::Reason::none : all.back();
    }

    Config config;
    buf::Pool& pool;
    EventLog log;
    Engine engine;
    Instant now{1000s};

  private:
    event::Counters counters_;
};

/// One engine, a listener on 10.0.0.1:80 where asked for, peers at 10.0.0.2.
class EngineTest : public testing::Test {
  protected:
    static constexpr Endpoint local{Ipv4{10, 0, 0, 1}, Port{80}};
    static constexpr Seq irs{100};  // of every scripted peer
    static constexpr Seq theirs = irs + 1;

    Config config;
    buf::Pool pool;
    std::optional<Host> made;
    ListenerId listener;

    [[nodiscard]] Host& host() {
        if (!made) made.emplace(config, pool);
        return *made;
    }
    [[nodiscard]] Engine& engine() { return host().engine; }
    void listen(std::uint32_t backlog, const Options& options = {}) {
        listener = engine().listen(host().turn(), local, backlog, options).value();
    }
    [[nodiscard]] static FourTuple peer(std::uint16_t port = 40000) {
        return {local, {Ipv4{10, 0, 0, 2}, Port{port}}};
    }
    std::vector<Left> syn(std::uint16_t port = 40000) {
        return host().deliver(peer(port), {.flags = TcpFlag::syn, .seq = irs});
    }
    /// SYN → SYN-ACK; its number, or a failure.
    Seq half_open(std::uint16_t port = 40000) {
        const auto left = syn(port);
        EXPECT_EQ(left.size(), 1U);
        if (left.size() != 1) return {};
        EXPECT_EQ(left[0].header.flags, TcpFlag::syn | TcpFlag::ack);
        return left[0].header.seq;
    }
    std::vector<Left> last_ack(Seq iss, std::uint16_t port = 40000) {
        return host().deliver(peer(port), {.flags = TcpFlag::ack, .seq = theirs, .ack = iss + 1});
    }
    /// Handshake, not accepted; our ISS.
    Seq establish(std::uint16_t port = 40000) {
        const Seq iss = half_open(port);
        EXPECT_TRUE(last_ack(iss, port).empty());
        return iss;
    }
    ConnId accept() { return engine().accept(host().turn(), listener).value(); }
    [[nodiscard]] event::QueueView queues() {
        for (const auto& view : host().sockets())
            if (view.queues) return *view.queues;
        return {};
    }
    static void expect_reset(const std::vector<Left>& left, Seq seq) {
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left[0].header.flags, TcpFlags{TcpFlag::rst});
        EXPECT_EQ(left[0].header.seq, seq);
    }
    static void expect_reset_ack(const std::vector<Left>& left, Seq ack) {
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left[0].header.flags, TcpFlag::rst | TcpFlag::ack);
        EXPECT_EQ(left[0].header.seq, Seq{0});
        EXPECT_EQ(left[0].header.ack, ack);
    }
    static void expect_ack(const std::vector<Left>& left, Seq seq, Seq ack) {
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left[0].header.flags, TcpFlags{TcpFlag::ack});
        EXPECT_EQ(left[0].header.seq, seq);
        EXPECT_EQ(left[0].header.ack, ack);
    }
};

/// Two engines whose segments reach each other at once, or after `delay`.
class PairTest : public testing::Test {
  protected:
    static constexpr Endpoint server_end{Ipv4{10, 0, 0, 1}, Port{80}};
    static constexpr Ipv4 client_address{10, 0, 0, 2};

    Config config;
    buf::Pool pool;
    Host client{config, pool, 11};
    Host server{config, pool, 22};
    ListenerId listener;

    void listen(std::uint32_t backlog = 5, const Options& options = {}) {
        listener = server.engine.listen(server.turn(), server_end, backlog, options).value();
    }
    ConnId connect(std::uint16_t port = 40000, const Options& options = {}) {
        const FourTuple tuple{{client_address, Port{port}}, server_end};
        return client.engine.connect(client.turn(), tuple, Path{}, options).value();
    }
    ConnId accept() { return server.engine.accept(server.turn(), listener).value(); }

    /// Carries segments both ways until none is left.
    void pump() {
        for (int i = 0; i < 100'000; ++i) {
            const bool from_client = carry(client, server);
            const bool from_server = carry(server, client);
            if (!from_client && !from_server) return;
        }
        ADD_FAILURE() << "they never stop";
    }
    bool carry(Host& from, Host& to) {
        auto out = from.engine.next_segment(from.turn());
        if (!out) return false;
        ++carried;
        SegmentIn in;
        in.tuple = out->tuple.reversed();
        const auto view = wire::TcpView::parse(out->frame->front());
        EXPECT_TRUE(view.has_value());
        in.header = wire::TcpRepr::from(*view);
        in.text_offset = static_cast<std::uint32_t>(view->header_length());
        in.text_length = static_cast<std::uint32_t>(out->frame->size() - view->header_length());
        in.frame = std::move(out->frame);
        to.engine.on_segment(to.turn(), std::move(in));
        return true;
    }
    /// Lets virtual time pass on both sides, segments carried as they leave.
    void run(Duration span) {
        const Instant end = client.now + span;
        for (int i = 0; i < 1'000'000; ++i) {
            pump();
            const Instant due = std::min(client.engine.deadline(), server.engine.deadline());
            if (due > end) break;
            set_now(std::max(client.now, due));
            client.engine.advance(client.turn());
            server.engine.advance(server.turn());
        }
        set_now(end);
        pump();
    }
    void set_now(Instant now) { client.now = server.now = now; }

    std::size_t carried = 0;
};

}  // namespace dt::tcp

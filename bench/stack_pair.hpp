// Two whole stacks, 10.0.0.1 and 10.0.0.2, over the memory link, driven by the six verbs in virtual
// time. For benchmarks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "link/link.hpp"
#include "stack/turn.hpp"

namespace dt::bench {

/// `vouched`: the wire vouches for checksums and takes super-segments. `batched`: a plain one,
/// whose segments the stacks cut and join themselves.
enum class Wire : std::uint8_t { plain, vouched };

class StackPair {
  public:
    static constexpr Ipv4 client_address{10, 0, 0, 1};
    static constexpr Ipv4 server_address{10, 0, 0, 2};

    explicit StackPair(const Config& config = {}, Wire wire = Wire::plain)
        : client_(config, 0, client_address, wire, *this),
          server_(config, 1, server_address, wire, *this) {
        client_.stack.add_neighbour(now, 1, server_address, mac_of(1));
        server_.stack.add_neighbour(now, 1, client_address, mac_of(0));
    }
    StackPair(const StackPair&) = delete;
    StackPair& operator=(const StackPair&) = delete;

    [[nodiscard]] stack::Calls client() { return client_.calls(now, {1, 3}); }
    [[nodiscard]] stack::Calls server() { return server_.calls(now, {2, 3}); }

    /// A turn of each stack that has something to do: frames in, timers, frames out, edges. As a
    /// world does it, a stack has one after a call, when a frame came and when a timer is due. True
    /// where more is to be done at this instant.
    bool round() {
        client_.turn_if_due(now);
        server_.turn_if_due(now);
        return client_.owes_turn || server_.owes_turn || link_.arrived(now) != nullptr;
    }
    /// Until nothing is due at this instant.
    void settle() {
        while (round()) {
        }
    }

    /// A listener of the server at `port`.
    sock::SocketId listen(std::uint16_t port, int backlog) {
        const auto id = *server().socket(sock::Family::inet, sock::Type::stream);
        DT_ASSERT(server().bind(id, {server_address, Port{port}}).has_value());
        DT_ASSERT(server().listen(id, backlog).has_value());
        return id;
    }
    /// A handshake with that listener, and accept().
    std::pair<sock::SocketId, sock::SocketId> open(sock::SocketId listener, std::uint16_t port) {
        const auto mine = *client().socket(sock::Family::inet, sock::Type::stream);
        const auto begun = client().connect(mine, {server_address, Port{port}});
        DT_ASSERT(!begun && begun.error() == Error::in_progress);
        settle();
        return {mine, server().accept(listener)->socket};
    }

    buf::Pool pool;
    event::NullSink sink;
    Instant now{std::chrono::seconds{1000}};

  private:
    class End final : public stack::FrameSource, public stack::FrameSink {
      public:
        End(StackPair& pair, link::PortIndex port) : pair_(pair), port_(port) {}
        [[nodiscard]] stack::Arriving* front() override {
            if (arriving_.frame) return &arriving_;
            link::InFlight* next = pair_.link_.arrived(pair_.now);
            if (next == nullptr || next->port != port_) return nullptr;
            arriving_.frame = std::move(next->frame);
            pair_.link_.pop();
            return &arriving_;
        }
        void pop() override {}
        void take(stack::InterfaceIndex, FramePtr frame) override {
            pair_.link_.send(pair_.now, port_, std::move(frame));
        }

      private:
        StackPair& pair_;
        link::PortIndex port_;
        stack::Arriving arriving_{1, {}};
    };

    struct Host {
        Host(const Config& config, event::HostIndex index, Ipv4 address, Wire wire, StackPair& pair)
            : stack(config, index, index + 1U, pair.pool, pair.sink), end(pair, index) {
            stack::InterfaceConfig eth0;
            eth0.name = "eth0";
            eth0.mac = mac_of(index);
            eth0.address = address;
            if (wire == Wire::vouched) {
                eth0.checksums = stack::InterfaceConfig::Vouches::yes;
                eth0.super_segment_max = 65'535 - 20 - 60;
            }
            stack.add_interface(eth0);
        }
        [[nodiscard]] stack::Calls calls(Instant at, event::Caller caller) {
            owes_turn = true;
            return stack.calls(at, caller);
        }
        void turn_if_due(Instant at) {
            if (!owes_turn && end.front() == nullptr && stack.deadline() > at) return;
            owes_turn = stack::turn(stack, at, end, end) == stack::Left::work;
            while (stack.next_readiness(at)) {
            }
        }

        stack::Stack stack;
        End end;
        bool owes_turn = false;  // a call was made, or work was left
    };

    static Mac mac_of(std::size_t host) {
        return Mac({2, 0, 0, 0, 0, static_cast<std::uint8_t>(host + 1)});
    }

    link::LinkSpec spec_{{"client", "server"}, {}};
    link::Rules rules_{1, {&spec_, 1}, {}};
    link::Surroundings surroundings_{rules_, pool, sink, nullptr};
    link::Link link_{0, spec_, surroundings_};
    Host client_;
    Host server_;
};

}  // namespace dt::bench

// For tests: whole hosts (IP, TCP, UDP) joined by perfect links, in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "core/core.hpp"

namespace dt::core::test {

inline IpAddr addr(const char* text) { return *IpAddr::parse(text); }
inline Endpoint at(const char* text) { return *Endpoint::parse(text); }
inline Mac mac(std::uint8_t host, std::uint8_t link) { return Mac({2, 0, 0, 0, host, link}); }

/// Keeps all events.
class EventLog final : public event::Sink {
  public:
    void on_event(Instant, event::HostIndex, const event::Body& body) override {
        bodies_.push_back(body);
    }
    template <class T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const event::Body& body : bodies_) {
            if (const T* one = std::get_if<T>(&body)) found.push_back(*one);
        }
        return found;
    }
    template <class T>
    [[nodiscard]] std::size_t count(event::Reason reason) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            all<T>(), [reason](const T& one) { return one.reason == reason; }));
    }
    void clear() { bodies_.clear(); }

  private:
    std::vector<event::Body> bodies_;
};

/// One host and what it wants to put on its links.
class Host final : public Egress {
  public:
    Host(const Config& settings, event::HostIndex index, buf::Pool& pool)
        : config(settings), number(index), core(config, 77 + index, index, pool) {}

    void take(ip::InterfaceIndex out, FramePtr frame) override {
        leaving.push_back({out, std::move(frame)});
    }
    /// Another interface, with the host's number as last part of its address.
    ip::InterfaceIndex join(const char* address, std::uint8_t link, bool vouches) {
        return core.ip().add_interface({.name = "eth" + std::to_string(link),
                                        .mac = mac(static_cast<std::uint8_t>(number), link),
                                        .mtu = 1500,
                                        .addresses = {{addr(address), 24}},
                                        .vouches = vouches,
                                        .super_segment_max = 0});
    }
    void route_by(const char* gateway) {
        ip::Route route;
        route.destination = {IpAddr::any_v4(), 0};
        route.gateway = addr(gateway);
        route.interface = 1;
        core.ip().add_route(route);
    }

    struct Leaving {
        ip::InterfaceIndex out;
        FramePtr frame;
    };
    Config config;
    event::HostIndex number;
    EventLog log;
    Core core;
    std::deque<Leaving> leaving;
};

/// Hosts, and links that join one interface of each of two hosts.
class Network : public ::testing::Test {
  protected:
    Host& add_host(const Config& config = {}) {
        const auto index = static_cast<event::HostIndex>(hosts.size());
        hosts.push_back(std::make_unique<Host>(config, index, pool));
        return *hosts.back();
    }
    void link(Host& a, ip::InterfaceIndex a_by, Host& b, ip::InterfaceIndex b_by) {
        links.push_back({{a.number, a_by}, {b.number, b_by}});
    }
    /// Two hosts, 10.0.0.1 and 10.0.0.2, back to back.
    void back_to_back(bool vouches = false, const Config& config = {}) {
        Host& a = add_host(config);
        Host& b = add_host(config);
        link(a, a.join("10.0.0.1", 1, vouches), b, b.join("10.0.0.2", 1, vouches));
    }

    [[nodiscard]] Turn turn(Host& host) const { return {now, host.config, host.log, host.number}; }
    [[nodiscard]] Host& a() { return *hosts[0]; }
    [[nodiscard]] Host& b() { return *hosts[1]; }

    /// Turns of all hosts until nothing is due now.
    void settle() {
        for (int round = 0; round < 10'000; ++round) {
            for (auto& host : hosts) {
                host->core.advance(turn(*host));
                while (host->core.transmit(turn(*host), *host, 16)) {
                }
            }
            const bool moved = carry();
            const bool due = std::ranges::any_of(
                hosts, [this](const auto& host) { return host->core.deadline() <= now; });
            if (!moved && !due) return;
        }
        ADD_FAILURE() << "the network does not come to rest";
    }
    /// Time passes; everything happens when it is due.
    void run(Duration by) {
        const Instant end = now + by;
        settle();
        for (int step = 0; step < 10'000; ++step) {
            Instant next = never;
            for (auto& host : hosts) next = std::min(next, host->core.deadline());
            if (next > end) break;
            now = std::max(now, next);
            settle();
        }
        now = end;
    }
    /// A frame built by hand arrives at `host` from its link.
    void inject(Host& host, const std::vector<std::byte>& octets) {
        FramePtr frame = pool.frame();
        ASSERT_TRUE(frame->add(pool.copy(octets)));
        ASSERT_TRUE(host.core.receive(turn(host), 1, frame));
    }

    /// connect() as the socket layer does it.
    tcp::ConnId connect(Host& host, Endpoint to, tcp::Options options = {}) {
        const auto chosen = host.core.choose_path(to.addr, std::nullopt);
        EXPECT_TRUE(chosen);
        const Endpoint peer{chosen->destination, to.port};
        const auto port = host.core.ports().choose(turn(host), host.core.tcp(), chosen->source,
                                                   peer, event::Transport::tcp);
        EXPECT_TRUE(port);
        const auto id = host.core.tcp().connect(turn(host), {{chosen->source, *port}, peer},
                                                chosen->path, options);
        EXPECT_TRUE(id);
        return *id;
    }
    tcp::ListenerId listen(Host& host, const char* local, tcp::Options options = {}) {
        return *host.core.tcp().listen(turn(host), at(local), 10, options);
    }
    void write(Host& host, tcp::ConnId id, std::string_view text) {
        const MutableOctets room = host.core.tcp().writable(id, text.size());
        ASSERT_GE(room.size(), text.size());
        std::memcpy(room.data(), text.data(), text.size());
        host.core.tcp().commit(turn(host), id, text.size());
    }
    std::string read(Host& host, tcp::ConnId id) {
        std::string text;
        for (Octets run = host.core.tcp().readable(id); !run.empty();
             run = host.core.tcp().readable(id)) {
            text.append(reinterpret_cast<const char*>(run.data()), run.size());
            host.core.tcp().consume(turn(host), id, run.size());
        }
        return text;
    }
    static event::State state(Host& host, tcp::ConnId id) {
        return host.core.tcp().readiness(id).state;
    }

    struct End {
        event::HostIndex host;
        ip::InterfaceIndex by;
        friend bool operator==(const End&, const End&) = default;
    };
    struct Link {
        End one;
        End other;
    };

    buf::Pool pool;
    std::vector<std::unique_ptr<Host>> hosts;
    std::vector<Link> links;
    Instant now{};

  private:
    bool carry() {
        bool moved = false;
        for (auto& host : hosts) {
            for (std::size_t left = host->leaving.size(); left > 0; --left) {
                Host::Leaving out = std::move(host->leaving.front());
                host->leaving.pop_front();
                for (const Link& joined : links) arrive(joined, {host->number, out.out}, out.frame);
                moved = true;
            }
        }
        return moved;
    }
    void arrive(const Link& joined, End from, FramePtr& frame) {
        if (!frame || (joined.one != from && joined.other != from)) return;
        const End to = joined.one == from ? joined.other : joined.one;
        Host& host = *hosts[to.host];
        EXPECT_TRUE(host.core.receive(turn(host), to.by, frame));
    }
};

}  // namespace dt::core::test

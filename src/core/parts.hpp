// The inside of Core: its engines and the steps from packet to transport that arrival.cpp holds.
#pragma once

#include <vector>

#include "base/ring.hpp"
#include "core/core.hpp"
#include "core/joiner.hpp"

namespace dt::core {

struct Core::Parts {
    Parts(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool);

    // Packets in (arrival.cpp).
    void on_frame(const Turn& turn, ip::InterfaceIndex in, FramePtr frame);
    void on_tcp(const Turn& turn, ip::PacketIn& packet);
    [[nodiscard]] bool join(const Turn& turn, ip::InterfaceIndex in, Frame& frame);
    void deliver_joined(const Turn& turn) {
        if (joiner.is_holding()) give_to_tcp(turn, joiner.take());
    }
    void give_to_tcp(const Turn& turn, tcp::SegmentIn&& segment);
    void on_udp(const Turn& turn, ip::PacketIn& packet);
    void on_message(const Turn& turn, ip::PacketIn& packet);
    [[nodiscard]] udp::Arrival arrival_of(const Turn& turn, const ip::PacketIn& packet) const;
    void on_error(const Turn& turn, const ip::ErrorIn& error);
    void keep_refusal(const FourTuple& tuple, const udp::Notice& notice);
    void on_narrow_link(const Turn& turn, const FourTuple& tuple);
    void on_datagram_error(const Turn& turn, const ip::ErrorIn& error);
    void on_unreachable(const Turn& turn, const ip::Engine::Unreachable& gone);

    // Packets out (core.cpp).
    [[nodiscard]] bool pull(const Turn& turn);
    [[nodiscard]] bool pull_segment(const Turn& turn);
    [[nodiscard]] bool pull_datagram(const Turn& turn);
    [[nodiscard]] bool pull_message(const Turn& turn);

    [[nodiscard]] bool may_receive() const { return ip.may_receive() && tcp.may_receive(); }
    [[nodiscard]] Result<tcp::Path> path_to(IpAddr destination, IpAddr source) const;

    ip::Engine ip;
    tcp::Engine tcp;
    udp::Engine udp;
    udp::Engine icmp;
    PortTable ports;
    Joiner joiner;
    Ring<FramePtr> loopback;  // left on lo, arrive in the next turn
    Instant loopback_since{};
    event::Transport turn_of = event::Transport::tcp;  // who is asked first for the next packet
    struct Refusal {
        FourTuple tuple;
        udp::Notice notice;
    };
    static constexpr std::size_t refusals_max = 64;
    std::vector<Refusal> refusals;  // ICMP errors that ended handshakes, oldest first
    std::uint64_t malformed = 0;
    std::uint64_t bad_checksums = 0;
};

/// The path as TCP knows it.
[[nodiscard]] tcp::Path tcp_path(const ip::Engine::Path& path);

}  // namespace dt::core

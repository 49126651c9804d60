// The wire of the plug-in: raw IP packets on packetdrill's side, Ethernet frames on the stack's.
// Every neighbour answers ARP, as on a TUN device everything is behind the link.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "stack/turn.hpp"
#include "wire/ethernet.hpp"

namespace dt::packetdrill {

/// One IP packet that left the stack.
struct Departed {
    Instant at;
    std::vector<std::byte> packet;
};

class Tun final : public stack::FrameSource, public stack::FrameSink {
  public:
    explicit Tun(buf::Pool& pool) : pool_(pool) {}

    static constexpr Mac own_mac{{2, 0, 0, 0, 0, 1}};
    static constexpr Mac other_mac{{2, 0, 0, 0, 0, 2}};

    /// Octets of the longest packet: with its link header it fills one block.
    static constexpr std::size_t packet_max = buf::Pool::large_block - 14;

    /// An IP packet for the stack; it arrives in the next turn. Errors: message_too_long.
    [[nodiscard]] Status put(Octets packet);
    /// Super-segments leave as the segments they stand for (ethtool -K gso off).
    void cut_bursts() { cuts_ = true; }
    /// Frames that leave from now on leave at `now`.
    void set_now(Instant now) { now_ = now; }
    [[nodiscard]] bool has_departed() const { return !departed_.empty(); }
    /// The oldest packet that left.
    [[nodiscard]] std::optional<Departed> next_departed();

    [[nodiscard]] stack::Arriving* front() override {
        return arriving_.empty() ? nullptr : &arriving_.front();
    }
    void pop() override { arriving_.pop_front(); }
    void take(stack::InterfaceIndex out, FramePtr frame) override;

  private:
    void arrive(Octets payload, wire::EtherType type);
    void depart(const Frame& packet);
    void answer_arp(Octets packet);

    buf::Pool& pool_;
    Instant now_{};
    bool cuts_ = false;
    std::deque<stack::Arriving> arriving_;
    std::deque<Departed> departed_;
};

}  // namespace dt::packetdrill

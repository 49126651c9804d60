// The stack under test: one stack, one Ethernet-like link, virtual time. The other end of the link
// answers ARP for every address but the stack's own, and keeps what the stack sends.
#pragma once

#include <deque>
#include <vector>

#include "buf/block.hpp"
#include "scenario/frame.hpp"
#include "stack/stack.hpp"
#include "stack/turn.hpp"
#include "wire/ethernet.hpp"

namespace dt::scenario {

inline constexpr Ipv4 subject_address{10, 0, 0, 1};
inline constexpr Ipv4 peer_address{10, 0, 0, 2};

/// Keeps events until they are forgotten.
class Journal final : public event::Sink {
  public:
    void on_event(Instant, event::HostIndex, const event::Body& body) override {
        events_.push_back(body);
    }
    [[nodiscard]] const std::vector<event::Body>& events() const { return events_; }
    void forget() { events_.clear(); }

  private:
    std::vector<event::Body> events_;
};

class Subject {
  public:
    explicit Subject(const Settings& settings);

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] stack::Calls calls() { return stack_.calls(now_, {1, 3}); }
    [[nodiscard]] event::Snapshot snapshot() const { return stack_.snapshot(now_); }
    [[nodiscard]] Journal& journal() { return journal_; }

    /// A datagram from the peer; it waits for the next turn.
    void arrive(Octets datagram);
    /// A whole frame, whatever it holds; it waits for the next turn.
    void arrive_raw(Octets octets);
    /// Everything that is due now.
    void turn();
    enum class Until : std::uint8_t { time, packet };
    /// Lets time pass up to `to`; with `packet` only until something was sent.
    void run(Instant to, Until until);

    /// What the stack sent and nobody has taken yet.
    [[nodiscard]] std::deque<Seen>& sent() { return sent_; }
    /// A turn or a span of time that never came to an end.
    [[nodiscard]] bool is_stuck() const { return stuck_; }
    [[nodiscard]] const buf::Pool& pool() const { return pool_; }

  private:
    class Link;
    void take(FramePtr frame);
    void answer_arp(Octets packet);
    void arrive_frame(Mac destination, wire::EtherType type, Octets payload);

    Instant now_{};
    Journal journal_;
    buf::Pool pool_;
    stack::Stack stack_;
    stack::InterfaceIndex interface_ = 0;
    std::deque<stack::Arriving> arriving_;
    std::deque<Seen> sent_;
    bool stuck_ = false;
};

}  // namespace dt::scenario

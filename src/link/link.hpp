// A link of two hosts, or a switch of more: frames go in at a port and come out at others, later,
// touched by the rules of their direction. Memory only; no clock: every call is given `now`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "link/flight_queue.hpp"
#include "link/rules.hpp"

namespace dt::link {

using PortIndex = std::uint16_t;

/// Watches the frames that are sent into links (a capture).
class Tap {
  public:
    virtual ~Tap() = default;
    /// `touched_by` = text of the rule that lost the frame, empty where none did.
    virtual void on_frame(Instant now, std::uint16_t link, PortIndex from, const buf::Frame& frame,
                          std::string_view touched_by) = 0;
};

/// What all links of a world share.
struct Surroundings {
    Rules& rules;
    buf::Pool& pool;
    event::Sink& sink;
    Tap* tap = nullptr;
};

class Link {
  public:
    /// Frames on the way at most; beyond, the newest is lost (event, rule 0).
    static constexpr std::size_t frames_max = 262'144;
    /// Link addresses a switch remembers; of others, frames go to all ports.
    static constexpr std::size_t stations_max = 4'096;

    Link(std::uint16_t index, const LinkSpec& spec, Surroundings& surroundings);

    [[nodiscard]] std::size_t ports() const { return hosts_.size(); }
    [[nodiscard]] const std::string& host(PortIndex port) const { return hosts_[port]; }
    /// Smallest MTU of all directions, octets of IP.
    [[nodiscard]] std::uint32_t mtu() const;
    /// True where no rule can touch a frame: such a link takes super-segments and vouches for
    /// checksums.
    [[nodiscard]] bool is_clean() const;
    /// Delay of one direction without jitter and rate.
    [[nodiscard]] Duration delay(PortIndex from, PortIndex to) const;

    /// A frame that the host at `from` sends.
    void send(Instant now, PortIndex from, FramePtr frame);

    /// When the next frame arrives; `never` if none is on the way.
    [[nodiscard]] Instant deadline() const;
    /// The frame that has arrived at `now`, or nullptr. Stays until pop(): its host may not take
    /// it.
    [[nodiscard]] InFlight* arrived(Instant now);
    void pop() { flights_.pop(); }
    [[nodiscard]] std::size_t in_flight() const { return flights_.size(); }

  private:
    /// One direction between two ports.
    struct Path {
        PathRules rules;
        Instant busy_until{};    // the rate: when the last frame has left
        Instant last_arrival{};  // jitter keeps the order
    };

    [[nodiscard]] Path& path(PortIndex from, PortIndex to) { return paths_[from * ports() + to]; }
    [[nodiscard]] const Path& path(PortIndex from, PortIndex to) const {
        return paths_[from * ports() + to];
    }
    void learn(PortIndex from, const buf::Frame& frame);
    /// The port of the frame's destination, or nothing: all others.
    [[nodiscard]] std::optional<PortIndex> port_of(const buf::Frame& frame) const;
    void carry(Instant now, PortIndex from, PortIndex to, FramePtr frame);
    void carry_touched(Instant now, PortIndex from, PortIndex to, FramePtr frame);
    void duplicate(Instant now, Instant arrival, PortIndex to, const buf::Frame& frame, Hit hit);
    /// When the frame has left, or nothing: the queue before the rate is full.
    [[nodiscard]] static std::optional<Instant> departure(Instant now, Path& way,
                                                          std::size_t octets);
    void lose(Instant now, PortIndex from, const buf::Frame& frame, event::FrameFate fate,
              RuleNumber rule);
    void arrive(Instant now, Instant arrival, PortIndex to, FramePtr frame);
    void report(Instant now, const event::FrameTouched& what) const;
    void capture(Instant now, PortIndex from, const buf::Frame& frame,
                 std::string_view touched_by) const;

    std::uint16_t index_;
    std::vector<std::string> hosts_;
    std::vector<Path> paths_;  // [from][to]
    std::map<Mac, PortIndex> stations_;
    FlightQueue flights_;
    std::uint64_t copies_ = 0;
    Surroundings& surroundings_;
};

/// A frame with the same headers and the same slices.
[[nodiscard]] FramePtr copy_of(buf::Pool& pool, const buf::Frame& frame);
/// Sets CE in an IP packet that is ECN-capable (RFC 3168 §5); any other stays as it is. The
/// receiver's ECE and the sender's answer are the events of it.
void mark_congestion(buf::Frame& frame);
/// Changes one bit behind the link header, in a private copy, and marks the frame bad.
void corrupt(buf::Frame& frame, std::uint64_t draw);

}  // namespace dt::link

// What the fuzzers of the whole stack share: octets read as packets, calls and time, and what must
// hold after every step and at the end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "input.hpp"
#include "scenario/flow.hpp"
#include "scenario/subject.hpp"

namespace dt::fuzz {

/// A stack with a listener on port 80, one accepted connection from port 40000 and a datagram
/// socket on port 53.
class Harness {
  public:
    Harness();

    /// A packet from the peer: a raw frame, or a segment whose numbers lie near the right ones.
    void packet(Input& input);
    /// A call on one of the sockets there are, or were.
    void call(Input& input);
    /// Time passes.
    void sleep(Input& input);
    /// Everything is closed and all timers run out: then nothing may be left.
    void finish();

  private:
    void open();
    void raw(Input& input);
    void segment(Input& input);
    void datagram(Input& input);
    void message(Input& input);
    void stream_call(Input& input, std::uint8_t which, sock::SocketId id);
    void option_call(Input& input, sock::SocketId id);
    void keep(Result<sock::SocketId> made);
    /// One turn, then what must hold.
    void settle();
    void check_event(const event::Body& body);

    scenario::Subject subject_;
    scenario::Flows flows_;
    FourTuple connected_;
    std::vector<sock::SocketId> sockets_;
    std::map<std::array<std::uint64_t, 5>, event::State> states_;
};

}  // namespace dt::fuzz

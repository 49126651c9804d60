// Where a world ends: the frames that come from a real network and go there. The host out there is
// no stack of ours, so its segments are told here, as seen on the wire, and viewers draw it like
// any other host.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "world/codec.hpp"

namespace dt::world {

/// Takes the frames that leave a world.
class FrameExit {
  public:
    virtual ~FrameExit() = default;
    virtual void leave(Instant now, const buf::Frame& frame) = 0;
};

class Border {
  public:
    /// Flows whose window scale and sequence numbers are remembered; of more, windows are shown as
    /// on the wire and nothing as sent again.
    static constexpr std::size_t flows_max = 4096;

    explicit Border(event::HostIndex host) : host_(host) {}

    /// Numbers a frame that comes in and tells of its segment.
    void on_entering(Instant now, buf::Frame& frame, event::Sink& sink);
    /// Tells that the host out there got a segment; what it makes of it is not known.
    void on_leaving(Instant now, const buf::Frame& frame, event::Sink& sink);

  private:
    /// What is known of one direction of a flow.
    struct Half {
        std::optional<std::uint8_t> shift;  ///< of its SYN (RFC 7323 §2)
        std::optional<Seq> snd_max;         ///< behind all it has sent
    };
    /// By the tuple seen from the outside.
    struct Halves {
        Half theirs;
        Half ours;
        std::uint8_t sent_again = 0;
    };

    [[nodiscard]] Halves* flow_of(const FourTuple& tuple);

    event::HostIndex host_;
    std::uint64_t frames_ = 0;
    std::map<FourTuple, Halves> flows_;
};

/// Whether a host reads the text of datagrams to this port itself: names, and leases.
[[nodiscard]] bool is_read_by_hosts(Port destination);
/// How many octets of a frame from outside a recording needs: its headers where it is whole and
/// carries text of TCP or UDP that no host reads itself (as names and leases), else everything.
/// Only such text is replaced by a replay.
[[nodiscard]] std::size_t octets_to_keep(const buf::Frame& frame);
/// Whether a checksum that nobody has looked at is that of its octets; the frame is TCP's or UDP's.
[[nodiscard]] bool is_sum_correct(const buf::Frame& frame);

/// A frame in a recording: its size, its offload metadata and `kept` octets of it.
void encode(Encoder& to, const buf::Frame& frame, std::size_t kept);
/// What encode() wrote; what was not kept is generated. Broken input gives nullptr and a broken
/// decoder.
[[nodiscard]] FramePtr decode_frame(Decoder& from, buf::Pool& pool);

}  // namespace dt::world

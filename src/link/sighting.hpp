// What a link sees of a frame that passes: who sends to whom, and which kinds of TCP segment it is.
#pragma once

#include <cstdint>

#include "buf/frame.hpp"
#include "link/spec.hpp"
#include "wire/address.hpp"
#include "wire/seq.hpp"

namespace dt::link {

/// A frame as faults and draws tell frames apart. Only what its headers say, nothing of its text.
struct Sighting {
    enum class Protocol : std::uint8_t { none, other_ip, udp, tcp };

    Protocol protocol = Protocol::none;
    FourTuple tuple;  ///< local = source
    Seq seq;
    std::uint32_t text_length = 0;
    SegmentKind kind = SegmentKind::any;  ///< the one kind it is drawn as; `any` if not TCP
    bool has_text = false;
    bool has_fin = false;

    /// What `frame` shows, from its Ethernet header on. Whatever cannot be read is not IP.
    static Sighting of(const buf::Frame& frame);
    /// Whether a fault about `asked` means this frame.
    [[nodiscard]] bool is(SegmentKind asked) const;
};

}  // namespace dt::link

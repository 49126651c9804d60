// The variables of one connection that several steps share, in the groups of RFC 9293 §3.3.1.
// SND.UNA and SND.NXT live in the send queue, RCV.WND in the receive window.
#pragma once

#include <cstdint>

#include "event/config.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

struct Tcb {
    // Send sequence space.
    Seq iss{};
    std::uint32_t snd_wnd = 0;      // octets, scaled
    std::uint32_t snd_wnd_max = 0;  // largest window the peer ever offered (RFC 5961 MAX.SND.WND)
    Seq snd_wl1{};                  // SEG.SEQ of the last window update
    Seq snd_wl2{};                  // SEG.ACK of the last window update
    Seq snd_small_end{};            // behind the last segment smaller than one MSS (Nagle)
    std::uint16_t peer_mss = 0;     // MSS option of the peer, 0 = none
    std::uint16_t snd_mss = 536;    // text a segment may carry (RFC 9293 §3.7.1 Eff.snd.MSS)
    std::uint32_t snd_super = 536;  // text a frame may carry: whole segments, as the path takes
    std::uint8_t snd_shift = 0;     // the peer's window scale
    event::Switch scaling = event::Switch::off;
    event::Switch sack = event::Switch::off;  // both SYNs permitted it (RFC 2018)
    event::Switch ecn = event::Switch::off;   // both SYNs agreed (RFC 3168 §6.1.1)

    // Receive sequence space.
    Seq irs{};
    Seq rcv_nxt{};

    // Timestamps (RFC 7323).
    event::Switch timestamps = event::Switch::off;
    std::uint32_t ts_recent = 0;
    std::uint32_t ts_recent_s = 0;  // second of the stack's clock when ts_recent was set
    std::uint32_t ts_offset = 0;
};

}  // namespace dt::tcp

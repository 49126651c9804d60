// One line per packet in the notation of packetdrill. Above the sans-IO library: it uses {fmt}.
#pragma once

#include <cstdint>
#include <string>

#include "wire/tcp.hpp"

namespace dt::wire {

/// Where the two directions of a connection begin, so that numbers print relative: the initial
/// sequence numbers of the segment's sender and of its receiver.
struct InitialNumbers {
    Seq sender;
    Seq receiver;
};

/// How much of a TCP segment is said.
enum class Detail : std::uint8_t {
    brief,  ///< `P. 1:78(77) ack 1`
    full,   ///< and window, urgent pointer, options
};

/// `S.`, `P.`, `F.`, `R`, `.`; `-` for none. U, E and W stand for URG, ECE and CWR.
[[nodiscard]] std::string pretty(TcpFlags flags);
/// `mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10`: in the order in which we emit them. SACK
/// blocks print relative to `base`.
[[nodiscard]] std::string pretty(const TcpOptions& options, Seq base = {});
/// `S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10>`.
[[nodiscard]] std::string pretty(const TcpRepr& segment, std::size_t payload_length,
                                 InitialNumbers initial = {}, Detail detail = Detail::full);
/// A whole Ethernet frame with its addresses: `10.0.0.1:40000 > 10.0.0.2:80 S 7:7(0) win 64240`,
/// numbers as on the wire. What cannot be parsed is named with its size.
[[nodiscard]] std::string pretty_frame(Octets frame);

}  // namespace dt::wire

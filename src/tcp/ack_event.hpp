// What one arriving ACK told the sender: an immutable value that flows send_queue → rtt → recovery
// → congestion → output (RFC 9293 §3.10.7.4 step 5).
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// What the ACK field did.
enum class AckKind : std::uint8_t {
    advanced,   ///< acknowledged something new
    duplicate,  ///< RFC 5681 §2: data outstanding, no text, same ACK, same window
    nothing,    ///< anything else: window update, text in the other direction
};

struct AckEvent {
    Instant now{};
    AckKind kind = AckKind::nothing;
    Seq una{};                    // SND.UNA after it
    Seq nxt{};                    // SND.NXT
    std::uint32_t acked = 0;      // octets of text newly acknowledged
    std::uint32_t flight = 0;     // octets outstanding before it
    std::uint32_t in_flight = 0;  // octets believed in the network after it (RFC 6675 pipe)
    std::uint32_t mss = 0;
    std::optional<Duration> rtt;         // a sample Karn's rule allows
    std::optional<Duration> path_rtt;    // of the newest text acknowledged: no delayed ACK in it
    std::optional<Instant> newest_sent;  // when the newest transmission that arrived had left
    Duration srtt{};
    std::uint32_t delivered = 0;        // numbers that arrived, by the ACK field or by SACK
    std::uint32_t sacked = 0;           // of them, by SACK
    std::uint32_t sacked_before = 0;    // outstanding and SACKed before it
    std::optional<std::uint32_t> echo;  // TSecr
    bool has_dsack = false;
    bool dsack_of_probe = false;  // it reports the tail probe as a duplicate
    bool has_original = false;    // Delivery::has_original
    bool has_resent = false;      // Delivery::has_resent
    bool has_ece = false;
};

}  // namespace dt::tcp

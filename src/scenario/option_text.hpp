// TCP options as a scenario writes them, and as they stand on the wire (RFC 9293 §3.1).
#pragma once

#include <string>
#include <vector>

#include "base/octets.hpp"
#include "scenario/words.hpp"

namespace dt::scenario {

namespace option_kind {
inline constexpr std::uint8_t eol = 0, nop = 1, mss = 2, wscale = 3, sack_ok = 4, sack = 5,
                              timestamps = 8;
}  // namespace option_kind

/// `<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10>`.
[[nodiscard]] std::vector<Option> parse_options(Piece list, Complaint& complaint);
/// The options of a header in the order of the wire; SACK blocks relative to `sack_base`. What
/// has an illegal length is one `raw` option up to the end.
[[nodiscard]] std::vector<Option> options_of(Octets octets, Seq sack_base);
/// As parse_options reads it.
[[nodiscard]] std::string to_text(const std::vector<Option>& options);

/// What relative numbers in options count from.
struct OptionBases {
    Seq sack;                   // left edges of blocks
    std::uint32_t last_ts = 0;  // `ecr *`: the last TSval of the stack
};
/// The octets, padded with end-of-list to a multiple of four.
[[nodiscard]] std::vector<std::byte> encode(const std::vector<Option>& options,
                                            const OptionBases& bases);
/// Whether `seen` is what was `written`: the same options, in the same order, `*` for any value.
/// Padding counts only where padding is written.
[[nodiscard]] bool matches(const std::vector<Option>& written, const std::vector<Option>& seen);

}  // namespace dt::scenario

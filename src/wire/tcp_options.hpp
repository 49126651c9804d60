// TCP options (RFC 9293 §3.1, RFC 7323, RFC 2018), typed; emitted in the order Linux uses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/octets.hpp"
#include "wire/seq.hpp"

namespace dt::wire {

/// RFC 7323 §3.
struct Timestamps {
    std::uint32_t value = 0;  ///< TSval
    std::uint32_t echo = 0;   ///< TSecr; means something only with the ACK flag

    friend constexpr bool operator==(const Timestamps&, const Timestamps&) = default;
};

/// Received text [first, end) (RFC 2018 §3). As parsed it may be any two numbers.
struct SackBlock {
    Seq first;
    Seq end;

    friend constexpr bool operator==(const SackBlock&, const SackBlock&) = default;
};

/// Up to four blocks, in the order of the wire.
class SackBlocks {
  public:
    static constexpr std::size_t capacity = 4;

    /// Appends; a fifth block is left out.
    constexpr void push_back(SackBlock block) {
        if (count_ < capacity) blocks_[count_++] = block;
    }
    [[nodiscard]] constexpr std::size_t size() const { return count_; }
    [[nodiscard]] constexpr bool empty() const { return count_ == 0; }
    [[nodiscard]] constexpr const SackBlock& operator[](std::size_t i) const { return blocks_[i]; }
    [[nodiscard]] constexpr const SackBlock* begin() const { return blocks_.data(); }
    [[nodiscard]] constexpr const SackBlock* end() const { return blocks_.data() + count_; }

    friend constexpr bool operator==(const SackBlocks& a, const SackBlocks& b) {
        if (a.count_ != b.count_) return false;
        for (std::size_t i = 0; i < a.count_; ++i) {
            if (a.blocks_[i] != b.blocks_[i]) return false;
        }
        return true;
    }

  private:
    std::array<SackBlock, capacity> blocks_{};
    std::uint8_t count_ = 0;
};

/// TCP Fast Open (RFC 7413 §4.1.1): a cookie, or, without octets, the request for one.
struct FastOpen {
    static constexpr std::size_t cookie_max = 16;
    static constexpr std::size_t cookie_min = 4;

    /// Kind 34, or the experimental kind 254 with the magic 0xF989 that came before it.
    enum class Form : std::uint8_t { standard, experimental } form = Form::standard;
    std::uint8_t length = 0;  ///< octets of the cookie: 0, or 4 to 16 and even
    std::array<std::byte, cookie_max> octets{};

    [[nodiscard]] constexpr bool is_request() const { return length == 0; }
    [[nodiscard]] Octets cookie() const { return Octets{octets}.first(length); }
    /// The same cookie, whatever the form.
    [[nodiscard]] bool has(Octets other) const;

    friend bool operator==(const FastOpen&, const FastOpen&) = default;
};

/// Which options are looked at: MSS, window scale, SACK-permitted and Fast Open only count on a
/// SYN.
enum class SegmentKind : std::uint8_t { syn, other };

struct TcpOptions {
    /// Most octets that fit behind a header.
    static constexpr std::size_t size_max = 40;
    /// RFC 7323 §2.3.
    static constexpr std::uint8_t window_scale_max = 14;

    std::optional<std::uint16_t> mss;
    std::optional<std::uint8_t> window_scale;  ///< at most 14
    bool sack_permitted = false;
    std::optional<Timestamps> timestamps;
    SackBlocks sack;
    std::optional<FastOpen> fast_open = std::nullopt;

    /// Set by parse where a peer's shift above 14 was cut to 14; to be logged (TCP-OPT-003).
    bool was_window_scale_cut = false;
    /// Set by parse where an illegal length ended it; the options before that are kept
    /// (RFC 9293 §3.1 MUST-7).
    bool was_cut_short = false;

    /// Never fails, never reads past `octets`, passes over each octet once. An MSS of 0 and a
    /// known option of a wrong length count as absent; of a repeated option the last counts.
    static TcpOptions parse(Octets octets, SegmentKind kind);

    /// Octets emit() writes: a multiple of four, at most 40. SACK blocks that do not fit are left
    /// out: three fit beside timestamps (RFC 2018 §3).
    [[nodiscard]] std::size_t size() const;
    /// Writes size() octets and returns the plain sum of their 32-bit words, for the checksum.
    [[nodiscard]] std::uint64_t emit(MutableOctets to) const;

    friend bool operator==(const TcpOptions&, const TcpOptions&) = default;

  private:
    [[nodiscard]] std::size_t size_without_sack() const;
    [[nodiscard]] std::size_t fitting_blocks() const;
    void take(std::uint8_t kind, Octets value, SegmentKind segment);
    void take_sack(Octets value);
    void take_fast_open(Octets cookie, FastOpen::Form form);
};

}  // namespace dt::wire

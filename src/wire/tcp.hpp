// TCP segments (RFC 9293 §3.1): flags, View, Repr.
#pragma once

#include <cstdint>

#include "base/checksum.hpp"
#include "wire/address.hpp"
#include "wire/seq.hpp"
#include "wire/tcp_options.hpp"

namespace dt::wire {

/// One control bit (RFC 9293 §3.1).
enum class TcpFlag : std::uint8_t {
    fin = 0x01,
    syn = 0x02,
    rst = 0x04,
    psh = 0x08,
    ack = 0x10,
    urg = 0x20,
    ece = 0x40,
    cwr = 0x80,
};

/// A set of control bits: `TcpFlag::syn | TcpFlag::ack`.
class TcpFlags {
  public:
    constexpr TcpFlags() = default;
    constexpr TcpFlags(TcpFlag flag)
        : bits_(static_cast<std::uint8_t>(flag)) {
    }  // NOLINT(google-explicit-constructor): a set of one
    static constexpr TcpFlags from_bits(std::uint8_t bits) {
        TcpFlags flags;
        flags.bits_ = bits;
        return flags;
    }

    [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }
    [[nodiscard]] constexpr bool has(TcpFlag flag) const {
        return (bits_ & static_cast<std::uint8_t>(flag)) != 0;
    }
    [[nodiscard]] constexpr bool fin() const { return has(TcpFlag::fin); }
    [[nodiscard]] constexpr bool syn() const { return has(TcpFlag::syn); }
    [[nodiscard]] constexpr bool rst() const { return has(TcpFlag::rst); }
    [[nodiscard]] constexpr bool psh() const { return has(TcpFlag::psh); }
    [[nodiscard]] constexpr bool ack() const { return has(TcpFlag::ack); }
    [[nodiscard]] constexpr bool urg() const { return has(TcpFlag::urg); }
    [[nodiscard]] constexpr bool ece() const { return has(TcpFlag::ece); }
    [[nodiscard]] constexpr bool cwr() const { return has(TcpFlag::cwr); }

    constexpr TcpFlags& operator|=(TcpFlags more) {
        bits_ = static_cast<std::uint8_t>(bits_ | more.bits_);
        return *this;
    }
    [[nodiscard]] constexpr TcpFlags without(TcpFlags some) const {
        return from_bits(static_cast<std::uint8_t>(bits_ & ~some.bits_));
    }
    friend constexpr TcpFlags operator|(TcpFlags a, TcpFlags b) { return a |= b; }
    friend constexpr bool operator==(TcpFlags, TcpFlags) = default;

  private:
    std::uint8_t bits_ = 0;
};
constexpr TcpFlags operator|(TcpFlag a, TcpFlag b) { return TcpFlags(a) | TcpFlags(b); }

/// A segment proved long enough for its header and options. It may be only the front of a segment
/// that lies in pieces: payload() is then what is at hand.
class TcpView {
  public:
    static constexpr std::size_t header_min = 20;

    /// Errors: truncated where the octets end before the header does; malformed for a data offset
    /// below 5 (TCP-SEG-001).
    static Result<TcpView> parse(Octets segment);

    [[nodiscard]] Port source() const { return Port{field(0)}; }
    [[nodiscard]] Port destination() const { return Port{field(2)}; }
    [[nodiscard]] Seq seq() const { return Seq{load_be<std::uint32_t>(segment_, 4)}; }
    [[nodiscard]] Seq ack() const { return Seq{load_be<std::uint32_t>(segment_, 8)}; }
    [[nodiscard]] std::size_t header_length() const {
        return std::to_integer<std::size_t>(segment_[12] >> 4) * 4;
    }
    [[nodiscard]] TcpFlags flags() const {
        return TcpFlags::from_bits(std::to_integer<std::uint8_t>(segment_[13]));
    }
    [[nodiscard]] std::uint16_t window() const { return field(14); }
    [[nodiscard]] std::uint16_t checksum() const { return field(16); }
    [[nodiscard]] std::uint16_t urgent() const { return field(18); }
    [[nodiscard]] Octets options() const {
        return segment_.subspan(header_min, header_length() - header_min);
    }
    [[nodiscard]] Octets header() const { return segment_.first(header_length()); }
    [[nodiscard]] Octets payload() const { return segment_.subspan(header_length()); }
    /// Header and payload.
    [[nodiscard]] Octets segment() const { return segment_; }
    /// `pseudo` is the sum of the pseudo-header (RFC 9293 §3.1 MUST-3).
    [[nodiscard]] bool is_checksum_correct(Checksum pseudo) const {
        return pseudo.add(segment_).is_correct();
    }

  private:
    explicit TcpView(Octets segment) : segment_(segment) {}

    [[nodiscard]] std::uint16_t field(std::size_t at) const {
        return load_be<std::uint16_t>(segment_, at);
    }

    Octets segment_;
};

/// A header in values. Any flags may stand together: the state decides what they mean.
struct TcpRepr {
    Port source;
    Port destination;
    Seq seq;
    Seq ack;
    TcpFlags flags;
    std::uint16_t window = 0;  ///< as on the wire, not scaled
    std::uint16_t urgent = 0;
    TcpOptions options;

    /// Where the checksum lies in a header.
    static constexpr std::size_t checksum_offset = 16;

    /// Cannot fail: options without sense are left out (TcpOptions::parse).
    static TcpRepr from(const TcpView& view);

    /// Octets of the header with its options.
    [[nodiscard]] std::size_t size() const { return TcpView::header_min + options.size(); }
    /// SEG.LEN: octets of sequence space, SYN and FIN counted (RFC 9293 §3.4).
    [[nodiscard]] std::uint32_t sequence_length(std::size_t payload_length) const {
        return static_cast<std::uint32_t>(payload_length) + (flags.syn() ? 1U : 0U) +
               (flags.fin() ? 1U : 0U);
    }
    /// Writes size() octets with a checksum field of zero and returns their sum. MSS only on a SYN
    /// (MUST-65).
    [[nodiscard]] Checksum emit(MutableOctets to) const;
    /// As emit, then completes the checksum. `rest` is the sum of the pseudo-header and of the
    /// payload, in whatever order (both have an even place: the header is a multiple of 4).
    void emit(MutableOctets to, Checksum rest) const;

    friend bool operator==(const TcpRepr&, const TcpRepr&) = default;
};

}  // namespace dt::wire

namespace dt {
using wire::TcpFlag;
using wire::TcpFlags;
}  // namespace dt

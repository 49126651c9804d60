// What links and faults are asked to do, as values: the result of parsing `--link` and `--fault`
// (link/grammar), each with its source text, so that a viewer can name the rule that did something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace dt::link {

/// A share of all frames, in parts of 10^9: 1% is 10'000'000.
struct Share {
    static constexpr std::uint32_t whole = 1'000'000'000;
    static constexpr std::uint32_t percent = whole / 100;

    std::uint32_t per_billion = 0;  ///< at most `whole`

    [[nodiscard]] constexpr bool is_zero() const { return per_billion == 0; }
    friend constexpr bool operator==(Share, Share) = default;
};

/// Which frames: `NAME`, `NAME->NAME`, `NAME<->NAME`, or all.
struct Where {
    enum class Kind : std::uint8_t { all, host, one_way, both_ways };

    Kind kind = Kind::all;
    std::string from;               ///< empty for `all`
    std::string to;                 ///< empty for `all` and `host`
    std::uint32_t from_column = 0;  ///< in the text it was read from, first is 1; 0 = not read
    std::uint32_t to_column = 0;

    /// Whether a frame that crosses a link from host `a` to host `b` is meant.
    [[nodiscard]] bool covers(std::string_view a, std::string_view b) const;
};

/// What a link can be told, in the order of `--link`'s help.
enum class LinkKey : std::uint8_t {
    delay,    ///< nanoseconds, one way
    jitter,   ///< nanoseconds at most, added to the delay; keeps the order of frames
    loss,     ///< share
    reorder,  ///< share of frames that later ones overtake
    dup,      ///< share of frames that arrive twice
    corrupt,  ///< share of frames with one bit changed
    rate,     ///< bits a second
    queue,    ///< octets that may wait for the rate
    mtu,      ///< octets of an IP packet
};

/// One item of a link: `loss=1%`.
struct Setting {
    LinkKey key = LinkKey::delay;
    std::uint64_t value = 0;  ///< in the unit of its key
    std::string text;         ///< as it was written
};

/// One `--link`: settings for the frames it covers.
struct LinkItem {
    Where where;
    std::vector<Setting> settings;
    std::string text;
};

/// One link of a world: the hosts it joins (two, or more by a switch) and what was said about it.
/// Of two settings with one key that cover the same direction the later one counts.
struct LinkSpec {
    std::vector<std::string> hosts;
    std::vector<LinkItem> items;
};

/// What one direction of a link does, all items applied.
struct Impairment {
    static constexpr std::uint64_t queue_default = std::uint64_t{256} * 1024;  ///< octets
    static constexpr std::uint32_t mtu_default = 1500;                         ///< octets of IP

    Duration delay{};
    Duration jitter{};
    Share loss;
    Share reorder;
    Share dup;
    Share corrupt;
    std::uint64_t rate_bits_per_s = 0;  ///< 0 = not limited
    std::uint64_t queue_octets = queue_default;
    std::uint32_t mtu = mtu_default;

    /// The settings of `link` for frames from host `from` to host `to`.
    static Impairment of(const LinkSpec& link, std::string_view from, std::string_view to);
    /// Delay, jitter and MTU touch no single frame; anything else does.
    [[nodiscard]] bool touches_frames() const;
};

/// Which TCP segments a fault is about. A segment with text and FIN is both `data` and `fin`.
enum class SegmentKind : std::uint8_t {
    any,     ///< every IP packet
    syn,     ///< SYN without ACK
    synack,  ///< SYN and ACK
    ack,     ///< ACK alone: no text, no SYN, FIN, RST
    data,    ///< text
    fin,
    rst,
};

enum class FaultAction : std::uint8_t {
    drop,
    delay,
    dup,
    corrupt,
    reorder,
    silence,  ///< every frame is lost, ARP too: a dead peer
    mark,     ///< what is ECN-capable says that it met congestion (RFC 3168 §5)
};

/// A run of ordinals, first is 1, both included.
struct Range {
    std::uint64_t first = 1;
    std::uint64_t last = 1;

    [[nodiscard]] constexpr bool holds(std::uint64_t n) const { return n >= first && n <= last; }
    friend constexpr bool operator==(const Range&, const Range&) = default;
};

/// One `--fault`. All conditions must hold; `nth` and `every` count the segments that meet the
/// others, in the whole world unless `flow` names one.
struct FaultSpec {
    FaultAction action = FaultAction::drop;
    Where where;
    SegmentKind segment = SegmentKind::any;
    std::optional<Range> nth;
    std::optional<std::uint64_t> every;
    std::optional<Share> p;
    std::optional<std::uint16_t> port;    ///< either end's
    std::optional<std::uint64_t> flow;    ///< ordinal of a TCP flow in the world, first is 1
    std::uint64_t after = 0;              ///< octets of text this direction of the flow has sent
    std::optional<std::uint64_t> larger;  ///< IP packets of more octets than this (RFC 4821 §1)
    std::optional<Duration> at;           ///< since the world began
    std::optional<Duration> lasts;        ///< `for`: since `at`
    Duration by{};                        ///< of `delay`, and of `reorder` where it is given
    std::string text;
};

/// A setting as if it had been read, its text in the same words.
[[nodiscard]] Setting delay_of(Duration delay);
[[nodiscard]] Setting jitter_of(Duration jitter);
[[nodiscard]] Setting share_of(LinkKey key, Share share);
[[nodiscard]] Setting rate_of(std::uint64_t bits_per_s);
[[nodiscard]] Setting octets_of(LinkKey key, std::uint64_t octets);

/// `delay`, `queue`…
[[nodiscard]] std::string_view name(LinkKey key);

}  // namespace dt::link

// TCP options, parsed safely and emitted as Linux orders them.
#include "wire/tcp_options.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace dt::wire {

namespace {

// IANA "TCP Option Kind Numbers".
enum Kind : std::uint8_t {
    kind_end = 0,
    kind_nop = 1,
    kind_mss = 2,
    kind_window_scale = 3,
    kind_sack_permitted = 4,
    kind_sack = 5,
    kind_timestamps = 8,
    kind_fast_open = 34,
    kind_experimental = 254,  // RFC 6994; with the magic 0xF989 Fast Open
};
constexpr std::uint16_t fast_open_magic = 0xf989;

constexpr std::size_t sack_block_size = 8;
// NOP, NOP, kind 8, length 10: how timestamps stand alone (RFC 7323 Appendix A).
constexpr std::uint32_t aligned_timestamps = 0x0101080aU;
// Kind 4, length 2, kind 8, length 10: SACK-permitted takes the place of the two NOPs.
constexpr std::uint32_t sack_permitted_timestamps = 0x0402080aU;
constexpr std::uint32_t aligned_sack_permitted = 0x01010402U;

std::uint32_t word(Octets octets, std::size_t at) { return load_be<std::uint32_t>(octets, at); }

/// Kind, length and magic.
std::size_t head_of(const FastOpen& option) {
    return option.form == FastOpen::Form::experimental ? 4 : 2;
}

/// Of the option with its padding.
std::size_t size_of(const FastOpen& option) {
    return (head_of(option) + option.length + 3) / 4 * 4;
}

/// Writes words one after the other and sums them.
class Writer {
  public:
    explicit Writer(MutableOctets to) : to_(to) {}
    void put(std::uint32_t value) {
        store_be(to_, at_, value);
        at_ += sizeof value;
        sum_ += value;
    }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }

  private:
    MutableOctets to_;
    std::size_t at_ = 0;
    std::uint64_t sum_ = 0;
};

void put_fast_open(const FastOpen& option, Writer& out) {
    std::array<std::byte, 4 + FastOpen::cookie_max> octets{};
    octets.fill(std::byte{kind_nop});
    const std::size_t head = head_of(option);
    const bool is_standard = option.form == FastOpen::Form::standard;
    octets[0] = std::byte{is_standard ? kind_fast_open : kind_experimental};
    octets[1] = static_cast<std::byte>(head + option.length);
    if (!is_standard) store_be(MutableOctets{octets}, 2, fast_open_magic);
    std::ranges::copy(option.cookie(), octets.begin() + static_cast<std::ptrdiff_t>(head));
    for (std::size_t at = 0; at < size_of(option); at += 4) out.put(word(octets, at));
}

}  // namespace

TcpOptions TcpOptions::parse(Octets octets, SegmentKind kind) {
    TcpOptions options;
    // What nearly every segment of a connection carries: NOP, NOP, timestamps.
    if (octets.size() == 12 && word(octets, 0) == aligned_timestamps) {
        options.timestamps = Timestamps{word(octets, 4), word(octets, 8)};
        return options;
    }
    while (!octets.empty()) {
        const auto number = std::to_integer<std::uint8_t>(octets[0]);
        if (number == kind_end) return options;
        if (number == kind_nop) {
            octets = octets.subspan(1);
            continue;
        }
        const std::size_t length = octets.size() < 2 ? 0 : std::to_integer<std::size_t>(octets[1]);
        if (length < 2 || length > octets.size()) {
            options.was_cut_short = true;
            return options;
        }
        options.take(number, octets.subspan(2, length - 2), kind);
        octets = octets.subspan(length);
    }
    return options;
}

void TcpOptions::take(std::uint8_t kind, Octets value, SegmentKind segment) {
    const bool is_syn = segment == SegmentKind::syn;
    if (kind == kind_mss && is_syn && value.size() == 2) {
        const auto size = load_be<std::uint16_t>(value, 0);
        if (size != 0) mss = size;
    } else if (kind == kind_window_scale && is_syn && value.size() == 1) {
        const auto shift = std::to_integer<std::uint8_t>(value[0]);
        was_window_scale_cut = shift > window_scale_max;
        window_scale = std::min(shift, window_scale_max);
    } else if (kind == kind_sack_permitted && is_syn && value.empty()) {
        sack_permitted = true;
    } else if (kind == kind_timestamps && value.size() == 8) {
        timestamps = Timestamps{word(value, 0), word(value, 4)};
    } else if (kind == kind_sack) {
        take_sack(value);
    } else if (kind == kind_fast_open && is_syn) {
        take_fast_open(value, FastOpen::Form::standard);
    } else if (kind == kind_experimental && is_syn && value.size() >= 2 &&
               load_be<std::uint16_t>(value, 0) == fast_open_magic) {
        take_fast_open(value.subspan(2), FastOpen::Form::experimental);
    }
}

// RFC 7413 §4.1.1: a cookie of another length is no cookie.
void TcpOptions::take_fast_open(Octets cookie, FastOpen::Form form) {
    const bool fits =
        cookie.size() >= FastOpen::cookie_min && cookie.size() <= FastOpen::cookie_max;
    if (cookie.size() % 2 != 0 || (!cookie.empty() && !fits)) return;
    fast_open.emplace();
    fast_open->form = form;
    fast_open->length = static_cast<std::uint8_t>(cookie.size());
    std::ranges::copy(cookie, fast_open->octets.begin());
}

bool FastOpen::has(Octets other) const { return std::ranges::equal(cookie(), other); }

void TcpOptions::take_sack(Octets value) {
    if (value.empty() || value.size() % sack_block_size != 0) return;
    sack = {};
    for (std::size_t at = 0; at < value.size(); at += sack_block_size) {
        sack.push_back({Seq{word(value, at)}, Seq{word(value, at + 4)}});
    }
}

std::size_t TcpOptions::size_without_sack() const {
    std::size_t size = 0;
    if (mss) size += 4;
    if (timestamps) size += 12;
    if (sack_permitted && !timestamps) size += 4;
    if (window_scale) size += 4;
    if (fast_open) size += size_of(*fast_open);
    return size;
}

std::size_t TcpOptions::fitting_blocks() const {
    if (sack.empty()) return 0;
    const std::size_t room = size_max - size_without_sack();
    return room < 4 ? 0 : std::min(sack.size(), (room - 4) / sack_block_size);
}

std::size_t TcpOptions::size() const {
    const std::size_t blocks = fitting_blocks();
    return size_without_sack() + (blocks == 0 ? 0 : 4 + blocks * sack_block_size);
}

std::uint64_t TcpOptions::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size());
    Writer out(to);
    if (mss) out.put(std::uint32_t{kind_mss} << 24 | 4U << 16 | *mss);
    if (timestamps) {
        out.put(sack_permitted ? sack_permitted_timestamps : aligned_timestamps);
        out.put(timestamps->value);
        out.put(timestamps->echo);
    } else if (sack_permitted) {
        out.put(aligned_sack_permitted);
    }
    if (window_scale) {
        out.put(std::uint32_t{kind_nop} << 24 | std::uint32_t{kind_window_scale} << 16 | 3U << 8 |
                *window_scale);
    }
    if (fast_open) put_fast_open(*fast_open, out);
    const std::size_t blocks = fitting_blocks();
    if (blocks == 0) return out.sum();
    out.put(std::uint32_t{kind_nop} << 24 | std::uint32_t{kind_nop} << 16 |
            std::uint32_t{kind_sack} << 8 |
            static_cast<std::uint32_t>(2 + blocks * sack_block_size));
    for (std::size_t i = 0; i < blocks; ++i) {
        out.put(sack[i].first.value());
        out.put(sack[i].end.value());
    }
    return out.sum();
}

}  // namespace dt::wire

// Values of links and faults: which directions they cover and what a direction adds up to.
#include "link/spec.hpp"

#include <array>

namespace dt::link {

namespace {

constexpr std::array<std::string_view, 9> key_names{"delay",   "jitter", "loss",  "reorder", "dup",
                                                    "corrupt", "rate",   "queue", "mtu"};

void apply(Impairment& to, const Setting& setting) {
    const Duration span{static_cast<Duration::rep>(setting.value)};
    const Share share{static_cast<std::uint32_t>(setting.value)};
    switch (setting.key) {
        case LinkKey::delay: to.delay = span; return;
        case LinkKey::jitter: to.jitter = span; return;
        case LinkKey::loss: to.loss = share; return;
        case LinkKey::reorder: to.reorder = share; return;
        case LinkKey::dup: to.dup = share; return;
        case LinkKey::corrupt: to.corrupt = share; return;
        case LinkKey::rate: to.rate_bits_per_s = setting.value; return;
        case LinkKey::queue: to.queue_octets = setting.value; return;
        case LinkKey::mtu: to.mtu = static_cast<std::uint32_t>(setting.value); return;
    }
}

/// Whole units where the number has no rest, else the next smaller unit.
std::string duration_text(Duration span) {
    const std::int64_t ns = span.count();
    if (ns % 1'000'000'000 == 0) return std::to_string(ns / 1'000'000'000) + "s";
    if (ns % 1'000'000 == 0) return std::to_string(ns / 1'000'000) + "ms";
    if (ns % 1'000 == 0) return std::to_string(ns / 1'000) + "us";
    return std::to_string(ns) + "ns";
}

std::string percent_text(Share share) {
    std::string text = std::to_string(share.per_billion / Share::percent);
    std::uint32_t rest = share.per_billion % Share::percent;
    if (rest != 0) text += '.';
    for (std::uint32_t unit = Share::percent / 10; rest != 0; unit /= 10) {
        text += static_cast<char>('0' + rest / unit);
        rest %= unit;
    }
    return text + "%";
}

std::string rate_text(std::uint64_t bits_per_s) {
    if (bits_per_s % 1'000'000'000 == 0) return std::to_string(bits_per_s / 1'000'000'000) + "Gbit";
    if (bits_per_s % 1'000'000 == 0) return std::to_string(bits_per_s / 1'000'000) + "Mbit";
    if (bits_per_s % 1'000 == 0) return std::to_string(bits_per_s / 1'000) + "kbit";
    return std::to_string(bits_per_s) + "bit";
}

Setting setting(LinkKey key, std::uint64_t value, const std::string& text) {
    return {key, value, std::string(name(key)) + "=" + text};
}

}  // namespace

bool Where::covers(std::string_view a, std::string_view b) const {
    switch (kind) {
        case Kind::all: return true;
        case Kind::host: return a == from || b == from;
        case Kind::one_way: return a == from && b == to;
        case Kind::both_ways: return (a == from && b == to) || (a == to && b == from);
    }
    return false;
}

Impairment Impairment::of(const LinkSpec& link, std::string_view from, std::string_view to) {
    Impairment result;
    for (const LinkItem& item : link.items) {
        if (!item.where.covers(from, to)) continue;
        for (const Setting& each : item.settings) apply(result, each);
    }
    return result;
}

bool Impairment::touches_frames() const {
    return !loss.is_zero() || !reorder.is_zero() || !dup.is_zero() || !corrupt.is_zero() ||
           rate_bits_per_s != 0;
}

std::string_view name(LinkKey key) { return key_names[static_cast<std::size_t>(key)]; }

Setting delay_of(Duration delay) {
    return setting(LinkKey::delay, static_cast<std::uint64_t>(delay.count()), duration_text(delay));
}
Setting jitter_of(Duration jitter) {
    return setting(LinkKey::jitter, static_cast<std::uint64_t>(jitter.count()),
                   duration_text(jitter));
}
Setting share_of(LinkKey key, Share share) {
    return setting(key, share.per_billion, percent_text(share));
}
Setting rate_of(std::uint64_t bits_per_s) {
    return setting(LinkKey::rate, bits_per_s, rate_text(bits_per_s));
}
Setting octets_of(LinkKey key, std::uint64_t octets) {
    return setting(key, octets, std::to_string(octets) + "B");
}

}  // namespace dt::link

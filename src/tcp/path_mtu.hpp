// Path MTU discovery: what ICMP taught about a destination (RFC 1191, RFC 8201), and the search by
// what arrives (RFC 4821).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "event/config.hpp"
#include "wire/address.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// What a path takes.
struct PathMtu {
    std::uint16_t mtu = 0;
    /// The path takes less than the least MTU that is believed: routers may fragment (Linux).
    enum class Fragments : std::uint8_t { no, may } fragments = Fragments::no;
    Instant until = never;  // when more is tried again
};

/// What a message "fragmentation needed" or "packet too big" says about a path: nothing where it is
/// not to be believed. Never below 552 octets for IPv4, where the packets lose DF instead, nor
/// below 1280 for IPv6 (TCP-PMTU-003 to 005).
[[nodiscard]] std::optional<PathMtu> path_mtu_told(Family family, std::uint16_t mtu, Instant until);

/// The destinations whose path takes less than their interface, at most `most` of them.
class PathMtus {
  public:
    static constexpr std::size_t most = 1024;

    /// Keeps the smaller of what was known and what is told.
    void learn(const IpAddr& destination, const PathMtu& told, Instant now);
    /// What is known and not over yet.
    [[nodiscard]] std::optional<PathMtu> find(const IpAddr& destination, Instant now) const;
    /// Changes with each lesson: who has seen this number has nothing to ask.
    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        IpAddr destination;
        PathMtu known;
    };
    std::vector<Entry> entries_;  // by destination
    std::uint32_t version_ = 0;
};

/// The search for the largest segment that arrives, in octets of text (RFC 4821 §7.3, as Linux).
class MtuSearch {
  public:
    /// Begins between `low`, which is believed to arrive, and `high`.
    void begin(std::uint32_t low, std::uint32_t high, Instant now);
    [[nodiscard]] bool is_on() const { return high_ != 0; }
    /// The largest segment believed to arrive.
    [[nodiscard]] std::uint32_t low() const { return low_; }
    /// Large segments vanish: half of what was believed, not above `base`.
    void shrink(std::uint32_t base);

    /// Text of the next probe; nothing while one is out or the search is over. After `again` an
    /// ended search begins anew up to `full`.
    [[nodiscard]] std::optional<std::uint32_t> next() const;
    void begin_again(std::uint32_t full, Duration again, Instant now);
    void on_sent(Seq first, std::uint32_t length);
    [[nodiscard]] bool is_out() const { return length_ != 0; }
    [[nodiscard]] Seq first() const { return first_; }
    [[nodiscard]] Seq end() const { return first_ + length_; }
    void on_arrived();
    void on_lost(Instant now);
    /// Text of `length` octets from `first` on leaves again in ordinary segments: where it begins
    /// as the probe does the probe is lost, where it lies in it nothing is learned from what
    /// arrives.
    void on_resent(Seq first, std::uint32_t length, Instant now);

  private:
    static constexpr std::uint32_t gap_min = 8;  // octets; Linux tcp_probe_threshold

    std::uint32_t low_ = 0;
    std::uint32_t high_ = 0;  // 0: no search
    std::uint32_t length_ = 0;
    Seq first_{};
    Instant since_{};  // of the last probe's end
};

}  // namespace dt::tcp

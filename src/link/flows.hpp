// Which flow a frame belongs to: ordinals in the order in which a world's links first saw them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "base/rng.hpp"
#include "link/sighting.hpp"

namespace dt::link {

/// Ordinals of flows: TCP flows count from 1, everything else from `others_from`. A SYN with
/// another initial sequence number on the same endpoints begins a new flow.
class Flows {
  public:
    static constexpr std::uint64_t others_from = 1ULL << 40;
    /// Flows remembered; the oldest is forgotten first and, if it goes on, counts as a new one.
    static constexpr std::size_t capacity = 65'536;

    explicit Flows(SipKey key) : flows_(16, Hash{key}) {}

    /// Where a frame stands.
    struct Place {
        std::uint64_t ordinal = 0;
        std::uint8_t direction = 0;  ///< 0: as the first frame of the flow went
        std::uint64_t sent = 0;      ///< octets of text this direction has sent with this frame
    };
    [[nodiscard]] Place place(const Sighting& sighting);

  private:
    struct Key {
        FourTuple tuple;  // the lower endpoint first
        Sighting::Protocol protocol;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Hash {
        SipKey key;
        std::size_t operator()(const Key& flow) const;
    };
    struct Entry {
        std::uint64_t ordinal = 0;
        bool began_at_lower = true;
        std::array<std::optional<Seq>, 2> iss;  // by direction
    };

    Entry& entry_of(const Key& key, bool from_lower);
    void begin(Entry& entry, const Key& key, bool from_lower);

    // Only looked up, never walked: its order is nobody's business.
    std::unordered_map<Key, Entry, Hash> flows_;
    std::deque<Key> by_age_;
    std::uint64_t tcp_flows_ = 0;
    std::uint64_t other_flows_ = 0;
};

}  // namespace dt::link

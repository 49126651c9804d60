// The one index of a stack's TCP: 4-tuple → connection, half-open entry or TIME-WAIT record. Keyed
// hash against flooding, open addressing without tombstones, growth a few slots per operation.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "wire/address.hpp"

namespace dt::tcp {

/// What an index entry points at.
enum class PeerKind : std::uint8_t { none, connection, half_open, time_wait };

/// Kind in the upper two bits, slot index below: 32 bits; the default points at nothing.
class PeerRef {
  public:
    static constexpr std::uint32_t index_max = (1U << 30) - 1;

    constexpr PeerRef() = default;
    constexpr PeerRef(PeerKind kind, std::uint32_t index)
        : word_(static_cast<std::uint32_t>(kind) << 30 | index) {}

    [[nodiscard]] constexpr PeerKind kind() const { return static_cast<PeerKind>(word_ >> 30); }
    [[nodiscard]] constexpr std::uint32_t index() const { return word_ & index_max; }
    [[nodiscard]] constexpr bool is_null() const { return word_ == 0; }
    friend constexpr bool operator==(PeerRef, PeerRef) = default;

  private:
    std::uint32_t word_ = 0;
};

/// SipHash-1-3 of a tuple under the stack's key.
[[nodiscard]] std::uint32_t tuple_tag(SipKey key, const FourTuple& tuple);

/// Entries of 8 octets: tag and reference. The tag alone places an entry, so moving entries never
/// touches what they point at. Never iterated. Chunks of slots are made when first used, so even a
/// large table grows without a pause.
class Demux {
  public:
    Demux();

    /// The entry with this tag that `matches(PeerRef)`; null where there is none.
    template <class Matches>
    [[nodiscard]] PeerRef find(std::uint32_t tag, Matches matches) const {
        const PeerRef found = current_.find(tag, matches);
        if (!found.is_null() || !previous_.is_open()) return found;
        return previous_.find(tag, matches);
    }

    /// Adds an entry; the caller has made sure that its tuple is not there yet.
    void insert(std::uint32_t tag, PeerRef peer);
    /// Points the entry at something else; the entry must exist.
    void replace(std::uint32_t tag, PeerRef from, PeerRef to);
    /// Removes the entry, which must exist.
    void erase(std::uint32_t tag, PeerRef peer);

    [[nodiscard]] std::size_t size() const { return current_.size + previous_.size; }
    /// Slots of the table that takes new entries.
    [[nodiscard]] std::size_t capacity() const { return current_.capacity(); }
    /// Octets held.
    [[nodiscard]] std::size_t memory() const { return current_.memory() + previous_.memory(); }

  private:
    struct Slot {
        std::uint32_t tag = 0;
        PeerRef peer;
    };
    static constexpr std::uint32_t chunk_bits = 10;
    static constexpr std::uint32_t chunk_slots = 1U << chunk_bits;
    static constexpr std::uint32_t capacity_min = chunk_slots;
    using Chunk = std::array<Slot, chunk_slots>;

    /// Linear probing, entries ordered by their distance from home (Robin Hood), erased by moving
    /// followers back one slot.
    struct Table {
        std::vector<std::unique_ptr<Chunk>> chunks;
        std::uint32_t mask = 0;
        std::uint32_t size = 0;

        void open(std::uint32_t capacity);
        void close();
        [[nodiscard]] bool is_open() const { return !chunks.empty(); }
        [[nodiscard]] std::uint32_t capacity() const { return is_open() ? mask + 1 : 0; }
        [[nodiscard]] std::size_t memory() const;
        [[nodiscard]] Slot at(std::uint32_t position) const {
            const Chunk* chunk = chunks[position >> chunk_bits].get();
            return chunk == nullptr ? Slot{} : (*chunk)[position & (chunk_slots - 1)];
        }
        [[nodiscard]] Slot& slot(std::uint32_t position);
        [[nodiscard]] std::uint32_t away(Slot slot, std::uint32_t position) const {
            return (position - slot.tag) & mask;
        }

        template <class Matches>
        [[nodiscard]] PeerRef find(std::uint32_t tag, Matches& matches) const {
            for (std::uint32_t distance = 0; distance <= mask; ++distance) {
                const std::uint32_t position = (tag + distance) & mask;
                const Slot entry = at(position);
                if (entry.peer.is_null() || away(entry, position) < distance) return {};
                if (entry.tag == tag && matches(entry.peer)) return entry.peer;
            }
            return {};
        }
        [[nodiscard]] bool locate(std::uint32_t tag, PeerRef peer, std::uint32_t& position) const;
        void insert(Slot entry);
        void erase_at(std::uint32_t position);
    };

    void resize_if_due();
    void move_some();

    Table current_;
    Table previous_;                // being emptied into current_
    std::uint32_t next_moved_ = 0;  // every slot of previous_ before this one is empty
};

}  // namespace dt::tcp

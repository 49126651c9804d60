// SlotMap: objects reached by handles with a generation; growth by chunks, objects never move.
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace dt::base {

/// Names an object of a SlotMap<…, Tag>. The default handle names nothing. A handle outlives its
/// object: asked with a stale one, the map answers nullptr.
template <class Tag>
struct Handle {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;  ///< odd while the object lives; 0 names nothing

    [[nodiscard]] constexpr bool is_null() const { return generation == 0; }
    /// One word with both parts, and back: for owners of timers, events, epoll data.
    [[nodiscard]] constexpr std::uint64_t word() const {
        return static_cast<std::uint64_t>(generation) << 32 | index;
    }
    static constexpr Handle from_word(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
    }
    friend constexpr bool operator==(const Handle&, const Handle&) = default;
    friend constexpr auto operator<=>(const Handle&, const Handle&) = default;
};

/// A bounded set of T. insert, get and erase take constant time; an empty chunk is given back, but
/// one is kept, so that a map that moves around a boundary does not allocate each time. Which
/// index an insert gets depends on the history of calls only.
template <class T, class Tag = T>
class SlotMap {
  public:
    using HandleType = Handle<Tag>;

    /// `capacity` is the most objects it will hold.
    explicit SlotMap(std::uint32_t capacity) : capacity_(capacity) {}
    SlotMap(SlotMap&& other) noexcept
        : chunks_(std::exchange(other.chunks_, {})),
          first_open_(std::exchange(other.first_open_, none)),
          first_bare_(std::exchange(other.first_bare_, none)),
          size_(std::exchange(other.size_, 0)),
          empty_chunks_(std::exchange(other.empty_chunks_, 0)),
          capacity_(other.capacity_) {}
    SlotMap(const SlotMap&) = delete;
    SlotMap& operator=(const SlotMap&) = delete;
    SlotMap& operator=(SlotMap&&) = delete;
    ~SlotMap() { clear(); }

    /// Builds an object; nothing where the map is full.
    template <class... Args>
    [[nodiscard]] std::optional<HandleType> insert(Args&&... args) {
        if (size_ == capacity_) return std::nullopt;
        if (first_open_ == none) add_chunk();
        const std::uint32_t chunk_index = first_open_;
        Entry& entry = chunks_[chunk_index];
        const std::uint32_t slot_index = entry.first_free;
        Slot& slot = entry.chunk->slots[slot_index];
        entry.first_free = slot.next_free;
        std::construct_at(&slot.value, std::forward<Args>(args)...);
        slot.generation |= 1;
        if (entry.used++ == 0) --empty_chunks_;
        if (entry.used == chunk_size) close(chunk_index);
        ++size_;
        return HandleType{chunk_index * chunk_size + slot_index, slot.generation};
    }

    /// The object, or nullptr where the handle is null or stale.
    [[nodiscard]] T* get(HandleType handle) {
        Slot* slot = slot_at(handle.index);
        if (slot == nullptr || slot->generation != handle.generation) return nullptr;
        if ((handle.generation & 1) == 0) return nullptr;
        return &slot->value;
    }
    [[nodiscard]] const T* get(HandleType handle) const {
        return const_cast<SlotMap*>(this)->get(handle);
    }
    [[nodiscard]] bool contains(HandleType handle) const { return get(handle) != nullptr; }

    /// The live object at `index`, whatever its generation; for tables that keep only the index
    /// and are cleaned when the object goes.
    [[nodiscard]] T* get_index(std::uint32_t index) {
        Slot* slot = slot_at(index);
        return slot != nullptr && (slot->generation & 1) != 0 ? &slot->value : nullptr;
    }
    /// The handle of the live object at `index`; null where there is none.
    [[nodiscard]] HandleType handle_of(std::uint32_t index) {
        Slot* slot = slot_at(index);
        if (slot == nullptr || (slot->generation & 1) == 0) return {};
        return {index, slot->generation};
    }

    /// Destroys the object; false where the handle was null or stale.
    bool erase(HandleType handle) {
        T* value = get(handle);
        if (value == nullptr) return false;
        std::destroy_at(value);
        release(handle.index);
        return true;
    }

    /// Destroys all objects; handles to them are stale afterwards.
    void clear() {
        for (std::uint32_t c = 0; c < chunks_.size(); ++c) {
            for (std::uint32_t s = 0; s < chunk_size && chunks_[c].used > 0; ++s) {
                erase(handle_of(c * chunk_size + s));
            }
        }
    }

    /// Calls `visit(handle, object)` for every object, by index. `visit` may erase the object it
    /// is given, and no other.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (std::uint32_t c = 0; c < chunks_.size(); ++c) {
            for (std::uint32_t s = 0; s < chunk_size && chunks_[c].used > 0; ++s) {
                const HandleType handle = handle_of(c * chunk_size + s);
                if (!handle.is_null()) visit(handle, *get(handle));
            }
        }
    }
    template <class Visit>
    void for_each(Visit&& visit) const {
        const_cast<SlotMap*>(this)->for_each(
            [&visit](HandleType handle, const T& value) { visit(handle, value); });
    }

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] bool is_full() const { return size_ == capacity_; }
    [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
    /// Octets held now, used or not.
    [[nodiscard]] std::size_t memory() const {
        std::size_t held = chunks_.capacity() * sizeof(Entry);
        for (const Entry& entry : chunks_) held += entry.chunk ? sizeof(Chunk) : 0;
        return held;
    }

  private:
    struct Slot {
        Slot() : next_free(none) {}
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot() {}  // NOLINT(modernize-use-equals-default): the map destroys the value

        union {
            T value;
            std::uint32_t next_free;
        };
        std::uint32_t generation = 0;
    };

    // About 16 KiB a chunk, 8 to 256 objects: small maps stay small.
    static constexpr std::uint32_t none = 0xffffffffU;
    static constexpr std::size_t fitting = 16384 / sizeof(Slot);
    static constexpr std::uint32_t chunk_size =
        std::bit_floor(static_cast<std::uint32_t>(std::clamp<std::size_t>(fitting, 8, 256)));

    struct Chunk {
        Slot slots[chunk_size];
    };
    struct Entry {
        std::unique_ptr<Chunk> chunk;
        std::uint32_t used = 0;
        std::uint32_t first_free = none;
        std::uint32_t next_open = none;  // list of the chunks with room, or of those without memory
        std::uint32_t prev_open = none;
        std::uint32_t generation = 0;  // where the generations of a new chunk begin
    };

    Slot* slot_at(std::uint32_t index) {
        const std::uint32_t chunk_index = index / chunk_size;
        if (chunk_index >= chunks_.size()) return nullptr;
        Chunk* chunk = chunks_[chunk_index].chunk.get();
        return chunk == nullptr ? nullptr : &chunk->slots[index % chunk_size];
    }

    void release(std::uint32_t index) {
        const std::uint32_t chunk_index = index / chunk_size;
        Entry& entry = chunks_[chunk_index];
        Slot& slot = entry.chunk->slots[index % chunk_size];
        slot.next_free = entry.first_free;
        ++slot.generation;
        entry.first_free = index % chunk_size;
        if (entry.used-- == chunk_size) open(chunk_index);
        --size_;
        if (entry.used == 0 && ++empty_chunks_ > 1) give_back(chunk_index);
    }

    void add_chunk() {
        const std::uint32_t chunk_index = take_bare();
        Entry& entry = chunks_[chunk_index];
        entry.chunk = std::make_unique<Chunk>();
        entry.used = 0;
        entry.first_free = 0;
        for (std::uint32_t s = 0; s < chunk_size; ++s) {
            entry.chunk->slots[s].next_free = s + 1 < chunk_size ? s + 1 : none;
            entry.chunk->slots[s].generation = entry.generation;
        }
        ++empty_chunks_;
        open(chunk_index);
    }

    /// A chunk that was given back, or a new one at the end.
    std::uint32_t take_bare() {
        if (first_bare_ == none) {
            chunks_.emplace_back();
            return static_cast<std::uint32_t>(chunks_.size() - 1);
        }
        const std::uint32_t chunk_index = first_bare_;
        first_bare_ = chunks_[chunk_index].next_open;
        return chunk_index;
    }

    void give_back(std::uint32_t chunk_index) {
        Entry& entry = chunks_[chunk_index];
        for (const Slot& slot : entry.chunk->slots) {
            // The next generation that no handle has seen: stale handles stay stale.
            if (slot.generation > entry.generation) entry.generation = slot.generation;
        }
        close(chunk_index);
        entry.chunk.reset();
        --empty_chunks_;
        entry.next_open = first_bare_;
        first_bare_ = chunk_index;
    }

    void open(std::uint32_t chunk_index) {
        Entry& entry = chunks_[chunk_index];
        entry.prev_open = none;
        entry.next_open = first_open_;
        if (first_open_ != none) chunks_[first_open_].prev_open = chunk_index;
        first_open_ = chunk_index;
    }

    void close(std::uint32_t chunk_index) {
        Entry& entry = chunks_[chunk_index];
        if (entry.prev_open != none) chunks_[entry.prev_open].next_open = entry.next_open;
        if (entry.next_open != none) chunks_[entry.next_open].prev_open = entry.prev_open;
        if (first_open_ == chunk_index) first_open_ = entry.next_open;
        entry.prev_open = entry.next_open = none;
    }

    std::vector<Entry> chunks_;
    std::uint32_t first_open_ = none;
    std::uint32_t first_bare_ = none;
    std::uint32_t size_ = 0;
    std::uint32_t empty_chunks_ = 0;
    std::uint32_t capacity_;
};

}  // namespace dt::base

namespace dt {
using base::Handle;
using base::SlotMap;
}  // namespace dt

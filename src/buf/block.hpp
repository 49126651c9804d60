// Refcounted blocks of octets and slices of them. One Pool per thread outlives the stacks that use
// it; counts are not atomic, between threads octets are copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "base/octets.hpp"

namespace dt::buf {

class Pool;

/// A run of octets shared by reference count. Made by Pool only.
struct Block {
    Pool* pool;
    Block* next_free;
    std::uint32_t references;
    std::uint32_t capacity;  // octets after this header
    std::uint8_t size_class;

    [[nodiscard]] std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }
    [[nodiscard]] const std::byte* data() const {
        return reinterpret_cast<const std::byte*>(this + 1);
    }
};

/// Owns one reference to a Block.
// NOLINTNEXTLINE(cppcoreguidelines-special-member-functions): one assignment takes both kinds.
class BlockRef {
  public:
    BlockRef() = default;
    explicit BlockRef(Block* adopted) : block_(adopted) {}
    BlockRef(const BlockRef& other) : block_(other.block_) {
        if (block_ != nullptr) ++block_->references;
    }
    BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    BlockRef& operator=(BlockRef other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~BlockRef() { release(); }

    [[nodiscard]] Block* get() const { return block_; }
    [[nodiscard]] bool is_unique() const { return block_ != nullptr && block_->references == 1; }
    explicit operator bool() const { return block_ != nullptr; }

  private:
    void release();

    Block* block_ = nullptr;
};

/// Part of a block that nobody writes any more. 16 bytes.
class Slice {
  public:
    Slice() = default;
    Slice(BlockRef block, std::uint32_t offset, std::uint32_t length)
        : block_(std::move(block)), offset_(offset), length_(length) {}

    [[nodiscard]] std::uint32_t size() const { return length_; }
    [[nodiscard]] bool empty() const { return length_ == 0; }
    [[nodiscard]] Octets octets() const {
        return block_ ? Octets{block_.get()->data() + offset_, length_} : Octets{};
    }
    /// `length` octets from `offset`; both inside this slice.
    [[nodiscard]] Slice part(std::uint32_t offset, std::uint32_t length) const {
        return {block_, offset_ + offset, length};
    }
    void drop_front(std::uint32_t count) {
        offset_ += count;
        length_ -= count;
    }
    void keep_front(std::uint32_t count) { length_ = count; }
    /// Takes in `count` octets behind it that its only writer has just filled.
    void grow(std::uint32_t count) { length_ += count; }
    /// Offset in the block of the first octet behind it.
    [[nodiscard]] std::uint32_t end() const { return offset_ + length_; }
    [[nodiscard]] const BlockRef& block() const { return block_; }
    /// `next` begins in the same block, right behind the last octet.
    [[nodiscard]] bool is_followed_by(const Slice& next) const {
        return block_.get() == next.block_.get() && end() == next.offset_;
    }

  private:
    BlockRef block_;
    std::uint32_t offset_ = 0;
    std::uint32_t length_ = 0;
};

/// A slice in a list; nodes come from the pool of the slice's block.
struct SliceNode {
    Slice slice;
    SliceNode* next = nullptr;
};

class Frame;
struct FrameDeleter {
    void operator()(Frame* frame) const noexcept;  // gives the frame back to its pool
};
using FramePtr = std::unique_ptr<Frame, FrameDeleter>;

template <class T>
class Pooled;

/// Hands out blocks of three sizes, frames and cells, and takes them back. Grows by slabs; after
/// warm-up nothing is allocated.
class Pool {
  public:
    static constexpr std::uint32_t small_block = 512;
    static constexpr std::uint32_t medium_block = 4096;
    /// Holds the largest IPv6 packet, 40 + 65,535 octets, and a link header (RFC 8200 §3).
    static constexpr std::uint32_t large_block = 65536 + 128;

    Pool();
    ~Pool();  // asserts that every block and frame came back
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// A block of at least `octets` (at most large_block); its octets are unspecified.
    [[nodiscard]] BlockRef block(std::size_t octets);
    /// An empty frame.
    [[nodiscard]] FramePtr frame();
    /// A slice with a copy of `octets` (at most large_block).
    [[nodiscard]] Slice copy(Octets octets);

    /// A list node that holds `slice`, given back by free_node().
    [[nodiscard]] SliceNode* node(Slice slice);
    static void free_node(SliceNode* node) noexcept;

    /// A T that is needed for a while: what many idle objects do without. As for blocks, running
    /// out of memory ends the program; owners bound how many there are.
    template <class T, class... Args>
    [[nodiscard]] Pooled<T> make(Args&&... args) {
        return Pooled<T>{::new (take_cell(cell_class<T>())) T{std::forward<Args>(args)...}};
    }

    [[nodiscard]] std::size_t blocks_in_use() const;
    [[nodiscard]] std::size_t frames_in_use() const;
    /// Octets of memory held, in use or free.
    [[nodiscard]] std::size_t bytes_reserved() const;

  private:
    friend class BlockRef;
    friend struct FrameDeleter;
    template <class T>
    friend class Pooled;
    struct State;

    /// In front of the object in a cell.
    struct alignas(16) Cell {
        Pool* pool;
        Cell* next_free;
    };
    static constexpr std::size_t small_cell = 64;  // octets of an object
    static constexpr std::size_t large_cell = 144;
    template <class T>
    static constexpr std::uint8_t cell_class() {
        static_assert(sizeof(T) <= large_cell && alignof(T) <= alignof(Cell));
        return sizeof(T) <= small_cell ? 0 : 1;
    }

    void grow(std::uint8_t size_class);
    void grow_frames();
    void grow_nodes();
    void grow_cells(std::uint8_t cell_class);
    [[nodiscard]] void* take_cell(std::uint8_t cell_class);
    static void free_cell(void* object, std::uint8_t cell_class) noexcept;
    void take_back(Block* block) noexcept;
    void take_back(Frame* frame) noexcept;

    std::unique_ptr<State> state_;
};

/// Owns a T in a cell of a pool, or nothing. One pointer wide.
template <class T>
class Pooled {
  public:
    Pooled() = default;
    Pooled(Pooled&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Pooled& operator=(Pooled&& other) noexcept {
        if (this == &other) return *this;
        reset();
        object_ = std::exchange(other.object_, nullptr);
        return *this;
    }
    Pooled(const Pooled&) = delete;
    Pooled& operator=(const Pooled&) = delete;
    ~Pooled() { reset(); }

    [[nodiscard]] explicit operator bool() const { return object_ != nullptr; }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_; }
    /// Destroys the object and gives its cell back.
    void reset() noexcept {
        if (object_ == nullptr) return;
        T* const gone = std::exchange(object_, nullptr);
        std::destroy_at(gone);
        Pool::free_cell(gone, Pool::cell_class<T>());
    }

  private:
    friend class Pool;
    explicit Pooled(T* object) : object_(object) {}

    T* object_ = nullptr;
};

}  // namespace dt::buf

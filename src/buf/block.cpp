// Pool: slabs of blocks in three sizes, of frames, list nodes and cells, with free lists.
#include "buf/block.hpp"

#include <array>
#include <cstring>
#include <new>
#include <vector>

#include "base/assert.hpp"
#include "buf/frame.hpp"

namespace dt::buf {

namespace {

constexpr std::size_t class_count = 3;
constexpr std::array<std::uint32_t, class_count> capacities{Pool::small_block, Pool::medium_block,
                                                            Pool::large_block};
constexpr std::size_t slab_octets = std::size_t{256} * 1024;
constexpr std::size_t frames_per_slab = 64;
constexpr std::size_t nodes_per_slab = 512;
constexpr std::size_t cells_per_slab = 64;
constexpr std::size_t cell_class_count = 2;

constexpr std::size_t blocks_per_slab(std::size_t size_class) {
    return slab_octets / (capacities[size_class] + sizeof(Block));
}

constexpr std::uint8_t class_for(std::size_t octets) {
    if (octets <= Pool::small_block) return 0;
    return octets <= Pool::medium_block ? 1 : 2;
}

struct OctetsDeleter {
    void operator()(std::byte* slab) const noexcept { ::operator delete(slab); }
};
using Slab = std::unique_ptr<std::byte, OctetsDeleter>;

}  // namespace

struct Pool::State {
    std::array<Block*, class_count> free_blocks{};
    std::vector<Slab> slabs;
    Frame* free_frames = nullptr;
    SliceNode* free_nodes = nullptr;
    std::array<Cell*, cell_class_count> free_cells{};
    std::size_t cells_in_use = 0;
    std::size_t blocks_in_use = 0;
    std::size_t frames_in_use = 0;
    std::size_t reserved = 0;
};

Pool::Pool() : state_(std::make_unique<State>()) {}

Pool::~Pool() {
    DT_ASSERT(state_->blocks_in_use == 0);
    DT_ASSERT(state_->frames_in_use == 0);
    DT_ASSERT(state_->cells_in_use == 0);
    for (Frame* frame = state_->free_frames; frame != nullptr;) {
        Frame* next = frame->next_free_;
        frame->~Frame();
        frame = next;
    }
}

void Pool::grow(std::uint8_t size_class) {
    const std::size_t stride = capacities[size_class] + sizeof(Block);
    const std::size_t count = blocks_per_slab(size_class);
    Slab slab{static_cast<std::byte*>(::operator new(stride* count))};
    for (std::size_t i = count; i-- > 0;) {
        auto* block = ::new (slab.get() + i * stride)
            Block{this, state_->free_blocks[size_class], 0, capacities[size_class], size_class};
        state_->free_blocks[size_class] = block;
    }
    state_->reserved += stride * count;
    state_->slabs.push_back(std::move(slab));
}

void Pool::grow_frames() {
    Slab slab{static_cast<std::byte*>(::operator new(sizeof(Frame) * frames_per_slab))};
    for (std::size_t i = frames_per_slab; i-- > 0;) {
        auto* frame = ::new (slab.get() + i * sizeof(Frame)) Frame(*this);
        frame->next_free_ = state_->free_frames;
        state_->free_frames = frame;
    }
    state_->reserved += sizeof(Frame) * frames_per_slab;
    state_->slabs.push_back(std::move(slab));
}

void Pool::grow_nodes() {
    Slab slab{static_cast<std::byte*>(::operator new(sizeof(SliceNode) * nodes_per_slab))};
    for (std::size_t i = nodes_per_slab; i-- > 0;) {
        state_->free_nodes =
            ::new (slab.get() + i * sizeof(SliceNode)) SliceNode{Slice{}, state_->free_nodes};
    }
    state_->reserved += sizeof(SliceNode) * nodes_per_slab;
    state_->slabs.push_back(std::move(slab));
}

void Pool::grow_cells(std::uint8_t cell_class) {
    const std::size_t stride = sizeof(Cell) + (cell_class == 0 ? small_cell : large_cell);
    Slab slab{static_cast<std::byte*>(::operator new(stride* cells_per_slab))};
    for (std::size_t i = cells_per_slab; i-- > 0;) {
        state_->free_cells[cell_class] =
            ::new (slab.get() + i * stride) Cell{this, state_->free_cells[cell_class]};
    }
    state_->reserved += stride * cells_per_slab;
    state_->slabs.push_back(std::move(slab));
}

BlockRef Pool::block(std::size_t octets) {
    DT_ASSERT(octets <= large_block);
    const std::uint8_t size_class = class_for(octets);
    if (state_->free_blocks[size_class] == nullptr) grow(size_class);
    Block* block = state_->free_blocks[size_class];
    state_->free_blocks[size_class] = block->next_free;
    block->next_free = nullptr;
    block->references = 1;
    ++state_->blocks_in_use;
    return BlockRef{block};
}

FramePtr Pool::frame() {
    if (state_->free_frames == nullptr) grow_frames();
    Frame* frame = state_->free_frames;
    state_->free_frames = frame->next_free_;
    frame->next_free_ = nullptr;
    ++state_->frames_in_use;
    return FramePtr{frame};
}

Slice Pool::copy(Octets octets) {
    BlockRef to = block(octets.size());
    if (!octets.empty()) std::memcpy(to.get()->data(), octets.data(), octets.size());
    return {std::move(to), 0, static_cast<std::uint32_t>(octets.size())};
}

SliceNode* Pool::node(Slice slice) {
    if (state_->free_nodes == nullptr) grow_nodes();
    SliceNode* node = state_->free_nodes;
    state_->free_nodes = std::exchange(node->next, nullptr);
    node->slice = std::move(slice);
    return node;
}

void Pool::free_node(SliceNode* node) noexcept {
    Pool& pool = *node->slice.block().get()->pool;
    node->slice = Slice{};
    node->next = std::exchange(pool.state_->free_nodes, node);
}

void* Pool::take_cell(std::uint8_t cell_class) {
    if (state_->free_cells[cell_class] == nullptr) grow_cells(cell_class);
    Cell* cell = state_->free_cells[cell_class];
    state_->free_cells[cell_class] = std::exchange(cell->next_free, nullptr);
    ++state_->cells_in_use;
    return cell + 1;
}

void Pool::free_cell(void* object, std::uint8_t cell_class) noexcept {
    Cell* cell = static_cast<Cell*>(object) - 1;
    State& state = *cell->pool->state_;
    cell->next_free = std::exchange(state.free_cells[cell_class], cell);
    --state.cells_in_use;
}

std::size_t Pool::blocks_in_use() const { return state_->blocks_in_use; }
std::size_t Pool::frames_in_use() const { return state_->frames_in_use; }
std::size_t Pool::bytes_reserved() const { return state_->reserved; }

void Pool::take_back(Block* block) noexcept {
    block->next_free = state_->free_blocks[block->size_class];
    state_->free_blocks[block->size_class] = block;
    --state_->blocks_in_use;
}

void Pool::take_back(Frame* frame) noexcept {
    frame->reset();
    frame->next_free_ = state_->free_frames;
    state_->free_frames = frame;
    --state_->frames_in_use;
}

void BlockRef::release() {
    if (block_ == nullptr) return;
    if (--block_->references == 0) block_->pool->take_back(block_);
    block_ = nullptr;
}

void FrameDeleter::operator()(Frame* frame) const noexcept { frame->pool_->take_back(frame); }

}  // namespace dt::buf

// Counts what a program has on the heap. Replaces the global operator new and delete, so one source
// of a program includes it, once.
#pragma once

#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace dt::bench {

/// Octets on the heap now, as the allocator rounds them, and allocations so far.
struct Heap {
    std::size_t octets = 0;
    std::size_t allocations = 0;
};

inline Heap& heap() {
    static Heap counted;
    return counted;
}

}  // namespace dt::bench

void* operator new(std::size_t size) {
    void* const memory = std::malloc(size);
    if (memory == nullptr) std::abort();
    dt::bench::heap().octets += malloc_usable_size(memory);
    ++dt::bench::heap().allocations;
    return memory;
}
void operator delete(void* memory) noexcept {
    if (memory == nullptr) return;
    dt::bench::heap().octets -= malloc_usable_size(memory);
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

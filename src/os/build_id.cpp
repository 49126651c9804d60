// The note NT_GNU_BUILD_ID of the first object that is loaded: the executable.
#include "os/build_id.hpp"

#include <elf.h>
#include <link.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace dt::os {

namespace {

constexpr std::size_t aligned(std::size_t octets) { return (octets + 3) / 4 * 4; }

std::string hexadecimal(std::span<const unsigned char> octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char octet : octets) {
        text += digits[octet >> 4U];
        text += digits[octet & 0xFU];
    }
    return text;
}

/// The build id among the notes of one segment; empty if it is not there.
std::string id_in(std::span<const unsigned char> notes) {
    while (notes.size() >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) head;
        std::memcpy(&head, notes.data(), sizeof head);
        const std::size_t text_at = sizeof head + aligned(head.n_namesz);
        const std::size_t size = text_at + aligned(head.n_descsz);
        if (size > notes.size()) return {};
        if (head.n_type == NT_GNU_BUILD_ID)
            return hexadecimal(notes.subspan(text_at, head.n_descsz));
        notes = notes.subspan(size);
    }
    return {};
}

int visit_first(dl_phdr_info* object, std::size_t, void* found) {
    for (const ElfW(Phdr) & segment : std::span{object->dlpi_phdr, object->dlpi_phnum}) {
        if (segment.p_type != PT_NOTE) continue;
        const ElfW(Addr) address = object->dlpi_addr + segment.p_vaddr;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
        const auto* start = reinterpret_cast<const unsigned char*>(address);
        std::string id = id_in({start, segment.p_memsz});
        if (!id.empty()) *static_cast<std::string*>(found) = std::move(id);
    }
    return 1;  // the executable comes first; the libraries do not matter
}

}  // namespace

std::string build_id() {
    std::string found;
    dl_iterate_phdr(visit_first, &found);
    return found;
}

}  // namespace dt::os

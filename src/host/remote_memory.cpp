// The memory of a program (process_vm_readv(2), process_vm_writev(2)).
#include "host/remote_memory.hpp"

#include <sys/uio.h>

namespace dt::host {
namespace {

void* remote_pointer(std::uint64_t address) {
    return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr): never followed
}

}  // namespace

bool RemoteMemory::read(std::uint64_t address, MutableOctets to) const {
    if (to.empty()) return true;
    const iovec here{to.data(), to.size()};
    const iovec there{remote_pointer(address), to.size()};
    return ::process_vm_readv(task_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(to.size());
}

bool RemoteMemory::write(std::uint64_t address, Octets from) const {
    if (from.empty()) return true;
    const iovec here{const_cast<std::byte*>(from.data()), from.size()};
    const iovec there{remote_pointer(address), from.size()};
    return ::process_vm_writev(task_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(from.size());
}

}  // namespace dt::host

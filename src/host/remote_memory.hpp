// The memory of a program: arguments are copied out once, answers are written back, both checked.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <type_traits>

#include "base/octets.hpp"

namespace dt::host {

class RemoteMemory {
  public:
    explicit RemoteMemory(pid_t task) : task_(task) {}

    /// All of `to` from `address`; false = EFAULT.
    [[nodiscard]] bool read(std::uint64_t address, MutableOctets to) const;
    [[nodiscard]] bool write(std::uint64_t address, Octets from) const;

    template <class T>
    requires std::is_trivially_copyable_v<T>
    [[nodiscard]] std::optional<T> get(std::uint64_t address) const {
        T value{};
        if (!read(address, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
        return value;
    }
    template <class T>
    requires std::is_trivially_copyable_v<T>
    [[nodiscard]] bool put(std::uint64_t address, const T& value) const {
        return write(address, std::as_bytes(std::span(&value, 1)));
    }

  private:
    pid_t task_;
};

}  // namespace dt::host

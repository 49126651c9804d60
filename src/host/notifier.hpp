// The listener of one seccomp filter: takes notifications and answers them (seccomp_unotify(2)).
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <optional>

#include "os/failure.hpp"
#include "os/fd.hpp"

namespace dt::host {

/// A descriptor that an answer puts into the program.
struct Gift {
    int fd = -1;  ///< ours; duplicated, not moved
    bool close_on_exec = false;
    std::optional<int> replaces;  ///< the program's descriptor that it takes the place of
};

class Notifier {
  public:
    Notifier() = default;
    explicit Notifier(os::UniqueFd listener) : listener_(std::move(listener)) {}

    [[nodiscard]] int fd() const { return listener_.get(); }

    /// The next call; nothing where it was cancelled meanwhile.
    [[nodiscard]] std::optional<seccomp_notif> receive();
    /// Whether the caller of `id` still waits.
    [[nodiscard]] bool is_waiting(std::uint64_t id) const;

    /// The three answers. False: the caller no longer waits (ENOENT).
    bool answer(std::uint64_t id, std::int64_t value);
    bool refuse(std::uint64_t id, int error_number);
    bool go_on(std::uint64_t id);
    /// Installs a descriptor and answers with its number, or neither. Errors: ENOENT where the
    /// caller no longer waits, EMFILE where it has no descriptor left.
    os::SysResult<int> give(std::uint64_t id, const Gift& gift);
    /// Puts a descriptor in the place of another; the call is still to be answered.
    os::SysResult<int> replace(std::uint64_t id, const Gift& gift);

  private:
    bool send(const seccomp_notif_resp& response);
    os::SysResult<int> add(std::uint64_t id, const Gift& gift, std::uint32_t flags);

    os::UniqueFd listener_;
};

}  // namespace dt::host

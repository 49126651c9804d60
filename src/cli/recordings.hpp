// Recordings on disk: the last runs under $XDG_STATE_HOME/dialtone, and one while it is written.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "link/pcapng.hpp"
#include "os/fd.hpp"

namespace dt::cli {

inline constexpr std::size_t runs_kept = 5;

/// `$XDG_STATE_HOME/dialtone`, else `~/.local/state/dialtone`; made if it is not there. Empty where
/// neither variable is set.
[[nodiscard]] std::string recordings_folder();
/// The newest recording; empty if there is none.
[[nodiscard]] std::string newest_recording(const std::string& folder);

/// Whether the run that writes the file goes on.
[[nodiscard]] bool is_being_written(const std::string& path);

/// A recording while it is written: only its user may read it, and a lock says that its run goes
/// on. The first failure to write is kept for the end.
class RecordingFile final : public link::OctetSink {
  public:
    /// The file at `path`, emptied. Errors (errno): of open(), EWOULDBLOCK where another run writes
    /// it.
    [[nodiscard]] static std::expected<RecordingFile, int> at(const std::string& path);
    /// The next `run-N.dtr` of a folder. Of those before it the newest runs_kept - 1 stay, and
    /// those whose run goes on. Errors (errno): of open().
    [[nodiscard]] static std::expected<RecordingFile, int> next_in(const std::string& folder);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool has_failed() const { return has_failed_; }
    void write(Octets octets) override;

  private:
    RecordingFile(std::string path, os::UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::string path_;
    os::UniqueFd fd_;
    bool has_failed_ = false;
};

}  // namespace dt::cli

// The kernel's own tunables as a script has just set them: /proc/sys/net of this network namespace
// becomes the stack's configuration.
#pragma once

#include <string>

#include "event/config.hpp"

namespace dt::packetdrill {

/// `base` with every tunable that the stack knows and the files below `root` (/proc/sys/net) tell.
/// What cannot be read or understood stays as it is in `base`.
[[nodiscard]] Config read_settings(const std::string& root, const Config& base);

/// Segments that Linux puts into one burst at least (tcp_min_tso_segs), as many as a packet holds.
[[nodiscard]] std::uint32_t least_burst(const std::string& root);

/// Whether large frames go to a device (ethtool: generic-segmentation-offload); yes where there is
/// no such device.
enum class Segments : std::uint8_t { no, yes };
[[nodiscard]] Segments device_segments(const std::string& device);

}  // namespace dt::packetdrill

// SO_BINDTODEVICE and SO_BINDTOIFINDEX: the one link that a socket sends by and hears (socket(7)).
#pragma once

#include "sock/options.hpp"

namespace dt::sock {

/// The name with its final 0, nothing where any link will do. Errors: invalid_argument below 16
/// octets of room, no_such_device where a zone named one that is not there.
[[nodiscard]] Answer<std::size_t> read_device(const OptionTarget& target, MutableOctets to);
/// An empty name is any link again. Errors: no_such_device; not_permitted for a stream that has
/// begun, whose link is the routes'.
[[nodiscard]] Answer<void> write_device(const OptionTarget& target, Octets from);
/// The number that programs know the link by (lo is 1), 0 for any.
[[nodiscard]] Answer<std::size_t> read_device_number(const OptionTarget& target, MutableOctets to);
/// As write_device(). Errors: invalid_argument too, for a number below 0 or too few octets.
[[nodiscard]] Answer<void> write_device_number(const OptionTarget& target, Octets from);

}  // namespace dt::sock

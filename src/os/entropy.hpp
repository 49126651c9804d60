// The only source of randomness that does not follow from a seed.
#pragma once

#include <cstdint>

namespace dt::os {

/// 64 bits from the kernel (getrandom), for the seed of a run that was given none.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace dt::os

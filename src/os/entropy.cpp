// The only source of randomness that does not follow from a seed.
#include "os/entropy.hpp"

#include <sys/random.h>

#include "base/assert.hpp"

namespace dt::os {

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    // Requests of up to 256 octets are never cut short nor interrupted once the pool is ready.
    DT_ASSERT(::getrandom(&seed, sizeof seed, 0) == sizeof seed);
    return seed;
}

}  // namespace dt::os

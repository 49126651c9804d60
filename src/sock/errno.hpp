// The errno table by the name of the layer whose calls answer with it; viewers use base/errno.hpp.
#pragma once

#include "base/errno.hpp"

namespace dt::sock {
using base::describe;
using base::errno_of;
using base::error_of;
using base::ErrnoRow;
}  // namespace dt::sock

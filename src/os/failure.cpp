// A system call that failed, in words.
#include "os/failure.hpp"

#include <cstring>

namespace dt::os {

std::string errno_name(int number) {
    const char* name = ::strerrorname_np(number);
    return name != nullptr ? std::string(name) : "errno " + std::to_string(number);
}

std::string Failure::text() const {
    const char* sentence = ::strerrordesc_np(number);
    return std::string(call) + ": " + (sentence != nullptr ? sentence : "unknown error") + " (" +
           errno_name(number) + ")";
}

}  // namespace dt::os

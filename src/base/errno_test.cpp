// The errno table against the numbers of Linux and the text of the C library.
#include "base/errno.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

namespace dt::base {
namespace {

TEST(Errno, NumbersAreThoseOfLinuxAPI_ERR_002) {
    EXPECT_EQ(errno_of(Error::address_in_use), 98);
    EXPECT_EQ(errno_of(Error::address_not_available), 99);
    EXPECT_EQ(errno_of(Error::connection_reset), 104);
    EXPECT_EQ(errno_of(Error::not_connected), 107);
    EXPECT_EQ(errno_of(Error::connection_refused), 111);
    EXPECT_EQ(errno_of(Error::in_progress), 115);
    EXPECT_EQ(errno_of(Error::would_block), 11);
}

TEST(Errno, TextIsThatOfTheCLibrary) {
    for (int i = 0; i <= static_cast<int>(Error::would_block); ++i) {
        const ErrnoRow& row = describe(static_cast<Error>(i));
        EXPECT_EQ(row.text, std::strerror(row.number)) << row.name;
    }
}

TEST(Errno, EveryNumberLeadsBackToItsError) {
    for (int i = static_cast<int>(Error::access_denied); i <= static_cast<int>(Error::would_block);
         ++i) {
        const auto error = static_cast<Error>(i);
        EXPECT_EQ(error_of(errno_of(error)), error) << describe(error).name;
    }
    EXPECT_EQ(error_of(EXDEV), std::nullopt);
    EXPECT_EQ(error_of(0), std::nullopt);
}

}  // namespace
}  // namespace dt::base

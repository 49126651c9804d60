// Words of a command line.
#include "cli/say.hpp"

#include <gtest/gtest.h>

namespace dt::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Words, SpacesPartQuotesKeepNothingIsExpanded) {
    EXPECT_EQ(*split_words("wrk -c 40  -d 5s"), (Words{"wrk", "-c", "40", "-d", "5s"}));
    EXPECT_EQ(*split_words("sh -c 'echo \"$HOME\" *'"), (Words{"sh", "-c", "echo \"$HOME\" *"}));
    EXPECT_EQ(*split_words(R"(a\ b "c \"d\"" '')"), (Words{"a b", "c \"d\"", ""}));
}

TEST(Words, AnOpenQuoteAndAnEmptyTextAreErrors) {
    EXPECT_FALSE(split_words("sh -c 'echo"));
    EXPECT_FALSE(split_words("   "));
}

}  // namespace
}  // namespace dt::cli

// The reason table reads as UX rules ask: lower case, no full stop, distinct names.
#include "event/reason.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

namespace dt::event {
namespace {

TEST(Reason, EveryRowIsAnEvidentSentence) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < reason_count; ++i) {
        const ReasonRow& row = describe(static_cast<Reason>(i));
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        ASSERT_FALSE(row.sentence.empty()) << row.name;
        EXPECT_FALSE(row.source.empty()) << row.name;
        EXPECT_NE(row.sentence.back(), '.') << row.name;
        const auto second = static_cast<unsigned char>(row.sentence[1]);
        EXPECT_TRUE(std::isupper(second) != 0 ||
                    std::isupper(static_cast<unsigned char>(row.sentence[0])) == 0)
            << row.name;
    }
}

TEST(Reason, NameIsTheEnumeratorWithDashes) {
    EXPECT_EQ(describe(Reason::accept_queue_full).name, "accept-queue-full");
    EXPECT_EQ(describe(Reason::time_wait_fin_again).source, "RFC 9293 §3.10.7.4");
}

}  // namespace
}  // namespace dt::event

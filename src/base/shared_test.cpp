// Tests of values that are shared until they are changed.
#include "base/shared.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dt::base {
namespace {

struct Setting {
    int level = 7;
    friend bool operator==(const Setting&, const Setting&) = default;
};
using Held = Shared<Setting>;

TEST(Shared, TheInitialValueTakesNoMemory) {
    const Held initial;
    const Held equal{Setting{}};
    EXPECT_EQ(initial->level, 7);
    EXPECT_TRUE(initial.is_one_with(equal));
}

TEST(Shared, CopiesAreOneUntilOneIsChanged) {
    Held first{Setting{1}};
    Held second = first;
    EXPECT_TRUE(first.is_one_with(second));
    second.change().level = 2;
    EXPECT_FALSE(first.is_one_with(second));
    EXPECT_EQ(first->level, 1);
    EXPECT_EQ(second->level, 2);
}

TEST(Shared, AValueThatNobodySharesIsChangedInPlace) {
    Held held{Setting{1}};
    const Setting* before = &*held;
    held.change().level = 3;
    EXPECT_EQ(&*held, before);
    EXPECT_EQ(held->level, 3);
}

TEST(Shared, ChangingTheInitialValueLeavesItToOthers) {
    Held changed;
    changed.change().level = 3;
    EXPECT_EQ(
        Held {} -> level, 7);
    EXPECT_EQ(changed->level, 3);
}

TEST(Shared, TheLastOwnerKeepsTheValueAlive) {
    std::vector<Held> owners(3, Held{Setting{5}});
    owners.pop_back();
    owners.erase(owners.begin());
    EXPECT_EQ(owners.front()->level, 5);
    owners.front() = Held{};
    EXPECT_EQ(owners.front()->level, 7);
}

}  // namespace
}  // namespace dt::base

// Tests of intrusive lists.
#include "base/intrusive_list.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace dt::base {
namespace {

struct Item {
    explicit Item(std::string given) : name(std::move(given)) {}
    std::string name;
    ListLink ready;
    ListLink age;
};

using ReadyList = IntrusiveList<Item, &Item::ready>;
using AgeList = IntrusiveList<Item, &Item::age>;

std::string names(ReadyList& list) {
    std::string all;
    for (const Item& item : list) all += item.name;
    return all;
}

TEST(IntrusiveList, KeepsTheOrderOfInsertion) {
    Item a("a");
    Item b("b");
    Item c("c");
    ReadyList list;
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.front(), nullptr);
    list.push_back(a);
    list.push_back(b);
    list.push_front(c);
    EXPECT_EQ(names(list), "cab");
    EXPECT_EQ(list.back(), &b);
    EXPECT_EQ(list.pop_front(), &c);
    list.move_to_back(a);
    EXPECT_EQ(names(list), "ba");
    EXPECT_FALSE(ReadyList::is_linked(c));
}

TEST(IntrusiveList, OneObjectMayBeInTwoListsByTwoLinks) {
    Item a("a");
    ReadyList ready;
    AgeList age;
    ready.push_back(a);
    age.push_back(a);
    ReadyList::remove(a);
    EXPECT_TRUE(ready.empty());
    EXPECT_EQ(age.front(), &a);
}

TEST(IntrusiveList, vuln_20_an_object_that_goes_away_leaves_its_list) {
    ReadyList list;
    Item a("a");
    {
        auto b = std::make_unique<Item>("b");
        list.push_back(*b);
        list.push_back(a);
    }
    EXPECT_EQ(names(list), "a");
}

TEST(IntrusiveList, AListThatGoesAwayLetsItsElementsGo) {
    Item a("a");
    {
        ReadyList list;
        list.push_back(a);
    }
    EXPECT_FALSE(ReadyList::is_linked(a));
    ReadyList other;
    other.push_back(a);
    EXPECT_EQ(other.front(), &a);
}

TEST(IntrusiveList, RemovingTwiceIsHarmless) {
    Item a("a");
    ReadyList list;
    list.push_back(a);
    ReadyList::remove(a);
    ReadyList::remove(a);
    EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(IntrusiveListDeath, LinkingTwiceIsOurOwnFault) {
    Item a("a");
    ReadyList list;
    list.push_back(a);
    EXPECT_DEATH(list.push_back(a), "");
    ReadyList::remove(a);
}

}  // namespace
}  // namespace dt::base

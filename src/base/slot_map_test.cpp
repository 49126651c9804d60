// Tests of SlotMap: stale handles, bounds, stable addresses, memory given back.
#include "base/slot_map.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.hpp"

namespace dt::base {
namespace {

struct Counted {
    explicit Counted(int& alive_count, int number) : alive(&alive_count), value(number) {
        ++*alive;
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*alive; }

    int* alive;
    int value;
};

TEST(SlotMap, FindsWhatWasInserted) {
    SlotMap<std::string> map(10);
    const auto a = map.insert("a");
    const auto b = map.insert(3, 'b');
    ASSERT_TRUE(a && b);
    EXPECT_EQ(*map.get(*a), "a");
    EXPECT_EQ(*map.get(*b), "bbb");
    EXPECT_EQ(map.size(), 2U);
    EXPECT_EQ(*map.get_index(b->index), "bbb");
    EXPECT_EQ(map.handle_of(b->index), *b);
}

TEST(SlotMap, AStaleHandleIsAnAnswer) {
    SlotMap<int> map(10);
    const auto old = *map.insert(1);
    EXPECT_TRUE(map.erase(old));
    EXPECT_FALSE(map.erase(old));
    const auto fresh = *map.insert(2);
    EXPECT_EQ(fresh.index, old.index);
    EXPECT_EQ(map.get(old), nullptr);
    EXPECT_EQ(*map.get(fresh), 2);
    EXPECT_EQ(map.get({}), nullptr);
    EXPECT_EQ(map.get({7777777, 1}), nullptr);
    EXPECT_EQ(map.get({fresh.index, fresh.generation + 1}), nullptr);
    EXPECT_EQ(map.get_index(fresh.index + 1), nullptr);
    EXPECT_TRUE(map.handle_of(fresh.index + 1).is_null());
}

TEST(SlotMap, RefusesMoreThanItsCapacity) {
    SlotMap<int> map(3);
    const auto first = map.insert(0);
    ASSERT_TRUE(map.insert(1) && map.insert(2));
    EXPECT_TRUE(map.is_full());
    EXPECT_FALSE(map.insert(3));
    map.erase(*first);
    EXPECT_TRUE(map.insert(3));
}

TEST(SlotMap, AHundredThousandObjectsNeverMove) {
    SlotMap<std::uint64_t> map(100000);
    std::vector<std::pair<Handle<std::uint64_t>, std::uint64_t*>> known;
    for (std::uint64_t i = 0; i < 100000; ++i) {
        const auto handle = *map.insert(i);
        known.emplace_back(handle, map.get(handle));
    }
    for (std::uint64_t i = 0; i < known.size(); ++i) {
        ASSERT_EQ(map.get(known[i].first), known[i].second);
        ASSERT_EQ(*known[i].second, i);
    }
}

TEST(SlotMap, GivesMemoryBackAndKeepsStaleHandlesStale) {
    SlotMap<std::uint64_t> map(100000);
    const std::size_t empty = map.memory();
    std::vector<Handle<std::uint64_t>> handles;
    for (std::uint64_t i = 0; i < 20000; ++i) handles.push_back(*map.insert(i));
    const std::size_t full = map.memory();
    for (const auto handle : handles) map.erase(handle);
    EXPECT_LT(map.memory() - empty, full / 5);
    for (std::uint64_t i = 0; i < 20000; ++i) ASSERT_TRUE(map.insert(i));
    EXPECT_EQ(map.memory(), full);
    for (const auto handle : handles) ASSERT_EQ(map.get(handle), nullptr);
}

TEST(SlotMap, DestroysEachObjectOnce) {
    int alive = 0;
    {
        SlotMap<Counted> map(1000);
        for (int i = 0; i < 600; ++i) ASSERT_TRUE(map.insert(alive, i));
        EXPECT_EQ(alive, 600);
        map.for_each([&map](Handle<Counted> handle, Counted& counted) {
            if (counted.value % 2 == 0) map.erase(handle);
        });
        EXPECT_EQ(alive, 300);
        const SlotMap<Counted> moved(std::move(map));
        EXPECT_EQ(moved.size(), 300U);
        EXPECT_EQ(alive, 300);
    }
    EXPECT_EQ(alive, 0);
}

TEST(SlotMap, VisitsInOrderOfIndex) {
    SlotMap<int> map(5000);
    std::vector<Handle<int>> handles;
    for (int i = 0; i < 3000; ++i) handles.push_back(*map.insert(i));
    Rng rng(1);
    for (int i = 0; i < 1000; ++i) map.erase(handles[rng.below(handles.size())]);
    std::int64_t last = -1;
    std::uint32_t seen = 0;
    map.for_each([&](Handle<int> handle, int) {
        EXPECT_GT(handle.index, last);
        last = handle.index;
        ++seen;
    });
    EXPECT_EQ(seen, map.size());
}

TEST(SlotMap, TheSameCallsGiveTheSameHandles) {
    const auto run = [] {
        SlotMap<std::uint64_t> map(2000);
        Rng rng(9);
        std::vector<Handle<std::uint64_t>> live;
        std::uint64_t trace = 0;
        for (int i = 0; i < 20000; ++i) {
            if (rng.chance(0.5 + (i / 5000 % 2 == 0 ? 0.1 : -0.1)) || live.empty()) {
                const auto handle = map.insert(i);
                if (!handle) continue;
                live.push_back(*handle);
                trace = trace * 31 + handle->word();
                continue;
            }
            const std::size_t at = rng.below(live.size());
            EXPECT_TRUE(map.erase(live[at]));
            live[at] = live.back();
            live.pop_back();
        }
        EXPECT_EQ(map.size(), live.size());
        return trace;
    };
    EXPECT_EQ(run(), run());
}

TEST(Handle, GoesThroughOneWord) {
    const Handle<int> handle{0x12345678, 0x9abcdef1};
    EXPECT_EQ(Handle<int>::from_word(handle.word()), handle);
    EXPECT_TRUE(Handle<int>{}.is_null());
}

}  // namespace
}  // namespace dt::base

// Tests of the runs of a send queue: the first few in place, the others on the heap.
#include "tcp/runs.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace dt::tcp {
namespace {

Run run(std::uint32_t first) { return Run{.first = Seq{first}, .length = 10}; }

std::vector<std::uint32_t> listed(const Runs& runs) {
    std::vector<std::uint32_t> firsts;
    for (const Run& one : runs) firsts.push_back(one.first.value());
    return firsts;
}

TEST(Runs, AFewNeedNoMemoryOfTheirOwn) {
    Runs runs;
    for (std::uint32_t i = 0; i < Runs::few; ++i) runs.push_back(run(i));
    EXPECT_EQ(runs.memory(), 0U);
    runs.push_back(run(Runs::few));
    EXPECT_GT(runs.memory(), 0U);
    EXPECT_EQ(listed(runs), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
}

TEST(Runs, AreInsertedWhereTheyBelongAlsoWhileTheyGrow) {
    Runs runs;
    for (const std::uint32_t first : {1U, 2U, 4U, 5U}) runs.push_back(run(first));
    runs.insert(2, run(3));
    runs.insert(0, run(0));
    EXPECT_EQ(listed(runs), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(runs.back().first, Seq{5});
}

TEST(Runs, OneOfThemMayBeInsertedAgainWhileTheyGrow) {
    Runs runs;
    for (const std::uint32_t first : {1U, 2U, 3U, 4U}) runs.push_back(run(first));
    runs.insert(1, runs[3]);
    EXPECT_EQ(listed(runs), (std::vector<std::uint32_t>{1, 4, 2, 3, 4}));
}

TEST(Runs, LeaveFromTheFront) {
    Runs runs;
    for (std::uint32_t i = 0; i < 100; ++i) runs.push_back(run(i));
    runs.erase_front(98);
    EXPECT_EQ(listed(runs), (std::vector<std::uint32_t>{98, 99}));
    runs.erase_front(2);
    EXPECT_EQ(runs.size(), 0U);
}

}  // namespace
}  // namespace dt::tcp

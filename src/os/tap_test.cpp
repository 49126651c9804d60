// ReadAhead: how many frames a wake reads from a TAP interface.
#include "os/tap.hpp"

#include <gtest/gtest.h>

namespace dt::os {
namespace {

struct Reads {
    int frames = 0;
    int nothing = 0;
    int wakes = 0;
};

/// `bursts` bursts of `size` frames, each read before the next comes; a wake where frames lie
/// there.
Reads read_bursts(ReadAhead& ahead, int bursts, int size, std::size_t octets = 60) {
    Reads reads;
    for (int i = 0; i < bursts; ++i) {
        for (int waiting = size; waiting > 0;) {
            ++reads.wakes;
            for (ahead.begin(); ahead.may_read();) {
                if (waiting == 0) {
                    ahead.on_nothing();
                    ++reads.nothing;
                } else {
                    ahead.on_frame(octets);
                    --waiting;
                    ++reads.frames;
                }
            }
        }
    }
    return reads;
}

TEST(ReadAhead, FramesThatComeOneByOneCostFewReadsThatFindNothing) {
    ReadAhead ahead;
    const Reads reads = read_bursts(ahead, 1000, 1);
    EXPECT_EQ(reads.frames, 1000);
    EXPECT_LE(reads.nothing, 200);
}

TEST(ReadAhead, ABurstIsReadWithFewWakesOnceBurstsAreUsual) {
    ReadAhead ahead;
    (void)read_bursts(ahead, 10, 40);
    const Reads reads = read_bursts(ahead, 100, 40);
    EXPECT_EQ(reads.frames, 4000);
    EXPECT_LE(reads.wakes, reads.frames / 6);
}

TEST(ReadAhead, FramesWithMuchTextAreReadUntilThereAreNoMore) {
    ReadAhead ahead;
    EXPECT_EQ(read_bursts(ahead, 1, 30, 65'000).wakes, 1);
}

TEST(ReadAhead, AFloodIsReadInBoundedParts) {
    ReadAhead ahead;
    (void)read_bursts(ahead, 1, 10'000);
    EXPECT_GE(read_bursts(ahead, 1, 6400).wakes, 100);
    EXPECT_GE(read_bursts(ahead, 1, 6400, 65'000).wakes, 100);
}

TEST(ReadAhead, OneWakeReadsAllThatLiesThereWhereATimerIsDue) {
    ReadAhead ahead;
    ahead.begin_all();
    int read = 0;
    for (; ahead.may_read() && read < 30; ++read) ahead.on_frame(60);
    EXPECT_EQ(read, 30);
    ahead.on_nothing();
    EXPECT_FALSE(ahead.may_read());
}

TEST(ReadAhead, NothingIsReadBeforeTheInterfaceWasToldToHaveFrames) {
    const ReadAhead ahead;
    EXPECT_FALSE(ahead.may_read());
}

}  // namespace
}  // namespace dt::os

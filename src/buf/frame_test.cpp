// Frames: headers to the front, slices behind, private copies.
#include "buf/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dt::buf {
namespace {

Octets octets(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string text_of(const Frame& frame) {
    std::string text(frame.size(), '?');
    frame.copy_to({reinterpret_cast<std::byte*>(text.data()), text.size()});
    return text;
}

void put(MutableOctets room, std::string_view text) {
    std::ranges::copy(octets(text), room.begin());
}

TEST(Frame, HeadersGrowTowardsTheFront) {
    Pool pool;
    FramePtr frame = pool.frame();
    put(frame->prepend(3), "tcp");
    put(frame->prepend(2), "ip");
    ASSERT_TRUE(frame->add(pool.copy(octets("text"))));
    EXPECT_EQ(text_of(*frame), "iptcptext");
    EXPECT_EQ(frame->front().size(), 5U);
}

TEST(Frame, AppendMakesRoomBehindAHeadThatWasFilledFromTheBack) {
    Pool pool;
    FramePtr frame = pool.frame();
    put(frame->prepend(4), "icmp");
    put(frame->append(4), "data");
    EXPECT_EQ(text_of(*frame), "icmpdata");
}

TEST(Frame, DropFrontReachesIntoTheSlices) {
    Pool pool;
    FramePtr frame = pool.frame();
    put(frame->prepend(2), "ab");
    ASSERT_TRUE(frame->add(pool.copy(octets("cd"))));
    ASSERT_TRUE(frame->add(pool.copy(octets("ef"))));
    frame->drop_front(5);
    EXPECT_EQ(text_of(*frame), "f");
    EXPECT_EQ(frame->slices().size(), 1U);
}

TEST(Frame, KeepFrontCutsLinkPadding) {
    Pool pool;
    FramePtr frame = pool.frame();
    ASSERT_TRUE(frame->add(pool.copy(octets("datagram\0\0\0"))));
    frame->keep_front(4);
    EXPECT_EQ(text_of(*frame), "data");
    frame->keep_front(0);
    EXPECT_EQ(frame->size(), 0U);
    EXPECT_EQ(pool.blocks_in_use(), 0U);
}

TEST(Frame, FlattenGivesOnePrivateSlice) {
    Pool pool;
    Slice shared = pool.copy(octets("text"));
    FramePtr frame = pool.frame();
    put(frame->prepend(2), "hd");
    ASSERT_TRUE(frame->add(shared));
    frame->flatten();
    EXPECT_EQ(text_of(*frame), "hdtext");
    EXPECT_TRUE(frame->head().empty());
    EXPECT_NE(frame->slices()[0].block().get(), shared.block().get());
}

TEST(Frame, PayloadGivesTheRestAsSlicesWithoutCopyingSlices) {
    Pool pool;
    Slice shared = pool.copy(octets("text"));
    FramePtr frame = pool.frame();
    put(frame->prepend(3), "hd+");
    ASSERT_TRUE(frame->add(shared));
    std::vector<Slice> taken;
    frame->payload(2, [&](Slice slice) { taken.push_back(std::move(slice)); });
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].size(), 1U);
    EXPECT_EQ(taken[1].octets().data(), shared.octets().data());
    taken.clear();
    frame->payload(5, [&](Slice slice) { taken.push_back(std::move(slice)); });
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].size(), 2U);
}

TEST(Frame, RefusesMoreSlicesThanItHolds) {
    Pool pool;
    FramePtr frame = pool.frame();
    for (std::size_t i = 0; i < Frame::slices_max; ++i) {
        ASSERT_TRUE(frame->add(pool.copy(octets("x"))));
    }
    EXPECT_FALSE(frame->add(pool.copy(octets("y"))));
    EXPECT_EQ(frame->size(), Frame::slices_max);
}

TEST(Pool, ReusesWhatCameBack) {
    Pool pool;
    { const BlockRef warm = pool.block(100); }
    { const FramePtr warm = pool.frame(); }
    const std::size_t reserved = pool.bytes_reserved();
    for (int i = 0; i < 1000; ++i) {
        const BlockRef block = pool.block(100);
        const FramePtr frame = pool.frame();
        ASSERT_EQ(pool.blocks_in_use(), 1U);
        ASSERT_EQ(pool.frames_in_use(), 1U);
    }
    EXPECT_EQ(pool.bytes_reserved(), reserved);
    EXPECT_EQ(pool.blocks_in_use(), 0U);
}

TEST(Pool, BlockLivesUntilItsLastSlice) {
    Pool pool;
    Slice kept;
    {
        const Slice whole = pool.copy(octets("abcdef"));
        kept = whole.part(2, 2);
    }
    EXPECT_EQ(pool.blocks_in_use(), 1U);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(kept.octets().data()), 2), "cd");
    kept = Slice{};
    EXPECT_EQ(pool.blocks_in_use(), 0U);
}

}  // namespace
}  // namespace dt::buf

// StreamQueue against a plain string as model, and what it pins.
#include "buf/stream_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace dt::buf {
namespace {

Octets octets(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string text_of(const StreamQueue& queue) {
    std::string text(queue.size(), '?');
    queue.peek(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
    return text;
}

TEST(StreamQueue, EmptyQueuePinsNothing) {
    Pool pool;
    StreamQueue queue;
    queue.write(pool, octets("some text"));
    EXPECT_GT(queue.bytes_pinned(), 0U);
    queue.consume(9);
    EXPECT_EQ(queue.bytes_pinned(), 0U);
    EXPECT_EQ(pool.blocks_in_use(), 0U);
    EXPECT_TRUE(queue.readable().empty());
}

TEST(StreamQueue, IsOnePointerWhileItIsEmpty) {
    static_assert(sizeof(StreamQueue) == sizeof(void*));
    Pool pool;
    std::vector<StreamQueue> queues(10'000);
    queues.front().write(pool, octets("some text"));
    queues.front().clear();
    const std::size_t before = pool.bytes_reserved();
    for (StreamQueue& queue : queues) {
        queue.write(pool, octets("some text"));
        queue.consume(9);
    }
    EXPECT_EQ(pool.bytes_reserved(), before);
}

TEST(StreamQueue, AMovedQueueIsEmpty) {
    Pool pool;
    StreamQueue from;
    StreamQueue to;
    from.write(pool, octets("text"));
    to.write(pool, octets("other"));
    to = std::move(from);
    EXPECT_EQ(text_of(to), "text");
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): what is tested
    EXPECT_EQ(pool.blocks_in_use(), 1U);
}

TEST(StreamQueue, SmallWritesShareABlock) {
    Pool pool;
    StreamQueue queue;
    for (int i = 0; i < 100; ++i) queue.write(pool, octets("x"));
    EXPECT_EQ(pool.blocks_in_use(), 1U);
    EXPECT_EQ(queue.readable().size(), 100U);
}

TEST(StreamQueue, AttachedSlicesOutliveTheQueue) {
    Pool pool;
    FramePtr frame = pool.frame();
    {
        StreamQueue queue;
        queue.write(pool, octets("hello from a queue"));
        EXPECT_EQ(queue.attach(*frame, 6, 4), 4U);
        queue.write(pool, octets("!"));
    }
    std::string text(frame->size(), '?');
    frame->copy_to({reinterpret_cast<std::byte*>(text.data()), text.size()});
    EXPECT_EQ(text, "from");
}

TEST(StreamQueue, PushedSliceIsNotWrittenBehind) {
    Pool pool;
    StreamQueue sender;
    StreamQueue receiver;
    sender.write(pool, octets(std::string(300, 'a')));
    FramePtr frame = pool.frame();
    ASSERT_EQ(sender.attach(*frame, 0, 300), 300U);
    frame->payload(0, [&](Slice slice) { receiver.push(pool, std::move(slice)); });
    receiver.write(pool, octets("receiver"));
    sender.write(pool, octets("sender"));
    EXPECT_EQ(text_of(receiver), std::string(300, 'a') + "receiver");
    EXPECT_EQ(text_of(sender), std::string(300, 'a') + "sender");
}

TEST(StreamQueue, ShortSliceOfALargeBlockIsCopied) {
    Pool pool;
    StreamQueue queue;
    {
        const Slice large = pool.copy(octets(std::string(60000, 'b')));
        queue.push(pool, large.part(10, 100));
    }
    EXPECT_EQ(pool.blocks_in_use(), 1U);
    EXPECT_LT(queue.bytes_pinned(), 1000U);
    EXPECT_EQ(text_of(queue), std::string(100, 'b'));
}

TEST(StreamQueue, TextOfASegmentIsNotCopied) {
    Pool pool;
    StreamQueue queue;
    const Slice large = pool.copy(octets(std::string(60000, 'b')));
    queue.push(pool, large.part(10, 1460));
    EXPECT_EQ(queue.readable().data(), large.octets().data() + 10);
    EXPECT_EQ(pool.blocks_in_use(), 1U);
}

TEST(StreamQueue, ASliceThatGoesOnInTheSameBlockMakesTheLastOneLonger) {
    Pool pool;
    StreamQueue queue;
    const Slice large = pool.copy(octets(std::string(2000, 'b') + std::string(2000, 'c')));
    queue.push(pool, large.part(0, 2000));
    queue.push(pool, large.part(2000, 5));  // short: alone it would be copied
    EXPECT_EQ(queue.readable().size(), 2005U);
    EXPECT_EQ(queue.size(), 2005U);
    queue.push(pool, large.part(2006, 1500));  // not the next octet
    EXPECT_EQ(queue.readable().size(), 2005U);
    EXPECT_EQ(text_of(queue), std::string(2000, 'b') + std::string(1505, 'c'));
}

TEST(StreamQueue, SpliceMovesAllSlicesWithoutACopy) {
    Pool pool;
    StreamQueue first;
    StreamQueue second;
    first.write(pool, octets("abc"));
    second.write(pool, octets("def"));
    const std::byte* const place = second.readable().data();
    first.splice(std::move(second));
    EXPECT_EQ(first.readable_at(3).data(), place);
    EXPECT_EQ(text_of(first), "abcdef");
    second.write(pool, octets("x"));
    EXPECT_EQ(text_of(second), "x");
    first.write(pool, octets("g"));
    EXPECT_EQ(text_of(first), "abcdefg");
    StreamQueue third;
    third.splice(std::move(first));
    EXPECT_EQ(text_of(third), "abcdefg");
    EXPECT_TRUE(first.empty());
}

TEST(StreamQueue, BehavesLikeAString) {
    Pool pool;
    std::mt19937 random{7};
    const auto below = [&](std::size_t bound) { return random() % bound; };
    StreamQueue queue;
    std::string model;
    for (int step = 0; step < 4000; ++step) {
        const std::string text(1 + below(below(2) == 0 ? 5 : 3000),
                               static_cast<char>('a' + below(26)));
        switch (below(4)) {
            case 0:
                queue.write(pool, octets(text));
                model += text;
                break;
            case 1:
                queue.push(pool, pool.copy(octets(text)));
                model += text;
                break;
            case 2: {
                const std::size_t count = below(std::min<std::size_t>(model.size(), 5000) + 1);
                queue.consume(count);
                model.erase(0, count);
                break;
            }
            default: {
                const std::size_t offset = below(model.size() + 1);
                std::string part(std::min<std::size_t>(100, model.size() - offset), '?');
                EXPECT_EQ(
                    queue.peek(offset, {reinterpret_cast<std::byte*>(part.data()), part.size()}),
                    part.size());
                ASSERT_EQ(part, model.substr(offset, part.size()));
            }
        }
        ASSERT_EQ(queue.size(), model.size());
    }
    EXPECT_EQ(text_of(queue), model);
    StreamQueue moved = std::move(queue);
    EXPECT_EQ(text_of(moved), model);
    moved.clear();
    EXPECT_EQ(pool.blocks_in_use(), 0U);
}

}  // namespace
}  // namespace dt::buf

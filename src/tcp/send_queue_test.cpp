// The send queue: runs, marks, ACKs that cut runs, SYN and FIN as numbers.
#include "tcp/send_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/rng.hpp"

namespace dt::tcp {
namespace {

class SendQueueTest : public testing::Test {
  protected:
    buf::Pool pool;
    SendQueue queue{Seq{100}};
    Instant now{10s};

    void write(std::size_t count) {
        while (count > 0) {
            const MutableOctets room = queue.writable(pool, count);
            std::fill(room.begin(), room.end(), std::byte{'w'});
            queue.commit(room.size());
            count -= room.size();
        }
    }
    void open() {
        queue.on_sent(pool, 1, now);
        (void)queue.on_ack(Seq{101});
    }
};

TEST_F(SendQueueTest, SynTakesOneNumber) {
    queue.on_sent(pool, 1, now);
    EXPECT_EQ(queue.nxt(), Seq{101});
    const Acked acked = queue.on_ack(Seq{101});
    EXPECT_EQ(acked.numbers, 1U);
    EXPECT_EQ(acked.text, 0U);
    EXPECT_EQ(acked.sent, now);
    EXPECT_EQ(queue.flight(), 0U);
}

TEST_F(SendQueueTest, FinTakesTheNumberBehindTheText) {
    open();
    write(10);
    queue.finish();
    EXPECT_EQ(queue.end(), Seq{112});
    queue.on_sent(pool, 11, now);
    EXPECT_FALSE(queue.has_unsent());
    EXPECT_EQ(queue.text_in(Seq{101}, 11), 10U);
    (void)queue.on_ack(Seq{111});
    EXPECT_FALSE(queue.is_fin_acked());
    EXPECT_EQ(queue.queued(), 0U);
    (void)queue.on_ack(Seq{112});
    EXPECT_TRUE(queue.is_fin_acked());
}

TEST_F(SendQueueTest, TCP_PMTU_002_fin_makes_no_segment_too_large) {
    open();
    write(960);
    queue.finish();
    queue.set_segment(1460);
    queue.on_sent(pool, 961, now);
    queue.mark_larger_lost(960);
    EXPECT_EQ(queue.lost(), 0U);
    queue.mark_larger_lost(959);
    EXPECT_EQ(queue.lost(), 961U);
}

TEST_F(SendQueueTest, TCP_PMTU_002_the_small_end_of_a_burst_is_not_too_large) {
    open();
    write(2 * 1460 + 100);
    queue.finish();
    queue.set_segment(1460);
    queue.on_sent(pool, 2 * 1460 + 101, now);
    queue.mark_larger_lost(960);
    EXPECT_EQ(queue.lost(), 2920U);
    EXPECT_EQ(queue.first_lost()->length, 2920U);
}

TEST_F(SendQueueTest, AckInsideARunKeepsTheRest) {
    open();
    write(3000);
    queue.on_sent(pool, 3000, now);
    const Acked acked = queue.on_ack(Seq{101 + 1200});
    EXPECT_EQ(acked.text, 1200U);
    EXPECT_EQ(queue.queued(), 1800U);
    queue.mark_all_lost();
    EXPECT_EQ(queue.lost(), 1800U);
    EXPECT_EQ(queue.first_lost()->first, Seq{1301});
}

TEST_F(SendQueueTest, LostRunsAreSentAgainInPieces) {
    open();
    write(3000);
    queue.on_sent(pool, 3000, now);
    queue.mark_all_lost();
    queue.on_resent(1000, now + 1s);
    EXPECT_EQ(queue.lost(), 2000U);
    EXPECT_EQ(queue.first_lost()->first, Seq{1101});
    EXPECT_EQ(queue.head_transmissions(), 2);
    const Acked acked = queue.on_ack(Seq{1101});
    EXPECT_TRUE(acked.retransmitted);
    queue.on_resent(2000, now + 1s);
    EXPECT_EQ(queue.first_lost(), nullptr);
}

TEST_F(SendQueueTest, AckOfLostTextTakesItsMark) {
    open();
    write(2000);
    queue.on_sent(pool, 2000, now);
    queue.mark_head_lost(1000);
    EXPECT_EQ(queue.lost(), 1000U);
    (void)queue.on_ack(Seq{101 + 1500});
    EXPECT_EQ(queue.lost(), 0U);
    EXPECT_EQ(queue.first_lost(), nullptr);
}

TEST_F(SendQueueTest, TCP_RTO_006_what_was_sent_once_keeps_its_time) {
    open();
    write(20);
    queue.on_sent(pool, 10, now);
    queue.on_sent(pool, 10, now + 5ms);
    const Acked first = queue.on_ack(Seq{111});
    EXPECT_EQ(first.sent, now);
    const Acked second = queue.on_ack(Seq{121});
    EXPECT_EQ(second.sent, now + 5ms);
    EXPECT_FALSE(second.retransmitted);
}

TEST_F(SendQueueTest, IdleQueueHoldsNoMemory) {
    open();
    write(100'000);
    for (int i = 0; i < 100; ++i) queue.on_sent(pool, 1000, now + std::chrono::milliseconds{i});
    EXPECT_GT(queue.memory(), 100'000U);
    (void)queue.on_ack(Seq{100'101});
    EXPECT_LE(queue.memory(), 4 * sizeof(tcp::Run));
    EXPECT_EQ(pool.blocks_in_use(), 0U);
}

TEST_F(SendQueueTest, MarksAndAcksInAnyOrderKeepTheirSums) {
    base::Rng rng(5);
    open();
    std::uint32_t acked = 0;
    std::uint32_t sent = 0;
    for (int step = 0; step < 20'000; ++step) {
        now += 1ms;
        const std::uint32_t flight = sent - acked;
        switch (rng.below(5)) {
            case 0:
            case 1: {
                if (flight > 100'000) break;
                const auto count = 1 + static_cast<std::uint32_t>(rng.below(3000));
                write(count);
                queue.on_sent(pool, count, now);
                sent += count;
                break;
            }
            case 2:
                if (flight == 0) break;
                acked += 1 + static_cast<std::uint32_t>(rng.below(flight));
                (void)queue.on_ack(Seq{101 + acked});
                break;
            case 3:
                if (rng.below(20) == 0)
                    queue.mark_all_lost();
                else
                    queue.mark_head_lost(1 + static_cast<std::uint32_t>(rng.below(1500)));
                break;
            default:
                if (const tcp::Run* run = queue.first_lost()) {
                    queue.on_resent(std::min<std::uint32_t>(run->length, 1460), now);
                }
        }
        ASSERT_EQ(queue.flight(), sent - acked);
        ASSERT_LE(queue.lost(), queue.flight());
        ASSERT_EQ(queue.lost() == 0, queue.first_lost() == nullptr);
        ASSERT_EQ(queue.queued(), sent - acked);
    }
}

}  // namespace
}  // namespace dt::tcp

// What a program says of the text it writes: MSG_MORE, MSG_EOR, TCP_NODELAY again, and
// TCP_NOTSENT_LOWAT (answers and segments as Linux).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using Sizes = std::vector<std::uint32_t>;

class SendFlags : public ::testing::Test {
  protected:
    /// Lengths of the segments with text that the client sent since clear().
    [[nodiscard]] Sizes sizes() const {
        Sizes found;
        for (const event::Event& event : pair.log.events) {
            const auto* sent = std::get_if<event::SegmentSent>(&event.body);
            if (sent != nullptr && event.host == 0 && sent->segment.length > 0) {
                found.push_back(sent->segment.length);
            }
        }
        return found;
    }
    [[nodiscard]] bool last_was_pushed() const {
        bool pushed = false;
        for (const event::Event& event : pair.log.events) {
            const auto* sent = std::get_if<event::SegmentSent>(&event.body);
            if (sent != nullptr && event.host == 0) pushed = (sent->segment.flags & 8) != 0;
        }
        return pushed;
    }
    std::size_t send(std::size_t count, tcp::WriteMark mark) {
        const std::vector<std::byte> text(count);
        return pair.calls(pair.a).send(talk.client.id(), text, mark).value_or(0);
    }
    void settle_and_forget() {
        pair.pass(1s);
        pair.log.events.clear();
    }

    static constexpr tcp::WriteMark more{.more = tcp::WriteMark::More::yes};
    static constexpr tcp::WriteMark record{.record = tcp::WriteMark::Record::ends};

    Pair pair;
    Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
};

TEST_F(SendFlags, TCP_9293_MAY_16_more_holds_a_part_of_a_segment_until_a_send_without_it) {
    settle_and_forget();
    EXPECT_EQ(send(40, more), 40U);
    pair.settle();
    EXPECT_EQ(sizes(), Sizes{});
    EXPECT_EQ(send(20, {}), 20U);
    pair.settle();
    EXPECT_EQ(sizes(), Sizes{60});
    EXPECT_TRUE(last_was_pushed());
}

TEST_F(SendFlags, TCP_9293_MAY_16_more_holds_for_one_retransmission_timeout_at_most) {
    settle_and_forget();
    EXPECT_EQ(send(40, more), 40U);
    pair.pass(150ms);
    EXPECT_EQ(sizes(), Sizes{});
    pair.pass(1s);
    EXPECT_EQ(sizes(), Sizes{40});
}

TEST_F(SendFlags, SettingNoDelayLetsGoWhatIsCorked) {
    settle_and_forget();
    EXPECT_EQ(talk.client.set(6, 3, 1), "OK");
    EXPECT_EQ(talk.client.send("abc"), "3");
    pair.settle();
    EXPECT_EQ(sizes(), Sizes{});
    EXPECT_EQ(talk.client.set(6, 1, 1), "OK");
    pair.settle();
    EXPECT_EQ(sizes(), Sizes{3});
}

TEST_F(SendFlags, ASegmentCarriesTextOfOneRecordOnly) {
    settle_and_forget();
    EXPECT_EQ(talk.client.set(6, 3, 1), "OK");
    EXPECT_EQ(send(400, record), 400U);
    EXPECT_EQ(send(300, record), 300U);
    EXPECT_EQ(send(200, {}), 200U);
    EXPECT_EQ(talk.client.set(6, 3, 0), "OK");
    pair.settle();
    pair.pass(1s);
    EXPECT_EQ(sizes(), (Sizes{400, 300, 200}));
}

TEST_F(SendFlags, WithoutRecordsTheSameTextIsOneSegment) {
    settle_and_forget();
    EXPECT_EQ(talk.client.set(6, 3, 1), "OK");
    EXPECT_EQ(send(400, {}), 400U);
    EXPECT_EQ(send(300, {}), 300U);
    EXPECT_EQ(talk.client.set(6, 3, 0), "OK");
    pair.settle();
    EXPECT_EQ(sizes(), Sizes{700});
}

TEST_F(SendFlags, NotsentLowatBoundsWhatWaitsBehindTheWindow) {
    settle_and_forget();
    EXPECT_EQ(talk.client.set(7, 25, 4000), "ENOPROTOOPT");
    EXPECT_EQ(talk.client.set(6, 25, 4000), "OK");
    EXPECT_EQ(talk.client.set(1, 7, 2'000'000), "OK");
    pair.cut();
    const std::size_t taken = send(1'000'000, {});
    EXPECT_GT(taken, 4000U);
    EXPECT_LT(taken, 200'000U);
    pair.settle();
    EXPECT_EQ(talk.client.poll(), "none");
    EXPECT_EQ(talk.client.send("x"), "EAGAIN");
}

}  // namespace
}  // namespace dt::stack::testing

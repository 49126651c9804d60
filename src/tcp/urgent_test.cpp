// Urgent octets (spec 4.8): pointers, the mark, what each way of reading gives; and hostile
// pointers.
#include "tcp/urgent.hpp"

#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

using Octet = Urgent::Octet;
using Take = Engine::Take;

constexpr Seq start{0xfffffff0};

TEST(UrgentPointer, TCP_URG_001_it_points_behind_the_octet) {
    Urgent urgent;
    EXPECT_FALSE(urgent.pointer(start));
    urgent.mark(start + 3);
    EXPECT_EQ(urgent.pointer(start), 3);
    EXPECT_EQ(urgent.pointer(start + 2), 1);
    EXPECT_FALSE(urgent.pointer(start + 3));
    EXPECT_TRUE(urgent.is_sending(start + 2));
    EXPECT_FALSE(urgent.is_sending(start + 3));
}

TEST(UrgentPointer, FarAheadItSaysAsFarAsItCan) {
    Urgent urgent;
    urgent.mark(start + 100'000);
    EXPECT_EQ(urgent.pointer(start), 65'535);
    EXPECT_EQ(urgent.pointer(start + 40'000), 60'000);
}

TEST(UrgentPointer, TCP_URG_010_what_was_read_or_taken_is_no_news) {
    Urgent urgent;
    EXPECT_FALSE(urgent.announce(start, start + 5, start + 1));      // read
    EXPECT_FALSE(urgent.announce(start + 3, start + 5, start + 1));  // in the stream
    EXPECT_TRUE(urgent.announce(start + 9, start + 5, start + 1));
    EXPECT_FALSE(urgent.announce(start + 9, start + 5, start + 1));  // the same again
    EXPECT_FALSE(urgent.announce(start + 7, start + 5, start + 1));  // older
    EXPECT_TRUE(urgent.announce(start + 10, start + 5, start + 1));
}

/// A connection whose peer is scripted.
class UrgentTest : public EngineTest {
  protected:
    ConnId id;
    Seq ours;
    Seq next = theirs;

    void open(const Options& options = {}) {
        listen(5, options);
        ours = establish() + 1;
        id = accept();
    }
    /// Text of the peer whose urgent pointer is `pointer`; 0: no URG.
    void arrive(std::string_view text, std::uint16_t pointer) {
        SegmentIn in;
        in.tuple = peer();
        in.header.seq = next;
        in.header.ack = ours;
        in.header.flags = TcpFlags{TcpFlag::ack};
        if (pointer != 0) in.header.flags |= TcpFlag::urg;
        in.header.urgent = pointer;
        in.header.window = 65'535;
        in.frame = pool.frame();
        if (!text.empty()) (void)in.frame->add(pool.copy(std::as_bytes(std::span(text))));
        in.text_length = static_cast<std::uint32_t>(text.size());
        next += in.text_length;
        engine().on_segment(host().turn(), std::move(in));
    }
    [[nodiscard]] Readiness ready() { return engine().readiness(id); }
    std::string recv() {
        std::string text(64, '\0');
        const auto to = std::as_writable_bytes(std::span(text));
        text.resize(engine().read(host().turn(), id, to).value_or(0));
        return text;
    }
    /// The octet, or the error's name.
    std::string recv_urgent(Take take = Take::away) {
        const auto value = engine().take_urgent(id, take);
        if (value) return *value ? std::string(1, static_cast<char>(**value)) : "the end";
        return value.error() == Error::would_block ? "EAGAIN" : "EINVAL";
    }
};

TEST_F(UrgentTest, TCP_URG_002_one_octet_is_out_of_line) {
    open();
    arrive("12345", 3);
    EXPECT_EQ(recv(), "12");
    EXPECT_EQ(recv_urgent(), "3");
    EXPECT_EQ(recv(), "45");
}

TEST_F(UrgentTest, TCP_URG_004_nothing_announced_and_read) {
    open();
    EXPECT_EQ(recv_urgent(), "EINVAL");
    arrive("", 5);
    EXPECT_EQ(recv_urgent(), "EAGAIN");
    arrive("1234X", 0);
    EXPECT_EQ(recv_urgent(Take::copy), "X");
    EXPECT_EQ(recv_urgent(), "X");
    EXPECT_EQ(recv_urgent(), "EINVAL");
}

TEST_F(UrgentTest, TCP_URG_004_what_is_announced_does_not_come_behind_the_end) {
    open();
    arrive("12", 5);
    EXPECT_EQ(recv_urgent(), "EAGAIN");
    (void)host().deliver(peer(), {.flags = TcpFlag::fin | TcpFlag::ack, .seq = next, .ack = ours});
    EXPECT_EQ(recv_urgent(), "the end");
    EXPECT_EQ(recv(), "12");
}

TEST_F(UrgentTest, TCP_URG_005_recv_stops_at_the_mark_and_skips_the_octet) {
    open();
    arrive("12X34", 3);
    EXPECT_FALSE(ready().is_at_mark);
    EXPECT_EQ(recv(), "12");
    EXPECT_TRUE(ready().is_at_mark);
    EXPECT_EQ(recv(), "34");
    EXPECT_FALSE(ready().is_at_mark);
    EXPECT_EQ(recv_urgent(), "EINVAL");  // passed unread
}

TEST_F(UrgentTest, TCP_URG_006_in_line_the_octet_stays_and_recv_stops_before_it) {
    Options options;
    options.urgent_in_line = true;
    open(options);
    arrive("12X34", 3);
    EXPECT_EQ(recv(), "12");
    EXPECT_EQ(recv_urgent(), "EINVAL");
    EXPECT_TRUE(ready().is_at_mark);
    EXPECT_EQ(recv(), "X34");
}

TEST_F(UrgentTest, TCP_URG_003_and_TCP_URG_007_it_is_shown_when_it_is_here) {
    open();
    arrive("", 10);
    EXPECT_FALSE(ready().has_urgent);
    arrive("123456789X", 0);
    EXPECT_TRUE(ready().has_urgent);
    EXPECT_EQ(recv_urgent(), "X");
    EXPECT_FALSE(ready().has_urgent);
}

TEST_F(UrgentTest, TCP_9293_MUST_66_a_pointer_counts_while_the_window_is_closed) {
    Options options;
    options.receive_buffer = 4096;
    open(options);
    const std::string full(500, 'f');
    std::uint64_t held = 0;
    for (int i = 0; i < 100; ++i) {
        arrive(full, 0);
        if (ready().unread == held) break;
        held = ready().unread;
    }
    ASSERT_LT(held, 100 * full.size());
    next = theirs + static_cast<std::uint32_t>(held);  // what did not fit is still to come
    EXPECT_EQ(recv_urgent(), "EINVAL");
    arrive("", 1);
    EXPECT_EQ(recv_urgent(), "EAGAIN");  // announced, and not here
    EXPECT_EQ(ready().unread, held);
    (void)host().deliver(peer(), {.flags = TcpFlag::rst, .seq = next});
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::none);
}

TEST_F(UrgentTest, TCP_URG_008_a_new_pointer_leaves_the_old_octet_in_the_stream) {
    open();
    arrive("1X", 2);
    arrive("2Y", 2);
    EXPECT_EQ(recv_urgent(), "Y");
    EXPECT_EQ(recv(), "1X2");
}

TEST_F(UrgentTest, TCP_URG_009_behind_the_fin_it_means_nothing) {
    open();
    (void)host().deliver(peer(), {.flags = TcpFlag::ack | TcpFlag::fin, .seq = next, .ack = ours});
    next += 1;
    arrive("", 7);
    EXPECT_FALSE(ready().has_urgent);
    EXPECT_EQ(recv_urgent(), "EINVAL");
}

TEST_F(UrgentTest, TCP_URG_001_and_TCP_9293_MUST_62_the_last_octet_of_a_write_is_marked) {
    open();
    host().write(id, "abX");
    engine().mark_written(host().turn(), id, {.urgent = WriteMark::Urgent::last});
    SegmentOut out = engine().next_segment(host().turn()).value();
    std::vector<std::byte> octets(out.frame->size());
    out.frame->copy_to(octets);
    const auto header = wire::TcpRepr::from(*wire::TcpView::parse(octets));
    EXPECT_EQ(header.flags, TcpFlag::psh | TcpFlag::ack | TcpFlag::urg);
    EXPECT_EQ(header.urgent, 3);
    EXPECT_EQ(out.summary.length, 3U);
}

// VULNERABILITIES class 6: every pointer with and without text, in order and not, read every way.
// What is read is never more than what came, and the stream goes on.
TEST_F(UrgentTest, vuln_06_TCP_URG_010_no_pointer_breaks_the_stream) {
    open();
    std::size_t came = 0;
    std::size_t read = 0;
    Rng rng(6);
    for (const std::uint16_t pointer :
         std::to_array<std::uint16_t>({0, 1, 2, 4, 5, 6, 32'768, 65'535})) {
        for (const std::string_view text : {"", "1", "12345"}) {
            for (int hole = 0; hole < 2; ++hole) {
                const Seq begin = next;
                if (hole == 1) next += 3;
                arrive(text, pointer == 0 ? std::uint16_t{1} : pointer);
                next = begin;
                arrive("abc", 0);
                arrive(text, pointer);
                came += 3 + text.size();
                if (rng.below(2) == 0) (void)engine().take_urgent(id, Take::away);
                if (rng.below(2) == 0) read += recv().size();
                (void)host().flush();
            }
        }
    }
    for (int i = 0; i < 100; ++i) read += recv().size();
    EXPECT_LE(read, came);
    EXPECT_GE(read + 96, came);  // an octet for each segment with URG at most
    EXPECT_EQ(host().count(event::State::established), 1U);
}

}  // namespace
}  // namespace dt::tcp

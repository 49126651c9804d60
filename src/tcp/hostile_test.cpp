// Segments of a peer that means harm: vulnerability classes 02, 06, 11 and 16, with bounds counted
// in segments and octets.
#include <array>
#include <string>

#include "base/rng.hpp"
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

class Hostile : public ConnectionTest {
  protected:
    /// The octets of the peer's stream at `at`, by number.
    static std::string stream(std::uint32_t at, std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text.push_back(static_cast<char>('a' + (at + i) * 7 % 26));
        return text;
    }
    void expect_stream(const std::string& text) const { EXPECT_EQ(text, stream(0, text.size())); }
};

// SegmentSmack: 100,000 segments of one octet with a gap behind each.
TEST_F(Hostile, vuln_02_tiny_gaps_hold_no_more_than_twice_the_buffer_and_one_ack_each) {
    establish();
    const std::uint32_t limit = window_limit(config.receive_buffer);
    constexpr std::uint32_t count = 100'000;
    std::size_t most = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t at = 1 + (i * 7919 % 30'000) * 2;
        deliver_text(theirs + at, stream(at, 1), ours);
        if (i % 1000 == 0) most = std::max(most, c->memory());
        ASSERT_LE(sent.size(), 1U);
        sent.clear();
        log.bodies.clear();
    }
    EXPECT_LE(most, 2 * std::size_t{limit} * 2);
    EXPECT_EQ(c->unread(), 0U);
    // The stream goes on, whatever was kept of them.
    for (std::uint32_t at = 0; at < 60'000; at += 1000)
        deliver_text(theirs + at, stream(at, 1000), ours);
    EXPECT_GE(c->unread(), 60'000U);
    expect_stream(read_all().substr(0, 60'000));
    EXPECT_LE(c->memory(), std::size_t{limit});
}

// URGENT/11: every pointer with every length, in order and out of order; text is only text.
TEST_F(Hostile, vuln_06_no_urgent_pointer_moves_or_loses_an_octet) {
    establish();
    std::uint32_t at = 0;
    for (const std::uint32_t length : {0U, 1U, 5U, 100U}) {
        for (const std::uint32_t pointer : {0U, 1U, length, length + 1, 0x7fffU, 0xffffU}) {
            for (const std::uint32_t ahead : {100U, 0U}) {
                PeerSegment p{.flags = TcpFlag::ack | TcpFlag::urg,
                              .seq = theirs + at + ahead,
                              .ack = ours,
                              .text = stream(at + ahead, length)};
                SegmentIn in = segment(p);
                in.header.urgent = static_cast<std::uint16_t>(pointer);
                note(c->on_segment(turn(), pool, std::move(in)));
                flush();
            }
            at += length;
            ASSERT_GE(c->unread(), at);
        }
    }
    expect_stream(read_all());
    EXPECT_EQ(c->state(), State::established);
}

TEST_F(Hostile, vuln_06_an_urgent_pointer_is_harmless_in_every_closing_state) {
    for (const bool peer_first : {false, true}) {
        establish();
        const auto urgent = [&](TcpFlags more, std::uint32_t seq) {
            SegmentIn in =
                segment({.flags = TcpFlag::ack | TcpFlag::urg | more, .seq = seq, .ack = ours});
            in.header.urgent = 0xffff;
            note(c->on_segment(turn(), pool, std::move(in)));
            flush();
        };
        if (peer_first) urgent(TcpFlag::fin, theirs);
        (void)shutdown_write();
        if (!peer_first) urgent(TcpFlag::fin, theirs);
        urgent({}, theirs + 1);
        EXPECT_EQ(c->state(), peer_first ? State::last_ack : State::closing);
        EXPECT_EQ(c->unread(), 0U);
    }
}

// Slipping in the window (CVE-2004-0230): each number of the window but the exact one, with RST,
// SYN and text; the answers are counted per connection, so they tell nothing of another one.
TEST_F(Hostile, vuln_11_blind_resets_and_syns_end_nothing_and_are_answered_twice_a_second) {
    establish();
    constexpr std::uint32_t count = 2000;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t seq = theirs + 1 + i * 29 % 60'000;
        deliver({.flags = TcpFlag::rst, .seq = seq});
        deliver({.flags = TcpFlag::rst | TcpFlag::ack, .seq = seq, .ack = ours});
        deliver({.flags = TcpFlag::syn, .seq = seq});
        deliver({.flags = TcpFlag::syn | TcpFlag::ack, .seq = seq, .ack = ours + 77});
        now += 1ms;
    }
    EXPECT_EQ(c->state(), State::established);
    EXPECT_LE(sent.size(), 2U * count / 1000U + 1);
    for (const Sent& s : sent) expect_ack(s, ours, theirs);
    EXPECT_TRUE(replies.empty());
}

TEST_F(Hostile, vuln_11_text_whose_ack_was_guessed_is_not_taken) {
    establish();
    write(1000);
    sent.clear();
    for (std::uint32_t i = 1; i <= 1000; ++i) {
        deliver_text(theirs, "evil", ours + 1000 + i * 1'000'000);  // never sent
        now += 1ms;
    }
    EXPECT_EQ(c->unread(), 0U);
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(c->unacked(), 1000U);
}

// Ptacek and Newsham: two copies of an octet that differ. Whatever the order of the pieces, an
// octet that was held is never replaced, and what was delivered stays.
TEST_F(Hostile, vuln_16_the_first_copy_of_an_octet_wins_in_every_order) {
    constexpr std::size_t size = 24;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        establish();
        base::Rng rng(seed);
        std::array<char, size> first{};
        for (int piece = 0; piece < 30; ++piece) {
            const std::size_t at = rng.below(size);
            const std::size_t length = 1 + rng.below(size - at);
            const char mark = static_cast<char>('A' + piece);
            for (std::size_t i = at; i < at + length; ++i)
                if (first.at(i) == '\0') first.at(i) = mark;
            deliver_text(theirs + static_cast<std::uint32_t>(at), std::string(length, mark), ours);
        }
        for (std::size_t i = 0; i < size; ++i)
            if (first.at(i) == '\0') first.at(i) = 'z';
        deliver_text(theirs, std::string(size, 'z'), ours);
        ASSERT_EQ(read_all(), std::string(first.begin(), first.end())) << "seed " << seed;
        log.bodies.clear();
        sent.clear();
    }
}

}  // namespace
}  // namespace dt::tcp

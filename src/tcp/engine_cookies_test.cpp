// SYN cookies in the engine: when they are sent, what they keep, and that a flood costs no memory.
#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

using event::Reason;
using event::State;

class CookieEngineTest : public EngineTest {
  protected:
    static constexpr std::uint32_t peer_clock = 5'000;

    void always() { config.syn_cookies = event::SynCookies::always; }
    static wire::TcpOptions options_of(std::uint16_t mss) {
        wire::TcpOptions options;
        options.mss = mss;
        options.sack_permitted = true;
        options.window_scale = 7;
        options.timestamps = {peer_clock, 0};
        return options;
    }
    std::vector<Left> syn_with(const wire::TcpOptions& options, std::uint16_t port = 40000) {
        return host().deliver(peer(port), {.flags = TcpFlag::syn, .seq = irs, .options = options});
    }
    std::vector<Left> ack_with(const Left& syn_ack, std::string_view text = {}) {
        Script script{.flags = TcpFlag::ack, .seq = theirs, .ack = syn_ack.header.seq + 1};
        script.text = text;
        if (syn_ack.header.options.timestamps) {
            script.options.timestamps = {peer_clock + 10, syn_ack.header.options.timestamps->value};
        }
        return host().deliver(syn_ack.tuple, script);
    }
    [[nodiscard]] event::PathView path() {
        for (const auto& view : host().sockets())
            if (view.path) return *view.path;
        return {};
    }
};

TEST_F(CookieEngineTest, TCP_SYNQ_008_a_full_syn_queue_answers_with_cookies_and_makes_no_entry) {
    listen(1);
    std::size_t answered = 0;
    for (std::uint16_t port = 1; port <= 40; ++port) answered += syn(port).size();
    EXPECT_EQ(answered, 40U);
    EXPECT_EQ(queues().syn_length, 2U);
    EXPECT_EQ(host().counters().syn_cookies_sent, 38U);
    EXPECT_EQ(host().counters().listen_drops, 0U);
}

TEST_F(CookieEngineTest, TCP_SYNQ_009_where_always_on_no_syn_makes_an_entry) {
    always();
    listen(10);
    for (std::uint16_t port = 1; port <= 40; ++port) {
        const auto left = syn(port);
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left[0].header.flags, TcpFlag::syn | TcpFlag::ack);
        EXPECT_EQ(left[0].reason, Reason::syn_cookie_sent);
    }
    EXPECT_EQ(host().count(State::syn_received), 0U);
}

TEST_F(CookieEngineTest, TCP_SYNQ_010_the_last_ack_alone_makes_the_connection) {
    always();
    listen(10);
    const auto left = syn();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_TRUE(last_ack(left[0].header.seq).empty());
    EXPECT_EQ(host().count(State::established), 1U);
    EXPECT_EQ(queues().accept_length, 1U);
    EXPECT_EQ(host().counters().syn_cookies_received, 1U);
    EXPECT_EQ(host().counters().syn_cookies_failed, 0U);
}

TEST_F(CookieEngineTest, TCP_SEG_023_text_in_the_ack_of_a_cookie_is_delivered) {
    always();
    listen(10);
    const auto left = syn_with(options_of(1460));
    ASSERT_EQ(left.size(), 1U);
    (void)ack_with(left[0], "hello");
    EXPECT_EQ(host().read_all(accept()), "hello");
}

TEST_F(CookieEngineTest, TCP_SYNQ_010_the_size_of_the_table_limits_what_is_sent) {
    always();
    listen(10);
    wire::TcpOptions options;
    options.mss = 1439;
    const auto left = syn_with(options);
    ASSERT_EQ(left.size(), 1U);
    (void)ack_with(left[0]);
    EXPECT_EQ(path().mss, 1300U);
}

TEST_F(CookieEngineTest, TCP_SYNQ_012_with_timestamps_the_options_work_behind_a_cookie) {
    always();
    listen(10);
    const auto left = syn_with(options_of(1460));
    ASSERT_EQ(left.size(), 1U);
    const wire::TcpOptions& answer = left[0].header.options;
    EXPECT_TRUE(answer.sack_permitted);
    EXPECT_TRUE(answer.window_scale);
    ASSERT_TRUE(answer.timestamps);
    EXPECT_EQ(answer.timestamps->echo, peer_clock);
    (void)ack_with(left[0]);
    const ConnId id = accept();
    // A window of 1000 units is 128000 octets by the scale of the SYN, and ours carry timestamps.
    Script update{.flags = TcpFlag::ack, .seq = theirs, .ack = left[0].header.seq + 1};
    update.window = 1000;
    update.options.timestamps = {peer_clock + 20, answer.timestamps->value};
    (void)host().deliver(peer(), update);
    host().write(id, "x");
    const auto text = host().flush();
    ASSERT_EQ(text.size(), 1U);
    EXPECT_TRUE(text[0].header.options.timestamps);
    EXPECT_EQ(host().engine.path_view(id).send_window, 128'000U);
}

TEST_F(CookieEngineTest, TCP_SYNQ_012_without_timestamps_the_syn_ack_offers_the_mss_alone) {
    always();
    listen(10);
    wire::TcpOptions options = options_of(1460);
    options.timestamps.reset();
    const auto left = syn_with(options);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_TRUE(left[0].header.options.mss);
    EXPECT_FALSE(left[0].header.options.sack_permitted);
    EXPECT_FALSE(left[0].header.options.window_scale);
    EXPECT_FALSE(left[0].header.options.timestamps);
}

TEST_F(CookieEngineTest, TCP_SYNQ_013_a_cookie_is_sent_once_for_each_syn) {
    always();
    listen(10);
    EXPECT_EQ(syn().size(), 1U);
    EXPECT_TRUE(host().run(60s).empty());
    EXPECT_EQ(syn().size(), 1U);
}

TEST_F(CookieEngineTest, TCP_SYNQ_014_without_a_cookie_sent_lately_no_ack_is_believed) {
    always();
    listen(10);
    const auto left = syn();
    ASSERT_EQ(left.size(), 1U);
    (void)host().run(121s);
    expect_reset(last_ack(left[0].header.seq), left[0].header.seq + 1);
    EXPECT_EQ(host().counters().syn_cookies_failed, 0U);
    EXPECT_EQ(host().last_drop(), Reason::ack_unacceptable);
}

TEST_F(CookieEngineTest, TCP_SYNQ_011_an_old_or_wrong_cookie_is_reset) {
    always();
    listen(10);
    const auto left = syn();
    ASSERT_EQ(left.size(), 1U);
    expect_reset(last_ack(left[0].header.seq + 100), left[0].header.seq + 101);
    EXPECT_EQ(host().last_drop(), Reason::syn_cookie_bad);
    (void)host().run(100s);
    (void)syn(2);
    (void)host().run(30s);
    expect_reset(last_ack(left[0].header.seq), left[0].header.seq + 1);
    EXPECT_EQ(host().counters().syn_cookies_failed, 2U);
}

TEST_F(CookieEngineTest, TCP_SYNQ_003_a_full_accept_queue_takes_no_cookie) {
    always();
    listen(0);
    const auto first = syn(1);
    const auto second = syn(2);
    ASSERT_EQ(second.size(), 1U);
    (void)last_ack(first[0].header.seq, 1);
    EXPECT_TRUE(last_ack(second[0].header.seq, 2).empty());
    EXPECT_EQ(host().last_drop(), Reason::accept_queue_full);
    EXPECT_TRUE(syn(3).empty());
    EXPECT_EQ(host().counters().listen_overflows, 2U);
}

// VULNERABILITIES class 13: a flood of SYNs costs no memory, and who completes is served.
TEST_F(CookieEngineTest, vuln_13_a_flood_answered_by_cookies_takes_no_memory) {
    listen(128);
    for (std::uint16_t port = 1; port <= 129; ++port) (void)syn(port);
    const auto before = engine().memory();
    FourTuple from = peer();
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        from.remote.addr = Ipv4{0x0b000000U + i};
        ASSERT_EQ(host().deliver(from, {.flags = TcpFlag::syn, .seq = irs}).size(), 1U);
        host().log.bodies.clear();
    }
    const auto after = engine().memory();
    EXPECT_EQ(after.half_open, before.half_open);
    EXPECT_EQ(after.index, before.index);
    EXPECT_EQ(pool.frames_in_use(), 0U);
    const auto honest = syn(50'000);
    ASSERT_EQ(honest.size(), 1U);
    (void)last_ack(honest[0].header.seq, 50'000);
    EXPECT_EQ(host().count(State::established), 1U);
}

}  // namespace
}  // namespace dt::tcp

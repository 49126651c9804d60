// Fast Open between two stacks (RFC 7413), as programs meet it.
#include <gtest/gtest.h>

#include <algorithm>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr std::uint16_t port = 80;

/// Where only these are lost, neighbours stay known.
bool is_ip(const Frame& frame) {
    constexpr std::uint16_t arp = 0x0806;
    return load_be<std::uint16_t>(frame.front(), 12) != arp;
}

Config with_fast_open() {
    Config config;
    config.fast_open =
        event::fast_open_client | event::fast_open_server | event::fast_open_every_listener;
    return config;
}

class FastOpen : public ::testing::Test {
  protected:
    [[nodiscard]] std::string send_opening(const Program& program, std::string_view text) {
        const auto count = pair.calls(pair.a).send_opening(
            program.id(), pair.b.at(port), std::as_bytes(std::span{text.data(), text.size()}));
        return count ? std::to_string(*count) : std::string(base::describe(count.error()).name);
    }
    /// A first connection that brings the cookie.
    void warm_up() {
        const Program first = Program::stream(pair, pair.a);
        ASSERT_EQ(send_opening(first, ""), "EINPROGRESS");
        pair.settle();
        ASSERT_TRUE(listener.accept());
        first.close();
        pair.settle();
    }
    void listen() {
        ASSERT_EQ(listener.bind(pair.b.at(port)), "OK");
        ASSERT_EQ(listener.listen(4), "OK");
    }
    /// Octets in SYNs that the client sent since the last clear().
    [[nodiscard]] std::vector<std::uint32_t> syn_texts() const {
        std::vector<std::uint32_t> texts;
        for (const event::Event& event : pair.log.events) {
            const auto* sent = std::get_if<event::SegmentSent>(&event.body);
            if (sent == nullptr || event.host != 0) continue;
            const bool is_syn = (sent->segment.flags & 2) != 0;
            if (is_syn) texts.push_back(sent->segment.length);
        }
        return texts;
    }

    Pair pair{with_fast_open()};
    Program listener = Program::stream(pair, pair.b);
};

TEST_F(FastOpen, TCP_TFO_003_text_of_a_syn_is_read_before_the_handshake_is_over) {
    listen();
    warm_up();
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.from_b.drops = [](const Frame&) { return true; };
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->receive(), "'hello'");
    EXPECT_EQ(server->send("hi"), "2");
    pair.from_b.drops = nullptr;
    pair.pass(3s);
    EXPECT_EQ(client.receive(), "'hi'");
}

TEST_F(FastOpen,
       TCP_TFO_004_with_a_cookie_of_another_key_only_the_syn_counts_and_the_text_follows) {
    listen();
    warm_up();
    Config other = with_fast_open();
    other.fast_open_keys[0] = {1, 2};
    other.fast_open_key_count = 1;
    pair.b.stack.reconfigure(other);
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->receive(), "'hello'");
    EXPECT_EQ(client.poll(), "OUT");
}

TEST_F(FastOpen, TCP_TFO_011_the_key_before_the_newest_still_counts) {
    Config keyed = with_fast_open();
    keyed.fast_open_keys[0] = {1, 2};
    keyed.fast_open_key_count = 1;
    pair.b.stack.reconfigure(keyed);
    listen();
    warm_up();
    keyed.fast_open_keys = {SipKey{3, 4}, SipKey{1, 2}};
    keyed.fast_open_key_count = 2;
    pair.b.stack.reconfigure(keyed);
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.from_b.drops = [](const Frame&) { return true; };
    pair.settle();
    EXPECT_TRUE(listener.accept());
}

TEST_F(FastOpen, TCP_TFO_005_what_may_wait_is_bounded_and_more_take_the_plain_handshake) {
    const std::int32_t one = 1;
    ASSERT_TRUE(
        pair.calls(pair.b).set_option(listener.id(), 6, 23, std::as_bytes(std::span{&one, 1})));
    listen();
    warm_up();
    pair.from_b.drops = [](const Frame&) { return true; };
    const Program first = Program::stream(pair, pair.a);
    const Program second = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(first, "a"), "1");
    EXPECT_EQ(send_opening(second, "b"), "1");
    pair.settle();
    EXPECT_TRUE(listener.accept());
    EXPECT_EQ(listener.accept_word(), "EAGAIN");
}

TEST_F(FastOpen, TCP_TFO_009_without_the_clients_half_the_call_is_not_supported) {
    Config off = with_fast_open();
    off.fast_open = 0;
    pair.a.stack.reconfigure(off);
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "x"), "EOPNOTSUPP");
    EXPECT_EQ(client.set(6, 30, 1), "EOPNOTSUPP");
}

TEST_F(FastOpen, TCP_TFO_010_with_the_default_configuration_only_the_syn_is_acknowledged) {
    listen();
    warm_up();
    pair.b.stack.reconfigure(Config{});
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.from_b.drops = [](const Frame&) { return true; };
    pair.settle();
    EXPECT_EQ(listener.accept_word(), "EAGAIN");
}

TEST_F(FastOpen, TCP_TFO_012_a_syn_that_is_sent_again_is_plain_and_the_text_follows_the_handshake) {
    listen();
    warm_up();
    pair.log.events.clear();
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.from_a.drops = [](const Frame&) { return true; };
    pair.settle();
    pair.from_a.drops = nullptr;
    pair.pass(2s);
    EXPECT_EQ(syn_texts(), (std::vector<std::uint32_t>{5, 0}));
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->receive(), "'hello'");
}

TEST_F(FastOpen, TCP_TFO_007_connect_waits_for_the_first_text_where_the_option_is_set) {
    listen();
    warm_up();
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.set(6, 30, 1), "OK");
    EXPECT_EQ(client.connect(pair.b.at(port)), "OK");
    EXPECT_EQ(client.poll(), "OUT");
    pair.log.events.clear();
    pair.settle();
    EXPECT_TRUE(syn_texts().empty());
    EXPECT_EQ(client.send("hello"), "5");
    pair.settle();
    EXPECT_EQ(syn_texts(), (std::vector<std::uint32_t>{5}));
    EXPECT_EQ(listener.accept()->receive(), "'hello'");
}

TEST_F(FastOpen, What_a_syn_brought_is_read_though_a_rst_came_behind_it) {
    listen();
    warm_up();
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.from_b.drops = [](const Frame&) { return true; };
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->poll(), "IN,OUT");
    pair.from_b.drops = nullptr;
    reset(client);
    pair.pass(5s);
    EXPECT_EQ(server->receive(), "'hello'");
    EXPECT_EQ(server->receive(), "ECONNRESET");
}

TEST_F(FastOpen, TCP_CONN_008_what_a_syn_opened_sends_its_syn_ack_as_any_listener_and_once_more) {
    listen();
    warm_up();
    const Program client = Program::stream(pair, pair.a);
    pair.log.events.clear();
    pair.from_b.drops = is_ip;
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.settle();
    pair.from_a.drops = is_ip;
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    pair.pass(130s);
    std::vector<Duration> sent_at;
    for (const event::Event& event : pair.log.events) {
        const auto* sent = std::get_if<event::SegmentSent>(&event.body);
        if (sent != nullptr && event.host == 1) sent_at.push_back(event.at - pair.log.events[0].at);
    }
    EXPECT_EQ(sent_at, (std::vector<Duration>{0s, 1s, 3s, 7s, 15s, 31s, 63s}));
    EXPECT_EQ(server->receive(), "'hello'");
    EXPECT_EQ(server->receive(), "ETIMEDOUT");
}

TEST_F(FastOpen, FSM_SR_CU_a_close_with_unread_text_before_the_last_ack_is_a_reset) {
    listen();
    warm_up();
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.from_b.drops = [](const Frame&) { return true; };
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    pair.from_b.drops = nullptr;
    pair.log.events.clear();
    EXPECT_EQ(server->close(sock::Unread::some), "OK");
    pair.settle();
    EXPECT_EQ(client.take_error(), "ECONNREFUSED");
    const auto moved = pair.log.all<event::Transition>();
    ASSERT_FALSE(moved.empty());
    EXPECT_EQ(moved[0].from, event::State::syn_received);
    EXPECT_EQ(moved[0].to, event::State::closed);
}

// A cookie proves an address once; who then resets what it opened must not open at no cost.
TEST_F(FastOpen, TCP_TFO_006_a_reset_before_the_last_ack_keeps_the_place_for_a_while) {
    const std::int32_t one = 1;
    ASSERT_TRUE(
        pair.calls(pair.b).set_option(listener.id(), 6, 23, std::as_bytes(std::span{&one, 1})));
    listen();
    warm_up();
    const Program client = Program::stream(pair, pair.a);
    pair.from_b.drops = is_ip;
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.settle();
    const auto opened = listener.accept();
    ASSERT_TRUE(opened);
    reset(client);
    pair.from_b.drops = nullptr;
    pair.pass(2s);  // the SYN-ACK that is sent again finds nobody
    EXPECT_EQ(opened->receive(), "'hello'");
    ASSERT_EQ(opened->receive(), "ECONNRESET");
    pair.from_b.drops = is_ip;
    const Program second = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(second, "again"), "5");
    pair.settle();
    EXPECT_FALSE(listener.accept());
    pair.pass(70s);
    const Program third = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(third, "later"), "5");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->receive(), "'later'");
}

TEST_F(FastOpen, A_program_may_close_before_the_last_ack_and_its_text_and_fin_arrive) {
    listen();
    warm_up();
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(send_opening(client, "hello"), "5");
    pair.from_b.drops = [](const Frame&) { return true; };
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->receive(), "'hello'");
    EXPECT_EQ(server->send("bye"), "3");
    EXPECT_EQ(server->close(), "OK");
    pair.from_b.drops = nullptr;
    pair.pass(5s);
    EXPECT_EQ(client.receive(), "'bye'");
    EXPECT_EQ(client.receive(), "0");
}

}  // namespace
}  // namespace dt::stack::testing

// Segments that meet no connection: CLOSED, LISTEN and SYN-RECEIVED (RFC 9293 §3.10.7.1, §3.10.7.2,
// §3.10.7.4; spec 3.1).
#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

using event::Reason;
using event::State;

class StrayTest : public EngineTest {};
class SynReceivedTest : public EngineTest {};

TEST_F(SynReceivedTest, TCP_OPT_004_the_window_of_a_syn_ack_is_a_number_of_the_segments_to_come) {
    listen(5);
    const auto plain = syn();
    ASSERT_EQ(plain.size(), 1U);
    EXPECT_EQ(plain[0].header.window, 64240);  // 44 segments of 1460
    wire::TcpOptions options;
    options.timestamps = wire::Timestamps{.value = 7, .echo = 0};
    const auto stamped =
        host().deliver(peer(40001), {.flags = TcpFlag::syn, .seq = irs, .options = options});
    ASSERT_EQ(stamped.size(), 1U);
    EXPECT_EQ(stamped[0].header.window, 65160);  // 45 of 1448
}

TEST_F(StrayTest, TCP_SEG_002_rst_to_a_closed_port_is_dropped) {
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::rst, .seq = irs}).empty());
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::rst | TcpFlag::ack, .seq = irs}).empty());
    EXPECT_EQ(host().last_drop(), Reason::rst_without_connection);
}

TEST_F(StrayTest, TCP_SEG_003_an_ack_to_a_closed_port_is_reset_at_its_ack) {
    expect_reset(host().deliver(peer(), {.flags = TcpFlag::ack, .seq = irs, .ack = Seq{777}}),
                 Seq{777});
    EXPECT_EQ(host().last_drop(), Reason::no_listener);
}

TEST_F(StrayTest, TCP_SEG_004_a_segment_without_ack_to_a_closed_port_is_reset_behind_it) {
    const auto sent = [&](TcpFlags flags, std::string_view text) {
        return host().deliver(peer(), {.flags = flags, .seq = irs, .text = text});
    };
    expect_reset_ack(sent(TcpFlag::syn, ""), irs + 1);
    expect_reset_ack(sent(TcpFlag::syn, "abc"), irs + 4);
    expect_reset_ack(sent(TcpFlag::fin, "abc"), irs + 4);
    expect_reset_ack(sent({}, ""), irs);
}

TEST_F(StrayTest, TCP_SEG_005_a_rst_without_a_connection_is_bare) {
    const auto left = syn();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].header.window, 0);
    EXPECT_EQ(left[0].header.size(), 20U);
    EXPECT_EQ(left[0].text, 0U);
    EXPECT_EQ(left[0].reason, Reason::no_listener);
}

TEST_F(StrayTest, TCP_SEG_006_listen_ignores_rst) {
    listen(5);
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::rst, .seq = irs}).empty());
    EXPECT_TRUE(host().sockets().size() == 1);
}

TEST_F(StrayTest, TCP_SEG_007_listen_resets_any_ack) {
    listen(5);
    expect_reset(host().deliver(peer(), {.flags = TcpFlag::ack, .seq = irs, .ack = Seq{777}}),
                 Seq{777});
    expect_reset(
        host().deliver(peer(), {.flags = TcpFlag::syn | TcpFlag::ack, .seq = irs, .ack = Seq{778}}),
        Seq{778});
    EXPECT_EQ(host().last_drop(), Reason::ack_unacceptable);
}

TEST_F(StrayTest, TCP_SEG_008_listen_answers_a_syn_with_syn_ack) {
    listen(5);
    const auto left = syn();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].header.flags, TcpFlag::syn | TcpFlag::ack);
    EXPECT_EQ(left[0].header.ack, irs + 1);
    EXPECT_EQ(left[0].header.options.mss, 1460);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::half_open);
}

TEST_F(StrayTest, TCP_SEG_009_listen_drops_what_has_neither_syn_nor_ack_nor_rst) {
    listen(5);
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::fin, .seq = irs}).empty());
    EXPECT_TRUE(host().deliver(peer(), {.flags = {}, .seq = irs}).empty());
    EXPECT_EQ(host().last_drop(), Reason::no_ack_flag);
}

TEST_F(StrayTest, TCP_SEG_010_listen_drops_syn_with_fin_and_syn_with_rst) {
    listen(5);
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::syn | TcpFlag::fin, .seq = irs}).empty());
    EXPECT_EQ(host().last_drop(), Reason::syn_with_fin_or_rst);
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::syn | TcpFlag::rst, .seq = irs}).empty());
    EXPECT_EQ(host().last_drop(), Reason::syn_with_fin_or_rst);
}

TEST_F(StrayTest, TCP_SEG_011_text_in_a_syn_is_not_acknowledged) {
    listen(5);
    const auto left = host().deliver(peer(), {.flags = TcpFlag::syn, .seq = irs, .text = "hello"});
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].header.ack, irs + 1);
}

TEST_F(StrayTest, TCP_9293_MUST_57_63_a_syn_to_many_or_from_nobody_is_ignored) {
    listen(5);
    FourTuple tuple = peer();
    tuple.local.addr = IpAddr::broadcast();
    EXPECT_TRUE(host().deliver(tuple, {.flags = TcpFlag::syn, .seq = irs}).empty());
    EXPECT_EQ(host().last_drop(), Reason::invalid_destination);
    tuple = peer();
    for (const Ipv4 source : {Ipv4{224, 0, 0, 5}, Ipv4{255, 255, 255, 255}, Ipv4{0, 0, 0, 1}}) {
        tuple.remote.addr = source;
        EXPECT_TRUE(host().deliver(tuple, {.flags = TcpFlag::syn, .seq = irs}).empty());
        EXPECT_EQ(host().last_drop(), Reason::invalid_source);
    }
}

TEST_F(StrayTest, vuln_13_land_a_syn_from_its_own_destination_is_dropped) {
    listen(5);
    EXPECT_TRUE(host().deliver({local, local}, {.flags = TcpFlag::syn, .seq = irs}).empty());
    EXPECT_EQ(host().last_drop(), Reason::source_is_destination);
}

TEST_F(SynReceivedTest, TCP_SEG_018_syn_received_resets_a_wrong_ack_and_keeps_the_entry) {
    listen(5);
    const Seq iss = half_open();
    expect_reset(host().deliver(peer(), {.flags = TcpFlag::ack, .seq = theirs, .ack = iss + 5}),
                 iss + 5);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::half_open);
    EXPECT_TRUE(last_ack(iss).empty());
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::connection);
}

TEST_F(SynReceivedTest, TCP_SEG_019_the_same_syn_again_gets_the_same_syn_ack) {
    listen(5);
    const Seq iss = half_open();
    (void)host().run(300ms);
    EXPECT_EQ(half_open(), iss);
    EXPECT_EQ(queues().syn_length, 1U);
    EXPECT_EQ(host().last_drop(), Reason::duplicate_syn);
}

TEST_F(SynReceivedTest, TCP_SEG_020_another_syn_is_refused_and_the_entry_dropped) {
    listen(5);
    (void)half_open();
    expect_reset_ack(host().deliver(peer(), {.flags = TcpFlag::syn, .seq = irs + 4900}),
                     irs + 4901);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::none);
    EXPECT_EQ(queues().syn_length, 0U);
}

TEST_F(SynReceivedTest, TCP_SEG_021_an_exact_rst_removes_the_entry_silently) {
    listen(5);
    const Seq iss = half_open();
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::rst, .seq = theirs}).empty());
    EXPECT_EQ(host().log.all<event::Transition>().back().reason, Reason::reset_by_peer);
    expect_reset(last_ack(iss), iss + 1);
}

TEST_F(SynReceivedTest, TCP_SEG_022_an_inexact_rst_is_challenged_once_in_half_a_second) {
    listen(5);
    const Seq iss = half_open();
    const Script rst{.flags = TcpFlag::rst, .seq = theirs + 399};
    expect_ack(host().deliver(peer(), rst), iss + 1, theirs);
    EXPECT_TRUE(host().deliver(peer(), rst).empty());
    EXPECT_EQ(host().last_drop(), Reason::challenge_limited);
    EXPECT_TRUE(last_ack(iss).empty());
    EXPECT_EQ(engine().accept_queue_length(listener), 1U);
}

TEST_F(SynReceivedTest, TCP_SEG_023_data_in_the_last_ack_is_delivered) {
    listen(5);
    const Seq iss = half_open();
    (void)host().deliver(
        peer(),
        {.flags = TcpFlag::ack | TcpFlag::psh, .seq = theirs, .ack = iss + 1, .text = "data"});
    EXPECT_EQ(host().read_all(accept()), "data");
}

TEST_F(SynReceivedTest, TCP_SEG_024_fin_in_the_last_ack_goes_to_close_wait) {
    listen(5);
    const Seq iss = half_open();
    expect_ack(host().deliver(
                   peer(), {.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = iss + 1}),
               iss + 1, theirs + 1);
    const ConnId id = accept();
    EXPECT_EQ(engine().readiness(id).state, State::close_wait);
    EXPECT_TRUE(engine().readiness(id).peer_finished);
}

TEST_F(SynReceivedTest, TCP_CONN_003_a_syn_ack_answers_only_the_options_offered) {
    listen(5);
    auto left = syn(1);
    EXPECT_FALSE(left.at(0).header.options.timestamps);
    EXPECT_FALSE(left.at(0).header.options.window_scale);
    Script with{.flags = TcpFlag::syn, .seq = irs};
    with.options.mss = 1400;
    with.options.timestamps = {4711, 0};
    with.options.window_scale = 7;
    left = host().deliver(peer(2), with);
    ASSERT_TRUE(left.at(0).header.options.timestamps);
    EXPECT_EQ(left.at(0).header.options.timestamps->echo, 4711U);
    EXPECT_TRUE(left.at(0).header.options.window_scale);
}

TEST_F(SynReceivedTest, TCP_ICMP_012_an_unreachable_about_our_syn_ack_drops_the_entry) {
    listen(5);
    const Seq iss = half_open();
    engine().on_icmp(host().turn(), peer(), iss + 1, IcmpError::host_unreachable, 0);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::half_open);
    engine().on_icmp(host().turn(), peer(), iss, IcmpError::host_unreachable, 0);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::none);
    EXPECT_EQ(host().log.all<event::Transition>().back().reason, Reason::icmp_said_unreachable);
}

TEST_F(StrayTest, TCP_SEC_026_resets_for_closed_ports_are_limited_where_so_configured) {
    config.resets_per_s = 100;
    std::size_t resets = 0;
    for (std::uint16_t port = 1; port <= 1000; ++port) resets += syn(port).size();
    EXPECT_EQ(resets, 100U);
    EXPECT_EQ(host().last_drop(), Reason::reset_limited);
    host().now += 1s;
    EXPECT_EQ(syn(2000).size(), 1U);
}

TEST_F(StrayTest, TCP_SEC_026_they_are_not_limited_by_default) {
    std::size_t resets = 0;
    for (std::uint16_t port = 1; port <= 1000; ++port) resets += syn(port).size();
    EXPECT_EQ(resets, 1000U);
}

}  // namespace
}  // namespace dt::tcp

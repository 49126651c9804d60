// Socket options: numbers, defaults, bounds and refusals (spec 6.8).
#include <gtest/gtest.h>

#include "sock/tcp_info.hpp"
#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int sol = 1;
constexpr int ip = 0;
constexpr int tcp = 6;

class Options : public ::testing::Test {
  protected:
    Pair pair;
    Program stream = Program::stream(pair, pair.a);
    Program datagram = Program::datagram(pair, pair.a);

    /// Sets an int, answers what is read back, or the refusal.
    std::string round_trip(int level, int name, std::int32_t value) const {
        const std::string set = stream.set(level, name, value);
        return set == "OK" ? stream.get(level, name) : set;
    }
};

TEST_F(Options, UnknownName_API_OPT_001_API_ERR_024) {
    for (const int level : {ip, sol, tcp}) {
        EXPECT_EQ(stream.get(level, 999), "ENOPROTOOPT");
        EXPECT_EQ(stream.set(level, 999, 1), "ENOPROTOOPT");
    }
}

TEST_F(Options, UnknownLevel_API_OPT_002_API_ERR_027) {
    EXPECT_EQ(stream.get(200, 1), "EOPNOTSUPP");
    EXPECT_EQ(stream.set(200, 1, 1), "ENOPROTOOPT");
    EXPECT_EQ(stream.get(41, 26), "EOPNOTSUPP");
}

TEST_F(Options, TooShort_API_OPT_003) {
    EXPECT_EQ(stream.set_text(sol, 2, "a"), "EINVAL");
    EXPECT_EQ(stream.set_text(tcp, 1, "a"), "EINVAL");
    EXPECT_EQ(stream.set_text(sol, 13, "abcd"), "EINVAL");
    EXPECT_EQ(stream.set_text(sol, 20, "abcd"), "EINVAL");
    EXPECT_EQ(stream.set_text(ip, 1, "\x08"), "OK");  // IP takes one octet
    EXPECT_EQ(stream.get(ip, 1), "8");
}

TEST_F(Options, TcpOptionOnADatagramSocket_API_OPT_004) {
    EXPECT_EQ(datagram.get(tcp, 1), "EOPNOTSUPP");
    EXPECT_EQ(datagram.set(tcp, 1, 1), "ENOPROTOOPT");
}

TEST_F(Options, ReadOnly_API_OPT_005) {
    for (const int name : {3, 4, 19, 30, 38, 39}) {
        EXPECT_EQ(stream.set(sol, name, 1), "ENOPROTOOPT") << name;
    }
}

TEST_F(Options, BuffersAreDoubledAndBounded_API_OPT_006) {
    EXPECT_EQ(round_trip(sol, 8, 1), "2304");
    EXPECT_EQ(round_trip(sol, 7, 1), "4608");
    EXPECT_EQ(round_trip(sol, 8, 50'000), "100000");
    EXPECT_EQ(round_trip(sol, 7, 50'000), "100000");
    EXPECT_EQ(round_trip(sol, 8, 1 << 30), "8388608");
    EXPECT_EQ(round_trip(sol, 7, 1 << 30), "8388608");
}

TEST_F(Options, BufferDefaults_API_OPT_007) {
    EXPECT_EQ(stream.get(sol, 8), "131072");
    EXPECT_EQ(stream.get(sol, 7), "16384");
    EXPECT_EQ(stream.get(sol, 18), "1");
    EXPECT_EQ(stream.get(sol, 19), "1");
    EXPECT_EQ(datagram.get(sol, 8), "212992");
}

TEST_F(Options, TCP_WIN_019_the_send_buffer_grows_with_the_window_unless_it_was_set) {
    constexpr int so_sndbuf = 7;
    Pair both;
    const Conversation talk = converse(both, both.a, both.b, both.b.at(80));
    const std::size_t first = count_of(talk.client.get(sol, so_sndbuf));
    EXPECT_GE(first, 2U * 10 * 1448);
    std::size_t left = 3'000'000;
    for (int i = 0; i < 1000 && left > 0; ++i) {
        const std::size_t sent = count_of(talk.client.send(std::string(left, 'x')));
        left -= sent;
        both.pass(1ms);
        while (talk.server.poll().starts_with("IN")) (void)talk.server.receive();
    }
    ASSERT_EQ(left, 0U);
    const std::size_t grown = count_of(talk.client.get(sol, so_sndbuf));
    EXPECT_GT(grown, 4 * first);
    EXPECT_LE(grown, Config{}.send_buffer_max);
    EXPECT_EQ(talk.server.set(sol, so_sndbuf, 50'000), "OK");
    EXPECT_EQ(talk.server.get(sol, so_sndbuf), "100000");
}

TEST_F(Options, PrivilegedOnes_API_OPT_008_API_ERR_028) {
    EXPECT_EQ(stream.set(sol, 33, 4096), "EPERM");
    EXPECT_EQ(stream.set(sol, 36, 1), "EPERM");
    EXPECT_EQ(stream.get(sol, 36), "0");
}

TEST_F(Options, SegmentSize_API_OPT_009) {
    EXPECT_EQ(stream.get(tcp, 2), "536");
    EXPECT_EQ(stream.set(tcp, 2, 20), "EINVAL");
    EXPECT_EQ(stream.set(tcp, 2, 87), "EINVAL");
    EXPECT_EQ(stream.set(tcp, 2, 40'000), "EINVAL");
    EXPECT_EQ(round_trip(tcp, 2, 88), "88");
}

TEST_F(Options, DefaultsOfTcp_API_OPT_010) {
    EXPECT_EQ(stream.get(tcp, 1), "0");
    EXPECT_EQ(stream.get(tcp, 12), "1");
    EXPECT_EQ(stream.get(tcp, 3), "0");
    EXPECT_EQ(round_trip(tcp, 1, 1), "1");
    EXPECT_EQ(round_trip(tcp, 3, 1), "1");
    EXPECT_EQ(round_trip(tcp, 12, 0), "0");
}

TEST_F(Options, SynCount_API_OPT_011) {
    EXPECT_EQ(stream.get(tcp, 7), "6");
    EXPECT_EQ(stream.set(tcp, 7, 128), "EINVAL");
    EXPECT_EQ(stream.set(tcp, 7, 0), "EINVAL");
    EXPECT_EQ(round_trip(tcp, 7, 127), "127");
}

TEST_F(Options, TimesOfTcp_API_OPT_012) {
    EXPECT_EQ(stream.get(tcp, 8), "60");
    EXPECT_EQ(stream.get(tcp, 9), "0");
    EXPECT_EQ(stream.get(tcp, 18), "0");
    EXPECT_EQ(stream.set(tcp, 18, -1), "EINVAL");
    EXPECT_EQ(round_trip(tcp, 8, -5), "-1");
    EXPECT_EQ(round_trip(tcp, 8, 500), "120");
    EXPECT_EQ(round_trip(tcp, 9, 5), "7");
    EXPECT_EQ(round_trip(tcp, 18, 3000), "3000");
}

TEST_F(Options, Keepalive_API_OPT_013_API_OPT_018) {
    EXPECT_EQ(stream.get(sol, 9), "0");
    EXPECT_EQ(stream.get(tcp, 4), "7200");
    EXPECT_EQ(stream.get(tcp, 5), "75");
    EXPECT_EQ(stream.get(tcp, 6), "9");
    EXPECT_EQ(stream.set(tcp, 4, 0), "EINVAL");
    EXPECT_EQ(stream.set(tcp, 5, 40'000), "EINVAL");
    EXPECT_EQ(stream.set(tcp, 6, 128), "EINVAL");
}

TEST_F(Options, Ip_API_OPT_014) {
    EXPECT_EQ(stream.get(ip, 2), "64");
    EXPECT_EQ(stream.get(ip, 1), "0");
    EXPECT_EQ(stream.get(ip, 10), "1");
    EXPECT_EQ(stream.set(ip, 2, 0), "EINVAL");
    EXPECT_EQ(stream.set(ip, 2, 256), "EINVAL");
    EXPECT_EQ(round_trip(ip, 2, 255), "255");
    EXPECT_EQ(round_trip(ip, 2, -1), "64");
}

TEST_F(Options, MtuNeedsAPeer_API_OPT_015) {
    EXPECT_EQ(stream.get(ip, 14), "ENOTCONN");
    EXPECT_EQ(datagram.get(ip, 14), "ENOTCONN");
    EXPECT_EQ(datagram.connect(pair.b.at(53)), "OK");
    EXPECT_EQ(datagram.get(ip, 14), "1500");
}

sock::TcpInfo info_of(const Program& program) {
    sock::TcpInfo info{};
    const auto length = program.calls().get_option(program.id(), tcp, 11,
                                                   std::as_writable_bytes(std::span{&info, 1}));
    EXPECT_EQ(length, sizeof info);
    return info;
}

TEST_F(Options, Info_API_OPT_016) {
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(info_of(listener).state, 7);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(5), "OK");
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(Program::stream(pair, pair.a).connect(pair.b.at(80)), "EINPROGRESS");
    }
    pair.settle();
    EXPECT_EQ(info_of(listener).state, 10);
    EXPECT_EQ(info_of(listener).unacked, 6U);
    EXPECT_EQ(info_of(listener).sacked, 5U);
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(info_of(*server).state, 1);
    EXPECT_GE(info_of(*server).rto, 200'000U);
    EXPECT_EQ(info_of(*server).snd_cwnd, 10U);
}

TEST_F(Options, InfoTellsTheMssThatOurSynSaidAndCountsTheSynAsDelivered_API_OPT_016) {
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(5), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.set(tcp, 2, 1100), "OK");
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(info_of(client).delivered, 0U);
    pair.settle();
    EXPECT_EQ(info_of(client).advmss, 1100U);
    EXPECT_EQ(info_of(client).delivered, 1U);
    EXPECT_EQ(client.send("hello"), "5");
    pair.settle();
    EXPECT_EQ(info_of(client).delivered, 2U);
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(info_of(*server).advmss, 1460U);
}

TEST_F(Options, InfoCountsTimesLongerThan71Minutes_API_OPT_016) {
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(5), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    const std::string text(100'000, 'x');
    for (int i = 0; i < 1000 && client.send(text) != "EAGAIN"; ++i) pair.settle();
    pair.pass(std::chrono::hours{2});  // the server reads nothing
    constexpr std::uint64_t hour = 3'600'000'000;
    EXPECT_GE(info_of(client).rwnd_limited, 2 * hour - 10'000'000);
    EXPECT_GE(info_of(client).busy_time, info_of(client).rwnd_limited);
    EXPECT_LE(info_of(client).busy_time, 2 * hour + 10'000'000);
}

TEST_F(Options, ReuseAndBroadcastDefaults_API_OPT_017) {
    for (const int name : {2, 6, 15}) {
        EXPECT_EQ(stream.get(sol, name), "0") << name;
        EXPECT_EQ(round_trip(sol, name, 5), "1") << name;
    }
}

TEST_F(Options, TimeOuts_API_OPT_019_API_ERR_012) {
    std::array<std::int64_t, 2> time{1, 1'000'000};
    const auto bytes = std::as_bytes(std::span{time});
    for (const int name : {20, 21, 66, 67}) {
        time = {1, 1'000'000};
        EXPECT_EQ(stream.calls().set_option(stream.id(), sol, name, bytes).error(),
                  Error::out_of_domain);
        time = {2, 500'000};
        EXPECT_TRUE(stream.calls().set_option(stream.id(), sol, name, bytes));
        time = {};
        EXPECT_EQ(stream.calls().get_option(stream.id(), sol, name,
                                            std::as_writable_bytes(std::span{time})),
                  16U);
        EXPECT_EQ(time, (std::array<std::int64_t, 2>{2, 500'000}));
    }
    EXPECT_EQ(stream.calls().receive_timeout(stream.id()), Duration{2500ms});
    EXPECT_EQ(stream.calls().send_timeout(stream.id()), Duration{2500ms});
}

TEST_F(Options, ATimeOutBelowZeroIsOverAtOnceAndShownAsNone) {
    std::array<std::int64_t, 2> time{-1, 0};
    EXPECT_TRUE(stream.calls().set_option(stream.id(), sol, 20, std::as_bytes(std::span{time})));
    EXPECT_LT(stream.calls().receive_timeout(stream.id()), Duration::zero());
    EXPECT_EQ(
        stream.calls().get_option(stream.id(), sol, 20, std::as_writable_bytes(std::span{time})),
        16U);
    EXPECT_EQ(time, (std::array<std::int64_t, 2>{0, 0}));
}

TEST_F(Options, AListenerBoundToADeviceHearsNoOther) {
    EXPECT_EQ(stream.bind({IpAddr::any_v4(), Port{8080}}), "OK");
    EXPECT_EQ(stream.set_text(sol, 25, "lo"), "OK");
    EXPECT_EQ(stream.listen(1), "EPERM");  // SYNs of eth0 would come to it too
    EXPECT_EQ(stream.set_text(sol, 25, "eth0"), "OK");
    EXPECT_EQ(stream.listen(1), "OK");
}

TEST_F(Options, API_OPT_020_a_device_is_read_back_by_name_and_number_and_given_up) {
    std::array<char, 16> name{};
    const auto read = [&] {
        return stream.calls().get_option(stream.id(), sol, 25,
                                         std::as_writable_bytes(std::span{name}));
    };
    EXPECT_EQ(stream.set_text(sol, 25, "eth7"), "ENODEV");
    EXPECT_EQ(read(), 0U);
    EXPECT_EQ(stream.set_text(sol, 25, "eth0"), "OK");
    EXPECT_EQ(read(), 5U);
    EXPECT_STREQ(name.data(), "eth0");
    EXPECT_EQ(stream.get(sol, 62), "2");  // lo is 1
    EXPECT_EQ(stream.set_text(sol, 25, ""), "OK");
    EXPECT_EQ(read(), 0U);
    EXPECT_EQ(stream.set(sol, 62, 9), "ENODEV");
}

TEST_F(Options, WhatWouldDoNothingIsNotOffered) {
    for (const auto& [level, name] : {std::pair{sol, 37}, {sol, 40}, {0, 23}, {17, 1}}) {
        EXPECT_EQ(stream.set(level, name, 1), "ENOPROTOOPT") << level << "/" << name;
    }
}

TEST_F(Options, KeptForTheProgram_API_OPT_022) {
    EXPECT_EQ(stream.get(sol, 49), "-1");
    EXPECT_EQ(round_trip(sol, 49, 1), "1");
    EXPECT_EQ(round_trip(sol, 46, 50), "50");
    EXPECT_EQ(stream.get(sol, 42), "-1");
    EXPECT_EQ(round_trip(sol, 42, 0), "0");
    std::uint64_t cookie = 0;
    const auto bytes = std::as_writable_bytes(std::span{&cookie, 1});
    EXPECT_EQ(stream.calls().get_option(stream.id(), sol, 57, bytes), 8U);
    EXPECT_EQ(cookie, stream.id().number());
}

TEST_F(Options, NotOffered_API_OPT_023_API_ERR_023) {
    EXPECT_EQ(stream.set(tcp, 19, 1), "EPERM");
    EXPECT_EQ(stream.set_text(tcp, 31, "tls"), "ENOENT");
    EXPECT_EQ(stream.get(tcp, 35), "ENOPROTOOPT");
    EXPECT_EQ(stream.set_text(tcp, 13, "dctcp"), "ENOENT");
    EXPECT_EQ(stream.set_text(tcp, 13, "reno"), "OK");
    std::array<char, 16> name{};
    EXPECT_EQ(
        stream.calls().get_option(stream.id(), tcp, 13, std::as_writable_bytes(std::span{name})),
        16U);
    EXPECT_STREQ(name.data(), "reno");
}

TEST_F(Options, ShortRoomCutsTheValue_API_OPT_025) {
    std::array<std::byte, 2> room{};
    EXPECT_EQ(stream.calls().get_option(stream.id(), tcp, 2, room), 2U);
    EXPECT_EQ(room[0], std::byte{0x18});
    EXPECT_EQ(room[1], std::byte{0x02});
    EXPECT_EQ(stream.calls().get_option(stream.id(), ip, 2, room), 1U);
    EXPECT_EQ(room[0], std::byte{64});
}

TEST_F(Options, CredentialsOfInet_API_OPT_026) {
    std::array<std::int32_t, 3> credentials{7, 7, 7};
    EXPECT_EQ(stream.calls().get_option(stream.id(), sol, 17,
                                        std::as_writable_bytes(std::span{credentials})),
              12U);
    EXPECT_EQ(credentials, (std::array<std::int32_t, 3>{0, -1, -1}));
}

TEST_F(Options, KindOfSocket_API_SOCK_021) {
    EXPECT_EQ(stream.get(sol, 3), "1");
    EXPECT_EQ(stream.get(sol, 39), "2");
    EXPECT_EQ(stream.get(sol, 38), "6");
    EXPECT_EQ(datagram.get(sol, 3), "2");
    EXPECT_EQ(datagram.get(sol, 38), "17");
}

TEST_F(Options, CallIsToldWithItsNumbers) {
    EXPECT_EQ(stream.set(tcp, 4, 120), "OK");
    const auto call = pair.log.last(event::Call::set_option);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->level, tcp);
    EXPECT_EQ(call->name, 4);
    EXPECT_EQ(call->value, 120);
    EXPECT_FALSE(call->error);
    EXPECT_EQ(stream.get(tcp, 4), "120");
    EXPECT_EQ(pair.log.last(event::Call::get_option)->value, 120);
}

TEST_F(Options, NoDelayReachesALiveConnection) {
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.set(tcp, 1, 1), "OK");
    for (const event::SocketView& view : pair.a.stack.snapshot(pair.now).sockets) {
        if (view.path) {
            EXPECT_TRUE(view.path->no_delay);
        }
    }
    EXPECT_EQ(talk.client.send("a"), "1");
    EXPECT_EQ(talk.client.send("b"), "1");
    pair.settle();
    EXPECT_EQ(talk.server.receive(), "'ab'");
}

}  // namespace
}  // namespace dt::stack::testing

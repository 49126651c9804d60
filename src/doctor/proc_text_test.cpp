// Texts of /proc as Linux writes them, and as nobody should.
#include "doctor/proc_text.hpp"

#include <gmock/gmock.h>

namespace dt::doctor {
namespace {

using rules::Counter;

TEST(ProcText, CountersAreReadByTableAndName) {
    rules::Counters counters;
    read_counter_tables(
        "Tcp: RtoMin OutRsts MaxConn\nTcp: 200 17 -1\n"
        "TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 3 4\n",
        counters);
    EXPECT_EQ(counters.at(Counter::out_rsts), 17U);
    EXPECT_EQ(counters.at(Counter::listen_overflows), 4U);
    EXPECT_EQ(counters.at(Counter::listen_drops), std::nullopt);
}

TEST(ProcText, ATableWhoseLinesDoNotBelongTogetherEndsTheReading) {
    rules::Counters counters;
    read_counter_tables("Tcp: OutRsts\nUdp: 17\n", counters);
    EXPECT_EQ(counters.at(Counter::out_rsts), std::nullopt);
}

TEST(ProcText, ConnectionTrackingIsAddedUpOverProcessors) {
    rules::Counters counters;
    read_conntrack(
        "entries  insert_failed drop\n00000002  0000000a 00000001\n00000002  00000001 00000000\n",
        counters);
    EXPECT_EQ(counters.at(Counter::conntrack_insert_failed), 11U);
    EXPECT_EQ(counters.at(Counter::conntrack_drop), 1U);
}

TEST(ProcText, SocketTotalsAreFoundByLineAndWord) {
    constexpr std::string_view text =
        "sockets: used 200\nTCP: inuse 5 orphan 2 tw 7 alloc 9 mem 3\nUDP: inuse 1 mem 8\n";
    EXPECT_EQ(sockstat(text, "TCP", "orphan"), 2U);
    EXPECT_EQ(sockstat(text, "UDP", "mem"), 8U);
    EXPECT_EQ(sockstat(text, "TCP", "none"), std::nullopt);
}

TEST(ProcText, TheSoftLimitOfOpenFilesIsRead) {
    EXPECT_EQ(open_files_max(
                  "Limit      Soft Limit   Hard Limit   Units\n"
                  "Max open files            1024                 524288               files\n"),
              1024U);
    EXPECT_EQ(open_files_max("Max open files            unlimited            unlimited  files\n"),
              std::nullopt);
}

TEST(ProcText, ANameWithBracketsAndSpacesDoesNotHideTheProcessorTime) {
    EXPECT_EQ(cpu_ticks("12 (a) b) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0"), 42U);
    EXPECT_EQ(cpu_ticks("12 (a"), std::nullopt);
}

TEST(ProcText, ReservedPortsAreRanges) {
    const auto ranges = port_ranges("8080,9148-9150,x,70000\n");
    ASSERT_EQ(ranges.size(), 2U);
    EXPECT_EQ(ranges[0].first, 8080);
    EXPECT_EQ(ranges[0].last, 8080);
    EXPECT_EQ(ranges[1].last, 9150);
}

TEST(ProcText, EffectiveCapabilitiesAreHexadecimal) {
    EXPECT_EQ(
        effective_capabilities("Name:\tx\nCapPrm:\t00000000000000ff\nCapEff:\t0000000000000400\n"),
        0x400U);
    EXPECT_EQ(effective_capabilities("Name:\tx\n"), std::nullopt);
}

TEST(ProcText, ACommandLineIsOneLineWithoutControlCharacters) {
    using namespace std::string_view_literals;
    EXPECT_EQ(command_line("java\0-jar\0app.jar\0"sv), "java -jar app.jar");
    EXPECT_EQ(command_line("a\033[2J\0b\n"sv), "a?[2J b?");
    EXPECT_EQ(command_line(""), "");
    EXPECT_EQ(command_line(std::string(5000, 'x')).size(), 200U);
}

TEST(ProcText, OnlyLinksToSocketsHaveAnInode) {
    EXPECT_EQ(socket_inode("socket:[4711]"), 4711U);
    EXPECT_EQ(socket_inode("pipe:[4711]"), std::nullopt);
    EXPECT_EQ(socket_inode("socket:[99999999999]"), std::nullopt);
}

}  // namespace
}  // namespace dt::doctor

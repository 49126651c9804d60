// The socket table: columns, folding, filters, JSON.
#include "observe/ss.hpp"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "observe/socket_codec.hpp"

namespace dt::observe {
namespace {

using event::SocketView;
using event::State;

std::vector<HostSockets> backlog_run() {
    HostSockets server{"server", {}, {}};
    SocketView listener;
    listener.state = State::listen;
    listener.local = {IpAddr::any_v4(), Port{8080}};
    listener.socket = 1;
    listener.queues = event::QueueView{0, 3, 2, 10, std::chrono::milliseconds{1330}};
    server.snapshot.sockets.push_back(listener);
    for (std::uint16_t port = 40002; port < 40005; ++port) {
        SocketView queued;
        queued.state = State::established;
        queued.local = {Ipv4{10, 0, 0, 2}, Port{8080}};
        queued.peer = {Ipv4{10, 0, 0, 1}, Port{port}};
        queued.queued_in = listener.local;
        server.snapshot.sockets.push_back(queued);
    }
    SocketView waiting;
    waiting.state = State::time_wait;
    waiting.local = {Ipv4{10, 0, 0, 2}, Port{9000}};
    waiting.peer = {Ipv4{10, 0, 0, 1}, Port{40000}};
    waiting.timer = {event::TimerKind::time_wait, std::chrono::milliseconds{41200}};
    server.snapshot.sockets.push_back(waiting);
    server.owners[1] = {{4709, "hello", 3}};

    HostSockets client{"client", {}, {}};
    SocketView dialling;
    dialling.state = State::syn_sent;
    dialling.local = {Ipv4{10, 0, 0, 1}, Port{40008}};
    dialling.peer = {Ipv4{10, 0, 0, 2}, Port{8080}};
    dialling.socket = 9;
    dialling.send_queue = 1;
    dialling.retransmissions = 1;
    dialling.timer = {event::TimerKind::retransmit, std::chrono::milliseconds{790}};
    client.snapshot.sockets.push_back(dialling);
    client.owners[9] = {{4742, "load", 5}};
    return {server, client};
}

TEST(SocketTable, ShowsBothQueuesAndFoldsWhatIsAlike) {
    EXPECT_EQ(
        ss_text(backlog_run(), {}, Paint{}),
        R"(HOST   STATE       LOCAL          PEER           SYNQ     ACCQ RECVQ SENDQ REFS TIMER            RTX
server LISTEN      *:8080         *               0/2  3/2!✗10     -     -    1 -                  -
server ESTABLISHED 10.0.0.2:8080  10.0.0.1:40002    - queued 1     0     0    0 -                  -
       … 2 more wait in the accept queue of *:8080, the oldest for 1.330 s
client SYN-SENT    10.0.0.1:40008 10.0.0.2:8080     -        -     0     1    1 retrans 0.790 s    1
server TIME-WAIT   10.0.0.2:9000  10.0.0.1:40000    -        -     -     -    0 time-wait 41.2 s   -
6 sockets: 1 LISTEN, 3 ESTABLISHED, 1 SYN-SENT, 1 TIME-WAIT · 10 SYNs ignored
)");
}

// Shown as RFC 9293 writes them, and found by that name or by the one that ss has for it.
TEST(SocketTable, TCP_CONN_027_each_state_is_shown_and_found_by_its_name) {
    constexpr std::array<const char*, event::state_count> names_of_ss{
        "UNCONN",     "LISTEN",     "SYN-SENT", "SYN-RECV", "ESTAB",    "FIN-WAIT-1",
        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK", "TIME-WAIT"};
    HostSockets host{"server", {}, {}};
    for (std::size_t i = 0; i < event::state_count; ++i) {
        SocketView socket;
        socket.state = static_cast<State>(i);
        socket.local = {Ipv4{10, 0, 0, 2}, Port{8080}};
        socket.peer = {Ipv4{10, 0, 0, 1}, Port{static_cast<std::uint16_t>(40'000 + i)}};
        socket.socket = 1 + i;
        host.snapshot.sockets.push_back(socket);
    }
    const std::string table = ss_text({host}, {}, Paint{});
    for (std::size_t i = 0; i < event::state_count; ++i) {
        const std::string shown{event::name(static_cast<State>(i))};
        EXPECT_NE(table.find("server " + shown + " "), std::string::npos) << shown << table;
        for (const std::string& asked : {shown, std::string{names_of_ss[i]}}) {
            const auto found = filter_sockets({host}, {"state", asked});
            ASSERT_TRUE(found) << asked;
            ASSERT_EQ(found->at(0).snapshot.sockets.size(), 1U) << asked;
            EXPECT_EQ(found->at(0).snapshot.sockets[0].state, static_cast<State>(i));
        }
    }
}

TEST(SocketTable, FoldsWhatHasNothingMoreToSayIntoItsRow) {
    auto hosts = backlog_run();
    std::erase_if(hosts[0].snapshot.sockets, [](const SocketView&) { return true; });
    SocketView& quiet = hosts[1].snapshot.sockets.front();
    quiet.state = State::established;
    quiet.send_queue = 0;
    quiet.retransmissions = 0;
    quiet.timer = {};
    const SocketView copy = quiet;
    SocketView unread = copy;
    unread.receive_queue = 77;
    for (const SocketView& more : {copy, copy, unread}) hosts[1].snapshot.sockets.push_back(more);
    EXPECT_EQ(
        ss_text(hosts, {}, Paint{}),
        R"(HOST   STATE       LOCAL          PEER          SYNQ ACCQ RECVQ SENDQ REFS TIMER RTX
client ESTABLISHED 10.0.0.1:40008 10.0.0.2:8080    -    -     0     0    1 -       - … 2 more
client ESTABLISHED 10.0.0.1:40008 10.0.0.2:8080    -    -    77     0    1 -       -
4 sockets: 4 ESTABLISHED
)");
}

TEST(SocketTable, WhatIsFullIsBoldRedAndWhatFillsYellow) {
    Paint paint;
    paint.colour = Colour::on;
    auto hosts = backlog_run();
    EXPECT_NE(ss_text(hosts, {}, paint).find("\x1b[1;31m 3/2!✗10"), std::string::npos);
    hosts[0].snapshot.sockets.front().queues = event::QueueView{0, 3, 4, 0, {}};
    EXPECT_NE(ss_text(hosts, {}, paint).find("\x1b[33m     3/4"), std::string::npos)
        << ss_text(hosts, {}, paint);
}

TEST(SocketTable, UnfoldsAndNamesOwnersOnRequest) {
    SsOptions options;
    options.unfold = true;
    options.show_owners = true;
    const std::string text = ss_text(backlog_run(), options, Paint{});
    EXPECT_NE(text.find("10.0.0.1:40004"), std::string::npos);
    EXPECT_NE(text.find("hello[4709] fd 3"), std::string::npos);
    EXPECT_EQ(text.find("more"), std::string::npos);
}

TEST(SocketTable, FiltersWithTheWordsOfSs) {
    auto by_state = filter_sockets(backlog_run(), {"state", "time-wait"});
    ASSERT_TRUE(by_state);
    EXPECT_EQ((*by_state)[0].snapshot.sockets.size(), 1U);
    EXPECT_EQ((*by_state)[1].snapshot.sockets.size(), 0U);
    auto by_port = filter_sockets(backlog_run(), {"sport", "=", ":8080", "dst", "10.0.0.1"});
    ASSERT_TRUE(by_port);
    EXPECT_EQ((*by_port)[0].snapshot.sockets.size(), 3U);
    EXPECT_EQ(filter_sockets(backlog_run(), {"colour", "red"}).error().word, "colour");
    EXPECT_EQ(filter_sockets(backlog_run(), {"state", "asleep"}).error().word, "asleep");
    EXPECT_EQ(filter_sockets(backlog_run(), {"sport", "=", ":808o"}).error().word, ":808o");
}

TEST(SocketTable, JsonIsOneObjectALine) {
    SsOptions options;
    options.since_start = std::chrono::milliseconds{1360};
    std::istringstream lines(ss_json(backlog_run(), options));
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const auto listener = nlohmann::json::parse(line);
    EXPECT_EQ(listener["schema"], "dialtone.ss/1");
    EXPECT_EQ(listener["state"], "LISTEN");
    EXPECT_EQ(listener["accept_queue"]["ignored"], 10);
    EXPECT_EQ(listener["accept_queue"]["oldest_s"], 1.33);
    EXPECT_EQ(listener["fds"][0]["comm"], "hello");
    std::size_t count = 1;
    while (std::getline(lines, line)) {
        EXPECT_TRUE(nlohmann::json::accept(line));
        ++count;
    }
    EXPECT_EQ(count, 6U);
}

TEST(SocketCodec, ATableSurvivesTheControlSocket) {
    const RunSockets before{std::chrono::milliseconds{1360}, backlog_run()};
    const auto after = decode_sockets(encode_sockets(before));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->since_start, before.since_start);
    SsOptions options;
    options.show_owners = true;
    options.unfold = true;
    EXPECT_EQ(ss_text(after->hosts, options, Paint{}), ss_text(before.hosts, options, Paint{}));
}

TEST(SocketCodec, WhatIsNoAnswerIsNoTable) {
    EXPECT_FALSE(decode_sockets(""));
    EXPECT_FALSE(decode_sockets(R"({"error":"busy"})"));
    EXPECT_FALSE(decode_sockets(R"({"schema":"dialtone.sockets/1","t_ns":1,"hosts":[{"host":"a",)"
                                R"("owners":[],"sockets":[{"transport":0,"state":99}]}]})"));
}

}  // namespace
}  // namespace dt::observe

// Calls of real programs on streams, judged by what they return and by the events of the play.
#include "host/call_desk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>

#include "event/event.hpp"
#include "host/testing_play.hpp"
#include "sock/sockets.hpp"

namespace dt::host {
namespace {

using testing::listening, testing::Play, testing::fin, testing::rst, testing::syn;

TEST(Supervisor, API_SOCK_013_a_forked_copy_keeps_the_connection_open_until_its_last_close) {
    Play play;
    play.add_python("server", listening(5,
                                        "c, _ = l.accept()\n"
                                        "if os.fork() == 0:\n"
                                        "    time.sleep(0.5); c.close(); os._exit(0)\n"
                                        "c.close(); time.sleep(2)\n"));
    play.add_python("client",
                    "import socket, time\n"
                    "s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "t = time.monotonic()\n"
                    "assert s.recv(1) == b''\n"
                    "assert 0.3 < time.monotonic() - t < 2.0, time.monotonic() - t\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    const auto accepted = play.find<event::CallMade>(
        0, [](const auto& c) { return c.call == event::Call::accept && !c.error; });
    const auto fins = play.sent_with(0, fin);
    ASSERT_EQ(accepted.size(), 1U);
    ASSERT_FALSE(fins.empty());
    EXPECT_GT(fins.front() - accepted.front().at, 300ms);
}

TEST(Supervisor, ShutdownSendsFinAtOnceThoughACopyIsOpen) {
    Play play;
    play.add_python("server", listening(5,
                                        "c, _ = l.accept()\n"
                                        "if os.fork() == 0:\n"
                                        "    time.sleep(1); os._exit(0)\n"
                                        "time.sleep(0.1); c.shutdown(socket.SHUT_WR)\n"
                                        "assert c.recv(9) == b'still'\n"
                                        "time.sleep(1)\n"));
    play.add_python("client",
                    "import socket, time\n"
                    "s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "t = time.monotonic()\n"
                    "assert s.recv(1) == b''\n"
                    "assert time.monotonic() - t < 0.8\n"
                    "s.sendall(b'still'); time.sleep(0.2)\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    const auto shut = play.find<event::CallMade>(
        0, [](const auto& c) { return c.call == event::Call::shutdown && !c.error; });
    const auto fins = play.sent_with(0, fin);
    ASSERT_EQ(shut.size(), 1U);
    ASSERT_FALSE(fins.empty());
    EXPECT_LT(fins.front() - shut.front().at, 50ms);
}

TEST(Supervisor, TCP_SYNQ_002_backlog_1_admits_two_and_ignores_further_syns_until_accept) {
    Play play;
    play.add_python("server", listening(1,
                                        "time.sleep(1.5)\n"
                                        "while True: l.accept()[0].close()\n"));
    play.add_python("client",
                    "import socket, time, threading\n"
                    "took = []\n"
                    "def call():\n"
                    "    t = time.monotonic()\n"
                    "    socket.create_connection(('10.0.0.1', 7000))\n"
                    "    took.append(time.monotonic() - t)\n"
                    "ts = [threading.Thread(target=call) for _ in range(4)]\n"
                    "for t in ts: t.start(); time.sleep(0.02)\n"
                    "for t in ts: t.join()\n"
                    "took.sort()\n"
                    "assert took[1] < 0.5 and 1.8 < took[2] < 2.6, took\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    const auto ignored = play.find<event::SegmentDropped>(
        0, [](const auto& d) { return d.reason == event::Reason::accept_queue_full; });
    EXPECT_GE(ignored.size(), 4U);  // two clients, first try and after 1 s
    EXPECT_GE(play.sent_with(1, syn).size(), 4U);
}

TEST(Supervisor, API_LIST_020_accept_at_the_descriptor_limit_leaves_the_connection_queued) {
    Play play;
    play.add_python("server", listening(5,
                                        "import resource\n"
                                        "select.select([l], [], [])\n"
                                        "n = os.dup(0); os.close(n)\n"
                                        "old = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
                                        "resource.setrlimit(resource.RLIMIT_NOFILE, (n, old[1]))\n"
                                        "try: l.accept(); os._exit(9)\n"
                                        "except OSError as e: assert e.errno == errno.EMFILE, e\n"
                                        "resource.setrlimit(resource.RLIMIT_NOFILE, old)\n"
                                        "c, _ = l.accept(); c.sendall(b'ok'); c.close()\n"
                                        "time.sleep(2)\n"));
    play.add_python("client",
                    "import socket\n"
                    "s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "assert s.recv(9) == b'ok'\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, CloseWithUnreadDataResets) {
    Play play;
    play.add_python("server", listening(5,
                                        "c, _ = l.accept(); time.sleep(0.2); c.close()\n"
                                        "time.sleep(2)\n"));
    play.add_python("client",
                    "import socket, errno\n"
                    "s = socket.create_connection(('10.0.0.1', 7000)); s.sendall(b'x' * 9)\n"
                    "try: s.recv(1); raise SystemExit(9)\n"
                    "except ConnectionResetError: pass\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_EQ(play.sent_with(0, rst).size(), 1U);
    EXPECT_TRUE(play.sent_with(0, fin).empty());
}

TEST(Supervisor, AResetIsToldToWhoShutItsWritingSide) {
    Play play;
    play.add_python("server",
                    listening(5,
                              "import struct\n"
                              "def reset(c):\n"
                              "    now = struct.pack('ii', 1, 0)\n"
                              "    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)\n"
                              "    c.close()\n"
                              "for _ in range(3):\n"
                              "    c, _ = l.accept()\n"
                              "    c.sendall(b'half an answer')\n"
                              "    go, _ = l.accept(); reset(c); go.close()\n"
                              "time.sleep(2)\n"));
    play.add_python("client",
                    "import os, socket\n"
                    "def ask(how, octets, child):\n"
                    "    s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "    s.setblocking(False)\n"
                    "    while octets > 0:\n"
                    "        try: octets -= s.send(b'q' * octets)\n"
                    "        except BlockingIOError: break\n"
                    "    s.setblocking(True); s.shutdown(how)\n"
                    "    if child and (pid := os.fork()):\n"
                    "        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n"
                    "    s.recv(1, socket.MSG_PEEK)\n"
                    "    go = socket.create_connection(('10.0.0.1', 7000))\n"
                    "    got = b''\n"
                    "    try:\n"
                    "        while some := s.recv(99): got += some\n"
                    "        code = 9\n"
                    "    except ConnectionResetError: code = 0 if got == b'half an answer' else 8\n"
                    "    if child: os._exit(code)\n"
                    "    return code\n"
                    "codes = [ask(socket.SHUT_WR, 5, False), ask(socket.SHUT_WR, 5, True),\n"
                    "         ask(socket.SHUT_WR, 1 << 26, False)]\n"
                    "assert codes == [0, 0, 0], codes\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_EQ(play.sent_with(0, rst).size(), 3U);
}

TEST(Supervisor, WhatIsWrittenRightBeforeAResettingCloseArrives) {
    Play play;
    play.add_python("server",
                    listening(5,
                              "import struct\n"
                              "for i in range(8):\n"
                              "    c, _ = l.accept()\n"
                              "    linger = struct.pack('ii', 1 - i % 2, 0)\n"
                              "    c.recv(1 if i % 2 else 99)\n"
                              "    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)\n"
                              "    c.sendall(b'half an answer')\n"
                              "    c.close()\n"
                              "time.sleep(1)\n"));
    play.add_python("client",
                    "import socket\n"
                    "told = []\n"
                    "for i in range(8):\n"
                    "    s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "    s.sendall(b'two questions')\n"
                    "    got = b''\n"
                    "    try:\n"
                    "        while some := s.recv(99): got += some\n"
                    "        told.append('end')\n"
                    "    except ConnectionResetError: told.append(got)\n"
                    "assert told == [b'half an answer'] * 8, told\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_EQ(play.sent_with(0, rst).size(), 8U);
}

TEST(Supervisor, API_SHUT_014_a_reset_is_told_to_who_reads_long_after_it) {
    Play play;
    play.add_python("server", listening(5,
                                        "import struct\n"
                                        "c, _ = l.accept(); c.setblocking(False)\n"
                                        "try:\n"
                                        "    while True: c.send(bytes(1 << 20))\n"
                                        "except BlockingIOError: pass\n"
                                        "go, _ = l.accept()\n"
                                        "now = struct.pack('ii', 1, 0)\n"
                                        "c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)\n"
                                        "c.close(); time.sleep(2)\n"));
    play.add_python("client",
                    "import socket, time\n"
                    "s = socket.create_connection(('10.0.0.1', 7000)); time.sleep(0.3)\n"
                    "go = socket.create_connection(('10.0.0.1', 7000)); time.sleep(0.5)\n"
                    "got = 0\n"
                    "try:\n"
                    "    while some := len(s.recv(65536)): got += some\n"
                    "    raise SystemExit(f'the end after {got}')\n"
                    "except ConnectionResetError: assert got > 100000, got\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, API_CONN_001_refused_and_API_BIND_016_in_use) {
    Play play;
    play.add_python("server", listening(5, "time.sleep(5)\n"));
    play.add_python("server",
                    "import socket, errno, os\n"
                    "s = socket.socket(); s.setsockopt(1, 2, 1)\n"
                    "try: s.bind(('', 7000)); os._exit(9)\n"
                    "except OSError as e: assert e.errno == errno.EADDRINUSE, e\n");
    play.add_python("client",
                    "import socket, errno, select, os\n"
                    "s = socket.socket()\n"
                    "assert s.connect_ex(('10.0.0.1', 7001)) == errno.ECONNREFUSED\n"
                    "assert s.connect_ex(('10.0.0.1', 7000)) == 0\n"
                    "n = socket.socket(); n.setblocking(False)\n"
                    "assert n.connect_ex(('10.0.0.1', 7001)) == errno.EINPROGRESS\n"
                    "p = select.poll(); p.register(n, select.POLLIN | select.POLLOUT)\n"
                    "(_, m), = p.poll(5000)\n"
                    "assert m & select.POLLERR and m & select.POLLHUP, m\n"
                    "assert n.getsockopt(1, 4) == errno.ECONNREFUSED\n"
                    "assert n.getsockopt(1, 4) == 0\n"
                    "assert n.connect_ex(('10.0.0.1', 7000)) == errno.ECONNABORTED\n"
                    "assert n.connect_ex(('10.0.0.1', 7000)) == errno.EINPROGRESS\n"
                    "(_, m), = p.poll(5000)\n"
                    "assert m == select.POLLOUT, m\n"
                    "assert n.connect_ex(('10.0.0.1', 7000)) == 0\n"
                    "assert n.connect_ex(('10.0.0.1', 7000)) == errno.EISCONN\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    ASSERT_EQ(play.outcome.programs.size(), 3U);
    EXPECT_EQ(play.outcome.programs[1].status, 0);
}

TEST(Supervisor, API_BIND_038_a_port_is_free_once_its_socket_is_closed) {
    Play play;
    play.add_python("client",
                    "import socket\n"
                    "for i in range(50):\n"
                    "    s = socket.socket(); s.bind(('127.0.0.1', 7000)); s.close()\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, API_LIST_029_accept_outlives_the_close_of_its_listener) {
    Play play;
    play.add_python("server", listening(5,
                                        "import threading\n"
                                        "fd = os.dup(l.fileno()); os.close(fd)\n"
                                        "def answer():\n"
                                        "    s, _ = l.accept(); s.sendall(b'late'); s.close()\n"
                                        "t = threading.Thread(target=answer); t.start()\n"
                                        "time.sleep(0.2); os.close(l.fileno())\n"
                                        "t.join(); time.sleep(2)\n"));
    play.add_python(
        "client",
        "import socket, time, errno\n"
        "time.sleep(0.6)\n"
        "s = socket.create_connection(('10.0.0.1', 7000))\n"
        "assert s.recv(9) == b'late'\n"
        "time.sleep(0.1)\n"
        "assert socket.socket().connect_ex(('10.0.0.1', 7000)) == errno.ECONNREFUSED\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, ShutdownBothWaysIsNoCloseThoughAnotherProcessHoldsTheSocket) {
    Play play;
    play.add_python("server", listening(5, "c, _ = l.accept(); time.sleep(3)\n"));
    play.add_python(
        "client",
        "import socket, os, time, errno\n"
        "s = socket.create_connection(('10.0.0.1', 7000))\n"
        "if os.fork() != 0: s.close(); os._exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
        "time.sleep(0.1)\n"
        "s.shutdown(socket.SHUT_RDWR)\n"
        "time.sleep(0.1)\n"
        "assert s.getpeername() == ('10.0.0.1', 7000), s.getpeername()\n"
        "s.shutdown(socket.SHUT_WR)\n"
        "try: socket.socket().shutdown(socket.SHUT_WR); raise SystemExit(9)\n"
        "except OSError as e: assert e.errno == errno.ENOTCONN, e\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, AConnectThatWaitsIsOneCallAndItsResult) {
    Play play;
    play.set_link("delay=20ms");
    play.add_python("server", listening(5, "l.accept(); time.sleep(3)\n"));
    play.add_python("client",
                    "import socket; socket.create_connection(('10.0.0.1', 7000)).close()\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    const auto calls =
        play.find<event::CallMade>(1, [](const auto& c) { return c.call == event::Call::connect; });
    ASSERT_EQ(calls.size(), 2U);
    const auto& begun = std::get<event::CallMade>(calls[0].body);
    const auto& done = std::get<event::CallMade>(calls[1].body);
    EXPECT_EQ(begun.name, static_cast<int>(sock::Asking::waits));
    EXPECT_EQ(begun.error, Error::in_progress);
    EXPECT_EQ(done.name, static_cast<int>(sock::Asking::still));
    EXPECT_FALSE(done.error);
    EXPECT_GE(calls[1].at - calls[0].at, 40ms);
}

/// Lengths of the segments with text that `host` sent, none of them again.
std::vector<std::uint32_t> texts_of(const Play& play, event::HostIndex host) {
    std::vector<std::uint32_t> lengths;
    for (const event::Event& event : play.find<event::SegmentSent>(host, [](const auto& sent) {
             return sent.segment.length > 0 && sent.segment.retransmission == 0;
         })) {
        lengths.push_back(std::get<event::SegmentSent>(event.body).segment.length);
    }
    return lengths;
}

TEST(Supervisor, API_IO_030_what_more_shall_follow_waits_for_it_and_leaves_with_it) {
    Play play;
    play.add_python("server", listening(5,
                                        "c, _ = l.accept()\n"
                                        "while c.recv(99): pass\n"));
    play.add_python("client",
                    "import socket, time\n"
                    "s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "s.send(b'x' * 10, socket.MSG_MORE); s.send(b'y')\n"
                    "time.sleep(0.1)\n"
                    "s.sendmsg([b'x' * 20, b'z' * 10], [], socket.MSG_MORE); s.sendall(b'y' * 5)\n"
                    "time.sleep(0.1)\n"
                    "s.send(b'x' * 40, socket.MSG_MORE | socket.MSG_DONTWAIT)\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_EQ(texts_of(play, 1), (std::vector<std::uint32_t>{11, 35, 40}));
}

TEST(Supervisor, API_IO_030_what_follows_a_call_with_more_that_was_cut_short_is_not_held) {
    Play play;
    play.add_python("server", listening(5,
                                        "c, _ = l.accept(); time.sleep(1.0)\n"
                                        "while c.recv(1 << 20): pass\n"));
    play.add_python(
        "client",
        "import socket, struct, time\n"
        "s = socket.create_connection(('10.0.0.1', 7000))\n"
        "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('ll', 0, 300000))\n"
        "assert s.send(bytes(1 << 26), socket.MSG_MORE) < 1 << 26\n"
        "time.sleep(1.5)\n"
        "for _ in range(10): time.sleep(0.03); s.send(b'x')\n"
        "time.sleep(0.5)\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_GE(std::ranges::count(texts_of(play, 1), 1U), 8);
}

TEST(Supervisor, AConnectByItsFirstOctetsIsRefusedAndTheProgramFallsBack) {
    Play play;
    play.add_python("server", listening(5, "c, _ = l.accept(); assert c.recv(9) == b'text'\n"));
    play.add_python("client",
                    "import socket, errno\n"
                    "def refused(call, *arguments):\n"
                    "    try: call(*arguments)\n"
                    "    except OSError as e: return e.errno == errno.EOPNOTSUPP\n"
                    "s = socket.socket()\n"
                    "assert refused(s.setsockopt, socket.IPPROTO_TCP, 30, 1)\n"
                    "assert refused(s.sendto, b'text', 0x20000000, ('10.0.0.1', 7000))\n"
                    "s.connect(('10.0.0.1', 7000)); s.sendall(b'text')\n"
                    "assert s.recv(1) == b''\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

}  // namespace
}  // namespace dt::host

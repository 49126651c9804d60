// Urgent octets of real programs, from the call of one to the signal of the other (spec 4.8).
#include <gtest/gtest.h>

#include "event/event.hpp"
#include "host/testing_play.hpp"

namespace dt::host {
namespace {

using testing::listening, testing::Play;

constexpr std::uint8_t urg = 0x20;

const char* const reader_text =
    "import fcntl, signal\n"
    "got = []\n"
    "signal.signal(signal.SIGURG, lambda *_: got.append(1))\n"
    "c, _ = l.accept()\n"
    "fcntl.fcntl(c, fcntl.F_SETOWN, os.getpid())\n"
    "def urgent():\n"
    "    assert select.select([], [], [c], 5)[2]\n"
    "    return c.recv(1, socket.MSG_OOB)\n";

TEST(UrgentText, TCP_URG_011_and_TCP_9293_MUST_32_the_owner_of_the_descriptor_gets_SIGURG) {
    Play play;
    play.add_python("server", listening(5, std::string(reader_text) +
                                               "c.send(b'ready')\n"
                                               "assert urgent() == b'X' and c.recv(9) == b'ab'\n"
                                               "assert got == [1], got\n"
                                               "c.send(b'next')\n"
                                               "assert urgent() == b'Y' and c.recv(9) == b'cd'\n"
                                               "assert got == [1, 1], got\n"));
    play.add_python("client",
                    "import socket\n"
                    "s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "assert s.recv(9) == b'ready'\n"
                    "assert s.send(b'abX', socket.MSG_OOB) == 3\n"
                    "assert s.recv(9) == b'next'\n"
                    "assert s.sendmsg([b'c', b'dY'], [], socket.MSG_OOB) == 3\n"
                    "assert s.recv(9) == b''\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(UrgentText, TCP_URG_001_and_TCP_9293_MUST_30_what_is_sent_with_it_leaves_as_one_segment) {
    Play play;
    play.add_python("server", listening(5,
                                        "c, _ = l.accept()\n"
                                        "c.setsockopt(1, socket.SO_OOBINLINE, 1)\n"
                                        "text = b''\n"
                                        "while some := c.recv(99): text += some\n"
                                        "assert text == b'before' + b'abX' * 5, text\n"));
    play.add_python("client",
                    "import socket, time\n"
                    "s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "s.send(b'before')\n"
                    "for i in range(5):\n"
                    "    time.sleep(0.05)\n"
                    "    s.send(b'abX', socket.MSG_OOB)\n"
                    "s.shutdown(socket.SHUT_WR)\n"
                    "assert s.recv(9) == b''\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    const auto sent = play.find<event::SegmentSent>(1, [](const auto& s) {
        return (s.segment.flags & urg) != 0 && s.segment.retransmission == 0;
    });
    ASSERT_EQ(sent.size(), 5U);
    for (const event::Event& each : sent) {
        EXPECT_EQ(std::get<event::SegmentSent>(each.body).segment.length, 3U);
    }
}

TEST(UrgentText, TCP_9293_MUST_31_and_TCP_9293_MUST_33_behind_much_text_the_mark_lands_right) {
    Play play;
    play.add_python("server",
                    listening(5,
                              "import fcntl\n"
                              "c, _ = l.accept()\n"
                              "def at_mark(): return fcntl.ioctl(c, 0x8905, bytes(4))[0]\n"
                              "text = b''\n"
                              "while len(text) < 500000: text += c.recv(65536)\n"
                              "assert text == b'a' * 500000, len(text)\n"
                              "assert select.select([], [], [c], 5)[2] and at_mark()\n"
                              "assert c.recv(1, socket.MSG_OOB) == b'X'\n"
                              "text = b''\n"
                              "while some := c.recv(65536): text += some\n"
                              "assert text == b'b' * 500000 and not at_mark()\n"
                              "c.send(b'all')\n"));
    play.add_python("client",
                    "import socket\n"
                    "s = socket.create_connection(('10.0.0.1', 7000))\n"
                    "s.sendall(b'a' * 500000)\n"
                    "s.send(b'X', socket.MSG_OOB)\n"
                    "s.sendall(b'b' * 500000)\n"
                    "s.shutdown(socket.SHUT_WR)\n"
                    "assert s.recv(9) == b'all'\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

}  // namespace
}  // namespace dt::host

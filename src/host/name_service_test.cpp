// The name service over TCP: many queries at once, slow readers, and askers that hold on.
#include "host/name_service.hpp"

#include <gtest/gtest.h>

#include <string>

#include "host/testing_play.hpp"

namespace dt::host {
namespace {

using testing::Play;

/// query(id) is one with its length before it; read_answers(s, n) gives their ids.
constexpr const char* asking =
    "import socket, struct, threading, time\n"
    "def query(id):\n"
    "    text = struct.pack('!6H', id, 0x100, 1, 0, 0, 0) + b'\\6client\\0\\0\\1\\0\\1'\n"
    "    return struct.pack('!H', len(text)) + text\n"
    "def exactly(s, n):\n"
    "    text = b''\n"
    "    while len(text) < n:\n"
    "        part = s.recv(n - len(text))\n"
    "        assert part, len(text)\n"
    "        text += part\n"
    "    return text\n"
    "def read_answers(s, n):\n"
    "    ids = []\n"
    "    for _ in range(n):\n"
    "        text = exactly(s, struct.unpack('!H', exactly(s, 2))[0])\n"
    "        ids.append(struct.unpack('!H', text[:2])[0])\n"
    "        assert text.endswith(bytes([10, 0, 0, 1])), text\n"
    "    return ids\n"
    "def ask():\n"
    "    s = socket.create_connection(('127.0.0.1', 53)); s.settimeout(5)\n"
    "    return s\n";

void expect_runs(const std::string& then) {
    Play play;
    play.add_python("client", asking + then);
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(NameService, QueriesThatComeTogetherAreAnsweredInTheirOrder) {
    expect_runs(
        "s = ask(); s.sendall(b''.join(query(i) for i in range(400))); s.shutdown(1)\n"
        "assert read_answers(s, 400) == list(range(400))\n"
        "assert s.recv(1) == b''\n");
}

TEST(NameService, AnAskerThatReadsLateGetsEachAnswerWhole) {
    expect_runs(
        "s = ask()\n"
        "text = b''.join(query(i) for i in range(30000))\n"
        "threading.Thread(target=s.sendall, args=(text,), daemon=True).start()\n"
        "time.sleep(0.5)\n"
        "assert read_answers(s, 30000) == list(range(30000))\n");
}

TEST(NameService, AskersThatHoldOnDoNotLockOthersOut) {
    expect_runs(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))\n"
        "idle = [ask() for _ in range(300)]\n"
        "s = ask(); s.sendall(query(7)); assert read_answers(s, 1) == [7]\n"
        "idle[-1].sendall(query(8)); assert read_answers(idle[-1], 1) == [8]\n"
        "idle[0].settimeout(2); assert idle[0].recv(1) == b''\n");
}

TEST(NameService, AQueryInPiecesIsAnswered) {
    expect_runs(
        "s = ask(); text = query(5)\n"
        "for i in range(len(text)):\n"
        "    s.sendall(text[i:i + 1]); time.sleep(0.002)\n"
        "assert read_answers(s, 1) == [5]\n");
}

TEST(NameService, ALengthBeyondEveryQueryEndsTheTalk) {
    expect_runs(
        "s = ask(); s.sendall(b'\\xff\\xff' + bytes(5000))\n"
        "try: assert s.recv(1) == b''\n"
        "except ConnectionResetError: pass\n");
}

}  // namespace
}  // namespace dt::host

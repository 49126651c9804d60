// Real programs on our stack, from their start to their end.
#include "host/supervisor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "event/event.hpp"
#include "host/testing_play.hpp"

namespace dt::host {
namespace {

using testing::Folder, testing::listening, testing::Play;

TEST(Supervisor, TwoProgramsExchangeAFileByteForByte) {
    const Folder folder;
    const std::string copy = folder.file("copy");
    Play play;
    play.add_python("server", listening(5,
                                        "data = bytes(range(256)) * 8000\n"
                                        "c, _ = l.accept(); c.sendall(data); c.close()\n"
                                        "time.sleep(5)\n"));
    play.add_python("client",
                    "import socket\n"
                    "s = socket.create_connection(('server', 7000))\n"
                    "got = b''.join(iter(lambda: s.recv(65536), b''))\n"
                    "assert got == bytes(range(256)) * 8000, len(got)\n"
                    "open('" +
                        copy + "', 'wb').write(got)\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_EQ(folder.read("copy").size(), 256U * 8000U);
}

TEST(Supervisor, ALossyLinkChangesNoByte) {
    Play play;
    play.set_link("loss=2%,reorder=1%,dup=1%");
    play.add_python("server", listening(5,
                                        "c, _ = l.accept()\n"
                                        "while d := c.recv(65536): c.sendall(d)\n"));
    play.add_python("client",
                    "import socket, threading, os\n"
                    "data = os.urandom(2_000_000)\n"
                    "s = socket.create_connection(('server', 7000))\n"
                    "def send(): s.sendall(data); s.shutdown(socket.SHUT_WR)\n"
                    "threading.Thread(target=send).start()\n"
                    "got = b''.join(iter(lambda: s.recv(65536), b''))\n"
                    "assert got == data, (len(got), len(data))\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    const auto lost = play.find<event::FrameTouched>(
        event::link_host, [](const auto& f) { return f.fate == event::FrameFate::lost; });
    EXPECT_GT(lost.size(), 10U);
}

TEST(Supervisor, AProgramThatWaitsForSomethingElseDelaysTheNextByItsIdleWaitOnly) {
    Play play;
    play.add("worker", {"/bin/sleep", "60"});
    play.add("client", {"/bin/true"});
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_LT(play.started.at(1) - play.started.at(0), 4s);
}

TEST(Supervisor, NamesOfTheNetworkResolveAndOthersDoNotExist) {
    Play play;
    play.add_python("server", listening(5, "time.sleep(5)\n"));
    play.add_python("client",
                    "import socket\n"
                    "assert socket.gethostbyname('server') == '10.0.0.1'\n"
                    "assert [a[4][0] for a in socket.getaddrinfo('server', 7000, "
                    "type=socket.SOCK_STREAM)] == ['10.0.0.1']\n"
                    "try: socket.gethostbyname('nobody'); raise SystemExit(9)\n"
                    "except socket.gaierror: pass\n"
                    "try: socket.socket(socket.AF_INET6); raise SystemExit(8)\n"
                    "except OSError as e: assert e.errno == 97\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, DatagramsKeepTheirLimitsAndTheirSenders) {
    Play play;
    play.add_python("server",
                    "import socket\n"
                    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                    "s.bind(('', 5000))\n"
                    "while True:\n"
                    "    d, a = s.recvfrom(2000); s.sendto(d[::-1], a)\n");
    play.add_python("client",
                    "import socket, time\n"
                    "time.sleep(0.3)\n"
                    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)\n"
                    "for n in (0, 1, 9, 1400):\n"
                    "    s.sendto(bytes(range(n % 256)) * (n // 256 + 1), ('10.0.0.1', 5000))\n"
                    "    d, a = s.recvfrom(2000)\n"
                    "    assert d == (bytes(range(n % 256)) * (n // 256 + 1))[::-1]\n"
                    "    assert a == ('10.0.0.1', 5000), a\n"
                    "c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.settimeout(5)\n"
                    "c.connect(('10.0.0.1', 5000))\n"
                    "for i in range(200): c.send(b'%d' % i)\n"
                    "got = [c.recv(99)[::-1] for i in range(200)]\n"
                    "assert got == [b'%d' % i for i in range(200)], got\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, ADatagramFindsTheSocketsClosedBeforeItClosed) {
    Play play;
    play.add_python("client",
                    "import socket, time\n"
                    "for _ in range(20):\n"
                    "    s, gone = (socket.socket(type=socket.SOCK_DGRAM) for _ in 'ab')\n"
                    "    gone.bind(('127.0.0.1', 0)); name = gone.getsockname(); gone.close()\n"
                    "    s.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR\n"
                    "    s.sendto(b'x', name)\n"
                    "    for wait in range(100):\n"
                    "        try: s.recvmsg(9, 99, 0x2000); break  # MSG_ERRQUEUE\n"
                    "        except BlockingIOError: time.sleep(0.01)\n"
                    "    assert wait < 99, name\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, vuln_21_lengths_of_a_program_cannot_write_beyond_a_datagram) {
    Play play;
    play.add_python("client",
                    "import ctypes, errno, os, socket, struct\n"
                    "libc = ctypes.CDLL(None, use_errno=True)\n"
                    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                    "big = 8 << 20; text = ctypes.create_string_buffer(big)\n"
                    "to = ctypes.create_string_buffer(struct.pack('HHIxxxxxxxx', 2, 0x0900, "
                    "0x0100007f))\n"
                    "def send(call, *lengths):\n"
                    "    parts = ctypes.create_string_buffer(b''.join(struct.pack('QQ', "
                    "ctypes.addressof(text), n) for n in lengths))\n"
                    "    m = ctypes.create_string_buffer(struct.pack('QIxxxxQQQQixxxxixxxx', "
                    "ctypes.addressof(to), 16, ctypes.addressof(parts), len(lengths), 0, 0, 0, "
                    "0))\n"
                    "    if call(m) < 0: return ctypes.get_errno()\n"
                    "one = lambda m: libc.sendmsg(s.fileno(), m, 0)\n"
                    "many = lambda m: libc.sendmmsg(s.fileno(), m, 1, 0)\n"
                    "for call in (one, many):\n"
                    "    assert send(call, big, 2**64 - big + 10) == errno.EINVAL\n"
                    "    assert send(call, big, 2**63 - 1, 2**63 - 1) == errno.EMSGSIZE\n"
                    "    assert send(call, 65536) == errno.EMSGSIZE\n"
                    "    assert send(call, 5, 0, 4) is None\n"
                    "s.sendto(b'x', ('127.0.0.1', 9))\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
}

TEST(Supervisor, PassesTheExitStatusOnAndSaysWhyAProgramDidNotStart) {
    Play plain;
    plain.add("client", {"/bin/sh", "-c", "exit 42"});
    plain.go();
    EXPECT_EQ(plain.outcome.exit_status, 42);
    Play killed;
    killed.add("client", {"/bin/sh", "-c", "kill -9 $$"});
    killed.go();
    EXPECT_EQ(killed.outcome.exit_status, 128 + 9);
    Play missing;
    missing.add("client", {"no-such-program"});
    missing.go();
    EXPECT_EQ(missing.outcome.exit_status, 127);
    ASSERT_TRUE(missing.outcome.failure);
    EXPECT_EQ(missing.outcome.failure->sentence, "program `no-such-program` not found (ENOENT)");
    Play forbidden;
    forbidden.add("client", {"/etc/passwd"});
    forbidden.go();
    EXPECT_EQ(forbidden.outcome.exit_status, 126);
}

TEST(Supervisor, EndsWhatItStartedAndWhatThatStarted) {
    const Folder folder;
    const std::string pids = folder.file("pids");
    Play play;
    play.add("server", {"/bin/sh", "-c",
                        "trap '' TERM; sleep 300 & echo $! >" + pids +
                            "; setsid sleep 301 & echo $! >>" + pids + "; wait; sleep 302"});
    play.add("client",
             {"/bin/sh", "-c", "while [ ! -s " + pids + " ]; do sleep 0.05; done; sleep 0.1"});
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    std::ifstream list(pids);
    int seen = 0;
    for (pid_t pid = 0; list >> pid; ++seen) {
        EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid))) << pid;
    }
    EXPECT_EQ(seen, 2);
}

TEST(Supervisor, AnswersAboutItsSocketsOnTheControlSocket) {
    const Folder folder;
    const std::string path = folder.file("control");
    Play play;
    play.set_control(path);
    play.add_python("server", listening(3, "time.sleep(5)\n"));
    play.add_python(
        "client",
        "import socket, json\n"
        "def ask(line):\n"
        "    c = socket.socket(socket.AF_UNIX); c.connect('" +
            path +
            "')\n"
            "    c.sendall(line + b'\\n')\n"
            "    return json.loads(b''.join(iter(lambda: c.recv(65536), b'')))\n"
            "a = ask(b'{\"request\":\"sockets\"}')\n"
            "assert '7000' in json.dumps(a) and '127.0.0.1:53' not in json.dumps(a), a\n"
            "assert 'error' in ask(b'nonsense')\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Supervisor, ARunInsideARunIsRefusedInOneSentence) {
    Play outer;
    // The listener of a second filter: what `dialtone run` inside a run would ask for.
    outer.add_python(
        "client",
        "import ctypes, os, errno, struct\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))\n"
        "prog = struct.pack('HxxxxxxQ', 1, ctypes.addressof(code))\n"
        "r = libc.syscall(317, 1, 8, prog)\n"
        "os._exit(0 if r == -1 and ctypes.get_errno() == errno.EBUSY else 9)\n");
    outer.go();
    EXPECT_EQ(outer.outcome.exit_status, 0);
}

TEST(Supervisor, ThereIsNoIoUringAndWhoAskedForItIsKnown) {
    Play play;
    play.add_python(
        "client",
        "import ctypes, errno\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for call in (425, 426, 427):\n"
        "    assert libc.syscall(call, 4, ctypes.create_string_buffer(200), 0, 0) == -1\n"
        "    assert ctypes.get_errno() == errno.ENOSYS\n");
    play.go();
    EXPECT_EQ(play.outcome.exit_status, 0);
    EXPECT_EQ(play.outcome.io_uring_users, std::vector<std::string>{"python3"});
}

}  // namespace
}  // namespace dt::host

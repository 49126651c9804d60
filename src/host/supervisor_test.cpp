// Real programs on our stack, judged by their output and by the events of the play.
#include "host/supervisor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "event/event.hpp"
#include "link/grammar.hpp"
#include "observe/trace.hpp"

namespace dt::host {
namespace {

/// A folder of its own that goes with the test.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "dialtone-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string file(const std::string& name) const {
        return (path_ / name).string();
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream stream(path_ / name);
        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }

  private:
    std::filesystem::path path_;
};

/// Programs in python on hosts of one link; the last one is the main program.
class Play : public Observer {
  public:
    std::vector<event::Event> events;
    Outcome outcome;
    std::vector<std::string> warnings;

    void add(const std::string& host, std::vector<std::string> argv) {
        ProgramSpec program;
        program.host = host;
        program.argv = std::move(argv);
        if (std::ranges::find(spec_.world.hosts, host, &world::HostSpec::name) ==
            spec_.world.hosts.end()) {
            spec_.world.hosts.push_back({host, {}});
        }
        spec_.programs.push_back(std::move(program));
    }
    void add_python(const std::string& host, const std::string& text) {
        add(host, {"/usr/bin/python3", "-S", "-c", text});
    }
    void set_control(const std::string& path) { spec_.control_path = path; }
    void set_link(const std::string& text) { items_.push_back(*link::parse_link(text)); }

    void go() {
        spec_.main = spec_.programs.size() - 1;
        link::LinkSpec wire;
        for (const world::HostSpec& host : spec_.world.hosts) wire.hosts.push_back(host.name);
        wire.items = items_;
        spec_.world.links.push_back(wire);
        observe::Log log(events);
        Supervisor supervisor(spec_, log, *this);
        outcome = supervisor.run();
    }

    void on_warning(const Complaint& warning) override { warnings.push_back(warning.sentence); }

    /// Events of one kind on one host that `wanted` accepts.
    template <class Body, class Wanted>
    [[nodiscard]] std::vector<event::Event> find(event::HostIndex host, Wanted wanted) const {
        std::vector<event::Event> found;
        for (const event::Event& event : events) {
            const auto* body = std::get_if<Body>(&event.body);
            if (body != nullptr && event.host == host && wanted(*body)) found.push_back(event);
        }
        return found;
    }
    /// Instants at which `host` sent a segment with `flag` for the first time.
    [[nodiscard]] std::vector<Instant> sent_with(event::HostIndex host, std::uint8_t flag) const {
        std::vector<Instant> at;
        for (const event::Event& event : find<event::SegmentSent>(host, [&](const auto& sent) {
                 return (sent.segment.flags & flag) != 0 && sent.segment.retransmission == 0;
             })) {
            at.push_back(event.at);
        }
        return at;
    }

  private:
    RunSpec spec_;
    std::vector<link::LinkItem> items_;
};

constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04;
constexpr const char* listener_text =
    "import socket, os, time, select, errno\n"
    "l = socket.socket(); l.setsockopt(1, 2, 1); l.bind(('', 7000)); l.listen(BACKLOG)\n";

std::string listening(int backlog, const std::string& then) {
    std::string text = listener_text;
    text.replace(text.find("BACKLOG"), 7, std::to_string(backlog));
    return text + then;
}

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
    play.add_python("client",
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
    play.add_python("client",
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

}  // namespace
}  // namespace dt::host

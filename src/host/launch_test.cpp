// A program behind the filter: which of its calls stop, how a socket reaches it, how it is known.
#include "host/launch.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "host/filter.hpp"
#include "host/notifier.hpp"
#include "host/pair.hpp"
#include "host/remote_memory.hpp"
#include "host/tasks.hpp"

namespace dt::host {
namespace {

constexpr int patience_ms = 20'000;

/// A child with the filter and a listener for its calls.
class Behind {
  public:
    explicit Behind(const std::string& python, Isolation isolation = Isolation::none) {
        LaunchSpec spec;
        spec.argv = {"/usr/bin/python3", "-S", "-c", python};
        spec.env = {"PATH=/usr/bin:/bin"};
        spec.isolation = isolation;
        spec.links = {{.name = "eth0",
                       .mac = Mac({2, 0, 0, 0, 0, 1}),
                       .mtu = 1400,
                       .addresses = {{IpAddr(Ipv4(10, 0, 0, 1)), 22}}}};
        spec.descriptors = {256, 256};
        spec.input = Input::none;
        auto launched = launch(spec, make_filter());
        if (!launched) return;
        program_ = std::move(*launched);
        notifier_ = Notifier(std::move(program_.listener));
    }
    Behind(const Behind&) = delete;
    Behind& operator=(const Behind&) = delete;
    ~Behind() {
        if (program_.pid == 0) return;
        ::kill(program_.pid, SIGKILL);
        ::waitpid(program_.pid, nullptr, 0);
    }

    [[nodiscard]] bool runs() const { return program_.pid != 0; }
    Notifier& notifier() { return notifier_; }

    /// The next call `number`; others go on.
    std::optional<seccomp_notif> next(int number) {
        pollfd what{notifier_.fd(), POLLIN, 0};
        while (::poll(&what, 1, patience_ms) == 1 && (what.revents & POLLIN) != 0) {
            const auto call = notifier_.receive();
            if (!call) continue;
            if (call->data.nr == number) return call;
            notifier_.go_on(call->id);
        }
        return std::nullopt;
    }
    /// Lets all further calls go on until the end. Exit status; 1000 + n for a signal.
    int status() {
        (void)next(-1);  // the listener hangs up when the last process behind it ends
        int status = 0;
        ::waitpid(program_.pid, &status, 0);
        program_.pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

  private:
    Launched program_;
    Notifier notifier_;
};

TEST(Filter, StopsSocketsOfIpAndLetsOthersPass) {
    Behind child(
        "import socket\n"
        "socket.socketpair(); socket.socket(socket.AF_UNIX)\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)\n");
    ASSERT_TRUE(child.runs());
    const auto call = child.next(SYS_socket);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->data.args[0], static_cast<std::uint64_t>(AF_INET));
    EXPECT_TRUE(child.notifier().refuse(call->id, EAFNOSUPPORT));
    EXPECT_EQ(child.status(), 1);  // python ends with an uncaught OSError
}

TEST(Filter, IoUringDoesNotExistAndWhoBeginsWithItIsSeen) {
    Behind child(
        "import ctypes, os, errno\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for call in (426, 427):\n"
        "    assert libc.syscall(call, 0, 0, 0) == -1 and ctypes.get_errno() == errno.ENOSYS\n"
        "libc.syscall(425, 1, 0)\n"
        "os._exit(ctypes.get_errno())\n");
    ASSERT_TRUE(child.runs());
    const auto call = child.next(SYS_io_uring_setup);
    ASSERT_TRUE(call);
    EXPECT_TRUE(child.notifier().refuse(call->id, EPROTO));
    EXPECT_EQ(child.status(), EPROTO);
}

TEST(Filter, SendWithoutAddressPassesAndWithAddressStops) {
    Behind child(
        "import socket\n"
        "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "a.send(b'x'); b.recv(1)\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "try: s.sendto(b'x', '/nowhere')\n"
        "except OSError: pass\n");
    ASSERT_TRUE(child.runs());
    const auto call = child.next(SYS_sendto);
    ASSERT_TRUE(call);
    EXPECT_NE(call->data.args[4], 0U);
    EXPECT_TRUE(child.notifier().go_on(call->id));
    EXPECT_EQ(child.status(), 0);
}

TEST(Launch, ASocketThatIsGivenWorksAndIsKnownByItsCookieWhateverItsNumber) {
    Behind child(
        "import socket, os\n"
        "s = socket.socket(socket.AF_INET)\n"
        "d = os.dup(s.fileno()); s.close()\n"
        "os.write(d, b'ring'); socket.socket(fileno=d)\n");
    ASSERT_TRUE(child.runs());
    const auto open = child.next(SYS_socket);
    ASSERT_TRUE(open);
    auto pair = make_pair(sock::Type::stream, Blocking::yes);
    ASSERT_TRUE(pair);
    ASSERT_TRUE(child.notifier().give(open->id, {pair->theirs.get(), true, std::nullopt}));
    pair->theirs.reset();
    const auto name = child.next(SYS_getsockname);
    ASSERT_TRUE(name);
    Tasks tasks;
    const auto theirs =
        tasks.borrow(static_cast<pid_t>(name->pid), static_cast<int>(name->data.args[0]));
    ASSERT_TRUE(theirs);
    EXPECT_EQ(theirs->cookie, pair->cookie);
    std::array<char, 8> text{};
    EXPECT_EQ(::read(pair->ours.get(), text.data(), text.size()), 4);
    EXPECT_EQ(std::string_view(text.data()), "ring");
    EXPECT_TRUE(child.notifier().refuse(name->id, EINVAL));
    EXPECT_EQ(child.status(), 1);
}

TEST(Launch, TheLastCloseAndOnlyThatIsSeenAsHangUp) {
    Behind child(
        "import socket, os, time\n"
        "s = socket.socket(socket.AF_INET)\n"
        "if os.fork() == 0:\n"
        "    time.sleep(0.3); os._exit(0)\n"
        "s.close(); os.wait()\n");
    ASSERT_TRUE(child.runs());
    const auto open = child.next(SYS_socket);
    ASSERT_TRUE(open);
    auto pair = make_pair(sock::Type::stream, Blocking::yes);
    ASSERT_TRUE(pair);
    ASSERT_TRUE(child.notifier().give(open->id, {pair->theirs.get(), false, std::nullopt}));
    pair->theirs.reset();
    pollfd what{pair->ours.get(), 0, 0};
    EXPECT_EQ(::poll(&what, 1, 100), 0);  // the parent has closed, the child holds it
    EXPECT_EQ(::poll(&what, 1, patience_ms), 1);
    EXPECT_TRUE((what.revents & POLLHUP) != 0);
    EXPECT_EQ(child.status(), 0);
}

TEST(Launch, NamespacesShowTheHostsAddresses) {
    const Isolation isolation = probe_isolation();
    if (isolation == Isolation::none) GTEST_SKIP() << "user namespaces are forbidden here";
    Behind child(
        "import os, sys\n"
        "text = open('/proc/net/fib_trie').read()\n"
        "os._exit(0 if '10.0.0.1' in text and '127.0.0.1' in text else 9)\n",
        isolation);
    ASSERT_TRUE(child.runs());
    EXPECT_EQ(child.status(), 0);
}

TEST(Launch, NamespacesShowTheLinksOfTheHost) {
    const Isolation isolation = probe_isolation();
    if (isolation == Isolation::none) GTEST_SKIP() << "user namespaces are forbidden here";
    Behind child(
        "import fcntl, os, socket, struct\n"
        "if 'eth0' not in [name for _, name in socket.if_nameindex()]: os._exit(77)\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "def asked(command):\n"
        "    return fcntl.ioctl(s, command, struct.pack('16s24x', b'eth0'))[16:]\n"
        "flags = struct.unpack('H', asked(0x8913)[:2])[0]\n"
        "mtu, = struct.unpack('i', asked(0x8921)[:4])\n"
        "routes = open('/proc/net/route').read()\n"
        "ok = (socket.if_nametoindex('eth0') == 2 and flags & 0x10cb == 0x1043 and mtu == 1400\n"
        "      and asked(0x8927)[2:8] == b'\\2\\0\\0\\0\\0\\1'\n"
        "      and 'eth0\\t0000000A' in routes and '00FCFFFF' in routes)\n"
        "os._exit(0 if ok else 9)\n",
        isolation);
    ASSERT_TRUE(child.runs());
    constexpr int no_such_kind = 77;
    const int status = child.status();
    if (status == no_such_kind) GTEST_SKIP() << "this kernel has neither dummy nor ifb";
    EXPECT_EQ(status, 0);
}

TEST(Launch, SaysWhereItFailed) {
    LaunchSpec spec;
    spec.argv = {"no-such-program-anywhere"};
    spec.env = {"PATH=/usr/bin:/bin"};
    spec.descriptors = {256, 256};
    const auto missing = launch(spec, make_filter());
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().stage, Stage::exec);
    EXPECT_EQ(missing.error().number, ENOENT);
    spec.argv = {"/etc/passwd"};
    const auto forbidden = launch(spec, make_filter());
    ASSERT_FALSE(forbidden);
    EXPECT_EQ(forbidden.error().number, EACCES);
    spec.argv = {"/bin/true"};
    spec.directory = "/no/such/folder";
    const auto nowhere = launch(spec, make_filter());
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().stage, Stage::directory);
}

TEST(RemoteMemory, ReportsAddressesThatAreNotMapped) {
    const RemoteMemory self(::getpid());
    const int value = 42;
    const auto read = self.get<int>(reinterpret_cast<std::uint64_t>(&value));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, 42);
    EXPECT_FALSE(self.get<int>(8));
    EXPECT_FALSE(self.put(8, 1));
}

}  // namespace
}  // namespace dt::host

// The shared object, loaded and driven as packetdrill does it: dlopen, one symbol, the members of
// the structure in order, raw IP packets in and out, virtual time.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "packetdrill/interface.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"

namespace dt::packetdrill {
namespace {

using wire::TcpFlags;

constexpr Ipv4 own_address(192, 168, 0, 1);
constexpr Ipv4 peer_address(192, 0, 2, 1);
constexpr std::uint16_t own_port = 8080;
constexpr std::uint16_t peer_port = 40000;

sockaddr_in address_of(Ipv4 address, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(address.value());
    return to;
}

/// One TCP segment as a raw IPv4 packet, from the peer to us.
struct Packet {
    std::string flags;
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::string text;
};

std::vector<std::byte> raw(const Packet& packet) {
    std::vector<std::byte> octets(40 + packet.text.size());
    const auto total = static_cast<std::uint16_t>(octets.size());
    octets[0] = std::byte{0x45};
    store_be<std::uint16_t>(octets, 2, total);
    octets[8] = std::byte{64};
    octets[9] = std::byte{6};
    peer_address.store(octets, 12);
    own_address.store(octets, 16);
    store_be<std::uint16_t>(octets, 20, peer_port);
    store_be<std::uint16_t>(octets, 22, own_port);
    store_be<std::uint32_t>(octets, 24, packet.seq);
    store_be<std::uint32_t>(octets, 28, packet.ack);
    octets[32] = std::byte{0x50};
    unsigned bits = 0;
    for (const char flag : packet.flags) {
        bits |= flag == 'F' ? 1U : flag == 'S' ? 2U : flag == 'R' ? 4U : flag == 'P' ? 8U : 16U;
    }
    octets[33] = static_cast<std::byte>(bits);
    store_be<std::uint16_t>(octets, 34, 1000);
    std::memcpy(octets.data() + 40, packet.text.data(), packet.text.size());
    const auto sum = [](Octets from, std::uint32_t start) {
        std::uint32_t total_sum = start;
        for (std::size_t i = 0; i < from.size(); i += 2) {
            const auto low = i + 1 < from.size() ? std::to_integer<std::uint32_t>(from[i + 1]) : 0;
            total_sum += std::to_integer<std::uint32_t>(from[i]) << 8 | low;
        }
        while (total_sum >> 16 != 0) total_sum = (total_sum & 0xffff) + (total_sum >> 16);
        return static_cast<std::uint16_t>(~total_sum);
    };
    const Octets view = octets;
    store_be<std::uint16_t>(octets, 10, sum(view.first(20), 0));
    const auto length = static_cast<std::uint32_t>(total - 20);
    std::uint32_t pseudo = 6 + length;
    for (std::size_t i = 12; i < 20; i += 2) pseudo += load_be<std::uint16_t>(view, i);
    store_be<std::uint16_t>(octets, 36, sum(view.subspan(20), pseudo));
    return octets;
}

/// Waits until a thread sleeps in the kernel, as packetdrill does before it goes on.
bool sleeps(const std::atomic<pid_t>& task) {
    for (int i = 0; i < 100'000; ++i) {
        std::this_thread::yield();
        if (task == 0) continue;
        std::ifstream file("/proc/self/task/" + std::to_string(task) + "/stat");
        std::string number, name, state;
        if (file >> number >> name >> state && state == "S") return true;
    }
    return false;
}

class Plugin : public testing::Test {
  protected:
    void SetUp() override {
        // With RTLD_DEEPBIND, as packetdrill has it, a sanitizer's run time refuses to load.
        handle = ::dlopen(DIALTONE_PLUGIN, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        ASSERT_NE(handle, nullptr) << ::dlerror();
        auto* init = reinterpret_cast<Init*>(::dlsym(handle, "packetdrill_interface_init"));
        ASSERT_NE(init, nullptr);
        init("local=192.168.0.1/16,settings=/nonexistent", &ifc);
    }
    void TearDown() override {
        if (ifc.free != nullptr) ifc.free(ifc.userdata);
        if (handle != nullptr) ::dlclose(handle);
    }

    int listener(int flags) {
        const int fd = ifc.socket(ifc.userdata, AF_INET, SOCK_STREAM, IPPROTO_TCP);
        const sockaddr_in at = address_of(own_address, own_port);
        EXPECT_EQ(ifc.bind(ifc.userdata, fd, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
        EXPECT_EQ(ifc.listen(ifc.userdata, fd, 1), 0);
        if (flags != 0) {
            EXPECT_EQ(ifc.fcntl(ifc.userdata, fd, F_SETFL, O_RDWR | flags), 0);
        }
        return fd;
    }
    void put(const Packet& packet) {
        const auto octets = raw(packet);
        EXPECT_EQ(ifc.netdev_send(ifc.userdata, octets.data(), octets.size()), 0);
    }
    /// The next packet out; none where the plug-in says that none will come.
    std::optional<Packet> next() {
        std::vector<std::byte> octets(65536);
        std::size_t count = octets.size();
        EXPECT_EQ(ifc.netdev_receive(ifc.userdata, octets.data(), &count, &left_us), 0);
        if (count == 0) return std::nullopt;
        const auto ip = wire::Ipv4View::parse(Octets{octets}.first(count));
        if (!ip) return std::nullopt;
        const auto view = wire::TcpView::parse(ip->payload());
        if (!view) return std::nullopt;
        Packet packet;
        const auto bits = std::to_integer<unsigned>(ip->payload()[13]);
        for (unsigned i = 0; i < 5; ++i) {
            if ((bits >> i & 1) != 0) packet.flags += "FSRPA"[i];
        }
        packet.seq = load_be<std::uint32_t>(ip->payload(), 4);
        packet.ack = load_be<std::uint32_t>(ip->payload(), 8);
        const Octets text = view->payload();
        packet.text.assign(reinterpret_cast<const char*>(text.data()), text.size());
        return packet;
    }
    long long now_us() {
        timeval now{};
        EXPECT_EQ((*ifc.gettimeofday)(ifc.userdata, &now, nullptr), 0);
        return now.tv_sec * 1'000'000LL + now.tv_usec;
    }
    /// Through the handshake; answers our ISS.
    std::uint32_t shake_hands() {
        put({"S", 0, 0, {}});
        const auto answer = next();
        EXPECT_TRUE(answer && answer->flags == "SA" && answer->ack == 1);
        const std::uint32_t iss = answer ? answer->seq : 0;
        put({"A", 1, iss + 1, {}});
        return iss;
    }

    void* handle = nullptr;
    Interface ifc{};
    long long left_us = 0;
};

TEST_F(Plugin, FillsEveryMember) {
    std::array<void*, sizeof(Interface) / sizeof(void*)> members{};
    std::memcpy(members.data(), &ifc, sizeof ifc);
    for (const void* member : members) EXPECT_NE(member, nullptr);
}

TEST_F(Plugin, ServesAConnectionFromSynToFin) {
    const int fd = listener(O_NONBLOCK);
    EXPECT_EQ(ifc.accept(ifc.userdata, fd, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EAGAIN);
    const std::uint32_t iss = shake_hands();
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const int conn = ifc.accept(ifc.userdata, fd, reinterpret_cast<sockaddr*>(&from), &length);
    ASSERT_GE(conn, 0);
    EXPECT_EQ(ntohs(from.sin_port), peer_port);
    put({"PA", 1, iss + 1, "hello"});
    char text[16] = {};
    EXPECT_EQ(ifc.read(ifc.userdata, conn, text, sizeof text), 5);
    EXPECT_STREQ(text, "hello");
    ASSERT_EQ(next()->ack, 6U);
    EXPECT_EQ(ifc.write(ifc.userdata, conn, "world!", 6), 6);
    EXPECT_EQ(next()->text, "world!");
    EXPECT_EQ(ifc.close(ifc.userdata, conn), 0);
    EXPECT_EQ(next()->flags, "FA");
    EXPECT_EQ(ifc.fcntl(ifc.userdata, conn, F_GETFL), -1);
    EXPECT_EQ(errno, EBADF);
}

TEST_F(Plugin, TimePassesForAPacketThatATimerSends) {
    listener(O_NONBLOCK);
    put({"S", 0, 0, {}});
    ASSERT_EQ(next()->flags, "SA");
    const long long first = left_us;
    ASSERT_EQ(next()->flags, "SA");
    EXPECT_EQ(left_us - first, 1'000'000);
    EXPECT_GE(now_us(), left_us);
}

TEST_F(Plugin, SaysThatNoPacketWillComeWhereNoTimerIsArmed) {
    listener(O_NONBLOCK);
    EXPECT_FALSE(next().has_value());
}

TEST_F(Plugin, AClockThatIsOnlyReadMovesOnAndSleepOvershootsWhatPacketdrillSpins) {
    const long long first = now_us();
    EXPECT_GT(now_us(), first);
    const long long before = now_us();
    EXPECT_EQ(ifc.usleep(ifc.userdata, 1000), 0);
    EXPECT_GE(now_us(), before + 1020);
}

TEST_F(Plugin, ABlockingReadInASecondThreadEndsAtTheInstantOfThePacket) {
    const int fd = listener(0);
    const std::uint32_t iss = shake_hands();
    const int conn = ifc.accept(ifc.userdata, fd, nullptr, nullptr);
    ASSERT_GE(conn, 0);
    std::atomic<ssize_t> count = -2;
    std::atomic<long long> ended_us = 0;
    std::atomic<pid_t> task = 0;
    std::thread reader([&] {
        char text[8];
        task = ::gettid();
        count = ifc.read(ifc.userdata, conn, text, sizeof text);
        ended_us = now_us();
    });
    ASSERT_TRUE(sleeps(task));
    EXPECT_EQ(ifc.usleep(ifc.userdata, 100'000), 0);
    const long long sent_us = now_us();
    put({"PA", 1, iss + 1, "x"});
    EXPECT_EQ(ifc.usleep(ifc.userdata, 100'000), 0);
    reader.join();
    EXPECT_EQ(count, 1);
    EXPECT_NEAR(static_cast<double>(ended_us), static_cast<double>(sent_us), 100.0);
}

TEST_F(Plugin, EpollTellsAnEdgeOnce) {
    const int fd = listener(O_NONBLOCK);
    const int epoll = ifc.epoll_create(ifc.userdata, 1);
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    wanted.data.fd = fd;
    EXPECT_EQ(ifc.epoll_ctl(ifc.userdata, epoll, EPOLL_CTL_ADD, fd, &wanted), 0);
    epoll_event told{};
    EXPECT_EQ(ifc.epoll_wait(ifc.userdata, epoll, &told, 1, 0), 0);
    shake_hands();
    EXPECT_EQ(ifc.epoll_wait(ifc.userdata, epoll, &told, 1, 0), 1);
    EXPECT_EQ(told.data.fd, fd);
    EXPECT_EQ(ifc.epoll_wait(ifc.userdata, epoll, &told, 1, 0), 0);
    EXPECT_EQ(ifc.close(ifc.userdata, epoll), 0);
}

class Stamps : public Plugin {
  protected:
    /// A connection whose writes are stamped when they leave.
    int stamped() {
        const int fd = listener(0);
        shake_hands();
        const int conn = ifc.accept(ifc.userdata, fd, nullptr, nullptr);
        EXPECT_GE(conn, 0);
        const unsigned wanted = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                                SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
        EXPECT_EQ(
            ifc.setsockopt(ifc.userdata, conn, SOL_SOCKET, SO_TIMESTAMPING, &wanted, sizeof wanted),
            0);
        return conn;
    }
    /// The error queue, read with so much room for control messages; its flags, none where empty.
    std::optional<int> flags_of_stamp(int conn, std::size_t room) {
        std::array<std::byte, 256> control{};
        msghdr message{};
        message.msg_control = control.data();
        message.msg_controllen = room;
        if (ifc.recvmsg(ifc.userdata, conn, &message, MSG_ERRQUEUE) != 0) return std::nullopt;
        EXPECT_EQ(message.msg_controllen > 0, (message.msg_flags & MSG_CTRUNC) == 0);
        return message.msg_flags;
    }
};

TEST_F(Stamps, AStampWithoutRoomIsToldToBeCut) {
    const int conn = stamped();
    const int one = 1;  // else the second write waits for the first one's ACK
    ASSERT_EQ(ifc.setsockopt(ifc.userdata, conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    EXPECT_EQ(ifc.write(ifc.userdata, conn, "world!", 6), 6);
    ASSERT_TRUE(next());
    constexpr int cut = MSG_ERRQUEUE | MSG_CTRUNC;
    EXPECT_EQ(flags_of_stamp(conn, 8).value_or(0) & cut, cut);
    EXPECT_EQ(ifc.write(ifc.userdata, conn, "world!", 6), 6);
    ASSERT_TRUE(next());
    EXPECT_EQ(flags_of_stamp(conn, 256).value_or(0) & cut, MSG_ERRQUEUE);
}

TEST_F(Plugin, AForeignDescriptorBelongsToTheKernel) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(ifc.pipe(ifc.userdata, ends), 0);
    EXPECT_EQ(ifc.write(ifc.userdata, ends[1], "ab", 2), 2);
    char text[4];
    EXPECT_EQ(ifc.read(ifc.userdata, ends[0], text, sizeof text), 2);
    EXPECT_EQ(ifc.bind(ifc.userdata, ends[0], nullptr, 0), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(ifc.close(ifc.userdata, ends[0]), 0);
    EXPECT_EQ(ifc.close(ifc.userdata, ends[1]), 0);
}

}  // namespace
}  // namespace dt::packetdrill

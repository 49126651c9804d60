// Netlink answers as the kernel sends them, cut short and without sense.
#include "doctor/inet_diag.hpp"

#include <gmock/gmock.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>

#include "doctor/routing.hpp"

namespace dt::doctor {
namespace {

/// One datagram with one socket: a listener on 127.0.0.1:8080 with 3 of 2 waiting and 7 drops.
struct Answer {
    alignas(nlmsghdr) std::array<std::byte, 512> octets{};
    nlmsghdr* header = mnl_nlmsg_put_header(octets.data());

    Answer() {
        header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
        auto& message =
            *static_cast<inet_diag_msg*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_msg)));
        message.idiag_family = AF_INET;
        message.idiag_state = 10;
        message.id.idiag_sport = std::byteswap(std::uint16_t{8080});
        message.id.idiag_src[0] = std::byteswap(0x7f000001U);
        message.id.idiag_cookie[0] = 5;
        message.idiag_rqueue = 3;
        message.idiag_wqueue = 2;
        message.idiag_inode = 99;
        const std::array<std::uint32_t, SK_MEMINFO_VARS> memory{0, 131072, 0, 16384, 0, 0, 0, 0, 7};
        mnl_attr_put(header, INET_DIAG_SKMEMINFO, sizeof memory, memory.data());
        mnl_attr_put_u8(header, INET_DIAG_SKV6ONLY, 1);
        mnl_attr_put_u8(header, INET_DIAG_SHUTDOWN, 2);
        mnl_attr_put_u64(header, INET_DIAG_CGROUP_ID, 4711);
    }
    [[nodiscard]] Octets datagram() const { return Octets{octets}.first(header->nlmsg_len); }
};

TEST(InetDiag, AListenerIsReadWithItsQueuesAndDrops) {
    const Answer answer;
    std::vector<rules::Socket> sockets;
    EXPECT_EQ(read_sockets(answer.datagram(), rules::Protocol::tcp, sockets).progress,
              Progress::more);
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(wire::to_string(sockets[0].local), "127.0.0.1:8080");
    EXPECT_EQ(sockets[0].state, event::State::listen);
    EXPECT_EQ(sockets[0].rqueue, 3U);
    EXPECT_EQ(sockets[0].wqueue, 2U);
    ASSERT_TRUE(sockets[0].memory);
    EXPECT_EQ(sockets[0].memory->drops, 7U);
    EXPECT_EQ(sockets[0].is_v6only, true);
    ASSERT_TRUE(sockets[0].shutdown);
    EXPECT_TRUE(sockets[0].shutdown->sends_no_more);
    EXPECT_FALSE(sockets[0].shutdown->receives_no_more);
    EXPECT_EQ(sockets[0].cgroup, 4711U);
}

TEST(InetDiag, TwoLooksAtAHundredThousandSocketsFitInAHundredMegabytes) {
    const Answer answer;
    constexpr std::size_t count = 100'000;
    std::vector<rules::Socket> sockets;
    std::size_t largest = 0;  // octets held at once while the list grows: the old room and the new
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t room = sockets.capacity();
        (void)read_sockets(answer.datagram(), rules::Protocol::tcp, sockets);
        if (sockets.capacity() != room) largest = std::max(largest, room + sockets.capacity());
    }
    ASSERT_EQ(sockets.size(), count);
    // The second look is given its room at once. Three lists of pointers index the two (Scene).
    const std::size_t second = (count + count / 16) * sizeof(rules::Socket);
    const std::size_t held = sockets.capacity() * sizeof(rules::Socket) + second +
                             3 * count * sizeof(const rules::Socket*);
    EXPECT_LT(std::max(held, largest * sizeof(rules::Socket)), 75'000'000U);
}

TEST(InetDiag, AnAnswerCutAtAnyPlaceIsNeverReadBeyondItsEnd) {
    const Answer answer;
    for (std::size_t size = 0; size < answer.datagram().size(); ++size) {
        const std::vector<std::byte> cut(answer.octets.begin(),
                                         answer.octets.begin() + static_cast<std::ptrdiff_t>(size));
        std::vector<rules::Socket> sockets;
        const DumpStep step = read_sockets(Octets{cut}, rules::Protocol::tcp, sockets);
        EXPECT_EQ(step.progress, size == 0 ? Progress::more : Progress::failed);
        EXPECT_TRUE(sockets.empty());
    }
}

TEST(InetDiag, AnAttributeThatEndsBehindItsMessageIsNotRead) {
    alignas(nlmsghdr) std::array<std::byte, 64> octets{};
    nlmsghdr* header = mnl_nlmsg_put_header(octets.data());
    header->nlmsg_type = RTM_NEWADDR;
    static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifaddrmsg)))->ifa_family =
        AF_INET6;
    mnl_attr_put(header, IFA_LOCAL, sizeof(in6_addr), &in6addr_loopback);
    const std::uint32_t whole = header->nlmsg_len;
    for (const std::uint32_t length : {whole, whole - 1}) {
        header->nlmsg_len = length;
        const std::vector<std::byte> message(octets.begin(), octets.begin() + length);
        std::vector<rules::LocalAddress> addresses;
        EXPECT_EQ(read_addresses(Octets{message}, addresses).progress, Progress::more);
        EXPECT_EQ(addresses.size(), length == whole ? 1U : 0U);
    }
}

TEST(InetDiag, AStateThatNoKernelHasIsAFailure) {
    Answer answer;
    static_cast<inet_diag_msg*>(mnl_nlmsg_get_payload(answer.header))->idiag_state = 77;
    std::vector<rules::Socket> sockets;
    const DumpStep step = read_sockets(answer.datagram(), rules::Protocol::tcp, sockets);
    EXPECT_EQ(step.progress, Progress::failed);
    EXPECT_EQ(step.error, EBADMSG);
}

TEST(InetDiag, ALengthThatIsNegativeAsASignedNumberIsAFailure) {
    Answer answer;
    const Octets datagram = answer.datagram();
    answer.header->nlmsg_len = 0xfbfb'fbfb;
    std::vector<rules::Socket> sockets;
    const DumpStep step = read_sockets(datagram, rules::Protocol::tcp, sockets);
    EXPECT_EQ(step.progress, Progress::failed);
    EXPECT_EQ(step.error, EBADMSG);
    EXPECT_TRUE(sockets.empty());
}

TEST(InetDiag, AnErrorOfTheKernelIsHandedOn) {
    alignas(nlmsghdr) std::array<std::byte, 64> octets{};
    nlmsghdr* const header = mnl_nlmsg_put_header(octets.data());
    header->nlmsg_type = NLMSG_ERROR;
    static_cast<nlmsgerr*>(mnl_nlmsg_put_extra_header(header, sizeof(nlmsgerr)))->error = -EPERM;
    std::vector<rules::Socket> sockets;
    const DumpStep step =
        read_sockets(Octets{octets}.first(header->nlmsg_len), rules::Protocol::tcp, sockets);
    EXPECT_EQ(step.progress, Progress::failed);
    EXPECT_EQ(step.error, EPERM);
}

TEST(Routing, ErrorsOfARouteRequestNameTheKindOfRoute) {
    EXPECT_EQ(kind_of_route_error(EHOSTUNREACH), rules::RouteKind::unreachable);
    EXPECT_EQ(kind_of_route_error(EACCES), rules::RouteKind::prohibit);
    EXPECT_EQ(kind_of_route_error(EINVAL), rules::RouteKind::blackhole);
    EXPECT_EQ(kind_of_route_error(ENETUNREACH), rules::RouteKind::none);
}

}  // namespace
}  // namespace dt::doctor

// Control messages of sendmsg(), as a program may write them.
#include "host/send_control.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace dt::host {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
Bytes message(int level, int type, const T& value) {
    Bytes octets(CMSG_SPACE(sizeof value));
    const cmsghdr header{CMSG_LEN(sizeof value), level, type};
    std::memcpy(octets.data(), &header, sizeof header);
    std::memcpy(octets.data() + sizeof header, &value, sizeof value);
    return octets;
}

Bytes operator+(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

int error_of(const Bytes& control) {
    const auto as = read_send_control(control);
    return as ? 0 : as.error();
}

TEST(SendControl, UDP_026_and_UDP_027_what_one_datagram_asks_for) {
    in_pktinfo info{};
    info.ipi_ifindex = 2;
    info.ipi_spec_dst.s_addr = htonl(0x0a000001);
    const auto as =
        read_send_control(message(IPPROTO_IP, IP_PKTINFO, info) + message(IPPROTO_IP, IP_TTL, 9) +
                          message(IPPROTO_IP, IP_TOS, 8));
    ASSERT_TRUE(as);
    EXPECT_EQ(as->source, IpAddr{Ipv4(10, 0, 0, 1)});
    EXPECT_EQ(as->link, 2U);
    EXPECT_EQ(as->ttl, 9);
    EXPECT_EQ(as->tos, 8);
}

TEST(SendControl, UDP_026_and_UDP_027_of_ipv6) {
    in6_pktinfo info{};
    info.ipi6_addr = in6addr_loopback;
    const auto as = read_send_control(message(IPPROTO_IPV6, IPV6_PKTINFO, info) +
                                      message(IPPROTO_IPV6, IPV6_HOPLIMIT, 255) +
                                      message(IPPROTO_IPV6, IPV6_TCLASS, -1));
    ASSERT_TRUE(as);
    EXPECT_EQ(as->source, IpAddr::loopback_v6());
    EXPECT_FALSE(as->link);
    EXPECT_EQ(as->ttl, 255);
    EXPECT_FALSE(as->tos);
}

TEST(SendControl, UDP_028_into_what_a_datagram_is_cut) {
    const auto as = read_send_control(message(IPPROTO_UDP, UDP_SEGMENT, std::uint16_t{1200}));
    ASSERT_TRUE(as);
    EXPECT_EQ(as->segment, 1200);
    EXPECT_EQ(error_of(message(IPPROTO_UDP, UDP_SEGMENT, 1200)), EINVAL);
    EXPECT_EQ(error_of(message(IPPROTO_UDP, UDP_GRO, 1)), EINVAL);
}

TEST(SendControl, NothingAsksForNothing) {
    EXPECT_TRUE(read_send_control({})->is_plain());
    EXPECT_TRUE(read_send_control(Bytes(sizeof(cmsghdr) - 1))->is_plain());
    EXPECT_TRUE(read_send_control(message(SOL_SOCKET, SCM_RIGHTS, 3))->is_plain());
}

TEST(SendControl, ValuesAndMessagesThatMakeNoSenseAreRefused) {
    EXPECT_EQ(error_of(message(IPPROTO_IP, IP_TTL, 0)), EINVAL);
    EXPECT_EQ(error_of(message(IPPROTO_IP, IP_TTL, 256)), EINVAL);
    EXPECT_EQ(error_of(message(IPPROTO_IP, IP_TOS, -1)), EINVAL);
    EXPECT_EQ(error_of(message(IPPROTO_IP, IP_TTL, char{9})), EINVAL);
    EXPECT_EQ(error_of(message(IPPROTO_IP, IP_PKTINFO, 1)), EINVAL);
    EXPECT_EQ(error_of(message(IPPROTO_IPV6, IPV6_HOPLIMIT, -2)), EINVAL);
    EXPECT_EQ(error_of(message(IPPROTO_IP, IP_ADD_MEMBERSHIP, 1)), EINVAL);
}

TEST(SendControl, LengthsThatLieAreRefused) {
    for (const std::size_t length : {std::size_t{0}, sizeof(cmsghdr) - 1, std::size_t{25},
                                     ~std::size_t{0}, ~std::size_t{0} - 7}) {
        Bytes octets = message(IPPROTO_IP, IP_TTL, 9);
        std::memcpy(octets.data(), &length, sizeof length);
        EXPECT_EQ(error_of(octets), EINVAL) << length;
    }
}

}  // namespace
}  // namespace dt::host

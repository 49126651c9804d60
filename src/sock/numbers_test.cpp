// Arguments of socket calls: what Linux was seen to answer before it looks at the socket.
#include "sock/numbers.hpp"

#include <gtest/gtest.h>

#include <array>

namespace dt::sock {
namespace {

constexpr int inet = 2;
constexpr int inet6 = 10;
constexpr int stream = 1;
constexpr int dgram = 2;
constexpr int raw = 3;
constexpr int seqpacket = 5;

Error kind_error(int domain, int type, int protocol) {
    const auto kind = parse_kind(domain, type, protocol);
    EXPECT_FALSE(kind.has_value());
    return kind ? Error::truncated : kind.error();
}

/// struct sockaddr_in as a program builds it.
std::array<std::byte, 16> sockaddr(std::uint16_t family, Ipv4 address, std::uint16_t port) {
    std::array<std::byte, 16> text{};
    std::memcpy(text.data(), &family, sizeof family);
    store_be<std::uint16_t>(text, 2, port);
    address.store(text, 4);
    return text;
}

TEST(SocketNumbers, UnknownFamily) {
    EXPECT_EQ(kind_error(99, stream, 0), Error::family_not_supported);
    EXPECT_EQ(kind_error(0, stream, 0), Error::family_not_supported);
}

TEST(SocketNumbers, TypeNotForTheFamily) {
    EXPECT_EQ(kind_error(inet, seqpacket, 0), Error::type_not_supported);
}

TEST(SocketNumbers, TypeOutOfRange) {
    EXPECT_EQ(kind_error(inet, 11, 0), Error::invalid_argument);
    EXPECT_EQ(kind_error(inet, 300, 0), Error::invalid_argument);
}

TEST(SocketNumbers, ProtocolNotMatchingTheType) {
    EXPECT_EQ(kind_error(inet, stream, 99), Error::protocol_not_supported);
    EXPECT_EQ(kind_error(inet, stream, 17), Error::protocol_not_supported);
    EXPECT_EQ(kind_error(inet, dgram, 6), Error::protocol_not_supported);
}

TEST(SocketNumbers, UDP_029_udp_lite_is_not_offered) {
    EXPECT_EQ(kind_error(inet, dgram, 136), Error::protocol_not_supported);
    EXPECT_EQ(kind_error(inet6, dgram, 136), Error::protocol_not_supported);
}

TEST(SocketNumbers, RawSocketsAreForIcmpAlone) {
    EXPECT_EQ(parse_kind(inet, raw, 1)->type, Type::raw);
    EXPECT_EQ(parse_kind(inet6, raw, 58)->type, Type::raw);
    EXPECT_EQ(kind_error(inet, raw, 17), Error::not_permitted);
    EXPECT_EQ(kind_error(inet, raw, 58), Error::not_permitted);
}

TEST(SocketNumbers, PingSocketsAreOpenToEveryGroup) {
    EXPECT_EQ(parse_kind(inet, dgram, 1)->protocol, 1);
    EXPECT_EQ(parse_kind(inet6, dgram, 58)->type, Type::datagram);
    EXPECT_EQ(kind_error(inet, dgram, 58), Error::protocol_not_supported);
}

TEST(SocketNumbers, FlagsBelongToTheDescriptor) {
    const auto kind = parse_kind(inet, stream | number::sock_nonblock | number::sock_cloexec, 6);
    ASSERT_TRUE(kind);
    EXPECT_EQ(kind->type, Type::stream);
    EXPECT_EQ(kind->protocol, 6);
}

TEST(SocketNumbers, MultipathIsNotOffered) {
    EXPECT_EQ(kind_error(inet, stream, 262), Error::protocol_not_supported);
}

TEST(SocketNumbers, FamilyIsTakenOver) {
    EXPECT_EQ(parse_kind(inet6, dgram, 0)->family, Family::inet6);
    EXPECT_EQ(parse_kind(inet6, dgram, 0)->type, Type::datagram);
}

TEST(SocketNumbers, HowMustBeKnown) {
    EXPECT_EQ(parse_how(3).error(), Error::invalid_argument);
    EXPECT_EQ(parse_how(-1).error(), Error::invalid_argument);
    EXPECT_EQ(parse_how(1), How::write);
}

TEST(SocketNumbers, LengthOfABoundAddress) {
    const auto text = sockaddr(inet, Ipv4::any(), 80);
    std::array<std::byte, 200> longer{};
    EXPECT_EQ(parse_bind_address(Family::inet, Octets{text}.first(8)).error(),
              Error::invalid_argument);
    EXPECT_EQ(parse_bind_address(Family::inet, longer).error(), Error::invalid_argument);
}

TEST(SocketNumbers, FamilyOfABoundAddress) {
    EXPECT_EQ(parse_bind_address(Family::inet, sockaddr(inet6, Ipv4::any(), 80)).error(),
              Error::family_not_supported);
}

TEST(SocketNumbers, UnspecifiedFamilyWithTheWildcardIsInet) {
    const auto any = parse_bind_address(Family::inet, sockaddr(0, Ipv4::any(), 80));
    ASSERT_TRUE(any);
    EXPECT_EQ(any->port, Port{80});
    EXPECT_EQ(parse_bind_address(Family::inet, sockaddr(0, Ipv4::loopback(), 80)).error(),
              Error::family_not_supported);
}

TEST(SocketNumbers, AddressOfConnect) {
    const auto text = sockaddr(inet, Ipv4(10, 0, 0, 2), 8080);
    EXPECT_EQ(parse_connect_address(Family::inet, sockaddr(inet6, Ipv4::any(), 1)).error(),
              Error::family_not_supported);
    EXPECT_EQ(parse_connect_address(Family::inet, Octets{text}.first(8)).error(),
              Error::invalid_argument);
    EXPECT_EQ(parse_connect_address(Family::inet, Octets{text}.first(1)).error(),
              Error::invalid_argument);
    const auto good = parse_connect_address(Family::inet, text);
    ASSERT_TRUE(good);
    EXPECT_EQ(good->endpoint, (Endpoint{Ipv4(10, 0, 0, 2), Port{8080}}));
}

TEST(SocketNumbers, UnspecifiedFamilyDisconnects) {
    const auto text = sockaddr(0, Ipv4::any(), 0);
    const auto address = parse_connect_address(Family::inet, Octets{text}.first(2));
    ASSERT_TRUE(address);
    EXPECT_EQ(address->given, Address::Given::unspecified);
}

TEST(SocketNumbers, ShortRoomCutsTheAddressAndTellsItsLength) {
    const Endpoint peer{Ipv4(10, 0, 0, 1), Port{40000}};
    std::array<std::byte, 4> room{};
    EXPECT_EQ(store_address(peer, room), 16U);
    EXPECT_EQ(load_be<std::uint16_t>(room, 2), 40000);
    std::array<std::byte, 16> whole{};
    EXPECT_EQ(store_address(peer, whole), 16U);
    EXPECT_EQ(whole, sockaddr(inet, Ipv4(10, 0, 0, 1), 40000));
    EXPECT_EQ(store_address(peer, {}), 16U);
}

}  // namespace
}  // namespace dt::sock

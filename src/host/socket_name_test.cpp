// Addresses of programs: which socket takes which family, and what is written back.
#include "host/socket_name.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <optional>

namespace dt::host {
namespace {

const Endpoint v4{Ipv4(10, 0, 0, 2), Port{80}};
const Endpoint v6{*IpAddr::parse("fd00:10::2"), Port{80}};
const Endpoint link_local{*IpAddr::parse("fe80::2"), Port{80}};

enum class Use { bind, connect, send };

/// `none` where the address is taken.
std::optional<Error> refused(const RawName& name, const sock::SocketKind& kind, Use use) {
    if (use == Use::connect) {
        const auto address = connect_address(kind, name);
        return address ? std::nullopt : std::optional(address.error());
    }
    const auto endpoint = use == Use::bind ? bind_address(kind, name) : send_address(kind, name);
    return endpoint ? std::nullopt : std::optional(endpoint.error());
}

RawName cut(RawName name, std::size_t length) {
    name.length = length;
    return name;
}

constexpr auto inet = sock::Family::inet;
constexpr auto inet6 = sock::Family::inet6;
constexpr sock::SocketKind stream{inet, sock::Type::stream, 0};
constexpr sock::SocketKind stream_v6{inet6, sock::Type::stream, 0};
constexpr sock::SocketKind datagram_v6{inet6, sock::Type::datagram, 0};

TEST(SocketName, ReadsBackWhatItWrote) {
    EXPECT_EQ(connect_address(stream, name_of(v4, inet))->endpoint, v4);
    EXPECT_EQ(connect_address(stream_v6, name_of(v6, inet6))->endpoint, v6);
    EXPECT_EQ(connect_address(stream_v6, name_of(link_local, inet6))->endpoint, link_local);
    EXPECT_EQ(bind_address(stream_v6, name_of(v4, inet6)), v4);
}

TEST(SocketName, AnIpv4PeerOfAnIpv6SocketIsMapped) {
    const RawName name = name_of(v4, inet6);
    ASSERT_EQ(name.length, sizeof(sockaddr_in6));
    sockaddr_in6 native{};
    std::memcpy(&native, name.octets.data(), sizeof native);
    EXPECT_EQ(native.sin6_family, AF_INET6);
    EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&native.sin6_addr));
    EXPECT_EQ(native.sin6_port, htons(80));
    EXPECT_EQ(native.sin6_scope_id, 0U);
}

TEST(SocketName, AnAddressOfAnotherFamilyIsRefusedButByDatagramsOfIpv6) {
    const RawName long_v4 = cut(name_of(v4, inet), 28);
    EXPECT_EQ(refused(name_of(v6, inet6), stream, Use::connect), Error::family_not_supported);
    EXPECT_EQ(refused(long_v4, stream_v6, Use::connect), Error::family_not_supported);
    EXPECT_EQ(refused(long_v4, datagram_v6, Use::bind), Error::family_not_supported);
    EXPECT_EQ(refused(name_of(v4, inet), datagram_v6, Use::connect), std::nullopt);
    EXPECT_EQ(refused(name_of(v4, inet), datagram_v6, Use::send), std::nullopt);
}

TEST(SocketName, ShortOnesAreInvalid) {
    EXPECT_EQ(refused(cut(name_of(v4, inet), 15), stream, Use::bind), Error::invalid_argument);
    EXPECT_EQ(refused(cut(name_of(v6, inet6), 23), stream_v6, Use::bind), Error::invalid_argument);
    EXPECT_EQ(refused(cut(name_of(v6, inet6), 24), stream_v6, Use::bind), std::nullopt);
}

TEST(SocketName, AnAddressOfALinkNamesItWhereThereIsRoom) {
    const auto zone = [](const char* text) {
        return zone_of(name_of({*IpAddr::parse(text), Port{80}}, inet6, 7));
    };
    EXPECT_EQ(zone("fe80::2"), 7U);
    EXPECT_EQ(zone("ff02::2"), 7U);
    EXPECT_EQ(zone("ff01::2"), 7U);
    EXPECT_EQ(zone("ff05::2"), 0U);
    EXPECT_EQ(zone("fd00::2"), 0U);
    EXPECT_EQ(zone_of(cut(name_of(link_local, inet6, 7), 24)), 0U);
}

}  // namespace
}  // namespace dt::host

// Addresses: Mac, Ipv4, Ipv6, IpAddr, Prefix, Port, Endpoint, FourTuple (RFC 791, 4291, 5952).
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/octets.hpp"
#include "base/result.hpp"

namespace dt::wire {

/// Text of an address in a buffer of its own: nothing is allocated. Longest: an IPv6 endpoint.
class AddressText {
  public:
    static constexpr std::size_t capacity = 63;

    [[nodiscard]] constexpr std::string_view view() const { return {chars_.data(), length_}; }
    constexpr operator std::string_view() const {
        return view();
    }  // NOLINT(google-explicit-constructor): it is text

    /// Appends; what does not fit is cut (no address is that long).
    constexpr void append(std::string_view part) {
        for (const char c : part) append(c);
    }
    constexpr void append(char c) {
        if (length_ < capacity) chars_[length_++] = c;
    }
    void append_decimal(std::uint32_t number);
    void append_hex(std::uint32_t number);

  private:
    std::array<char, capacity> chars_{};
    std::uint8_t length_ = 0;
};

/// A 48-bit link address (IEEE 802).
class Mac {
  public:
    static constexpr std::size_t size = 6;

    constexpr Mac() = default;
    constexpr explicit Mac(std::array<std::uint8_t, size> octets) : octets_(octets) {}

    static constexpr Mac broadcast() { return Mac({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}); }
    /// Reads six octets at `offset`; the caller has proved the length.
    static Mac load(Octets from, std::size_t offset);
    void store(MutableOctets to, std::size_t offset) const;
    /// `02:00:00:00:00:01`. Errors: malformed.
    static Result<Mac> parse(std::string_view text);

    [[nodiscard]] constexpr std::array<std::uint8_t, size> octets() const { return octets_; }
    [[nodiscard]] constexpr bool is_broadcast() const { return *this == broadcast(); }
    /// Group bit set; true for the broadcast address too.
    [[nodiscard]] constexpr bool is_multicast() const { return (octets_[0] & 1) != 0; }
    [[nodiscard]] constexpr bool is_zero() const { return *this == Mac{}; }

    friend constexpr bool operator==(const Mac& a, const Mac& b) {
        const auto x = std::bit_cast<std::array<std::uint16_t, 3>>(a.octets_);
        const auto y = std::bit_cast<std::array<std::uint16_t, 3>>(b.octets_);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
    }
    friend constexpr auto operator<=>(const Mac&, const Mac&) = default;

  private:
    std::array<std::uint8_t, size> octets_{};
};

/// An IPv4 address; `value()` is in host order, so comparisons are numeric.
class Ipv4 {
  public:
    static constexpr std::size_t size = 4;

    constexpr Ipv4() = default;
    constexpr explicit Ipv4(std::uint32_t value) : value_(value) {}
    constexpr Ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d)
        : value_(static_cast<std::uint32_t>(a) << 24 | static_cast<std::uint32_t>(b) << 16 |
                 static_cast<std::uint32_t>(c) << 8 | d) {}

    static constexpr Ipv4 any() { return Ipv4{}; }
    static constexpr Ipv4 loopback() { return {127, 0, 0, 1}; }
    static constexpr Ipv4 broadcast() { return {255, 255, 255, 255}; }
    static Ipv4 load(Octets from, std::size_t offset);
    void store(MutableOctets to, std::size_t offset) const;
    /// Dotted decimal, four parts, no leading zeros (as inet_pton). Errors: malformed.
    static Result<Ipv4> parse(std::string_view text);

    [[nodiscard]] constexpr std::uint32_t value() const { return value_; }
    /// Octet `index` (0 to 3) in network order.
    [[nodiscard]] constexpr std::uint8_t octet(unsigned index) const {
        return static_cast<std::uint8_t>(value_ >> (24 - 8 * index));
    }
    [[nodiscard]] constexpr bool is_any() const { return value_ == 0; }
    [[nodiscard]] constexpr bool is_loopback() const { return octet(0) == 127; }
    [[nodiscard]] constexpr bool is_multicast() const { return (value_ >> 28) == 0xe; }
    [[nodiscard]] constexpr bool is_broadcast() const { return value_ == 0xffffffffU; }
    [[nodiscard]] constexpr bool is_link_local() const { return (value_ >> 16) == 0xa9fe; }
    /// 240/4 without the broadcast address: never a source or destination (RFC 1112 §4).
    [[nodiscard]] constexpr bool is_reserved() const {
        return (value_ >> 28) == 0xf && !is_broadcast();
    }
    /// 0/8, "this network" (RFC 1122 §3.2.1.3).
    [[nodiscard]] constexpr bool is_this_network() const { return octet(0) == 0; }

    friend constexpr bool operator==(const Ipv4&, const Ipv4&) = default;
    friend constexpr auto operator<=>(const Ipv4&, const Ipv4&) = default;

  private:
    std::uint32_t value_ = 0;
};

/// An IPv6 address in network order.
class Ipv6 {
  public:
    static constexpr std::size_t size = 16;

    constexpr Ipv6() = default;
    constexpr explicit Ipv6(std::array<std::uint8_t, size> octets) : octets_(octets) {}

    static constexpr Ipv6 any() { return Ipv6{}; }
    static constexpr Ipv6 loopback() {
        return Ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    }
    /// ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
    static constexpr Ipv6 mapped(Ipv4 v4) {
        return of_words({0, std::uint64_t{0xffff} << 32 | v4.value()});
    }
    /// Of two words in address order.
    static constexpr Ipv6 of_words(std::array<std::uint64_t, 2> words) {
        if constexpr (std::endian::native == std::endian::little) {
            words = {std::byteswap(words[0]), std::byteswap(words[1])};
        }
        return Ipv6(std::bit_cast<std::array<std::uint8_t, size>>(words));
    }
    static Ipv6 load(Octets from, std::size_t offset);
    void store(MutableOctets to, std::size_t offset) const;
    /// RFC 4291 §2.2 forms, no zone. Errors: malformed.
    static Result<Ipv6> parse(std::string_view text);

    [[nodiscard]] constexpr std::array<std::uint8_t, size> octets() const { return octets_; }
    /// Group `index` (0 to 7) of sixteen bits.
    [[nodiscard]] constexpr std::uint16_t group(unsigned index) const {
        return static_cast<std::uint16_t>(octets_[std::size_t{2} * index] << 8 |
                                          octets_[std::size_t{2} * index + 1]);
    }
    /// Two words in address order, to be hashed; the same on every machine.
    [[nodiscard]] constexpr std::array<std::uint64_t, 2> words() const {
        auto words = std::bit_cast<std::array<std::uint64_t, 2>>(octets_);
        if constexpr (std::endian::native == std::endian::little) {
            words = {std::byteswap(words[0]), std::byteswap(words[1])};
        }
        return words;
    }
    [[nodiscard]] constexpr bool is_v4_mapped() const {
        return words()[0] == 0 && words()[1] >> 32 == 0xffff;
    }
    [[nodiscard]] constexpr bool is_any() const { return *this == any(); }
    [[nodiscard]] constexpr bool is_loopback() const { return *this == loopback(); }
    [[nodiscard]] constexpr bool is_multicast() const { return octets_[0] == 0xff; }
    [[nodiscard]] constexpr bool is_link_local() const {
        return octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
    }

    friend constexpr bool operator==(const Ipv6&, const Ipv6&) = default;
    friend constexpr auto operator<=>(const Ipv6&, const Ipv6&) = default;

  private:
    std::array<std::uint8_t, size> octets_{};
};

/// The two address families; the value says nothing of AF_INET numbers.
enum class Family : std::uint8_t { v4, v6 };

/// An address of either family in 16 octets: IPv4 is kept v4-mapped, so a mapped IPv6 address and
/// its IPv4 address are the same value. Default: any_v4().
class IpAddr {
  public:
    constexpr IpAddr() : IpAddr(Ipv4::any()) {}
    constexpr IpAddr(Ipv4 v4)
        : octets_(Ipv6::mapped(v4).octets()) {}  // NOLINT(google-explicit-constructor): lossless
    constexpr IpAddr(Ipv6 v6)
        : octets_(v6.octets()) {}  // NOLINT(google-explicit-constructor): lossless

    static constexpr IpAddr any_v4() { return Ipv4::any(); }
    static constexpr IpAddr any_v6() { return Ipv6::any(); }
    static constexpr IpAddr any(Family family) {
        return family == Family::v4 ? any_v4() : any_v6();
    }
    static constexpr IpAddr loopback_v4() { return Ipv4::loopback(); }
    static constexpr IpAddr loopback_v6() { return Ipv6::loopback(); }
    static constexpr IpAddr broadcast() { return Ipv4::broadcast(); }
    /// Either family's text, no brackets. Errors: malformed.
    static Result<IpAddr> parse(std::string_view text);

    [[nodiscard]] constexpr bool is_v4() const { return v6().is_v4_mapped(); }
    [[nodiscard]] constexpr Family family() const { return is_v4() ? Family::v4 : Family::v6; }
    /// The IPv4 address; only sensible where is_v4().
    [[nodiscard]] constexpr Ipv4 v4() const { return Ipv4{static_cast<std::uint32_t>(words()[1])}; }
    /// The sixteen octets as IPv6: v4-mapped where is_v4().
    [[nodiscard]] constexpr Ipv6 v6() const { return Ipv6(octets_); }

    [[nodiscard]] constexpr bool is_any() const { return is_v4() ? v4().is_any() : v6().is_any(); }
    [[nodiscard]] constexpr bool is_loopback() const {
        return is_v4() ? v4().is_loopback() : v6().is_loopback();
    }
    [[nodiscard]] constexpr bool is_multicast() const {
        return is_v4() ? v4().is_multicast() : v6().is_multicast();
    }
    /// 255.255.255.255; a directed broadcast needs the prefix: Prefix::broadcast().
    [[nodiscard]] constexpr bool is_broadcast() const { return is_v4() && v4().is_broadcast(); }
    [[nodiscard]] constexpr bool is_link_local() const {
        return is_v4() ? v4().is_link_local() : v6().is_link_local();
    }
    /// One host's address: neither any, multicast nor limited broadcast.
    [[nodiscard]] constexpr bool is_unicast() const {
        return !is_any() && !is_multicast() && !is_broadcast();
    }
    /// Two words in address order, to be hashed; the same on every machine.
    [[nodiscard]] constexpr std::array<std::uint64_t, 2> words() const { return v6().words(); }

    friend constexpr bool operator==(const IpAddr& a, const IpAddr& b) {
        const auto x = std::bit_cast<std::array<std::uint64_t, 2>>(a.octets_);
        const auto y = std::bit_cast<std::array<std::uint64_t, 2>>(b.octets_);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
    }
    friend constexpr auto operator<=>(const IpAddr& a, const IpAddr& b) {
        return a.octets_ <=> b.octets_;
    }

  private:
    std::array<std::uint8_t, Ipv6::size> octets_;
};

/// A set of addresses with a common leading part: `10.0.0.0/24`.
struct Prefix {
    IpAddr network;
    std::uint8_t length = 0;  ///< bits of the address's own family: 0 to 32, or 0 to 128

    /// The prefix that holds `address`: bits beyond `length` are cleared; a length beyond the
    /// family's is cut to it.
    static Prefix of(IpAddr address, std::uint8_t length);
    /// `10.0.0.2/24` (becomes 10.0.0.0/24). Errors: malformed, also for a length out of range.
    static Result<Prefix> parse(std::string_view text);

    [[nodiscard]] bool contains(const IpAddr& address) const;
    /// The directed broadcast address; the network itself where there is none (IPv6, /31, /32).
    [[nodiscard]] IpAddr broadcast() const;
    /// True for the directed broadcast address of an IPv4 prefix shorter than /31.
    [[nodiscard]] bool is_broadcast(const IpAddr& address) const;

    friend constexpr bool operator==(const Prefix&, const Prefix&) = default;
    friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;
};

/// A TCP or UDP port; 0 means "any" in a bind and is never on the wire of a connection.
class Port {
  public:
    constexpr Port() = default;
    constexpr explicit Port(std::uint16_t value) : value_(value) {}

    static constexpr Port any() { return Port{}; }
    /// Decimal 0 to 65535, or `*`. Errors: malformed.
    static Result<Port> parse(std::string_view text);

    [[nodiscard]] constexpr std::uint16_t value() const { return value_; }
    [[nodiscard]] constexpr bool is_any() const { return value_ == 0; }

    friend constexpr bool operator==(const Port&, const Port&) = default;
    friend constexpr auto operator<=>(const Port&, const Port&) = default;

  private:
    std::uint16_t value_ = 0;
};

/// One end of a conversation.
struct Endpoint {
    IpAddr addr;
    Port port;

    /// `10.0.0.2:8080`, `*:8080` (any_v4), `[::1]:80`. Errors: malformed.
    static Result<Endpoint> parse(std::string_view text);

    friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
    friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// Both ends, seen from one of them.
struct FourTuple {
    Endpoint local;
    Endpoint remote;

    /// The same conversation seen from the other end.
    [[nodiscard]] constexpr FourTuple reversed() const { return {remote, local}; }
    /// Five words to be hashed; the same on every machine.
    [[nodiscard]] constexpr std::array<std::uint64_t, 5> words() const {
        const auto a = local.addr.words();
        const auto b = remote.addr.words();
        const auto ports = static_cast<std::uint32_t>(local.port.value()) << 16;
        return {a[0], a[1], b[0], b[1], ports | remote.port.value()};
    }

    friend constexpr bool operator==(const FourTuple&, const FourTuple&) = default;
    friend constexpr auto operator<=>(const FourTuple&, const FourTuple&) = default;
};

static_assert(sizeof(Endpoint) == 18 && sizeof(FourTuple) == 36 && sizeof(Mac) == 6);
static_assert(std::is_trivially_copyable_v<FourTuple> && std::is_trivially_copyable_v<Prefix>);

/// Link address of a multicast group: 01:00:5e and the low 23 bits (RFC 1112 §6.4), or 33:33 and
/// the low 32 bits (RFC 2464 §7).
[[nodiscard]] Mac multicast_mac(const IpAddr& group);

[[nodiscard]] AddressText print(const Mac& mac);
[[nodiscard]] AddressText print(const Ipv4& address);
/// RFC 5952: longest run of zero groups shortened, lower case, mapped addresses dotted.
[[nodiscard]] AddressText print(const Ipv6& address);
[[nodiscard]] AddressText print(const IpAddr& address);
[[nodiscard]] AddressText print(const Prefix& prefix);
/// Port 0 prints as `*`.
[[nodiscard]] AddressText print(const Port& port);
/// any_v4 prints as `*`, IPv6 in brackets.
[[nodiscard]] AddressText print(const Endpoint& endpoint);

/// For viewers and tests; allocates where the text is long.
template <class T>
requires requires(const T& value) { print(value); }
[[nodiscard]] inline std::string to_string(const T& value) {
    return std::string(print(value).view());
}
/// `10.0.0.1:40000 ↔ 10.0.0.2:8080`, local end first.
[[nodiscard]] inline std::string to_string(const FourTuple& tuple) {
    return to_string(tuple.local) + " ↔ " + to_string(tuple.remote);
}

}  // namespace dt::wire

namespace dt {
using wire::Endpoint;
using wire::Family;
using wire::FourTuple;
using wire::IpAddr;
using wire::Ipv4;
using wire::Ipv6;
using wire::Mac;
using wire::Port;
using wire::Prefix;
}  // namespace dt

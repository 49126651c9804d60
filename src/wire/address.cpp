// Parsing and printing of addresses (RFC 4291 §2.2, RFC 5952).
#include "wire/address.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace dt::wire {

namespace {

std::optional<unsigned> digit_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

/// All of `text` as an unsigned number of 1 to `digits_max` digits, at most `max`.
std::optional<std::uint32_t> number(std::string_view text, unsigned base, std::size_t digits_max,
                                    std::uint32_t max) {
    if (text.empty() || text.size() > digits_max) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text) {
        const auto digit = digit_value(c);
        if (!digit || *digit >= base) return std::nullopt;
        value = value * base + *digit;
    }
    if (value > max) return std::nullopt;
    return value;
}

bool has_leading_zero(std::string_view text) { return text.size() > 1 && text[0] == '0'; }

/// Takes the part before `separator` off `rest`, or all of it when there is none.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t at = rest.find(separator);
    const std::string_view part = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return part;
}

/// The first `bits` bits of an address, the others zero.
std::array<std::uint64_t, 2> masked(std::array<std::uint64_t, 2> words, unsigned bits) {
    static constexpr unsigned word_bits = 64;
    const auto mask_of = [](unsigned ones) {
        return ones == 0 ? 0 : ~std::uint64_t{0} << (word_bits - std::min(ones, word_bits));
    };
    return {words[0] & mask_of(bits), words[1] & mask_of(bits - std::min(bits, word_bits))};
}

/// Bits of the mapped form that a prefix fixes.
unsigned mapped_length(const Prefix& prefix) {
    return prefix.network.is_v4() ? 96U + prefix.length : prefix.length;
}

/// Groups written on one side of `::`, at most eight; a dotted tail counts as two.
struct Groups {
    std::array<std::uint16_t, 8> values{};
    std::size_t count = 0;

    bool add(std::uint32_t value) {
        if (count == values.size()) return false;
        values[count++] = static_cast<std::uint16_t>(value);
        return true;
    }
};

bool add_dotted(Groups& groups, std::string_view part) {
    const auto v4 = Ipv4::parse(part);
    return v4 && groups.add(v4->value() >> 16) && groups.add(v4->value() & 0xffff);
}

/// Parses `a:b:c` or nothing. A dotted IPv4 address may only end it.
std::optional<Groups> parse_groups(std::string_view text) {
    Groups groups;
    if (text.empty()) return groups;
    if (text.back() == ':') return std::nullopt;
    while (!text.empty()) {
        const std::string_view part = take_until(text, ':');
        if (text.empty() && part.find('.') != std::string_view::npos) {
            if (!add_dotted(groups, part)) return std::nullopt;
            continue;
        }
        const auto value = number(part, 16, 4, 0xffff);
        if (!value || !groups.add(*value)) return std::nullopt;
    }
    return groups;
}

Ipv6 assemble(const Groups& head, const Groups& tail) {
    std::array<std::uint8_t, 16> octets{};
    const auto put = [&octets](std::size_t group, std::uint16_t value) {
        octets[2 * group] = static_cast<std::uint8_t>(value >> 8);
        octets[2 * group + 1] = static_cast<std::uint8_t>(value);
    };
    for (std::size_t i = 0; i < head.count; ++i) put(i, head.values[i]);
    for (std::size_t i = 0; i < tail.count; ++i) put(8 - tail.count + i, tail.values[i]);
    return Ipv6(octets);
}

struct Run {
    unsigned first = 8;
    unsigned length = 0;
};

/// RFC 5952 §4.2: the first of the longest runs of at least two zero groups.
Run longest_zero_run(const Ipv6& address) {
    Run best;
    for (unsigned i = 0; i < 8; ++i) {
        unsigned end = i;
        while (end < 8 && address.group(end) == 0) ++end;
        if (end - i > best.length) best = {i, end - i};
    }
    return best.length >= 2 ? best : Run{};
}

}  // namespace

void AddressText::append_decimal(std::uint32_t number) {
    std::array<char, 10> digits{};
    std::size_t first = digits.size();
    do {
        digits[--first] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    append(std::string_view(digits.data() + first, digits.size() - first));
}

void AddressText::append_hex(std::uint32_t number) {
    bool started = false;
    for (int shift = 28; shift >= 0; shift -= 4) {
        const unsigned digit = number >> shift & 0xf;
        started = started || digit != 0 || shift == 0;
        if (started) append("0123456789abcdef"[digit]);
    }
}

Mac Mac::load(Octets from, std::size_t offset) {
    Mac mac;
    std::memcpy(mac.octets_.data(), from.data() + offset, size);
    return mac;
}

void Mac::store(MutableOctets to, std::size_t offset) const {
    std::memcpy(to.data() + offset, octets_.data(), size);
}

Result<Mac> Mac::parse(std::string_view text) {
    if (text.size() != 17) return fail(Error::malformed);
    Mac mac;
    for (std::size_t i = 0; i < size; ++i) {
        if (i > 0 && text[3 * i - 1] != ':') return fail(Error::malformed);
        const auto value = number(text.substr(3 * i, 2), 16, 2, 0xff);
        if (!value) return fail(Error::malformed);
        mac.octets_[i] = static_cast<std::uint8_t>(*value);
    }
    return mac;
}

Ipv4 Ipv4::load(Octets from, std::size_t offset) {
    return Ipv4{load_be<std::uint32_t>(from, offset)};
}

void Ipv4::store(MutableOctets to, std::size_t offset) const {
    store_be<std::uint32_t>(to, offset, value_);
}

Result<Ipv4> Ipv4::parse(std::string_view text) {
    if (std::count(text.begin(), text.end(), '.') != 3) return fail(Error::malformed);
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const std::string_view part = take_until(text, '.');
        const auto octet = number(part, 10, 3, 255);
        if (!octet || has_leading_zero(part)) return fail(Error::malformed);
        value = value << 8 | *octet;
    }
    return Ipv4{value};
}

Ipv6 Ipv6::load(Octets from, std::size_t offset) {
    Ipv6 address;
    std::memcpy(address.octets_.data(), from.data() + offset, size);
    return address;
}

void Ipv6::store(MutableOctets to, std::size_t offset) const {
    std::memcpy(to.data() + offset, octets_.data(), size);
}

Result<Ipv6> Ipv6::parse(std::string_view text) {
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        const auto all = parse_groups(text);
        if (!all || all->count != 8) return fail(Error::malformed);
        return assemble(*all, {});
    }
    const std::string_view before_gap = text.substr(0, gap);
    const auto head = parse_groups(before_gap);
    const auto tail = parse_groups(text.substr(gap + 2));
    const bool is_dotted_head = before_gap.find('.') != std::string_view::npos;
    if (!head || !tail || is_dotted_head) return fail(Error::malformed);
    if (head->count + tail->count > 7) return fail(Error::malformed);
    return assemble(*head, *tail);
}

Result<IpAddr> IpAddr::parse(std::string_view text) {
    if (text.find(':') == std::string_view::npos) {
        DT_TRY(address, Ipv4::parse(text));
        return IpAddr(address);
    }
    DT_TRY(address, Ipv6::parse(text));
    return IpAddr(address);
}

Prefix Prefix::of(IpAddr address, std::uint8_t length) {
    const std::uint8_t longest = address.is_v4() ? 32 : 128;
    Prefix prefix{address, std::min(length, longest)};
    prefix.network = Ipv6::of_words(masked(address.words(), mapped_length(prefix)));
    return prefix;
}

Result<Prefix> Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return fail(Error::malformed);
    DT_TRY(address, IpAddr::parse(text.substr(0, slash)));
    const std::string_view digits = text.substr(slash + 1);
    const auto length = number(digits, 10, 3, address.is_v4() ? 32 : 128);
    if (!length || has_leading_zero(digits)) return fail(Error::malformed);
    return of(address, static_cast<std::uint8_t>(*length));
}

bool Prefix::contains(const IpAddr& address) const {
    if (address.is_v4() != network.is_v4()) return false;
    const unsigned bits = mapped_length(*this);
    return masked(address.words(), bits) == masked(network.words(), bits);
}

IpAddr Prefix::broadcast() const {
    if (!network.is_v4() || length >= 31) return network;
    return Ipv4{network.v4().value() | (0xffffffffU >> length)};
}

bool Prefix::is_broadcast(const IpAddr& address) const {
    return network.is_v4() && length < 31 && address == broadcast();
}

Result<Port> Port::parse(std::string_view text) {
    if (text == "*") return Port::any();
    const auto value = number(text, 10, 5, 65535);
    if (!value || has_leading_zero(text)) return fail(Error::malformed);
    return Port{static_cast<std::uint16_t>(*value)};
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail(Error::malformed);
    std::string_view host = text.substr(0, colon);
    DT_TRY(port, Port::parse(text.substr(colon + 1)));
    if (host == "*") return Endpoint{IpAddr::any_v4(), port};
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        DT_TRY(address, Ipv6::parse(host.substr(1, host.size() - 2)));
        return Endpoint{address, port};
    }
    DT_TRY(address, Ipv4::parse(host));
    return Endpoint{address, port};
}

Mac multicast_mac(const IpAddr& group) {
    const auto o = group.v6().octets();
    if (group.is_v4()) {
        return Mac({0x01, 0x00, 0x5e, static_cast<std::uint8_t>(o[13] & 0x7f), o[14], o[15]});
    }
    return Mac({0x33, 0x33, o[12], o[13], o[14], o[15]});
}

AddressText print(const Mac& mac) {
    AddressText text;
    for (std::size_t i = 0; i < Mac::size; ++i) {
        if (i > 0) text.append(':');
        if (mac.octets()[i] < 0x10) text.append('0');
        text.append_hex(mac.octets()[i]);
    }
    return text;
}

AddressText print(const Ipv4& address) {
    AddressText text;
    for (unsigned i = 0; i < 4; ++i) {
        if (i > 0) text.append('.');
        text.append_decimal(address.octet(i));
    }
    return text;
}

AddressText print(const Ipv6& address) {
    AddressText text;
    if (address.is_v4_mapped()) {
        text.append("::ffff:");
        text.append(print(IpAddr(address).v4()));
        return text;
    }
    const Run zeros = longest_zero_run(address);
    for (unsigned i = 0; i < 8; ++i) {
        if (i == zeros.first) {
            text.append("::");
            i += zeros.length - 1;
            continue;
        }
        if (i > 0 && i != zeros.first + zeros.length) text.append(':');
        text.append_hex(address.group(i));
    }
    return text;
}

AddressText print(const IpAddr& address) {
    return address.is_v4() ? print(address.v4()) : print(address.v6());
}

AddressText print(const Prefix& prefix) {
    AddressText text = print(prefix.network);
    text.append('/');
    text.append_decimal(prefix.length);
    return text;
}

AddressText print(const Port& port) {
    AddressText text;
    if (port.is_any()) {
        text.append('*');
        return text;
    }
    text.append_decimal(port.value());
    return text;
}

AddressText print(const Endpoint& endpoint) {
    AddressText text;
    if (endpoint.addr == IpAddr::any_v4()) {
        text.append('*');
    } else if (endpoint.addr.is_v4()) {
        text.append(print(endpoint.addr.v4()));
    } else {
        text.append('[');
        text.append(print(endpoint.addr.v6()));
        text.append(']');
    }
    text.append(':');
    text.append(print(endpoint.port));
    return text;
}

}  // namespace dt::wire

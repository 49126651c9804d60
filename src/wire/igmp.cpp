// IGMP and MLDv2 messages, parsed and made.
#include "wire/igmp.hpp"

#include "base/checksum.hpp"

namespace dt::wire {

namespace {

constexpr std::uint8_t igmp_query = 0x11;
constexpr std::uint8_t igmp_v2_report = 0x16;
constexpr std::uint8_t igmp_v2_leave = 0x17;
constexpr std::uint8_t igmp_v3_report = 0x22;
constexpr std::size_t checksum_at = 2;
constexpr std::size_t records_at = 8;

std::uint8_t octet(Octets message, std::size_t at) {
    return std::to_integer<std::uint8_t>(message[at]);
}

/// A count in which the larger half is floating-point (RFC 3376 §4.1.1, RFC 3810 §5.1.3): a sign,
/// three bits of exponent, the rest mantissa.
std::uint32_t unfold(std::uint32_t code, unsigned bits) {
    const std::uint32_t limit = 1U << (bits - 1);
    if (code < limit) return code;
    const unsigned mantissa_bits = bits - 4;
    const std::uint32_t mantissa = (code & ((1U << mantissa_bits) - 1)) | 1U << mantissa_bits;
    return mantissa << ((code >> mantissa_bits & 7U) + 3);
}

template <std::size_t Size>
void finish(std::array<std::byte, Size>& message) {
    store_be(MutableOctets{message}, checksum_at, Checksum::of(message).finish());
}

}  // namespace

Result<GroupQuery> GroupQuery::parse_igmp(Octets message) {
    constexpr std::size_t size_v2 = 8;
    constexpr std::size_t size_v3 = 12;
    if (message.size() < size_v2) return fail(Error::truncated);
    const std::uint8_t code = octet(message, 1);
    const bool is_v3 = message.size() >= size_v3;
    // Other lengths are to be ignored (RFC 3376 §7.1). Version 1 has no code; in version 3 it is
    // "at once".
    const bool has_version = is_v3 || (message.size() == size_v2 && code != 0);
    if (octet(message, 0) != igmp_query || !has_version) return fail(Error::malformed);
    GroupQuery query;
    query.group = Ipv4::load(message, 4);
    query.version = is_v3 ? Version::three : Version::two;
    constexpr auto tenth = std::chrono::milliseconds{100};
    query.max_response = tenth * (is_v3 ? unfold(code, 8) : code);
    return query;
}

Result<GroupQuery> GroupQuery::parse_mld(Octets message) {
    constexpr std::size_t size_v1 = 24;
    constexpr std::size_t size_v2 = 28;
    if (message.size() < size_v1) return fail(Error::truncated);
    // Lengths between are to be ignored (RFC 3810 §8.1).
    const bool has_version = message.size() == size_v1 || message.size() >= size_v2;
    if (octet(message, 0) != mld_query_type || !has_version) return fail(Error::malformed);
    GroupQuery query;
    const Ipv6 group = Ipv6::load(message, records_at);
    if (!group.is_any() && !group.is_multicast()) return fail(Error::malformed);
    query.group = group;
    query.max_response = std::chrono::milliseconds{unfold(load_be<std::uint16_t>(message, 4), 16)};
    return query;
}

std::array<std::byte, 16> make_igmp_report(GroupRecord record, const Ipv4& group) {
    std::array<std::byte, 16> message{};
    message[0] = static_cast<std::byte>(igmp_v3_report);
    message[7] = std::byte{1};  // records
    message[records_at] = static_cast<std::byte>(record);
    group.store(message, records_at + 4);
    finish(message);
    return message;
}

std::array<std::byte, 8> make_igmp_v2(GroupRecord record, const Ipv4& group) {
    std::array<std::byte, 8> message{};
    const bool leaves = record == GroupRecord::leaves;
    message[0] = static_cast<std::byte>(leaves ? igmp_v2_leave : igmp_v2_report);
    group.store(message, 4);
    finish(message);
    return message;
}

std::array<std::byte, 28> make_mld_report(GroupRecord record, const Ipv6& group) {
    std::array<std::byte, 28> message{};
    message[0] = static_cast<std::byte>(mld_report_type);
    message[7] = std::byte{1};  // records
    message[records_at] = static_cast<std::byte>(record);
    group.store(message, records_at + 4);
    return message;
}

}  // namespace dt::wire

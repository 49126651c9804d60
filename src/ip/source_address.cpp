// Choice of an IPv6 source address.
#include "ip/source_address.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace dt::ip {

namespace {

struct Policy {
    std::array<std::uint8_t, 16> prefix;
    std::uint8_t length;  // bits
    int label;
};

// RFC 6724 §2.1, longest prefix first; IPv4 has no place here. Labels are compared for equality
// alone, so their numbers need not be Linux's; its grouping is, which has ORCHID (RFC 4843) too.
constexpr std::array policies{
    Policy{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 0},
    Policy{{}, 96, 3},
    Policy{{0x20, 0x01}, 32, 5},
    Policy{{0x20, 0x01, 0x00, 0x10}, 28, 7},
    Policy{{0x20, 0x02}, 16, 2},
    Policy{{0x3f, 0xfe}, 16, 12},
    Policy{{0xfe, 0xc0}, 10, 11},
    Policy{{0xfc}, 7, 13},
};
constexpr int default_label = 1;  // ::/0

/// How far an address reaches (RFC 6724 §3.1, RFC 4007): the scope field of a group.
enum class Scope : std::uint8_t { interface = 1, link = 2, site = 5, global = 14 };

Scope scope_of(const Ipv6& address) {
    if (address.is_multicast()) {
        return static_cast<Scope>(address.octets()[1] & 0x0f);
    }
    if (address.is_loopback() || address.is_link_local()) return Scope::link;
    return Scope::global;
}

unsigned common_bits(const Ipv6& a, const Ipv6& b, unsigned most) {
    unsigned bits = 0;
    for (unsigned i = 0; i < 16; ++i) {
        const auto differs = static_cast<std::uint8_t>(a.octets()[i] ^ b.octets()[i]);
        if (differs != 0)
            return std::min(most, bits + static_cast<unsigned>(std::countl_zero(differs)));
        bits += 8;
    }
    return std::min(most, bits);
}

enum class Age : std::uint8_t { preferred, deprecated };

struct Candidate {
    Ipv6 address;
    std::uint8_t length = 0;  // bits of its prefix
    InterfaceIndex interface = 0;
    Age age = Age::preferred;
};

/// Whether `own` may be the source of what leaves by `out` for `to` (RFC 6724 §4): a link-local
/// address is of use on its own link only.
bool is_of_use(const Candidate& own, InterfaceIndex out, const Ipv6& to) {
    if (own.address == to) return true;
    if (own.address.is_loopback() && out != loopback_interface) return false;
    if (own.interface == out) return true;
    const bool stays_on_link = scope_of(to) == Scope::link && out != loopback_interface;
    return scope_of(own.address) != Scope::link && !stays_on_link;
}

/// True where `a` is to be preferred to `b`, by the first rule that tells them apart.
bool is_better(const Candidate& a, const Candidate& b, InterfaceIndex out, const Ipv6& to) {
    if (a.address == to || b.address == to) return a.address == to;  // 1: the same address
    const Scope scope_a = scope_of(a.address);                       // 2: appropriate scope
    const Scope scope_b = scope_of(b.address);
    if (scope_a < scope_b) return scope_a >= scope_of(to);
    if (scope_b < scope_a) return scope_b < scope_of(to);
    if (a.age != b.age) return a.age == Age::preferred;  // 3: no deprecated address
    const bool leaves_a = a.interface == out;            // 5: the outgoing interface
    const bool leaves_b = b.interface == out;
    if (leaves_a != leaves_b) return leaves_a;
    const bool matches_a = policy_label(a.address) == policy_label(to);  // 6: matching label
    const bool matches_b = policy_label(b.address) == policy_label(to);
    if (matches_a != matches_b) return matches_a;
    return common_bits(a.address, to, a.length) > common_bits(b.address, to, b.length);  // 8
}

}  // namespace

int policy_label(const Ipv6& address) {
    for (const Policy& policy : policies) {
        if (common_bits(address, Ipv6(policy.prefix), policy.length) == policy.length) {
            return policy.label;
        }
    }
    return default_label;
}

std::optional<IpAddr> choose_source_v6(const InterfaceTable& interfaces, InterfaceIndex out,
                                       const Ipv6& destination) {
    std::optional<Candidate> best;
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
        const auto index = static_cast<InterfaceIndex>(i);
        for (const wire::Prefix& own : interfaces.at(index).addresses) {
            if (own.network.is_v4()) continue;
            const Age age =
                interfaces.is_deprecated(own.network) ? Age::deprecated : Age::preferred;
            const Candidate candidate{own.network.v6(), own.length, index, age};
            if (!is_of_use(candidate, out, destination)) continue;
            if (!best || is_better(candidate, *best, out, destination)) best = candidate;
        }
    }
    return best ? std::optional(IpAddr(best->address)) : std::nullopt;
}

}  // namespace dt::ip

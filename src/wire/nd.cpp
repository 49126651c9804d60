// Messages of neighbour discovery, parsed and emitted.
#include "wire/nd.hpp"

#include <algorithm>

namespace dt::wire {

namespace {

/// Options of RFC 4861 §4.6 and RFC 3971; an open set.
enum class OptionKind : std::uint8_t {
    source_link = 1,
    target_link = 2,
    prefix = 3,
    mtu = 5,
    nonce = 14,
};

constexpr std::size_t unit = 8;  // of an option's length field, in octets
constexpr std::size_t target_at = 8;
constexpr std::size_t options_at = 24;  // of solicitations and advertisements of neighbours

PrefixInformation read_prefix(Octets option) {
    const auto flags = std::to_integer<unsigned>(option[3]);
    return {.prefix = Ipv6::load(option, 16),
            .length = std::to_integer<std::uint8_t>(option[2]),
            .on_link = (flags & 0x80) != 0,
            .autonomous = (flags & 0x40) != 0,
            .valid_s = load_be<std::uint32_t>(option, 4),
            .preferred_s = load_be<std::uint32_t>(option, 8)};
}

void read_option(NdOptions& options, Octets option) {
    switch (static_cast<OptionKind>(option[0])) {
        case OptionKind::source_link: options.source_link = Mac::load(option, 2); return;
        case OptionKind::target_link: options.target_link = Mac::load(option, 2); return;
        case OptionKind::prefix:
            if (option.size() != 32 || options.prefix_count == NdOptions::prefixes_max) return;
            options.prefixes[options.prefix_count++] = read_prefix(option);
            return;
        case OptionKind::mtu: options.mtu = load_be<std::uint32_t>(option, 4); return;
        case OptionKind::nonce: {
            std::array<std::byte, 6> nonce{};
            std::copy_n(option.begin() + 2, nonce.size(), nonce.begin());
            options.nonce = nonce;
            return;
        }
    }
}

/// The options of a message whose fixed part ends at `at`.
Result<NdOptions> options_from(Octets message, std::size_t at) {
    if (message.size() < at) return fail(Error::truncated);
    return NdOptions::parse(message.subspan(at));
}

template <std::size_t Size>
void put_link_option(std::array<std::byte, Size>& to, std::size_t at, OptionKind kind,
                     const Mac& own) {
    to[at] = static_cast<std::byte>(kind);
    to[at + 1] = std::byte{1};
    own.store(to, at + 2);
}

}  // namespace

Result<NdOptions> NdOptions::parse(Octets octets) {
    NdOptions options;
    while (!octets.empty()) {
        if (octets.size() < unit) return fail(Error::malformed);
        const std::size_t length = unit * std::to_integer<std::size_t>(octets[1]);
        if (length == 0 || length > octets.size()) return fail(Error::malformed);
        read_option(options, octets.first(length));
        octets = octets.subspan(length);
    }
    return options;
}

Result<NeighborSolicitation> NeighborSolicitation::parse(Octets message) {
    DT_TRY(options, options_from(message, options_at));
    return NeighborSolicitation{Ipv6::load(message, target_at), options};
}

Result<NeighborAdvertisement> NeighborAdvertisement::parse(Octets message) {
    DT_TRY(options, options_from(message, options_at));
    const auto flags = std::to_integer<unsigned>(message[4]);
    return NeighborAdvertisement{.target = Ipv6::load(message, target_at),
                                 .is_router = (flags & 0x80) != 0,
                                 .solicited = (flags & 0x40) != 0,
                                 .overrides = (flags & 0x20) != 0,
                                 .options = options};
}

Result<RouterAdvertisement> RouterAdvertisement::parse(Octets message) {
    DT_TRY(options, options_from(message, 16));
    RouterAdvertisement advertisement;
    advertisement.hop_limit = std::to_integer<std::uint8_t>(message[4]);
    switch (std::to_integer<unsigned>(message[5]) >> 3 & 3U) {  // RFC 4191 §2.1
        case 1: advertisement.preference = 1; break;
        case 3: advertisement.preference = -1; break;
        default: break;  // medium, and the reserved value, which counts as medium
    }
    advertisement.lifetime_s = load_be<std::uint16_t>(message, 6);
    advertisement.reachable_ms = load_be<std::uint32_t>(message, 8);
    advertisement.retrans_ms = load_be<std::uint32_t>(message, 12);
    advertisement.options = options;
    return advertisement;
}

Result<RedirectMessage> RedirectMessage::parse(Octets message) {
    DT_TRY(options, options_from(message, 40));
    return RedirectMessage{Ipv6::load(message, 8), Ipv6::load(message, 24), options};
}

std::array<std::byte, 32> make_solicitation(const Ipv6& target, const Mac& own) {
    std::array<std::byte, 32> message{};
    Icmpv6Repr{Icmpv6Type::neighbor_solicitation, 0, 0}.emit(message);
    target.store(message, target_at);
    put_link_option(message, options_at, OptionKind::source_link, own);
    return message;
}

std::array<std::byte, 32> make_advertisement(const NeighborAdvertisement& message, const Mac& own) {
    std::array<std::byte, 32> octets{};
    const std::uint32_t flags = (message.is_router ? 0x8000'0000U : 0U) |
                                (message.solicited ? 0x4000'0000U : 0U) |
                                (message.overrides ? 0x2000'0000U : 0U);
    Icmpv6Repr{Icmpv6Type::neighbor_advertisement, 0, flags}.emit(octets);
    message.target.store(octets, target_at);
    put_link_option(octets, options_at, OptionKind::target_link, own);
    return octets;
}

std::array<std::byte, 16> make_router_solicitation(const Mac& own) {
    constexpr std::size_t option_at = 8;
    std::array<std::byte, 16> message{};
    Icmpv6Repr{Icmpv6Type::router_solicitation, 0, 0}.emit(message);
    put_link_option(message, option_at, OptionKind::source_link, own);
    return message;
}

std::array<std::byte, 32> make_probe(const Ipv6& target, const std::array<std::byte, 6>& nonce) {
    std::array<std::byte, 32> message{};
    Icmpv6Repr{Icmpv6Type::neighbor_solicitation, 0, 0}.emit(message);
    target.store(message, target_at);
    message[options_at] = static_cast<std::byte>(OptionKind::nonce);
    message[options_at + 1] = std::byte{1};
    std::ranges::copy(nonce, message.begin() + options_at + 2);
    return message;
}

}  // namespace dt::wire

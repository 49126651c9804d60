// Walk along a chain of IPv6 extension headers.
#include "ip/extensions.hpp"

#include <algorithm>
#include <optional>

namespace dt::ip {

namespace {

using event::Reason;
using wire::NextHeader;
using wire::Parameter6Code;

constexpr std::uint8_t option_pad1 = 0;
constexpr std::uint8_t option_padn = 1;
constexpr std::uint8_t option_router_alert = 5;  // RFC 2711: for routers, nothing to a host

/// What a host does with an option it does not know: the two high bits of its type (RFC 8200 §4.2).
enum class OptionAction : std::uint8_t { skip = 0, drop = 1, tell = 2, tell_one = 3 };

Chain dropped(Reason reason) {
    Chain chain;
    chain.verdict = Chain::Verdict::drop;
    chain.reason = reason;
    return chain;
}

Chain problem(Parameter6Code code, std::size_t pointer, Reason reason) {
    Chain chain;
    chain.verdict = Chain::Verdict::problem;
    chain.code = code;
    chain.pointer = static_cast<std::uint32_t>(pointer);
    chain.reason = reason;
    return chain;
}

bool is_padding(std::uint8_t type) { return type == option_pad1 || type == option_padn; }

/// What an unknown option at `at` comes to; transport where it is skipped.
Chain judge_unknown(std::uint8_t type, std::size_t at) {
    switch (static_cast<OptionAction>(type >> 6)) {
        case OptionAction::skip: return {};
        case OptionAction::drop: return dropped(Reason::unknown_option);
        case OptionAction::tell: {
            Chain told = problem(Parameter6Code::option, at, Reason::unknown_option);
            told.tell = Chain::Tell::many_too;
            return told;
        }
        case OptionAction::tell_one:
            return problem(Parameter6Code::option, at, Reason::unknown_option);
    }
    return {};
}

/// What the option `option`, at `at` in its packet, comes to by itself; transport where the walk
/// goes on.
Chain judge_option(Octets option, std::size_t at) {
    const auto type = std::to_integer<std::uint8_t>(option[0]);
    if (type == option_pad1 || type == option_router_alert) return {};
    if (type != option_padn) return judge_unknown(type, at);
    const auto is_zero = [](std::byte octet) { return octet == std::byte{0}; };
    const bool is_blank = std::ranges::all_of(option.subspan(2), is_zero);
    return is_blank ? Chain{} : dropped(Reason::bad_header);
}

/// Octets of the option at the front of `rest`; nothing where it runs past the end.
std::optional<std::size_t> option_length(Octets rest) {
    if (std::to_integer<std::uint8_t>(rest[0]) == option_pad1) return 1;
    if (rest.size() < 2) return std::nullopt;
    const std::size_t length = 2 + std::to_integer<std::size_t>(rest[1]);
    return length <= rest.size() ? std::optional(length) : std::nullopt;
}

/// The options of the header at [begin, end) of `packet` (RFC 8200 §4.2).
Chain read_options(Octets packet, std::size_t begin, std::size_t end) {
    std::size_t padding = 0;
    for (std::size_t at = begin + 2; at < end;) {
        const auto length = option_length(packet.subspan(at, end - at));
        if (!length) return dropped(Reason::bad_header);
        const Octets option = packet.subspan(at, *length);
        padding = is_padding(std::to_integer<std::uint8_t>(option[0])) ? padding + *length : 0;
        if (padding > padding_max) return dropped(Reason::bad_header);
        const Chain judged = judge_option(option, at);
        if (judged.verdict != Chain::Verdict::transport) return judged;
        at += *length;
    }
    return {};
}

/// The header at `chain.offset` of `length` octets; transport where the walk goes on.
Chain read_header(Octets packet, const Chain& chain, std::size_t length) {
    switch (chain.protocol) {
        case NextHeader::hop_by_hop:
        case NextHeader::destination_options:
            return read_options(packet, chain.offset, chain.offset + length);
        case NextHeader::routing: {
            constexpr std::size_t type_at = 2;
            const bool has_segments_left = packet[chain.offset + 3] != std::byte{0};
            if (!has_segments_left) return {};  // IP6-007
            return problem(Parameter6Code::field, chain.offset + type_at, Reason::source_routed);
        }
        case NextHeader::fragment:
        case NextHeader::tcp:
        case NextHeader::udp:
        case NextHeader::icmpv6:
        case NextHeader::none: break;
    }
    return {};
}

}  // namespace

Chain walk_chain(Octets packet) {
    Chain chain;
    chain.protocol = static_cast<NextHeader>(packet[chain.named_at]);
    chain.offset = wire::Ipv6View::header_length;
    for (int headers = 0; wire::is_extension(chain.protocol); ++headers) {
        if (headers == headers_max) return dropped(Reason::bad_header);
        // Hop-by-hop options stand first or nowhere (IP6-003).
        if (chain.protocol == NextHeader::hop_by_hop &&
            chain.offset != wire::Ipv6View::header_length) {
            return problem(Parameter6Code::next_header, chain.named_at, Reason::unknown_protocol);
        }
        if (chain.offset + 8 > packet.size()) return dropped(Reason::bad_header);
        if (chain.protocol == NextHeader::fragment) {
            chain.verdict = Chain::Verdict::fragment;
            return chain;
        }
        const std::size_t length =
            wire::extension_length(chain.protocol, packet.subspan(chain.offset));
        if (chain.offset + length > packet.size()) return dropped(Reason::bad_header);
        const Chain judged = read_header(packet, chain, length);
        if (judged.verdict != Chain::Verdict::transport) return judged;
        chain.named_at = chain.offset;
        chain.protocol = static_cast<NextHeader>(packet[chain.offset]);
        chain.offset += length;
    }
    if (chain.protocol == NextHeader::none) chain.verdict = Chain::Verdict::nothing;
    return chain;
}

bool holds_all_headers(Octets packet) {
    const auto place = wire::find_transport(packet);
    if (!place) return false;
    std::size_t least = 0;
    switch (place->protocol) {
        case NextHeader::tcp: least = 20; break;
        case NextHeader::udp:
        case NextHeader::icmpv6: least = 8; break;
        case NextHeader::hop_by_hop:
        case NextHeader::routing:
        case NextHeader::fragment:
        case NextHeader::destination_options:
        case NextHeader::none: break;
    }
    return place->offset + least <= packet.size();
}

}  // namespace dt::ip

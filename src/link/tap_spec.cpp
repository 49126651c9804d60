// Reading `--tap`.
#include "link/tap_spec.hpp"

#include <algorithm>
#include <array>

namespace dt::link {

namespace {

constexpr std::string_view example = "dt0,ip=10.9.0.2/24,gw=10.9.0.1";
constexpr auto words = std::to_array<std::string_view>({"ip", "gw"});
constexpr std::string_view auto_word = "auto6";
constexpr std::string_view dhcp_word = "dhcp";
// A subnet with two hosts at least, and one that is not the half of all addresses.
constexpr std::uint8_t length_min = 8;
constexpr std::uint8_t length_max = 30;

TextError error_at(Token token, std::string sentence) {
    return {token.column, std::max(token.length(), 1U), std::move(sentence),
            "write --tap " + std::string(example)};
}

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

/// As the kernel takes them: no slash, no colon, no blank; a letter or digit first.
bool is_name(std::string_view name) {
    const auto is_alnum = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    const auto may_follow = [&](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
    return !name.empty() && name.size() <= TapSpec::name_max && is_alnum(name.front()) &&
           std::ranges::all_of(name, may_follow);
}

std::optional<TextError> read_address(Token value, TapSpec& tap) {
    const std::size_t slash = value.text.find('/');
    const auto address = Ipv4::parse(value.text.substr(0, slash));
    const auto network = wire::Prefix::parse(value.text);
    if (slash == std::string_view::npos || !address || !network) {
        return error_at(value, "ip=" + std::string(value.text) +
                                   " is no IPv4 address with the length of its prefix");
    }
    if (network->length < length_min || network->length > length_max)
        return error_at(value, "a prefix has 8 to 30 bits here");
    if (network->network == IpAddr{*address} || network->is_broadcast(*address))
        return error_at(value, quoted(value.text) + " names a network, not a host of it");
    tap.address = *address;
    tap.network = *network;
    return std::nullopt;
}

std::optional<TextError> read_gateway(Token value, TapSpec& tap) {
    const auto gateway = Ipv4::parse(value.text);
    if (!gateway) return error_at(value, quoted(value.text) + " is no IPv4 address");
    if (!tap.address) return error_at(value, "gw= needs ip= before it");
    const IpAddr address = *gateway;
    const bool is_host = tap.network.contains(address) && address != tap.network.network &&
                         !tap.network.is_broadcast(address) && address != *tap.address;
    if (!is_host) {
        return error_at(value, "gateway " + std::string(value.text) +
                                   " is no other host of the network of ip=");
    }
    tap.gateway = address;
    return std::nullopt;
}

std::optional<TextError> read_item(Token item, TapSpec& tap) {
    const std::size_t equals = item.text.find('=');
    const std::string_view key = item.text.substr(0, equals);
    if (item.text == auto_word || item.text == dhcp_word) {
        event::Switch& what = item.text == auto_word ? tap.autoconf : tap.dhcp;
        if (what == event::Switch::on) {
            return error_at(item, quoted(item.text) + " is given twice");
        }
        what = event::Switch::on;
        return std::nullopt;
    }
    if (std::ranges::find(words, key) == words.end())
        return error_at(item, quoted(key) + " is not known; a tap has ip=, gw=, dhcp and auto6");
    if (equals == std::string_view::npos || equals + 1 == item.text.size())
        return error_at(item, quoted(key) + " needs a value");
    const Token value{item.text.substr(equals + 1),
                      item.column + static_cast<std::uint32_t>(equals) + 1};
    const bool is_address = key == words[0];
    if (is_address ? tap.address.has_value() : tap.gateway.has_value())
        return error_at(item, quoted(key) + " is given twice");
    return is_address ? read_address(value, tap) : read_gateway(value, tap);
}

}  // namespace

Parsed<TapSpec> parse_tap(std::string_view text) {
    const std::vector<Token> parts = split(trimmed({text, 1}), ',');
    TapSpec tap;
    tap.name = parts.front().text;
    if (!is_name(tap.name)) {
        return std::unexpected(
            error_at(parts.front(), quoted(tap.name) + " is no name of an interface"));
    }
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (auto error = read_item(parts[i], tap)) return std::unexpected(*error);
        if (tap.dhcp == event::Switch::on && tap.address) {
            return std::unexpected(
                error_at(parts[i], "with dhcp the address is leased: there is no ip= beside it"));
        }
    }
    return tap;
}

}  // namespace dt::link

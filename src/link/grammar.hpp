// The one grammar of links and faults: a string of network.toml is exactly a flag's value.
//
//     spec  = [ where ":" ] item { "," item }        item = WORD | WORD "=" value
//     where = NAME | NAME "->" NAME | NAME "<->" NAME
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "link/spec.hpp"
#include "link/values.hpp"

namespace dt::link {

/// `client<->proxy: delay=20ms,loss=0.1%`: what follows `--link`, or a string of `links`.
[[nodiscard]] Parsed<LinkItem> parse_link(std::string_view text);
/// `app->proxy: drop,seg=data,nth=1`: what follows `--fault`, or a string of `faults`.
[[nodiscard]] Parsed<FaultSpec> parse_fault(std::string_view text);

/// The error of the first name in `where` that no host has; nothing where all are known.
[[nodiscard]] std::optional<TextError> unknown_host(const Where& where,
                                                    std::span<const std::string> hosts);

/// How hosts are joined: by one switch whose directions the items describe (`run`), or by one link
/// for each pair that the items name, in their order (`up`; items without two names describe all).
enum class Joining : std::uint8_t { one_switch, as_written };

/// An error in one of several texts.
struct ItemError {
    std::size_t item = 0;
    TextError error;
};
/// The links of a world. Without any pair, and always for `one_switch`, one link joins all hosts.
/// Errors: an unknown host, a link of a host with itself, a host that no link reaches.
[[nodiscard]] std::expected<std::vector<LinkSpec>, ItemError> join(
    std::span<const std::string> hosts, std::span<const LinkItem> items, Joining joining);

}  // namespace dt::link

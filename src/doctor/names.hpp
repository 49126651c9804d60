// Names of hosts as addresses: what the resolver of this host says.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "wire/address.hpp"

namespace dt::doctor {

/// A name that could not be looked up.
struct NameTrouble {
    std::string why;            ///< the resolver's own words
    bool is_temporary = false;  ///< no name server answered: the name may be right
};

/// The addresses of `name` in the order in which a program would try them, each once.
[[nodiscard]] std::expected<std::vector<IpAddr>, NameTrouble> look_up(const std::string& name);

}  // namespace dt::doctor

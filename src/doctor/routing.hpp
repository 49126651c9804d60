// rtnetlink answers as addresses, neighbours and routes (rtnetlink(7)). Pure: bytes in, values out.
#pragma once

#include <vector>

#include "doctor/inet_diag.hpp"

namespace dt::doctor {

[[nodiscard]] DumpStep read_addresses(Octets datagram, std::vector<rules::LocalAddress>& out);
[[nodiscard]] DumpStep read_neighbours(Octets datagram, std::vector<rules::Neighbour>& out);
[[nodiscard]] DumpStep read_route(Octets datagram, std::optional<rules::Route>& out);
/// What an error number of a route request says of the destination.
[[nodiscard]] rules::RouteKind kind_of_route_error(int error);

}  // namespace dt::doctor

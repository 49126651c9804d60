// Choice among routes.
#include "ip/route.hpp"

namespace dt::ip {

bool RouteTable::is_better(const Route& route, const Route* than) {
    if (than == nullptr) return true;
    if (route.destination.length != than->destination.length) {
        return route.destination.length > than->destination.length;
    }
    return route.metric < than->metric;
}

std::optional<Hop> RouteTable::hop(const Route* route, const IpAddr& destination) {
    if (route == nullptr) return std::nullopt;
    return Hop{route->interface, route->gateway.value_or(destination), route->mtu};
}

}  // namespace dt::ip

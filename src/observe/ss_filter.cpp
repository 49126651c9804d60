// Filter words of `dialtone ss`, as ss knows them: state NAME, sport = :PORT, dport, src, dst; and
// proto tcp|udp, which is what its -t and -u ask for.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "observe/ss.hpp"

namespace dt::observe {

namespace {

using event::SocketView;

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::optional<std::uint16_t> port_of(std::string_view word) {
    if (word.starts_with(':')) word.remove_prefix(1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return port;
}

/// One condition on a socket.
struct Condition {
    enum class What : std::uint8_t { state, proto, sport, dport, src, dst } what = What::state;
    std::string state;
    event::Transport transport = event::Transport::tcp;
    std::uint16_t port = 0;
    IpAddr address;

    [[nodiscard]] bool holds(const SocketView& socket) const {
        switch (what) {
            case What::state:
                return socket.transport == event::Transport::tcp &&
                       lower(event::name(socket.state)) == state;
            case What::proto: return socket.transport == transport;
            case What::sport: return socket.local.port.value() == port;
            case What::dport: return socket.peer.port.value() == port;
            case What::src: return socket.local.addr == address;
            case What::dst: return socket.peer.addr == address;
        }
        return false;
    }
};

std::string state_names() {
    std::string names = "states: ";
    for (std::size_t i = 0; i < event::state_count; ++i) {
        if (i > 0) names += ", ";
        names += lower(event::name(static_cast<event::State>(i)));
    }
    return names;
}

using Parsed = std::expected<Condition, FilterError>;

Parsed state_condition(const std::string& object) {
    Condition condition;
    condition.state = lower(object);
    if (condition.state == "estab") condition.state = "established";
    if (condition.state == "syn-recv") condition.state = "syn-received";
    if (condition.state == "unconn") condition.state = "closed";
    if (condition.state == "listening") condition.state = "listen";
    for (std::size_t i = 0; i < event::state_count; ++i) {
        if (lower(event::name(static_cast<event::State>(i))) == condition.state) return condition;
    }
    return std::unexpected(FilterError{object, state_names()});
}

Parsed proto_condition(const std::string& object) {
    static constexpr std::array<std::string_view, 4> transports{"tcp", "udp", "icmp", "raw"};
    const auto* const found = std::ranges::find(transports, object);
    if (found == transports.end()) {
        return std::unexpected(FilterError{object, "write proto tcp or proto udp"});
    }
    Condition condition;
    condition.what = Condition::What::proto;
    condition.transport = static_cast<event::Transport>(found - transports.begin());
    return condition;
}

Parsed port_condition(Condition::What what, const std::string& object) {
    const auto port = port_of(object);
    if (!port) return std::unexpected(FilterError{object, "a port is written :8080"});
    Condition condition;
    condition.what = what;
    condition.port = *port;
    return condition;
}

Parsed address_condition(Condition::What what, const std::string& object) {
    const auto address = IpAddr::parse(object);
    if (!address) return std::unexpected(FilterError{object, "an address is written 10.0.0.2"});
    Condition condition;
    condition.what = what;
    condition.address = *address;
    return condition;
}

Parsed condition_of(const std::string& subject, const std::string& object) {
    if (subject == "state") return state_condition(object);
    if (subject == "proto") return proto_condition(object);
    if (subject == "sport") return port_condition(Condition::What::sport, object);
    if (subject == "dport") return port_condition(Condition::What::dport, object);
    if (subject == "src") return address_condition(Condition::What::src, object);
    if (subject == "dst") return address_condition(Condition::What::dst, object);
    return std::unexpected(FilterError{subject,
                                       "filters: state NAME, sport = :PORT, dport = :PORT, "
                                       "src ADDRESS, dst ADDRESS, proto tcp|udp"});
}

}  // namespace

std::expected<std::vector<HostSockets>, FilterError> filter_sockets(
    std::vector<HostSockets> hosts, const std::vector<std::string>& words) {
    std::vector<Condition> conditions;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& subject = words[i];
        if (i + 1 < words.size() && (words[i + 1] == "=" || words[i + 1] == "==")) ++i;
        const std::string object = i + 1 < words.size() ? words[++i] : std::string{};
        auto condition = condition_of(subject, object);
        if (!condition) return std::unexpected(condition.error());
        conditions.push_back(std::move(*condition));
    }
    for (HostSockets& host : hosts) {
        std::erase_if(host.snapshot.sockets, [&](const SocketView& socket) {
            return !std::ranges::all_of(conditions,
                                        [&](const Condition& c) { return c.holds(socket); });
        });
    }
    return hosts;
}

}  // namespace dt::observe

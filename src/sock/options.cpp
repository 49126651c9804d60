// getsockopt() and setsockopt(): finds the row and checks what Linux checks before it (spec 6.8).
#include "sock/options.hpp"

#include <algorithm>
#include <optional>

namespace dt::sock {
namespace {

using event::Reason;

template <class Row>
const Row* find_row(std::span<const Row> rows, std::int32_t level, std::int32_t name) {
    for (const Row& row : rows) {
        if (row.level == level && row.name == name) return &row;
    }
    return nullptr;
}

/// TCP options are unknown to datagram sockets and UDP's to streams (API-OPT-004).
bool knows_level(const Socket& socket, int level) {
    if (level == number::sol_socket || level == number::ipproto_ip) return true;
    if (level == number::ipproto_ipv6) return socket.family == Family::inet6;
    switch (socket.transport) {
        case event::Transport::tcp: return level == number::ipproto_tcp;
        case event::Transport::udp: return level == number::ipproto_udp;
        case event::Transport::icmp: return false;
        case event::Transport::raw: break;
    }
    return level == (socket.family == Family::inet ? number::sol_raw : number::ipproto_icmpv6);
}

/// SOL_SOCKET and TCP need a whole int before they look at the name; IP takes a single octet too.
std::optional<std::int32_t> number_in(int level, Octets value) {
    if (value.size() >= sizeof(std::int32_t)) return int_in(value);
    if (level != number::ipproto_ip) return std::nullopt;
    return value.empty() ? 0 : static_cast<std::int32_t>(value[0]);
}

std::size_t index_of(const RememberedRow& row) {
    return static_cast<std::size_t>(&row - remembered_rows().data());
}

std::int32_t recall(const Settings& settings, const RememberedRow& row) {
    const std::size_t index = index_of(row);
    const bool set = (settings.remembered_set >> index & 1) != 0;
    return set ? settings.remembered[index] : row.first;
}

void remember(Settings& settings, const RememberedRow& row, std::int32_t value) {
    const std::size_t index = index_of(row);
    settings.remembered_set |= std::uint64_t{1} << index;
    settings.remembered[index] = value;
}

Answer<void> set_number(const OptionTarget& target, const NumberRow& row, std::int32_t value) {
    if (value < row.least || value > row.most) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    row.set(target.socket.change_settings(), value);
    apply(target, row.effect);
    return {};
}

}  // namespace

std::size_t put(MutableOctets to, Octets value) {
    const std::size_t count = std::min(to.size(), value.size());
    std::copy_n(value.begin(), count, to.begin());
    return count;
}

std::size_t put_number(std::int32_t level, MutableOctets to, std::int32_t value) {
    const bool octet = level == number::ipproto_ip && !to.empty() && to.size() < sizeof value &&
                       value >= 0 && value <= 255;
    if (octet) return put_value(to, static_cast<std::uint8_t>(value));
    return put_value(to, value);
}

void apply(const OptionTarget& target, Effect effect) {
    const Settings& settings = target.socket.settings();
    core::Core& core = target.table.core();
    if (effect == Effect::none) return;
    if (effect == Effect::endpoint) return target.table.apply_to_endpoint(target.socket);
    if (effect == Effect::reuse && target.socket.port_hold != PortHold::none) {
        core.ports().set_reuse(target.id.number(), target.socket.transport,
                               settings.tcp.reuse_address, settings.tcp.reuse_port);
    }
    if (const tcp::ConnId* connection = target.socket.connection()) {
        core.tcp().set_options(target.turn, *connection, settings.tcp);
        if (effect == Effect::push && settings.tcp.no_delay) {
            core.tcp().push(target.turn, *connection);
        }
    } else if (const tcp::ListenerId* listener = target.socket.listener()) {
        core.tcp().set_options(*listener, settings.tcp);
    }
}

Answer<std::size_t> SocketTable::get_option(const Turn& turn, SocketId id, int level, int name,
                                            MutableOctets value) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (!knows_level(*socket, level)) return refuse(Error::not_supported, Reason::not_offered);
    if (const auto* row = find_row(layout_rows(), level, name); row != nullptr && row->read) {
        return row->read(OptionTarget{*this, turn, id, *socket}, value);
    }
    if (const auto* row = find_row(number_rows(), level, name)) {
        return put_number(level, value, row->get(socket->settings()));
    }
    if (const auto* row = find_row(remembered_rows(), level, name)) {
        return put_number(level, value, recall(socket->settings(), *row));
    }
    return refuse(Error::no_such_option, Reason::not_offered);
}

Answer<void> SocketTable::set_option(const Turn& turn, SocketId id, int level, int name,
                                     Octets value) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (!knows_level(*socket, level)) return refuse(Error::no_such_option, Reason::not_offered);
    const OptionTarget target{*this, turn, id, *socket};
    if (const auto* row = find_row(layout_rows(), level, name); row != nullptr && row->write) {
        return row->write(target, value);
    }
    const auto number = number_in(level, value);
    if (!number) return refuse(Error::invalid_argument, Reason::bad_argument);
    if (const auto* row = find_row(number_rows(), level, name)) {
        return set_number(target, *row, *number);
    }
    if (const auto* row = find_row(remembered_rows(), level, name)) {
        if (*number < row->least || *number > row->most) {
            return refuse(Error::invalid_argument, Reason::bad_argument);
        }
        remember(socket->change_settings(), *row, *number);
        return {};
    }
    return refuse(Error::no_such_option, Reason::not_offered);
}

}  // namespace dt::sock

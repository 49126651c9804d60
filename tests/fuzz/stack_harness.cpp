// What the fuzzers of the whole stack share: input as packets, calls and time; the invariants.
#include "stack_harness.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "scenario/frame.hpp"
#include "sock/options.hpp"
#include "tcp/state.hpp"

namespace dt::fuzz {
namespace {

constexpr std::uint32_t peer_iss = 1'000'000'000;
constexpr std::uint16_t peer_port = 40000;
constexpr std::size_t sockets_max = 48;
constexpr std::size_t octets_max = 1 << 16;       // of one call
constexpr std::size_t reserved_max = 256U << 20;  // octets of the pool
constexpr std::size_t sent_max = 20'000;          // packets after one step

scenario::Number relative(std::int64_t value) { return {scenario::Number::Kind::relative, value}; }

scenario::Number near(Input& input) {
    const auto low = static_cast<std::int16_t>(input.take<std::uint16_t>());
    return relative(low);
}

scenario::Option raw_options(Octets octets) {
    scenario::Option option;
    option.form = scenario::Option::Form::raw;
    for (const std::byte octet : octets)
        option.octets.push_back(std::to_integer<std::uint8_t>(octet));
    return option;
}

}  // namespace

Harness::Harness()
    : subject_(scenario::Settings{}),
      flows_(Seq{peer_iss}),
      connected_{{scenario::subject_address, Port{80}}, {scenario::peer_address, Port{peer_port}}} {
    open();
}

void Harness::open() {
    stack::Calls calls = subject_.calls();
    const auto listener = calls.socket(sock::Family::inet, sock::Type::stream);
    const auto datagrams = calls.socket(sock::Family::inet, sock::Type::datagram);
    DT_ASSERT(listener && datagrams);
    DT_ASSERT(calls.bind(*listener, {IpAddr::any_v4(), Port{80}}));
    DT_ASSERT(calls.bind(*datagrams, {IpAddr::any_v4(), Port{53}}));
    DT_ASSERT(calls.listen(*listener, 4));
    sockets_ = {*listener, *datagrams};
    scenario::Flow& flow = flows_.of(connected_);
    scenario::Packet packet;
    scenario::TcpText tcp;
    tcp.flags = TcpFlag::syn;
    packet.body = tcp;
    subject_.arrive(scenario::write_datagram(packet, flow));
    settle();
    tcp.flags = TcpFlag::ack;
    tcp.first = tcp.last = relative(1);
    tcp.ack = relative(1);
    packet.body = tcp;
    subject_.arrive(scenario::write_datagram(packet, flow));
    settle();
    const auto accepted = subject_.calls().accept(*listener);
    DT_ASSERT(accepted);
    sockets_.push_back(accepted->socket);
}

void Harness::packet(Input& input) {
    switch (input.take<std::uint8_t>() % 8) {
        case 0: raw(input); break;
        case 1: datagram(input); break;
        case 2: message(input); break;
        default: segment(input); break;
    }
    settle();
}

void Harness::raw(Input& input) {
    const auto length = input.take<std::uint16_t>() % 1600U;
    subject_.arrive_raw(input.take_octets(length));
}

void Harness::segment(Input& input) {
    const auto ends = input.take<std::uint8_t>();
    FourTuple tuple = connected_;
    tuple.remote.port = Port{static_cast<std::uint16_t>(peer_port + (ends & 7U))};
    if ((ends & 8U) != 0) tuple.local.port = Port{81};
    scenario::TcpText tcp;
    tcp.flags = TcpFlags::from_bits(input.take<std::uint8_t>());
    tcp.first = near(input);
    tcp.ack = near(input);
    tcp.window = input.take<std::uint16_t>();
    tcp.length = input.take<std::uint8_t>() * 6U;
    tcp.urgent = static_cast<std::uint16_t>(tcp.length / 2);
    const auto options = input.take<std::uint8_t>() % 41U;
    if (options > 0) tcp.options = {raw_options(input.take_octets(options))};
    scenario::Packet packet;
    packet.body = tcp;
    subject_.arrive(scenario::write_datagram(packet, flows_.of(tuple)));
}

void Harness::datagram(Input& input) {
    FourTuple tuple = connected_;
    tuple.local.port =
        Port{(input.take<std::uint8_t>() & 1U) != 0 ? std::uint16_t{53} : std::uint16_t{54}};
    scenario::Packet packet;
    packet.body = scenario::UdpText{.length = input.take<std::uint8_t>() * 5U};
    subject_.arrive(scenario::write_datagram(packet, flows_.of(tuple)));
}

void Harness::message(Input& input) {
    scenario::IcmpText icmp;
    icmp.type = input.take<std::uint8_t>() % 16;
    icmp.code = input.take<std::uint8_t>() % 16;
    icmp.mtu = input.take<std::uint16_t>();
    if (icmp.type == 8) icmp.id = 1;
    if (icmp.type == 8) icmp.length = *icmp.mtu % 1000U;
    scenario::Packet packet;
    packet.body = icmp;
    subject_.arrive(scenario::write_datagram(packet, flows_.of(connected_)));
}

void Harness::sleep(Input& input) {
    const Duration by = std::chrono::microseconds{100} * (input.take<std::uint16_t>() + 1);
    const bool is_long = (input.take<std::uint8_t>() & 3U) == 0;
    subject_.run(subject_.now() + (is_long ? by * 100 : by), scenario::Subject::Until::time);
    settle();
}

void Harness::keep(Result<sock::SocketId> made) {
    if (made) sockets_.push_back(*made);
}

void Harness::call(Input& input) {
    const auto which = input.take<std::uint8_t>();
    const sock::SocketId id = sockets_[input.take<std::uint8_t>() % sockets_.size()];
    stack::Calls calls = subject_.calls();
    switch (which % 16) {
        case 0:
            if (sockets_.size() < sockets_max)
                keep(calls.socket(sock::Family::inet, sock::Type::stream));
            break;
        case 1:
            if (sockets_.size() < sockets_max)
                keep(calls.socket(sock::Family::inet, sock::Type::datagram));
            break;
        case 2:
            if (sockets_.size() >= sockets_max) break;
            if (const auto accepted = calls.accept(id)) sockets_.push_back(accepted->socket);
            break;
        case 3: option_call(input, id); break;
        default: stream_call(input, which % 16, id); break;
    }
    settle();
}

void Harness::option_call(Input& input, sock::SocketId id) {
    const auto rows = sock::number_rows();
    const auto& row = rows[input.take<std::uint8_t>() % rows.size()];
    std::array<std::byte, 8> value{};
    const auto octets = input.take_octets(value.size());
    std::ranges::copy(octets, value.begin());
    // A user timeout of weeks, as on Linux, keeps an orphan for weeks: one minute is long enough.
    if (row.name == sock::number::tcp_user_timeout) value[2] = value[3] = std::byte{};
    const bool reads = (input.take<std::uint8_t>() & 1U) != 0;
    stack::Calls calls = subject_.calls();
    const auto length = reads ? value.size() : octets.size();
    if (reads) static_cast<void>(calls.get_option(id, row.level, row.name, value));
    static_cast<void>(calls.set_option(id, row.level, row.name, Octets(value).first(length)));
}

void Harness::stream_call(Input& input, std::uint8_t which, sock::SocketId id) {
    stack::Calls calls = subject_.calls();
    const auto number = input.take<std::uint16_t>();
    const Port port{static_cast<std::uint16_t>(80 + number % 4)};
    constexpr std::array<Ipv4, 3> hosts{scenario::peer_address, scenario::subject_address,
                                        Ipv4::loopback()};
    const Endpoint remote{hosts[number % hosts.size()], port};
    std::vector<std::byte> octets(std::min<std::size_t>(number, octets_max));
    switch (which) {
        case 4: static_cast<void>(calls.bind(id, {IpAddr::any_v4(), port})); break;
        case 5: static_cast<void>(calls.listen(id, number % 8)); break;
        case 6: static_cast<void>(calls.connect(id, remote)); break;
        case 7: static_cast<void>(calls.send(id, octets)); break;
        case 8: static_cast<void>(calls.receive(id, octets)); break;
        case 9: static_cast<void>(calls.shutdown(id, static_cast<sock::How>(number % 3))); break;
        case 10: static_cast<void>(calls.close(id, static_cast<sock::Unread>(number % 2))); break;
        case 11: static_cast<void>(calls.disconnect(id)); break;
        case 12: static_cast<void>(calls.send_to(id, octets, remote)); break;
        case 13: static_cast<void>(calls.receive_from(id, octets)); break;
        case 14: static_cast<void>(calls.local_name(id)); break;
        default: static_cast<void>(calls.poll(id)); break;
    }
}

void Harness::settle() {
    subject_.turn();
    DT_ASSERT(!subject_.is_stuck());
    for (const event::Body& body : subject_.journal().events()) check_event(body);
    subject_.journal().forget();
    DT_ASSERT(subject_.sent().size() <= sent_max);
    for (const scenario::Seen& seen : subject_.sent()) {
        DT_ASSERT(seen.fault.empty());
        scenario::Flow& flow = flows_.of(seen.tuple);
        flow.last_sent = seen.datagram;
        const auto* tcp = std::get_if<scenario::SeenTcp>(&seen.body);
        if (tcp != nullptr && tcp->header.flags.syn()) flow.iss = tcp->header.seq;
    }
    subject_.sent().clear();
    DT_ASSERT(subject_.pool().bytes_reserved() <= reserved_max);
}

/// Every move is one of the table, and begins where the last one ended.
void Harness::check_event(const event::Body& body) {
    const auto* moved = std::get_if<event::Transition>(&body);
    if (moved == nullptr) return;
    DT_ASSERT(tcp::next_state(moved->from, moved->cause) == moved->to);
    const auto key = moved->tuple.words();
    const auto known = states_.find(key);
    const bool begins = moved->from == event::State::closed || moved->from == event::State::listen;
    DT_ASSERT(known == states_.end() ? begins : known->second == moved->from);
    if (moved->to == event::State::closed) {
        states_.erase(key);
    } else {
        states_[key] = moved->to;
    }
}

void Harness::finish() {
    for (const sock::SocketId id : sockets_) {
        static_cast<void>(subject_.calls().close(id, sock::Unread::none));
        settle();
    }
    subject_.run(subject_.now() + 2h, scenario::Subject::Until::time);
    settle();
    DT_ASSERT(subject_.snapshot().sockets.empty());
    DT_ASSERT(subject_.pool().blocks_in_use() == 0);
    DT_ASSERT(subject_.pool().frames_in_use() == 0);
}

}  // namespace dt::fuzz

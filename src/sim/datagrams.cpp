// Questions and answers in datagrams.
#include "sim/datagrams.hpp"

#include <algorithm>
#include <array>

#include "base/octets.hpp"
#include "sim/conversation.hpp"
#include "sim/draw.hpp"
#include "sock/options.hpp"

namespace dt::sim {

namespace {

/// Key, number and length stand in front of the text.
constexpr std::size_t front_size = 16;
constexpr std::size_t datagram_max = 9'000;

void write_question(MutableOctets to, std::uint64_t key, std::uint32_t number) {
    store_be(to, 0, key);
    store_be(to, 8, number);
    store_be(to, 12, static_cast<std::uint32_t>(to.size()));
    for (std::size_t i = front_size; i < to.size(); ++i) to[i] = octet_of(key + number, i);
}

/// The number of a datagram of `key`; nothing where one octet of it is not as it was written.
std::optional<std::uint32_t> number_of(Octets datagram, std::uint64_t key) {
    if (datagram.size() < front_size || load_be<std::uint64_t>(datagram, 0) != key)
        return std::nullopt;
    const auto number = load_be<std::uint32_t>(datagram, 8);
    if (load_be<std::uint32_t>(datagram, 12) != datagram.size()) return std::nullopt;
    for (std::size_t i = front_size; i < datagram.size(); ++i) {
        if (datagram[i] != octet_of(key + number, i)) return std::nullopt;
    }
    return number;
}

}  // namespace

void draw_datagrams(Plan& plan) {
    constexpr std::uint64_t salt = 0xda6aULL << 48;
    Draw draw(plan.seed ^ salt);
    if (!draw.chance(0.4)) return;
    const bool has_v6 = plan.spec.hosts[0].config.ipv6 == event::Switch::on;
    for (std::uint64_t i = draw.between(1, 3); i > 0; --i) {
        DatagramPlan& talk = plan.datagrams.emplace_back();
        talk.host = static_cast<HostIndex>(draw.index(plan.spec.hosts.size()));
        talk.peer = static_cast<HostIndex>(draw.index(plan.spec.hosts.size()));
        talk.port = Port{static_cast<std::uint16_t>(9000 + plan.datagrams.size())};
        talk.count = static_cast<std::uint32_t>(draw.between(1, 40));
        talk.octets_max = draw.between(front_size, draw.chance(0.5) ? 1'500 : datagram_max);
        talk.discovery = static_cast<std::int32_t>(draw.between(0, 2));
        talk.start = draw.ms(0, 2'000);
        talk.key = draw.number();
        if (has_v6 && draw.chance(0.5)) talk.family = sock::Family::inet6;
    }
}

std::string datagrams_text(const Plan& plan, const DatagramPlan& talk) {
    return plan.spec.hosts[talk.host].name + " asks " + plan.spec.hosts[talk.peer].name + ":" +
           std::to_string(talk.port.value()) + ", " + std::to_string(talk.count) +
           " datagrams of up to " + std::to_string(talk.octets_max) + "B from " +
           std::to_string(base::to_ms(talk.start)) + "ms, IP_MTU_DISCOVER " +
           std::to_string(talk.discovery) + (talk.family == sock::Family::inet6 ? ", IPv6" : "");
}

DatagramTalk::DatagramTalk(const DatagramPlan& plan, std::int32_t pid)
    : plan_(&plan),
      echo_{.host = plan.peer, .caller = {.pid = pid, .fd = 3}, .socket = {}},
      asker_{.host = plan.host, .caller = {.pid = pid + 1, .fd = 3}, .socket = {}},
      size_max_(plan.octets_max),
      asks_at_(Instant{} + plan.start) {}

std::string DatagramTalk::text() const {
    return "datagrams: " + std::to_string(answered_) + " of " + std::to_string(plan_->count) +
           " answered";
}

bool DatagramTalk::owns(HostIndex host, sock::SocketId socket) const {
    const auto is = [&](const End& end) { return end.host == host && end.socket == socket; };
    return is(echo_) || is(asker_);
}

bool DatagramTalk::set_discovery(world::Calls& calls, sock::SocketId socket) const {
    namespace number = sock::number;
    if (plan_->family == sock::Family::inet6) return true;
    const auto value = std::bit_cast<std::array<std::byte, 4>>(plan_->discovery);
    return calls.set_option(socket, number::ipproto_ip, number::ip_mtu_discover, value).has_value();
}

bool DatagramTalk::open_echo(world::World& world, Instant now) {
    world::Calls calls = world.calls(now, echo_.host, echo_.caller);
    const auto socket = calls.socket(plan_->family, sock::Type::datagram);
    if (!socket) return false;
    echo_.socket = *socket;
    const bool is_v4 = plan_->family == sock::Family::inet;
    const Endpoint here{is_v4 ? IpAddr::any_v4() : IpAddr::any_v6(), plan_->port};
    return calls.bind(*socket, here).has_value() && set_discovery(calls, *socket);
}

bool DatagramTalk::open_asker(world::World& world, Instant now) {
    const std::string& name = world.spec().hosts[plan_->peer].name;
    const auto address = plan_->family == sock::Family::inet ? world.resolve(plan_->host, name)
                                                             : world.resolve_v6(plan_->host, name);
    if (!address) return false;
    peer_ = {*address, plan_->port};
    world::Calls calls = world.calls(now, asker_.host, asker_.caller);
    const auto socket = calls.socket(plan_->family, sock::Type::datagram);
    if (!socket) return false;
    asker_.socket = *socket;
    return set_discovery(calls, *socket);
}

bool DatagramTalk::open(world::World& world, Instant now) {
    return open_echo(world, now) && open_asker(world, now);
}

void DatagramTalk::restart(world::World& world, Instant now, HostIndex host) {
    bool is_open = true;
    if (echo_.host == host) is_open = open_echo(world, now);
    if (asker_.host == host) is_open = open_asker(world, now) && is_open;
    if (!is_open) failure_ = text() + ": socket() failed after a restart";
}

void DatagramTalk::close(world::World& world, Instant now) {
    for (const End& end : {echo_, asker_})
        static_cast<void>(world.calls(now, end.host, end.caller).close(end.socket));
}

void DatagramTalk::step(world::World& world, Instant now) {
    if (last_progress_ == Instant{}) last_progress_ = now;
    echo(world, now);
    hear(world, now);
    if (!is_done() && now >= asks_at_) ask(world, now);
}

/// What cannot be sent back is lost, as any datagram may be; a soft error stands for one of before.
void DatagramTalk::echo(world::World& world, Instant now) {
    world::Calls calls = world.calls(now, echo_.host, echo_.caller);
    std::array<std::byte, datagram_max + 1> room{};
    while (true) {
        const auto received = calls.receive_from(echo_.socket, room);
        if (!received && received.error() == Error::would_block) return;
        if (!received) continue;
        const Octets heard = std::span(room).first(received->copied);
        if (!number_of(heard, plan_->key)) {
            failure_ = text() + ": a question arrived changed";
            return;
        }
        static_cast<void>(calls.send_to(echo_.socket, heard, received->from));
    }
}

void DatagramTalk::hear(world::World& world, Instant now) {
    world::Calls calls = world.calls(now, asker_.host, asker_.caller);
    std::array<std::byte, datagram_max + 1> room{};
    while (true) {
        const std::uint32_t before = answered_;
        const auto received = calls.receive_from(asker_.socket, room);
        if (!received && received.error() == Error::would_block) return;
        if (!received) continue;
        judge(std::span(room).first(received->copied), received->from);
        if (answered_ == before) continue;
        last_progress_ = asks_at_ = now;
    }
}

/// An answer may be late or come twice; of a number that was never asked, there is none.
void DatagramTalk::judge(Octets answer, Endpoint from) {
    const auto number = number_of(answer, plan_->key);
    if (!number) {
        failure_ = text() + ": an answer arrived changed";
    } else if (from != peer_) {
        failure_ = text() + ": an answer came from " + wire::to_string(from);
    } else if (*number > answered_) {
        failure_ = text() + ": an answer to a question that was not asked";
    } else if (*number == answered_) {
        ++answered_;
    }
}

std::size_t DatagramTalk::next_size() const {
    const std::uint64_t span = size_max_ - front_size + 1;
    return front_size + static_cast<std::size_t>((plan_->key >> 8) * (answered_ + 1U) % span);
}

void DatagramTalk::ask(world::World& world, Instant now) {
    std::array<std::byte, datagram_max> room{};
    const MutableOctets question = std::span(room).first(next_size());
    write_question(question, plan_->key, answered_);
    world::Calls calls = world.calls(now, asker_.host, asker_.caller);
    const auto sent = calls.send_to(asker_.socket, question, peer_);
    asks_at_ = now + asks_again;
    // The path takes less (IP_PMTUDISC_DO).
    if (!sent && sent.error() == Error::message_too_long)
        size_max_ = std::max(front_size, question.size() * 3 / 4);
}

}  // namespace dt::sim

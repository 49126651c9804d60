// The ring's verbs for IP, TCP and UDP together: receive, advance, transmit, deadline.
#include "core/core.hpp"

#include <algorithm>

#include "core/parts.hpp"
#include "wire/udp.hpp"

namespace dt::core {

namespace {

// Each part has its own numbers out of the stack's seed.
constexpr std::uint64_t ip_purpose = 0x6970;
constexpr std::uint64_t tcp_purpose = 0x746370;
constexpr std::uint64_t udp_purpose = 0x756470;
constexpr std::uint64_t ports_purpose = 0x706f727473;

std::uint64_t seed_of(std::uint64_t seed, std::uint64_t purpose) {
    return Rng(seed).derive(purpose).next();
}

std::array<std::uint64_t, 2> secret_of(std::uint64_t seed) {
    Rng rng = Rng(seed).derive(tcp_purpose);
    const std::uint64_t low = rng.next();
    return {low, rng.next()};
}

SipKey udp_key_of(std::uint64_t seed) {
    Rng rng = Rng(seed).derive(udp_purpose);
    return SipKey::from(rng);
}

/// What a datagram engine sends, as IP takes it.
ip::PacketOut packet_of(udp::Engine::Outgoing&& out, wire::IpProtocol protocol) {
    const udp::Carriage carriage = out.carriage;
    return {.source = out.tuple.local.addr,
            .destination = out.tuple.remote.addr,
            .frame = std::move(out.frame),
            .protocol = static_cast<std::uint8_t>(protocol),
            .tos = carriage.tos,
            .ttl = carriage.ttl,
            .dont_fragment = carriage.dont_fragment == event::Switch::on,
            .mtu = carriage.mtu,
            .by = carriage.link,
            .loops = carriage.loops};
}

}  // namespace

tcp::Path tcp_path(const ip::Engine::Path& path) {
    constexpr std::uint32_t mtu_max = 65535;  // of IPv4's length field; lo says 65536
    tcp::Path chosen;
    chosen.mtu = static_cast<std::uint16_t>(std::min(path.mtu, mtu_max));
    chosen.super_segment_max = path.super_segment_max;
    return chosen;
}

Core::Parts::Parts(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool)
    : ip(config, seed_of(seed, ip_purpose), host, pool),
      tcp(config, pool, secret_of(seed)),
      udp(config, pool, udp_key_of(seed)),
      icmp(config, pool, udp_key_of(seed), event::Transport::icmp),
      ports(seed_of(seed, ports_purpose)) {}

Result<tcp::Path> Core::Parts::path_to(IpAddr destination, IpAddr source) const {
    DT_TRY(path, ip.path(destination, source));
    return tcp_path(path);
}

bool Core::Parts::pull_segment(const Turn& turn) {
    auto segment = tcp.next_segment(turn);
    if (!segment) return false;
    segment->summary.frame = segment->frame->id = ip.next_frame_id();
    const Status sent =
        ip.send(turn, {.source = segment->tuple.local.addr,
                       .destination = segment->tuple.remote.addr,
                       .frame = std::move(segment->frame),
                       .protocol = static_cast<std::uint8_t>(wire::IpProtocol::tcp),
                       .tos = segment->tos,
                       .ttl = segment->ttl,
                       .dont_fragment = segment->dont_fragment == event::Switch::on});
    if (sent && turn.wants_segments()) {
        turn.emit(event::SegmentSent{segment->summary, segment->reason});
    }
    if (sent == fail(Error::message_too_long)) on_narrow_link(turn, segment->tuple);
    return true;
}

/// The link takes less than it did when the connection began: a router said so (RFC 4861 §4.6.4).
void Core::Parts::on_narrow_link(const Turn& turn, const FourTuple& tuple) {
    const auto path = ip.path(tuple.remote.addr, tuple.local.addr);
    if (path) tcp.learn_path_mtu(turn, tuple.remote.addr, path->mtu);
}

bool Core::Parts::pull_datagram(const Turn& turn) {
    auto datagram = udp.next_datagram(turn);
    if (!datagram) return pull_message(turn);
    event::DatagramMoved told;
    told.tuple = datagram->tuple;
    told.frame = datagram->frame->id = ip.next_frame_id();
    told.length =
        static_cast<std::uint32_t>(datagram->frame->size() - wire::UdpView::header_length);
    const Status sent = ip.send(turn, packet_of(std::move(*datagram), wire::IpProtocol::udp));
    if (sent && turn.wants_segments()) turn.emit(told);
    return true;
}

bool Core::Parts::pull_message(const Turn& turn) {
    auto message = icmp.next_datagram(turn);
    if (!message) return false;
    const Octets header = message->frame->front();
    event::IcmpMoved told;
    told.source = message->tuple.local.addr;
    told.destination = message->tuple.remote.addr;
    told.frame = message->frame->id = ip.next_frame_id();
    told.type = std::to_integer<std::uint8_t>(header[0]);
    told.code = std::to_integer<std::uint8_t>(header[1]);
    const auto protocol = told.source.is_v4() ? wire::IpProtocol::icmp : wire::IpProtocol::icmpv6;
    const Status sent = ip.send(turn, packet_of(std::move(*message), protocol));
    if (sent && turn.wants_segments()) turn.emit(told);
    return true;
}

/// The next packet of a transport, which then lets the other go first. Asking where nothing waits
/// changes nothing: a replay asks at other times.
bool Core::Parts::pull(const Turn& turn) {
    const bool has_datagrams = udp.has_datagram() || icmp.has_datagram();
    const auto pull_of = [&](event::Transport transport) {
        const bool is_tcp = transport == event::Transport::tcp;
        return is_tcp ? pull_segment(turn) : has_datagrams && pull_datagram(turn);
    };
    const auto other =
        turn_of == event::Transport::tcp ? event::Transport::udp : event::Transport::tcp;
    if (!pull_of(turn_of)) return pull_of(other);
    turn_of = other;
    return true;
}

Core::Core(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool)
    : parts_(std::make_unique<Parts>(config, seed, host, pool)) {}
Core::~Core() = default;

tcp::Engine& Core::tcp() { return parts_->tcp; }
udp::Engine& Core::udp() { return parts_->udp; }
udp::Engine& Core::icmp() { return parts_->icmp; }
void Core::hear_messages() {
    parts_->ip.hear_messages(parts_->icmp.hears_messages() ? event::Switch::on
                                                           : event::Switch::off);
}
ip::Engine& Core::ip() { return parts_->ip; }
PortTable& Core::ports() { return parts_->ports; }

bool Core::receive(const Turn& turn, ip::InterfaceIndex in, FramePtr& frame) {
    if (!parts_->may_receive()) return false;
    if (parts_->ip.joins_segments(in) && parts_->join(turn, in, *frame)) {
        frame.reset();
    } else {
        parts_->on_frame(turn, in, std::move(frame));
    }
    return true;
}

void Core::deliver_joined(const Turn& turn) { parts_->deliver_joined(turn); }

void Core::advance(const Turn& turn) {
    deliver_joined(turn);
    // Not those that answers to these put there: they wait for the next turn.
    for (std::size_t left = parts_->loopback.size(); left > 0 && parts_->may_receive(); --left) {
        parts_->on_frame(turn, ip::loopback_interface, parts_->loopback.pop());
    }
    parts_->ip.advance(turn);
    while (const auto gone = parts_->ip.next_unreachable()) parts_->on_unreachable(turn, *gone);
    parts_->tcp.advance(turn);
    while (const auto way = parts_->tcp.next_doubt()) {
        parts_->ip.doubt(turn, way->remote.addr, way->local.addr);
    }
}

bool Core::transmit(const Turn& turn, Egress& egress, std::size_t budget) {
    for (; budget > 0; --budget) {
        auto out = parts_->ip.next_frame(turn);
        if (!out) {
            if (!parts_->pull(turn)) return false;
            out = parts_->ip.next_frame(turn);
        }
        if (!out) continue;  // it waits for its neighbour, or was refused
        if (out->interface == ip::loopback_interface) {
            parts_->loopback.push(std::move(out->frame));
            parts_->loopback_since = turn.now();
        } else {
            egress.take(out->interface, std::move(out->frame));
        }
    }
    return true;
}

Instant Core::deadline() const {
    const Instant timers = std::min(parts_->ip.deadline(), parts_->tcp.deadline());
    return parts_->loopback.empty() ? timers : std::min(timers, parts_->loopback_since);
}

Result<Core::Chosen> Core::choose_path(IpAddr destination, std::optional<IpAddr> bound,
                                       std::optional<ip::InterfaceIndex> by) const {
    if (destination.is_any()) {  // SRC-013
        destination = destination.is_v4() ? IpAddr::loopback_v4() : IpAddr::loopback_v6();
    }
    DT_TRY(path, parts_->ip.path(destination, bound, by));
    return Chosen{path.source, destination, tcp_path(path)};
}

std::optional<tcp::PathMtu> Core::path_mtu(const IpAddr& destination, Instant now) const {
    return parts_->tcp.path_mtu(destination, now);
}

std::optional<udp::Notice> Core::take_refusal(const FourTuple& tuple) {
    auto& refusals = parts_->refusals;
    const auto found = std::ranges::find(refusals, tuple, &Parts::Refusal::tuple);
    if (found == refusals.end()) return std::nullopt;
    udp::Notice notice = found->notice;
    refusals.erase(found);
    return notice;
}

void Core::forget_refusals() { parts_->refusals.clear(); }

bool Core::is_local(IpAddr address) const { return parts_->ip.is_local(address); }

void Core::add_counters(event::Counters& counters) const {
    counters.in_errors += parts_->malformed;
    counters.checksum_errors += parts_->bad_checksums;
}

std::size_t Core::in_loopback() const { return parts_->loopback.size(); }

}  // namespace dt::core

// ICMPv4 messages we send.
#include "ip/icmp.hpp"

#include <algorithm>
#include <cstring>

#include "wire/icmpv6.hpp"

namespace dt::ip {

bool IcmpLimiter::fill(Bucket& bucket, Instant now, Duration interval, std::uint32_t burst) {
    bucket.credit = std::min(bucket.credit + (now - bucket.filled), interval * burst);
    bucket.filled = now;
    return bucket.credit >= interval;
}

bool IcmpLimiter::allow(const Turn& turn, const IpAddr& target) {
    if (turn.config().icmp_errors_per_s == 0) return false;
    const Duration interval_all =
        Duration{std::chrono::seconds{1}} / turn.config().icmp_errors_per_s;
    if (!all_used_) all_ = {interval_all * burst_to_all, turn.now()};
    all_used_ = true;

    const auto words = target.words();
    Target& known = targets_[base::siphash_1_3(key_, words) % targets_.size()];
    if (!known.used || known.address != target) {
        known = {target, {interval_to_one_ * burst_to_one, turn.now()}, true};
    }
    if (!fill(all_, turn.now(), interval_all, burst_to_all)) return false;
    if (!fill(known.bucket, turn.now(), interval_to_one_, burst_to_one)) return false;
    all_.credit -= interval_all;
    known.bucket.credit -= interval_to_one_;
    return true;
}

bool may_answer_with_error(const Culprit& culprit, const InterfaceTable& interfaces) {
    const auto header = wire::Ipv4View::parse_quoted(culprit.header);
    if (!header || culprit.to_many) return false;
    if (header->fragment_offset() != 0) return false;
    const Ipv4 source = header->source();
    if (source.is_any() || source.is_multicast() || source.is_reserved()) return false;
    if (interfaces.is_broadcast(source)) return false;
    const Ipv4 destination = header->destination();
    if (destination.is_multicast() || interfaces.is_broadcast(destination)) return false;
    if (header->protocol() != wire::IpProtocol::icmp) return true;
    const auto message = wire::Icmpv4View::parse(culprit.payload.front());
    return message && !message->is_error();
}

event::IcmpMoved told_of(const PacketIn& packet, event::Step step, event::Reason reason) {
    // Both families begin with type and code (RFC 792, RFC 4443 §2.1).
    static_assert(wire::Icmpv4View::header_length == wire::Icmpv6View::header_length);
    const Octets message = packet.frame->front();
    const bool has_header = message.size() >= wire::Icmpv4View::header_length;
    return {.source = packet.source,
            .destination = packet.destination,
            .frame = packet.frame->id,
            .step = step,
            .type = has_header ? std::to_integer<std::uint8_t>(message[0]) : std::uint8_t{0},
            .code = has_header ? std::to_integer<std::uint8_t>(message[1]) : std::uint8_t{0},
            .quoted = {},
            .reason = reason};
}

Slice quote_of(const Culprit& culprit, std::size_t most, buf::Pool& pool) {
    const std::size_t size = std::min(culprit.header.size() + culprit.payload.size(), most);
    buf::BlockRef block = pool.block(size);
    const MutableOctets quote{block.get()->data(), size};
    std::size_t at = 0;
    const auto take = [&quote, &at](Octets octets) {
        const std::size_t count = std::min(octets.size(), quote.size() - at);
        if (count > 0) std::memcpy(quote.data() + at, octets.data(), count);
        at += count;
    };
    take(culprit.header);
    take(culprit.payload.head());
    for (const Slice& slice : culprit.payload.slices()) take(slice.octets());
    return {std::move(block), 0, static_cast<std::uint32_t>(size)};
}

PacketOut make_error(const Culprit& culprit, const wire::Icmpv4Repr& error, const IpAddr& source,
                     buf::Pool& pool) {
    constexpr std::size_t quote_max =
        wire::Icmpv4Repr::error_datagram_max - wire::Ipv4Repr::size() - wire::Icmpv4Repr::size();
    Slice quote = quote_of(culprit, quote_max, pool);
    PacketOut packet;
    packet.source = source;
    packet.destination = Ipv4::load(culprit.header, 12);
    packet.frame = pool.frame();
    packet.protocol = static_cast<std::uint8_t>(wire::IpProtocol::icmp);
    packet.dont_fragment = false;
    error.emit(packet.frame->prepend(wire::Icmpv4Repr::size()), Checksum::of(quote.octets()));
    static_cast<void>(packet.frame->add(std::move(quote)));
    return packet;
}

void make_echo_reply(Frame& frame) {
    std::array<std::byte, wire::Icmpv4Repr::size()> header{};
    std::memcpy(header.data(), frame.front().data(), header.size());
    const auto before = load_be<std::uint16_t>(header, 0);
    const auto checksum = load_be<std::uint16_t>(header, 2);
    // Type 0; the code stays as it came, as Linux has it: RFC 792 knows none but 0.
    const auto after = static_cast<std::uint16_t>(before & 0x00ffU);
    store_be(header, 0, after);
    store_be(header, 2, base::update_checksum(checksum, before, after));
    frame.drop_front(header.size());
    std::memcpy(frame.prepend(header.size()).data(), header.data(), header.size());
    frame.offload = {};
    frame.id = 0;
}

}  // namespace dt::ip

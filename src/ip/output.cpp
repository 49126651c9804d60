// Headers, checksums and fragments of packets that leave.
#include "ip/output.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::ip {

namespace {

constexpr std::size_t header_size = wire::Ipv4Repr::size();

bool is_udp(std::uint8_t protocol) {
    return protocol == static_cast<std::uint8_t>(wire::IpProtocol::udp);
}

/// Where the checksum lies in the transport header; nothing for protocols that are complete.
std::optional<std::size_t> checksum_place(std::uint8_t protocol) {
    if (protocol == static_cast<std::uint8_t>(wire::IpProtocol::tcp)) {
        return wire::TcpRepr::checksum_offset;
    }
    if (is_udp(protocol)) return wire::UdpRepr::checksum_offset;
    if (protocol == static_cast<std::uint8_t>(wire::IpProtocol::icmpv6)) {
        return wire::Icmpv6Repr::checksum_offset;
    }
    return std::nullopt;
}

}  // namespace

std::uint16_t IdSource::next(const IpAddr& source, const IpAddr& destination, std::uint8_t protocol,
                             std::uint32_t count) {
    const auto a = source.words();
    const auto b = destination.words();
    const std::array<std::uint64_t, 5> words{a[0], a[1], b[0], b[1], protocol};
    const std::uint64_t hash = base::siphash_2_4(key_, words);
    std::uint16_t& counter = counters_[hash % counters_.size()];
    const auto first = static_cast<std::uint16_t>((hash >> 48) + counter);
    counter = static_cast<std::uint16_t>(counter + count);
    return first;
}

std::uint32_t IdSource::next_v6(const IpAddr& source, const IpAddr& destination) {
    const auto a = source.words();
    const auto b = destination.words();
    const std::array<std::uint64_t, 5> words{a[0], a[1], b[0], b[1], ++fragmented_};
    return static_cast<std::uint32_t>(base::siphash_2_4(key_, words));
}

std::uint32_t IdSource::flow_label(const PacketOut& packet) const {
    const auto a = packet.source.words();
    const auto b = packet.destination.words();
    const Octets transport = packet.frame->front();
    const bool has_ports = (packet.protocol == static_cast<std::uint8_t>(wire::IpProtocol::tcp) ||
                            is_udp(packet.protocol)) &&
                           transport.size() >= 4;
    const std::uint64_t ports = has_ports ? load_be<std::uint32_t>(transport, 0) : 0;
    constexpr std::uint64_t label_purpose = 0x6c61'6265'6c00'0000;
    const std::array<std::uint64_t, 6> words{a[0], a[1],  b[0],
                                             b[1], ports, label_purpose | packet.protocol};
    const auto label = static_cast<std::uint32_t>(base::siphash_1_3(key_, words) & 0xfffffU);
    return label == 0 ? 1 : label;
}

Checksum sum_of(const Frame& frame, std::size_t offset) {
    Checksum sum;
    std::size_t skip = offset;
    const auto take = [&sum, &skip](Octets octets) {
        const std::size_t gone = std::min(skip, octets.size());
        skip -= gone;
        sum.add(octets.subspan(gone));
    };
    take(frame.head());
    for (const Slice& slice : frame.slices()) take(slice.octets());
    return sum;
}

void finish_transport(const PacketOut& packet, ChecksumBy by) {
    const auto place = checksum_place(packet.protocol);
    if (!place) return;
    Frame& frame = *packet.frame;
    const MutableOctets head = frame.head();
    DT_ASSERT(head.size() >= *place + 2);
    Checksum sum = wire::pseudo_header(packet.source, packet.destination,
                                       static_cast<wire::IpProtocol>(packet.protocol),
                                       static_cast<std::uint32_t>(frame.size()));
    if (by == ChecksumBy::link) {
        store_be(head, *place, sum.partial());
        frame.offload.checksum = wire::ChecksumState::needed;
        frame.offload.checksum_start = 0;
        frame.offload.checksum_offset = static_cast<std::uint16_t>(*place);
        return;
    }
    store_be<std::uint16_t>(head, *place, 0);
    const std::uint16_t value = sum.add(sum_of(frame)).finish();
    const bool hides = value == 0 && is_udp(packet.protocol);  // UDP: 0 = none (UDP-001)
    store_be(head, *place, hides ? std::uint16_t{0xffff} : value);
    frame.offload.checksum = wire::ChecksumState::unverified;
}

void complete_checksum(Frame& frame) {
    if (frame.offload.checksum != wire::ChecksumState::needed) return;
    const std::size_t start = frame.offload.checksum_start;
    const std::size_t place = start + frame.offload.checksum_offset;
    frame.offload.checksum = wire::ChecksumState::unverified;
    if (place + 2 > frame.size()) return;  // a peer's offload that lies: the receiver will drop it
    if (frame.head().size() < place + 2) frame.flatten();
    MutableOctets octets = frame.head();
    if (octets.empty()) {
        const Slice& whole = frame.slices()[0];  // private: flatten() has just copied it
        octets = {whole.block().get()->data(), whole.size()};
    }
    store_be(octets, place, sum_of(frame, start).finish());
}

void put_header(PacketOut& packet, std::uint16_t id) {
    Frame& frame = *packet.frame;
    const wire::Ipv4Repr header{
        .source = packet.source.v4(),
        .destination = packet.destination.v4(),
        .protocol = static_cast<wire::IpProtocol>(packet.protocol),
        .ttl = packet.ttl,
        .tos = packet.tos,
        .id = id,
        .dont_fragment = packet.dont_fragment,
        .more_fragments = false,
        .fragment_offset = 0,
        .payload_length = static_cast<std::uint32_t>(frame.size()),
    };
    header.emit(frame.prepend(header_size));
    frame.offload.on_prepend(header_size);
}

void put_header_v6(PacketOut& packet, std::uint32_t flow_label) {
    Frame& frame = *packet.frame;
    const wire::Ipv6Repr header{
        .source = packet.source.v6(),
        .destination = packet.destination.v6(),
        .next_header = static_cast<wire::NextHeader>(packet.protocol),
        .hop_limit = packet.ttl,
        .traffic_class = packet.tos,
        .flow_label = flow_label,
        .payload_length = static_cast<std::uint32_t>(frame.size()),
    };
    header.emit(frame.prepend(wire::Ipv6Repr::size()));
    frame.offload.on_prepend(wire::Ipv6Repr::size());
}

void add_part(Frame& to, Frame& frame, std::size_t from, std::size_t count) {
    frame.payload(from, [&to, &count](Slice&& slice) {
        if (count == 0) return;
        if (slice.size() > count) slice.keep_front(static_cast<std::uint32_t>(count));
        count -= slice.size();
        DT_ASSERT(to.add(std::move(slice)));
    });
}

std::vector<FramePtr> fragment(Frame& packet, std::uint32_t mtu, buf::Pool& pool) {
    std::vector<FramePtr> fragments;
    const auto view = wire::Ipv4View::parse_quoted(packet.front());
    if (!view || mtu < header_size + 8) return fragments;
    wire::Ipv4Repr header = wire::Ipv4Repr::from(*view);
    const std::uint32_t base = header.fragment_offset;
    const bool is_last_piece = !header.more_fragments;
    const std::size_t begin = view->header_length();
    const std::size_t total = packet.size() - begin;
    const std::size_t piece_max = (mtu - header_size) & ~std::size_t{7};
    for (std::size_t at = 0; at < total; at += piece_max) {
        const std::size_t piece = std::min(piece_max, total - at);
        header.fragment_offset = base + static_cast<std::uint32_t>(at);
        header.more_fragments = at + piece < total || !is_last_piece;
        header.payload_length = static_cast<std::uint32_t>(piece);
        FramePtr frame = pool.frame();
        frame->id = packet.id;
        header.emit(frame->prepend(header_size));
        add_part(*frame, packet, begin + at, piece);
        fragments.push_back(std::move(frame));
    }
    return fragments;
}

std::vector<FramePtr> fragment_v6(Frame& packet, std::uint32_t mtu, std::uint32_t id,
                                  buf::Pool& pool) {
    std::vector<FramePtr> fragments;
    const auto view = wire::Ipv6View::parse_quoted(packet.front());
    constexpr std::size_t headers = wire::Ipv6Repr::size() + wire::Ipv6Fragment::size();
    if (!view || mtu < headers + 8) return fragments;
    wire::Ipv6Repr header = wire::Ipv6Repr::from(*view);
    wire::Ipv6Fragment own{.next_header = header.next_header, .offset = 0, .more = false, .id = id};
    header.next_header = wire::NextHeader::fragment;
    const std::size_t total = packet.size() - wire::Ipv6Repr::size();
    const std::size_t piece_max = (mtu - headers) & ~std::size_t{7};
    for (std::size_t at = 0; at < total; at += piece_max) {
        const std::size_t piece = std::min(piece_max, total - at);
        own.offset = static_cast<std::uint32_t>(at);
        own.more = at + piece < total;
        header.payload_length = static_cast<std::uint32_t>(wire::Ipv6Fragment::size() + piece);
        FramePtr frame = pool.frame();
        frame->id = packet.id;
        own.emit(frame->prepend(wire::Ipv6Fragment::size()));
        header.emit(frame->prepend(wire::Ipv6Repr::size()));
        add_part(*frame, packet, wire::Ipv6Repr::size() + at, piece);
        fragments.push_back(std::move(frame));
    }
    return fragments;
}

FramePtr share(const Frame& frame, buf::Pool& pool) {
    FramePtr copy = pool.frame();
    const Octets head = frame.head();
    if (!head.empty()) std::memcpy(copy->prepend(head.size()).data(), head.data(), head.size());
    for (const Slice& slice : frame.slices()) DT_ASSERT(copy->add(slice));
    copy->offload = frame.offload;
    copy->id = frame.id;
    copy->marked_bad = frame.marked_bad;
    return copy;
}

bool gather(Frame& frame, std::size_t count) {
    if (frame.size() < count) return false;
    frame.flatten();
    return true;
}

}  // namespace dt::ip

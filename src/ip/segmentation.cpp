// Cutting of super-segments.
#include "ip/segmentation.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "ip/output.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/places.hpp"

namespace dt::ip {

using wire::Ipv4Place;
using wire::Ipv6Place;
using wire::TcpPlace;

/// The IP part of headers_of; nothing where TCP does not follow at once.
std::optional<Cutter::Headers> Cutter::ip_header_of(const Frame& packet) {
    Headers headers;
    if (const auto v6 = wire::Ipv6View::parse_quoted(packet.front())) {
        if (v6->next_header() != wire::NextHeader::tcp) return std::nullopt;
        headers.ip = wire::Ipv6View::header_length;
        headers.is_v4 = false;
        return headers;
    }
    const auto v4 = wire::Ipv4View::parse_quoted(packet.front());
    if (!v4 || v4->protocol() != wire::IpProtocol::tcp) return std::nullopt;
    headers.ip = v4->header_length();
    return headers;
}

std::optional<Cutter::Headers> Cutter::headers_of(Frame& packet) {
    auto headers = ip_header_of(packet);
    if (!headers) return std::nullopt;
    if (!make_contiguous(packet, headers->ip + wire::TcpView::header_min)) return std::nullopt;
    const auto words =
        std::to_integer<std::size_t>(packet.front()[headers->ip + TcpPlace::offset] >> 4);
    headers->total = headers->ip + 4 * words;
    if (words < 5 || !make_contiguous(packet, headers->total)) return std::nullopt;
    std::memcpy(headers->octets.data(), packet.front().data(), headers->total);
    return headers;
}

std::size_t wire_size(Frame& packet) {
    if (!packet.offload.is_super_segment()) return packet.size();
    const auto headers = Cutter::headers_of(packet);
    if (!headers) return packet.size();
    return std::min(packet.size(), headers->total + packet.offload.segment_size);
}

std::size_t largest_piece(const Frame& transport) {
    const Octets front = transport.front();
    if (!transport.offload.is_super_segment() || front.size() <= TcpPlace::offset)
        return transport.size();
    const std::size_t header =
        std::size_t{std::to_integer<std::uint8_t>(front[TcpPlace::offset])} / 16 * 4;
    return std::min(transport.size(), header + transport.offload.segment_size);
}

std::optional<Cutter> Cutter::of(Frame& packet, buf::Pool& pool) {
    const auto headers = headers_of(packet);
    if (!headers) return std::nullopt;
    return Cutter(packet, pool, *headers);
}

Cutter::Cutter(Frame& packet, buf::Pool& pool, const Headers& headers)
    : packet_(packet), pool_(pool), headers_(headers) {
    const bool has_text_in_head = packet.head().size() > headers.total;
    if (has_text_in_head) packet.flatten();
    if (packet.head().empty()) offset_ = static_cast<std::uint32_t>(headers.total);
    text_ = packet.size() - headers.total;

    const MutableOctets ip = MutableOctets{headers_.octets}.first(headers.ip);
    const MutableOctets tcp =
        MutableOctets{headers_.octets}.subspan(headers.ip, headers.total - headers.ip);
    if (headers.is_v4) {
        id_ = load_be<std::uint16_t>(ip, Ipv4Place::id);
        store_be<std::uint16_t>(ip, Ipv4Place::length, 0);
        store_be<std::uint16_t>(ip, Ipv4Place::id, 0);
        store_be<std::uint16_t>(ip, Ipv4Place::checksum, 0);
        fixed_ip_ = Checksum::of(ip);
    }
    seq_ = Seq{load_be<std::uint32_t>(tcp, TcpPlace::seq)};
    flags_ = TcpFlags::from_bits(std::to_integer<std::uint8_t>(tcp[TcpPlace::flags]));
    store_be<std::uint32_t>(tcp, TcpPlace::seq, 0);
    store_be<std::uint16_t>(tcp, wire::TcpRepr::checksum_offset, 0);
    tcp[TcpPlace::flags] = std::byte{0};
    const Octets addresses =
        headers.is_v4 ? ip.subspan(Ipv4Place::addresses, 8) : ip.subspan(Ipv6Place::addresses, 32);
    fixed_tcp_ =
        Checksum::of(tcp).add(addresses).add_u16(static_cast<std::uint16_t>(wire::IpProtocol::tcp));
}

FramePtr Cutter::next() {
    if (count_ > 0 && at_ == text_) return {};
    const std::size_t most = std::max<std::size_t>(packet_.offload.segment_size, 1);
    const std::size_t text = std::min(most, text_ - at_);
    FramePtr frame = pool_.frame();
    frame->id = packet_.id;
    frame->marked_bad = packet_.marked_bad;
    const MutableOctets head = frame->prepend(headers_.total);
    std::memcpy(head.data(), headers_.octets.data(), headers_.total);
    add_text(*frame, text);
    put_ip(head.first(headers_.ip), text);
    put_tcp(head.subspan(headers_.ip), *frame, text);
    at_ += text;
    ++count_;
    return frame;
}

void Cutter::put_ip(MutableOctets header, std::size_t text) const {
    if (!headers_.is_v4) {
        const auto length = static_cast<std::uint16_t>(headers_.total - headers_.ip + text);
        store_be(header, Ipv6Place::length, length);
        return;
    }
    const auto length = static_cast<std::uint16_t>(headers_.total + text);
    const auto id = static_cast<std::uint16_t>(id_ + count_);
    store_be(header, Ipv4Place::length, length);
    store_be(header, Ipv4Place::id, id);
    store_be(header, Ipv4Place::checksum, Checksum(fixed_ip_).add_u16(length).add_u16(id).finish());
}

/// FIN and PSH stand on the last segment only, CWR on the first only (RFC 3168 §6.1.2).
void Cutter::put_tcp(MutableOctets header, const Frame& frame, std::size_t text) const {
    const Seq seq = seq_ + static_cast<std::uint32_t>(at_);
    TcpFlags flags = flags_;
    if (at_ + text != text_) flags = flags.without(TcpFlag::fin | TcpFlag::psh);
    if (at_ != 0) flags = flags.without(TcpFlag::cwr);
    store_be(header, TcpPlace::seq, seq.value());
    header[TcpPlace::flags] = static_cast<std::byte>(flags.bits());
    Checksum sum = fixed_tcp_;
    sum.add_u32(seq.value()).add_u16(flags.bits());
    sum.add_u32(static_cast<std::uint32_t>(header.size() + text));
    for (const Slice& slice : frame.slices()) sum.add(slice.octets());
    store_be(header, wire::TcpRepr::checksum_offset, sum.finish());
}

void Cutter::add_text(Frame& to, std::size_t count) {
    while (count > 0) {
        const Slice& slice = packet_.slices()[slice_];
        const std::uint32_t left = slice.size() - offset_;
        const auto part = static_cast<std::uint32_t>(std::min<std::size_t>(count, left));
        if (part > 0) DT_ASSERT(to.add(slice.part(offset_, part)));
        count -= part;
        offset_ += part;
        if (offset_ < slice.size()) continue;
        offset_ = 0;
        ++slice_;
    }
}

}  // namespace dt::ip

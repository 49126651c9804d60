// Cutting of super-segments.
#include "ip/segmentation.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "ip/output.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"

namespace dt::ip {

namespace {

/// The IP and TCP headers of a packet, copied.
struct Headers {
    std::array<std::byte, 120> octets{};
    std::size_t ip = 0;     // octets of the IP header
    std::size_t total = 0;  // of both
    std::uint16_t id = 0;   // of IPv4
    bool is_v4 = true;

    [[nodiscard]] MutableOctets tcp() { return MutableOctets{octets}.subspan(ip, total - ip); }
};

/// The IP part of headers_of; nothing where TCP does not follow at once.
std::optional<Headers> ip_header_of(const Frame& packet) {
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
    headers.id = v4->id();
    return headers;
}

std::optional<Headers> headers_of(Frame& packet) {
    auto headers = ip_header_of(packet);
    if (!headers) return std::nullopt;
    if (!make_contiguous(packet, headers->ip + wire::TcpView::header_min)) return std::nullopt;
    const auto words = std::to_integer<std::size_t>(packet.front()[headers->ip + 12] >> 4);
    headers->total = headers->ip + 4 * words;
    if (words < 5 || !make_contiguous(packet, headers->total)) return std::nullopt;
    std::memcpy(headers->octets.data(), packet.front().data(), headers->total);
    return headers;
}

/// What differs in the piece that starts `at` octets into the text: FIN and PSH stand on the last
/// piece only, CWR on the first only (RFC 3168 §6.1.2).
void adjust_tcp(MutableOctets tcp, std::size_t at, bool is_last) {
    store_be(tcp, 4, load_be<std::uint32_t>(tcp, 4) + static_cast<std::uint32_t>(at));
    TcpFlags flags = TcpFlags::from_bits(std::to_integer<std::uint8_t>(tcp[13]));
    if (!is_last) flags = flags.without(TcpFlag::fin | TcpFlag::psh);
    if (at != 0) flags = flags.without(TcpFlag::cwr);
    tcp[13] = static_cast<std::byte>(flags.bits());
    store_be<std::uint16_t>(tcp, wire::TcpRepr::checksum_offset, 0);
}

void adjust_ip(MutableOctets ip, std::size_t size, std::uint16_t id) {
    if (std::to_integer<unsigned>(ip[0]) >> 4 == 6) {
        store_be(ip, 4, static_cast<std::uint16_t>(size - ip.size()));
        return;
    }
    store_be(ip, 2, static_cast<std::uint16_t>(size));
    store_be(ip, 4, id);
    store_be<std::uint16_t>(ip, 10, 0);
    store_be(ip, 10, Checksum::of(ip).finish());
}

IpAddr source_of(Octets ip, bool is_v4) {
    return is_v4 ? IpAddr{Ipv4::load(ip, 12)} : IpAddr{Ipv6::load(ip, 8)};
}
IpAddr destination_of(Octets ip, bool is_v4) {
    return is_v4 ? IpAddr{Ipv4::load(ip, 16)} : IpAddr{Ipv6::load(ip, 24)};
}

}  // namespace

std::size_t wire_size(Frame& packet) {
    if (!packet.offload.is_super_segment()) return packet.size();
    const auto headers = headers_of(packet);
    if (!headers) return packet.size();
    return std::min(packet.size(), headers->total + packet.offload.segment_size);
}

std::size_t largest_piece(const Frame& transport) {
    constexpr std::size_t offset_at = 12;  // of the header's length in words (RFC 9293 §3.1)
    const Octets front = transport.front();
    if (!transport.offload.is_super_segment() || front.size() <= offset_at) return transport.size();
    const std::size_t header =
        std::size_t{std::to_integer<std::uint8_t>(front[offset_at])} / 16 * 4;
    return std::min(transport.size(), header + transport.offload.segment_size);
}

std::vector<FramePtr> cut_super_segment(Frame& packet, buf::Pool& pool) {
    std::vector<FramePtr> segments;
    const auto headers = headers_of(packet);
    if (!headers) return segments;
    const std::size_t text = packet.size() - headers->total;
    const std::size_t piece_max = packet.offload.segment_size;
    std::size_t at = 0;
    do {  // a piece without text where there is none at all
        const std::size_t piece = std::min(piece_max, text - at);
        Headers own = *headers;
        adjust_tcp(own.tcp(), at, at + piece == text);
        adjust_ip(MutableOctets{own.octets}.first(own.ip), own.total + piece,
                  static_cast<std::uint16_t>(own.id + segments.size()));
        FramePtr frame = pool.frame();
        frame->id = packet.id;
        frame->marked_bad = packet.marked_bad;
        const MutableOctets head = frame->prepend(own.total);
        std::memcpy(head.data(), own.octets.data(), own.total);
        add_part(*frame, packet, own.total + at, piece);
        const Checksum sum =
            wire::pseudo_header(source_of(head, own.is_v4), destination_of(head, own.is_v4),
                                wire::IpProtocol::tcp,
                                static_cast<std::uint32_t>(frame->size() - own.ip))
                .add(sum_of(*frame, own.ip));
        store_be(head, own.ip + wire::TcpRepr::checksum_offset, sum.finish());
        segments.push_back(std::move(frame));
        at += piece;
    } while (at < text);
    return segments;
}

}  // namespace dt::ip

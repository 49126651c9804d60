// Reads captures: link headers, IP, TCP, ICMP errors.
#include "doctor/capture_file.hpp"

#include <pcap/pcap.h>

#include <array>
#include <memory>
#include <optional>

#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"

namespace dt::doctor {

namespace {

struct ClosePcap {
    void operator()(pcap_t* file) const { pcap_close(file); }
};

/// Octets before the IP header, for the link types that carry it plainly.
std::optional<std::size_t> link_header(int link_type, Octets frame) {
    switch (link_type) {
        case DLT_RAW: return 0;
        case DLT_NULL:
        case DLT_LOOP: return 4;
        case DLT_LINUX_SLL: return 16;
        case DLT_LINUX_SLL2: return 20;
        case DLT_EN10MB: break;
        default: return std::nullopt;
    }
    std::size_t at = 12;
    constexpr std::uint16_t vlan = 0x8100;
    while (frame.size() >= at + 6 && load_be<std::uint16_t>(frame, at) == vlan) at += 4;
    return at + 2;
}

struct Datagram {
    IpAddr source;
    IpAddr destination;
    wire::IpProtocol protocol{};
    Octets payload;          ///< what is at hand
    std::size_t length = 0;  ///< of the whole payload
};

std::optional<Datagram> datagram_in(Octets octets, std::size_t size) {
    if (octets.empty()) return std::nullopt;
    const auto version = std::to_integer<unsigned>(octets[0]) >> 4;
    if (version == 4) {
        const auto ip = wire::Ipv4View::parse_front(octets, size);
        if (!ip || ip->fragment_offset() != 0) return std::nullopt;
        return Datagram{ip->source(), ip->destination(), ip->protocol(),
                        octets.subspan(std::min(octets.size(), ip->header_length())),
                        ip->total_length() - ip->header_length()};
    }
    const auto ip = wire::Ipv6View::parse_front(octets, size);
    if (!ip) return std::nullopt;
    return Datagram{ip->source(), ip->destination(),
                    static_cast<wire::IpProtocol>(ip->next_header()),
                    octets.subspan(wire::Ipv6View::header_length), ip->payload_length()};
}

void see_tcp(rules::Capture& capture, rules::SeenSegment seen, const Datagram& datagram) {
    const auto tcp = wire::TcpView::parse(datagram.payload);
    if (!tcp || datagram.length < tcp->header_length()) return;
    seen.from = {datagram.source, tcp->source()};
    seen.to = {datagram.destination, tcp->destination()};
    seen.seq = load_be<std::uint32_t>(datagram.payload, 4);
    seen.ack = load_be<std::uint32_t>(datagram.payload, 8);
    seen.length = static_cast<std::uint32_t>(datagram.length - tcp->header_length());
    seen.window = tcp->window();
    const auto flags = std::to_integer<unsigned>(datagram.payload[13]);
    seen.has_fin = (flags & 0x01U) != 0;
    seen.has_syn = (flags & 0x02U) != 0;
    seen.has_rst = (flags & 0x04U) != 0;
    seen.has_ack = (flags & 0x10U) != 0;
    capture.add(seen);
}

/// RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1; RFC 4443 §3.1.
std::optional<rules::Refusal> refusal_of(bool is_v4, unsigned type, unsigned code) {
    using rules::Refusal;
    if (is_v4 && type != 3) return std::nullopt;
    if (!is_v4 && type == 2) return Refusal::too_big;
    if (!is_v4 && type != 1) return std::nullopt;
    static constexpr std::array<Refusal, 14> v4{
        Refusal::network, Refusal::host,       Refusal::protocol,   Refusal::port,
        Refusal::too_big, Refusal::host,       Refusal::network,    Refusal::host,
        Refusal::host,    Refusal::prohibited, Refusal::prohibited, Refusal::network,
        Refusal::host,    Refusal::prohibited};
    static constexpr std::array<Refusal, 5> v6{Refusal::network, Refusal::prohibited, Refusal::host,
                                               Refusal::host, Refusal::port};
    if (is_v4) return code < v4.size() ? std::optional{v4[code]} : std::nullopt;
    return code < v6.size() ? std::optional{v6[code]} : std::nullopt;
}

void see_icmp(rules::Capture& capture, std::uint64_t number, const Datagram& datagram) {
    constexpr std::size_t header = 8;
    if (datagram.payload.size() < header) return;
    const auto refusal = refusal_of(datagram.protocol == wire::IpProtocol::icmp,
                                    std::to_integer<unsigned>(datagram.payload[0]),
                                    std::to_integer<unsigned>(datagram.payload[1]));
    if (!refusal) return;
    const Octets quoted = datagram.payload.subspan(header);
    // The quote may be cut: its own length says how much there was.
    constexpr std::size_t any_size = 0xffff;
    const auto inner = datagram_in(quoted, any_size);
    if (!inner || inner->protocol != wire::IpProtocol::tcp || inner->payload.size() < 4) return;
    rules::SeenError error;
    error.packet = number;
    error.refusal = *refusal;
    error.by = datagram.source;
    error.from = {inner->source, Port{load_be<std::uint16_t>(inner->payload, 0)}};
    error.to = {inner->destination, Port{load_be<std::uint16_t>(inner->payload, 2)}};
    capture.add(error);
}

}  // namespace

void see_packet(rules::Capture& capture, std::uint64_t number, Instant at, Octets octets,
                std::size_t size) {
    const auto datagram = datagram_in(octets, size);
    if (!datagram) return;
    rules::SeenSegment seen;
    seen.packet = number;
    seen.at = at;
    switch (datagram->protocol) {
        case wire::IpProtocol::tcp: see_tcp(capture, seen, *datagram); break;
        case wire::IpProtocol::icmp:
        case wire::IpProtocol::icmpv6: see_icmp(capture, number, *datagram); break;
        case wire::IpProtocol::udp: break;
    }
}

std::expected<CaptureAnswer, std::string> read_capture(const std::string& path) {
    std::array<char, PCAP_ERRBUF_SIZE> trouble{};
    const std::unique_ptr<pcap_t, ClosePcap> file(pcap_open_offline_with_tstamp_precision(
        path.c_str(), PCAP_TSTAMP_PRECISION_NANO, trouble.data()));
    if (!file) return std::unexpected(std::string{trouble.data()});
    const int link_type = pcap_datalink(file.get());
    if (!link_header(link_type, {})) return std::unexpected("its link type is not known here");
    rules::Capture capture;
    CaptureAnswer answer;
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    int status = 0;
    while ((status = pcap_next_ex(file.get(), &header, &data)) == 1) {
        ++answer.packets;
        const Octets frame = std::as_bytes(std::span{data, header->caplen});
        const std::size_t skip = link_header(link_type, frame).value_or(0);
        if (skip >= frame.size() || header->len < skip) continue;
        const Instant at{std::chrono::seconds{header->ts.tv_sec} +
                         std::chrono::nanoseconds{header->ts.tv_usec}};
        see_packet(capture, answer.packets, at, frame.subspan(skip), header->len - skip);
    }
    if (status == PCAP_ERROR) answer.cut = pcap_geterr(file.get());
    answer.flows = capture.size();
    answer.verdict = capture.judge();
    return answer;
}

}  // namespace dt::doctor

// A packet of a scenario, word by word.
#include "scenario/packet_parser.hpp"

#include "scenario/option_text.hpp"

namespace dt::scenario {
namespace {

std::optional<TcpFlag> flag_of(char letter) {
    switch (letter) {
        case 'S': return TcpFlag::syn;
        case 'F': return TcpFlag::fin;
        case 'R': return TcpFlag::rst;
        case 'P': return TcpFlag::psh;
        case '.': return TcpFlag::ack;
        case 'U': return TcpFlag::urg;
        case 'E': return TcpFlag::ece;
        case 'W': return TcpFlag::cwr;
        default: return std::nullopt;
    }
}

TcpFlags parse_flags(Words& words) {
    TcpFlags flags;
    const Place at = words.place();
    const auto word = words.take();
    if (word == "-") return flags;
    if (word.empty()) words.complain(at, "flags", word);
    for (const char letter : word) {
        const auto flag = flag_of(letter);
        if (!flag) {
            words.complain(at, "flags (S F R P . U E W, or - for none), udp or icmp", word);
            break;
        }
        flags |= *flag;
    }
    return flags;
}

/// `40000`, `10.0.0.9:40000`, `10.0.0.9`; empty is what the flow says.
End parse_end(Piece piece, Complaint& complaint) {
    End end;
    if (piece.text.empty()) return end;
    if (const auto port = number_in<std::uint16_t>(piece.text, 0, 65535)) {
        end.port = Port{*port};
        return end;
    }
    if (const auto both = wire::Endpoint::parse(piece.text)) return {both->addr, both->port};
    if (const auto address = IpAddr::parse(piece.text)) return {*address, std::nullopt};
    complaint.at(piece.place, "expected a port, an address or ADDRESS:PORT, not '" +
                                  std::string(piece.text) + "'");
    return end;
}

/// `SOURCE>DESTINATION`, if the next word is one.
void parse_ends(Words& words, Packet& packet) {
    const auto word = words.front();
    const auto arrow = word.find('>');
    if (arrow == std::string_view::npos || word.starts_with('<')) return;
    const Place at = words.place();
    words.take();
    packet.source = parse_end({word.substr(0, arrow), at}, words.complaint());
    const auto shift = static_cast<std::uint32_t>(arrow + 1);
    packet.destination =
        parse_end({word.substr(arrow + 1), {at.line, at.column + shift}}, words.complaint());
}

/// `(100)`.
std::optional<std::uint32_t> length_of(std::string_view word) {
    if (!word.starts_with('(') || !word.ends_with(')')) return std::nullopt;
    constexpr std::uint32_t most = 65535;
    return number_in<std::uint32_t>(word.substr(1, word.size() - 2), 0, most);
}

/// `1:101(100)`, or `*(100)` where the numbers do not matter.
void parse_range(Words& words, TcpText& tcp) {
    const Place at = words.place();
    const auto word = words.take();
    const auto open = word.find('(');
    const auto colon = word.substr(0, open).find(':');
    const auto length =
        open == std::string_view::npos ? std::nullopt : length_of(word.substr(open));
    const auto first = number_of(word.substr(0, std::min(colon, open)));
    auto last = first;
    if (colon != std::string_view::npos) last = number_of(word.substr(colon + 1, open - colon - 1));
    if (!length || !first || !last) {
        words.complain(at, "FIRST:LAST(LENGTH)", word);
        return;
    }
    tcp.first = *first;
    tcp.last = *last;
    tcp.length = *length;
    const bool given = colon != std::string_view::npos && first->kind == Number::Kind::relative;
    if (given && last->value - first->value != static_cast<std::int64_t>(*length)) {
        words.complain(at, "LAST - FIRST to be LENGTH", word);
    }
}

/// A word about the IP header; false if the next word is another.
bool parse_ip_word(Words& words, IpText& ip) {
    if (words.take("ttl")) {
        ip.ttl = words.take_number<std::uint8_t>("a TTL");
    } else if (words.take("tos")) {
        ip.tos = words.take_number<std::uint8_t>("a type of service");
    } else if (words.take("df")) {
        ip.dont_fragment = true;
    } else if (words.take("nodf")) {
        ip.dont_fragment = false;
    } else {
        return false;
    }
    return true;
}

bool parse_tcp_word(Words& words, TcpText& tcp) {
    if (words.take("ack")) {
        tcp.ack = words.take_relative("an acknowledgement number");
    } else if (words.take("win")) {
        tcp.window = words.take_number<std::uint16_t>("a window of 0 to 65535");
    } else if (words.take("urg")) {
        tcp.urgent = words.take_number<std::uint16_t>("an urgent pointer");
    } else if (words.take("badsum")) {
        tcp.checksum = TcpText::Sum::wrong;
    } else if (words.front().starts_with('<')) {
        const Place at = words.place();
        tcp.options = parse_options({words.take(), at}, words.complaint());
    } else {
        return false;
    }
    return true;
}

TcpText parse_tcp(Words& words, IpText& ip) {
    TcpText tcp;
    tcp.flags = parse_flags(words);
    parse_range(words, tcp);
    while (!words.empty() && (parse_ip_word(words, ip) || parse_tcp_word(words, tcp))) {
    }
    if (tcp.ack && !tcp.flags.ack()) {
        words.complain(words.place(), "no ack number without the flag '.'", "ack");
    }
    return tcp;
}

UdpText parse_udp(Words& words, Packet& packet) {
    UdpText udp;
    parse_ends(words, packet);
    const Place at = words.place();
    const auto word = words.take();
    const auto length = length_of(word);
    if (!length) words.complain(at, "(LENGTH)", word);
    udp.length = length.value_or(0);
    while (!words.empty()) {
        if (words.take("badsum")) {
            udp.checksum = UdpText::Sum::wrong;
        } else if (words.take("nosum")) {
            udp.checksum = UdpText::Sum::none;
        } else if (!parse_ip_word(words, packet.ip)) {
            break;
        }
    }
    return udp;
}

bool parse_icmp_word(Words& words, IcmpText& icmp) {
    if (words.take("mtu")) {
        icmp.mtu = words.take_number<std::uint16_t>("an MTU");
    } else if (words.take("id")) {
        icmp.id = words.take_number<std::uint16_t>("an identifier");
    } else if (words.take("seq")) {
        icmp.sequence = words.take_number<std::uint16_t>("a sequence number");
    } else if (words.take("quoting")) {
        icmp.quoted_seq = words.take_relative("the sequence number that is quoted");
    } else if (words.take("octets")) {
        icmp.quoted_octets = words.take_number<std::uint32_t>("how much is quoted");
    } else if (const auto length = length_of(words.front())) {
        icmp.length = length;
        words.take();
    } else {
        return false;
    }
    return true;
}

IcmpText parse_icmp(Words& words, Packet& packet) {
    IcmpText icmp;
    parse_ends(words, packet);
    const Place at = words.place();
    const auto word = words.take();
    const auto slash = word.find('/');
    const auto type = number_in<std::uint8_t>(word.substr(0, slash), 0, 255);
    const auto code = slash == std::string_view::npos
                          ? std::nullopt
                          : number_in<std::uint8_t>(word.substr(slash + 1), 0, 255);
    if (!type || !code) words.complain(at, "TYPE/CODE", word);
    icmp.type = type.value_or(0);
    icmp.code = code.value_or(0);
    while (!words.empty() && (parse_ip_word(words, packet.ip) || parse_icmp_word(words, icmp))) {
    }
    return icmp;
}

}  // namespace

Packet parse_packet(Piece piece, Complaint& complaint) {
    Words words(piece, complaint);
    Packet packet;
    packet.place = piece.place;
    parse_ends(words, packet);
    if (words.take("udp")) {
        packet.body = parse_udp(words, packet);
    } else if (words.take("icmp")) {
        packet.body = parse_icmp(words, packet);
    } else {
        packet.body = parse_tcp(words, packet.ip);
    }
    if (!words.empty()) words.complain(words.place(), "the end of the packet", words.front());
    return packet;
}

}  // namespace dt::scenario

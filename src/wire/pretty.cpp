// Packets as text, in the notation of packetdrill and, for the rest, of tcpdump.
#include "wire/pretty.hpp"

#include <fmt/format.h>

#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv4.hpp"
#include "wire/ipv4.hpp"
#include "wire/udp.hpp"

namespace dt::wire {

namespace {

void append(std::string& list, std::string_view item) {
    if (!list.empty()) list += ',';
    list += item;
}

std::string unparsed(std::string_view what, Error error, std::size_t size) {
    const bool is_short = error == Error::truncated;
    return fmt::format("{} {} ({})", what, is_short ? "truncated" : "malformed", size);
}

std::string arp_line(Octets packet) {
    const auto view = ArpView::parse(packet);
    if (!view) return unparsed("arp", view.error(), packet.size());
    const auto arp = ArpRepr::from(*view);
    if (!arp) return unparsed("arp", arp.error(), packet.size());
    switch (arp->operation) {
        case ArpOperation::request:
            return fmt::format("arp who-has {} tell {}", to_string(arp->target_ip),
                               to_string(arp->sender_ip));
        case ArpOperation::reply:
            return fmt::format("arp {} is-at {}", to_string(arp->sender_ip),
                               to_string(arp->sender_mac));
    }
    return {};
}

std::string between(const Ipv4View& ip, Port source, Port destination) {
    return fmt::format("{} > {}", to_string(Endpoint{ip.source(), source}),
                       to_string(Endpoint{ip.destination(), destination}));
}
std::string between(const Ipv4View& ip) {
    return fmt::format("{} > {}", to_string(ip.source()), to_string(ip.destination()));
}

std::string tcp_line(const Ipv4View& ip) {
    const auto view = TcpView::parse(ip.payload());
    if (!view) {
        return fmt::format("{} {}", between(ip),
                           unparsed("tcp", view.error(), ip.payload().size()));
    }
    return fmt::format("{} {}", between(ip, view->source(), view->destination()),
                       pretty(TcpRepr::from(*view), view->payload().size()));
}

std::string udp_line(const Ipv4View& ip) {
    const auto view = UdpView::parse(ip.payload());
    if (!view) {
        return fmt::format("{} {}", between(ip),
                           unparsed("udp", view.error(), ip.payload().size()));
    }
    return fmt::format("{} udp ({})", between(ip, view->source(), view->destination()),
                       view->payload().size());
}

std::string_view unreachable_name(UnreachableCode code) {
    switch (code) {
        case UnreachableCode::network: return "network";
        case UnreachableCode::host: return "host";
        case UnreachableCode::protocol: return "protocol";
        case UnreachableCode::port: return "port";
        case UnreachableCode::fragmentation_needed: return "frag-needed";
        case UnreachableCode::source_route_failed: return "source-route-failed";
        case UnreachableCode::network_unknown: return "network-unknown";
        case UnreachableCode::host_unknown: return "host-unknown";
        case UnreachableCode::source_host_isolated: return "source-isolated";
        case UnreachableCode::network_prohibited: return "network-prohibited";
        case UnreachableCode::host_prohibited: return "host-prohibited";
        case UnreachableCode::network_for_tos: return "network-for-tos";
        case UnreachableCode::host_for_tos: return "host-for-tos";
        case UnreachableCode::prohibited: return "admin-prohibited";
        case UnreachableCode::precedence_violation: return "precedence-violation";
        case UnreachableCode::precedence_cutoff: return "precedence-cutoff";
    }
    return "code unknown";
}

/// What an error is about: the quoted conversation, as far as it is quoted.
std::string about(const Icmpv4View& icmp) {
    const auto quoted = icmp.quoted();
    if (!quoted) return {};
    if (!quoted->source_port) return fmt::format(" [{}]", between(quoted->header));
    return fmt::format(" [{}]",
                       between(quoted->header, *quoted->source_port, *quoted->destination_port));
}

std::string echo(const Icmpv4View& icmp, std::string_view what) {
    return fmt::format("icmp echo {} id {} seq {} ({})", what, icmp.id(), icmp.sequence(),
                       icmp.payload().size());
}

std::string unreachable(const Icmpv4View& icmp) {
    const auto code = static_cast<UnreachableCode>(icmp.code());
    const std::string mtu = code == UnreachableCode::fragmentation_needed
                                ? fmt::format(" mtu {}", icmp.next_hop_mtu())
                                : std::string();
    return fmt::format("icmp unreachable {}{}{}", unreachable_name(code), mtu, about(icmp));
}

std::string icmp_text(const Icmpv4View& icmp) {
    switch (icmp.type()) {
        case Icmpv4Type::echo_request: return echo(icmp, "request");
        case Icmpv4Type::echo_reply: return echo(icmp, "reply");
        case Icmpv4Type::destination_unreachable: return unreachable(icmp);
        case Icmpv4Type::time_exceeded:
            return fmt::format("icmp time-exceeded code {}{}", icmp.code(), about(icmp));
        case Icmpv4Type::parameter_problem:
            return fmt::format("icmp parameter-problem at {}{}", icmp.pointer(), about(icmp));
        case Icmpv4Type::source_quench: return fmt::format("icmp source-quench{}", about(icmp));
        case Icmpv4Type::redirect: return fmt::format("icmp redirect{}", about(icmp));
        case Icmpv4Type::timestamp_request:
        case Icmpv4Type::timestamp_reply: break;
    }
    return fmt::format("icmp type {} code {} ({})", static_cast<unsigned>(icmp.type()), icmp.code(),
                       icmp.payload().size());
}

std::string icmp_line(const Ipv4View& ip) {
    const auto view = Icmpv4View::parse(ip.payload());
    return fmt::format(
        "{} {}", between(ip),
        view ? icmp_text(*view) : unparsed("icmp", view.error(), ip.payload().size()));
}

std::string fragment_line(const Ipv4View& ip) {
    return fmt::format("{} fragment id {} {}:{}({}){}", between(ip), ip.id(), ip.fragment_offset(),
                       ip.fragment_offset() + ip.payload().size(), ip.payload().size(),
                       ip.has_more_fragments() ? "+" : "");
}

std::string ipv4_line(Octets datagram) {
    const auto ip = Ipv4View::parse(datagram);
    if (!ip) return unparsed("ip", ip.error(), datagram.size());
    if (ip->is_fragment()) return fragment_line(*ip);
    switch (ip->protocol()) {
        case IpProtocol::tcp: return tcp_line(*ip);
        case IpProtocol::udp: return udp_line(*ip);
        case IpProtocol::icmp: return icmp_line(*ip);
        case IpProtocol::icmpv6: break;
    }
    return fmt::format("{} protocol {} ({})", between(*ip), static_cast<unsigned>(ip->protocol()),
                       ip->payload().size());
}

}  // namespace

std::string pretty(TcpFlags flags) {
    std::string text;
    if (flags.syn()) text += 'S';
    if (flags.fin()) text += 'F';
    if (flags.rst()) text += 'R';
    if (flags.psh()) text += 'P';
    if (flags.urg()) text += 'U';
    if (flags.ece()) text += 'E';
    if (flags.cwr()) text += 'W';
    if (flags.ack()) text += '.';
    return text.empty() ? "-" : text;
}

std::string pretty(const TcpOptions& options, Seq base) {
    std::string text;
    if (options.mss) append(text, fmt::format("mss {}", *options.mss));
    if (options.sack_permitted) append(text, options.timestamps ? "sackOK" : "nop,nop,sackOK");
    if (options.timestamps) {
        append(text, fmt::format("{}TS val {} ecr {}", options.sack_permitted ? "" : "nop,nop,",
                                 options.timestamps->value, options.timestamps->echo));
    }
    if (options.window_scale) append(text, fmt::format("nop,wscale {}", *options.window_scale));
    if (options.sack.empty()) return text;
    append(text, "nop,nop,sack");
    for (const SackBlock& block : options.sack) {
        text += fmt::format(" {}:{}", distance(base, block.first), distance(base, block.end));
    }
    return text;
}

std::string pretty(const TcpRepr& segment, std::size_t payload_length, InitialNumbers initial,
                   Detail detail) {
    const std::uint32_t first = distance(initial.sender, segment.seq);
    const auto length = static_cast<std::uint32_t>(payload_length);
    std::string text =
        fmt::format("{} {}:{}({})", pretty(segment.flags), first, first + length, length);
    if (segment.flags.ack()) {
        text += fmt::format(" ack {}", distance(initial.receiver, segment.ack));
    }
    if (detail == Detail::brief) return text;
    text += fmt::format(" win {}", segment.window);
    if (segment.flags.urg()) text += fmt::format(" urg {}", segment.urgent);
    const std::string options = pretty(segment.options, initial.receiver);
    return options.empty() ? text : fmt::format("{} <{}>", text, options);
}

std::string pretty_frame(Octets frame) {
    const auto view = EthernetView::parse(frame);
    if (!view) return unparsed("frame", view.error(), frame.size());
    const std::string vlan =
        view->vlan_id() == 0 ? std::string() : fmt::format("vlan {} ", view->vlan_id());
    switch (view->type()) {
        case EtherType::arp: return vlan + arp_line(view->payload());
        case EtherType::ipv4: return vlan + ipv4_line(view->payload());
        case EtherType::vlan:
        case EtherType::ipv6: break;
    }
    return fmt::format("{}{} > {} type {:#06x} ({})", vlan, to_string(view->source()),
                       to_string(view->destination()), static_cast<unsigned>(view->type()),
                       view->payload().size());
}

}  // namespace dt::wire

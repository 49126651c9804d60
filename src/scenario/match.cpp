// A packet that was expected against one that was seen, field by field.
#include "scenario/match.hpp"

#include "scenario/option_text.hpp"
#include "wire/pretty.hpp"

namespace dt::scenario {
namespace {

using Mismatch = std::optional<std::string>;

std::string relative(Seq seq, Seq base) { return std::to_string(signed_distance(base, seq)); }

std::string differs(std::string_view what, const std::string& expected, const std::string& seen) {
    return std::string(what) + " is " + seen + ", expected " + expected;
}

/// One number of the segment against what is written; `base` is what relative numbers count from.
Mismatch number(std::string_view what, const Number& written, Seq seen, Seq base) {
    if (written.kind == Number::Kind::any) return std::nullopt;
    const bool is_absolute = written.kind == Number::Kind::absolute;
    const auto value = static_cast<std::uint32_t>(written.value);
    const Seq wanted = is_absolute ? Seq{value} : base + value;
    if (wanted == seen) return std::nullopt;
    if (is_absolute) {
        return differs(what, "#" + std::to_string(value), "#" + std::to_string(seen.value()));
    }
    return differs(what, std::to_string(written.value), relative(seen, base));
}

template <class T>
Mismatch field(std::string_view what, const std::optional<T>& written, T seen) {
    if (!written || *written == seen) return std::nullopt;
    return differs(what, std::to_string(+*written), std::to_string(+seen));
}

/// The text of a segment is the pattern of its numbers.
Mismatch text_of(const SeenTcp& seen, const Flow& flow) {
    const auto first = signed_distance(flow.ours({}), seen.header.seq);
    for (std::size_t i = 0; i < seen.text.size(); ++i) {
        const auto at = first + static_cast<std::int64_t>(i);
        if (seen.text[i] != pattern(at)) {
            return "octet " + std::to_string(at) + " is not what was written there";
        }
    }
    return std::nullopt;
}

/// A SYN of the stack begins its numbers, unless the script counts it from the incarnation before.
/// The SYN of a living incarnation that comes again has the number it had.
void learn(const TcpText& expected, const SeenTcp& seen, Flow& flow) {
    if (!seen.header.flags.syn()) return;
    const bool counted = expected.first.kind == Number::Kind::relative && expected.first.value != 0;
    if (!flow.iss || (flow.ended && !counted)) {
        flow.iss = seen.header.seq;
    }
}

Mismatch tcp_mismatch(const TcpText& expected, const SeenTcp& seen, Flow& flow) {
    if (seen.header.flags != expected.flags) {
        return differs("the flags", wire::pretty(expected.flags), wire::pretty(seen.header.flags));
    }
    learn(expected, seen, flow);
    const Seq ours = flow.ours({});
    const Seq theirs = flow.theirs({});
    if (auto wrong = number("the sequence number", expected.first, seen.header.seq, ours))
        return wrong;
    if (expected.length != seen.text.size()) {
        return differs("the length", std::to_string(expected.length),
                       std::to_string(seen.text.size()));
    }
    if (expected.ack) {
        if (auto wrong = number("the ack", *expected.ack, seen.header.ack, theirs)) return wrong;
    }
    if (auto wrong = field("the window", expected.window, seen.header.window)) return wrong;
    if (auto wrong = field("the urgent pointer", expected.urgent, seen.header.urgent)) return wrong;
    if (expected.options) {
        const auto options = options_of(seen.options, theirs);
        if (!matches(*expected.options, options)) {
            return differs("the list of options", to_text(*expected.options), to_text(options));
        }
    }
    if (seen.header.flags.syn()) {
        flow.iss = seen.header.seq;
        flow.ended = false;
        return std::nullopt;
    }
    return flow.iss && expected.length > 0 ? text_of(seen, flow) : std::nullopt;
}

Mismatch udp_mismatch(const UdpText& expected, const SeenUdp& seen) {
    if (seen.text.size() != expected.length) {
        return differs("the length", std::to_string(expected.length),
                       std::to_string(seen.text.size()));
    }
    for (std::size_t i = 0; i < seen.text.size(); ++i) {
        if (seen.text[i] != pattern(static_cast<std::int64_t>(i))) {
            return "octet " + std::to_string(i) + " is not what was written there";
        }
    }
    return std::nullopt;
}

Mismatch icmp_mismatch(const IcmpText& expected, const SeenIcmp& seen) {
    const auto type = static_cast<std::uint8_t>(seen.header.type);
    if (type != expected.type || seen.header.code != expected.code) {
        return differs("the message",
                       std::to_string(expected.type) + "/" + std::to_string(expected.code),
                       std::to_string(type) + "/" + std::to_string(seen.header.code));
    }
    const auto low = static_cast<std::uint16_t>(seen.header.rest);
    const auto high = static_cast<std::uint16_t>(seen.header.rest >> 16);
    if (auto wrong = field("the MTU", expected.mtu, low)) return wrong;
    if (auto wrong = field("the sequence number", expected.sequence, low)) return wrong;
    if (auto wrong = field("the identifier", expected.id, high)) return wrong;
    return field("the length", expected.length, static_cast<std::uint32_t>(seen.length));
}

Mismatch ip_mismatch(const IpText& expected, const wire::Ipv4Repr& seen) {
    if (auto wrong = field("the TTL", expected.ttl, seen.ttl)) return wrong;
    if (auto wrong = field("the type of service", expected.tos, seen.tos)) return wrong;
    return field("DF", expected.dont_fragment, seen.dont_fragment);
}

Mismatch body_mismatch(const Packet& expected, const Seen& seen, Flow& flow) {
    if (const auto* tcp = std::get_if<TcpText>(&expected.body)) {
        const auto* found = std::get_if<SeenTcp>(&seen.body);
        return found == nullptr ? Mismatch("it is no TCP segment")
                                : tcp_mismatch(*tcp, *found, flow);
    }
    if (const auto* udp = std::get_if<UdpText>(&expected.body)) {
        const auto* found = std::get_if<SeenUdp>(&seen.body);
        return found == nullptr ? Mismatch("it is no UDP datagram") : udp_mismatch(*udp, *found);
    }
    const auto* icmp = std::get_if<IcmpText>(&expected.body);
    const auto* found = std::get_if<SeenIcmp>(&seen.body);
    return found == nullptr ? Mismatch("it is no ICMP message") : icmp_mismatch(*icmp, *found);
}

std::string tcp_text(const SeenTcp& tcp, const Flow& flow) {
    const Seq ours = flow.ours({});
    const auto first = signed_distance(ours, tcp.header.seq);
    const auto last = first + static_cast<std::int64_t>(tcp.text.size());
    std::string result = wire::pretty(tcp.header.flags) + " " + std::to_string(first) + ":" +
                         std::to_string(last) + "(" + std::to_string(tcp.text.size()) + ")";
    if (tcp.header.flags.ack()) result += " ack " + relative(tcp.header.ack, flow.theirs({}));
    result += " win " + std::to_string(tcp.header.window);
    if (tcp.header.flags.urg()) result += " urg " + std::to_string(tcp.header.urgent);
    if (!tcp.options.empty()) result += " " + to_text(options_of(tcp.options, flow.theirs({})));
    return result;
}

std::string icmp_text(const SeenIcmp& icmp) {
    return "icmp " + std::to_string(static_cast<unsigned>(icmp.header.type)) + "/" +
           std::to_string(icmp.header.code) + " (" + std::to_string(icmp.length) + ")";
}

std::string ends(const Seen& seen) {
    return std::to_string(seen.tuple.local.port.value()) + ">" + wire::to_string(seen.tuple.remote);
}

}  // namespace

Mismatch mismatch(const Packet& expected, const Seen& seen, Flow& flow) {
    if (!seen.fault.empty()) return seen.fault;
    if (auto wrong = body_mismatch(expected, seen, flow)) return wrong;
    return ip_mismatch(expected.ip, seen.ip);
}

std::string to_text(const Seen& seen, const Flow& flow) {
    if (const auto* tcp = std::get_if<SeenTcp>(&seen.body)) {
        return ends(seen) + " " + tcp_text(*tcp, flow);
    }
    if (const auto* udp = std::get_if<SeenUdp>(&seen.body)) {
        return "udp " + ends(seen) + " (" + std::to_string(udp->text.size()) + ")";
    }
    if (const auto* icmp = std::get_if<SeenIcmp>(&seen.body)) return icmp_text(*icmp);
    return std::get<SeenOther>(seen.body).text;
}

}  // namespace dt::scenario

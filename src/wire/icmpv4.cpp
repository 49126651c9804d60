// ICMP messages, parsed and emitted (RFC 792).
#include "wire/icmpv4.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace dt::wire {

Result<Icmpv4View> Icmpv4View::parse(Octets message) {
    if (message.size() < header_length) return fail(Error::truncated);
    return Icmpv4View(message);
}

bool Icmpv4View::is_error() const {
    const Icmpv4Type kind = type();
    return kind == Icmpv4Type::destination_unreachable || kind == Icmpv4Type::source_quench ||
           kind == Icmpv4Type::redirect || kind == Icmpv4Type::time_exceeded ||
           kind == Icmpv4Type::parameter_problem;
}

Result<QuotedDatagram> Icmpv4View::quoted() const {
    if (!is_error()) return fail(Error::malformed);
    DT_TRY(header, Ipv4View::parse_quoted(payload()));
    QuotedDatagram quoted{.header = header, .source_port = {}, .destination_port = {}, .seq = {}};
    const Octets data = header.payload();
    const bool is_tcp = header.protocol() == IpProtocol::tcp;
    const bool has_ports = is_tcp || header.protocol() == IpProtocol::udp;
    if (!has_ports || header.fragment_offset() != 0 || data.size() < 4) return quoted;
    quoted.source_port = Port{load_be<std::uint16_t>(data, 0)};
    quoted.destination_port = Port{load_be<std::uint16_t>(data, 2)};
    if (is_tcp && data.size() >= 8) quoted.seq = Seq{load_be<std::uint32_t>(data, 4)};
    return quoted;
}

Icmpv4Repr Icmpv4Repr::from(const Icmpv4View& view) {
    return {view.type(), view.code(), load_be<std::uint32_t>(view.message(), 4)};
}

void Icmpv4Repr::emit(MutableOctets to, Checksum payload) const {
    DT_ASSERT(to.size() >= size());
    store_be(to, 0, static_cast<std::uint8_t>(type));
    store_be(to, 1, code);
    store_be<std::uint16_t>(to, 2, 0);
    store_be(to, 4, rest);
    store_be(to, 2, Checksum::of(to.first(size())).add(payload).finish());
}

Result<TimestampRepr> TimestampRepr::parse(Octets message) {
    if (message.size() < size) return fail(Error::truncated);
    TimestampRepr repr;
    repr.type = static_cast<Icmpv4Type>(std::to_integer<std::uint8_t>(message[0]));
    repr.id = load_be<std::uint16_t>(message, 4);
    repr.sequence = load_be<std::uint16_t>(message, 6);
    repr.originated = load_be<std::uint32_t>(message, 8);
    repr.received = load_be<std::uint32_t>(message, 12);
    repr.sent = load_be<std::uint32_t>(message, 16);
    return repr;
}

void TimestampRepr::emit(MutableOctets to) const {
    DT_ASSERT(to.size() >= size);
    store_be(to, 8, originated);
    store_be(to, 12, received);
    store_be(to, 16, sent);
    const std::uint32_t rest = static_cast<std::uint32_t>(id) << 16U | sequence;
    Icmpv4Repr{type, 0, rest}.emit(to, Checksum::of(to.subspan(8, size - 8)));
}

Octets quotable(Octets datagram) {
    constexpr std::size_t room =
        Icmpv4Repr::error_datagram_max - Ipv4View::header_min - Icmpv4View::header_length;
    return datagram.first(std::min(datagram.size(), room));
}

}  // namespace dt::wire

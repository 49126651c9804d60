// DHCP messages, parsed and made (RFC 2131 §2, §4.1; RFC 2132).
#include "wire/dhcp.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace dt::wire {

namespace {

constexpr std::uint8_t op_request = 1;
constexpr std::uint8_t op_reply = 2;
constexpr std::uint8_t ethernet = 1;
constexpr std::uint16_t flag_broadcast = 0x8000;
constexpr std::uint32_t magic_cookie = 0x6382'5363;

// Where the fixed fields stand.
constexpr std::size_t xid_at = 4;
constexpr std::size_t secs_at = 8;
constexpr std::size_t flags_at = 10;
constexpr std::size_t ciaddr_at = 12;
constexpr std::size_t yiaddr_at = 16;
constexpr std::size_t chaddr_at = 28;
constexpr std::size_t sname_at = 44;
constexpr std::size_t file_at = 108;
constexpr std::size_t cookie_at = 236;
constexpr std::size_t options_at = 240;

/// Options by their codes; an open set.
enum class Code : std::uint8_t {
    pad = 0,
    mask = 1,
    router = 3,
    mtu = 26,
    wanted = 50,
    lease = 51,
    overload = 52,
    type = 53,
    server = 54,
    parameters = 55,
    size_max = 57,
    renewal = 58,
    rebinding = 59,
    client = 61,
    end = 255,
};

std::uint8_t octet(Octets from, std::size_t at) { return std::to_integer<std::uint8_t>(from[at]); }

/// What is collected on the way through the options.
struct Reading {
    DhcpReply reply;
    bool has_type = false;
    std::uint8_t overload = 0;  // 1: `file` holds options too, 2: `sname`, 3: both
};

// What a lease can do without is skipped where it is ill-formed: other clients take the rest, and a
// server that errs there has always been believed.
template <class T>
void read_wish(std::optional<T>& into, Octets value) {
    if (value.size() == sizeof(T)) into = load_be<T>(value, 0);
}

void read_mask(DhcpReply& reply, Octets value) {
    std::optional<std::uint32_t> mask;
    read_wish(mask, value);
    if (!mask) return;
    const auto length = static_cast<std::uint8_t>(std::countl_one(*mask));
    const bool is_contiguous = std::countr_zero(*mask) == 32 - length;
    if (is_contiguous) reply.prefix_length = length;
}

void read_routers(DhcpReply& reply, Octets value) {
    if (value.size() % Ipv4::size != 0) return;
    for (std::size_t at = 0; at < value.size(); at += Ipv4::size) {
        if (reply.router_count == DhcpReply::routers_max) break;
        reply.routers[reply.router_count++] = Ipv4::load(value, at);
    }
}

/// 1 to 3; anything else names no field.
void read_overload(Reading& reading, Octets value) {
    if (value.size() == 1 && octet(value, 0) <= 3) reading.overload = octet(value, 0);
}

// What a lease is made of is what it says, or the message is none.
Status read_lease_time(DhcpReply& reply, Octets value) {
    if (value.size() != sizeof(std::uint32_t)) return fail(Error::malformed);
    reply.lease_s = load_be<std::uint32_t>(value, 0);
    return {};
}

Status read_server(DhcpReply& reply, Octets value) {
    if (value.size() != Ipv4::size) return fail(Error::malformed);
    reply.server = Ipv4::load(value, 0);
    return {};
}

/// A client is answered by an offer, an acknowledgement or a refusal.
Status read_type(Reading& reading, Octets value) {
    if (value.size() != 1) return fail(Error::malformed);
    const auto type = static_cast<DhcpType>(value[0]);
    if (type != DhcpType::offer && type != DhcpType::ack && type != DhcpType::nak) {
        return fail(Error::malformed);
    }
    reading.reply.type = type;
    reading.has_type = true;
    return {};
}

Status read_option(Reading& reading, Code code, Octets value) {
    DhcpReply& reply = reading.reply;
    switch (code) {
        case Code::type: return read_type(reading, value);
        case Code::server: return read_server(reply, value);
        case Code::lease: return read_lease_time(reply, value);
        case Code::mask: read_mask(reply, value); return {};
        case Code::router: read_routers(reply, value); return {};
        case Code::mtu: read_wish(reply.mtu, value); return {};
        case Code::overload: read_overload(reading, value); return {};
        case Code::renewal: read_wish(reply.renewal_s, value); return {};
        case Code::rebinding: read_wish(reply.rebinding_s, value); return {};
        case Code::pad:
        case Code::wanted:
        case Code::parameters:
        case Code::size_max:
        case Code::client:
        case Code::end: return {};
    }
    return {};
}

/// RFC 2131 §4.1: up to the end option, or the end of the field.
Status read_options(Reading& reading, Octets field) {
    while (!field.empty()) {
        const auto code = static_cast<Code>(field[0]);
        if (code == Code::end) return {};
        if (code == Code::pad) {
            field = field.subspan(1);
            continue;
        }
        constexpr std::size_t header = 2;
        if (field.size() < header) return fail(Error::malformed);
        const std::size_t length = octet(field, 1);
        if (header + length > field.size()) return fail(Error::malformed);
        DT_CHECK(read_option(reading, code, field.subspan(header, length)));
        field = field.subspan(header + length);
    }
    return {};
}

/// Appends options behind one another.
class Writer {
  public:
    explicit Writer(MutableOctets to) : to_(to) {}

    void add(Code code, Octets value) {
        DT_ASSERT(at_ + 2 + value.size() < to_.size());
        to_[at_] = static_cast<std::byte>(code);
        to_[at_ + 1] = static_cast<std::byte>(value.size());
        std::ranges::copy(value, to_.begin() + static_cast<std::ptrdiff_t>(at_ + 2));
        at_ += 2 + value.size();
    }
    void add(Code code, const Ipv4& address) {
        std::array<std::byte, Ipv4::size> value{};
        address.store(value, 0);
        add(code, value);
    }
    void end() { to_[at_] = static_cast<std::byte>(Code::end); }

  private:
    MutableOctets to_;
    std::size_t at_ = 0;
};

}  // namespace

Result<DhcpReply> DhcpReply::parse(Octets message) {
    if (message.size() < options_at) return fail(Error::truncated);
    const bool is_reply = octet(message, 0) == op_reply && octet(message, 1) == ethernet &&
                          octet(message, 2) == Mac::size &&
                          load_be<std::uint32_t>(message, cookie_at) == magic_cookie;
    if (!is_reply) return fail(Error::malformed);
    Reading reading;
    reading.reply.xid = load_be<std::uint32_t>(message, xid_at);
    reading.reply.client = Mac::load(message, chaddr_at);
    reading.reply.address = Ipv4::load(message, yiaddr_at);
    DT_CHECK(read_options(reading, message.subspan(options_at)));
    // RFC 2132 §9.3: first `file`, then `sname`; neither says once more what is overloaded.
    const std::uint8_t overload = reading.overload;
    if ((overload & 1U) != 0) {
        DT_CHECK(read_options(reading, message.subspan(file_at, cookie_at - file_at)));
    }
    if ((overload & 2U) != 0) {
        DT_CHECK(read_options(reading, message.subspan(sname_at, file_at - sname_at)));
    }
    if (!reading.has_type) return fail(Error::malformed);
    return reading.reply;
}

DhcpQuestion::Message DhcpQuestion::message() const {
    Message octets{};
    octets[0] = static_cast<std::byte>(op_request);
    octets[1] = static_cast<std::byte>(ethernet);
    octets[2] = static_cast<std::byte>(Mac::size);
    store_be(octets, xid_at, xid);
    store_be(octets, secs_at, secs);
    const bool is_answered = type != DhcpType::decline && type != DhcpType::release;
    if (address.is_any() && is_answered) store_be(octets, flags_at, flag_broadcast);
    address.store(octets, ciaddr_at);
    client.store(octets, chaddr_at);
    store_be(octets, cookie_at, magic_cookie);

    Writer options(MutableOctets(octets).subspan(options_at));
    options.add(Code::type, std::array{static_cast<std::byte>(type)});
    std::array<std::byte, 1 + Mac::size> id{static_cast<std::byte>(ethernet)};
    client.store(id, 1);
    options.add(Code::client, id);
    if (wanted) options.add(Code::wanted, *wanted);
    if (server) options.add(Code::server, *server);
    if (is_answered) {  // RFC 2131 §4.4.4, table 5
        std::array<std::byte, 2> most{};
        store_be(most, 0, size_max);
        options.add(Code::size_max, most);
        constexpr std::array asked{Code::mask,  Code::router,  Code::mtu,
                                   Code::lease, Code::renewal, Code::rebinding};
        options.add(Code::parameters, std::as_bytes(std::span(asked)));
    }
    options.end();
    return octets;
}

}  // namespace dt::wire

// Integers, texts and endpoints of a recording.
#include "world/codec.hpp"

#include "base/printable.hpp"

namespace dt::world {

void Encoder::u16(std::uint16_t number) {
    u8(static_cast<std::uint8_t>(number));
    u8(static_cast<std::uint8_t>(number >> 8));
}

void Encoder::number(std::uint64_t value) {
    while (value >= 0x80) {
        u8(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    u8(static_cast<std::uint8_t>(value));
}

void Encoder::signed_number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    number(bits << 1 ^ (value < 0 ? ~0ULL : 0ULL));
}

void Encoder::text(std::string_view text) {
    octets(std::as_bytes(std::span(text.data(), text.size())));
}

void Encoder::octets(Octets octets) {
    number(octets.size());
    octets_.insert(octets_.end(), octets.begin(), octets.end());
}

void Encoder::endpoint(const Endpoint& endpoint) {
    u8(endpoint.addr.is_v4() ? 4 : 6);
    if (endpoint.addr.is_v4()) {
        number(endpoint.addr.v4().value());
    } else {
        for (const std::uint8_t octet : endpoint.addr.v6().octets()) u8(octet);
    }
    u16(endpoint.port.value());
}

std::uint8_t Decoder::u8() {
    if (at_end()) {
        broken_ = true;
        return 0;
    }
    return std::to_integer<std::uint8_t>(octets_[at_++]);
}

std::uint16_t Decoder::u16() {
    const std::uint8_t low = u8();
    return static_cast<std::uint16_t>(low | u8() << 8);
}

std::uint64_t Decoder::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint8_t octet = u8();
        value |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
        if (octet < 0x80) return value;
    }
    broken_ = true;
    return 0;
}

std::int64_t Decoder::signed_number() {
    const std::uint64_t bits = number();
    return static_cast<std::int64_t>(bits >> 1 ^ ((bits & 1) != 0 ? ~0ULL : 0ULL));
}

std::uint64_t Decoder::below(std::uint64_t end) {
    const std::uint64_t value = number();
    if (value < end) return value;
    broken_ = true;
    return 0;
}

Octets Decoder::octets() {
    const std::uint64_t length = number();
    if (length > octets_.size() - at_) {
        broken_ = true;
        return {};
    }
    const Octets part = octets_.subspan(at_, length);
    at_ += length;
    return part;
}

std::string Decoder::text() {
    const Octets part = octets();
    return base::printable({reinterpret_cast<const char*>(part.data()), part.size()});
}

Endpoint Decoder::endpoint() {
    Endpoint endpoint;
    const std::uint8_t family = u8();
    if (family == 4) {
        endpoint.addr = Ipv4{static_cast<std::uint32_t>(below(1ULL << 32))};
    } else if (family == 6) {
        std::array<std::uint8_t, Ipv6::size> octets{};
        for (std::uint8_t& octet : octets) octet = u8();
        endpoint.addr = Ipv6{octets};
    } else {
        broken_ = true;
    }
    endpoint.port = Port{u16()};
    return endpoint;
}

}  // namespace dt::world

// virtio_net_hdr, parsed with suspicion and emitted (OASIS virtio 1.2 §5.1.6).
#include "wire/offload.hpp"

#include "base/assert.hpp"

namespace dt::wire {

namespace {

constexpr std::uint8_t flag_needs_checksum = 1;
constexpr std::uint8_t flag_data_valid = 2;

constexpr std::uint8_t gso_none = 0;
constexpr std::uint8_t gso_tcp_v4 = 1;
constexpr std::uint8_t gso_tcp_v6 = 4;
constexpr std::uint8_t gso_ecn = 0x80;

std::uint16_t load_le(Octets from, std::size_t at) {
    return std::byteswap(load_be<std::uint16_t>(from, at));
}
void store_le(MutableOctets to, std::size_t at, std::uint16_t value) {
    store_be(to, at, std::byteswap(value));
}

std::uint8_t gso_type(const Offload& offload, Family family) {
    if (!offload.is_super_segment()) return gso_none;
    return family == Family::v4 ? gso_tcp_v4 : gso_tcp_v6;
}

ChecksumState checksum_state(std::uint8_t flags) {
    if ((flags & flag_needs_checksum) != 0) return ChecksumState::needed;
    return (flags & flag_data_valid) != 0 ? ChecksumState::verified : ChecksumState::unverified;
}

}  // namespace

bool Offload::is_sane(std::size_t frame_size) const {
    if (is_super_segment() && checksum != ChecksumState::needed) return false;
    if (checksum != ChecksumState::needed) return true;
    return std::size_t{checksum_start} + checksum_offset + 2 <= frame_size;
}

Result<Offload> parse_vnet_header(Octets header, std::size_t frame_size) {
    if (header.size() < vnet_header_size) return fail(Error::truncated);
    Offload offload{.checksum = checksum_state(std::to_integer<std::uint8_t>(header[0]))};
    const auto type = std::to_integer<std::uint8_t>(header[1]) & ~gso_ecn;
    if (type == gso_tcp_v4 || type == gso_tcp_v6) {
        offload.segment_size = load_le(header, 4);
        if (offload.segment_size == 0) return fail(Error::malformed);
    } else if (type != gso_none) {
        return fail(Error::malformed);
    }
    if (offload.checksum == ChecksumState::needed) {
        offload.checksum_start = load_le(header, 6);
        offload.checksum_offset = load_le(header, 8);
    }
    if (!offload.is_sane(frame_size)) return fail(Error::malformed);
    return offload;
}

void emit_vnet_header(const Offload& offload, Family family, std::uint16_t header_length,
                      MutableOctets to) {
    DT_ASSERT(to.size() >= vnet_header_size);
    const bool is_needed = offload.checksum == ChecksumState::needed;
    store_be<std::uint8_t>(to, 0, is_needed ? flag_needs_checksum : std::uint8_t{0});
    store_be<std::uint8_t>(to, 1, gso_type(offload, family));
    store_le(to, 2, offload.is_super_segment() ? header_length : std::uint16_t{0});
    store_le(to, 4, offload.segment_size);
    store_le(to, 6, is_needed ? offload.checksum_start : std::uint16_t{0});
    store_le(to, 8, is_needed ? offload.checksum_offset : std::uint16_t{0});
}

}  // namespace dt::wire

// Fuzzer of recordings: a header of any content with the hash that makes it whole, and a body.
#include <cstdint>
#include <string>
#include <vector>

#include "world/recorder.hpp"
#include "world/replay.hpp"

namespace dt::world {
namespace {

constexpr std::size_t hosts_max_here = 8;  // a big network is slow and shows no more
constexpr int steps_max = 2000;

/// Where the header of `recording` ends and its hash begins; nothing where it makes no sense.
std::optional<std::size_t> header_end(Octets recording) {
    Decoder from(recording.subspan(recording_magic.size()));
    const std::uint64_t format = from.number();
    (void)from.text();
    if (format < recording_format_oldest || format > recording_format) return std::nullopt;
    const Spec spec = decode_spec(from, format);
    if (spec.hosts.size() > hosts_max_here) return std::nullopt;
    if (format > 1) {
        (void)from.signed_number();
        if (from.below(2) == 1) (void)from.signed_number();
    }
    if (from.is_broken()) return std::nullopt;
    return recording_magic.size() + from.position();
}

void fuzz(Octets input) {
    if (input.size() < recording_magic.size()) return;
    const auto end = header_end(input);
    if (!end) return;
    Decoder old_hash(input.subspan(*end));
    (void)old_hash.number();
    Encoder hash;
    hash.number(header_hash(input.first(*end)));
    std::vector<std::byte> whole(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(*end));
    whole.insert(whole.end(), hash.written().begin(), hash.written().end());
    const Octets body = input.subspan(*end + old_hash.position());
    whole.insert(whole.end(), body.begin(), body.end());
    const auto header = read_header(whole);
    if (!header) return;
    event::NullSink nobody;
    Replay replay(*header, whole, nobody);
    for (int i = 0; i < steps_max && replay.step(); ++i) continue;
}

}  // namespace
}  // namespace dt::world

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    dt::world::fuzz(std::as_bytes(std::span{data, size}));
    return 0;
}

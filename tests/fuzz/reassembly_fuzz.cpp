// Fuzzer of reassembly: fragments of both families with offsets, ends and texts that contradict
// each other, and time between them. What comes out is made of fragments that came, whole ones, end
// to end; what is held is bounded, and nothing outlives its time.
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "base/assert.hpp"
#include "event/sink.hpp"
#include "input.hpp"
#include "ip/reassembly.hpp"

namespace {

using namespace dt;
using fuzz::Input;
using wire::Ipv4Repr;
using wire::Ipv6Fragment;
using wire::Ipv6Repr;

constexpr Ipv4 own{10, 0, 0, 1};

struct Fragment {
    bool is_v6 = false;
    std::uint8_t source = 0;
    std::uint8_t id = 0;
    std::uint32_t offset = 0;
    bool more = false;
    std::vector<std::byte> text;
};

/// Texts of the same place differ by `version`.
std::vector<std::byte> text_of(std::uint32_t offset, std::size_t length, std::uint8_t version) {
    std::vector<std::byte> text(length);
    for (std::size_t i = 0; i < length; ++i)
        text[i] = static_cast<std::byte>((offset + i) * 7 + version * 101U);
    return text;
}

Fragment drawn(Input& input) {
    Fragment fragment;
    const auto bits = input.take<std::uint8_t>();
    fragment.is_v6 = (bits & 1U) != 0;
    fragment.more = (bits & 2U) != 0;
    fragment.source = bits >> 2 & 3U;
    fragment.id = bits >> 4 & 3U;
    const bool is_far = (bits & 0xc0U) == 0xc0U;
    const auto place = input.take<std::uint16_t>();
    fragment.offset = (is_far ? place % 8192U : place % 24U) * 8;
    std::size_t length = input.take<std::uint8_t>() % 64U;
    if (is_far) length *= 23;
    if (fragment.more) length = length / 8 * 8;
    fragment.text = text_of(fragment.offset, length, input.take<std::uint8_t>() % 2);
    return fragment;
}

std::vector<std::byte> packet_v4(const Fragment& fragment) {
    Ipv4Repr header;
    header.source = Ipv4{10, 0, 0, static_cast<std::uint8_t>(2 + fragment.source)};
    header.destination = own;
    header.protocol = wire::IpProtocol::udp;
    header.id = fragment.id;
    header.dont_fragment = false;
    header.more_fragments = fragment.more;
    header.fragment_offset = fragment.offset;
    header.payload_length = static_cast<std::uint32_t>(fragment.text.size());
    std::vector<std::byte> packet(Ipv4Repr::size());
    header.emit(packet);
    packet.insert(packet.end(), fragment.text.begin(), fragment.text.end());
    return packet;
}

std::vector<std::byte> packet_v6(const Fragment& fragment) {
    std::array<std::byte, Ipv6::size> octets{std::byte{0xfe}, std::byte{0x80}};
    octets[15] = static_cast<std::byte>(2 + fragment.source);
    Ipv6Repr header;
    header.source = Ipv6::load(octets, 0);
    octets[15] = std::byte{1};
    header.destination = Ipv6::load(octets, 0);
    header.next_header = wire::NextHeader::fragment;
    header.payload_length = static_cast<std::uint32_t>(Ipv6Fragment::size() + fragment.text.size());
    std::vector<std::byte> packet(Ipv6Repr::size() + Ipv6Fragment::size());
    header.emit(packet);
    Ipv6Fragment{wire::NextHeader::udp, fragment.offset, fragment.more, fragment.id}.emit(
        MutableOctets(packet).subspan(Ipv6Repr::size()));
    packet.insert(packet.end(), fragment.text.begin(), fragment.text.end());
    return packet;
}

class Reassembly {
  public:
    void step(Input& input) {
        const auto kind = input.take<std::uint8_t>() % 16;
        if (kind == 0) return sleep(std::chrono::milliseconds{input.take<std::uint16_t>()});
        add(drawn(input));
        DT_ASSERT(reassembler_.octets_held() <= ip::Reassembler::octets_max);
    }
    void finish() {
        sleep(ip::Reassembler::lifetime_v6 + std::chrono::seconds{1});
        DT_ASSERT(reassembler_.octets_held() == 0);
        DT_ASSERT(reassembler_.deadline() == never);
        DT_ASSERT(pool_.frames_in_use() == 0);
        DT_ASSERT(pool_.blocks_in_use() == 0);
    }

  private:
    /// Family, source and number of a datagram.
    using Key = std::array<std::uint8_t, 3>;

    [[nodiscard]] event::Turn turn() { return {now_, config_, sink_, 0}; }
    void sleep(Duration by) {
        now_ += by;
        while (reassembler_.next_expired(turn())) continue;
        DT_ASSERT(reassembler_.deadline() > now_);
    }
    void add(const Fragment& fragment) {
        // What is whole never comes here; and the caller of add_v6() has proved the length.
        if (fragment.offset == 0 && !fragment.more) return;
        const std::size_t end = fragment.offset + fragment.text.size();
        if (fragment.is_v6 && (fragment.text.empty() || end > 65'535)) return;
        const auto octets = fragment.is_v6 ? packet_v6(fragment) : packet_v4(fragment);
        FramePtr frame = pool_.frame();
        DT_ASSERT(frame->add(pool_.copy(octets)));
        auto& came = came_[{fragment.is_v6, fragment.source, fragment.id}];
        came.push_back(fragment);
        const FramePtr whole =
            fragment.is_v6 ? reassembler_.add_v6(turn(), 1, std::move(frame), {Ipv6Repr::size(), 6})
                           : reassembler_.add(turn(), 1, std::move(frame));
        if (!whole) return;
        std::vector<std::byte> packet(whole->size());
        whole->copy_to(packet);
        check(came, packet, fragment.is_v6 ? Ipv6Repr::size() : Ipv4Repr::size());
        came.clear();
    }
    /// Fragments that came lie end to end in `packet`, the last of them an end.
    static void check(const std::vector<Fragment>& came, Octets packet, std::size_t header) {
        DT_ASSERT(packet.size() > header && packet.size() <= 65'535 + Ipv6Repr::size());
        const Octets text = packet.subspan(header);
        std::vector<bool> is_reached(text.size() + 1);
        is_reached[0] = true;
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (!is_reached[at]) continue;
            for (const Fragment& one : came) {
                if (one.offset != at || one.text.empty()) continue;
                const std::size_t end = at + one.text.size();
                if (end > text.size() || one.more == (end == text.size())) continue;
                if (std::ranges::equal(one.text, text.subspan(at, one.text.size())))
                    is_reached[end] = true;
            }
        }
        DT_ASSERT(is_reached[text.size()]);
    }

    Instant now_{Instant{} + std::chrono::seconds{1}};
    Config config_;
    event::NullSink sink_;
    buf::Pool pool_;
    ip::Reassembler reassembler_{pool_};
    std::map<Key, std::vector<Fragment>> came_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int steps_max = 1'000;
    Input input(std::as_bytes(std::span{data, size}));
    Reassembly reassembly;
    for (int i = 0; i < steps_max && !input.empty(); ++i) reassembly.step(input);
    reassembly.finish();
    return 0;
}

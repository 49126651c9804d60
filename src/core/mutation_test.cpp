// Frames that were damaged at random: whatever arrives, the host stays whole, and each frame is
// either taken or told as dropped (VULNERABILITIES 3, 4, 5, 7, 8, 12, 18).
#include "base/rng.hpp"
#include "core/network_fixture.hpp"
#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv4.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::core::test {
namespace {

using Bytes = std::vector<std::byte>;

class Mutation : public Network {
  protected:
    Mutation() {
        back_to_back();
        a().core.ip().set_forwarding(true);
        listen(a(), "*:80");
        static_cast<void>(a().core.udp().open(at("10.0.0.1:53"), 4096));
    }

    static Bytes ip_frame(wire::IpProtocol protocol, const Bytes& payload, std::uint32_t offset = 0,
                          bool more = false) {
        Bytes octets(34);
        wire::EthernetRepr{mac(0, 1), mac(1, 1), wire::EtherType::ipv4}.emit(octets);
        wire::Ipv4Repr header;
        header.source = Ipv4{10, 0, 0, 2};
        header.destination = Ipv4{10, 0, 0, 1};
        header.protocol = protocol;
        header.payload_length = static_cast<std::uint32_t>(payload.size());
        header.dont_fragment = false;
        header.fragment_offset = offset;
        header.more_fragments = more;
        header.emit(MutableOctets{octets}.subspan(14));
        octets.insert(octets.end(), payload.begin(), payload.end());
        return octets;
    }
    static std::vector<Bytes> samples() {
        Bytes arp(42);
        wire::EthernetRepr{Mac::broadcast(), mac(1, 1), wire::EtherType::arp}.emit(arp);
        wire::ArpRepr{wire::ArpOperation::request, mac(1, 1), Ipv4{10, 0, 0, 2}, Mac{},
                      Ipv4{10, 0, 0, 1}}
            .emit(MutableOctets{arp}.subspan(14));
        Bytes echo(40);
        wire::Icmpv4Repr::echo_request(1, 1).emit(echo, Checksum::of(Octets{echo}.subspan(8)));
        wire::TcpRepr syn;
        syn.source = Port{5};
        syn.destination = Port{80};
        syn.flags = TcpFlag::syn;
        syn.options.mss = 1460;
        syn.options.window_scale = 7;
        Bytes segment(syn.size());
        syn.emit(segment,
                 wire::pseudo_header(Ipv4{10, 0, 0, 2}, Ipv4{10, 0, 0, 1}, wire::IpProtocol::tcp,
                                     static_cast<std::uint32_t>(segment.size())));
        Bytes datagram(20);
        wire::UdpRepr{Port{5}, Port{54}, 12}.emit(datagram);
        Bytes error(8);
        const Bytes quoted = ip_frame(wire::IpProtocol::tcp, segment);
        error.insert(error.end(), quoted.begin() + 14, quoted.end());
        wire::Icmpv4Repr::unreachable(wire::UnreachableCode::port)
            .emit(error, Checksum::of(Octets{error}.subspan(8)));
        return {arp,
                ip_frame(wire::IpProtocol::icmp, echo),
                ip_frame(wire::IpProtocol::icmp, error),
                ip_frame(wire::IpProtocol::tcp, segment),
                ip_frame(wire::IpProtocol::udp, datagram),
                ip_frame(wire::IpProtocol::udp, Bytes(16), 0, true),
                ip_frame(wire::IpProtocol::udp, Bytes(16), 16)};
    }
    /// Up to four octets changed, perhaps cut, its IPv4 checksum mended half of the time so that
    /// the damage gets past it.
    Bytes damaged(Bytes frame) {
        for (std::uint64_t left = rng.below(5); left > 0; --left) {
            frame[rng.below(frame.size())] = static_cast<std::byte>(rng.below(256));
        }
        if (rng.chance(0.2)) frame.resize(rng.below(frame.size()) + 1);
        const std::size_t header =
            frame.size() > 14 ? 4 * std::to_integer<std::size_t>(frame[14] & std::byte{15}) : 0;
        if (rng.chance(0.5) && header >= 20 && frame.size() >= 14 + header) {
            const MutableOctets ip = MutableOctets{frame}.subspan(14, header);
            store_be<std::uint16_t>(ip, 10, 0);
            store_be(ip, 10, Checksum::of(ip).finish());
        }
        return frame;
    }

    Rng rng{20240611};
};

TEST_F(Mutation, vuln_03_vuln_04_vuln_05_vuln_08_vuln_18_damaged_frames_do_no_harm) {
    const auto kinds = samples();
    std::size_t silent = 0;
    for (int i = 0; i < 30'000; ++i) {
        a().log.clear();
        const std::size_t held = pool.frames_in_use();
        inject(a(), damaged(kinds[rng.below(kinds.size())]));
        const bool waits = pool.frames_in_use() > held;  // a fragment, or for a neighbour
        const std::size_t told = a().log.all<event::PacketDropped>().size() +
                                 a().log.all<event::SegmentDropped>().size() +
                                 a().log.all<event::SegmentReceived>().size() +
                                 a().log.all<event::DatagramMoved>().size() +
                                 a().log.all<event::IcmpMoved>().size() +
                                 a().log.all<event::NeighbourChange>().size();
        a().core.advance(turn(a()));
        while (a().core.transmit(turn(a()), a(), 64)) {
        }
        const bool acted = waits || !a().leaving.empty();
        silent += told == 0 && !acted ? 1 : 0;
        a().leaving.clear();
        now += 1ms;
    }
    EXPECT_EQ(silent, 0U);
    run(120s);
    EXPECT_LT(pool.frames_in_use(), 1000U);
    // It still works: what is sound is answered.
    a().leaving.clear();
    inject(a(), kinds[0]);
    inject(a(), kinds[1]);
    while (a().core.transmit(turn(a()), a(), 64)) {
    }
    EXPECT_EQ(a().leaving.size(), 2U);
}

TEST_F(Mutation, vuln_17_no_answer_holds_octets_that_were_not_received) {
    constexpr std::byte marker{0xa5};
    std::size_t answers = 0;
    for (int i = 0; i < 200; ++i) {
        {  // leaves its marks in the pool's blocks
            std::vector<FramePtr> used;
            for (int n = 0; n < 8; ++n) {
                used.push_back(pool.frame());
                ASSERT_TRUE(used.back()->add(pool.copy(Bytes(400, marker))));
            }
        }
        for (const Bytes& kind : samples()) inject(a(), kind);
        while (a().core.transmit(turn(a()), a(), 64)) {
        }
        for (const auto& left : a().leaving) {
            Bytes octets(left.frame->size());
            left.frame->copy_to(octets);
            EXPECT_LT(std::ranges::count(octets, marker), 5) << "of " << octets.size();
            ++answers;
        }
        a().leaving.clear();
        now += 1s;
        a().core.advance(turn(a()));
    }
    EXPECT_GT(answers, 600U);  // ARP, echo, SYN,ACK or RST, port unreachable
}

}  // namespace
}  // namespace dt::core::test

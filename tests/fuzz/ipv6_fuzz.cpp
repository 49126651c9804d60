// Fuzzer of a stack with IPv6 by what arrives on its link: chains of extension headers, neighbour
// discovery, routers, groups, fragments, errors, segments and datagrams, with time between them.
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/assert.hpp"
#include "event/sink.hpp"
#include "input.hpp"
#include "stack/stack.hpp"
#include "stack/turn.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"

namespace {

using namespace dt;
using fuzz::Input;
using wire::Ipv6Repr;
using wire::NextHeader;

constexpr Mac own_mac({2, 0, 0, 0, 0, 1});
constexpr std::size_t reserved_max = 256U << 20;  // octets of the pool
constexpr int turns_max = 10'000;                 // at one instant
constexpr int instants_max = 1'000'000;           // in one span of time
constexpr std::size_t sent_max = 20'000;          // frames after one step

/// fe80::N, ff02::N, 2001:db8::N by `kind`.
Ipv6 address(std::uint8_t kind, std::uint8_t last) {
    constexpr std::array<std::array<std::uint8_t, 4>, 3> fronts{
        {{0xfe, 0x80, 0, 0}, {0xff, 2, 0, 0}, {0x20, 1, 0x0d, 0xb8}}};
    std::array<std::byte, Ipv6::size> octets{};
    for (std::size_t i = 0; i < 4; ++i)
        octets[i] = static_cast<std::byte>(fronts[kind % fronts.size()][i]);
    octets[15] = static_cast<std::byte>(last);
    return Ipv6::load(octets, 0);
}

class Host final : private stack::FrameSink, private stack::FrameSource {
  public:
    Host() {
        stack::InterfaceConfig link;
        link.name = "eth0";
        link.mac = own_mac;
        link.address_v6 = wire::Prefix{address(2, 1), 64};
        stack_.add_interface(link);
        run(now_ + std::chrono::seconds{5});  // its addresses are its own then (RFC 4862 §5.4)
        stack::Calls calls = stack_.calls(now_, {1, 3});
        const auto listener = calls.socket(sock::Family::inet6, sock::Type::stream);
        const auto datagrams = calls.socket(sock::Family::inet6, sock::Type::datagram);
        DT_ASSERT(listener && datagrams);
        DT_ASSERT(calls.bind(*listener, {IpAddr::any_v6(), Port{80}}));
        DT_ASSERT(calls.listen(*listener, 4));
        DT_ASSERT(calls.bind(*datagrams, {IpAddr::any_v6(), Port{53}}));
        sockets_ = {*listener, *datagrams};
    }

    void step(Input& input) {
        switch (input.take<std::uint8_t>() % 8) {
            case 0: run(now_ + std::chrono::milliseconds{input.take<std::uint16_t>()}); break;
            case 1: speak(input); break;
            default: arrive(packet(input)); break;
        }
        settle();
    }
    void finish() {
        for (const sock::SocketId id : sockets_) {
            static_cast<void>(stack_.calls(now_, {1, 3}).close(id));
            settle();
        }
        run(now_ + std::chrono::hours{2});
        DT_ASSERT(stack_.snapshot(now_).sockets.empty());
        DT_ASSERT(pool_.blocks_in_use() == 0);
        DT_ASSERT(pool_.frames_in_use() == 0);
    }

  private:
    /// Extension headers in front of `transport`, at most four: named right, their octets drawn.
    static std::vector<std::byte> chained(Input& input, NextHeader& first,
                                          std::vector<std::byte> transport) {
        constexpr std::array kinds{NextHeader::hop_by_hop, NextHeader::routing,
                                   NextHeader::fragment, NextHeader::destination_options};
        for (auto count = input.take<std::uint8_t>() % 8; count > 3; --count) {
            const auto kind = kinds[input.take<std::uint8_t>() % kinds.size()];
            std::vector<std::byte> header(8);
            std::ranges::copy(input.take_octets(8), header.begin());
            header[0] = static_cast<std::byte>(first);
            if (kind != NextHeader::fragment)
                header[1] = static_cast<std::byte>(std::to_integer<unsigned>(header[1]) % 3);
            if (kind != NextHeader::fragment)
                header.resize(wire::extension_length(kind, header), std::byte{1});
            transport.insert(transport.begin(), header.begin(), header.end());
            first = kind;
        }
        return transport;
    }
    static std::vector<std::byte> packet(Input& input) {
        const auto bits = input.take<std::uint8_t>();
        Ipv6Repr header;
        header.source = address(bits & 3U, 2 + (bits >> 2 & 3U));
        header.destination = address(bits >> 4 & 3U, (bits & 0x40U) != 0 ? 1 : 2);
        header.hop_limit = (bits & 0x80U) != 0 ? 64 : 255;
        constexpr std::array protocols{NextHeader::icmpv6, NextHeader::icmpv6, NextHeader::tcp,
                                       NextHeader::udp};
        const NextHeader protocol = protocols[input.take<std::uint8_t>() % protocols.size()];
        const Octets drawn = input.take_octets(input.take<std::uint8_t>() * 2U);
        std::vector<std::byte> transport(drawn.begin(), drawn.end());
        transport.resize(std::max<std::size_t>(transport.size(), 8));
        sum(transport, protocol, header);
        header.next_header = protocol;
        transport = chained(input, header.next_header, std::move(transport));
        header.payload_length = static_cast<std::uint32_t>(transport.size());
        std::vector<std::byte> octets(Ipv6Repr::size());
        header.emit(octets);
        octets.insert(octets.end(), transport.begin(), transport.end());
        return octets;
    }
    /// The port of a socket there is, and a checksum that holds.
    static void sum(std::vector<std::byte>& transport, NextHeader protocol,
                    const Ipv6Repr& header) {
        const bool is_tcp = protocol == NextHeader::tcp;
        const bool is_udp = protocol == NextHeader::udp;
        if (is_tcp && transport.size() < 20) transport.resize(20);
        if (is_tcp) store_be<std::uint16_t>(transport, 2, 80);
        if (is_udp) store_be<std::uint16_t>(transport, 2, 53);
        if (is_udp) store_be(transport, 4, static_cast<std::uint16_t>(transport.size()));
        const std::size_t at = is_tcp ? 16 : is_udp ? 6 : 2;
        store_be<std::uint16_t>(transport, at, 0);
        Checksum checksum = wire::pseudo_header(IpAddr{header.source}, IpAddr{header.destination},
                                                static_cast<wire::IpProtocol>(protocol),
                                                static_cast<std::uint32_t>(transport.size()));
        store_be(transport, at, checksum.add(Octets(transport)).finish());
    }
    void speak(Input& input) {
        const auto kind = input.take<std::uint8_t>();
        const std::vector<std::byte> text(input.take<std::uint8_t>() * 16U);
        const Endpoint to{IpAddr{address(kind >> 4, 2)}, Port{9}};
        stack::Calls calls = stack_.calls(now_, {1, 3});
        std::array<std::byte, 2048> room{};
        switch (kind % 4) {
            case 0: static_cast<void>(calls.receive_from(sockets_[1], room)); break;
            case 1: static_cast<void>(calls.send_to(sockets_[1], text, to)); break;
            case 2: accept(calls); break;
            default: static_cast<void>(calls.take_notice(sockets_[1])); break;
        }
    }
    void accept(stack::Calls& calls) {
        const auto accepted = calls.accept(sockets_[0]);
        if (accepted) sockets_.push_back(accepted->socket);
    }

    void arrive(Octets packet) {
        std::vector<std::byte> octets(wire::EthernetRepr::size());
        wire::EthernetRepr{own_mac, Mac({2, 0, 0, 0, 0, 2}), wire::EtherType::ipv6}.emit(octets);
        octets.insert(octets.end(), packet.begin(), packet.end());
        FramePtr frame = pool_.frame();
        DT_ASSERT(frame->add(pool_.copy(octets)));
        arriving_.push_back({1, std::move(frame)});
    }
    [[nodiscard]] stack::Arriving* front() override {
        return arriving_.empty() ? nullptr : &arriving_.front();
    }
    void pop() override { arriving_.pop_front(); }
    void take(stack::InterfaceIndex, FramePtr frame) override {
        DT_ASSERT(frame->size() <= wire::EthernetRepr::size() + 1500);
        ++sent_;
    }
    void turn() {
        for (int i = 0; i < turns_max; ++i) {
            const auto left = stack::turn(stack_, now_, *this, *this);
            while (stack_.next_readiness(now_)) continue;
            if (left == stack::Left::nothing && arriving_.empty() && stack_.deadline() > now_)
                return;
        }
        DT_ASSERT(false);  // a turn that never comes to an end
    }
    void run(Instant to) {
        for (int i = 0; i < instants_max; ++i) {
            const Instant due = stack_.deadline();
            if (due > to) {
                now_ = to;
                return;
            }
            now_ = std::max(now_, due);
            turn();
        }
        DT_ASSERT(false);  // time that never passes
    }
    void settle() {
        turn();
        DT_ASSERT(sent_ <= sent_max);
        sent_ = 0;
        DT_ASSERT(pool_.bytes_reserved() <= reserved_max);
    }

    static Config with_v6() {
        Config config;
        config.ipv6 = event::Switch::on;
        return config;
    }
    Instant now_{Instant{} + std::chrono::seconds{1}};
    event::NullSink sink_;
    buf::Pool pool_;
    stack::Stack stack_{with_v6(), 0, 7, pool_, sink_};
    std::deque<stack::Arriving> arriving_;
    std::vector<sock::SocketId> sockets_;
    std::size_t sent_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int steps_max = 200;
    Host host;
    Input input(std::as_bytes(std::span{data, size}));
    for (int i = 0; i < steps_max && !input.empty(); ++i) host.step(input);
    host.finish();
    return 0;
}

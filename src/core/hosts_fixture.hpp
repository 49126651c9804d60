// For tests: hosts with UDP sockets, and frames of a peer built by hand.
#pragma once

#include "core/network_fixture.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::core::test {

using Bytes = std::vector<std::byte>;

/// A UDP socket of a host.
struct Socket {
    udp::EndpointId id;
    Endpoint local;
};

class Hosts : public Network {
  protected:
    Socket open(Host& host, const char* local) {
        return {host.core.udp().open(at(local), 65536), at(local)};
    }
    void send(Host& host, Endpoint from, Endpoint to, std::size_t octets) {
        const Bytes text(octets, std::byte{0x61});
        ASSERT_TRUE(host.core.udp().send(turn(host), {from, to}, text));
    }
    /// The peer of `host` on its first link, as an Ethernet and IPv4 frame around `transport`.
    static Bytes frame_to(Host& host, std::uint8_t protocol, Bytes transport,
                          const char* from = "10.0.0.9", const char* to = "10.0.0.1",
                          Mac link_to = Mac{}) {
        Bytes octets(34);
        const Mac own = host.core.ip().interfaces()[1].mac;
        wire::EthernetRepr{link_to.is_zero() ? own : link_to, mac(9, 9), wire::EtherType::ipv4}
            .emit(octets);
        wire::Ipv4Repr header;
        header.source = addr(from).v4();
        header.destination = addr(to).v4();
        header.protocol = static_cast<wire::IpProtocol>(protocol);
        header.payload_length = static_cast<std::uint32_t>(transport.size());
        header.emit(MutableOctets{octets}.subspan(14));
        octets.insert(octets.end(), transport.begin(), transport.end());
        return octets;
    }
    static Bytes segment(std::uint16_t from, std::uint16_t to, TcpFlags flags,
                         const char* source = "10.0.0.9", const char* destination = "10.0.0.1") {
        wire::TcpRepr header;
        header.source = Port{from};
        header.destination = Port{to};
        header.seq = Seq{1000};
        header.flags = flags;
        Bytes octets(header.size());
        header.emit(octets, wire::pseudo_header(addr(source), addr(destination),
                                                wire::IpProtocol::tcp, 20));
        return octets;
    }
    static Bytes datagram(std::uint16_t from, std::uint16_t to, std::size_t text) {
        Bytes octets(8 + text, std::byte{0x62});
        const wire::UdpRepr header{Port{from}, Port{to}, static_cast<std::uint16_t>(text)};
        header.emit(octets);
        Checksum rest =
            wire::pseudo_header(addr("10.0.0.9"), addr("10.0.0.1"), wire::IpProtocol::udp,
                                static_cast<std::uint32_t>(octets.size()));
        rest.add(Octets{octets}.subspan(8));
        header.emit(octets, rest);
        return octets;
    }
};

}  // namespace dt::core::test

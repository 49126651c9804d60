// What ICMP errors mean to the transports whose packets they are about (RFC 1122 §3.2.2.1, RFC 4443
// §3; errno and hardness as measured on Linux 6.18).
#pragma once

#include <optional>

#include "ip/engine.hpp"
#include "tcp/segment.hpp"
#include "udp/engine.hpp"

namespace dt::core {

/// What an error means to TCP; nothing for those that no transport heeds (TCP-ICMP-008, 010).
[[nodiscard]] std::optional<tcp::IcmpError> icmp_kind(const ip::ErrorIn& error);

/// What an error means to the datagram socket that caused it.
struct DatagramError {
    Error error{};
    udp::Hardness hardness = udp::Hardness::soft;
};

/// Of an error that icmp_kind() knows (UDP-011 to UDP-013).
[[nodiscard]] DatagramError datagram_error(const ip::ErrorIn& error);

}  // namespace dt::core

// Places of fields in headers, in octets from the first of each (RFC 791 §3.1, RFC 8200 §3, RFC
// 9293 §3.1): for who changes or compares headers where they lie.
#pragma once

#include <cstddef>

namespace dt::wire {

struct Ipv4Place {
    static constexpr std::size_t length = 2;
    static constexpr std::size_t id = 4;
    static constexpr std::size_t fragment = 6;
    static constexpr std::size_t protocol = 9;
    static constexpr std::size_t checksum = 10;
    static constexpr std::size_t addresses = 12;
};

struct Ipv6Place {
    static constexpr std::size_t length = 4;
    static constexpr std::size_t next_header = 6;
    static constexpr std::size_t addresses = 8;
};

struct TcpPlace {
    static constexpr std::size_t seq = 4;
    static constexpr std::size_t ack = 8;
    static constexpr std::size_t offset = 12;  // the header's length, in words
    static constexpr std::size_t flags = 13;
    static constexpr std::size_t window = 14;
    static constexpr std::size_t urgent = 18;
};

}  // namespace dt::wire

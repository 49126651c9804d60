// TCP Fast Open (RFC 7413): the cookie a server makes, what a client remembers of servers, and what
// one connection's opening needs to know.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "event/config.hpp"
#include "wire/address.hpp"
#include "wire/tcp_options.hpp"

namespace dt::tcp {

/// What an open asks for: nothing, or Fast Open.
enum class FastOpenUse : std::uint8_t { no, yes };

/// The cookie of `client` for `server` under `key`: 8 octets of SipHash-2-4 over both addresses,
/// as Linux makes it. No state is kept for it (RFC 7413 §4.1.2).
[[nodiscard]] wire::FastOpen fast_open_cookie(SipKey key, const IpAddr& client,
                                              const IpAddr& server);

/// What a client knows of a server (RFC 7413 §4.1.3).
struct FastOpenServer {
    std::uint16_t mss = 0;                 // of its last SYN-ACK; 0: never seen
    std::optional<wire::FastOpen> cookie;  // none: to be asked for
    std::uint8_t tried = 0;  // 1: the standard option got no answer, 2: nor the experimental one
};

/// What one handshake taught about a server.
struct FastOpenLesson {
    std::uint16_t mss = 0;
    std::optional<wire::FastOpen> cookie;
    std::uint8_t tried = 0;
};

/// The servers a stack has opened to, at most `most`; the one seen longest ago makes room.
class FastOpenCache {
  public:
    static constexpr std::size_t most = 1024;

    [[nodiscard]] FastOpenServer find(const IpAddr& server) const;
    void learn(const IpAddr& server, const FastOpenLesson& lesson);
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        IpAddr address;
        FastOpenServer server;
        std::uint64_t seen = 0;
    };
    [[nodiscard]] Entry& place_for(const IpAddr& server);

    std::vector<Entry> entries_;  // by address
    std::uint64_t lessons_ = 0;
};

/// The part of a connection's opening that Fast Open adds; gone when it is established.
struct FastOpening {
    std::optional<wire::FastOpen> option;  // in the first SYN or SYN-ACK
    std::uint32_t text_max = 0;            // octets of text a first SYN may carry
    std::optional<FastOpenLesson> lesson;
    enum class Syn : std::uint8_t { plain, with_text } syn = Syn::plain;
};

/// What the first SYN to a server carries. `bits` are those of Config::fast_open, `mss` is our own;
/// nothing where Fast Open is off.
[[nodiscard]] std::optional<FastOpening> opening_to(std::uint32_t bits,
                                                    const FastOpenServer& server,
                                                    std::uint16_t mss);

}  // namespace dt::tcp

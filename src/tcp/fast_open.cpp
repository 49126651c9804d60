// TCP Fast Open (RFC 7413): cookies, and the client's memory of servers.
#include "tcp/fast_open.hpp"

#include <algorithm>
#include <array>

namespace dt::tcp {

namespace {

constexpr std::uint32_t options_room = 40;  // a SYN may grow its options to the most there can be
constexpr std::uint8_t cookie_length = 8;   // octets, as Linux

using wire::FastOpen;

}  // namespace

FastOpen fast_open_cookie(SipKey key, const IpAddr& client, const IpAddr& server) {
    std::array<std::byte, 2 * Ipv6::size> octets{};
    const std::size_t each = client.is_v4() ? Ipv4::size : Ipv6::size;
    const MutableOctets text = MutableOctets{octets}.first(2 * each);
    if (client.is_v4()) {
        client.v4().store(text, 0);
        server.v4().store(text, each);
    } else {
        client.v6().store(text, 0);
        server.v6().store(text, each);
    }
    const std::uint64_t hash = base::siphash_2_4(key, Octets{text});
    FastOpen cookie;
    cookie.length = cookie_length;
    for (unsigned i = 0; i < cookie_length; ++i) {
        cookie.octets[i] = static_cast<std::byte>(hash >> (8 * i) & 0xff);
    }
    return cookie;
}

FastOpenServer FastOpenCache::find(const IpAddr& server) const {
    const auto found = std::ranges::lower_bound(entries_, server, {}, &Entry::address);
    if (found == entries_.end() || found->address != server) return {};
    return found->server;
}

FastOpenCache::Entry& FastOpenCache::place_for(const IpAddr& server) {
    auto at = std::ranges::lower_bound(entries_, server, {}, &Entry::address);
    if (at != entries_.end() && at->address == server) return *at;
    if (entries_.size() >= most) {
        entries_.erase(std::ranges::min_element(entries_, {}, &Entry::seen));
        at = std::ranges::lower_bound(entries_, server, {}, &Entry::address);
    }
    return *entries_.insert(at, Entry{server, {}, 0});
}

// A cookie stays until another comes; the form that got no answer is not tried twice (Linux).
void FastOpenCache::learn(const IpAddr& server, const FastOpenLesson& lesson) {
    Entry& entry = place_for(server);
    entry.seen = ++lessons_;
    if (lesson.mss != 0) entry.server.mss = lesson.mss;
    if (lesson.cookie) {
        entry.server.cookie = lesson.cookie;
    } else if (!entry.server.cookie && lesson.tried > entry.server.tried) {
        entry.server.tried = lesson.tried;
    }
}

std::optional<FastOpening> opening_to(std::uint32_t bits, const FastOpenServer& server,
                                      std::uint16_t mss) {
    if ((bits & event::fast_open_client) == 0) return std::nullopt;
    FastOpening opening;
    const std::uint16_t known = server.mss != 0 ? server.mss : mss;  // as Linux
    const std::uint32_t room = std::min(known, mss);
    const std::uint32_t text = room > options_room ? room - options_room : 0;
    if ((bits & event::fast_open_client_no_cookie) != 0) {
        opening.text_max = text;
        return opening;
    }
    if (server.cookie) {
        opening.option = server.cookie;
        opening.text_max = text;
        return opening;
    }
    opening.option.emplace();
    if (server.tried == 1) opening.option->form = FastOpen::Form::experimental;
    return opening;
}

}  // namespace dt::tcp

// Fuzzer of cookies: a SYN cookie is known again in its minute and the next and by nobody after,
// what it keeps of the options comes back, and a Fast Open cookie is one host's alone.
#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "input.hpp"
#include "tcp/fast_open.hpp"
#include "tcp/syn_cookie.hpp"

namespace {

using namespace dt;
using fuzz::Input;

IpAddr address(Input& input, bool is_v4) {
    std::array<std::byte, Ipv6::size> octets{};
    std::ranges::copy(input.take_octets(is_v4 ? Ipv4::size : Ipv6::size), octets.begin());
    if (is_v4) return Ipv4::load(octets, 0);
    return Ipv6::load(octets, 0);
}

FourTuple tuple(Input& input) {
    const bool is_v4 = (input.take<std::uint8_t>() & 1U) != 0;
    const IpAddr local = address(input, is_v4);
    const IpAddr remote = address(input, is_v4);
    return {{local, Port{input.take<std::uint16_t>()}},
            {remote, Port{input.take<std::uint16_t>()}}};
}

/// The sizes a cookie can hold (TCP-SYNQ-029).
bool is_of_table(const FourTuple& tuple, std::uint16_t mss) {
    constexpr std::array<std::uint16_t, 4> v4{536, 1300, 1440, 1460};
    constexpr std::array<std::uint16_t, 4> v6{1220, 1420, 1440, 8940};
    const auto& table = tuple.local.addr.is_v4() ? v4 : v6;
    return std::ranges::find(table, mss) != table.end();
}

std::int64_t minute(Instant now) {
    return std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
}

void check_syn(Input& input, const tcp::SynCookies& cookies) {
    const FourTuple of = tuple(input);
    const Seq irs{input.take<std::uint32_t>()};
    const auto peer_mss = input.take<std::uint16_t>();
    const Instant then = Instant{} + std::chrono::milliseconds{input.take<std::uint32_t>()};
    const Instant later = then + std::chrono::milliseconds{input.take<std::uint32_t>() % 200'000};
    const Seq cookie = cookies.make(of, irs, peer_mss, then);
    const auto read = cookies.read(of, irs, cookie, later);
    DT_ASSERT(read.has_value() == (minute(later) - minute(then) <= 1));
    if (!read) return;
    DT_ASSERT(is_of_table(of, *read));
    const std::uint16_t least = of.local.addr.is_v4() ? 536 : 1220;
    DT_ASSERT(*read <= std::max(peer_mss, least));
    // What a stranger sends is refused, or is one of the sizes by a rare chance.
    const Seq other{input.take<std::uint32_t>()};
    const auto guessed = cookies.read(of, irs, other, later);
    DT_ASSERT(!guessed || is_of_table(of, *guessed));
}

void check_options(Input& input) {
    const auto clock = input.take<std::uint32_t>();
    const auto bits = input.take<std::uint16_t>();
    tcp::CookieOptions options;
    if ((bits & 1U) != 0) options.window_scale = static_cast<std::uint8_t>((bits >> 8) % 15);
    options.sack_permitted = (bits & 2U) != 0;
    options.ecn = (bits & 4U) != 0;
    const std::uint32_t stamp = tcp::cookie_timestamp(clock, options);
    DT_ASSERT(tcp::options_of_cookie(stamp) == options);
    DT_ASSERT(clock - stamp < 128);  // not later, and not much earlier
    // Whatever comes back can be read, and its scale is one of RFC 7323.
    const auto foreign = tcp::options_of_cookie(input.take<std::uint32_t>());
    DT_ASSERT(foreign.window_scale.value_or(0) <= 14);
}

void check_fast_open(Input& input, SipKey key) {
    const bool is_v4 = (input.take<std::uint8_t>() & 1U) != 0;
    const IpAddr client = address(input, is_v4);
    const IpAddr other = address(input, is_v4);
    const IpAddr server = address(input, is_v4);
    const auto cookie = tcp::fast_open_cookie(key, client, server);
    DT_ASSERT(cookie == tcp::fast_open_cookie(key, client, server));
    DT_ASSERT(client == other || cookie != tcp::fast_open_cookie(key, other, server));
    DT_ASSERT(cookie != tcp::fast_open_cookie({key.high, key.low + 1}, client, server));
}

void check_cache(Input& input, tcp::FastOpenCache& cache, SipKey key) {
    const IpAddr server = address(input, true);
    tcp::FastOpenLesson lesson;
    lesson.mss = input.take<std::uint16_t>();
    lesson.tried = input.take<std::uint8_t>() % 3;
    if ((lesson.mss & 1U) != 0) lesson.cookie = tcp::fast_open_cookie(key, server, server);
    cache.learn(server, lesson);
    DT_ASSERT(cache.size() <= tcp::FastOpenCache::most);
    const auto known = cache.find(server);
    DT_ASSERT(!lesson.cookie || known.cookie == lesson.cookie);
    const auto opening = tcp::opening_to(input.take<std::uint32_t>(), known, lesson.mss);
    DT_ASSERT(!opening || opening->text_max <= 65'535);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int steps_max = 2'000;
    Input input(std::as_bytes(std::span{data, size}));
    const SipKey key{input.take<std::uint64_t>(), input.take<std::uint64_t>()};
    const tcp::SynCookies cookies(key);
    tcp::FastOpenCache cache;
    for (int i = 0; i < steps_max && !input.empty(); ++i) {
        switch (input.take<std::uint8_t>() % 4) {
            case 0: check_syn(input, cookies); break;
            case 1: check_options(input); break;
            case 2: check_fast_open(input, key); break;
            default: check_cache(input, cache, key); break;
        }
    }
    return 0;
}

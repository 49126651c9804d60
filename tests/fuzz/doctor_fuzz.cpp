// Fuzzer of what doctor reads: netlink answers and texts of /proc. The first octet chooses the
// parser.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "doctor/capture_file.hpp"
#include "doctor/inet_diag.hpp"
#include "doctor/proc_text.hpp"
#include "doctor/routing.hpp"
#include "rules/engine.hpp"

namespace {

using namespace dt;

void read_netlink(std::uint8_t kind, Octets octets) {
    // As the kernel's answers are: aligned.
    std::vector<std::byte> aligned(octets.begin(), octets.end());
    const Octets datagram{aligned};
    rules::Evidence evidence;
    std::optional<rules::Route> route;
    switch (kind) {
        case 0:
            (void)doctor::read_sockets(datagram, rules::Protocol::tcp, evidence.after.sockets);
            break;
        case 1:
            (void)doctor::read_sockets(datagram, rules::Protocol::udp, evidence.after.sockets);
            break;
        case 2: (void)doctor::read_addresses(datagram, evidence.addresses); break;
        case 3: (void)doctor::read_neighbours(datagram, evidence.neighbours); break;
        default: (void)doctor::read_route(datagram, route); break;
    }
    // Whatever was read, the rules must judge it without harm.
    evidence.before.sockets = evidence.after.sockets;
    (void)rules::judge(evidence);
}

/// Packets behind one another, each with one octet for its length at hand.
void read_packets(Octets octets) {
    rules::Capture capture;
    std::uint64_t number = 0;
    while (octets.size() > 1) {
        const std::size_t size =
            std::min<std::size_t>(std::to_integer<std::size_t>(octets[0]), octets.size() - 1);
        const Instant at{std::chrono::milliseconds{300 * ++number}};
        doctor::see_packet(capture, number, at, octets.subspan(1, size), size);
        octets = octets.subspan(1 + size);
    }
    (void)capture.judge();
}

void read_text(std::string_view text) {
    rules::Counters counters;
    doctor::read_counter_tables(text, counters);
    doctor::read_conntrack(text, counters);
    (void)doctor::sockstat(text, "TCP", "orphan");
    (void)doctor::open_files_max(text);
    (void)doctor::cpu_ticks(text);
    (void)doctor::numbers_in(text);
    (void)doctor::port_ranges(text);
    (void)doctor::socket_inode(text);
    (void)doctor::command_line(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint8_t kind = data[0] % 7;
    const auto octets = std::as_bytes(std::span{data + 1, size - 1});
    if (kind < 5) {
        read_netlink(kind, octets);
    } else if (kind == 6) {
        read_packets(octets);
    } else {
        const auto* const chars = static_cast<const char*>(static_cast<const void*>(data + 1));
        read_text({chars, size - 1});
    }
    return 0;
}

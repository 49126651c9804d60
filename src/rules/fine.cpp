// The areas, the evidence each needs, and the rules that touch it.
#include "rules/fine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dt::rules {

namespace {

struct Area {
    std::string_view key;
    std::array<unsigned, 6> rules{};  ///< 0: none
    bool (*was_seen)(const Evidence& evidence) = nullptr;
};

bool is_counted(const Evidence& evidence, Counter counter) {
    return evidence.rise(counter).has_value();
}

bool has_sockets(const Evidence& evidence) { return !evidence.after.sockets.empty(); }

/// Segments sent again and all that were sent; OutSegs of Linux leaves out what is sent again.
struct Sent {
    std::uint64_t again = 0;
    std::uint64_t all = 0;
};

std::optional<Sent> sent_in(const Evidence& evidence) {
    const auto again = evidence.rise(Counter::retrans_segs);
    const auto first = evidence.rise(Counter::out_segs);
    if (!again || !first) return std::nullopt;
    return Sent{*again, *again + *first};
}

/// At most 1 %: no finding of a rule does not yet make more than that fine.
bool is_little_sent_again(const Evidence& evidence) {
    const auto sent = sent_in(evidence);
    return sent && sent->again * 100 <= sent->all;
}

constexpr auto areas = std::to_array<Area>({
    {"accept_queue", {24, 26, 27, 29}, has_sockets},
    {"syn_queue", {25}, [](const auto& e) { return is_counted(e, Counter::listen_drops); }},
    {"resets",
     {28, 31, 32, 39},
     [](const auto& e) { return is_counted(e, Counter::abort_on_close); }},
    {"retransmissions", {20, 21, 37, 38, 46, 47}, is_little_sent_again},
    {"receivers", {44, 45, 52}, has_sockets},
    {"closing", {33, 34, 40}, has_sockets},
    {"ports", {22, 23}, [](const auto& e) { return e.sysctls.ephemeral.has_value(); }},
    {"udp_drops", {50}, [](const auto& e) { return is_counted(e, Counter::udp_rcvbuf_errors); }},
    {"checksums", {51, 54}, [](const auto& e) { return is_counted(e, Counter::in_csum_errors); }},
    {"memory", {41}, [](const auto& e) { return e.sysctls.tcp_mem_used.has_value(); }},
    {"conntrack", {49}, [](const auto& e) { return e.sysctls.conntrack_count.has_value(); }},
    {"neighbours", {18}, [](const auto& e) { return !e.neighbours.empty(); }},
});

}  // namespace

std::vector<std::string_view> fine_areas(const Evidence& evidence, const Verdict& verdict) {
    std::vector<std::string_view> fine;
    for (const Area& area : areas) {
        const bool is_touched = std::ranges::any_of(verdict.findings, [&](const Finding& finding) {
            return std::ranges::find(area.rules, static_cast<unsigned>(finding.rule)) !=
                   area.rules.end();
        });
        if (!is_touched && area.was_seen(evidence)) fine.push_back(area.key);
    }
    return fine;
}

std::string retransmitted(const Evidence& evidence) {
    const auto sent = sent_in(evidence);
    if (!sent || sent->all == 0) return {};
    const double share = static_cast<double>(sent->again) / static_cast<double>(sent->all);
    return fmt::format("{:.2f} %", 100.0 * share);
}

}  // namespace dt::rules

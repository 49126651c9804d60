// The path of an experiment: what lies between the sender and the receiver, as a link of the
// simulator. The relay puts the same link between two kernels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "link/spec.hpp"

namespace dt::bench {

/// Both directions have the delay and the rate; loss and buffer strike what `a` sends.
struct PathPlan {
    Duration rtt{};
    std::uint64_t rate_bits_per_s = 100'000'000;
    double buffer_bdp = 1;               ///< before the rate, in products of rate and RTT
    std::uint32_t loss_per_million = 0;  ///< of all frames from `a`

    [[nodiscard]] std::uint64_t bdp() const {
        const double seconds = std::chrono::duration<double>(rtt).count();
        return static_cast<std::uint64_t>(seconds * static_cast<double>(rate_bits_per_s) / 8);
    }
    /// Two full frames at least: less would let none wait.
    [[nodiscard]] std::uint64_t buffer() const {
        const auto octets = static_cast<std::uint64_t>(buffer_bdp * static_cast<double>(bdp()));
        return std::max<std::uint64_t>(octets, 2 * frame);
    }
    /// A full segment with timestamps, and its text.
    static constexpr std::uint64_t frame = 1514;
    static constexpr std::uint64_t mss = 1448;
    /// Of text, where every frame is full.
    [[nodiscard]] double line_bits_per_s() const {
        return static_cast<double>(rate_bits_per_s) * mss / frame;
    }
    /// Between host `from` and host `b`.
    [[nodiscard]] link::LinkSpec link(const std::string& from) const {
        const link::LinkItem both{
            {}, {link::delay_of(rtt / 2), link::rate_of(rate_bits_per_s)}, {}};
        link::LinkItem there{{link::Where::Kind::one_way, from, "b"},
                             {link::octets_of(link::LinkKey::queue, buffer())},
                             {}};
        const std::uint32_t share = loss_per_million * (link::Share::whole / 1'000'000);
        if (share > 0) there.settings.push_back(link::share_of(link::LinkKey::loss, {share}));
        return {{from, "b"}, {both, there}};
    }
};

}  // namespace dt::bench

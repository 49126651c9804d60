// Puts a link of the simulator between two Linux kernels, in real time: a TAP interface in each of
// two network namespaces, and between them the path of an experiment, which delays, limits and
// loses by the same rules and draws. beside_linux.py starts it.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "link/link.hpp"
#include "losses.hpp"
#include "os/clock.hpp"
#include "os/tap.hpp"
#include "path.hpp"

namespace dt::bench {
namespace {

/// What the link did to frames, and how much later than due they came out.
class Account final : public Losses {
  public:
    void on_arrival(Duration late) {
        ++carried;
        late_sum += late;
        late_max = std::max(late_max, late);
    }
    /// One line, and all is zero again.
    void tell() {
        const auto us = [](Duration span) { return static_cast<double>(span.count()) / 1e3; };
        const double mean = carried == 0 ? 0 : us(late_sum) / static_cast<double>(carried);
        std::printf("carried %" PRIu64 " lost %" PRIu64 " overflowed %" PRIu64
                    " late_mean_us %.1f late_max_us %.1f\n",
                    carried, lost, overflowed, mean, us(late_max));
        std::fflush(stdout);
        carried = lost = overflowed = 0;
        late_sum = late_max = {};
    }

  private:
    std::uint64_t carried = 0;
    Duration late_sum{};
    Duration late_max{};
};

/// The link, with what it needs; made anew for each seed, so that every run meets the same losses.
struct Between {
    Between(const PathPlan& path, std::uint64_t seed, buf::Pool& pool, Account& account)
        : spec(path.link("a")),
          rules(seed, std::span(&spec, 1), {}),
          surroundings{rules, pool, account},
          link(0, spec, surroundings) {}

    link::LinkSpec spec;
    link::Rules rules;
    link::Surroundings surroundings;
    link::Link link;
};

class Relay {
  public:
    Relay(const PathPlan& path, std::array<os::TapDevice, 2> taps)
        : path_(path), taps_(std::move(taps)) {
        begin(0);
    }

    /// Until the standard input ends.
    void run() {
        while (wait()) {
            const Instant now = os::now();
            for (link::PortIndex side = 0; side < taps_.size(); ++side) take(side, now);
            give(now);
        }
    }

  private:
    void begin(std::uint64_t seed) {
        between_ = std::make_unique<Between>(path_, seed, pool_, account_);
    }

    /// False where nothing more is asked.
    bool wait() {
        const Instant due = between_->link.deadline();
        const Duration left = std::clamp(due - os::now(), Duration{}, Duration{longest_wait});
        const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
        std::array<pollfd, 3> ready{pollfd{taps_[0].fd(), POLLIN, 0},
                                    pollfd{taps_[1].fd(), POLLIN, 0},
                                    pollfd{STDIN_FILENO, POLLIN, 0}};
        if (::ppoll(ready.data(), ready.size(), &timeout, nullptr) < 0) return false;
        return ready[2].revents == 0 || take_order();
    }

    /// A line of the standard input: the seed of the next run.
    bool take_order() {
        std::array<char, 32> line{};
        if (std::fgets(line.data(), line.size(), stdin) == nullptr) return false;
        account_.tell();
        begin(std::strtoull(line.data(), nullptr, 10));
        return true;
    }

    void take(link::PortIndex side, Instant now) {
        FramePtr frame;
        for (int i = 0; i < burst_max; ++i) {
            const auto got = taps_[side].receive(pool_, frame);
            if (got == os::TapDevice::Got::nothing) return;
            if (got == os::TapDevice::Got::frame) between_->link.send(now, side, std::move(frame));
        }
    }

    void give(Instant now) {
        while (link::InFlight* flight = between_->link.arrived(now)) {
            account_.on_arrival(now - flight->arrival);
            (void)taps_[flight->port].send(*flight->frame);
            between_->link.pop();
        }
    }

    static constexpr Duration longest_wait = std::chrono::seconds{1};
    static constexpr int burst_max = 64;

    PathPlan path_;
    buf::Pool pool_;  // outlives the link
    std::array<os::TapDevice, 2> taps_;
    Account account_;
    std::unique_ptr<Between> between_;
};

/// A TAP interface in the network namespace of a file such as /proc/PID/ns/net.
os::SysResult<os::TapDevice> open_in(const char* space) {
    const os::UniqueFd there(::open(space, O_RDONLY | O_CLOEXEC));
    if (!there.is_open()) return os::failed("open");
    if (::setns(there.get(), CLONE_NEWNET) < 0) return os::failed("setns");
    return os::TapDevice::open({.name = "path", .offload = os::TapOffload::no});
}

/// Frames are to come out on time beside whatever else the machine does.
void hurry() {
    const sched_param first{.sched_priority = 10};
    if (::sched_setscheduler(0, SCHED_FIFO, &first) < 0)
        std::fprintf(stderr, "relay: no real-time priority\n");
}

int run(std::span<char*> words) {
    if (words.size() != 7) {
        std::fprintf(stderr, "usage: relay NETNS NETNS RTT-MS MBIT BUFFER-BDP LOSS-PER-MILLION\n");
        return 2;
    }
    PathPlan path;
    path.rtt = std::chrono::milliseconds{std::strtoll(words[3], nullptr, 10)};
    path.rate_bits_per_s = std::strtoull(words[4], nullptr, 10) * 1'000'000;
    path.buffer_bdp = std::strtod(words[5], nullptr);
    path.loss_per_million = static_cast<std::uint32_t>(std::strtoul(words[6], nullptr, 10));
    auto a = open_in(words[1]);
    auto b = open_in(words[2]);
    for (const auto* tap : {&a, &b}) {
        if (*tap) continue;
        std::fprintf(stderr, "relay: %s\n", tap->error().text().c_str());
        return 1;
    }
    hurry();
    std::printf("ready\n");
    std::fflush(stdout);
    Relay(path, {std::move(*a), std::move(*b)}).run();
    return 0;
}

}  // namespace
}  // namespace dt::bench

int main(int count, char** words) {
    return dt::bench::run({words, static_cast<std::size_t>(count)});
}

// Congestion control shown: experiments in virtual time with whole stacks, beside the formulae of
// the literature. `congestion GROUP` writes the results of a group as JSON; draw.py runs them all.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "experiment.hpp"
#include "formulae.hpp"

namespace dt::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::array controls{CongestionControl::reno, CongestionControl::cubic,
                              CongestionControl::bbr};

const char* name_of(CongestionControl control) {
    switch (control) {
        case CongestionControl::reno: return "reno";
        case CongestionControl::cubic: return "cubic";
        case CongestionControl::bbr: return "bbr";
    }
    return "";
}

double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }
double ms(Duration span) { return seconds(span) * 1e3; }
constexpr double mega = 1e6;

/// One object of a list, its members given one by one.
class Row {
  public:
    Row& text(const char* name, const std::string& value) { return put(name, "\"" + value + "\""); }
    Row& number(const char* name, double value) {
        std::array<char, 32> digits{};
        std::snprintf(digits.data(), digits.size(), "%.5g", value);
        return put(name, digits.data());
    }
    template <class List>
    Row& numbers(const char* name, const List& list) {
        std::string text;
        for (const auto& each : list) {
            std::array<char, 32> digits{};
            std::snprintf(digits.data(), digits.size(), "%.4g", static_cast<double>(each));
            text += (text.empty() ? "" : ",") + std::string(digits.data());
        }
        return put(name, "[" + text + "]");
    }
    [[nodiscard]] std::string str() const { return "{" + members_ + "}"; }

  private:
    Row& put(const char* name, const std::string& value) {
        members_ += (members_.empty() ? "\"" : ", \"") + std::string(name) + "\": " + value;
        return *this;
    }
    std::string members_;
};

/// Rows leave as they are made: an experiment may take a while.
class Rows {
  public:
    Rows() { std::printf("["); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    ~Rows() { std::printf("\n]\n"); }
    void add(const Row& row) {
        std::printf("%s\n  %s", is_first_ ? "" : ",", row.str().c_str());
        std::fflush(stdout);
        is_first_ = false;
    }

  private:
    bool is_first_ = true;
};

Result one_flow(const PathPlan& path, FlowPlan flow, Duration end, Duration sample,
                std::uint64_t seed = 1) {
    return Experiment(path, std::span(&flow, 1), seed).run(end, sample);
}

/// Handshake and the way back count: an RTT and a half beyond the time on the wire.
double least_seconds(const PathPlan& path, std::uint64_t octets) {
    return 1.5 * seconds(path.rtt) + static_cast<double>(octets) * 8 / path.line_bits_per_s();
}

enum class Sizes : std::uint8_t { usual, large };

/// One transfer over an empty path with one BDP of buffer.
void transfers(Sizes sizes) {
    constexpr std::array<std::uint64_t, 4> octets{1'000'000, 10'000'000, 100'000'000,
                                                  1'000'000'000};
    constexpr std::array<Duration, 4> rtts{1ms, 10ms, 50ms, 200ms};
    Rows rows;
    for (const std::uint64_t size : octets) {
        if (size > 100'000'000 && sizes == Sizes::usual) continue;
        for (const Duration rtt : rtts) {
            for (const CongestionControl control : controls) {
                const PathPlan path{.rtt = rtt};
                const double least = least_seconds(path, size);
                const auto end = Duration{static_cast<Duration::rep>((least * 20 + 60) * 1e9)};
                const Result result = one_flow(path, {control, size, {}}, end, end / 10);
                const auto took = result.flows[0].took;
                Row row;
                row.text("control", name_of(control)).number("octets", static_cast<double>(size));
                row.number("rtt_ms", ms(rtt)).number("seconds", took ? seconds(*took) : -1);
                row.number("least_seconds", least);
                rows.add(row);
            }
        }
    }
}

double model_of(CongestionControl control, const LossyPath& path) {
    // Linux keeps 200 ms of variance in each RTO.
    constexpr double variance_s = 0.2;
    switch (control) {
        case CongestionControl::reno: return pftk(path, path.rtt_s + variance_s);
        case CongestionControl::cubic: return cubic(path);
        case CongestionControl::bbr: return line_rate(path);
    }
    return 0;
}

/// A long flow over a path that loses at random, and never by its buffer.
void random_loss() {
    constexpr std::array<std::uint32_t, 7> losses{100, 500, 1'000, 5'000, 10'000, 20'000, 50'000};
    constexpr std::array<Duration, 3> rtts{10ms, 50ms, 200ms};
    Rows rows;
    for (const Duration rtt : rtts) {
        for (const std::uint32_t loss : losses) {
            for (const CongestionControl control : controls) {
                const PathPlan path{.rtt = rtt, .buffer_bdp = 4, .loss_per_million = loss};
                const bool is_model = control == CongestionControl::bbr;
                const Duration end = is_model ? 60s : 120s;
                const Result result = one_flow(path, {control, 0, {}}, end, end / 10);
                const LossyPath lossy{seconds(rtt), loss / mega, PathPlan::mss * 8.0,
                                      path.line_bits_per_s()};
                Row row;
                row.text("control", name_of(control)).number("rtt_ms", ms(rtt));
                row.number("loss", loss / mega);
                // The first tenth is the start of the flow.
                row.number("mbit", rate_between(result.flows[0], 1, 10, end / 10) / mega);
                row.number("model_mbit", model_of(control, lossy) / mega);
                row.number("mathis_mbit", mathis(lossy) / mega);
                rows.add(row);
            }
        }
    }
}

/// A long flow behind buffers of many sizes.
void buffers() {
    constexpr std::array<double, 7> sizes{0.1, 0.25, 0.5, 1, 2, 5, 10};
    constexpr Duration end = 60s;
    Rows rows;
    for (const double bdp : sizes) {
        for (const CongestionControl control : controls) {
            const PathPlan path{.rtt = 40ms, .rate_bits_per_s = 20'000'000, .buffer_bdp = bdp};
            const FlowPlan plan{control, 0, {}};
            const Result result = Experiment(path, std::span(&plan, 1), 1).run(end, end / 1000);
            const FlowResult& flow = result.flows[0];
            double rtt_ms = 0;
            for (std::size_t i = 100; i < 1000; ++i) rtt_ms += flow.rtt_ms_at[i] / 900;
            Row row;
            row.text("control", name_of(control)).number("bdp", bdp);
            row.number("utilisation",
                       rate_between(flow, 100, 1000, end / 1000) / path.line_bits_per_s());
            row.number("rtt_ms", rtt_ms).number("sawtooth", sawtooth(bdp));
            row.number("frames_lost", static_cast<double>(result.frames_overflowed));
            rows.add(row);
        }
    }
}

/// Jain, Chiu, Hawe 1984: 1 where all have the same, 1/n where one has everything.
double jain(std::span<const double> rates) {
    double sum = 0;
    double squares = 0;
    for (const double rate : rates) {
        sum += rate;
        squares += rate * rate;
    }
    return squares == 0 ? 1 : sum * sum / (static_cast<double>(rates.size()) * squares);
}

/// Flows that begin a second apart and share for a minute; its second half counts.
void share(Rows& rows, const std::string& name, std::span<const CongestionControl> of) {
    constexpr Duration end = 60s;
    const PathPlan path{.rtt = 40ms, .rate_bits_per_s = 20'000'000};
    std::vector<FlowPlan> plans;
    for (const CongestionControl control : of)
        plans.push_back({control, 0, static_cast<int>(plans.size()) * 1s});
    const Result result = Experiment(path, plans, 1).run(end, end / 10);
    std::vector<double> mbit;
    double sum = 0;
    for (const FlowResult& flow : result.flows) {
        mbit.push_back(rate_between(flow, 5, 10, end / 10) / mega);
        sum += mbit.back();
    }
    Row row;
    row.text("flows", name).number("jain", jain(mbit));
    row.number("utilisation", sum * mega / path.line_bits_per_s()).numbers("mbit", mbit);
    rows.add(row);
}

void fairness() {
    Rows rows;
    for (const CongestionControl control : controls) {
        for (const std::size_t count : {1U, 2U, 4U, 8U}) {
            const std::vector<CongestionControl> of(count, control);
            share(rows, std::to_string(count) + " " + name_of(control), of);
        }
    }
    using enum CongestionControl;
    share(rows, "1 cubic, 1 reno", std::array{cubic, reno});
    share(rows, "1 cubic, 1 bbr", std::array{cubic, bbr});
    share(rows, "1 reno, 1 bbr", std::array{reno, bbr});
}

/// Two flows over time, the second half a minute behind: windows and rates.
void series() {
    constexpr Duration end = 90s;
    constexpr Duration step = 250ms;
    Rows rows;
    for (const CongestionControl control : controls) {
        const PathPlan path{.rtt = 40ms, .rate_bits_per_s = 20'000'000};
        const std::array<FlowPlan, 2> plans{FlowPlan{control, 0, {}}, FlowPlan{control, 0, 30s}};
        const Result result = Experiment(path, plans, 1).run(end, step);
        for (const FlowResult& flow : result.flows) {
            std::vector<double> mbit;
            for (std::size_t i = 4; i < flow.received_at.size(); i += 4)
                mbit.push_back(rate_between(flow, i - 4, i, step) / mega);
            Row row;
            row.text("control", name_of(control)).number("step_s", seconds(step));
            row.numbers("cwnd", flow.cwnd_at).numbers("mbit_each_second", mbit);
            rows.add(row);
        }
    }
}

/// The bounds that the project set itself.
void targets() {
    Rows rows;
    constexpr int runs = 101;
    for (const CongestionControl control : controls) {
        std::vector<double> took;
        for (std::uint64_t seed = 1; seed <= runs; ++seed) {
            const PathPlan path{.rtt = 50ms, .buffer_bdp = 4, .loss_per_million = 10'000};
            const Result result = one_flow(path, {control, 1'000'000, {}}, 120s, 1s, seed);
            took.push_back(result.flows[0].took ? seconds(*result.flows[0].took) : 120);
        }
        std::ranges::sort(took);
        Row row;
        row.text("target", "1 MB, 50 ms, 1 % loss, 101 runs").text("control", name_of(control));
        row.number("median_s", took[runs / 2]).number("p10_s", took[runs / 10]);
        row.number("p90_s", took[runs - 1 - runs / 10]);
        rows.add(row);
    }
    for (const CongestionControl control : controls) {
        const PathPlan path{.rtt = 100ms, .rate_bits_per_s = 1'000'000'000};
        constexpr Duration end = 30s;
        const Result result = one_flow(path, {control, 0, {}}, end, 1s);
        const auto use = [&](std::size_t from, std::size_t to) {
            return rate_between(result.flows[0], from, to, 1s) / path.line_bits_per_s();
        };
        Row row;
        row.text("target", "1 Gbit/s, 100 ms, 1 BDP").text("control", name_of(control));
        row.number("first_10_s", use(0, 10)).number("second_2_to_10", use(1, 10));
        row.number("second_11_to_30", use(10, 30));
        rows.add(row);
    }
}

/// What beside_linux.py repeats between two kernels: one transfer over one path, by many seeds.
void beside() {
    constexpr std::array<std::uint32_t, 4> losses{0, 1'000, 10'000, 30'000};
    constexpr std::array<Duration, 3> rtts{10ms, 50ms, 200ms};
    constexpr std::uint64_t octets = 1'000'000;
    constexpr std::uint64_t seeds = 24;
    Rows rows;
    for (const Duration rtt : rtts) {
        for (const std::uint32_t loss : losses) {
            for (const CongestionControl control : controls) {
                const PathPlan path{.rtt = rtt, .loss_per_million = loss};
                std::vector<double> took;
                for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
                    const Result result = one_flow(path, {control, octets, {}}, 300s, 1s, seed);
                    took.push_back(result.flows[0].took ? seconds(*result.flows[0].took) : -1);
                }
                Row row;
                row.text("control", name_of(control)).number("octets", octets);
                row.number("rtt_ms", ms(rtt)).number("mbit", 100).number("bdp", path.buffer_bdp);
                row.number("loss_per_million", loss).numbers("seconds", took);
                rows.add(row);
            }
        }
    }
}

int run(std::span<char*> words) {
    const std::string_view group = words.size() > 1 ? words[1] : "";
    if (group == "transfers") {
        transfers(Sizes::usual);
    } else if (group == "large-transfers") {
        transfers(Sizes::large);
    } else if (group == "loss") {
        random_loss();
    } else if (group == "buffers") {
        buffers();
    } else if (group == "fairness") {
        fairness();
    } else if (group == "series") {
        series();
    } else if (group == "targets") {
        targets();
    } else if (group == "beside") {
        beside();
    } else {
        std::fprintf(stderr,
                     "usage: congestion "
                     "transfers|large-transfers|loss|buffers|fairness|series|targets|beside\n");
        return 2;
    }
    return 0;
}

}  // namespace
}  // namespace dt::bench

int main(int count, char** words) {
    return dt::bench::run({words, static_cast<std::size_t>(count)});
}

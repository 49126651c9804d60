// What the literature says a flow gets from a path: Mathis et al. 1997, Padhye et al. 1998 (PFTK),
// RFC 9438 §4.3 and §5.1 (CUBIC), and the sawtooth of AIMD behind a buffer.
#pragma once

#include <algorithm>
#include <cmath>

namespace dt::bench {

/// One path and what it loses at random.
struct LossyPath {
    double rtt_s = 0;
    double loss = 0;  ///< share of segments
    double mss_bits = 0;
    double line_bits_per_s = 0;  ///< of text, headers taken off
};

/// Segments in flight on average, times MSS over RTT, and never more than the line.
inline double rate_of_window(const LossyPath& path, double segments) {
    return std::min(path.line_bits_per_s, segments * path.mss_bits / path.rtt_s);
}

/// Mathis: W = sqrt(3 / 2p), an ACK counted for each segment.
inline double mathis(const LossyPath& path) {
    return rate_of_window(path, std::sqrt(1.5 / path.loss));
}

/// PFTK, equation 30, with an ACK for each segment (b = 1): timeouts of `rto_s` counted too.
inline double pftk(const LossyPath& path, double rto_s) {
    const double p = path.loss;
    const double repair = path.rtt_s * std::sqrt(2 * p / 3);
    const double silence = rto_s * std::min(1.0, 3 * std::sqrt(3 * p / 8)) * p * (1 + 32 * p * p);
    return std::min(path.line_bits_per_s, path.mss_bits / (repair + silence));
}

/// RFC 9438 §5.1, equation 6: W = (C (3 + beta) / 4 (1 - beta))^(1/4) (RTT / p)^(3/4), or what a
/// Reno-friendly flow has (§4.3), whichever is more.
inline double cubic(const LossyPath& path) {
    constexpr double c = 0.4;
    constexpr double beta = 0.7;
    const double factor = std::pow(c * (3 + beta) / (4 * (1 - beta)), 0.25);
    const double segments = factor * std::pow(path.rtt_s / path.loss, 0.75);
    return rate_of_window(path, std::max(segments, std::sqrt(1.5 / path.loss)));
}

/// A model of the path is not misled by random loss: the line, less what is lost.
inline double line_rate(const LossyPath& path) { return path.line_bits_per_s * (1 - path.loss); }

/// How much of the line one AIMD flow uses that halves its window of (1 + b) BDP whenever the
/// buffer of b BDP is full: below one BDP a round takes the RTT, above it the queue grows.
inline double sawtooth(double b) {
    const double low = (1 + b) / 2;
    if (low >= 1) return 1;
    const double full = ((1 + b) * (1 + b) - 1) / 2;
    const double sent = (1 - low * low) / 2 + full;
    return sent / ((1 - low) + full);
}

}  // namespace dt::bench

// Test fixture of loss recovery: a connection with ten segments in flight and a peer that SACKs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tcp/connection_fixture.hpp"

namespace dt::tcp {

using Numbers = std::vector<std::uint32_t>;

// Fixture F of the specification: SACK, MSS 1000, ten segments in flight, RTT 100 ms.
class SackLoss : public ConnectionTest {
  protected:
    static constexpr std::uint32_t mss = 1000;

    SackLoss() { config.congestion = event::CongestionControl::reno; }

    void fly(std::uint32_t extra = 0, std::uint32_t segments = 10) {
        options.send_buffer = 4'000'000;
        path_delay = 100ms;
        const bool has_timestamps = config.timestamps == event::Switch::on;
        PeerSegment answer = syn_ack(has_timestamps ? mss + 12 : mss);
        answer.options.sack_permitted = true;
        if (has_timestamps) answer.options.timestamps = {77, timestamp_at(now)};
        establish(answer);
        queue((segments + extra) * mss);
        flush();
        ASSERT_EQ(sent.size(), std::min(segments + extra, 10U));
        sent.clear();
        now += 100ms;
    }
    void queue(std::size_t left) {
        while (left > 0) {
            const MutableOctets room = c->writable(pool, left);
            ASSERT_FALSE(room.empty());
            const std::size_t count = std::min(left, room.size());
            c->commit(turn(), count);
            left -= count;
        }
    }
    static std::uint32_t at(std::uint32_t segment) { return ours + (segment - 1) * mss; }
    static wire::SackBlock block(std::uint32_t first, std::uint32_t last) {
        return {Seq{at(first)}, Seq{at(last + 1)}};
    }
    /// An ACK of the first `acked` segments with these blocks.
    void sack(std::uint32_t acked, std::initializer_list<wire::SackBlock> blocks) {
        PeerSegment p{.seq = theirs, .ack = at(acked + 1)};
        for (const wire::SackBlock& b : blocks) p.options.sack.push_back(b);
        deliver(p);
    }
    void ack(std::uint32_t acked) { sack(acked, {}); }
    Numbers take_segments() {
        Numbers numbers;
        for (const Sent& s : sent) numbers.push_back((s.seq() - ours) / mss + 1);
        sent.clear();
        return numbers;
    }
    [[nodiscard]] event::PathView view() const { return c->path_view(); }
    [[nodiscard]] std::vector<event::Reason> decisions() const {
        std::vector<event::Reason> reasons;
        for (const auto& change : log.all<event::CongestionChange>())
            reasons.push_back(change.reason);
        return reasons;
    }
};

}  // namespace dt::tcp

// Follows the flows of a capture (RFC 9293 §3.4 for the arithmetic of numbers).
#include "rules/capture.hpp"

#include <algorithm>

namespace dt::rules {

namespace {

/// a < b modulo 2^32.
bool before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

void see_text(Way& way, const SeenSegment& segment) {
    if (segment.length == 0) return;
    ++way.segments;
    const std::uint32_t end = segment.seq + segment.length;
    const bool is_again = way.has_seq && before(segment.seq, way.next_seq);
    if (is_again) {
        ++way.again;
        if (way.first_again == 0) way.first_again = segment.packet;
        way.stuck_times = way.stuck_seq == segment.seq ? way.stuck_times + 1 : 1;
        way.stuck_seq = segment.seq;
        way.stuck_length = segment.length;
    }
    constexpr std::size_t remembered = 4096;
    if (way.lengths.size() < remembered) way.lengths[segment.seq] = segment.length;
    if (!way.has_seq || before(way.next_seq, end)) way.next_seq = end;
    way.has_seq = true;
}

/// The other end's ACK covers what `way` has sent.
void see_ack(Way& way, const SeenSegment& segment) {
    if (!segment.has_ack || segment.has_rst) return;
    if (!way.is_acked || before(way.highest_ack, segment.ack)) way.highest_ack = segment.ack;
    way.is_acked = true;
    std::erase_if(way.lengths, [&](const auto& sent) {
        const bool is_covered = !before(segment.ack, sent.first + sent.second);
        if (is_covered) way.largest_acked = std::max(way.largest_acked, sent.second);
        return is_covered;
    });
    if (before(way.stuck_seq, segment.ack)) way.stuck_times = 0;
}

/// A window of 0 stands from the segment that says it to the one that opens it.
void see_window(Way& way, const SeenSegment& segment) {
    if (segment.has_rst || segment.has_syn) return;
    if (way.shut != 0) {
        const Duration time = segment.at - way.shut_at;
        if (time > way.shut_time) {
            way.shut_time = time;
            way.shut_longest = way.shut;
        }
    }
    if (segment.window != 0) {
        way.shut = 0;
    } else if (way.shut == 0) {
        way.shut = segment.packet;
        way.shut_at = segment.at;
    }
}

}  // namespace

Flow* Capture::flow_of(const SeenSegment& segment) {
    if (const auto at = index_.find({segment.from, segment.to}); at != index_.end()) {
        return &flows_[at->second];
    }
    if (const auto at = index_.find({segment.to, segment.from}); at != index_.end()) {
        return &flows_[at->second];
    }
    if (flows_.size() >= flows_max) return nullptr;
    // Without its SYN, who called whom is not known: the first that is seen counts as the client.
    const bool is_answer = segment.has_syn && segment.has_ack;
    const Endpoint& client = is_answer ? segment.to : segment.from;
    const Endpoint& server = is_answer ? segment.from : segment.to;
    index_[{client, server}] = flows_.size();
    Flow& flow = flows_.emplace_back();
    flow.client.from = client;
    flow.server.from = server;
    return &flow;
}

void Capture::add(const SeenSegment& segment) {
    Flow* const flow = flow_of(segment);
    if (flow == nullptr) return;
    const bool is_clients = segment.from == flow->client.from;
    Way& own = is_clients ? flow->client : flow->server;
    Way& other = is_clients ? flow->server : flow->client;
    flow->last = segment.at;
    if (segment.has_syn && is_clients && !segment.has_ack) {
        if (flow->syns.empty()) flow->first_syn = segment.at;
        flow->syns.push_back(segment.packet);
    }
    if (segment.has_syn && segment.has_ack && flow->syn_ack == 0) {
        flow->syn_ack = segment.packet;
        flow->answered = segment.at;
    }
    if (segment.has_fin && own.fin == 0) own.fin = segment.packet;
    if (segment.has_rst && own.reset == 0) own.reset = segment.packet;
    see_text(own, segment);
    see_window(own, segment);
    see_ack(other, segment);
}

void Capture::add(const SeenError& error) {
    for (const auto& key : {std::pair{error.from, error.to}, std::pair{error.to, error.from}}) {
        const auto at = index_.find(key);
        if (at == index_.end()) continue;
        Flow& flow = flows_[at->second];
        if (!flow.error) flow.error = error;
    }
}

}  // namespace dt::rules

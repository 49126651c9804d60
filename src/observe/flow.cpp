// Finding the flows of a run.
#include "observe/flow.hpp"

#include <algorithm>
#include <map>

namespace dt::observe {

namespace {

/// The tuple seen from its smaller end, so that both directions give one key.
FourTuple key_of(const FourTuple& tuple) {
    return tuple.local < tuple.remote ? tuple : tuple.reversed();
}

const FourTuple* tuple_in(const event::Body& body) {
    if (const auto* sent = std::get_if<event::SegmentSent>(&body)) return &sent->segment.tuple;
    if (const auto* seen = std::get_if<event::SegmentReceived>(&body)) return &seen->segment.tuple;
    if (const auto* drop = std::get_if<event::SegmentDropped>(&body)) return &drop->segment.tuple;
    return nullptr;
}

bool is_trouble(const event::Body& body) {
    if (const auto* sent = std::get_if<event::SegmentSent>(&body)) {
        return sent->segment.retransmission > 0;
    }
    return std::holds_alternative<event::SegmentDropped>(body);
}

event::HostIndex host_of(const Trace& trace, const IpAddr& address, event::HostIndex otherwise) {
    const auto found = std::ranges::find(trace.hosts, address, &HostName::address);
    return found == trace.hosts.end() ? otherwise
                                      : static_cast<event::HostIndex>(found - trace.hosts.begin());
}

}  // namespace

std::vector<Flow> flows_of(const Trace& trace) {
    std::vector<Flow> flows;
    std::map<FourTuple, std::size_t> known;
    for (const event::Event& event : trace.events) {
        const FourTuple* tuple = tuple_in(event.body);
        if (tuple == nullptr) continue;
        const auto [place, is_new] = known.try_emplace(key_of(*tuple), flows.size());
        if (is_new) {
            flows.push_back({flows.size() + 1, event.host,
                             host_of(trace, tuple->remote.addr, event.host), tuple->local,
                             tuple->remote, event.at});
        }
        Flow& flow = flows[place->second];
        if (event.host != flow.client_host) flow.server_host = event.host;
        flow.segments += std::holds_alternative<event::SegmentSent>(event.body) ? 1 : 0;
        flow.troubles += is_trouble(event.body) ? 1 : 0;
    }
    return flows;
}

}  // namespace dt::observe

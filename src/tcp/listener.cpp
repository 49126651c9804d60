// The events of both queues, and the listeners by port.
#include "tcp/listener.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace dt::tcp {

namespace {

/// `both`: the IPv6 wildcard for an IPv4 address; after the wildcard of IPv4 itself (Linux).
enum class Match : std::uint8_t { no, both, wildcard, exact };

Match match(const Listener& listener, const IpAddr& to) {
    const IpAddr& local = listener.local().addr;
    if (local == to) return Match::exact;
    if (!local.is_any()) return Match::no;
    if (local.family() == to.family()) return Match::wildcard;
    const bool takes_v4 = local == IpAddr::any_v6() && !listener.options().v6_only;
    return takes_v4 ? Match::both : Match::no;
}

}  // namespace

// After 1, 3, 7, 15… seconds, steps of at most 120 s (Linux secs_to_retrans).
std::uint32_t Listener::defer_rounds() const {
    std::uint32_t rounds = 0;
    std::uint64_t seconds = 0;
    for (std::uint32_t step = 1; seconds < options_->defer_accept_s && rounds < 255;
         step = std::min(step * 2, 120U)) {
        seconds += step;
        ++rounds;
    }
    return rounds;
}

std::uint32_t Listener::fast_open_limit(const Config& config) const {
    if ((config.fast_open & event::fast_open_server) == 0) return 0;
    if (options_->fast_open_queue > 0) return options_->fast_open_queue;
    return (config.fast_open & event::fast_open_every_listener) != 0 ? limit_ : 0;
}

bool Listener::may_fast_open(const Turn& turn) {
    std::erase_if(fast_open_resets, [&](Instant until) { return until <= turn.now(); });
    return fast_opens + fast_open_resets.size() < fast_open_limit(turn.config());
}

event::QueueChange Listener::change(event::QueueStep step, const FourTuple& tuple) const {
    return {local_, tuple, step, syn_queue.length, accept_queue.length(), limit_, syn_ignored_};
}

event::QueueView Listener::view(Instant now) const {
    event::QueueView view;
    view.syn_length = syn_queue.length;
    view.accept_length = accept_queue.length();
    view.limit = limit_;
    view.syn_ignored = syn_ignored_;
    if (!accept_queue.empty()) view.oldest = now - accept_queue.front().since;
    return view;
}

std::optional<Listeners::Handle> Listeners::add(Endpoint local, std::uint32_t limit,
                                                const Options& options) {
    const auto handle = listeners_.insert(local, limit, options);
    if (handle) on_port_.at(local.port.value()).push_back(*handle);
    return handle;
}

void Listeners::erase(Handle handle) {
    const Listener* listener = listeners_.get(handle);
    DT_ASSERT(listener != nullptr);
    std::erase(on_port_.at(listener->local().port.value()), handle);
    listeners_.erase(handle);
}

Listeners::Handle Listeners::best(const FourTuple& tuple, std::uint32_t spread) const {
    const auto& candidates = on_port_[tuple.local.port.value()];
    if (candidates.empty()) return {};
    Match best = Match::no;
    std::uint32_t equals = 0;
    for (const Handle handle : candidates) {
        const Match found = match(*listeners_.get(handle), tuple.local.addr);
        if (found > best) {
            best = found;
            equals = 0;
        }
        equals += found == best ? 1U : 0U;
    }
    if (best == Match::no) return {};
    // Scaled to the count instead of a remainder: uses the upper bits, no bias to speak of.
    auto chosen = static_cast<std::uint32_t>(std::uint64_t{spread} * equals >> 32);
    for (const Handle handle : candidates) {
        if (match(*listeners_.get(handle), tuple.local.addr) != best) continue;
        if (chosen-- == 0) return handle;
    }
    return {};
}

}  // namespace dt::tcp

// Neighbour states and their timers (RFC 4861 §7.3, RFC 1122 §2.3.2; times as measured on Linux).
#include "ip/neighbor.hpp"

#include <utility>

#include "ip/drop.hpp"

namespace dt::ip {

namespace {

using event::NeighbourChange;
using event::Reason;

std::optional<NeighbourChange::State> told_as(NeighborState state) {
    switch (state) {
        case NeighborState::incomplete: return NeighbourChange::State::asked;
        case NeighborState::reachable: return NeighbourChange::State::reachable;
        case NeighborState::stale: return NeighbourChange::State::stale;
        case NeighborState::probe: return NeighbourChange::State::probing;
        case NeighborState::failed: return NeighbourChange::State::failed;
        case NeighborState::delay:
        case NeighborState::permanent: return std::nullopt;
    }
    return std::nullopt;
}

bool has_timer(NeighborState state) {
    return state == NeighborState::incomplete || state == NeighborState::delay ||
           state == NeighborState::probe;
}

/// True where packets may be sent to the link address that is known.
bool has_address(NeighborState state) {
    return state != NeighborState::incomplete && state != NeighborState::failed;
}

template <class T>
std::optional<T> take_front(Ring<T>& queue) {
    if (queue.empty()) return std::nullopt;
    return queue.pop();
}

}  // namespace

std::optional<Mac> NeighborTable::use(const Turn& turn, const NeighborKey& key) {
    auto found = find(key);
    if (found == entries_.end()) found = add(turn, key);
    last_used_ = found;
    Entry& entry = found->second;
    if (entry.place != used_.begin()) used_.splice(used_.begin(), used_, entry.place);
    if (entry.state == NeighborState::reachable && turn.now() >= entry.due) {
        enter(turn, key, entry, NeighborState::stale);
    }
    if (entry.state == NeighborState::stale) {
        enter(turn, key, entry, NeighborState::delay);
        set_timer(key, entry, turn.now() + delay_first_probe);
    }
    if (entry.state == NeighborState::failed) {
        enter(turn, key, entry, NeighborState::incomplete);
        entry.questions = 0;
        ask(turn, key, entry);
    }
    return has_address(entry.state) ? std::optional(entry.mac) : std::nullopt;
}

void NeighborTable::hold(const Turn& turn, const NeighborKey& key, FramePtr packet) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
        drop(turn, *packet, Reason::neighbour_queue_full);
        return;
    }
    Entry& entry = found->second;
    entry.held_octets += charge(packet->size());
    entry.held.push_back(std::move(packet));
    while (entry.held_octets > held_max) {
        drop(turn, *entry.held.front(), Reason::neighbour_queue_full);
        entry.held_octets -= charge(entry.held.front()->size());
        entry.held.pop_front();
    }
}

bool NeighborTable::learn(const Turn& turn, const NeighborKey& key, Mac mac, Proof proof,
                          Admit admit) {
    auto found = entries_.find(key);
    if (found == entries_.end()) {
        if (admit == Admit::only_known) return false;
        found = add(turn, key);
    }
    Entry& entry = found->second;
    if (entry.state == NeighborState::permanent) return true;
    const bool changes = !has_address(entry.state) || entry.mac != mac;
    entry.mac = mac;
    if (proof == Proof::solicited) {
        enter(turn, key, entry, NeighborState::reachable);
        entry.due = turn.now() + reachable_time(turn, key);
    } else if (changes) {
        enter(turn, key, entry, NeighborState::stale);
    }
    release(turn, key, entry);
    return true;
}

bool NeighborTable::hear(const Turn& turn, const NeighborKey& key, const Advertised& said) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    Entry& entry = found->second;
    if (entry.state == NeighborState::permanent) return true;
    if (!has_address(entry.state)) {
        if (!said.mac) return false;
        return learn(turn, key, *said.mac, said.proof, Admit::only_known);
    }
    const bool is_other = said.mac && *said.mac != entry.mac;
    if (is_other && !said.overrides) {
        const bool was_sure = entry.state == NeighborState::reachable;
        if (was_sure) enter(turn, key, entry, NeighborState::stale);
        return was_sure;
    }
    if (is_other || said.proof == Proof::solicited) {
        return learn(turn, key, said.mac.value_or(entry.mac), said.proof, Admit::only_known);
    }
    return true;
}

void NeighborTable::confirm(const Turn& turn, const NeighborKey& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    if (!has_address(entry.state) || entry.state == NeighborState::permanent) return;
    if (entry.state != NeighborState::reachable) {
        enter(turn, key, entry, NeighborState::reachable);
    }
    entry.due = turn.now() + reachable_time(turn, key);
}

void NeighborTable::doubt(const Turn& turn, const NeighborKey& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    const bool is_believed = has_address(entry.state) && entry.state != NeighborState::probe &&
                             entry.state != NeighborState::permanent;
    const bool was_asked_lately =
        entry.asked != Instant{} && turn.now() - entry.asked < retry_time(turn, key);
    if (!is_believed || was_asked_lately) return;
    enter(turn, key, entry, NeighborState::probe);
    entry.questions = 0;
    ask(turn, key, entry);
}

void NeighborTable::add_permanent(const Turn& turn, const NeighborKey& key, Mac mac) {
    auto found = entries_.find(key);
    if (found == entries_.end()) found = add(turn, key);
    found->second.mac = mac;
    enter(turn, key, found->second, NeighborState::permanent);
    release(turn, key, found->second);
}

std::optional<NeighborState> NeighborTable::state(const NeighborKey& key, Instant now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    const Entry& entry = found->second;
    const bool aged = entry.state == NeighborState::reachable && now >= entry.due;
    return aged ? NeighborState::stale : entry.state;
}

std::optional<Mac> NeighborTable::mac(const NeighborKey& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || !has_address(found->second.state)) return std::nullopt;
    return found->second.mac;
}

bool NeighborTable::is_failed(const NeighborKey& key) const {
    const auto found = entries_.find(key);
    return found != entries_.end() && found->second.state == NeighborState::failed;
}

void NeighborTable::advance(const Turn& turn) {
    while (!timers_.empty() && timers_.begin()->first <= turn.now()) {
        const NeighborKey key = timers_.begin()->second;
        on_timer(turn, key, entries_.find(key)->second);
    }
}

Instant NeighborTable::deadline() const { return timers_.empty() ? never : timers_.begin()->first; }

std::optional<NeighborTable::Question> NeighborTable::next_question() {
    return take_front(questions_);
}
std::optional<NeighborTable::Released> NeighborTable::next_released() {
    return take_front(released_);
}
std::optional<NeighborTable::GivenUp> NeighborTable::next_given_up() {
    return take_front(given_up_);
}
std::optional<NeighborKey> NeighborTable::next_failed() { return take_front(failed_); }

std::size_t NeighborTable::charge(std::size_t size) {
    // What Linux 6.18 takes for a small packet, and for one in a 2 KiB buffer (measured: 256 and
    // 92 packets in 212,992 octets).
    constexpr std::size_t small = 512;
    constexpr std::size_t medium = 1600;
    if (size <= small) return 832;
    return size <= medium ? 2304 : size + 768;
}

NeighborTable::Entries::iterator NeighborTable::find(const NeighborKey& key) {
    if (last_used_ != entries_.end() && last_used_->first == key) return last_used_;
    return entries_.find(key);
}

NeighborTable::Entries::iterator NeighborTable::add(const Turn& turn, const NeighborKey& key) {
    make_room(turn);
    ++version_;
    used_.push_front(key);
    const auto added = entries_.try_emplace(key).first;
    added->second.place = used_.begin();
    return added;
}

/// The table is bounded: the entry that was not used for longest goes (ARP-011).
void NeighborTable::make_room(const Turn& turn) {
    if (entries_.size() < turn.config().neighbours_max) return;
    auto place = used_.end();
    while (place != used_.begin()) {
        --place;
        const auto found = entries_.find(*place);
        Entry& entry = found->second;
        if (entry.state == NeighborState::permanent) continue;
        for (const FramePtr& packet : entry.held) {
            drop(turn, *packet, Reason::neighbour_queue_full);
        }
        set_timer(found->first, entry, never);
        if (last_used_ == found) last_used_ = entries_.end();
        ++version_;
        entries_.erase(found);
        used_.erase(place);
        return;
    }
}

void NeighborTable::set_timer(const NeighborKey& key, Entry& entry, Instant due) {
    if (has_timer(entry.state)) timers_.erase({entry.due, key});
    entry.due = due;
    if (due != never) timers_.emplace(due, key);
}

void NeighborTable::enter(const Turn& turn, const NeighborKey& key, Entry& entry,
                          NeighborState state) {
    set_timer(key, entry, never);
    const bool is_new = entry.state != state;
    if (is_new) ++version_;
    entry.state = state;
    if (const auto told = told_as(state); told && is_new) {
        turn.emit(NeighbourChange{key.address, entry.mac, *told});
    }
}

/// One more question, and the timer for its answer (ARP-006: at most one per second).
void NeighborTable::ask(const Turn& turn, const NeighborKey& key, Entry& entry) {
    const bool knows = entry.state == NeighborState::probe;
    questions_.push({key, knows ? std::optional(entry.mac) : std::nullopt});
    ++entry.questions;
    entry.asked = turn.now();
    set_timer(key, entry, turn.now() + retry_time(turn, key));
}

void NeighborTable::on_timer(const Turn& turn, const NeighborKey& key, Entry& entry) {
    if (entry.state == NeighborState::delay) {
        enter(turn, key, entry, NeighborState::probe);
        entry.questions = 0;
    }
    if (entry.questions >= turn.config().neighbour_tries) {
        fail(turn, key, entry);
    } else {
        ask(turn, key, entry);
    }
}

void NeighborTable::fail(const Turn& turn, const NeighborKey& key, Entry& entry) {
    enter(turn, key, entry, NeighborState::failed);
    failed_.push(key);
    for (FramePtr& packet : entry.held) {
        drop(turn, *packet, Reason::neighbour_silent);
        given_up_.push({key, std::move(packet)});
    }
    entry.held.clear();
    entry.held_octets = 0;
}

/// All that waited leaves at once. Sending to a stale address is a use of it.
void NeighborTable::release(const Turn& turn, const NeighborKey& key, Entry& entry) {
    if (entry.held.empty()) return;
    for (FramePtr& packet : entry.held) {
        released_.push({key, entry.mac, std::move(packet)});
    }
    entry.held.clear();
    entry.held_octets = 0;
    if (entry.state != NeighborState::stale) return;
    enter(turn, key, entry, NeighborState::delay);
    set_timer(key, entry, turn.now() + delay_first_probe);
}

void NeighborTable::set_times(InterfaceIndex interface, Duration reachable, Duration retransmit) {
    times_[interface] = {reachable, retransmit};
}

Duration NeighborTable::retry_time(const Turn& turn, const NeighborKey& key) const {
    const auto said = key.address.is_v4() ? times_.end() : times_.find(key.interface);
    const bool is_said = said != times_.end() && said->second.retransmit > Duration::zero();
    return is_said ? said->second.retransmit : turn.config().neighbour_retry;
}

/// The base × 0.5 to 1.5 (RFC 4861 §6.3.2).
Duration NeighborTable::reachable_time(const Turn& turn, const NeighborKey& key) {
    const auto said = key.address.is_v4() ? times_.end() : times_.find(key.interface);
    const bool is_said = said != times_.end() && said->second.reachable > Duration::zero();
    const Duration base = is_said ? said->second.reachable : turn.config().neighbour_reachable;
    const auto spread = static_cast<std::uint64_t>(base.count());
    return base / 2 + Duration(static_cast<Duration::rep>(rng_.below(spread)));
}

}  // namespace dt::ip

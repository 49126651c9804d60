// Half-open entries: their queues and what a segment means to them, in the order of RFC 9293
// §3.10.7.4 with the checks of RFC 5961 and Linux's answers where it differs (DEC-07).
#include "tcp/half_open.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace dt::tcp {

namespace {

using Do = HalfOpenVerdict::Do;
using event::Reason;

// RFC 7323 §5.3 R1: a timestamp older than the last one marks an old duplicate.
bool is_older(const SegmentIn& segment, std::uint32_t ts_recent) {
    const auto& timestamps = segment.header.options.timestamps;
    return timestamps && static_cast<std::int32_t>(timestamps->value - ts_recent) < 0;
}

// Nothing answers an RST.
Do unless_reset(const wire::TcpRepr& header, Do answer) {
    return header.flags.rst() ? Do::drop : answer;
}

// With the first number it is the same SYN again: our SYN-ACK was lost, or is under way.
bool is_plain_syn(const wire::TcpRepr& header) {
    return header.flags.syn() && !header.flags.ack() && !header.flags.rst();
}

// RFC 9293 §3.4: any part of the segment lies in the window.
bool is_acceptable(const SegmentIn& segment, Seq rcv_nxt, std::uint32_t window) {
    const Seq seq = segment.header.seq;
    const std::uint32_t length = segment.seg_len();
    if (length == 0) return seq == rcv_nxt || in_window(seq, rcv_nxt, window);
    if (window == 0) return false;
    return in_window(seq, rcv_nxt, window) || in_window(seq + (length - 1), rcv_nxt, window);
}

}  // namespace

HalfOpens::HalfOpens(const Config& config)
    : config_(config),
      v4_(static_cast<std::uint32_t>(config.sockets_max)),
      v6_(static_cast<std::uint32_t>(config.sockets_max)) {}

std::optional<HalfOpens::Handle> HalfOpens::add(const HalfOpenValues& values, SynQueue& queue,
                                                Instant now) {
    Common common;
    common.due = now + interval(0);
    common.listener = values.listener;
    common.iss = values.iss;
    common.irs = values.irs;
    common.ts_recent = values.ts_recent.value_or(0);
    common.local_port = values.tuple.local.port;
    common.remote_port = values.tuple.remote.port;
    common.peer_mss = values.peer_mss;
    common.window = values.window;
    common.mtu = values.mtu;
    common.peer_shift = values.peer_shift.value_or(no_shift) & 0xf;
    common.sack_permitted = values.sack_permitted;
    common.ecn = values.ecn;
    common.has_cookie = values.cookie.has_value();
    common.is_cookie_experimental = values.cookie == wire::FastOpen::Form::experimental;
    common.has_timestamps = values.ts_recent.has_value();
    const IpAddr& local = values.tuple.local.addr;
    const IpAddr& remote = values.tuple.remote.addr;
    const bool is_v4 = local.is_v4() && remote.is_v4();
    auto handle = is_v4 ? v4_.insert(Record<Ipv4>{common, local.v4(), remote.v4()})
                        : v6_.insert(Record<Ipv6>{common, local.v6(), remote.v6()});
    if (!handle) return std::nullopt;
    DT_ASSERT(handle->index < v6_bit);
    if (!is_v4) handle->index |= v6_bit;
    link_time(handle->index);
    link_queue(handle->index, queue);
    return handle;
}

void HalfOpens::erase(std::uint32_t entry, SynQueue& queue) {
    unlink_time(entry);
    unlink_queue(entry, queue);
    if ((entry & v6_bit) != 0) {
        v6_.erase(v6_.handle_of(entry & ~v6_bit));
        return;
    }
    v4_.erase(v4_.handle_of(entry));
}

HalfOpenVerdict HalfOpens::judge(std::uint32_t entry, const SegmentIn& segment,
                                 std::uint32_t window) {
    Common& common = this->common(entry);
    const wire::TcpRepr& header = segment.header;
    const Seq rcv_nxt = common.irs + 1;
    const bool is_old = common.has_timestamps && is_older(segment, common.ts_recent);

    if (is_plain_syn(header) && header.seq == common.irs && !is_old) {
        return {Do::resend_syn_ack, Reason::duplicate_syn};
    }
    // An ACK of anything but our SYN is no part of this handshake (as in LISTEN); the entry stays.
    if (header.flags.ack() && header.ack != common.iss + 1) {
        return {unless_reset(header, Do::reset), Reason::ack_unacceptable};
    }
    if (header.flags.syn() && !header.flags.rst() && header.seq == common.irs) {
        return {Do::resend_syn_ack, Reason::duplicate_syn};
    }
    // First: sequence number.
    if (!is_acceptable(segment, rcv_nxt, window)) {
        if (header.flags.rst()) return {Do::drop, Reason::rst_out_of_window};
        return {Do::acknowledge, Reason::out_of_window};
    }
    if (is_old) return {unless_reset(header, Do::acknowledge), Reason::paws};
    // Second: RST. Only an exact one ends the entry (RFC 5961 §3.2).
    if (header.flags.rst()) {
        if (header.seq == rcv_nxt) return {Do::remove, Reason::reset_by_peer};
        return {Do::acknowledge, Reason::rst_challenged};
    }
    if (common.has_timestamps && header.options.timestamps && at_or_before(header.seq, rcv_nxt)) {
        common.ts_recent = header.options.timestamps->value;
    }
    // Fourth: SYN.
    if (header.flags.syn()) return {Do::reset_drop, Reason::other_syn_in_syn_received};
    // Fifth: ACK.
    if (!header.flags.ack()) return {Do::drop, Reason::no_ack_flag};
    return {Do::complete, Reason::none};
}

bool HalfOpens::may_challenge(std::uint32_t entry, Instant now) {
    Common& common = this->common(entry);
    const auto now_ms = static_cast<std::uint32_t>(base::to_ms(now));
    const std::int64_t interval_ms = base::to_ms(config_.invalid_ratelimit);
    if (common.challenged && now_ms - common.challenged_ms < interval_ms) return false;
    common.challenged = true;
    common.challenged_ms = now_ms;
    return true;
}

void HalfOpens::hold(std::uint32_t entry) { common(entry).acknowledged = true; }

std::optional<std::uint32_t> HalfOpens::due(Instant now) const {
    std::optional<std::uint32_t> earliest;
    if (size() == 0) return earliest;
    for (const Chain& chain : by_retransmits_) {
        if (chain.first == none || common(chain.first).due > now) continue;
        if (!earliest || common(chain.first).due < common(*earliest).due) earliest = chain.first;
    }
    return earliest;
}

void HalfOpens::back_off(std::uint32_t entry, Instant now) {
    unlink_time(entry);
    Common& common = this->common(entry);
    ++common.retransmits;
    common.due = now + interval(common.retransmits);
    link_time(entry);
}

void HalfOpens::rewind(std::uint32_t entry, Instant now) {
    unlink_time(entry);
    Common& common = this->common(entry);
    common.due = now + interval(common.retransmits);
    common.repeated = true;
    link_time(entry);
}

Instant HalfOpens::deadline() const {
    Instant earliest = never;
    if (size() == 0) return earliest;
    for (const Chain& chain : by_retransmits_) {
        if (chain.first != none) earliest = std::min(earliest, common(chain.first).due);
    }
    return earliest;
}

// Entries whose last ACK has come are passed over: one real handshake to a listener that defers
// must not keep the others. Behind the first that waits for its ACK all are younger still.
std::optional<std::uint32_t> HalfOpens::evictable(const SynQueue& queue) const {
    constexpr int passed_max = 64;
    std::uint32_t entry = queue.oldest;
    for (int i = 0; i < passed_max && entry != none && common(entry).acknowledged; ++i)
        entry = younger(entry);
    if (entry == none) return std::nullopt;
    const Common& oldest = common(entry);
    if (oldest.acknowledged || oldest.retransmits < eviction_retransmits) return std::nullopt;
    return entry;
}

bool HalfOpens::matches(std::uint32_t entry, const FourTuple& tuple) const {
    const Common& common = this->common(entry);
    return common.remote_port == tuple.remote.port && common.local_port == tuple.local.port &&
           this->tuple(entry) == tuple;
}

HalfOpenValues HalfOpens::values(std::uint32_t entry) const {
    const Common& common = this->common(entry);
    HalfOpenValues values;
    values.tuple = tuple(entry);
    values.listener = common.listener;
    values.iss = common.iss;
    values.irs = common.irs;
    values.peer_mss = common.peer_mss;
    values.window = common.window;
    values.mtu = common.mtu;
    if (common.peer_shift != no_shift) values.peer_shift = common.peer_shift;
    values.sack_permitted = common.sack_permitted;
    values.ecn = common.ecn;
    if (common.has_cookie) {
        values.cookie = common.is_cookie_experimental ? wire::FastOpen::Form::experimental
                                                      : wire::FastOpen::Form::standard;
    }
    if (common.has_timestamps) values.ts_recent = common.ts_recent;
    values.retransmits = common.retransmits;
    values.acknowledged = common.acknowledged;
    values.due = common.due;
    return values;
}

HalfOpens::Handle HalfOpens::handle_of(std::uint32_t entry) const {
    auto& self = const_cast<HalfOpens&>(*this);
    if ((entry & v6_bit) == 0) return self.v4_.handle_of(entry);
    Handle handle = self.v6_.handle_of(entry & ~v6_bit);
    handle.index |= v6_bit;
    return handle;
}

std::optional<std::uint32_t> HalfOpens::index_of(Handle handle) const {
    const Handle plain{handle.index & ~v6_bit, handle.generation};
    const bool is_v6 = (handle.index & v6_bit) != 0;
    if (!(is_v6 ? v6_.contains(plain) : v4_.contains(plain))) return std::nullopt;
    return handle.index;
}

std::optional<Instant> HalfOpens::syn_ack_at(std::uint32_t entry) const {
    const Common& common = this->common(entry);
    if (common.repeated) return std::nullopt;  // which of them is acknowledged? (RFC 6298 §3)
    return common.due - interval(common.retransmits);
}

std::uint32_t HalfOpens::listener_of(std::uint32_t entry) const { return common(entry).listener; }

std::uint32_t HalfOpens::younger(std::uint32_t entry) const { return common(entry).queue.next; }

HalfOpens::Common& HalfOpens::common(std::uint32_t entry) {
    if ((entry & v6_bit) != 0) {
        auto* record = v6_.get_index(entry & ~v6_bit);
        DT_ASSERT(record != nullptr);
        return record->common;
    }
    auto* record = v4_.get_index(entry);
    DT_ASSERT(record != nullptr);
    return record->common;
}

const HalfOpens::Common& HalfOpens::common(std::uint32_t entry) const {
    return const_cast<HalfOpens*>(this)->common(entry);
}

FourTuple HalfOpens::tuple(std::uint32_t entry) const {
    auto& self = const_cast<HalfOpens&>(*this);
    const Common& common = this->common(entry);
    IpAddr local;
    IpAddr remote;
    if ((entry & v6_bit) != 0) {
        const auto* record = self.v6_.get_index(entry & ~v6_bit);
        local = record->local;
        remote = record->remote;
    } else {
        const auto* record = self.v4_.get_index(entry);
        local = record->local;
        remote = record->remote;
    }
    return {{local, common.local_port}, {remote, common.remote_port}};
}

// RFC 6298 §5.5: doubles each time, up to rto_max.
Duration HalfOpens::interval(std::uint8_t retransmits) const {
    const int doublings = std::min<int>(retransmits, levels - 1);
    return std::min(config_.rto_initial * (1 << doublings), config_.rto_max);
}

HalfOpens::Chain& HalfOpens::level_of(const Common& common) {
    return by_retransmits_[std::min<std::size_t>(common.retransmits, levels - 1)];
}

void HalfOpens::link_time(std::uint32_t entry) {
    Common& common = this->common(entry);
    Chain& chain = level_of(common);
    common.time = {chain.last, none};
    (chain.last == none ? chain.first : this->common(chain.last).time.next) = entry;
    chain.last = entry;
}

void HalfOpens::unlink_time(std::uint32_t entry) {
    const Common& common = this->common(entry);
    Chain& chain = level_of(common);
    const Links time = common.time;
    (time.previous == none ? chain.first : this->common(time.previous).time.next) = time.next;
    (time.next == none ? chain.last : this->common(time.next).time.previous) = time.previous;
}

void HalfOpens::link_queue(std::uint32_t entry, SynQueue& queue) {
    common(entry).queue = {queue.youngest, none};
    (queue.youngest == none ? queue.oldest : common(queue.youngest).queue.next) = entry;
    queue.youngest = entry;
    ++queue.length;
}

void HalfOpens::unlink_queue(std::uint32_t entry, SynQueue& queue) {
    const Links links = common(entry).queue;
    (links.previous == none ? queue.oldest : common(links.previous).queue.next) = links.next;
    (links.next == none ? queue.youngest : common(links.next).queue.previous) = links.previous;
    --queue.length;
}

}  // namespace dt::tcp

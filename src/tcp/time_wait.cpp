// TIME-WAIT records: their queue by age, their lists by port, and what a segment means to them
// (RFC 9293 §3.10.7.4, RFC 1337, RFC 6191).
#include "tcp/time_wait.hpp"

#include "base/assert.hpp"

namespace dt::tcp {

namespace {

using Do = TimeWaitVerdict::Do;
using event::Reason;

constexpr std::uint32_t answer_interval_ms = 500;  // Linux tcp_invalid_ratelimit

std::optional<std::uint32_t> optional_of(std::uint32_t record, std::uint32_t none) {
    if (record == none) return std::nullopt;
    return record;
}

}  // namespace

TimeWaits::TimeWaits(const Config& config)
    : config_(config), v4_(config.time_wait_max), v6_(config.time_wait_max) {}

std::optional<std::uint32_t> TimeWaits::add(const TimeWaitValues& values, Instant now) {
    if (size() >= config_.time_wait_max) return std::nullopt;
    Common common;
    common.expires = now + config_.time_wait;
    common.snd_nxt = values.snd_nxt;
    common.rcv_nxt = values.rcv_nxt;
    common.ts_recent = values.ts_recent.value_or(0);
    common.local_port = values.tuple.local.port;
    common.remote_port = values.tuple.remote.port;
    common.window = values.window;
    common.tos = values.tos;
    common.has_timestamps = values.ts_recent.has_value();
    common.shift = values.shift & 0xf;
    common.reuse_address = values.reuse_address;
    common.reuse_port = values.reuse_port;
    const IpAddr& local = values.tuple.local.addr;
    const IpAddr& remote = values.tuple.remote.addr;
    std::optional<std::uint32_t> record;
    if (local.is_v4() && remote.is_v4()) {
        record = insert(v4_, common, local.v4(), remote.v4());
    } else {
        record = insert(v6_, common, local.v6(), remote.v6());
        if (record) *record |= v6_bit;
    }
    if (!record) return std::nullopt;
    link_youngest(*record);
    link_port(*record);
    return record;
}

template <class Address>
std::optional<std::uint32_t> TimeWaits::insert(SlotMap<Record<Address>>& map, const Common& common,
                                               Address local, Address remote) {
    const auto handle = map.insert(Record<Address>{common, local, remote});
    if (!handle || handle->index >= v6_bit) return std::nullopt;
    return handle->index;
}

void TimeWaits::erase(std::uint32_t record) {
    unlink_age(record);
    unlink_port(record);
    if ((record & v6_bit) != 0) {
        v6_.erase(v6_.handle_of(record & ~v6_bit));
        return;
    }
    v4_.erase(v4_.handle_of(record));
}

TimeWaitVerdict TimeWaits::judge(std::uint32_t record, const SegmentIn& segment) const {
    const Common& common = this->common(record);
    const wire::TcpRepr& header = segment.header;
    if (header.flags.rst()) return judge_rst(common, segment);
    if (header.flags.syn() && !header.flags.ack()) return judge_syn(common, segment);
    if (!header.flags.ack()) return {Do::drop, Reason::no_ack_flag};
    // The peer's FIN again: our last ACK was lost. Acknowledge it and begin 2·MSL again.
    const Seq end = header.seq + segment.seg_len();
    if (header.flags.fin() && end == common.rcv_nxt)
        return {Do::restart, Reason::time_wait_fin_again};
    const bool is_bare = segment.seg_len() == 0 && header.seq == common.rcv_nxt;
    if (is_bare && at_or_before(header.ack, common.snd_nxt)) {
        return {Do::drop, Reason::time_wait_old_segment};
    }
    return {Do::acknowledge, Reason::time_wait_old_segment};
}

// RFC 1337: a RST must not end TIME-WAIT, lest old duplicates disturb the next incarnation. Only an
// exact one ends it where the configuration follows Linux's default.
TimeWaitVerdict TimeWaits::judge_rst(const Common& common, const SegmentIn& segment) const {
    if (segment.header.seq != common.rcv_nxt) return {Do::drop, Reason::rst_out_of_window};
    if (config_.time_wait_rst == event::TimeWaitRst::ignore)
        return {Do::drop, Reason::time_wait_rst_ignored};
    return {Do::end, Reason::reset_by_peer};
}

// RFC 9293 §3.10.7.4 and RFC 6191, as Linux: a SYN that is newer by its timestamp, or by its
// number, opens a new incarnation; an older timestamp is never newer. Without timestamps on the old
// connection those of the SYN are not looked at, or, where so configured, open it again (DEC-24,
// RFC 6191 §2).
TimeWaitVerdict TimeWaits::judge_syn(const Common& common, const SegmentIn& segment) const {
    const wire::TcpRepr& header = segment.header;
    const bool has_new = header.options.timestamps.has_value();
    const bool has_both = common.has_timestamps && has_new;
    const bool is_told_apart =
        has_new && !common.has_timestamps && config_.time_wait_new_timestamps == event::Switch::on;
    const std::uint32_t value = has_both ? header.options.timestamps->value : 0;
    const auto age = static_cast<std::int32_t>(value - common.ts_recent);
    if (has_both && age < 0) return {Do::acknowledge, Reason::paws};
    if (after(header.seq, common.rcv_nxt) || (has_both && age > 0) || is_told_apart) {
        // As in LISTEN: a SYN with FIN opens nothing.
        if (header.flags.fin()) return {Do::drop, Reason::syn_with_fin_or_rst};
        return {Do::make_way, Reason::time_wait_reused};
    }
    return {Do::acknowledge, Reason::time_wait_old_segment};
}

void TimeWaits::restart(std::uint32_t record, Instant now) {
    common(record).expires = now + config_.time_wait;
    unlink_age(record);
    link_youngest(record);
}

bool TimeWaits::may_answer(std::uint32_t record, const SegmentIn& segment, Instant now) {
    const bool has_text = segment.text_length > 0 || segment.header.flags.fin();
    if (has_text) return true;
    Common& common = this->common(record);
    const auto now_ms = static_cast<std::uint32_t>(base::to_ms(now));
    if (common.answered && now_ms - common.answered_ms < answer_interval_ms) return false;
    common.answered = true;
    common.answered_ms = now_ms;
    return true;
}

bool TimeWaits::may_be_replaced(std::uint32_t record, Instant now) const {
    const Common& common = this->common(record);
    if (!common.has_timestamps) return false;
    const FourTuple tuple = this->tuple(record);
    const bool is_loopback = tuple.local.addr.is_loopback() || tuple.remote.addr.is_loopback();
    switch (config_.time_wait_reuse) {
        case event::TimeWaitReuse::off: return false;
        case event::TimeWaitReuse::loopback:
            if (!is_loopback) return false;
            break;
        case event::TimeWaitReuse::on: break;
    }
    const Instant since = common.expires - config_.time_wait;
    return now - since > config_.time_wait_reuse_delay;
}

std::optional<std::uint32_t> TimeWaits::expired(Instant now) const {
    if (oldest_ == none || common(oldest_).expires > now) return std::nullopt;
    return oldest_;
}

Instant TimeWaits::deadline() const { return oldest_ == none ? never : common(oldest_).expires; }

FourTuple TimeWaits::tuple(std::uint32_t record) const {
    const Common& common = this->common(record);
    IpAddr local;
    IpAddr remote;
    if ((record & v6_bit) != 0) {
        const auto* entry = const_cast<TimeWaits*>(this)->v6_.get_index(record & ~v6_bit);
        local = entry->local;
        remote = entry->remote;
    } else {
        const auto* entry = const_cast<TimeWaits*>(this)->v4_.get_index(record);
        local = entry->local;
        remote = entry->remote;
    }
    return {{local, common.local_port}, {remote, common.remote_port}};
}

TimeWaitValues TimeWaits::values(std::uint32_t record) const {
    const Common& common = this->common(record);
    TimeWaitValues values;
    values.tuple = tuple(record);
    values.snd_nxt = common.snd_nxt;
    values.rcv_nxt = common.rcv_nxt;
    values.window = common.window;
    values.shift = common.shift;
    values.tos = common.tos;
    values.reuse_address = common.reuse_address;
    values.reuse_port = common.reuse_port;
    if (common.has_timestamps) values.ts_recent = common.ts_recent;
    return values;
}

Instant TimeWaits::expires(std::uint32_t record) const { return common(record).expires; }

bool TimeWaits::matches(std::uint32_t record, const FourTuple& tuple) const {
    const Common& common = this->common(record);
    return common.remote_port == tuple.remote.port && common.local_port == tuple.local.port &&
           this->tuple(record) == tuple;
}

std::optional<std::uint32_t> TimeWaits::first_on(Port local) const {
    const std::uint32_t head = on_port_[local.value()];
    return head == 0 ? std::nullopt : std::optional(head - 1);
}

std::optional<std::uint32_t> TimeWaits::next_on(std::uint32_t record) const {
    return optional_of(common(record).port.next, none);
}

std::optional<std::uint32_t> TimeWaits::oldest() const { return optional_of(oldest_, none); }

std::optional<std::uint32_t> TimeWaits::younger(std::uint32_t record) const {
    return optional_of(common(record).age.next, none);
}

std::size_t TimeWaits::memory() const { return v4_.memory() + v6_.memory() + on_port_.memory(); }

TimeWaits::Common& TimeWaits::common(std::uint32_t record) {
    if ((record & v6_bit) != 0) {
        auto* entry = v6_.get_index(record & ~v6_bit);
        DT_ASSERT(entry != nullptr);
        return entry->common;
    }
    auto* entry = v4_.get_index(record);
    DT_ASSERT(entry != nullptr);
    return entry->common;
}

const TimeWaits::Common& TimeWaits::common(std::uint32_t record) const {
    return const_cast<TimeWaits*>(this)->common(record);
}

void TimeWaits::link_youngest(std::uint32_t record) {
    Links& age = common(record).age;
    age = {youngest_, none};
    if (youngest_ == none) {
        oldest_ = record;
    } else {
        common(youngest_).age.next = record;
    }
    youngest_ = record;
}

void TimeWaits::unlink_age(std::uint32_t record) {
    const Links age = common(record).age;
    (age.previous == none ? oldest_ : common(age.previous).age.next) = age.next;
    (age.next == none ? youngest_ : common(age.next).age.previous) = age.previous;
}

void TimeWaits::link_port(std::uint32_t record) {
    Common& entry = common(record);
    std::uint32_t& head = on_port_.at(entry.local_port.value());
    entry.port = {none, head == 0 ? none : head - 1};
    if (head != 0) common(head - 1).port.previous = record;
    head = record + 1;
}

void TimeWaits::unlink_port(std::uint32_t record) {
    const Common& entry = common(record);
    const Links port = entry.port;
    if (port.previous == none) {
        on_port_.at(entry.local_port.value()) = port.next == none ? 0 : port.next + 1;
    } else {
        common(port.previous).port.next = port.next;
    }
    if (port.next != none) common(port.next).port.previous = port.previous;
}

}  // namespace dt::tcp

// The memory link and switch: learning as IEEE 802.1D §7.8, delay, rate and queue per direction.
#include "link/link.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "base/checksum.hpp"
#include "wire/ethernet.hpp"

namespace dt::link {

namespace {

/// How long `octets` take at `rate` bits a second, rounded up.
Duration time_on_wire(std::size_t octets, std::uint64_t rate) {
    const std::uint64_t bit_ns = octets * 8 * 1'000'000'000ULL;
    return Duration{static_cast<Duration::rep>((bit_ns + rate - 1) / rate)};
}

/// Octets that leave within `span` at `rate` bits a second.
std::uint64_t octets_in(Duration span, std::uint64_t rate) {
    const auto ns = static_cast<std::uint64_t>(span.count());
    const std::uint64_t bytes_per_s = rate / 8;
    return ns / 1'000'000'000 * bytes_per_s + ns % 1'000'000'000 * bytes_per_s / 1'000'000'000;
}

}  // namespace

FramePtr copy_of(buf::Pool& pool, const buf::Frame& frame) {
    FramePtr copy = pool.frame();
    const Octets head = frame.head();
    if (!head.empty()) std::memcpy(copy->prepend(head.size()).data(), head.data(), head.size());
    for (const Slice& slice : frame.slices()) DT_ASSERT(copy->add(slice));
    copy->offload = frame.offload;
    copy->id = frame.id;
    copy->marked_bad = frame.marked_bad;
    return copy;
}

void corrupt(buf::Frame& frame, std::uint64_t draw) {
    frame.marked_bad = 1;
    frame.offload.checksum = wire::ChecksumState::unverified;
    frame.flatten();
    if (frame.slices().empty()) return;
    const Slice& whole = frame.slices().front();
    const std::size_t first = std::min<std::size_t>(wire::EthernetRepr::size(), whole.size() - 1U);
    const std::size_t bits = (whole.size() - first) * 8;
    const std::size_t bit = draw % bits;
    // flatten() has just made this block: nobody else holds it.
    std::byte* const octets = whole.block().get()->data();
    DT_ASSERT(whole.octets().data() == octets && whole.block().is_unique());
    octets[first + bit / 8] ^= std::byte{1} << (bit % 8);
}

namespace {

constexpr std::size_t ip_at = wire::EthernetRepr::size();
constexpr std::uint16_t ecn_v4 = 0x0003;  // of the first two octets of the header
constexpr std::uint16_t ecn_v6 = 0x0030;
constexpr std::size_t checksum_v4_at = ip_at + 10;

/// Where the ECN field lies in the first two octets of the IP header; 0 where no field says ECT.
std::uint16_t ecn_of(Octets front) {
    const auto view = wire::EthernetView::parse(front);
    if (!view || view->header_length() != ip_at || front.size() < checksum_v4_at + 2) return 0;
    const bool is_v4 = view->type() == wire::EtherType::ipv4;
    if (!is_v4 && view->type() != wire::EtherType::ipv6) return 0;
    const std::uint16_t field = is_v4 ? ecn_v4 : ecn_v6;
    const bool is_capable = (load_be<std::uint16_t>(front, ip_at) & field) != 0;
    return is_capable ? field : std::uint16_t{0};
}

void set_ce(MutableOctets front, std::uint16_t field) {
    const auto before = load_be<std::uint16_t>(front, ip_at);
    const auto after = static_cast<std::uint16_t>(before | field);
    store_be(front, ip_at, after);
    if (field != ecn_v4) return;
    const auto checksum = load_be<std::uint16_t>(front, checksum_v4_at);
    store_be(front, checksum_v4_at, base::update_checksum(checksum, before, after));
}

}  // namespace

void mark_congestion(buf::Frame& frame) {
    const std::uint16_t field = ecn_of(frame.front());
    if (field == 0) return;
    // A slice is never written: the headers of a frame from outside lie in one.
    if (frame.head().empty()) {
        frame.flatten();
        const Slice& whole = frame.slices().front();
        return set_ce({whole.block().get()->data(), whole.size()}, field);
    }
    set_ce(frame.head(), field);
}

Link::Link(std::uint16_t index, const LinkSpec& spec, Surroundings& surroundings)
    : index_(index), hosts_(spec.hosts), surroundings_(surroundings) {
    for (const std::string& from : hosts_) {
        for (const std::string& to : hosts_)
            paths_.push_back({surroundings.rules.path(index, from, to), {}, {}});
    }
}

std::uint32_t Link::mtu() const {
    std::uint32_t least = 65535;
    for (const Path& each : paths_) least = std::min(least, each.rules.impairment.mtu);
    return least;
}

bool Link::is_clean() const {
    const auto count = static_cast<PortIndex>(ports());
    for (PortIndex from = 0; from < count; ++from) {
        for (PortIndex to = 0; to < count; ++to) {
            if (from != to && path(from, to).rules.touches_frames()) return false;
        }
    }
    return true;
}

Duration Link::delay(PortIndex from, PortIndex to) const {
    return path(from, to).rules.impairment.delay;
}

void Link::learn(PortIndex from, const buf::Frame& frame) {
    const Octets front = frame.front();
    if (front.size() < wire::EthernetRepr::size()) return;
    const Mac source = Mac::load(front, 6);
    if (source.is_multicast()) return;
    if (stations_.size() >= stations_max && !stations_.contains(source)) return;
    stations_[source] = from;
}

std::optional<PortIndex> Link::port_of(const buf::Frame& frame) const {
    const Octets front = frame.front();
    if (front.size() < wire::EthernetRepr::size()) return std::nullopt;
    const auto found = stations_.find(Mac::load(front, 0));
    if (found == stations_.end()) return std::nullopt;
    return found->second;
}

void Link::send(Instant now, PortIndex from, FramePtr frame) {
    if (ports() == 2) {
        carry(now, from, static_cast<PortIndex>(1 - from), std::move(frame));
        return;
    }
    learn(from, *frame);
    if (const auto to = port_of(*frame)) {
        if (*to != from) carry(now, from, *to, std::move(frame));
        return;
    }
    const auto count = static_cast<PortIndex>(ports());
    for (PortIndex to = 0; to < count; ++to) {
        if (to != from) carry(now, from, to, copy_of(surroundings_.pool, *frame));
    }
}

void Link::carry(Instant now, PortIndex from, PortIndex to, FramePtr frame) {
    const Path& way = path(from, to);
    if (way.rules.needs_verdict()) {
        carry_touched(now, from, to, std::move(frame));
        return;
    }
    capture(now, from, *frame, {});
    arrive(now, now + way.rules.impairment.delay, to, std::move(frame));
}

void Link::carry_touched(Instant now, PortIndex from, PortIndex to, FramePtr frame) {
    Path& way = path(from, to);
    const Verdict verdict = surroundings_.rules.judge(now, way.rules, *frame);
    if (verdict.lost) {
        lose(now, from, *frame, event::FrameFate::lost, verdict.lost->rule);
        return;
    }
    const auto left = departure(now, way, frame->size());
    if (!left) {
        lose(now, from, *frame, event::FrameFate::queue_full, way.rules.queue_rule);
        return;
    }
    capture(now, from, *frame, {});
    Instant arrival =
        std::max(*left + way.rules.impairment.delay + verdict.jitter, way.last_arrival);
    way.last_arrival = arrival;
    if (verdict.marked) mark_congestion(*frame);
    if (verdict.corrupted) {
        corrupt(*frame, verdict.corrupted->draw);
        report(now, {.frame = frame->id,
                     .fate = event::FrameFate::corrupted,
                     .link = index_,
                     .rule = verdict.corrupted->rule});
    }
    if (verdict.duplicated) duplicate(now, arrival, to, *frame, *verdict.duplicated);
    if (verdict.late) {
        arrival += verdict.late->by;
        report(now, {.frame = frame->id,
                     .fate = event::FrameFate::delayed,
                     .link = index_,
                     .rule = verdict.late->hit.rule,
                     .by = verdict.late->by});
    }
    arrive(now, arrival, to, std::move(frame));
}

void Link::duplicate(Instant now, Instant arrival, PortIndex to, const buf::Frame& frame, Hit hit) {
    FramePtr copy = copy_of(surroundings_.pool, frame);
    copy->id = std::uint64_t{event::link_host} << 48 | std::uint64_t{index_} << 32 | ++copies_;
    report(now, {.frame = frame.id,
                 .copy = copy->id,
                 .fate = event::FrameFate::duplicated,
                 .link = index_,
                 .rule = hit.rule});
    arrive(now, arrival, to, std::move(copy));
}

std::optional<Instant> Link::departure(Instant now, Path& way, std::size_t octets) {
    const Impairment& is = way.rules.impairment;
    if (is.rate_bits_per_s == 0) return now;
    const Instant start = std::max(now, way.busy_until);
    const std::uint64_t waiting = octets_in(start - now, is.rate_bits_per_s);
    if (waiting > 0 && waiting + octets > is.queue_octets) return std::nullopt;
    way.busy_until = start + time_on_wire(octets, is.rate_bits_per_s);
    return way.busy_until;
}

void Link::lose(Instant now, PortIndex from, const buf::Frame& frame, event::FrameFate fate,
                RuleNumber rule) {
    capture(now, from, frame, surroundings_.rules.text(rule));
    report(now, {.frame = frame.id, .fate = fate, .link = index_, .rule = rule});
}

void Link::arrive(Instant now, Instant arrival, PortIndex to, FramePtr frame) {
    if (flights_.size() == frames_max) {
        report(now, {.frame = frame->id, .fate = event::FrameFate::queue_full, .link = index_});
        return;
    }
    flights_.push(arrival, to, std::move(frame));
}

void Link::report(Instant now, const event::FrameTouched& what) const {
    surroundings_.sink.on_event(now, event::link_host, what);
}

void Link::capture(Instant now, PortIndex from, const buf::Frame& frame,
                   std::string_view touched_by) const {
    if (surroundings_.tap == nullptr) return;
    surroundings_.tap->on_frame(now, index_, from, frame, touched_by);
}

Instant Link::deadline() const { return flights_.empty() ? never : flights_.front().arrival; }

InFlight* Link::arrived(Instant now) {
    if (flights_.empty() || flights_.front().arrival > now) return nullptr;
    return &flights_.front();
}

}  // namespace dt::link

// From events to items: what stands on which side, and what joins the row of a segment.
#include "observe/ladder_items.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "observe/wording.hpp"

namespace dt::observe {

namespace {

// What happens this soon after its cause, with nothing of this end between, stands on its row: a
// program's write and its segment, an arrival and the read of it.
constexpr Duration together = std::chrono::milliseconds{1};

std::size_t index(Side side) { return static_cast<std::size_t>(side); }
Side opposite(Side side) { return side == Side::left ? Side::right : Side::left; }

std::uint64_t key_of(event::HostIndex host, event::SocketNumber socket) {
    return socket * 131 + host;
}

bool covers(const Endpoint& listener, const Endpoint& server) {
    return listener.port == server.port && (listener.addr.is_any() || listener.addr == server.addr);
}

Tone tone_of(event::State state) {
    return state == event::State::established ? Tone::good : Tone::plain;
}

std::string text_of(const event::BytesMoved& moved) {
    if (moved.direction == event::Direction::from_program) {
        return fmt::format("▸ {} B", with_commas(moved.count));
    }
    if (moved.end == event::BytesMoved::End::yes) return "◂ EOF";
    return fmt::format("◂ {} B", with_commas(moved.count));
}

}  // namespace

ItemBuilder::ItemBuilder(const Trace& trace, const Flow& flow, const LadderOptions& options)
    : trace_(trace), flow_(flow), options_(options), numbering_(trace.events) {}

Items ItemBuilder::build() {
    find_sockets();
    for (const event::Event& event : trace_.events) {
        std::visit([&](const auto& body) { on(event, body); }, event.body);
    }
    flush(Side::left, std::nullopt);
    flush(Side::right, std::nullopt);
    return std::move(items_);
}

/// Which sockets are this flow's ends, which one listens for it, and the descriptors they got.
void ItemBuilder::find_sockets() {
    for (const event::Event& event : trace_.events) {
        if (const auto* given = std::get_if<event::DescriptorGiven>(&event.body)) {
            descriptors_.try_emplace(key_of(event.host, given->socket), given->caller.fd);
        }
        const auto* call = std::get_if<event::CallMade>(&event.body);
        if (call == nullptr) continue;
        if (call->call == event::Call::listen && event.host == flow_.server_host &&
            covers(call->local, flow_.server)) {
            listeners_.insert(call->socket);
        }
        if (call->call == event::Call::accept && event.host == flow_.server_host &&
            call->argument == flow_.client && listeners_.contains(call->socket)) {
            sockets_[1].insert(call->created);
        }
        if (call->call == event::Call::connect && call->argument.port == flow_.server.port &&
            event.host == flow_.client_host && call->local == flow_.client) {
            sockets_[0].insert(call->socket);
        }
    }
}

std::optional<Side> ItemBuilder::side_of(event::HostIndex host, const FourTuple& tuple) const {
    if (!flow_.is(tuple)) return std::nullopt;
    if (host == flow_.client_host && tuple.local == flow_.client) return Side::left;
    if (host == flow_.server_host && tuple.local == flow_.server) return Side::right;
    return std::nullopt;
}

std::optional<Side> ItemBuilder::side_of_socket(event::HostIndex host,
                                                event::SocketNumber socket) const {
    if (host == flow_.client_host && sockets_[0].contains(socket)) return Side::left;
    if (host != flow_.server_host) return std::nullopt;
    if (sockets_[1].contains(socket) || listeners_.contains(socket)) return Side::right;
    return std::nullopt;
}

Item& ItemBuilder::push(Side side, Item item) {
    flush(side, item.cell.at);
    auto& list = items_.of[index(side)];
    list.push_back(std::move(item));
    return list.back();
}

Item* ItemBuilder::last(Side side) {
    auto& list = items_.of[index(side)];
    return list.empty() ? nullptr : &list.back();
}

/// Gives what waits a row of its own if the item that comes next is of another moment.
void ItemBuilder::flush(Side side, std::optional<Instant> upcoming) {
    Pending& pending = pending_[index(side)];
    auto& list = items_.of[index(side)];
    const auto stale = [&](Instant at) { return !upcoming || *upcoming - at >= together; };
    if (pending.bytes && stale(*pending.bytes->at)) {
        list.push_back({Item::Kind::local, 0, *std::exchange(pending.bytes, std::nullopt)});
    }
    if (pending.state && stale(*pending.state->at)) {
        list.push_back({Item::Kind::local, 0, *std::exchange(pending.state, std::nullopt)});
    }
    if (pending.gauge && stale(pending.gauge_at)) {
        Cell cell;
        cell.at = pending.gauge_at;
        cell.gauge = std::exchange(pending.gauge, std::nullopt);
        list.push_back({Item::Kind::local, 0, std::move(cell)});
    }
}

std::uint32_t ItemBuilder::note(std::string sentence, std::string packet, std::string_view next) {
    const auto number = static_cast<std::uint32_t>(items_.notes.size() + 1);
    items_.notes.push_back({number, std::move(sentence), std::move(packet), std::string{next}});
    return number;
}

std::string ItemBuilder::label_of(const event::Segment& segment, Side from) {
    const wire::TcpFlags flags = wire::TcpFlags::from_bits(segment.flags);
    if (flags.syn()) {
        base_[index(from)] = segment.seq;
    }
    const auto relative = [](Seq seq, std::optional<Seq> base) {
        return base ? distance(*base, seq) : seq.value();
    };
    const std::uint32_t first = relative(segment.seq, base_[index(from)]);
    std::string label = fmt::format("{} {}:{}({})", flag_letters(flags), first,
                                    first + segment.length, segment.length);
    if (flags.ack()) {
        label += fmt::format(" ack {}", relative(segment.ack, base_[index(opposite(from))]));
    }
    if (options_.detail == LadderOptions::Detail::verbose) {
        label += fmt::format(" win {}", segment.window);
        if (segment.mss != 0) label += fmt::format(" <mss {}>", segment.mss);
        label += fmt::format(" abs {}", segment.seq.value());
        if (flags.ack()) label += fmt::format("/{}", segment.ack.value());
    }
    return label;
}

void ItemBuilder::on(const event::Event& event, const event::SegmentSent& sent) {
    const event::Segment& segment = sent.segment;
    const auto side = side_of(event.host, segment.tuple);
    if (!side) return;
    const wire::TcpFlags flags = wire::TcpFlags::from_bits(segment.flags);
    Crossing crossing;
    crossing.departs = event.at;
    crossing.frame = segment.frame;
    crossing.seq = segment.seq;
    tell_next_try(event, segment, *side);
    crossing.wire.from = *side;
    crossing.wire.label = label_of(segment, *side);
    crossing.wire.retransmission = segment.retransmission;
    crossing.wire.event = event.number;
    crossing.wire.departs = event.at;
    crossing.wire.length = segment.length;
    crossing.wire.is_pure_ack =
        segment.length == 0 && flags.ack() && !flags.syn() && !flags.fin() && !flags.rst();

    flush(*side, event.at);
    Pending& pending = pending_[index(*side)];
    Item item{Item::Kind::departure, items_.crossings.size(), {}};
    if (pending.bytes && (pending.state || segment.retransmission > 0)) {
        items_.of[index(*side)].push_back(
            {Item::Kind::local, 0, *std::exchange(pending.bytes, std::nullopt)});
    }
    if (pending.state) {
        item.cell = *std::exchange(pending.state, std::nullopt);
    } else if (pending.bytes) {
        item.cell = *std::exchange(pending.bytes, std::nullopt);
    } else if (segment.retransmission > 0) {
        item.cell.text = fmt::format("↻{}", segment.retransmission);
        item.cell.tone = Tone::held;
    }
    item.cell.at = event.at;
    item.cell.event = event.number;
    crossing_of_frame_[segment.frame] = items_.crossings.size();
    items_.crossings.push_back(std::move(crossing));
    push(*side, std::move(item));
}

void ItemBuilder::on(const event::Event& event, const event::SegmentReceived& received) {
    const auto side = side_of(event.host, received.segment.tuple);
    if (!side) return;
    const auto found = crossing_of_frame_.find(received.segment.frame);
    if (found == crossing_of_frame_.end()) return;
    Crossing& crossing = items_.crossings[found->second];
    if (crossing.arrives) return;  // a copy that the link made; its own event tells of it
    crossing.arrives = event.at;
    Item item{Item::Kind::arrival, found->second, {}};
    item.cell.at = event.at;
    item.cell.event = event.number;
    push(*side, std::move(item));
}

void ItemBuilder::on(const event::Event& event, const event::SegmentDropped& dropped) {
    const auto side = side_of(event.host, dropped.segment.tuple);
    if (!side) return;
    const auto found = crossing_of_frame_.find(dropped.segment.frame);
    const std::string packet = numbering_.label_of_frame(dropped.segment.frame);
    const event::ReasonRow& row = event::describe(dropped.reason);
    const std::string what{
        kind_of(wire::TcpFlags::from_bits(dropped.segment.flags), dropped.segment.length)};
    const std::uint32_t number = note(
        fmt::format("{} {}: {}", what, verdict_of(dropped.reason), row.sentence), packet, row.next);
    if (turned_away_.at != event.at) turned_away_ = {event.at, {}, 0, {}};
    turned_away_.note = number;
    turned_away_.opening = fmt::format("{} {}", what, verdict_of(dropped.reason));
    join_turned_away();
    Cell cell;
    cell.text = fmt::format("✗L{} {} {}: {}", number, what, verdict_of(dropped.reason),
                            short_form(dropped.reason));
    cell.tone = Tone::bad;
    cell.at = event.at;
    cell.event = event.number;
    if (found != crossing_of_frame_.end()) {
        Crossing& crossing = items_.crossings[found->second];
        crossing.wire.fate = WireFate::refused;
        awaited_.push_back({crossing.wire.from, crossing.seq, crossing.departs, number});
    }
    Item* before = last(*side);
    if (before != nullptr && before->kind == Item::Kind::arrival &&
        found != crossing_of_frame_.end() && before->crossing == found->second) {
        cell.gauge = before->cell.gauge;
        before->cell = std::move(cell);
        return;
    }
    push(*side, {Item::Kind::local, 0, std::move(cell)});
}

/// The sentence of the table says that a queue is full; with the queue's own step it says which,
/// and with what numbers.
void ItemBuilder::join_turned_away() {
    if (turned_away_.note == 0 || turned_away_.sentence.empty()) return;
    items_.notes[turned_away_.note - 1].sentence =
        fmt::format("{}: {}", turned_away_.opening, turned_away_.sentence);
    turned_away_ = {};
}

void ItemBuilder::on(const event::Event&, const event::FrameTouched& touched) {
    const auto found = crossing_of_frame_.find(touched.frame);
    if (found == crossing_of_frame_.end()) return;
    if (touched.fate != event::FrameFate::lost && touched.fate != event::FrameFate::queue_full) {
        return;
    }
    Crossing& crossing = items_.crossings[found->second];
    crossing.wire.fate = WireFate::lost;
    const std::string rule = touched.rule < trace_.rules.size() ? trace_.rules[touched.rule] : "";
    const std::uint32_t number = note(fmt::format("lost on {}", trace_.culprit(touched)),
                                      numbering_.label_of_frame(touched.frame), "");
    crossing.wire.margin = fmt::format("✗L{} lost: {}", number, rule.empty() ? "queue full" : rule);
    awaited_.push_back({crossing.wire.from, crossing.seq, crossing.departs, number});
}

/// A segment sent again is the next try of those that came to nothing: the note says when.
void ItemBuilder::tell_next_try(const event::Event& event, const event::Segment& segment,
                                Side side) {
    if (segment.retransmission == 0) return;
    std::erase_if(awaited_, [&](const Awaited& lost) {
        if (lost.side != side || lost.seq != segment.seq) return false;
        Footnote& note = items_.notes[lost.note - 1];
        if (note.next.empty()) {
            note.next = fmt::format("next try after {}: {}", span_text(event.at - lost.sent),
                                    numbering_.label(event.number));
        }
        return true;
    });
}

void ItemBuilder::on(const event::Event& event, const event::Transition& transition) {
    const auto side = side_of(event.host, transition.tuple);
    if (!side) return;
    over_[index(*side)] =
        transition.to == event::State::closed || transition.to == event::State::time_wait;
    Cell cell;
    cell.text = std::string{event::name(transition.to)};
    if (transition.to == event::State::time_wait) {
        cell.text += fmt::format(
            " {} s", std::chrono::duration_cast<std::chrono::seconds>(trace_.time_wait).count());
    }
    cell.tone = tone_of(transition.to);
    cell.at = event.at;
    cell.event = event.number;
    Item* before = last(*side);
    if (is_answer_to_segment(transition.cause) && before != nullptr &&
        before->kind == Item::Kind::arrival && before->cell.at == event.at) {
        cell.gauge = before->cell.gauge;
        if (before->cell.tone != Tone::bad) before->cell = std::move(cell);
        return;
    }
    flush(*side, event.at);
    pending_[index(*side)].state = std::move(cell);
}

void ItemBuilder::on(const event::Event& event, const event::QueueChange& change) {
    if (event.host != flow_.server_host || !covers(change.listener, flow_.server)) return;
    const Gauge gauge{change.syn_queue, change.accept_queue, change.limit};
    Item* before = last(Side::right);
    switch (change.step) {
        case event::QueueStep::syn_added:
        case event::QueueStep::syn_ignored:
        case event::QueueStep::ack_held:
        case event::QueueStep::promoted:
        case event::QueueStep::syn_removed:
            if (!flow_.is(change.tuple)) return;
            if (change.step == event::QueueStep::syn_ignored && gauge.is_full()) {
                if (turned_away_.at != event.at) turned_away_ = {event.at, {}, 0, {}};
                turned_away_.sentence = fmt::format(
                    "accept queue of {} is full, {} waiting, limit {}",
                    wire::print(change.listener).view(), gauge.accept_queue, gauge.limit);
                join_turned_away();
            }
            if (before != nullptr && before->cell.at == event.at) before->cell.gauge = gauge;
            return;
        case event::QueueStep::opened:
        case event::QueueStep::accepted:
        case event::QueueStep::limit_changed:
        case event::QueueStep::closed:
            if (change.step == event::QueueStep::accepted && !flow_.is(change.tuple)) return;
            if (change.step == event::QueueStep::closed && is_over()) return;
            flush(Side::right, event.at);
            pending_[1].gauge = gauge;
            pending_[1].gauge_at = event.at;
            return;
    }
}

/// Whether the flow has ended at both hosts: what a listener does later is no part of it.
bool ItemBuilder::is_over() const { return over_[0] && over_[1]; }

void ItemBuilder::on(const event::Event& event, const event::CallMade& call) {
    const event::SocketNumber subject =
        call.call == event::Call::socket ? call.created : call.socket;
    const auto side = side_of_socket(event.host, subject);
    if (!side) return;
    const bool is_listener = *side == Side::right && listeners_.contains(subject);
    if (is_listener && call.call == event::Call::accept && call.argument != flow_.client) return;
    if (call.call == event::Call::connect_done) return;  // the handshake's row shows it
    const bool ends = call.call == event::Call::close || call.call == event::Call::shutdown;
    if (is_listener && ends && is_over()) return;
    Cell cell;
    cell.text = call_text(event.host, call);
    if (cell.text.empty()) return;
    cell.tone = call.error && *call.error != Error::in_progress ? Tone::bad : Tone::plain;
    cell.at = event.at;
    cell.event = event.number;
    flush(*side, event.at);
    Pending& pending = pending_[index(*side)];
    cell.gauge = std::exchange(pending.gauge, std::nullopt);
    if (call.call == event::Call::listen && !call.error) cell.text += "   LISTEN";
    // A transition that this call made waits for its segment; the call's row comes first.
    auto state = std::exchange(pending.state, std::nullopt);
    auto bytes = std::exchange(pending.bytes, std::nullopt);
    push(*side, {Item::Kind::local, 0, std::move(cell)});
    pending.state = std::move(state);
    pending.bytes = std::move(bytes);
}

void ItemBuilder::on(const event::Event& event, const event::BytesMoved& moved) {
    const auto side = side_of(event.host, moved.tuple);
    if (!side) return;
    Cell cell;
    cell.text = text_of(moved);
    cell.at = event.at;
    cell.event = event.number;
    if (moved.direction == event::Direction::to_program) {
        if (Item* row = row_to_join(*side, event.at)) {
            row->cell.text = std::move(cell.text);
            return;
        }
    }
    flush(*side, event.at);
    Pending& pending = pending_[index(*side)];
    if (pending.bytes) {
        items_.of[index(*side)].push_back({Item::Kind::local, 0, *pending.bytes});
    }
    pending.bytes = std::move(cell);
}

/// The row of this end that a read stands on: the arrival that brought the octets, or the ACK that
/// was sent for it, if that row has room and nothing but segments came since.
Item* ItemBuilder::row_to_join(Side side, Instant at) {
    auto& list = items_.of[index(side)];
    Item* found = nullptr;
    for (Item& item : list | std::views::reverse) {
        if (item.kind == Item::Kind::local || at - *item.cell.at >= together) break;
        if (item.cell.text.empty()) found = &item;
        if (item.kind == Item::Kind::arrival) break;
    }
    return found;
}

void ItemBuilder::on(const event::Event& event, const event::TimerFired& fired) {
    const auto side = side_of(event.host, fired.tuple);
    if (!side || fired.kind != event::TimerKind::persist) return;
    Cell cell;
    cell.text = fmt::format("window probe {}", fired.count);
    cell.tone = Tone::held;
    cell.at = event.at;
    cell.event = event.number;
    pending_[index(*side)].state = std::move(cell);
}

std::int32_t ItemBuilder::fd_of(event::HostIndex host, event::SocketNumber socket,
                                std::int32_t otherwise) const {
    if (otherwise >= 0) return otherwise;
    const auto found = descriptors_.find(key_of(host, socket));
    return found == descriptors_.end() ? -1 : found->second;
}

std::string ItemBuilder::call_text(event::HostIndex host, const event::CallMade& call) const {
    const std::int32_t fd = fd_of(host, call.socket, call.caller.fd);
    const std::int32_t created = fd_of(host, call.created, -1);
    return call_wording(call, fd, created);
}

}  // namespace dt::observe

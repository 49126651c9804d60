// Reading a recording back into a world.
#include "world/replay.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"

namespace dt::world {

namespace {

constexpr std::uint8_t segment_sent_kind = 0;
static_assert(std::is_same_v<std::variant_alternative_t<0, event::Body>, event::SegmentSent>);

/// Octets a replay writes or reads at once: no call of a recording was larger.
constexpr std::uint64_t text_max = 64ULL << 20;

/// Hands events on and keeps the marks of those since the last record.
class Watching final : public event::Sink {
  public:
    explicit Watching(event::Sink& next) : next_(next) {}
    void on_event(Instant at, event::HostIndex host, const event::Body& body) override {
        marks.push_back(EventMark::of({++last, at, host, body}));
        labels.push_back(counter.count(body));
        next_.on_event(at, host, body);
    }

    /// What an event that was recorded, and did not happen now, would be called.
    [[nodiscard]] EventLabel label_of_missing(const EventMark& recorded) const {
        using Kind = EventLabel::Kind;
        return counter.next(recorded.kind == segment_sent_kind ? Kind::packet : Kind::other);
    }
    void forget() {
        marks.clear();
        labels.clear();
    }

    std::vector<EventMark> marks;
    std::vector<EventLabel> labels;  // of the same events
    EventCounter counter;
    std::uint64_t last = 0;

  private:
    event::Sink& next_;
};

constexpr std::uint8_t base_of(Record record) { return static_cast<std::uint8_t>(record); }

constexpr bool is_event(std::uint8_t octet) {
    return octet >= base_of(Record::event) && octet < base_of(Record::event) + event_kinds;
}
constexpr bool is_call(std::uint8_t octet) {
    return octet >= base_of(Record::call) && octet < base_of(Record::call) + recorded_calls;
}

/// What programs wrote: as kept, or generated, the same each time.
class Text {
  public:
    /// Reads a text record.
    static Text read(Decoder& from) {
        Text text;
        if (from.below(2) == 1) {
            text.octets_ = from.octets();
            text.length_ = text.octets_.size();
        } else {
            text.length_ = from.below(text_max + 1);
        }
        return text;
    }
    [[nodiscard]] std::size_t size() const { return length_; }
    void copy_to(MutableOctets to) const {
        if (octets_.size() == to.size()) {
            std::ranges::copy(octets_, to.begin());
            return;
        }
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::byte>('a' + i % 26);
    }

  private:
    Octets octets_;
    std::size_t length_ = 0;
};

}  // namespace

std::string RecordingError::sentence(std::string_view file) const {
    const std::string name(file);
    switch (kind) {
        case Kind::foreign: return name + " is not a recording of dialtone";
        case Kind::truncated: return "recording " + name + " ends within its header";
        case Kind::damaged: return "recording " + name + " is damaged: its header does not add up";
        case Kind::format: break;
    }
    const std::string oldest = std::to_string(recording_format_oldest);
    const std::string newest = std::to_string(recording_format);
    return "recording " + name + " has format " + std::to_string(format) +
           ", this dialtone reads " + (oldest == newest ? newest : oldest + " to " + newest);
}

std::string RecordingError::help() const {
    switch (kind) {
        case Kind::format:
            return format > recording_format ? "use a newer dialtone, such as the one that wrote it"
                                             : "use the dialtone that wrote it";
        case Kind::truncated: return "record again: the run ended before anything was kept";
        case Kind::damaged: return "copy the file again";
        case Kind::foreign: break;
    }
    return "recordings are made by `dialtone run --record FILE`";
}

std::expected<RecordingHeader, RecordingError> read_header(Octets recording) {
    using Kind = RecordingError::Kind;
    const auto magic = std::as_bytes(std::span(recording_magic.data(), recording_magic.size()));
    const std::size_t compared = std::min(recording.size(), magic.size());
    if (compared == 0 || !std::ranges::equal(recording.first(compared), magic.first(compared)))
        return std::unexpected(RecordingError{Kind::foreign, 0});
    if (compared < magic.size()) return std::unexpected(RecordingError{Kind::truncated, 0});
    Decoder from(recording.subspan(magic.size()));
    RecordingHeader header;
    header.format = from.number();
    if (from.is_broken()) return std::unexpected(RecordingError{Kind::truncated, 0});
    if (header.format < recording_format_oldest || header.format > recording_format)
        return std::unexpected(RecordingError{Kind::format, header.format});
    header.build = from.text();
    header.spec = decode_spec(from, header.format);
    if (header.format > 1) {
        header.began = Instant{Duration{from.signed_number()}};
        if (from.below(2) == 1) header.wall_offset = Duration{from.signed_number()};
        // Clocks count from a boot and from 1970: half of what a Duration holds lasts till 2116.
        static constexpr Duration most = Duration::max() / 2;
        const auto is_sane = [](Duration span) { return span >= -most && span <= most; };
        if (!is_sane(header.began->time_since_epoch()) ||
            !is_sane(header.wall_offset.value_or(Duration{}))) {
            from.set_broken();
        }
    }
    const std::size_t hashed = magic.size() + from.position();
    const std::uint64_t hash = from.number();
    if (from.is_broken()) {
        return std::unexpected(
            RecordingError{from.at_end() ? Kind::truncated : Kind::damaged, header.format});
    }
    if (hash != header_hash(recording.first(hashed)))
        return std::unexpected(RecordingError{Kind::damaged, header.format});
    header.body_at = magic.size() + from.position();
    return header;
}

Instant first_instant(const RecordingHeader& header, Octets recording) {
    if (header.began) return *header.began;
    event::NullSink nobody;
    Replay replay(header, recording, nobody);
    while (replay.now() <= Instant{} && replay.step()) continue;
    return std::max(replay.now(), Instant{});
}

std::string Difference::sentence() const {
    return "replay differs from the recording at " + label.text() + ": recorded " + recorded +
           ", got " + got;
}

struct Replay::Parts {
    Parts(const RecordingHeader& header, Octets recording, event::Sink& sink)
        : watching(sink), world(header.spec, watching), from(recording.subspan(header.body_at)) {}

    bool input(std::uint8_t octet);
    void call(RecordedCall call);
    void stream_call(Calls& calls, RecordedCall call, sock::SocketId id);
    void send(Calls& calls, RecordedCall call, sock::SocketId id);
    void datagram_call(Calls& calls, RecordedCall call, sock::SocketId id);
    [[nodiscard]] sock::ZonedEndpoint zoned(Endpoint endpoint);
    void option_call(Calls& calls, RecordedCall call, sock::SocketId id);
    void commit(Calls& calls, sock::SocketId id);
    void turn();
    bool compare();
    bool finish(Ending how);
    MutableOctets scratch(std::uint64_t octets);

    Watching watching;
    World world;
    Decoder from;
    Instant now{};
    HostIndex host = 0;
    event::Caller caller;
    std::vector<std::byte> room;
    sock::SocketId offered_to;
    MutableOctets offered;
    std::optional<std::uint32_t> zone;  // of the next call
    std::optional<Difference> difference;
    std::optional<Ending> ending;
    std::uint64_t compared = 0;
    std::vector<std::pair<std::string, std::string>> notes;
};

MutableOctets Replay::Parts::scratch(std::uint64_t octets) {
    if (octets > text_max) {
        from.set_broken();
        octets = 0;
    }
    room.resize(octets);
    return room;
}

bool Replay::Parts::finish(Ending how) {
    ending = how;
    return false;
}

void Replay::Parts::turn() {
    world.turn(now);
    while (world.next_readiness(now)) {
    }
}

void Replay::Parts::commit(Calls& calls, sock::SocketId id) {
    const Text text = Text::read(from);
    // A program never writes beyond what it was offered; a damaged file may say so.
    if (id != offered_to || text.size() > offered.size()) return from.set_broken();
    text.copy_to(offered.first(text.size()));
    offered = {};
    static_cast<void>(calls.commit(id, text.size()));
}

void Replay::Parts::stream_call(Calls& calls, RecordedCall call, sock::SocketId id) {
    if (call == RecordedCall::writable) {
        const auto got = calls.writable(id, from.below(text_max + 1));
        offered_to = id;
        offered = got ? *got : MutableOctets{};
    } else if (call == RecordedCall::commit) {
        commit(calls, id);
    } else if (call == RecordedCall::readable) {
        static_cast<void>(calls.readable(id));
    } else if (call == RecordedCall::consume) {
        static_cast<void>(calls.consume(id, from.number()));
    } else if (call == RecordedCall::receive) {
        static_cast<void>(calls.receive(id, scratch(from.number())));
    } else if (call == RecordedCall::peek) {
        static_cast<void>(calls.peek(id, scratch(from.number())));
    } else {
        send(calls, call, id);
    }
}

void Replay::Parts::send(Calls& calls, RecordedCall call, sock::SocketId id) {
    using More = tcp::WriteMark::More;
    const Text text = Text::read(from);
    text.copy_to(scratch(text.size()));
    if (call == RecordedCall::send_urgent) {
        static_cast<void>(calls.send_urgent(id, room));
        return;
    }
    const More more = call == RecordedCall::send_more ? More::yes : More::no;
    static_cast<void>(calls.send(id, room, more));
}

sock::ZonedEndpoint Replay::Parts::zoned(Endpoint endpoint) {
    return {endpoint, std::exchange(zone, std::nullopt)};
}

void Replay::Parts::datagram_call(Calls& calls, RecordedCall call, sock::SocketId id) {
    if (call == RecordedCall::receive_from) {
        static_cast<void>(calls.receive_from(id, scratch(from.number())));
        return;
    }
    std::optional<Endpoint> to;
    if (from.below(2) == 1) to = from.endpoint();
    sock::SendAs as;
    if (call == RecordedCall::send_to_as) as = decode_send_as(from);
    as.zone = std::exchange(zone, std::nullopt);
    const Text text = Text::read(from);
    text.copy_to(scratch(text.size()));
    static_cast<void>(calls.send_to(id, room, to, as));
}

void Replay::Parts::option_call(Calls& calls, RecordedCall call, sock::SocketId id) {
    const auto level = static_cast<int>(from.signed_number());
    const auto name = static_cast<int>(from.signed_number());
    if (call == RecordedCall::get_option) {
        static_cast<void>(calls.get_option(id, level, name, scratch(from.number())));
    } else {
        static_cast<void>(calls.set_option(id, level, name, from.octets()));
    }
}

void Replay::Parts::call(RecordedCall call) {
    const sock::SocketId id{base::Handle<sock::Socket>::from_word(from.number())};
    Calls calls = world.calls(now, host, caller);
    switch (call) {
        case RecordedCall::socket: {
            const auto family = static_cast<sock::Family>(from.below(2));
            const auto type = static_cast<sock::Type>(from.below(3));
            static_cast<void>(calls.socket(family, type, static_cast<int>(from.signed_number())));
            return;
        }
        case RecordedCall::bind: static_cast<void>(calls.bind(id, zoned(from.endpoint()))); return;
        case RecordedCall::listen:
            static_cast<void>(calls.listen(id, static_cast<int>(from.signed_number())));
            return;
        case RecordedCall::connect:
            static_cast<void>(calls.connect(id, zoned(from.endpoint())));
            return;
        case RecordedCall::connect_waits:
            static_cast<void>(calls.connect(id, zoned(from.endpoint()), sock::Asking::waits));
            return;
        case RecordedCall::connect_still:
            static_cast<void>(calls.connect(id, zoned(from.endpoint()), sock::Asking::still));
            return;
        case RecordedCall::disconnect: static_cast<void>(calls.disconnect(id)); return;
        case RecordedCall::accept: static_cast<void>(calls.accept(id)); return;
        case RecordedCall::shutdown:
            static_cast<void>(calls.shutdown(id, static_cast<sock::How>(from.below(3))));
            return;
        case RecordedCall::close:
            static_cast<void>(calls.close(id, static_cast<sock::Unread>(from.below(2))));
            return;
        case RecordedCall::writable:
        case RecordedCall::commit:
        case RecordedCall::readable:
        case RecordedCall::consume:
        case RecordedCall::send:
        case RecordedCall::send_more:
        case RecordedCall::send_urgent:
        case RecordedCall::receive:
        case RecordedCall::peek: stream_call(calls, call, id); return;
        case RecordedCall::send_to:
        case RecordedCall::send_to_as:
        case RecordedCall::receive_from: datagram_call(calls, call, id); return;
        case RecordedCall::zone: zone = static_cast<std::uint32_t>(from.below(1ULL << 32)); return;
        case RecordedCall::take_notice: static_cast<void>(calls.take_notice(id)); return;
        case RecordedCall::local_name: static_cast<void>(calls.local_name(id)); return;
        case RecordedCall::peer_name: static_cast<void>(calls.peer_name(id)); return;
        case RecordedCall::get_option:
        case RecordedCall::set_option: option_call(calls, call, id); return;
        case RecordedCall::refused: {
            const auto which = static_cast<event::Call>(from.u8());
            const auto error = static_cast<Error>(from.u8());
            const auto reason = static_cast<event::Reason>(from.below(event::reason_count));
            calls.refused(which, id, error, reason);
            return;
        }
    }
}

bool Replay::Parts::input(std::uint8_t octet) {
    if (is_call(octet)) {
        call(static_cast<RecordedCall>(octet - base_of(Record::call)));
        return true;
    }
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): what is no Record ends damaged
    switch (static_cast<Record>(octet)) {
        case Record::time: {
            const Duration step{from.signed_number()};
            if (step < Duration{} || step > never - now) from.set_broken();
            if (!from.is_broken()) now += step;
            return true;
        }
        case Record::turn: turn(); return true;
        case Record::caller:
            host = static_cast<HostIndex>(from.below(world.spec().hosts.size()));
            caller.pid = static_cast<std::int32_t>(from.signed_number());
            caller.fd = static_cast<std::int32_t>(from.signed_number());
            return true;
        case Record::note: {
            std::string name = from.text();
            notes.emplace_back(std::move(name), from.text());
            return true;
        }
        case Record::descriptor: {
            const auto at = static_cast<HostIndex>(from.below(world.spec().hosts.size()));
            const event::SocketNumber socket = from.number();
            const auto pid = static_cast<std::int32_t>(from.signed_number());
            const auto fd = static_cast<std::int32_t>(from.signed_number());
            if (!from.is_broken()) world.descriptor_given(now, at, socket, {pid, fd});
            return true;
        }
        case Record::frame: {
            FramePtr frame = decode_frame(from, world.pool());
            if (!world.spec().outside) from.set_broken();
            if (!from.is_broken()) world.from_outside(now, std::move(frame));
            return true;
        }
        case Record::restart: {
            const auto at = static_cast<HostIndex>(from.below(world.spec().hosts.size()));
            if (!from.is_broken()) world.restart(now, at);
            return true;
        }
        case Record::leave: world.leave(now); return true;
        case Record::full: return finish(Ending::full);
        case Record::end: return finish(Ending::whole);
        case Record::call:
        case Record::event: break;
    }
    return finish(Ending::damaged);
}

bool Replay::Parts::compare() {
    std::size_t i = 0;
    while (is_event(from.peek())) {
        EventMark recorded;
        recorded.kind = static_cast<std::uint8_t>(from.u8() - base_of(Record::event));
        recorded.state = from.u8();
        recorded.check = from.u16();
        if (from.is_broken()) return finish(Ending::cut);
        const bool is_there = i < watching.marks.size();
        if (!is_there || watching.marks[i] != recorded) {
            difference = Difference{
                compared + 1, is_there ? watching.labels[i] : watching.label_of_missing(recorded),
                recorded.text(), is_there ? watching.marks[i].text() : "nothing"};
            if (difference->got == difference->recorded) difference->got += " with other values";
            return false;
        }
        ++i;
        ++compared;
    }
    // A recording that was cut or full holds fewer events than its last input led to.
    const bool is_last = from.at_end() || from.peek() == base_of(Record::full);
    if (i < watching.marks.size() && !is_last) {
        difference =
            Difference{compared + 1, watching.labels[i], "nothing", watching.marks[i].text()};
        return false;
    }
    watching.forget();
    return true;
}

Replay::Replay(const RecordingHeader& header, Octets recording, event::Sink& sink)
    : parts_(std::make_unique<Parts>(header, recording, sink)) {}
Replay::~Replay() = default;

bool Replay::step() {
    if (parts_->ending || parts_->difference) return false;
    if (parts_->from.at_end()) return parts_->finish(Ending::cut);
    const bool goes_on = parts_->input(parts_->from.u8());
    if (parts_->from.is_broken())
        return parts_->finish(parts_->from.at_end() ? Ending::cut : Ending::damaged);
    return goes_on && parts_->compare();
}

void Replay::run() {
    while (step()) {
    }
}

void Replay::run_until(Instant at) {
    // A step in time is a record of its own: it is looked at before it is taken.
    while (parts_->now <= at) {
        if (parts_->from.peek() == base_of(Record::time)) {
            Decoder ahead = parts_->from;
            ahead.u8();
            if (Duration{ahead.signed_number()} > at - parts_->now) return;
        }
        if (!step()) return;
    }
}

void Replay::run_until_event(EventLabel label) {
    const auto has_happened = [&] {
        const EventLabel next = parts_->watching.counter.next(label.kind);
        return next.ordinal > label.ordinal;
    };
    while (!has_happened() && step()) {
    }
}

World& Replay::world() { return parts_->world; }
const World& Replay::world() const { return parts_->world; }
Instant Replay::now() const { return parts_->now; }
const std::optional<Difference>& Replay::difference() const { return parts_->difference; }
Ending Replay::ending() const { return parts_->ending.value_or(Ending::cut); }
bool Replay::has_ended() const { return parts_->ending.has_value(); }
const std::vector<std::pair<std::string, std::string>>& Replay::notes() const {
    return parts_->notes;
}

}  // namespace dt::world

// Writing a recording.
#include "world/recorder.hpp"

#include <algorithm>
#include <utility>

#include "base/rng.hpp"
#include "world/border.hpp"

namespace dt::world {

namespace {

constexpr std::size_t flush_at = 65536;
constexpr Duration flush_every = std::chrono::milliseconds{100};

std::uint8_t octet(Record record, std::size_t offset = 0) {
    return static_cast<std::uint8_t>(static_cast<std::size_t>(record) + offset);
}

}  // namespace

std::uint64_t header_hash(Octets header) {
    return base::siphash_2_4(SipKey{0x68656164, 0x65720000}, header);
}

Recorder::Recorder(OctetSink& sink, RecorderOptions options)
    : sink_(sink), options_(std::move(options)) {}

void Recorder::begin(const Spec& spec) {
    for (const char c : recording_magic) buffer_.u8(static_cast<std::uint8_t>(c));
    buffer_.number(recording_format);
    buffer_.text(options_.build);
    encode(buffer_, spec);
    has_begun_ = true;
}

/// A run begins with its first input: when that was, and what the wall clock showed.
void Recorder::end_header(Instant now) {
    if (std::exchange(has_header_, true)) return;
    buffer_.signed_number(now.time_since_epoch().count());
    buffer_.u8(options_.wall_offset ? 1 : 0);
    if (options_.wall_offset) buffer_.signed_number(options_.wall_offset->count());
    buffer_.number(header_hash(buffer_.written()));
}

void Recorder::time(Instant now) {
    end_header(now);
    if (now == now_) return;
    buffer_.u8(octet(Record::time));
    buffer_.signed_number((now - now_).count());
    now_ = now;
}

void Recorder::settle() {
    if (size() >= options_.limit) {
        buffer_.u8(octet(Record::full));
        stopped_at_ = now_;
        flush();
    } else if (buffer_.size() >= flush_at) {
        flush();
    }
}

void Recorder::flush() {
    if (buffer_.size() == 0 || !has_header_) return;
    sink_.write(buffer_.written());
    written_ += buffer_.size();
    buffer_.clear();
}

void Recorder::note(std::string_view name, std::string_view text) {
    if (!is_recording()) return;
    end_header(now_);
    buffer_.u8(octet(Record::note));
    buffer_.text(name);
    buffer_.text(text);
    settle();
}

void Recorder::note_soon(std::string_view name, std::string_view text) {
    if (is_recording()) soon_.emplace_back(name, text);
}

/// Between inputs only: the marks of the last one stand behind it.
void Recorder::write_notes() {
    for (const auto& [name, text] : std::exchange(soon_, {})) note(name, text);
}

void Recorder::end(Instant now) {
    write_notes();
    if (is_recording()) {
        time(std::max(now, now_));  // a run may end before the last instant its world was asked for
        buffer_.u8(octet(Record::end));
    }
    flush();
    has_begun_ = false;
}

void Recorder::turn(Instant now) {
    write_notes();
    if (!is_recording()) return;
    // What a killed run leaves is whole but for the last moment.
    if (now - flushed_at_ >= flush_every) {
        flush();
        flushed_at_ = now;
    }
    time(now);
    buffer_.u8(octet(Record::turn));
    settle();
}

void Recorder::restart(Instant now, HostIndex host) {
    write_notes();
    if (!is_recording()) return;
    time(now);
    buffer_.u8(octet(Record::restart));
    buffer_.number(host);
    settle();
}

void Recorder::leave(Instant now) {
    write_notes();
    if (!is_recording()) return;
    time(now);
    buffer_.u8(octet(Record::leave));
    settle();
}

void Recorder::descriptor(Instant now, HostIndex host, event::SocketNumber socket,
                          event::Caller caller) {
    write_notes();
    if (!is_recording()) return;
    time(now);
    buffer_.u8(octet(Record::descriptor));
    buffer_.number(host);
    buffer_.number(socket);
    buffer_.signed_number(caller.pid);
    buffer_.signed_number(caller.fd);
    settle();
}

void Recorder::event(const event::Event& event) {
    if (!is_recording()) return;
    end_header(event.at);
    const EventMark mark = EventMark::of(event);
    buffer_.u8(octet(Record::event, mark.kind));
    buffer_.u8(mark.state);
    buffer_.u16(mark.check);
    settle();
}

void Recorder::frame(Instant now, const buf::Frame& frame) {
    write_notes();
    if (!is_recording()) return;
    time(now);
    buffer_.u8(octet(Record::frame));
    encode(buffer_, frame,
           options_.text == KeepText::octets ? frame.size() : octets_to_keep(frame));
    settle();
}

Encoder* Recorder::call(Instant now, HostIndex host, event::Caller caller, RecordedCall call) {
    write_notes();
    if (!is_recording()) return nullptr;
    time(now);
    if (host != host_ || caller != caller_) {
        buffer_.u8(octet(Record::caller));
        buffer_.number(host);
        buffer_.signed_number(caller.pid);
        buffer_.signed_number(caller.fd);
        host_ = host;
        caller_ = caller;
    }
    buffer_.u8(octet(Record::call, static_cast<std::size_t>(call)));
    return &buffer_;
}

void Recorder::text(Encoder& to, Octets octets, const TextOf& of) const {
    const bool is_wanted = options_.text == KeepText::octets || of.keep == KeepText::octets ||
                           (of.peer && is_read_by_hosts(of.peer->port));
    const bool is_kept = is_wanted && octets.size() == of.length;
    to.u8(is_kept ? 1 : 0);
    if (is_kept) {
        to.octets(octets);
    } else {
        to.number(of.length);
    }
}

void Recorder::offered(std::uint64_t socket, Octets room) {
    offered_to_ = socket;
    offered_ = room;
}

Octets Recorder::written_into(std::uint64_t socket, std::size_t count) const {
    if (options_.text == KeepText::lengths || socket != offered_to_ || count > offered_.size())
        return {};
    return offered_.first(count);
}

namespace {

// What the first octet of a wish says.
constexpr std::uint8_t has_source = 1;
constexpr std::uint8_t has_segment = 2;

}  // namespace

void encode(const sock::SendAs& as, Encoder& to) {
    const auto put = [&to](const auto& value) {
        to.u8(value ? 1 : 0);
        if (value) to.number(*value);
    };
    to.u8((as.source ? has_source : 0) | (as.segment ? has_segment : 0));
    if (as.source) to.endpoint({*as.source, Port::any()});
    if (as.segment) to.number(*as.segment);
    put(as.link);
    put(as.ttl);
    put(as.tos);
}

sock::SendAs decode_send_as(Decoder& from) {
    sock::SendAs as;
    const auto given = from.below(4);
    if ((given & has_source) != 0) as.source = from.endpoint().addr;
    if ((given & has_segment) != 0) as.segment = static_cast<std::uint16_t>(from.below(1U << 16));
    if (from.below(2) == 1) as.link = static_cast<std::uint32_t>(from.below(1ULL << 32));
    if (from.below(2) == 1) as.ttl = static_cast<std::uint8_t>(from.below(256));
    if (from.below(2) == 1) as.tos = static_cast<std::uint8_t>(from.below(256));
    return as;
}

}  // namespace dt::world

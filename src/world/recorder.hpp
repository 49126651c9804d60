// The recording of a world: its specification, then every input in order, then what it led to in
// short. Format 3, little-endian, integers of seven bits an octet (codec).
//
//     header   "DTRECORD", format, build id, specification, first instant, wall clock, hash of
//     these body     records, one octet each that says what follows
//
// Text of programs is kept as lengths only (replay feeds generated octets), unless asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/event.hpp"
#include "link/pcapng.hpp"
#include "sock/sockets.hpp"
#include "world/codec.hpp"
#include "world/digest.hpp"
#include "world/spec.hpp"

namespace dt::world {

inline constexpr std::string_view recording_magic = "DTRECORD";

/// Records of a body. A mark of an event is `event` plus its kind.
enum class Record : std::uint8_t {
    time = 1,        ///< signed nanoseconds since the last one
    turn = 2,        ///< the world runs
    caller = 3,      ///< host, pid and descriptor of the calls that follow
    note = 4,        ///< name and text, for viewers
    descriptor = 5,  ///< a socket became a descriptor: host, socket, pid, descriptor
    full = 6,        ///< the limit: nothing was recorded from here on
    end = 7,         ///< the run ended here
    frame = 8,       ///< one came from outside
    restart = 9,     ///< a host went down and is up again: host
    leave = 10,      ///< the hosts gave back what they lease
    call = 0x20,     ///< plus a RecordedCall
    event = 0x60     ///< plus a kind: EventMark
};

/// Calls that a recording holds, in the words of stack::Calls.
enum class RecordedCall : std::uint8_t {
    socket,
    bind,
    listen,
    connect,
    disconnect,
    accept,
    shutdown,
    close,
    writable,
    commit,
    readable,
    consume,
    send,
    receive,
    send_to,
    receive_from,
    local_name,
    peer_name,
    get_option,
    set_option,
    peek,
    refused,
    connect_waits,  ///< by a program that waits for the handshake
    connect_still,  ///< what that program is given in the end
    send_more,      ///< text with MSG_MORE
    take_notice,
    send_urgent,  ///< text with MSG_OOB
    send_to_as,   ///< a datagram with control messages
    zone,         ///< the link that the next call names beside its address
};
inline constexpr std::uint8_t recorded_calls = 29;

/// What a recorded datagram asked for itself.
void encode(const sock::SendAs& as, Encoder& to);
[[nodiscard]] sock::SendAs decode_send_as(Decoder& from);

enum class KeepText : std::uint8_t { lengths, octets };

struct RecorderOptions {
    std::string build;  ///< of the program that records: another one may differ in its replay
    std::uint64_t limit = 64ULL << 20;  ///< octets
    KeepText text = KeepText::lengths;
    /// What the wall clock (nanoseconds since 1970, UTC) is ahead of the world's; nothing = not
    /// known.
    std::optional<Duration> wall_offset = {};
};

class Recorder {
  public:
    using OctetSink = link::OctetSink;

    Recorder(OctetSink& sink, RecorderOptions options);

    /// Begins the header, which ends with the instant of the first record. World::record_to()
    /// calls it.
    void begin(const Spec& spec);
    /// Something viewers want to know: `host.1.program` = `curl`. May be said at any time.
    void note(std::string_view name, std::string_view text);
    /// The same from within a call or a turn: it is written before the next input.
    void note_soon(std::string_view name, std::string_view text);
    /// The run ended at `now`: the recording is whole.
    void end(Instant now);
    /// Hands all octets over to the sink; done by itself now and then, and at the end.
    void flush();

    /// Since when nothing is recorded any more: the limit was reached.
    [[nodiscard]] std::optional<Instant> stopped_at() const { return stopped_at_; }
    [[nodiscard]] std::uint64_t size() const { return written_ + buffer_.size(); }

    // For World and its Calls only, in the order in which things happen.
    void turn(Instant now);
    void restart(Instant now, HostIndex host);
    void leave(Instant now);
    void descriptor(Instant now, HostIndex host, event::SocketNumber socket, event::Caller caller);
    void event(const event::Event& event);
    /// A frame from outside; of text its length, unless octets are asked for.
    void frame(Instant now, const buf::Frame& frame);
    /// Begins a call; its arguments are added to the result, then end_call().
    [[nodiscard]] Encoder* call(Instant now, HostIndex host, event::Caller caller,
                                RecordedCall call);
    void end_call() { settle(); }
    /// What is known of a text: its octets, its receiver, and whether it is kept in any case.
    struct TextOf {
        std::size_t length = 0;
        std::optional<Endpoint> peer = {};
        KeepText keep = KeepText::lengths;
    };
    /// Adds a text: itself where it is kept and known, else its length.
    void text(Encoder& to, Octets octets, const TextOf& of) const;
    /// The room a program was offered to write into, and what it wrote there; empty if not kept.
    void offered(std::uint64_t socket, Octets room);
    [[nodiscard]] Octets written_into(std::uint64_t socket, std::size_t count) const;

  private:
    [[nodiscard]] bool is_recording() const { return has_begun_ && !stopped_at_; }
    void end_header(Instant now);
    void write_notes();
    void time(Instant now);
    void settle();

    OctetSink& sink_;
    RecorderOptions options_;
    Encoder buffer_;
    std::uint64_t written_ = 0;
    Instant flushed_at_{};
    bool has_begun_ = false;
    bool has_header_ = false;  // its end is written
    Instant now_{};
    std::optional<Instant> stopped_at_;
    HostIndex host_ = event::link_host;
    event::Caller caller_;
    std::vector<std::pair<std::string, std::string>> soon_;
    std::uint64_t offered_to_ = 0;
    Octets offered_;
};

/// The hash that ends a header.
[[nodiscard]] std::uint64_t header_hash(Octets header);

}  // namespace dt::world

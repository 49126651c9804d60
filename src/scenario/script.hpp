// What a scenario says, as values: a title, what is set up, and one ladder of rungs. The notation
// is packetdrill's, the form is a ladder (docs/howto/scenario.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "event/config.hpp"
#include "event/reason.hpp"
#include "event/state.hpp"
#include "wire/address.hpp"
#include "wire/tcp.hpp"

namespace dt::scenario {

/// Where in a file, both counted from 1; columns are octets.
struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// What is wrong with a script, or with what was seen.
struct Problem {
    Place place;
    std::string message;
};

/// A number that is written relative (`17`), as on the wire (`#17`), or left open (`*`).
struct Number {
    enum class Kind : std::uint8_t { relative, absolute, any } kind = Kind::relative;
    std::int64_t value = 0;
};

/// One end as a packet writes it: `40000`, `10.0.0.9:40000`, `10.0.0.9`. What is absent is the
/// end of the flow the script is about.
struct End {
    std::optional<IpAddr> address;
    std::optional<Port> port;
};

/// One TCP option: `mss 1460`, `nop`, `sack 1:101 201:301`, `kind 200 a1b2`, `raw 0200`.
struct Option {
    std::uint8_t kind = 0;
    std::vector<Number> numbers;
    std::vector<std::uint8_t> octets;  // of an option that is not known by name
    enum class Form : std::uint8_t { typed, plain, raw } form = Form::typed;
};

/// Fields of the IP header, where written.
struct IpText {
    std::optional<std::uint8_t> ttl;
    std::optional<std::uint8_t> tos;
    std::optional<bool> dont_fragment;
};

struct TcpText {
    TcpFlags flags;
    Number first;
    Number last;
    std::uint32_t length = 0;
    std::optional<Number> ack;
    std::optional<std::uint16_t> window;  // as on the wire
    std::optional<std::uint16_t> urgent;
    std::optional<std::vector<Option>> options;
    enum class Sum : std::uint8_t { right, wrong } checksum = Sum::right;
};
struct UdpText {
    std::uint32_t length = 0;
    enum class Sum : std::uint8_t { right, wrong, none } checksum = Sum::right;
};
struct IcmpText {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::optional<std::uint16_t> mtu;
    std::optional<std::uint16_t> id;
    std::optional<std::uint16_t> sequence;
    std::optional<std::uint32_t> length;         // octets behind the header of an echo
    std::optional<Number> quoted_seq;            // another number than the quoted segment's
    std::optional<std::uint32_t> quoted_octets;  // behind the quoted IP header; all if absent
};

/// A packet between the lifelines.
struct Packet {
    Place place;
    End source;
    End destination;
    IpText ip;
    std::variant<TcpText, UdpText, IcmpText> body;
};

/// The stack is expected to send it.
struct Expect {
    Packet packet;
};
/// The peer sends it. `batch` = it arrives together with the next one.
struct Inject {
    Packet packet;
    enum class Turn : std::uint8_t { own, batch } turn = Turn::own;
};

enum class Verb : std::uint8_t {
    socket,
    bind,
    listen,
    connect,
    disconnect,
    accept,
    read,
    peek,
    write,
    sendto,
    recvfrom,
    shutdown,
    close,
    setsockopt,
    getsockopt,
    getsockname,
    getpeername,
    poll,
    unread,
    unsent,
};

/// A call of the program: `a.write 100 = EPIPE`.
struct Call {
    Place place;
    Verb verb = Verb::socket;
    std::string socket;  // its name in the script; empty = the one used last
    std::vector<std::string> arguments;
    std::optional<std::string> expected;  // absent: that it succeeds
};

/// Virtual time passes: `+60s ~1s`.
struct Sleep {
    Place place;
    Duration by{};
    Duration tolerance{};
};

/// `ESTABLISHED`: of the connection the rung is about.
struct StateCheck {
    event::State state = event::State::closed;
};
/// `queues 1 0/5`: half-open, waiting for accept(), limit.
struct QueuesCheck {
    std::uint32_t syn = 0;
    std::uint32_t accept = 0;
    std::uint32_t limit = 0;
};
/// `counter listen_overflows 1`, `cwnd 10`, `rto 200`: a number of the snapshot by its name.
struct NumberCheck {
    std::string name;
    std::uint64_t value = 0;
};
/// `count TIME-WAIT 3`: records in a state.
struct CountCheck {
    event::State state = event::State::closed;
    std::uint64_t value = 0;
};
/// `reason accept_queue_full`: an event of this rung or since the last packet, call or sleep.
struct ReasonCheck {
    event::Reason reason = event::Reason::none;
};
/// `no packet`.
struct SilenceCheck {};

struct Check {
    Place place;
    std::variant<StateCheck, QueuesCheck, NumberCheck, CountCheck, ReasonCheck, SilenceCheck> what;
};

/// One line of the ladder.
struct Rung {
    std::uint32_t line = 0;
    std::variant<std::monostate, Call, Sleep> left;
    std::variant<std::monostate, Expect, Inject> middle;
    std::vector<Check> right;
};

/// What is set before the first rung: `set syn_retries 2`, `set mtu 576`.
struct Settings {
    Config config;
    std::uint64_t seed = 1;
    std::uint32_t peer_iss = 1'000'000'000;
    std::uint16_t mtu = 1500;
};

struct Script {
    std::string title;
    std::vector<std::string> lines;  // of the file, for the report
    Settings settings;
    Place given_place;
    std::string given;  // `ESTABLISHED`: a fixture that runs first
    std::vector<Rung> rungs;
};

}  // namespace dt::scenario

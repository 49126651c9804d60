// The program of a scenario: its calls, made on the stack and compared with what is expected.
#include "scenario/program.hpp"

#include <algorithm>
#include <array>

#include "scenario/option_value.hpp"
#include "scenario/words.hpp"

namespace dt::scenario {

/// What a call gave: a text to compare, or why it could not be made at all.
struct Program::Outcome {
    std::string text;
    bool success = true;
    std::string wrong;  // the call makes no sense, or data differ

    static Outcome ok(std::string text = "ok") { return {std::move(text), true, {}}; }
    static Outcome error(Error error) { return {errno_name(error), false, {}}; }
    static Outcome nonsense(std::string why) { return {{}, false, std::move(why)}; }
    static Outcome of(const Status& status) { return status ? ok() : error(status.error()); }
};

namespace {

constexpr std::size_t read_max = 1 << 20;

std::optional<Endpoint> endpoint_of(std::string_view text, IpAddr default_address) {
    if (const auto port = number_in<std::uint16_t>(text, 0, 65535)) {
        return Endpoint{default_address, Port{*port}};
    }
    if (text.starts_with("any:")) text = std::string_view(text.data() + 3, text.size() - 3);
    if (text.starts_with(':')) {
        const auto port = number_in<std::uint16_t>(text.substr(1), 0, 65535);
        if (!port) return std::nullopt;
        return Endpoint{IpAddr::any_v4(), Port{*port}};
    }
    const auto parsed = Endpoint::parse(text);
    return parsed ? std::optional(*parsed) : std::nullopt;
}

std::string mask_text(sock::PollMask mask) {
    using Mask = sock::PollMask;
    constexpr std::array<std::pair<std::uint16_t, std::string_view>, 6> names{
        {{Mask::in, "IN"},
         {Mask::pri, "PRI"},
         {Mask::out, "OUT"},
         {Mask::err, "ERR"},
         {Mask::hup, "HUP"},
         {Mask::rdhup, "RDHUP"}}};
    std::string text;
    for (const auto& [bit, name] : names) {
        if (mask.has(bit)) text += (text.empty() ? "" : ",") + std::string(name);
    }
    return text.empty() ? "none" : text;
}

/// Names in any order.
std::vector<std::string> sorted_names(std::string_view list) {
    std::vector<std::string> names;
    for (const Piece& piece : parts_of({list, {}}, ',')) names.emplace_back(piece.text);
    std::ranges::sort(names);
    return names;
}

std::size_t count_argument(const Call& call, std::size_t otherwise) {
    if (call.arguments.empty()) return otherwise;
    return number_in<std::size_t>(call.arguments[0], 0, read_max).value_or(otherwise);
}

/// The first octet that is not the pattern's; nothing if all are.
std::optional<std::int64_t> first_wrong(Octets octets, std::int64_t at) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const auto number = at + static_cast<std::int64_t>(i);
        if (octets[i] != pattern(number)) return number;
    }
    return std::nullopt;
}

std::vector<std::byte> pattern_from(std::int64_t at, std::size_t count) {
    std::vector<std::byte> octets(count);
    for (std::size_t i = 0; i < count; ++i) octets[i] = pattern(at + static_cast<std::int64_t>(i));
    return octets;
}

bool answers(const Call& call, const std::string& text, bool success) {
    if (!call.expected) return success || (call.verb == Verb::connect && text == "EINPROGRESS");
    if (*call.expected == "ok") return success;
    if (call.verb == Verb::poll) return sorted_names(*call.expected) == sorted_names(text);
    return *call.expected == text;
}

std::optional<sock::How> how_of(std::string_view word) {
    if (word == "rd") return sock::How::read;
    if (word == "wr") return sock::How::write;
    if (word == "rdwr") return sock::How::both;
    return std::nullopt;
}

}  // namespace

const NamedSocket* Program::current() const {
    const auto found = sockets_.find(current_);
    return found == sockets_.end() ? nullptr : &found->second;
}

NamedSocket* Program::find(const std::string& name) {
    const std::string& known = name == "listener" ? listener_ : name;
    const auto found = sockets_.find(name.empty() ? current_ : known);
    if (found == sockets_.end()) return nullptr;
    current_ = found->first;
    if (found->second.tuple) main_ = *found->second.tuple;
    return &found->second;
}

NamedSocket& Program::add(const std::string& wanted, sock::SocketId id) {
    current_ = wanted.empty() ? "#" + std::to_string(++unnamed_) : wanted;
    return sockets_[current_] = NamedSocket{.id = id, .tuple = {}, .read_at = {}};
}

Answer Program::perform(const Call& call) {
    Outcome outcome;
    if (call.verb == Verb::socket) {
        outcome = open(call);
    } else if (call.verb == Verb::accept) {
        outcome = accept(call);
    } else if (NamedSocket* socket = find(call.socket)) {
        outcome = dispatch(call, *socket);
    } else {
        outcome = Outcome::nonsense("there is no socket '" + call.socket + "'");
    }
    if (!outcome.wrong.empty()) return {false, outcome.wrong};
    return {answers(call, outcome.text, outcome.success), outcome.text};
}

Program::Outcome Program::dispatch(const Call& call, NamedSocket& socket) {
    switch (call.verb) {
        case Verb::bind: return bind(call, socket);
        case Verb::listen: return listen(call, socket);
        case Verb::connect: return connect(call, socket);
        case Verb::disconnect: return Outcome::of(subject_.calls().disconnect(socket.id));
        case Verb::shutdown: return shutdown(call, socket);
        case Verb::close:
            return Outcome::of(subject_.calls().close(
                socket.id, call.arguments.empty() ? sock::Unread::none : sock::Unread::some));
        case Verb::read:
        case Verb::peek:
        case Verb::write:
        case Verb::recvfrom:
        case Verb::sendto: return data_call(call, socket);
        case Verb::setsockopt:
        case Verb::getsockopt:
        case Verb::getsockname:
        case Verb::getpeername:
        case Verb::poll:
        case Verb::unread:
        case Verb::unsent: return question(call, socket);
        case Verb::socket:
        case Verb::accept: break;
    }
    return Outcome::nonsense("not a call on a socket");
}

Program::Outcome Program::data_call(const Call& call, NamedSocket& socket) {
    if (call.verb == Verb::write) return write(call, socket);
    if (call.verb == Verb::sendto) return send_to(call, socket);
    if (call.verb == Verb::recvfrom) return receive_from(call, socket);
    return read(call, socket);
}

Program::Outcome Program::question(const Call& call, NamedSocket& socket) {
    stack::Calls calls = subject_.calls();
    if (call.verb == Verb::poll) return Outcome::ok(mask_text(calls.poll(socket.id)));
    if (call.verb == Verb::unread) return Outcome::ok(std::to_string(calls.unread(socket.id)));
    if (call.verb == Verb::unsent) return Outcome::ok(std::to_string(calls.unsent(socket.id)));
    if (call.verb == Verb::getsockname) return name_of(call, calls.local_name(socket.id));
    if (call.verb == Verb::getpeername) return name_of(call, calls.peer_name(socket.id));
    const bool sets = call.verb == Verb::setsockopt;
    const auto text = sets ? set_option(calls, socket.id, call.arguments[0], call.arguments[1])
                           : get_option(calls, socket.id, call.arguments[0]);
    if (!text) return Outcome::nonsense("no option is called " + call.arguments[0]);
    return {*text, !text->starts_with('E'), {}};
}

Program::Outcome Program::name_of(const Call& call, Result<Endpoint> name) {
    if (!name) return Outcome::error(name.error());
    const auto wanted = endpoint_of(call.expected.value_or(""), subject_address);
    if (wanted && *wanted == *name) return Outcome::ok(*call.expected);
    return Outcome::ok(wire::to_string(*name));
}

Program::Outcome Program::open(const Call& call) {
    const std::string kind = call.arguments.empty() ? "tcp" : call.arguments[0];
    const auto type = kind.starts_with("udp") ? sock::Type::datagram : sock::Type::stream;
    const auto family = kind.ends_with('6') ? sock::Family::inet6 : sock::Family::inet;
    const auto made = subject_.calls().socket(family, type);
    if (!made) return Outcome::error(made.error());
    add(call.socket, *made).is_datagram = type == sock::Type::datagram;
    return Outcome::ok();
}

Program::Outcome Program::accept(const Call& call) {
    NamedSocket* listener = find(call.arguments.empty() ? listener_ : call.arguments[0]);
    if (listener == nullptr) return Outcome::nonsense("no socket listens");
    const auto accepted = subject_.calls().accept(listener->id);
    if (!accepted) return Outcome::error(accepted.error());
    NamedSocket& socket = add(call.socket, accepted->socket);
    const auto local = subject_.calls().local_name(accepted->socket);
    if (local) {
        socket.tuple = FourTuple{*local, accepted->peer};
        main_ = *socket.tuple;
    }
    return Outcome::ok(":" + std::to_string(accepted->peer.port.value()));
}

Program::Outcome Program::bind(const Call& call, NamedSocket& socket) {
    const auto address = endpoint_of(call.arguments[0], IpAddr::any_v4());
    if (!address) return Outcome::nonsense("not an address: " + call.arguments[0]);
    const Status status = subject_.calls().bind(socket.id, *address);
    const auto local = subject_.calls().local_name(socket.id);
    if (status && local) main_.local.port = local->port;
    return Outcome::of(status);
}

Program::Outcome Program::listen(const Call& call, NamedSocket& socket) {
    const auto backlog = number_in<int>(call.arguments[0], -1, 1'000'000);
    if (!backlog) return Outcome::nonsense("not a backlog: " + call.arguments[0]);
    const Status status = subject_.calls().listen(socket.id, *backlog);
    if (!status) return Outcome::error(status.error());
    listener_ = current_;
    if (const auto local = subject_.calls().local_name(socket.id)) main_.local.port = local->port;
    return Outcome::ok();
}

Program::Outcome Program::connect(const Call& call, NamedSocket& socket) {
    const auto remote =
        endpoint_of(call.arguments.empty() ? "80" : call.arguments[0], peer_address);
    if (!remote) return Outcome::nonsense("not an address: " + call.arguments[0]);
    const Status status = subject_.calls().connect(socket.id, *remote);
    const auto local = subject_.calls().local_name(socket.id);
    if (local && (status || status.error() == Error::in_progress)) {
        socket.tuple = FourTuple{*local, *remote};
        main_ = *socket.tuple;
    }
    return Outcome::of(status);
}

Program::Outcome Program::shutdown(const Call& call, NamedSocket& socket) {
    const auto how = how_of(call.arguments[0]);
    if (!how) return Outcome::nonsense("rd, wr or rdwr");
    return Outcome::of(subject_.calls().shutdown(socket.id, *how));
}

Program::Outcome Program::read(const Call& call, NamedSocket& socket) {
    std::vector<std::byte> octets(count_argument(call, 1 << 16));
    const bool peeks = call.verb == Verb::peek;
    const auto got = peeks ? subject_.calls().peek(socket.id, octets)
                           : subject_.calls().receive(socket.id, octets);
    if (!got) return Outcome::error(got.error());
    if (socket.tuple) {
        if (!socket.read_at) socket.read_at = flows_.of(*socket.tuple).peer_start + 1;
        if (const auto wrong = first_wrong(Octets(octets).first(*got), *socket.read_at)) {
            return Outcome::nonsense("octet " + std::to_string(*wrong) +
                                     " is not what the peer sent");
        }
        if (!peeks) *socket.read_at += static_cast<std::int64_t>(*got);
    }
    return Outcome::ok(std::to_string(*got));
}

Program::Outcome Program::write(const Call& call, NamedSocket& socket) {
    const auto octets = pattern_from(socket.write_at, count_argument(call, 1));
    const auto sent = subject_.calls().send(socket.id, octets);
    if (!sent) return Outcome::error(sent.error());
    socket.write_at += static_cast<std::int64_t>(*sent);
    return {std::to_string(*sent), *sent == octets.size(), {}};
}

Program::Outcome Program::receive_from(const Call& call, NamedSocket& socket) {
    std::vector<std::byte> octets(count_argument(call, 1 << 16));
    const auto got = subject_.calls().receive_from(socket.id, octets);
    if (!got) return Outcome::error(got.error());
    if (const auto wrong = first_wrong(Octets(octets).first(got->copied), 0)) {
        return Outcome::nonsense("octet " + std::to_string(*wrong) + " is not what the peer sent");
    }
    return Outcome::ok(std::to_string(got->copied));
}

Program::Outcome Program::send_to(const Call& call, NamedSocket& socket) {
    std::optional<Endpoint> to;
    if (call.arguments.size() > 1) {
        to = endpoint_of(call.arguments[1], peer_address);
        if (!to) return Outcome::nonsense("not an address: " + call.arguments[1]);
        main_.remote = *to;
    }
    const auto octets = pattern_from(0, count_argument(call, 1));
    const auto sent = subject_.calls().send_to(socket.id, octets, to);
    if (!sent) return Outcome::error(sent.error());
    if (const auto local = subject_.calls().local_name(socket.id)) main_.local.port = local->port;
    return {std::to_string(*sent), *sent == octets.size(), {}};
}

}  // namespace dt::scenario

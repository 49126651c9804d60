// Each call is recorded before it is made, so that what it leads to stands behind it.
#include "world/calls.hpp"

#include "sock/zone.hpp"

namespace dt::world {

template <class Arguments>
void Calls::record(RecordedCall call, sock::SocketId id, Arguments arguments) {
    if (recorder_ == nullptr) return;
    Encoder* const to = recorder_->call(now_, host_, caller_, call);
    if (to == nullptr) return;
    to->number(id.handle.word());
    arguments(*to);
    recorder_->end_call();
}

void Calls::record(RecordedCall call, sock::SocketId id) {
    record(call, id, [](Encoder&) {});
}

void Calls::record_zone(sock::SocketId id, const sock::ZonedEndpoint& named) {
    if (!named.zone || !sock::needs_zone(named.endpoint.addr)) return;
    record(RecordedCall::zone, id, [&](Encoder& to) { to.number(*named.zone); });
}

KeepText Calls::kept_of(sock::SocketId id) const {
    return stack_.sends_messages(id) ? KeepText::octets : KeepText::lengths;
}

Result<sock::SocketId> Calls::socket(sock::Family family, sock::Type type, int protocol) {
    record(RecordedCall::socket, {}, [&](Encoder& to) {
        to.u8(static_cast<std::uint8_t>(family));
        to.u8(static_cast<std::uint8_t>(type));
        to.signed_number(protocol);
    });
    return stack_.socket(family, type, protocol);
}

Status Calls::bind(sock::SocketId id, const sock::ZonedEndpoint& local) {
    record_zone(id, local);
    record(RecordedCall::bind, id, [&](Encoder& to) { to.endpoint(local.endpoint); });
    return stack_.bind(id, local);
}

Status Calls::listen(sock::SocketId id, int backlog) {
    record(RecordedCall::listen, id, [&](Encoder& to) { to.signed_number(backlog); });
    return stack_.listen(id, backlog);
}

namespace {

RecordedCall recorded(sock::Asking asking) {
    switch (asking) {
        case sock::Asking::once: return RecordedCall::connect;
        case sock::Asking::waits: return RecordedCall::connect_waits;
        case sock::Asking::still: return RecordedCall::connect_still;
    }
    return RecordedCall::connect;
}

}  // namespace

Status Calls::connect(sock::SocketId id, const sock::ZonedEndpoint& peer, sock::Asking asking) {
    record_zone(id, peer);
    record(recorded(asking), id, [&](Encoder& to) { to.endpoint(peer.endpoint); });
    return stack_.connect(id, peer, asking);
}

Status Calls::disconnect(sock::SocketId id) {
    record(RecordedCall::disconnect, id);
    return stack_.disconnect(id);
}

Result<sock::Accepted> Calls::accept(sock::SocketId id) {
    record(RecordedCall::accept, id);
    return stack_.accept(id);
}

Status Calls::shutdown(sock::SocketId id, sock::How how) {
    record(RecordedCall::shutdown, id, [&](Encoder& to) { to.u8(static_cast<std::uint8_t>(how)); });
    return stack_.shutdown(id, how);
}

Status Calls::close(sock::SocketId id, sock::Unread unread) {
    record(RecordedCall::close, id, [&](Encoder& to) { to.u8(static_cast<std::uint8_t>(unread)); });
    return stack_.close(id, unread);
}

Result<MutableOctets> Calls::writable(sock::SocketId id, std::size_t wanted) {
    record(RecordedCall::writable, id, [&](Encoder& to) { to.number(wanted); });
    const auto room = stack_.writable(id, wanted);
    if (recorder_ != nullptr && room) recorder_->offered(id.handle.word(), *room);
    return room;
}

Status Calls::commit(sock::SocketId id, std::size_t count) {
    record(RecordedCall::commit, id, [&](Encoder& to) {
        recorder_->text(to, recorder_->written_into(id.handle.word(), count), {count, {}, {}});
    });
    return stack_.commit(id, count);
}

Result<Octets> Calls::readable(sock::SocketId id) {
    // With octets to read it changes nothing; EOF and errors are told to the program once.
    if (stack_.unread(id) == 0) record(RecordedCall::readable, id);
    return stack_.readable(id);
}

Status Calls::consume(sock::SocketId id, std::size_t count) {
    record(RecordedCall::consume, id, [&](Encoder& to) { to.number(count); });
    return stack_.consume(id, count);
}

Result<std::size_t> Calls::send(sock::SocketId id, Octets text, tcp::WriteMark::More more) {
    const bool is_more = more == tcp::WriteMark::More::yes;
    record(is_more ? RecordedCall::send_more : RecordedCall::send, id, [&](Encoder& to) {
        recorder_->text(to, text, {text.size(), {}, kept_of(id)});
    });
    return stack_.send(id, text, {.more = more});
}

Result<std::size_t> Calls::send_urgent(sock::SocketId id, Octets text) {
    record(RecordedCall::send_urgent, id, [&](Encoder& to) {
        recorder_->text(to, text, {text.size(), {}, kept_of(id)});
    });
    return stack_.send(id, text, {.urgent = tcp::WriteMark::Urgent::last});
}

Result<std::size_t> Calls::receive(sock::SocketId id, MutableOctets to) {
    record(RecordedCall::receive, id, [&](Encoder& record) { record.number(to.size()); });
    return stack_.receive(id, to);
}

Result<std::size_t> Calls::peek(sock::SocketId id, MutableOctets to) {
    record(RecordedCall::peek, id, [&](Encoder& record) { record.number(to.size()); });
    return stack_.peek(id, to);
}

Result<std::size_t> Calls::send_to(sock::SocketId id, Octets text, std::optional<Endpoint> to,
                                   const sock::SendAs& as) {
    if (to) record_zone(id, {*to, as.zone});
    const auto call = as.is_plain() ? RecordedCall::send_to : RecordedCall::send_to_as;
    record(call, id, [&](Encoder& record) {
        record.u8(to ? 1 : 0);
        if (to) record.endpoint(*to);
        if (!as.is_plain()) encode(as, record);
        recorder_->text(record, text, {text.size(), to, kept_of(id)});
    });
    return stack_.send_to(id, text, to, as);
}

Result<sock::Received> Calls::receive_from(sock::SocketId id, MutableOctets to) {
    record(RecordedCall::receive_from, id, [&](Encoder& record) { record.number(to.size()); });
    return stack_.receive_from(id, to);
}

std::optional<udp::Notice> Calls::take_notice(sock::SocketId id) {
    record(RecordedCall::take_notice, id);
    return stack_.take_notice(id);
}

Result<Endpoint> Calls::local_name(sock::SocketId id) {
    record(RecordedCall::local_name, id);
    return stack_.local_name(id);
}

Result<Endpoint> Calls::peer_name(sock::SocketId id) {
    record(RecordedCall::peer_name, id);
    return stack_.peer_name(id);
}

Result<std::size_t> Calls::get_option(sock::SocketId id, int level, int name, MutableOctets value) {
    record(RecordedCall::get_option, id, [&](Encoder& to) {
        to.signed_number(level);
        to.signed_number(name);
        to.number(value.size());
    });
    return stack_.get_option(id, level, name, value);
}

Status Calls::set_option(sock::SocketId id, int level, int name, Octets value) {
    record(RecordedCall::set_option, id, [&](Encoder& to) {
        to.signed_number(level);
        to.signed_number(name);
        to.octets(value);
    });
    return stack_.set_option(id, level, name, value);
}

void Calls::refused(event::Call call, sock::SocketId id, Error error, event::Reason reason) {
    record(RecordedCall::refused, id, [&](Encoder& to) {
        to.u8(static_cast<std::uint8_t>(call));
        to.u8(static_cast<std::uint8_t>(error));
        to.number(static_cast<std::uint64_t>(reason));
    });
    stack_.refused(call, id, error, reason);
}

}  // namespace dt::world

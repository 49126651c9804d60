// Calls: the socket calls of one caller at one instant, forwarded.
#include "stack/stack.hpp"

namespace dt::stack {

using sock::SocketId;

Calls::Calls(sock::Sockets& sockets, Turn turn, event::Caller caller)
    : sockets_(sockets), turn_(turn), caller_(caller) {}

Result<SocketId> Calls::socket(sock::Family family, sock::Type type, int protocol) {
    return sockets_.socket(turn_, caller_, family, type, protocol);
}
Status Calls::bind(SocketId id, const sock::ZonedEndpoint& address) {
    return sockets_.bind(turn_, caller_, id, address);
}
Status Calls::listen(SocketId id, int backlog) {
    return sockets_.listen(turn_, caller_, id, backlog);
}
Status Calls::connect(SocketId id, const sock::ZonedEndpoint& remote, sock::Asking asking) {
    return sockets_.connect(turn_, caller_, id, remote, asking);
}
Status Calls::disconnect(SocketId id) { return sockets_.disconnect(turn_, caller_, id); }
Result<sock::Accepted> Calls::accept(SocketId id) { return sockets_.accept(turn_, caller_, id); }
Status Calls::shutdown(SocketId id, sock::How how) {
    return sockets_.shutdown(turn_, caller_, id, how);
}
Status Calls::close(SocketId id, sock::Unread unread) {
    return sockets_.close(turn_, caller_, id, unread);
}
Result<MutableOctets> Calls::writable(SocketId id, std::size_t wanted) {
    return sockets_.writable(turn_, id, wanted);
}
Status Calls::commit(SocketId id, std::size_t count) {
    return sockets_.commit(turn_, caller_, id, count);
}
Result<Octets> Calls::readable(SocketId id) { return sockets_.readable(turn_, id); }
Status Calls::consume(SocketId id, std::size_t count) {
    return sockets_.consume(turn_, caller_, id, count);
}
Result<std::size_t> Calls::send(SocketId id, Octets from, tcp::WriteMark mark) {
    return sockets_.send(turn_, caller_, id, from, mark);
}
Result<std::size_t> Calls::send_opening(SocketId id, Endpoint remote, Octets from) {
    return sockets_.send_opening(turn_, caller_, id, remote, from);
}
Result<std::size_t> Calls::receive(SocketId id, MutableOctets to) {
    return sockets_.receive(turn_, caller_, id, to);
}
Result<std::optional<std::byte>> Calls::receive_urgent(SocketId id, tcp::Engine::Take take) {
    return sockets_.receive_urgent(turn_, caller_, id, take);
}
bool Calls::is_at_mark(SocketId id) const { return sockets_.is_at_mark(id); }
Result<std::size_t> Calls::peek(SocketId id, MutableOctets to) {
    return sockets_.peek(turn_, caller_, id, to);
}
Result<std::size_t> Calls::send_to(SocketId id, Octets from, std::optional<Endpoint> to,
                                   const sock::SendAs& as) {
    return sockets_.send_to(turn_, caller_, id, from, to, as);
}
Result<sock::Received> Calls::receive_from(SocketId id, MutableOctets to) {
    return sockets_.receive_from(turn_, caller_, id, to);
}
std::optional<udp::Notice> Calls::take_notice(SocketId id) { return sockets_.take_notice(id); }
bool Calls::sends_messages(SocketId id) const { return sockets_.sends_messages(id); }
Result<Endpoint> Calls::local_name(SocketId id) { return sockets_.local_name(turn_, caller_, id); }
Result<Endpoint> Calls::peer_name(SocketId id) { return sockets_.peer_name(turn_, caller_, id); }
Result<std::size_t> Calls::get_option(SocketId id, int level, int name, MutableOctets value) {
    return sockets_.get_option(turn_, caller_, id, level, name, value);
}
Status Calls::set_option(SocketId id, int level, int name, Octets value) {
    return sockets_.set_option(turn_, caller_, id, level, name, value);
}
sock::PollMask Calls::poll(SocketId id) const { return sockets_.poll(id); }
std::uint64_t Calls::unread(SocketId id) const { return sockets_.unread(id); }
std::uint64_t Calls::unsent(SocketId id) const { return sockets_.unsent(id); }
std::uint64_t Calls::not_sent(SocketId id) const { return sockets_.not_sent(id); }
Duration Calls::receive_timeout(SocketId id) const { return sockets_.receive_timeout(id); }
Duration Calls::send_timeout(SocketId id) const { return sockets_.send_timeout(id); }
sock::Family Calls::family(SocketId id) const { return sockets_.family(id); }
std::uint32_t Calls::device(SocketId id) const { return sockets_.device(id); }
std::optional<Duration> Calls::linger(SocketId id) const { return sockets_.linger(id); }
void Calls::refused(event::Call call, SocketId id, Error error, event::Reason reason) const {
    sockets_.refused(turn_, caller_, call, id, error, reason);
}

}  // namespace dt::stack

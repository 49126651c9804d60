// The calls of one program on one host of a world: those of stack::Calls, and recorded.
#pragma once

#include "stack/stack.hpp"
#include "world/recorder.hpp"

namespace dt::world {

/// The calls of one caller at one instant; a light value, not kept.
class Calls {
  public:
    Calls(stack::Calls stack, Recorder* recorder, Instant now, HostIndex host, event::Caller caller)
        : stack_(stack), recorder_(recorder), now_(now), host_(host), caller_(caller) {}

    Result<sock::SocketId> socket(sock::Family family, sock::Type type, int protocol = 0);
    Status bind(sock::SocketId id, const sock::ZonedEndpoint& local);
    Status listen(sock::SocketId id, int backlog);
    Status connect(sock::SocketId id, const sock::ZonedEndpoint& peer,
                   sock::Asking asking = sock::Asking::once);
    Status disconnect(sock::SocketId id);
    Result<sock::Accepted> accept(sock::SocketId id);
    Status shutdown(sock::SocketId id, sock::How how);
    Status close(sock::SocketId id, sock::Unread unread = sock::Unread::none);
    Result<MutableOctets> writable(sock::SocketId id, std::size_t wanted);
    /// With KeepText::octets the octets of the last writable() are kept.
    Status commit(sock::SocketId id, std::size_t count);
    Result<Octets> readable(sock::SocketId id);
    Status consume(sock::SocketId id, std::size_t count);
    Result<std::size_t> send(sock::SocketId id, Octets text,
                             tcp::WriteMark::More more = tcp::WriteMark::More::no);
    /// With MSG_OOB: the last octet is urgent.
    Result<std::size_t> send_urgent(sock::SocketId id, Octets text);
    Result<std::size_t> receive(sock::SocketId id, MutableOctets to);
    Result<std::size_t> peek(sock::SocketId id, MutableOctets to);
    Result<std::size_t> send_to(sock::SocketId id, Octets text, std::optional<Endpoint> to,
                                const sock::SendAs& as = {});
    Result<sock::Received> receive_from(sock::SocketId id, MutableOctets to);
    std::optional<udp::Notice> take_notice(sock::SocketId id);
    Result<Endpoint> local_name(sock::SocketId id);
    Result<Endpoint> peer_name(sock::SocketId id);
    Result<std::size_t> get_option(sock::SocketId id, int level, int name, MutableOctets value);
    Status set_option(sock::SocketId id, int level, int name, Octets value);
    /// A call that was refused before it came here: told as event.
    void refused(event::Call call, sock::SocketId id, Error error, event::Reason reason);

    // Questions change nothing and are not recorded.
    [[nodiscard]] sock::PollMask poll(sock::SocketId id) const { return stack_.poll(id); }
    [[nodiscard]] std::uint64_t unread(sock::SocketId id) const { return stack_.unread(id); }
    [[nodiscard]] std::uint64_t unsent(sock::SocketId id) const { return stack_.unsent(id); }
    [[nodiscard]] std::uint64_t not_sent(sock::SocketId id) const { return stack_.not_sent(id); }
    [[nodiscard]] bool is_at_mark(sock::SocketId id) const { return stack_.is_at_mark(id); }
    [[nodiscard]] Duration receive_timeout(sock::SocketId id) const {
        return stack_.receive_timeout(id);
    }
    [[nodiscard]] Duration send_timeout(sock::SocketId id) const { return stack_.send_timeout(id); }
    [[nodiscard]] std::uint32_t device(sock::SocketId id) const { return stack_.device(id); }
    [[nodiscard]] std::optional<Duration> linger(sock::SocketId id) const {
        return stack_.linger(id);
    }

  private:
    /// Records the call and its socket; `arguments` adds the rest.
    template <class Arguments>
    void record(RecordedCall call, sock::SocketId id, Arguments arguments);
    void record(RecordedCall call, sock::SocketId id);
    /// What the next call says beside its address, where it says something.
    void record_zone(sock::SocketId id, const sock::ZonedEndpoint& named);
    /// A message of ICMP is kept whole: its octets say what it is.
    [[nodiscard]] KeepText kept_of(sock::SocketId id) const;

    stack::Calls stack_;
    Recorder* recorder_;
    Instant now_;
    HostIndex host_;
    event::Caller caller_;
};

}  // namespace dt::world

// The sockets of one stack and the calls on them. Each call answers at once with what Linux was
// seen to answer (spec 6.0 to 6.6); sock/sockets turns the answers into events.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ring.hpp"
#include "base/slot_map.hpp"
#include "core/core.hpp"
#include "event/sink.hpp"
#include "sock/answer.hpp"
#include "sock/readiness.hpp"
#include "sock/socket.hpp"
#include "sock/sockets.hpp"

namespace dt::sock {

static_assert(sizeof(Socket) <= 80, "what every idle socket costs");

class SocketTable {
  public:
    SocketTable(const Config& config, core::Core& core);

    // Names and life (control.cpp).
    Answer<SocketId> open(event::Caller caller, Family family, Type type, int protocol);
    Answer<void> bind(SocketId id, const ZonedEndpoint& named);
    Answer<void> shutdown(const Turn& turn, SocketId id, How how);
    Answer<void> close(const Turn& turn, SocketId id, Unread unread);
    [[nodiscard]] Answer<Endpoint> local_name(SocketId id) const;
    [[nodiscard]] Answer<Endpoint> peer_name(SocketId id) const;

    // Passive and active opening (listen.cpp, connect.cpp).
    Answer<void> listen(const Turn& turn, SocketId id, int backlog);
    Answer<Accepted> accept(const Turn& turn, event::Caller caller, SocketId id);
    Answer<void> connect(const Turn& turn, event::Caller caller, SocketId id,
                         const ZonedEndpoint& remote);
    Answer<void> disconnect(const Turn& turn, SocketId id);
    /// connect() and text in one (fast_open.cpp).
    Answer<std::size_t> send_opening(const Turn& turn, event::Caller caller, SocketId id,
                                     Endpoint remote, Octets from);

    // Streams (data.cpp). What was moved is told by an event from here.
    Answer<MutableOctets> writable(SocketId id, std::size_t wanted);
    Answer<void> commit(const Turn& turn, event::Caller caller, SocketId id, std::size_t count);
    Answer<Octets> readable(const Turn& turn, event::Caller caller, SocketId id);
    Answer<void> consume(const Turn& turn, event::Caller caller, SocketId id, std::size_t count);
    Answer<std::size_t> send(const Turn& turn, event::Caller caller, SocketId id, Octets from,
                             tcp::WriteMark mark = {});
    Answer<std::size_t> receive(const Turn& turn, event::Caller caller, SocketId id,
                                MutableOctets to);
    Answer<std::size_t> peek(SocketId id, MutableOctets to);
    Answer<std::optional<std::byte>> receive_urgent(const Turn& turn, event::Caller caller,
                                                    SocketId id, tcp::Engine::Take take);
    [[nodiscard]] bool is_at_mark(SocketId id) const;

    // Datagrams (datagram.cpp).
    struct Sending {
        Octets text;
        std::optional<Endpoint> to;
        SendAs as;
    };
    /// Octets of what is sent, of its parts (0: none), of the headers, and what the path takes.
    struct Length {
        std::size_t text;
        std::uint16_t segment;
        std::size_t headers;
        std::uint16_t mtu;
    };
    Answer<std::size_t> send_datagram(const Turn& turn, SocketId id, const Sending& sending);
    Answer<Received> receive_datagram(SocketId id, MutableOctets to);
    std::optional<udp::Notice> take_notice(SocketId id);
    /// The endpoint of a datagram socket learns its options.
    void apply_to_endpoint(const Socket& socket) const;

    // Options (options.cpp).
    Answer<std::size_t> get_option(const Turn& turn, SocketId id, int level, int name,
                                   MutableOctets value);
    Answer<void> set_option(const Turn& turn, SocketId id, int level, int name, Octets value);

    // Readiness (edges.cpp).
    [[nodiscard]] PollMask poll(SocketId id) const;
    [[nodiscard]] std::optional<ReadinessEdge> next_edge(const Turn& turn);
    [[nodiscard]] StreamFacts stream_facts(const Socket& socket) const;
    [[nodiscard]] DatagramFacts datagram_facts(const Socket& socket) const;
    /// Octets of the datagram that comes next, 0 where there is none.
    [[nodiscard]] std::uint64_t front_length(const Socket& socket) const;
    /// Clears and answers the pending error, with the reason it happened for.
    std::optional<Refused> take_error(Socket& socket);

    // For sock/options and sock/snapshot.
    [[nodiscard]] Socket* find(SocketId id) { return sockets_.get(id.handle); }
    [[nodiscard]] const Socket* find(SocketId id) const { return sockets_.get(id.handle); }
    [[nodiscard]] const base::SlotMap<Socket>& sockets() const { return sockets_; }
    [[nodiscard]] core::Core& core() const { return core_; }
    [[nodiscard]] const Config& config() const { return config_; }
    /// Readiness of `id` may have changed by a call.
    void mark_edge(SocketId id);

  private:
    // Ports (control.cpp).
    Answer<void> claim_port(SocketId id, Socket& socket, Endpoint wanted, bool listening);
    void release_port(SocketId id, Socket& socket);
    [[nodiscard]] Answer<void> check_bindable(Socket& socket, const ZonedEndpoint& address);
    /// The right to the port, and that the socket has none yet.
    [[nodiscard]] Answer<void> check_port(const Socket& socket, Port port) const;
    [[nodiscard]] static Answer<void> check_family(const Socket& socket, IpAddr address);
    [[nodiscard]] Answer<void> check_own_address(const Socket& socket, IpAddr address) const;
    /// Connection or listener of a stream socket is let go; the socket is named and shut as
    /// Linux leaves it after disconnecting.
    void become_unconnected(SocketId id, Socket& socket, Failed failed);

    // Zones (zone.cpp).
    [[nodiscard]] Answer<void> bind_to_zone(Socket& socket, const ZonedEndpoint& address);
    [[nodiscard]] Answer<void> connect_to_zone(Socket& socket, const ZonedEndpoint& remote);
    void keep_to_device(Socket& socket, std::uint32_t number) const;
    /// Whether `number` (lo is 1) is that of a link of this host.
    [[nodiscard]] bool has_link(std::uint32_t number) const;
    /// Whether an address is one of this host's, of those that mean something on one link only of
    /// the socket's.
    [[nodiscard]] bool is_own(const Socket& socket, const IpAddr& address) const;
    /// A connection with an address of a link keeps to that link (Linux tcp_v6_init_req()).
    void keep_to_zone_of(Socket& made, const FourTuple& tuple) const;
    /// Whether none but the connections of its device come to a listener of that name.
    [[nodiscard]] bool may_listen_on_device(const Socket& socket) const;
    /// The link that a datagram or connection is to go by; nothing: as the routes say.
    [[nodiscard]] Answer<std::optional<ip::InterfaceIndex>> choose_link(const Socket& socket,
                                                                        const IpAddr& destination,
                                                                        const SendAs& as) const;

    Answer<void> listen_first(const Turn& turn, SocketId id, Socket& socket, std::uint32_t backlog);
    Answer<void> begin_connect(const Turn& turn, SocketId id, Socket& socket,
                               const ZonedEndpoint& to,
                               tcp::FastOpenUse use = tcp::FastOpenUse::no);
    [[nodiscard]] bool leads_to_device(const Socket& socket,
                                       const core::Core::Chosen& chosen) const;
    [[nodiscard]] bool may_defer(const Turn& turn, const Socket& socket, Endpoint remote) const;
    Answer<std::size_t> send_deferred(const Turn& turn, event::Caller caller, SocketId id,
                                      Octets from);
    Answer<void> continue_connect(const Turn& turn, SocketId id, Socket& socket);
    Answer<FourTuple> choose_tuple(const Turn& turn, Socket& socket,
                                   const core::Core::Chosen& chosen, Endpoint remote) const;
    /// The engine that has the endpoints of a datagram socket.
    [[nodiscard]] udp::Engine& carrier(const Socket& socket) const {
        return socket.transport == event::Transport::udp ? core_.udp() : core_.icmp();
    }
    /// What is known to be less than its link's MTU of the path to `to`; nothing for modes that
    /// look at the link alone (ip(7), IP_MTU_DISCOVER).
    [[nodiscard]] std::optional<tcp::PathMtu> narrow_path(const Turn& turn, const Socket& socket,
                                                          const core::Core::Chosen& to) const;
    /// With IP_RECVERR: an entry of the error queue of our own, for what is longer than its path.
    void tell_too_long(const Socket& socket, const IpAddr& to, std::uint32_t mtu) const;
    [[nodiscard]] static SendAs wishes_of(const Sending& sending);
    [[nodiscard]] Answer<void> check_length(const Socket& socket, const IpAddr& to,
                                            const Length& length) const;
    [[nodiscard]] Answer<void> send_message(const Socket& socket, const FourTuple& tuple,
                                            Octets text, udp::Carriage carriage) const;

    Answer<void> connect_datagram(SocketId id, Socket& socket, const ZonedEndpoint& to);
    void disconnect_datagram(SocketId id, Socket& socket);
    /// `as`: the source and the link that one datagram names itself.
    [[nodiscard]] Answer<core::Core::Chosen> choose_path(const Socket& socket, IpAddr destination,
                                                         const SendAs& as = {}) const;
    [[nodiscard]] static Answer<Endpoint> datagram_target(const Socket& socket,
                                                          std::optional<Endpoint> to);

    Answer<void> check_writable(Socket& socket);
    Answer<void> check_readable(Socket& socket, const StreamFacts& facts);
    void tell_end(const Turn& turn, event::Caller caller, SocketId id, Socket& socket);

    /// Binds a datagram socket that has no port yet (first send, connect).
    Answer<void> name_datagram(SocketId id, Socket& socket);
    void open_endpoint(SocketId id, Socket& socket);

    // Which socket an object of the engines belongs to (edges.cpp).
    void own(tcp::ConnId connection, SocketId id);
    void own(tcp::ListenerId listener, SocketId id);
    void own(event::Transport transport, udp::EndpointId endpoint, SocketId id);
    void collect_edges();
    void mark_edge_of(tcp::ConnId connection);
    void mark_edge_of(tcp::ListenerId listener);
    void mark_edge_of(const std::vector<SocketId>& table, udp::EndpointId endpoint);
    /// Draws the conclusions of an edge: connect()'s result is told, an automatic port goes back.
    void settle(const Turn& turn, SocketId id, Socket& socket);
    void keep_refusal(SocketId id, Socket& socket);
    void forget_notice(SocketId id, Socket& socket);
    void tell_result(const Turn& turn, SocketId id, Socket& socket, const StreamFacts& facts);

    const Config& config_;
    core::Core& core_;
    base::SlotMap<Socket> sockets_;
    std::uint64_t opened_ = 0;
    std::vector<SocketId> by_connection_;  // by index of the handle
    std::vector<SocketId> by_listener_;
    std::vector<SocketId> by_endpoint_;
    std::vector<SocketId> by_icmp_endpoint_;
    static constexpr std::size_t notices_max = 64;
    std::vector<std::pair<SocketId, udp::Notice>> notices_;  // of streams, oldest first
    Ring<SocketId> edges_;  // each socket at most once (Mark::edge_waits)
};

}  // namespace dt::sock

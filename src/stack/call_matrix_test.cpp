// Every call in every state of a socket, as Linux 6.18 answers it (docs/spec/6-call-matrix.toml):
// over lo and over a link between two hosts.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

enum class State : std::uint8_t {
    fresh,
    bound,
    listen,
    listen_queued,
    syn_sent,
    refused,
    est,
    est_unread,
    fw2,
    shut_rd,
    shut_rdwr,
    cw,
    cw_unread,
    both_fin,
    rst,
    rst_unread,
    udp_fresh,
    udp_connected,
};

enum class Call : std::uint8_t {
    poll,
    so_error,
    recv,
    send,
    getpeername,
    getsockname,
    connect,
    bind,
    listen,
    accept,
    shutdown_wr,
    shutdown_rd,
};

struct Cell {
    std::string_view id;
    State state;
    Call call;
    std::string_view answer;
};

void PrintTo(const Cell& cell, std::ostream* to) { *to << cell.id; }

// clang-format off
constexpr auto cells = std::to_array<Cell>({
    {"API-MTX-FRESH-POLL", State::fresh, Call::poll, "OUT,HUP"},
    {"API-MTX-FRESH-SO-ERROR", State::fresh, Call::so_error, "0"},
    {"API-MTX-FRESH-RECV", State::fresh, Call::recv, "ENOTCONN / ENOTCONN"},
    {"API-MTX-FRESH-SEND", State::fresh, Call::send, "EPIPE / EPIPE"},
    {"API-MTX-FRESH-GETPEERNAME", State::fresh, Call::getpeername, "ENOTCONN"},
    {"API-MTX-FRESH-GETSOCKNAME", State::fresh, Call::getsockname, "any:0"},
    {"API-MTX-FRESH-CONNECT", State::fresh, Call::connect, "EINPROGRESS"},
    {"API-MTX-FRESH-BIND", State::fresh, Call::bind, "OK"},
    {"API-MTX-FRESH-LISTEN", State::fresh, Call::listen, "OK"},
    {"API-MTX-FRESH-ACCEPT", State::fresh, Call::accept, "EINVAL"},
    {"API-MTX-FRESH-SHUTDOWN-WR", State::fresh, Call::shutdown_wr, "ENOTCONN"},
    {"API-MTX-FRESH-SHUTDOWN-RD", State::fresh, Call::shutdown_rd, "ENOTCONN"},
    {"API-MTX-BOUND-POLL", State::bound, Call::poll, "OUT,HUP"},
    {"API-MTX-BOUND-SO-ERROR", State::bound, Call::so_error, "0"},
    {"API-MTX-BOUND-RECV", State::bound, Call::recv, "ENOTCONN / ENOTCONN"},
    {"API-MTX-BOUND-SEND", State::bound, Call::send, "EPIPE / EPIPE"},
    {"API-MTX-BOUND-GETPEERNAME", State::bound, Call::getpeername, "ENOTCONN"},
    {"API-MTX-BOUND-GETSOCKNAME", State::bound, Call::getsockname, "addr:port"},
    {"API-MTX-BOUND-CONNECT", State::bound, Call::connect, "EINPROGRESS"},
    {"API-MTX-BOUND-BIND", State::bound, Call::bind, "EINVAL"},
    {"API-MTX-BOUND-LISTEN", State::bound, Call::listen, "OK"},
    {"API-MTX-BOUND-ACCEPT", State::bound, Call::accept, "EINVAL"},
    {"API-MTX-BOUND-SHUTDOWN-WR", State::bound, Call::shutdown_wr, "ENOTCONN"},
    {"API-MTX-BOUND-SHUTDOWN-RD", State::bound, Call::shutdown_rd, "ENOTCONN"},
    {"API-MTX-LISTEN-POLL", State::listen, Call::poll, "none"},
    {"API-MTX-LISTEN-SO-ERROR", State::listen, Call::so_error, "0"},
    {"API-MTX-LISTEN-RECV", State::listen, Call::recv, "ENOTCONN / ENOTCONN"},
    {"API-MTX-LISTEN-SEND", State::listen, Call::send, "EPIPE / EPIPE"},
    {"API-MTX-LISTEN-GETPEERNAME", State::listen, Call::getpeername, "ENOTCONN"},
    {"API-MTX-LISTEN-GETSOCKNAME", State::listen, Call::getsockname, "addr:port"},
    {"API-MTX-LISTEN-CONNECT", State::listen, Call::connect, "EISCONN"},
    {"API-MTX-LISTEN-BIND", State::listen, Call::bind, "EINVAL"},
    {"API-MTX-LISTEN-LISTEN", State::listen, Call::listen, "OK"},
    {"API-MTX-LISTEN-ACCEPT", State::listen, Call::accept, "EAGAIN"},
    {"API-MTX-LISTEN-SHUTDOWN-WR", State::listen, Call::shutdown_wr, "OK"},
    {"API-MTX-LISTEN-SHUTDOWN-RD", State::listen, Call::shutdown_rd, "OK"},
    {"API-MTX-LISTEN-QUEUED-POLL", State::listen_queued, Call::poll, "IN"},
    {"API-MTX-LISTEN-QUEUED-SO-ERROR", State::listen_queued, Call::so_error, "0"},
    {"API-MTX-LISTEN-QUEUED-RECV", State::listen_queued, Call::recv, "ENOTCONN / ENOTCONN"},
    {"API-MTX-LISTEN-QUEUED-SEND", State::listen_queued, Call::send, "EPIPE / EPIPE"},
    {"API-MTX-LISTEN-QUEUED-GETPEERNAME", State::listen_queued, Call::getpeername, "ENOTCONN"},
    {"API-MTX-LISTEN-QUEUED-GETSOCKNAME", State::listen_queued, Call::getsockname, "addr:port"},
    {"API-MTX-LISTEN-QUEUED-CONNECT", State::listen_queued, Call::connect, "EISCONN"},
    {"API-MTX-LISTEN-QUEUED-BIND", State::listen_queued, Call::bind, "EINVAL"},
    {"API-MTX-LISTEN-QUEUED-LISTEN", State::listen_queued, Call::listen, "OK"},
    {"API-MTX-LISTEN-QUEUED-ACCEPT", State::listen_queued, Call::accept, "OK"},
    {"API-MTX-LISTEN-QUEUED-SHUTDOWN-WR", State::listen_queued, Call::shutdown_wr, "OK"},
    {"API-MTX-LISTEN-QUEUED-SHUTDOWN-RD", State::listen_queued, Call::shutdown_rd, "OK"},
    {"API-MTX-SYN-SENT-POLL", State::syn_sent, Call::poll, "none"},
    {"API-MTX-SYN-SENT-SO-ERROR", State::syn_sent, Call::so_error, "0"},
    {"API-MTX-SYN-SENT-RECV", State::syn_sent, Call::recv, "EAGAIN / EAGAIN"},
    {"API-MTX-SYN-SENT-SEND", State::syn_sent, Call::send, "EAGAIN / EAGAIN"},
    {"API-MTX-SYN-SENT-GETPEERNAME", State::syn_sent, Call::getpeername, "ENOTCONN"},
    {"API-MTX-SYN-SENT-GETSOCKNAME", State::syn_sent, Call::getsockname, "addr:port"},
    {"API-MTX-SYN-SENT-CONNECT", State::syn_sent, Call::connect, "EALREADY"},
    {"API-MTX-SYN-SENT-BIND", State::syn_sent, Call::bind, "EINVAL"},
    {"API-MTX-SYN-SENT-LISTEN", State::syn_sent, Call::listen, "EINVAL"},
    {"API-MTX-SYN-SENT-ACCEPT", State::syn_sent, Call::accept, "EINVAL"},
    {"API-MTX-SYN-SENT-SHUTDOWN-WR", State::syn_sent, Call::shutdown_wr, "OK"},
    {"API-MTX-SYN-SENT-SHUTDOWN-RD", State::syn_sent, Call::shutdown_rd, "OK"},
    {"API-MTX-REFUSED-POLL", State::refused, Call::poll, "IN,OUT,ERR,HUP,RDHUP"},
    {"API-MTX-REFUSED-SO-ERROR", State::refused, Call::so_error, "ECONNREFUSED"},
    {"API-MTX-REFUSED-RECV", State::refused, Call::recv, "ECONNREFUSED / 0"},
    {"API-MTX-REFUSED-SEND", State::refused, Call::send, "ECONNREFUSED / EPIPE"},
    {"API-MTX-REFUSED-GETPEERNAME", State::refused, Call::getpeername, "ENOTCONN"},
    {"API-MTX-REFUSED-GETSOCKNAME", State::refused, Call::getsockname, "addr:port"},
    {"API-MTX-REFUSED-CONNECT", State::refused, Call::connect, "ECONNREFUSED"},
    {"API-MTX-REFUSED-BIND", State::refused, Call::bind, "OK"},
    {"API-MTX-REFUSED-LISTEN", State::refused, Call::listen, "EINVAL"},
    {"API-MTX-REFUSED-ACCEPT", State::refused, Call::accept, "EINVAL"},
    {"API-MTX-REFUSED-SHUTDOWN-WR", State::refused, Call::shutdown_wr, "ENOTCONN"},
    {"API-MTX-REFUSED-SHUTDOWN-RD", State::refused, Call::shutdown_rd, "ENOTCONN"},
    {"API-MTX-EST-POLL", State::est, Call::poll, "OUT"},
    {"API-MTX-EST-SO-ERROR", State::est, Call::so_error, "0"},
    {"API-MTX-EST-RECV", State::est, Call::recv, "EAGAIN / EAGAIN"},
    {"API-MTX-EST-SEND", State::est, Call::send, "1 / 1"},
    {"API-MTX-EST-GETPEERNAME", State::est, Call::getpeername, "OK"},
    {"API-MTX-EST-GETSOCKNAME", State::est, Call::getsockname, "addr:port"},
    {"API-MTX-EST-CONNECT", State::est, Call::connect, "EISCONN"},
    {"API-MTX-EST-BIND", State::est, Call::bind, "EINVAL"},
    {"API-MTX-EST-LISTEN", State::est, Call::listen, "EINVAL"},
    {"API-MTX-EST-ACCEPT", State::est, Call::accept, "EINVAL"},
    {"API-MTX-EST-SHUTDOWN-WR", State::est, Call::shutdown_wr, "OK"},
    {"API-MTX-EST-SHUTDOWN-RD", State::est, Call::shutdown_rd, "OK"},
    {"API-MTX-EST-UNREAD-POLL", State::est_unread, Call::poll, "IN,OUT"},
    {"API-MTX-EST-UNREAD-SO-ERROR", State::est_unread, Call::so_error, "0"},
    {"API-MTX-EST-UNREAD-RECV", State::est_unread, Call::recv, "3 / EAGAIN"},
    {"API-MTX-EST-UNREAD-SEND", State::est_unread, Call::send, "1 / 1"},
    {"API-MTX-EST-UNREAD-GETPEERNAME", State::est_unread, Call::getpeername, "OK"},
    {"API-MTX-EST-UNREAD-GETSOCKNAME", State::est_unread, Call::getsockname, "addr:port"},
    {"API-MTX-EST-UNREAD-CONNECT", State::est_unread, Call::connect, "EISCONN"},
    {"API-MTX-EST-UNREAD-BIND", State::est_unread, Call::bind, "EINVAL"},
    {"API-MTX-EST-UNREAD-LISTEN", State::est_unread, Call::listen, "EINVAL"},
    {"API-MTX-EST-UNREAD-ACCEPT", State::est_unread, Call::accept, "EINVAL"},
    {"API-MTX-EST-UNREAD-SHUTDOWN-WR", State::est_unread, Call::shutdown_wr, "OK"},
    {"API-MTX-EST-UNREAD-SHUTDOWN-RD", State::est_unread, Call::shutdown_rd, "OK"},
    {"API-MTX-FW2-POLL", State::fw2, Call::poll, "OUT"},
    {"API-MTX-FW2-SO-ERROR", State::fw2, Call::so_error, "0"},
    {"API-MTX-FW2-RECV", State::fw2, Call::recv, "EAGAIN / EAGAIN"},
    {"API-MTX-FW2-SEND", State::fw2, Call::send, "EPIPE / EPIPE"},
    {"API-MTX-FW2-GETPEERNAME", State::fw2, Call::getpeername, "OK"},
    {"API-MTX-FW2-GETSOCKNAME", State::fw2, Call::getsockname, "addr:port"},
    {"API-MTX-FW2-CONNECT", State::fw2, Call::connect, "EISCONN"},
    {"API-MTX-FW2-BIND", State::fw2, Call::bind, "EINVAL"},
    {"API-MTX-FW2-LISTEN", State::fw2, Call::listen, "EINVAL"},
    {"API-MTX-FW2-ACCEPT", State::fw2, Call::accept, "EINVAL"},
    {"API-MTX-FW2-SHUTDOWN-WR", State::fw2, Call::shutdown_wr, "OK"},
    {"API-MTX-FW2-SHUTDOWN-RD", State::fw2, Call::shutdown_rd, "OK"},
    {"API-MTX-SHUT-RD-POLL", State::shut_rd, Call::poll, "IN,OUT,RDHUP"},
    {"API-MTX-SHUT-RD-SO-ERROR", State::shut_rd, Call::so_error, "0"},
    {"API-MTX-SHUT-RD-RECV", State::shut_rd, Call::recv, "0 / 0"},
    {"API-MTX-SHUT-RD-SEND", State::shut_rd, Call::send, "1 / 1"},
    {"API-MTX-SHUT-RD-GETPEERNAME", State::shut_rd, Call::getpeername, "OK"},
    {"API-MTX-SHUT-RD-GETSOCKNAME", State::shut_rd, Call::getsockname, "addr:port"},
    {"API-MTX-SHUT-RD-CONNECT", State::shut_rd, Call::connect, "EISCONN"},
    {"API-MTX-SHUT-RD-BIND", State::shut_rd, Call::bind, "EINVAL"},
    {"API-MTX-SHUT-RD-LISTEN", State::shut_rd, Call::listen, "EINVAL"},
    {"API-MTX-SHUT-RD-ACCEPT", State::shut_rd, Call::accept, "EINVAL"},
    {"API-MTX-SHUT-RD-SHUTDOWN-WR", State::shut_rd, Call::shutdown_wr, "OK"},
    {"API-MTX-SHUT-RD-SHUTDOWN-RD", State::shut_rd, Call::shutdown_rd, "OK"},
    {"API-MTX-SHUT-RDWR-POLL", State::shut_rdwr, Call::poll, "IN,OUT,HUP,RDHUP"},
    {"API-MTX-SHUT-RDWR-SO-ERROR", State::shut_rdwr, Call::so_error, "0"},
    {"API-MTX-SHUT-RDWR-RECV", State::shut_rdwr, Call::recv, "0 / 0"},
    {"API-MTX-SHUT-RDWR-SEND", State::shut_rdwr, Call::send, "EPIPE / EPIPE"},
    {"API-MTX-SHUT-RDWR-GETPEERNAME", State::shut_rdwr, Call::getpeername, "OK"},
    {"API-MTX-SHUT-RDWR-GETSOCKNAME", State::shut_rdwr, Call::getsockname, "addr:port"},
    {"API-MTX-SHUT-RDWR-CONNECT", State::shut_rdwr, Call::connect, "EISCONN"},
    {"API-MTX-SHUT-RDWR-BIND", State::shut_rdwr, Call::bind, "EINVAL"},
    {"API-MTX-SHUT-RDWR-LISTEN", State::shut_rdwr, Call::listen, "EINVAL"},
    {"API-MTX-SHUT-RDWR-ACCEPT", State::shut_rdwr, Call::accept, "EINVAL"},
    {"API-MTX-SHUT-RDWR-SHUTDOWN-WR", State::shut_rdwr, Call::shutdown_wr, "OK"},
    {"API-MTX-SHUT-RDWR-SHUTDOWN-RD", State::shut_rdwr, Call::shutdown_rd, "OK"},
    {"API-MTX-CW-POLL", State::cw, Call::poll, "IN,OUT,RDHUP"},
    {"API-MTX-CW-SO-ERROR", State::cw, Call::so_error, "0"},
    {"API-MTX-CW-RECV", State::cw, Call::recv, "0 / 0"},
    {"API-MTX-CW-SEND", State::cw, Call::send, "1 / 1"},
    {"API-MTX-CW-GETPEERNAME", State::cw, Call::getpeername, "OK"},
    {"API-MTX-CW-GETSOCKNAME", State::cw, Call::getsockname, "addr:port"},
    {"API-MTX-CW-CONNECT", State::cw, Call::connect, "EISCONN"},
    {"API-MTX-CW-BIND", State::cw, Call::bind, "EINVAL"},
    {"API-MTX-CW-LISTEN", State::cw, Call::listen, "EINVAL"},
    {"API-MTX-CW-ACCEPT", State::cw, Call::accept, "EINVAL"},
    {"API-MTX-CW-SHUTDOWN-WR", State::cw, Call::shutdown_wr, "OK"},
    {"API-MTX-CW-SHUTDOWN-RD", State::cw, Call::shutdown_rd, "OK"},
    {"API-MTX-CW-UNREAD-POLL", State::cw_unread, Call::poll, "IN,OUT,RDHUP"},
    {"API-MTX-CW-UNREAD-SO-ERROR", State::cw_unread, Call::so_error, "0"},
    {"API-MTX-CW-UNREAD-RECV", State::cw_unread, Call::recv, "3 / 0"},
    {"API-MTX-CW-UNREAD-SEND", State::cw_unread, Call::send, "1 / 1"},
    {"API-MTX-CW-UNREAD-GETPEERNAME", State::cw_unread, Call::getpeername, "OK"},
    {"API-MTX-CW-UNREAD-GETSOCKNAME", State::cw_unread, Call::getsockname, "addr:port"},
    {"API-MTX-CW-UNREAD-CONNECT", State::cw_unread, Call::connect, "EISCONN"},
    {"API-MTX-CW-UNREAD-BIND", State::cw_unread, Call::bind, "EINVAL"},
    {"API-MTX-CW-UNREAD-LISTEN", State::cw_unread, Call::listen, "EINVAL"},
    {"API-MTX-CW-UNREAD-ACCEPT", State::cw_unread, Call::accept, "EINVAL"},
    {"API-MTX-CW-UNREAD-SHUTDOWN-WR", State::cw_unread, Call::shutdown_wr, "OK"},
    {"API-MTX-CW-UNREAD-SHUTDOWN-RD", State::cw_unread, Call::shutdown_rd, "OK"},
    {"API-MTX-BOTH-FIN-POLL", State::both_fin, Call::poll, "IN,OUT,HUP,RDHUP"},
    {"API-MTX-BOTH-FIN-SO-ERROR", State::both_fin, Call::so_error, "0"},
    {"API-MTX-BOTH-FIN-RECV", State::both_fin, Call::recv, "0 / 0"},
    {"API-MTX-BOTH-FIN-SEND", State::both_fin, Call::send, "EPIPE / EPIPE"},
    {"API-MTX-BOTH-FIN-GETPEERNAME", State::both_fin, Call::getpeername, "ENOTCONN"},
    {"API-MTX-BOTH-FIN-GETSOCKNAME", State::both_fin, Call::getsockname, "addr:port"},
    {"API-MTX-BOTH-FIN-CONNECT", State::both_fin, Call::connect, "EISCONN"},
    {"API-MTX-BOTH-FIN-BIND", State::both_fin, Call::bind, "OK"},
    {"API-MTX-BOTH-FIN-LISTEN", State::both_fin, Call::listen, "EINVAL"},
    {"API-MTX-BOTH-FIN-ACCEPT", State::both_fin, Call::accept, "EINVAL"},
    {"API-MTX-BOTH-FIN-SHUTDOWN-WR", State::both_fin, Call::shutdown_wr, "ENOTCONN"},
    {"API-MTX-BOTH-FIN-SHUTDOWN-RD", State::both_fin, Call::shutdown_rd, "ENOTCONN"},
    {"API-MTX-RST-POLL", State::rst, Call::poll, "IN,OUT,ERR,HUP,RDHUP"},
    {"API-MTX-RST-SO-ERROR", State::rst, Call::so_error, "ECONNRESET"},
    {"API-MTX-RST-RECV", State::rst, Call::recv, "ECONNRESET / 0"},
    {"API-MTX-RST-SEND", State::rst, Call::send, "ECONNRESET / EPIPE"},
    {"API-MTX-RST-GETPEERNAME", State::rst, Call::getpeername, "ENOTCONN"},
    {"API-MTX-RST-GETSOCKNAME", State::rst, Call::getsockname, "addr:port"},
    {"API-MTX-RST-CONNECT", State::rst, Call::connect, "EISCONN"},
    {"API-MTX-RST-BIND", State::rst, Call::bind, "OK"},
    {"API-MTX-RST-LISTEN", State::rst, Call::listen, "EINVAL"},
    {"API-MTX-RST-ACCEPT", State::rst, Call::accept, "EINVAL"},
    {"API-MTX-RST-SHUTDOWN-WR", State::rst, Call::shutdown_wr, "ENOTCONN"},
    {"API-MTX-RST-SHUTDOWN-RD", State::rst, Call::shutdown_rd, "ENOTCONN"},
    {"API-MTX-RST-UNREAD-POLL", State::rst_unread, Call::poll, "IN,OUT,ERR,HUP,RDHUP"},
    {"API-MTX-RST-UNREAD-SO-ERROR", State::rst_unread, Call::so_error, "ECONNRESET"},
    {"API-MTX-RST-UNREAD-RECV", State::rst_unread, Call::recv, "3 / ECONNRESET"},
    {"API-MTX-RST-UNREAD-SEND", State::rst_unread, Call::send, "ECONNRESET / EPIPE"},
    {"API-MTX-RST-UNREAD-GETPEERNAME", State::rst_unread, Call::getpeername, "ENOTCONN"},
    {"API-MTX-RST-UNREAD-GETSOCKNAME", State::rst_unread, Call::getsockname, "addr:port"},
    {"API-MTX-RST-UNREAD-CONNECT", State::rst_unread, Call::connect, "EISCONN"},
    {"API-MTX-RST-UNREAD-BIND", State::rst_unread, Call::bind, "OK"},
    {"API-MTX-RST-UNREAD-LISTEN", State::rst_unread, Call::listen, "EINVAL"},
    {"API-MTX-RST-UNREAD-ACCEPT", State::rst_unread, Call::accept, "EINVAL"},
    {"API-MTX-RST-UNREAD-SHUTDOWN-WR", State::rst_unread, Call::shutdown_wr, "ENOTCONN"},
    {"API-MTX-RST-UNREAD-SHUTDOWN-RD", State::rst_unread, Call::shutdown_rd, "ENOTCONN"},
    {"API-MTX-UDP-FRESH-POLL", State::udp_fresh, Call::poll, "OUT"},
    {"API-MTX-UDP-FRESH-SO-ERROR", State::udp_fresh, Call::so_error, "0"},
    {"API-MTX-UDP-FRESH-RECV", State::udp_fresh, Call::recv, "EAGAIN / EAGAIN"},
    {"API-MTX-UDP-FRESH-SEND", State::udp_fresh, Call::send, "EDESTADDRREQ / EDESTADDRREQ"},
    {"API-MTX-UDP-FRESH-GETPEERNAME", State::udp_fresh, Call::getpeername, "ENOTCONN"},
    {"API-MTX-UDP-FRESH-GETSOCKNAME", State::udp_fresh, Call::getsockname, "any:0"},
    {"API-MTX-UDP-FRESH-CONNECT", State::udp_fresh, Call::connect, "OK"},
    {"API-MTX-UDP-FRESH-BIND", State::udp_fresh, Call::bind, "OK"},
    {"API-MTX-UDP-FRESH-LISTEN", State::udp_fresh, Call::listen, "EOPNOTSUPP"},
    {"API-MTX-UDP-FRESH-ACCEPT", State::udp_fresh, Call::accept, "EOPNOTSUPP"},
    {"API-MTX-UDP-FRESH-SHUTDOWN-WR", State::udp_fresh, Call::shutdown_wr, "ENOTCONN"},
    {"API-MTX-UDP-FRESH-SHUTDOWN-RD", State::udp_fresh, Call::shutdown_rd, "ENOTCONN"},
    {"API-MTX-UDP-CONNECTED-POLL", State::udp_connected, Call::poll, "OUT"},
    {"API-MTX-UDP-CONNECTED-SO-ERROR", State::udp_connected, Call::so_error, "0"},
    {"API-MTX-UDP-CONNECTED-RECV", State::udp_connected, Call::recv, "EAGAIN / EAGAIN"},
    {"API-MTX-UDP-CONNECTED-SEND", State::udp_connected, Call::send, "1 / 1"},
    {"API-MTX-UDP-CONNECTED-GETPEERNAME", State::udp_connected, Call::getpeername, "OK"},
    {"API-MTX-UDP-CONNECTED-GETSOCKNAME", State::udp_connected, Call::getsockname, "addr:port"},
    {"API-MTX-UDP-CONNECTED-CONNECT", State::udp_connected, Call::connect, "OK"},
    {"API-MTX-UDP-CONNECTED-BIND", State::udp_connected, Call::bind, "EINVAL"},
    {"API-MTX-UDP-CONNECTED-LISTEN", State::udp_connected, Call::listen, "EOPNOTSUPP"},
    {"API-MTX-UDP-CONNECTED-ACCEPT", State::udp_connected, Call::accept, "EOPNOTSUPP"},
    {"API-MTX-UDP-CONNECTED-SHUTDOWN-WR", State::udp_connected, Call::shutdown_wr, "OK"},
    {"API-MTX-UDP-CONNECTED-SHUTDOWN-RD", State::udp_connected, Call::shutdown_rd, "OK"},
});
// clang-format on
static_assert(cells.size() == 18 * 12);

enum class Over : std::uint8_t { lo, link };

/// Brings a new socket of host a to a state, with what the state needs beside it.
class Stage {
  public:
    explicit Stage(Over over)
        : over_(over),
          peer_(over == Over::lo ? pair.a : pair.b),
          live_(Program::stream(pair, peer_)) {
        EXPECT_EQ(live_.bind(to(80)), "OK");
        EXPECT_EQ(live_.listen(2), "OK");
    }

    Program bring_to(State state) {
        switch (state) {
            case State::fresh: return Program::stream(pair, pair.a);
            case State::bound: return bound();
            case State::listen: return listening();
            case State::listen_queued: return queued();
            case State::syn_sent: return syn_sent();
            case State::refused: return refused();
            case State::est: return established();
            case State::est_unread: return after(&Stage::peer_sends);
            case State::fw2: return shut(sock::How::write);
            case State::shut_rd: return shut(sock::How::read);
            case State::shut_rdwr: return shut(sock::How::both);
            case State::cw: return after(&Stage::peer_finishes);
            case State::cw_unread: return after(&Stage::peer_sends, &Stage::peer_finishes);
            case State::both_fin: return both_finished();
            case State::rst: return after(&Stage::peer_resets);
            case State::rst_unread: return after(&Stage::peer_sends, &Stage::peer_resets);
            case State::udp_fresh: return Program::datagram(pair, pair.a);
            case State::udp_connected: return udp_connected();
        }
        std::abort();
    }

    /// An address of the peer as host a reaches it.
    [[nodiscard]] Endpoint to(std::uint16_t port) const {
        if (over_ == Over::lo) return {Ipv4::loopback(), Port{port}};
        return pair.b.at(port);
    }
    /// An address of host a as the peer reaches it.
    [[nodiscard]] Endpoint own(std::uint16_t port) const {
        if (over_ == Over::lo) return {Ipv4::loopback(), Port{port}};
        return pair.a.at(port);
    }

    Pair pair;

  private:
    using Step = void (Stage::*)();

    Program bound() {
        const Program program = Program::stream(pair, pair.a);
        EXPECT_EQ(program.bind(own(0)), "OK");
        return program;
    }
    Program listening() {
        const Program program = bound();
        EXPECT_EQ(program.listen(2), "OK");
        return program;
    }
    Program queued() {
        const Program program = listening();
        const Program caller = Program::stream(pair, peer_);
        EXPECT_EQ(caller.connect(program.local()), "EINPROGRESS");
        pair.settle();
        return program;
    }
    Program syn_sent() {
        pair.cut();
        const Program program = Program::stream(pair, pair.a);
        EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
        pair.settle();
        return program;
    }
    Program refused() {
        const Program program = Program::stream(pair, pair.a);
        EXPECT_EQ(program.connect(to(81)), "EINPROGRESS");
        pair.settle();
        return program;
    }
    Program established() {
        const Program program = Program::stream(pair, pair.a);
        EXPECT_EQ(program.connect(to(80)), "EINPROGRESS");
        pair.settle();
        EXPECT_EQ(program.connect(to(80)), "OK");
        server_ = live_.accept();
        EXPECT_TRUE(server_.has_value());
        return program;
    }
    Program after(Step first, Step second = nullptr) {
        const Program program = established();
        (this->*first)();
        pair.settle();
        if (second != nullptr) (this->*second)();
        pair.settle();
        return program;
    }
    Program shut(sock::How how) {
        const Program program = established();
        EXPECT_EQ(program.shutdown(how), "OK");
        pair.pass(100ms);
        return program;
    }
    Program both_finished() {
        const Program program = after(&Stage::peer_finishes);
        EXPECT_EQ(program.shutdown(sock::How::write), "OK");
        pair.settle();
        return program;
    }
    Program udp_connected() {
        const Program program = Program::datagram(pair, pair.a);
        silent_ = Program::datagram(pair, peer_);
        EXPECT_EQ(silent_->bind(to(53)), "OK");
        EXPECT_EQ(program.connect(to(53)), "OK");
        return program;
    }
    void peer_sends() { EXPECT_EQ(server_->send("abc"), "3"); }
    void peer_finishes() { EXPECT_EQ(server_->shutdown(sock::How::write), "OK"); }
    void peer_resets() { reset(*server_); }

    Over over_;
    Host& peer_;
    Program live_;
    std::optional<Program> server_;
    std::optional<Program> silent_;
};

std::string twice(const std::string& first, const std::string& second) {
    return first + " / " + second;
}

std::string name_word(const Program& program) {
    const Endpoint local = program.local();
    if (program.local_word() != "OK") return program.local_word();
    if (local.port.is_any() && local.addr.is_any()) return "any:0";
    return local.port.is_any() ? "addr:0" : "addr:port";
}

std::string make(Stage& stage, const Program& program, Call call) {
    switch (call) {
        case Call::poll: return program.poll();
        case Call::so_error: return program.take_error();
        case Call::recv: {
            const std::string first = program.receive_count();
            return twice(first, program.receive_count());
        }
        case Call::send: {
            const std::string first = program.send("x");
            return twice(first, program.send("x"));
        }
        case Call::getpeername: return program.peer_word();
        case Call::getsockname: return name_word(program);
        case Call::connect: return program.connect(stage.to(80));
        case Call::bind: return program.bind(stage.own(0));
        case Call::listen: return program.listen(2);
        case Call::accept: return program.accept_word();
        case Call::shutdown_wr: return program.shutdown(sock::How::write);
        case Call::shutdown_rd: return program.shutdown(sock::How::read);
    }
    std::abort();
}

class CallMatrix : public ::testing::TestWithParam<Cell> {};

TEST_P(CallMatrix, AnswersOverLo) {
    Stage stage(Over::lo);
    const Program program = stage.bring_to(GetParam().state);
    EXPECT_EQ(make(stage, program, GetParam().call), GetParam().answer);
}

TEST_P(CallMatrix, AnswersOverALink) {
    Stage stage(Over::link);
    const Program program = stage.bring_to(GetParam().state);
    EXPECT_EQ(make(stage, program, GetParam().call), GetParam().answer);
}

/// Each refusal carries exactly one reason and is told as one event.
TEST_P(CallMatrix, TellsWhyItRefused) {
    Stage stage(Over::link);
    const Program program = stage.bring_to(GetParam().state);
    stage.pair.log.events.clear();
    make(stage, program, GetParam().call);
    for (const event::CallMade& made : stage.pair.log.all<event::CallMade>()) {
        const bool refused = made.error && *made.error != Error::in_progress;
        EXPECT_EQ(refused, made.reason != event::Reason::none);
    }
}

std::string test_name(const ::testing::TestParamInfo<Cell>& info) {
    std::string name(info.param.id);
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Spec, CallMatrix, ::testing::ValuesIn(cells), test_name);

}  // namespace
}  // namespace dt::stack::testing

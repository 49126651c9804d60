# The state x call matrix of spec 6.0: each cell on a new non-blocking socket brought to the state.
import socket

import sockets as at

CALLS = ("poll", "SO_ERROR", "recv", "send", "getpeername", "getsockname", "connect", "bind", "listen", "accept",
         "shutdown WR", "shutdown RD")

# One row a state, cells as in the specification; first / second call.
TABLE = """
fresh TCP | OUT,HUP | 0 | ENOTCONN / ENOTCONN | EPIPE / EPIPE | ENOTCONN | any:0 | EINPROGRESS | OK | OK | EINVAL | ENOTCONN | ENOTCONN
bound | OUT,HUP | 0 | ENOTCONN / ENOTCONN | EPIPE / EPIPE | ENOTCONN | addr:port | EINPROGRESS | EINVAL | OK | EINVAL | ENOTCONN | ENOTCONN
LISTEN, empty | none | 0 | ENOTCONN / ENOTCONN | EPIPE / EPIPE | ENOTCONN | addr:port | EISCONN | EINVAL | OK | EAGAIN | OK | OK
LISTEN, 1 queued | IN | 0 | ENOTCONN / ENOTCONN | EPIPE / EPIPE | ENOTCONN | addr:port | EISCONN | EINVAL | OK | OK | OK | OK
SYN_SENT | none | 0 | EAGAIN / EAGAIN | EAGAIN / EAGAIN | ENOTCONN | addr:port | EALREADY | EINVAL | EINVAL | EINVAL | OK | OK
connect refused | IN,OUT,ERR,HUP,RDHUP | ECONNREFUSED | ECONNREFUSED / 0 | ECONNREFUSED / EPIPE | ENOTCONN | addr:port | ECONNREFUSED | OK | EINVAL | EINVAL | ENOTCONN | ENOTCONN
ESTABLISHED | OUT | 0 | EAGAIN / EAGAIN | 1 / 1 | OK | addr:port | EISCONN | EINVAL | EINVAL | EINVAL | OK | OK
ESTABLISHED, 3 B unread | IN,OUT | 0 | 3 / EAGAIN | 1 / 1 | OK | addr:port | EISCONN | EINVAL | EINVAL | EINVAL | OK | OK
FIN_WAIT_2 (shutdown WR) | OUT | 0 | EAGAIN / EAGAIN | EPIPE / EPIPE | OK | addr:port | EISCONN | EINVAL | EINVAL | EINVAL | OK | OK
shutdown RD | IN,OUT,RDHUP | 0 | 0 / 0 | 1 / 1 | OK | addr:port | EISCONN | EINVAL | EINVAL | EINVAL | OK | OK
shutdown RDWR | IN,OUT,HUP,RDHUP | 0 | 0 / 0 | EPIPE / EPIPE | OK | addr:port | EISCONN | EINVAL | EINVAL | EINVAL | OK | OK
CLOSE_WAIT | IN,OUT,RDHUP | 0 | 0 / 0 | 1 / 1 | OK | addr:port | EISCONN | EINVAL | EINVAL | EINVAL | OK | OK
CLOSE_WAIT, 3 B unread | IN,OUT,RDHUP | 0 | 3 / 0 | 1 / 1 | OK | addr:port | EISCONN | EINVAL | EINVAL | EINVAL | OK | OK
both FIN (passive first) | IN,OUT,HUP,RDHUP | 0 | 0 / 0 | EPIPE / EPIPE | ENOTCONN | addr:port | EISCONN | OK | EINVAL | EINVAL | ENOTCONN | ENOTCONN
RST received | IN,OUT,ERR,HUP,RDHUP | ECONNRESET | ECONNRESET / 0 | ECONNRESET / EPIPE | ENOTCONN | addr:port | EISCONN | OK | EINVAL | EINVAL | ENOTCONN | ENOTCONN
RST, 3 B unread | IN,OUT,ERR,HUP,RDHUP | ECONNRESET | 3 / ECONNRESET | ECONNRESET / EPIPE | ENOTCONN | addr:port | EISCONN | OK | EINVAL | EINVAL | ENOTCONN | ENOTCONN
UDP fresh | OUT | 0 | EAGAIN / EAGAIN | EDESTADDRREQ / EDESTADDRREQ | ENOTCONN | any:0 | OK | OK | EOPNOTSUPP | EOPNOTSUPP | ENOTCONN | ENOTCONN
UDP connected | OUT | 0 | EAGAIN / EAGAIN | 1 / 1 | OK | addr:port | OK | EINVAL | EOPNOTSUPP | EOPNOTSUPP | OK | OK
"""

STATES = (at.fresh, at.state_bound, at.listen_empty, at.listen_queued, at.syn_sent, at.refused, at.established,
          at.established_unread, at.fin_wait_2, at.shut_read, at.shut_both, at.close_wait, at.close_wait_unread,
          at.both_fins, at.reset, at.reset_unread, at.udp, at.udp_connected)


def poll(s, expected):
    return at.settled(lambda: at.mask(s), lambda mask: mask == expected)


def error(s, _):
    number = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return at.errno_name(number) if number else "0"


def twice(call):
    return f"{at.outcome(call, show=str)} / {at.outcome(call, show=str)}"


def recv(s, _):
    return twice(lambda: len(s.recv(100)))


def send(s, _):
    return twice(lambda: s.send(b"x", socket.MSG_NOSIGNAL))


def local_name(s, _):
    return "any:0" if s.getsockname() == ("0.0.0.0", 0) else "addr:port" if s.getsockname()[1] else "addr:0"


def connect(s, _):
    if s.type == socket.SOCK_DGRAM:
        target = at.udp()
        target.bind((at.LOCAL, 0))
        return at.outcome(s.connect, target.getsockname())
    return at.outcome(s.connect, at.listening().getsockname())


RUN = (poll, error, recv, send, lambda s, _: at.outcome(s.getpeername), local_name, connect,
       lambda s, _: at.outcome(s.bind, (at.LOCAL, 0)), lambda s, _: at.outcome(s.listen, 2),
       lambda s, _: at.outcome(s.accept), lambda s, _: at.outcome(s.shutdown, socket.SHUT_WR),
       lambda s, _: at.outcome(s.shutdown, socket.SHUT_RD))


def cells():
    """(id, expected, function that observes)"""
    for make, line in zip(STATES, TABLE.strip().splitlines()):
        state, *expected = [part.strip() for part in line.split("|")]
        for call, run, wanted in zip(CALLS, RUN, expected):
            yield f"API-MTX-{state}-{call}", wanted, lambda make=make, run=run, wanted=wanted: run(make(), wanted)

# Where Dialtone answers otherwise than Linux 6.18, and why. A row that is not here must be answered as Linux does.
"""The program's descriptor is one end of a pair of the kernel's own; send(), recv() and poll() on it are not stopped, so they
answer as that pair does. That is what makes unmodified and static programs, fork() and descriptor passing exact; these are its
costs."""

NEVER_CONNECTED = "the pair behind a socket without connection takes octets, which are lost, and never says ENOTCONN or EPIPE"
NO_HUP = "the pair of a fresh socket is connected, so poll() shows no HUP"
LISTENER = "the pair of a listener holds a doorbell octet a connection and no room: send() and recv() see that"
ONLY_RESET = "read() on a broken pair can say ECONNRESET only; SO_ERROR, poll() and connect() have the true error"
WRITE_FIRST = "the first write after a reset finds the pair closed (EPIPE), so the error is left for the read"
DATAGRAM = "the pair of a datagram socket is connected to the supervisor: a send() without destination is taken and lost"
DATAGRAM_ERROR = ("send(), recv() and poll() without address are the pair's own, and a pair can show an end but no error: an ICMP "
                  "error shows by SO_ERROR")
READ_SHUT = "the pair of a socket whose read side is shut takes nothing more, what comes later is acknowledged and lost"
DISCONNECTED = "the pair of a disconnected socket is a fresh one's"
SHUT_PAIR = "a pair that the program shut shows both directions as ended"
NO_MPTCP = "MPTCP is not offered: programs fall back to TCP"
LOW_PORTS = "the network is private to the run, so any program may take a port below 1024"
NATIVE_COUNT = "FIONREAD is the pair's own: what waits in the stack is not counted, and a listener has an answer"

NO_LINGER = ("close() is the kernel's own and returns at once: stopped for us it would cost every close of every file; what was "
             "written is sent all the same")
NO_ZERO_COPY = ("octets are copied once into the pair, so there is nothing to tell: SO_ZEROCOPY is refused, and MSG_ZEROCOPY without it "
                "is taken and tells nothing, as on Linux")
LOW_WATER = ("poll() on the pair knows no low-water mark, recv() on it does; were few octets kept out of the pair, a recv() that "
             "asks for no more would wait for ever")


def _cells(state, reason, **answers):
    return {f"API-MTX-{state}-{call.replace('_', ' ')}": (answer, reason) for call, answer in answers.items()}


def _unconnected(state):
    return {**_cells(state, NEVER_CONNECTED, recv="EAGAIN / EAGAIN", send="1 / 1"), **_cells(state, NO_HUP, poll="OUT")}


DEVIATIONS = {
    **_unconnected("fresh TCP"),
    **_unconnected("bound"),
    **_cells("LISTEN, empty", LISTENER, recv="EAGAIN / EAGAIN", send="EAGAIN / EAGAIN"),
    **_cells("LISTEN, 1 queued", LISTENER, recv="1 / EAGAIN", send="EAGAIN / EAGAIN"),
    **_cells("connect refused", ONLY_RESET, recv="ECONNRESET / 0", send="EPIPE / EPIPE"),
    **_cells("RST received", WRITE_FIRST, send="EPIPE / EPIPE"),
    **_cells("RST, 3 B unread", WRITE_FIRST, send="EPIPE / EPIPE"),
    **_cells("UDP fresh", DATAGRAM, send="1 / 1"),
    "API-SOCK-008": ("EPROTONOSUPPORT", NO_MPTCP),
    "API-SOCK-019": ("OK", NATIVE_COUNT),
    "API-BIND-006": ("OK", LOW_PORTS),
    "API-LIST-010": (["EAGAIN", False], LISTENER),
    "API-LIST-027": (["EINVAL", "OUT", "ECONNREFUSED", "OK"], NO_HUP),
    "API-CONN-018": (["OK", "ENOTCONN", True, "OUT", "OK"], DISCONNECTED),
    "API-CONN-028": (["OK", "IN,OUT,ERR,HUP,RDHUP"], SHUT_PAIR),
    "API-IO-001": (["OK", False], NEVER_CONNECTED),
    "API-IO-018": (["EPIPE", "EPIPE", "ECONNRESET"], WRITE_FIRST),
    "API-IO-023": ([b"da", b"ta", b"", b"", b""], READ_SHUT),
    "API-IO-026": (["EMSGSIZE", "OK", "EINVAL", "EACCES"], DATAGRAM),
    "API-SHUT-015": ([False, False], NO_LINGER),
    "API-POLL-026": (["IN,OUT", "IN,OUT"], LOW_WATER),
    "TCP-CONN-024": (["OK", False], NO_LINGER),
    "API-POLL-025": (["OUT", "OUT"], DATAGRAM_ERROR),
    "API-IO-036": (["ENOPROTOOPT", "OK", "EAGAIN"], NO_ZERO_COPY),
    "API-POLL-022": (["OUT", "EAGAIN"], DATAGRAM_ERROR),
}

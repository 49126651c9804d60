# What the rows of the conformance run lean on: sockets brought into a state, calls that return an errno's name.
import contextlib
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import time

LOCAL = "127.0.0.1"
ASKED = select.POLLIN | select.POLLPRI | select.POLLOUT | select.POLLRDHUP
BITS = ((select.POLLIN, "IN"), (select.POLLPRI, "PRI"), (select.POLLOUT, "OUT"), (select.POLLERR, "ERR"),
        (select.POLLHUP, "HUP"), (select.POLLRDHUP, "RDHUP"), (select.POLLNVAL, "NVAL"))
KEPT = []  # what must stay open until the row is over


def errno_name(number):
    return "EOPNOTSUPP" if number == errno.EOPNOTSUPP else errno.errorcode.get(number, str(number))


def outcome(call, *arguments, show=None):
    """The errno's name where the call fails, else what `show` makes of its result, else OK."""
    try:
        result = call(*arguments)
    except OSError as error:
        return errno_name(error.errno)
    return show(result) if show else "OK"


def tcp(nonblocking=False, **options):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(not nonblocking)
    set_options(s, **options)
    KEPT.append(s)
    return s


def udp(nonblocking=True):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(not nonblocking)
    KEPT.append(s)
    return s


def set_options(s, reuse=0, reuse_port=0):
    if reuse:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def bound(address=LOCAL, port=0, **options):
    s = tcp(**options)
    s.bind((address, port))
    return s


def listening(backlog=5, address=LOCAL, port=0, **options):
    s = bound(address, port, **options)
    s.listen(backlog)
    return s


def port_of(s):
    return s.getsockname()[1]


def pair(nonblocking=False, listener=None):
    """(client, accepted)"""
    listener = listener or listening()
    client = tcp()
    client.connect(listener.getsockname())
    accepted, _ = listener.accept()
    KEPT.append(accepted)
    client.setblocking(not nonblocking)
    accepted.setblocking(not nonblocking)
    return client, accepted


def abort(s):
    """Closes with RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def disconnect(s):
    """connect() with AF_UNSPEC, which the socket module cannot say"""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.connect(s.fileno(), struct.pack("=H", socket.AF_UNSPEC) + bytes(14), 16) == 0, ctypes.get_errno()


def mask(s, asked=ASKED, wait_ms=0):
    poller = select.poll()
    poller.register(s, asked)
    found = poller.poll(wait_ms)
    bits = found[0][1] if found else 0
    return ",".join(name for bit, name in BITS if bits & bit) or "none"


def settled(ask, accept, limit=1.5):
    """Asks again until the answer is the accepted one, within the limit (s): delivery takes a moment."""
    end = time.monotonic() + limit
    while True:
        answer = ask()
        if accept(answer) or time.monotonic() > end:
            return answer
        time.sleep(0.005)


def wait_for(s, event, limit_ms=2000):
    poller = select.poll()
    poller.register(s, event)
    poller.poll(limit_ms)


def silent_listener():
    """A listener whose queue is full: it ignores further SYNs."""
    listener = listening(backlog=0)
    first = tcp()
    first.connect(listener.getsockname())
    return listener


def refusing_port():
    """An address that is bound and does not listen."""
    return bound().getsockname()


def filled(s):
    """Writes until nothing is taken for a while: what waits in between moves on."""
    refused = 0  # times, and not for a time: on a busy machine a single try may take as long
    while refused < 20:
        refused = 0 if outcome(s.send, bytes(65536)) == "OK" else refused + 1
        time.sleep(0.005)
    return s


def flags_of(s):
    return fcntl.fcntl(s, fcntl.F_GETFL) & os.O_NONBLOCK != 0, fcntl.fcntl(s, fcntl.F_GETFD) & fcntl.FD_CLOEXEC != 0


def option(s, level, name):
    return s.getsockopt(level, name)


@contextlib.contextmanager
def limited_descriptors(more):
    """Room for that many more descriptors."""
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open("/dev/null", os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- the states of spec 6.0 -------------------------------------------------------------------------------------------


def fresh():
    return tcp(nonblocking=True)


def state_bound():
    s = bound()
    s.setblocking(False)
    return s


def listen_empty():
    s = listening(backlog=2)
    s.setblocking(False)
    return s


def listen_queued():
    s = listen_empty()
    client = tcp()
    client.connect(s.getsockname())
    wait_for(s, select.POLLIN)
    return s


def syn_sent():
    address = silent_listener().getsockname()
    s = tcp(nonblocking=True)
    outcome(s.connect, address)
    return s


def refused():
    s = tcp(nonblocking=True)
    outcome(s.connect, refusing_port())
    wait_for(s, 0)
    return s


def established():
    return pair(nonblocking=True)[0]


def established_unread():
    ours, theirs = pair(nonblocking=True)
    theirs.send(b"abc")
    wait_for(ours, select.POLLIN)
    return ours


def fin_wait_2():
    ours, theirs = pair(nonblocking=True)
    ours.shutdown(socket.SHUT_WR)
    wait_for(theirs, select.POLLRDHUP)
    return ours


def shut_read():
    ours = established()
    ours.shutdown(socket.SHUT_RD)
    return ours


def shut_both():
    ours = established()
    ours.shutdown(socket.SHUT_RDWR)
    return ours


def close_wait():
    ours, theirs = pair(nonblocking=True)
    theirs.shutdown(socket.SHUT_WR)
    wait_for(ours, select.POLLRDHUP)
    return ours


def close_wait_unread():
    ours, theirs = pair(nonblocking=True)
    theirs.send(b"abc")
    theirs.shutdown(socket.SHUT_WR)
    wait_for(ours, select.POLLRDHUP)
    return ours


def both_fins():
    ours, theirs = pair(nonblocking=True)
    theirs.shutdown(socket.SHUT_WR)
    wait_for(ours, select.POLLRDHUP)
    ours.shutdown(socket.SHUT_WR)
    wait_for(theirs, select.POLLHUP)
    time.sleep(0.02)
    return ours


def reset():
    ours, theirs = pair(nonblocking=True)
    abort(theirs)
    wait_for(ours, 0)
    return ours


def reset_unread():
    ours, theirs = pair(nonblocking=True)
    theirs.send(b"abc")
    wait_for(ours, select.POLLIN)
    abort(theirs)
    wait_for(ours, 0)
    return ours


def udp_connected():
    s = udp()
    target = udp()
    target.bind((LOCAL, 0))
    s.connect(target.getsockname())
    return s

# Rows of spec 6.1 to 6.8, each as something observed and what it must be.
import array
import fcntl
import os
import select
import signal
import socket
import struct
import termios
import threading
import time

import sockets as at
from sockets import bound, listening, option, outcome, pair, port_of, tcp, udp

ROWS = []
SIOCOUTQ = termios.TIOCOUTQ
IPPROTO_MPTCP = 262


def row(identity, expected):
    """Registers a function that returns what was observed."""
    def keep(function):
        ROWS.append((identity, expected, function))
        return function
    return keep


def without_capabilities():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6)
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


# --- 6.1 socket(), descriptors ----------------------------------------------------------------------------------------


def make(*arguments):
    return outcome(lambda: at.KEPT.append(socket.socket(*arguments)))


@row("API-SOCK-001", "EAFNOSUPPORT")
def unknown_family():
    return make(99, socket.SOCK_STREAM, 0)


@row("API-SOCK-002", "ESOCKTNOSUPPORT")
def wrong_type():
    return make(socket.AF_INET, socket.SOCK_SEQPACKET, 0)


@row("API-SOCK-003", ["EINVAL", "EINVAL"])
def type_out_of_range():
    return [make(socket.AF_INET, 11, 0), make(socket.AF_INET, 300, 0)]


@row("API-SOCK-004", ["EPROTONOSUPPORT"] * 3)
def wrong_protocol():
    return [make(socket.AF_INET, socket.SOCK_STREAM, 99), make(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP),
            make(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_TCP)]


@row("API-SOCK-005", "EPERM")
def raw_without_capability():
    without_capabilities()
    return make(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@row("API-SOCK-006", ["EMFILE", "OK"])
def descriptor_limit():
    with at.limited_descriptors(0):
        full = make(socket.AF_INET, socket.SOCK_STREAM, 0)
    return [full, make(socket.AF_INET, socket.SOCK_STREAM, 0)]


@row("API-SOCK-007", [[True, True], [False, False]])
def flags_in_type():
    import ctypes
    libc = ctypes.CDLL(None)
    made = []
    for flags in (socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0):
        fd = libc.socket(socket.AF_INET, socket.SOCK_STREAM | flags, 0)
        made.append(list(at.flags_of(fd)))
        os.close(fd)
    return made


@row("API-SOCK-008", "OK")
def mptcp():
    return make(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)


@row("API-SOCK-009", True)
def lowest_free_descriptor():
    lowest = os.open("/dev/null", os.O_RDONLY)
    os.close(lowest)
    return tcp().fileno() == lowest


@row("API-SOCK-010", ["EBADF"] * 3)
def closed_descriptor():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    import errno
    fd = os.dup(tcp().fileno())
    os.close(fd)
    return [errno.errorcode[ctypes.get_errno()] for result in
            (libc.listen, lambda f, _: libc.accept(f, None, None), lambda f, _: libc.shutdown(f, 2)) if result(fd, 1) == -1]


@row("API-SOCK-011", ["ENOTSOCK"] * 2)
def no_socket():
    import ctypes
    import errno
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/dev/null", "rb") as file:
        return [errno.errorcode[ctypes.get_errno()] for call in (libc.listen, libc.shutdown) if call(file.fileno(), 1) == -1]


@row("API-SOCK-012", ["EFAULT", "EFAULT"])
def bad_pointer():
    import ctypes
    import errno
    libc = ctypes.CDLL(None, use_errno=True)
    s = tcp()
    found = []
    for call in (libc.bind, libc.connect):
        call(s.fileno(), ctypes.c_void_p(8), 16)
        found.append(errno.errorcode[ctypes.get_errno()])
    return found


@row("API-SOCK-013", ["none", "IN,RDHUP"])
def last_close_closes():
    ours, theirs = pair()
    copy = ours.dup()
    ours.close()
    time.sleep(0.05)
    before = at.mask(theirs, select.POLLIN | select.POLLRDHUP)
    copy.shutdown(socket.SHUT_WR)
    return [before, at.mask(theirs, select.POLLIN | select.POLLRDHUP, 2000)]


@row("API-SOCK-014", ["inherited", "gone"])
def exec_keeps_descriptors():
    import subprocess
    import sys
    ours, theirs = pair()
    number = ours.fileno()
    found = []
    for keep in (True, False):
        code = f"import os\ntry: os.write({number}, b'from the child')\nexcept OSError: pass"
        subprocess.run([sys.executable, "-c", code], close_fds=False, check=False,
                       preexec_fn=lambda keep=keep: os.set_inheritable(number, keep))
        theirs.settimeout(0.3)
        try:
            found.append("inherited" if theirs.recv(100) == b"from the child" else "other")
        except TimeoutError:
            found.append("gone")
    return found


@row("API-SOCK-015", [False, True])
def nonblocking_is_shared_by_copies():
    s = tcp()
    copy = s.dup()
    before = at.flags_of(copy)[0]
    s.setblocking(False)
    return [before, at.flags_of(copy)[0]]


@row("API-SOCK-016", [b"one", b"two", b"three", b"four", b"five"])
def other_ways_to_move_octets():
    import tempfile
    ours, theirs = pair()
    theirs.settimeout(2)
    found = []
    os.write(ours.fileno(), b"one")
    at.wait_for(theirs, select.POLLIN)
    found.append(os.read(theirs.fileno(), 100))
    os.writev(ours.fileno(), [b"t", b"wo"])
    at.wait_for(theirs, select.POLLIN)
    parts = [bytearray(1), bytearray(10)]
    count = os.readv(theirs.fileno(), parts)
    found.append(bytes(parts[0] + parts[1])[:count])
    with tempfile.TemporaryFile() as file:
        file.write(b"three")
        file.flush()
        os.sendfile(ours.fileno(), file.fileno(), 0, 5)
    found.append(theirs.recv(100))
    out, into = os.pipe()
    os.write(into, b"four")
    os.splice(out, ours.fileno(), 4)
    found.append(theirs.recv(100))
    ours.sendmsg([b"fi", b"ve"])
    found.append(theirs.recvmsg(100)[0])
    return found


@row("API-SOCK-017", ["ESPIPE", True])
def seek_and_stat():
    import stat
    s = tcp()
    return [outcome(os.lseek, s.fileno(), 0, os.SEEK_SET), stat.S_ISSOCK(os.fstat(s.fileno()).st_mode)]


@row("API-SOCK-018", [5, 0])
def unread_count():
    ours, theirs = pair()
    theirs.send(b"12345")
    at.wait_for(ours, select.POLLIN)
    buffer = array.array("i", [0])
    fcntl.ioctl(ours, termios.FIONREAD, buffer)
    unread = buffer[0]
    ours.recv(100)
    fcntl.ioctl(ours, termios.FIONREAD, buffer)
    return [unread, buffer[0]]


@row("API-SOCK-019", "EINVAL")
def unread_count_of_listener():
    return outcome(fcntl.ioctl, listening(), termios.FIONREAD, array.array("i", [0]))


@row("API-SOCK-020", "SIGIO")
def asynchronous():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
    ours, theirs = pair()
    fcntl.fcntl(ours, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
    theirs.send(b"x")
    found = signal.sigtimedwait({signal.SIGIO}, 2)
    return "SIGIO" if found else "none"


@row("API-SOCK-021", [1, 2, 6, 0, 1, 2, 17])
def what_am_i():
    s, level = tcp(), socket.SOL_SOCKET
    datagram = udp()
    return [option(s, level, o) for o in (socket.SO_TYPE, socket.SO_DOMAIN, socket.SO_PROTOCOL, socket.SO_ACCEPTCONN)] + [
        option(listening(), level, socket.SO_ACCEPTCONN), option(datagram, level, socket.SO_TYPE),
        option(datagram, level, socket.SO_PROTOCOL)]


# --- 6.2 bind() -------------------------------------------------------------------------------------------------------


def bind_raw(name, length=None):
    """bind() with octets as they are."""
    import ctypes
    import errno
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(tcp().fileno(), name, len(name) if length is None else length) == 0:
        return "OK"
    return errno.errorcode[ctypes.get_errno()]


def name_of(address, port=0, family=socket.AF_INET):
    return struct.pack("=H", family) + struct.pack("!H", port) + socket.inet_aton(address) + bytes(8)


@row("API-BIND-001", "EINVAL")
def bind_twice():
    return outcome(bound().bind, (at.LOCAL, 0))


@row("API-BIND-002", "EINVAL")
def bind_after_connect():
    return outcome(pair()[0].bind, (at.LOCAL, 0))


@row("API-BIND-003", "EADDRNOTAVAIL")
def bind_to_foreign_address():
    return outcome(tcp().bind, ("192.0.2.9", 0))


@row("API-BIND-004", "OK")
def bind_to_any_loopback_address():
    return outcome(tcp().bind, ("127.9.9.9", 0))


@row("API-BIND-005", ["OK", "OK"])
def bind_to_broadcast_and_multicast():
    return [outcome(tcp().bind, ("255.255.255.255", 0)), outcome(tcp().bind, ("224.0.0.1", 0))]


@row("API-BIND-006", "EACCES")
def bind_low_port_without_capability():
    without_capabilities()
    return outcome(tcp().bind, (at.LOCAL, 80))


@row("API-BIND-007", ["EINVAL", "EINVAL"])
def bind_with_wrong_length():
    return [bind_raw(name_of(at.LOCAL), 8), bind_raw(name_of(at.LOCAL) + bytes(200), 200)]


@row("API-BIND-008", "EAFNOSUPPORT")
def bind_with_other_family():
    return bind_raw(struct.pack("=H", socket.AF_INET6) + bytes(26))


@row("API-BIND-009", ["OK", "EAFNOSUPPORT"])
def bind_with_no_family():
    return [bind_raw(name_of("0.0.0.0", family=socket.AF_UNSPEC)), bind_raw(name_of(at.LOCAL, family=socket.AF_UNSPEC))]


@row("API-BIND-010", True)
def bind_to_port_0():
    return port_of(bound()) != 0


@row("API-BIND-011", ["0.0.0.0", 0])
def name_before_bind():
    return list(tcp().getsockname())


def again(first, second, listen_first=False, addresses=(at.LOCAL, at.LOCAL)):
    """The second bind on the port of the first; options as reuse=1, reuse_port=1."""
    one = bound(addresses[0], **first)
    if listen_first:
        one.listen(5)
    return outcome(tcp(**second).bind, (addresses[1], port_of(one)))


RA, RP, NONE = {"reuse": 1}, {"reuse_port": 1}, {}


@row("API-BIND-013", "EADDRINUSE")
def same_address():
    return again(NONE, NONE)


@row("API-BIND-014", "OK")
def same_address_reuse_both():
    return again(RA, RA)


@row("API-BIND-015", ["EADDRINUSE", "EADDRINUSE"])
def same_address_reuse_one():
    return [again(RA, NONE), again(NONE, RA)]


@row("API-BIND-016", "EADDRINUSE")
def same_address_reuse_both_first_listens():
    return again(RA, RA, listen_first=True)


@row("API-BIND-017", ["OK", "EADDRINUSE"])
def both_bound_then_both_listen():
    one = bound(**RA)
    two = tcp(**RA)
    two.bind(one.getsockname())
    return [outcome(one.listen, 5), outcome(two.listen, 5)]


@row("API-BIND-018", ["OK", "OK"])
def reuse_port_both():
    return [again(RP, RP), again(RP, RP, listen_first=True)]


@row("API-BIND-019", ["EADDRINUSE"] * 3)
def reuse_port_one():
    return [again(RP, NONE), again(NONE, RP), again(RP, RA)]


ANY = ("0.0.0.0", at.LOCAL)


@row("API-BIND-021", ["EADDRINUSE", "EADDRINUSE"])
def any_and_specific():
    return [again(NONE, NONE, addresses=ANY), again(NONE, NONE, addresses=ANY[::-1])]


@row("API-BIND-022", ["OK", "OK"])
def any_and_specific_reuse_both():
    return [again(RA, RA, addresses=ANY), again(RA, RA, addresses=ANY[::-1])]


@row("API-BIND-023", ["EADDRINUSE", "EADDRINUSE"])
def any_and_specific_reuse_both_first_listens():
    return [again(RA, RA, True, ANY), again(RA, RA, True, ANY[::-1])]


@row("API-BIND-024", "OK")
def two_specific_addresses():
    return again(NONE, NONE, addresses=(at.LOCAL, "127.0.0.2"))


def over_time_wait(old, new):
    one = bound(**old)
    one.connect(listening().getsockname())
    name = one.getsockname()
    peer = at.KEPT[-1].accept()[0]
    one.shutdown(socket.SHUT_WR)
    at.wait_for(peer, select.POLLRDHUP)
    peer.close()
    at.wait_for(one, select.POLLHUP)
    one.close()
    time.sleep(0.1)
    return outcome(tcp(**new).bind, name)


@row("API-BIND-025", ["EADDRINUSE", "EADDRINUSE", "EADDRINUSE", "OK"])
def time_wait():
    return [over_time_wait(old, new) for old, new in ((NONE, NONE), (NONE, RA), (RA, NONE), (RA, RA))]


def over_child(old, new):
    listener = listening(**old)
    name = listener.getsockname()
    pair(listener=listener)
    listener.close()
    time.sleep(0.05)
    s = tcp(**new)
    bound_ = outcome(s.bind, name)
    return bound_ if bound_ != "OK" else outcome(s.listen, 5)


@row("API-BIND-026", ["EADDRINUSE", "EADDRINUSE", "OK"])
def live_child():
    return [over_child(old, new) for old, new in ((NONE, NONE), (NONE, RA), (RA, RA))]


@row("API-BIND-034", ["EADDRINUSE", "OK", "EADDRINUSE", "OK", "EADDRINUSE"])
def datagrams_on_one_port():
    found = []
    for first, second in ((NONE, NONE), (RA, RA), (RA, NONE), (RP, RP), (RA, RP)):
        one, two = udp(), udp()
        at.set_options(one, **first)
        at.set_options(two, **second)
        one.bind((at.LOCAL, 0))
        found.append(outcome(two.bind, one.getsockname()))
    return found


@row("API-BIND-036", "OK")
def reuse_port_set_after_bind():
    one = bound()
    at.set_options(one, **RP)
    return outcome(tcp(**RP).bind, one.getsockname())


@row("API-BIND-037", [0, True])
def port_chosen_at_connect():
    s = tcp()
    s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    s.bind((at.LOCAL, 0))
    before = port_of(s)
    s.connect(listening().getsockname())
    return [before, port_of(s) != 0]


@row("API-BIND-038", "OK")
def port_is_free_after_close():
    one = bound()
    name = one.getsockname()
    one.close()
    return at.settled(lambda: outcome(tcp().bind, name), lambda result: result == "OK")


# --- 6.3 listen(), accept() -------------------------------------------------------------------------------------------


@row("API-LIST-001", True)
def listen_binds_by_itself():
    s = tcp()
    s.listen(5)
    return port_of(s) != 0


@row("API-LIST-002", ["OK", "OK"])
def listen_twice():
    s = bound()
    return [outcome(s.listen, 1), outcome(s.listen, 7)]


@row("API-LIST-006", "EADDRINUSE")
def listen_beside_listener():
    one, two = bound(**RA), tcp(**RA)
    two.bind(one.getsockname())
    one.listen(5)
    return outcome(two.listen, 5)


def admitted(backlog, tries=5):
    listener = bound()
    libc().listen(listener.fileno(), backlog)  # python would raise a negative one to 0
    callers = [tcp(nonblocking=True) for _ in range(tries)]
    for caller in callers:
        outcome(caller.connect, listener.getsockname())
    time.sleep(0.2)
    return sum(at.mask(caller) == "OUT" for caller in callers)


@row("API-LIST-007", 5)
def negative_backlog_is_the_largest():
    return admitted(-1)


@row("API-LIST-008", [1, 2, 3])
def backlog_admits_one_more():
    return [admitted(0), admitted(1), admitted(2)]


@row("API-LIST-009", 1)
def accepts_connections():
    return option(listening(), socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


@row("API-LIST-010", ["EPIPE", True])
def send_on_listener():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    result = outcome(listening().send, b"x", socket.MSG_DONTWAIT)
    return [result, signal.sigtimedwait({signal.SIGPIPE}, 0) is not None]


@row("API-LIST-014", [["0.0.0.0", at.LOCAL]])
def name_of_accepted():
    listener = listening(address="0.0.0.0")
    client = tcp()
    client.connect((at.LOCAL, port_of(listener)))
    accepted, _ = listener.accept()
    return [[listener.getsockname()[0], accepted.getsockname()[0]]]


def timed(call, *arguments):
    began = time.monotonic()
    result = outcome(call, *arguments)
    return result, time.monotonic() - began


def set_timeout(s, name, seconds):
    s.setsockopt(socket.SOL_SOCKET, name, struct.pack("ll", int(seconds), int(seconds % 1 * 1e6)))


@row("API-LIST-016", ["EAGAIN", True])
def accept_with_timeout():
    s = listening()
    set_timeout(s, socket.SO_RCVTIMEO, 0.1)
    result, took = timed(s.accept)
    return [result, 0.09 <= took < 1]


def interrupted(call, *arguments):
    """The errno of a call that a signal without SA_RESTART interrupts (python would restart it: ctypes does not)."""
    import ctypes
    import errno
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, True)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    ctypes.set_errno(0)
    result = call(*arguments)
    number = ctypes.get_errno()
    signal.setitimer(signal.ITIMER_REAL, 0)
    return "OK" if result >= 0 else errno.errorcode[number]


def libc():
    import ctypes
    return ctypes.CDLL(None, use_errno=True)


@row("API-LIST-019", "EINTR")
def accept_interrupted():
    return interrupted(libc().accept, listening().fileno(), None, None)


@row("API-LIST-020", ["EMFILE", "OK"])
def accept_at_descriptor_limit():
    listener = listening()
    tcp().connect(listener.getsockname())
    at.wait_for(listener, select.POLLIN)
    with at.limited_descriptors(0):
        full = outcome(listener.accept)
    listener.settimeout(2)
    return [full, outcome(listener.accept)]


@row("API-LIST-021", ["OK", "ENOTCONN", "ECONNRESET"])
def accept_of_a_reset_connection():
    listener = listening()
    client = tcp()
    client.connect(listener.getsockname())
    at.wait_for(listener, select.POLLIN)
    at.abort(client)
    time.sleep(0.1)
    listener.settimeout(2)
    found = []
    result = outcome(lambda: found.append(listener.accept()[0]))
    accepted = found[0]
    accepted.settimeout(2)
    name = at.settled(lambda: outcome(accepted.getpeername), lambda r: r == "ENOTCONN")
    return [result, name, outcome(accepted.recv, 1)]


@row("API-LIST-022", [[True, True], "EINVAL"])
def accept4_flags():
    import ctypes
    import errno
    listener = listening()
    tcp().connect(listener.getsockname())
    fd = libc().accept4(listener.fileno(), None, None, socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    flags = list(at.flags_of(fd))
    os.close(fd)
    lib = libc()
    lib.accept4(listener.fileno(), None, None, 1)
    return [flags, errno.errorcode[ctypes.get_errno()]]


@row("API-LIST-023", False)
def accepted_is_blocking():
    listener = listening()
    tcp().connect(listener.getsockname())
    at.wait_for(listener, select.POLLIN)
    listener.setblocking(False)
    fd, _ = listener._accept()  # the plain call: accept() of python sets flags itself
    found = at.flags_of(fd)[0]
    os.close(fd)
    return found


@row("API-LIST-024", [1, [1, 7], 1, 40000, 1, 9])
def accepted_inherits_options():
    listener = bound()
    level = socket.SOL_SOCKET
    listener.setsockopt(level, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(level, socket.SO_LINGER, struct.pack("ii", 1, 7))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(level, socket.SO_RCVBUF, 20000)
    listener.setsockopt(level, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 9)
    listener.listen(5)
    accepted = pair(listener=listener)[1]
    result = [option(accepted, level, socket.SO_KEEPALIVE), list(struct.unpack("ii", accepted.getsockopt(level, socket.SO_LINGER, 8))),
              option(accepted, socket.IPPROTO_TCP, socket.TCP_NODELAY), option(accepted, level, socket.SO_RCVBUF),
              option(accepted, level, socket.SO_REUSEADDR), option(accepted, socket.IPPROTO_IP, socket.IP_TTL)]
    accepted.setsockopt(level, socket.SO_LINGER, struct.pack("ii", 0, 0))
    return result


@row("API-LIST-025", [4, 16])
def short_address():
    import ctypes
    listener = listening()
    tcp().connect(listener.getsockname())
    name, length = (ctypes.c_ubyte * 16)(*[0xee] * 16), ctypes.c_uint(4)
    os.close(libc().accept(listener.fileno(), name, ctypes.byref(length)))
    return [4 if all(octet == 0xee for octet in name[4:]) else 16, length.value]


@row("API-LIST-027", ["EINVAL", "OUT,HUP", "ECONNREFUSED", "OK"])
def shutdown_of_listener_ends_a_blocked_accept():
    listener = listening()
    name = listener.getsockname()
    found = []
    waiter = threading.Thread(target=lambda: found.append(outcome(listener.accept)))
    waiter.start()
    time.sleep(0.2)
    listener.shutdown(socket.SHUT_RD)
    waiter.join(3)
    mask = at.settled(lambda: at.mask(listener), lambda m: m == "OUT,HUP")
    refused = at.settled(lambda: outcome(tcp().connect, name), lambda r: r == "ECONNREFUSED")
    return [found[0] if found else "still blocked", mask, refused, outcome(listener.listen, 5)]


@row("API-LIST-028", "OK")
def shutdown_write_of_listener_does_nothing():
    listener = listening()
    listener.shutdown(socket.SHUT_WR)
    client = tcp()
    client.settimeout(2)
    return outcome(client.connect, listener.getsockname())


@row("API-LIST-031", [0, 1, 1, 1])
def four_accepts_four_connections():
    listener = listening()
    counts = [0, 0, 0, 0]

    def wait(n):
        listener.accept()
        counts[n] += 1

    for n in range(4):
        threading.Thread(target=wait, args=(n,), daemon=True).start()
    time.sleep(0.2)
    for _ in range(3):
        tcp().connect(listener.getsockname())
        time.sleep(0.05)
    time.sleep(0.2)
    return sorted(counts)


# --- 6.4 connect() ----------------------------------------------------------------------------------------------------


@row("API-CONN-001", "ECONNREFUSED")
def connect_to_closed_port():
    return outcome(tcp().connect, at.refusing_port())


@row("API-CONN-002", ["ECONNREFUSED", "OK"])
def connect_again_after_failure():
    s = tcp()
    return [outcome(s.connect, at.refusing_port()), outcome(s.connect, listening().getsockname())]


@row("API-CONN-003", ["EINPROGRESS", "EALREADY", "none"])
def connect_in_progress():
    name = at.silent_listener().getsockname()
    s = tcp(nonblocking=True)
    return [outcome(s.connect, name), outcome(s.connect, name), at.mask(s)]


@row("API-CONN-004", ["EINPROGRESS", "OUT", "OK", "EISCONN"])
def connect_again_after_success():
    name = listening().getsockname()
    s = tcp(nonblocking=True)
    first = outcome(s.connect, name)
    mask = at.settled(lambda: at.mask(s), lambda m: m == "OUT")
    return [first, mask, outcome(s.connect, name), outcome(s.connect, name)]


@row("API-CONN-005", ["ECONNREFUSED", "EINPROGRESS"])
def connect_again_tells_the_error_once():
    s = at.refused()
    return [outcome(s.connect, at.refusing_port()), outcome(s.connect, at.refusing_port())]


@row("API-CONN-006", ["ECONNABORTED", "EINPROGRESS"])
def connect_again_after_so_error():
    s = at.refused()
    option(s, socket.SOL_SOCKET, socket.SO_ERROR)
    return [outcome(s.connect, at.refusing_port()), outcome(s.connect, at.refusing_port())]


@row("API-CONN-007", [111, 0])
def so_error_is_told_once():
    s = at.refused()
    return [option(s, socket.SOL_SOCKET, socket.SO_ERROR), option(s, socket.SOL_SOCKET, socket.SO_ERROR)]


@row("API-CONN-011", ["ENETUNREACH", "ENETUNREACH"])
def connect_to_broadcast_and_multicast():
    return [outcome(tcp().connect, ("255.255.255.255", 80)), outcome(tcp().connect, ("224.0.0.1", 80))]


@row("API-CONN-012", "ECONNREFUSED")
def connect_to_port_0():
    return outcome(tcp().connect, (at.LOCAL, 0))


@row("API-CONN-013", ["OK", at.LOCAL])
def connect_to_any():
    s = tcp()
    return [outcome(s.connect, ("0.0.0.0", port_of(listening(address="0.0.0.0")))), s.getpeername()[0]]


@row("API-CONN-014", ["EAFNOSUPPORT", "EINVAL", "EINVAL"])
def connect_with_bad_names():
    import ctypes
    import errno
    lib = libc()
    found = []
    for name, length in ((struct.pack("=H", socket.AF_INET6) + bytes(26), 28), (name_of(at.LOCAL, 80), 8), (name_of(at.LOCAL, 80), 1)):
        lib.connect(tcp().fileno(), name, length)
        found.append(errno.errorcode[ctypes.get_errno()])
    return found


@row("API-CONN-016", ["OK", "EADDRNOTAVAIL"])
def four_tuple_in_use():
    listener = listening()
    one = bound(**RA)
    one.connect(listener.getsockname())
    two = tcp(**RA)
    return [outcome(two.bind, one.getsockname()), outcome(two.connect, listener.getsockname())]


@row("API-CONN-018", ["OK", "ENOTCONN", True, "OUT,ERR,HUP", "OK"])
def disconnect():
    s, _ = pair()
    port = port_of(s)
    result = "OK" if libc().connect(s.fileno(), struct.pack("=H", socket.AF_UNSPEC) + bytes(14), 16) == 0 else "failed"
    mask = at.settled(lambda: at.mask(s), lambda m: m == "OUT,ERR,HUP")
    return [result, outcome(s.getpeername), s.getsockname() == ("0.0.0.0", port), mask,
            outcome(s.connect, listening().getsockname())]


@row("API-CONN-019", ["EINPROGRESS", "EALREADY", True])
def connect_with_timeout():
    name = at.silent_listener().getsockname()
    s = tcp()
    set_timeout(s, socket.SO_SNDTIMEO, 0.2)
    result, took = timed(s.connect, name)
    s.setblocking(False)
    return [result, outcome(s.connect, name), 0.19 <= took < 0.9]


@row("API-CONN-020", ["EINTR", "EALREADY"])
def connect_interrupted():
    address, port = at.silent_listener().getsockname()
    s = tcp()
    result = interrupted(libc().connect, s.fileno(), name_of(address, port), 16)
    s.setblocking(False)
    return [result, outcome(s.connect, (address, port))]


@row("API-CONN-021", "ECONNRESET")
def shutdown_ends_a_blocked_connect():
    name = at.silent_listener().getsockname()
    s = tcp()
    threading.Timer(0.2, lambda: s.shutdown(socket.SHUT_RDWR)).start()
    return outcome(s.connect, name)


@row("API-CONN-022", ["ETIMEDOUT", True])
def connect_with_user_timeout():
    name = at.silent_listener().getsockname()
    s = tcp()
    s.setsockopt(socket.IPPROTO_TCP, 18, 1500)
    result, took = timed(s.connect, name)
    return [result, 1.4 <= took < 3]


@row("API-CONN-026", [at.LOCAL, "ENOTCONN"])
def names_in_syn_sent():
    s = at.syn_sent()
    return [s.getsockname()[0], outcome(s.getpeername)]


@row("API-CONN-028", ["OK", "OUT,ERR,HUP"])
def shutdown_in_syn_sent():
    s = at.syn_sent()
    return [outcome(s.shutdown, socket.SHUT_RDWR), at.settled(lambda: at.mask(s), lambda m: m == "OUT,ERR,HUP")]


@row("API-CONN-030", ["OK", b"to myself"])
def self_connect():
    s = bound()
    result = outcome(s.connect, s.getsockname())
    s.settimeout(2)
    s.sendall(b"to myself")
    return [result, s.recv(100)]


@row("API-CONN-031", ["OK", True])
def connected_datagrams_filter():
    one, two, stranger = udp(), udp(), udp()
    for s in (one, two, stranger):
        s.bind((at.LOCAL, 0))
    result = outcome(one.connect, two.getsockname())
    stranger.sendto(b"no", one.getsockname())
    two.sendto(b"yes", one.getsockname())
    at.wait_for(one, select.POLLIN)
    return [result, one.recv(100) == b"yes" and outcome(one.recv, 100) == "EAGAIN"]


# --- 6.5 send(), recv() -----------------------------------------------------------------------------------------------


@row("API-IO-001", ["EPIPE", True])
def send_on_fresh_socket():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    result = outcome(tcp().send, b"x")
    return [result, signal.sigtimedwait({signal.SIGPIPE}, 0) is not None]


@row("API-IO-003", "EPIPE")
def sendto_on_fresh_socket():
    return outcome(tcp().sendto, b"x", socket.MSG_NOSIGNAL, listening().getsockname())


@row("API-IO-004", ["OK", b"x"])
def sendto_on_connected_socket():
    ours, theirs = pair()
    theirs.settimeout(2)
    return [outcome(ours.sendto, b"x", ("192.0.2.1", 9)), theirs.recv(10)]


@row("API-IO-005", [0, 0])
def nothing_sent_nothing_received():
    ours, _ = pair()
    return [ours.send(b""), len(ours.recv(0))]


@row("API-IO-006", ["EAGAIN", "EAGAIN"])
def recv_without_data():
    ours, _ = pair()
    first = outcome(ours.recv, 10, socket.MSG_DONTWAIT)
    ours.setblocking(False)
    return [first, outcome(ours.recv, 10)]


@row("API-IO-007", ["EAGAIN", True, "EAGAIN", True])
def timeouts():
    ours, _ = pair()
    set_timeout(ours, socket.SO_RCVTIMEO, 0.2)
    read, took = timed(ours.recv, 10)
    set_timeout(ours, socket.SO_SNDTIMEO, 0.2)
    written = "OK"
    while written == "OK":
        written, waited = timed(ours.send, bytes(65536))
    return [read, 0.19 <= took < 0.9, written, 0.15 <= waited < 0.9]


@row("API-IO-008", [b"abc", b"abcdef"])
def peek():
    ours, theirs = pair()
    theirs.send(b"abcdef")
    at.wait_for(ours, select.POLLIN)
    return [ours.recv(3, socket.MSG_PEEK), ours.recv(10)]


@row("API-IO-009", [4, b"ef"])
def truncate_discards():
    ours, theirs = pair()
    theirs.send(b"abcdef")
    at.wait_for(ours, select.POLLIN)
    return [ours.recv_into(bytearray(4), 4, socket.MSG_TRUNC), ours.recv(10)]


@row("API-IO-010", b"abcdef")
def wait_for_all():
    ours, theirs = pair()
    theirs.send(b"abc")
    threading.Timer(0.2, lambda: theirs.send(b"def")).start()
    return ours.recv(6, socket.MSG_WAITALL)


@row("API-IO-012", ["EPIPE", False, "EPIPE", True])
def no_signal():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    ours, _ = pair()
    ours.shutdown(socket.SHUT_WR)
    found = []
    for flags in (socket.MSG_NOSIGNAL, 0):
        found += [outcome(ours.send, b"x", flags), signal.sigtimedwait({signal.SIGPIPE}, 0) is not None]
    return found


@row("API-IO-013", ["EAGAIN", "none", "OUT"])
def full_buffer():
    ours, theirs = pair(nonblocking=True)
    result, sent = "OK", 0

    def fill():
        nonlocal result, sent
        result = "OK"
        while result == "OK":
            result = outcome(lambda: ours.send(bytes(65536)))
            sent += result == "OK"
        time.sleep(0.05)
        return outcome(ours.send, b"x")

    at.settled(fill, lambda last: last == "EAGAIN" and at.mask(ours) == "none", limit=3)
    mask = at.mask(ours)
    theirs.setblocking(False)
    end = time.monotonic() + 3
    while at.mask(ours) != "OUT" and time.monotonic() < end:
        outcome(theirs.recv, 1 << 20)
    return [result, mask, at.mask(ours)]


@row("API-IO-015", [b"rest", b"", b"", 2, b"hi"])
def half_closed_by_peer():
    ours, theirs = pair()
    theirs.send(b"rest")
    theirs.shutdown(socket.SHUT_WR)
    theirs.settimeout(2)
    return [ours.recv(10), ours.recv(10), ours.recv(10), ours.send(b"hi"), theirs.recv(10)]


@row("API-IO-016", [1, "EPIPE", "IN,OUT,HUP,RDHUP", b""])
def send_after_peer_closed():
    ours, theirs = pair()
    theirs.close()
    at.wait_for(ours, select.POLLRDHUP)
    first = ours.send(b"x")
    at.settled(lambda: at.mask(ours), lambda m: "HUP" in m.split(","))
    second = outcome(ours.send, b"x", socket.MSG_NOSIGNAL)
    return [first, second, at.mask(ours), ours.recv(10)]


@row("API-IO-017", ["ECONNRESET", b""])
def recv_after_reset():
    s = at.reset()
    return [outcome(s.recv, 10), s.recv(10)]


@row("API-IO-018", ["ECONNRESET", "EPIPE", b""])
def send_after_reset():
    s = at.reset()
    return [outcome(s.send, b"x", socket.MSG_NOSIGNAL), outcome(s.send, b"x", socket.MSG_NOSIGNAL),
            outcome(s.recv, 10, show=lambda octets: octets)]


@row("API-IO-019", [104, b"", "EPIPE"])
def so_error_after_reset():
    s = at.reset()
    return [option(s, socket.SOL_SOCKET, socket.SO_ERROR), s.recv(10), outcome(s.send, b"x", socket.MSG_NOSIGNAL)]


@row("API-IO-020", [b"abc", "ECONNRESET"])
def unread_octets_then_reset():
    s = at.reset_unread()
    return [s.recv(10), outcome(s.recv, 10)]


@row("API-IO-021", "ECONNRESET")
def peer_closed_with_unread_octets():
    ours, theirs = pair()
    ours.send(b"never read")
    at.wait_for(theirs, select.POLLIN)
    theirs.close()
    ours.settimeout(2)
    return outcome(ours.recv, 10)


@row("API-IO-023", [b"da", b"ta", b"", b"more", b""])
def recv_after_shutdown_read():
    ours, theirs = pair()
    theirs.send(b"data")
    at.wait_for(ours, select.POLLIN)
    ours.shutdown(socket.SHUT_RD)
    found = [ours.recv(2), ours.recv(2), ours.recv(10)]
    theirs.send(b"more")
    time.sleep(0.1)
    return found + [ours.recv(10), ours.recv(10)]


@row("API-IO-024", b"")
def shutdown_read_wakes_recv():
    ours, _ = pair()
    threading.Timer(0.2, lambda: ours.shutdown(socket.SHUT_RD)).start()
    return ours.recv(10)


@row("API-IO-026", ["EMSGSIZE", "EDESTADDRREQ", "EINVAL", "EACCES"])
def datagram_errors():
    s = udp()
    target = (at.LOCAL, 9)
    return [outcome(s.sendto, bytes(65508), target), outcome(s.send, b"x"), outcome(s.sendto, b"x", (at.LOCAL, 0)),
            outcome(s.sendto, b"x", ("127.255.255.255", 9))]


@row("API-IO-027", [b"ab", True])
def cut_datagram():
    one, two = udp(), udp()
    two.bind((at.LOCAL, 0))
    one.sendto(b"abcde", two.getsockname())
    at.wait_for(two, select.POLLIN)
    octets, _, flags, _ = two.recvmsg(2)
    return [octets, bool(flags & socket.MSG_TRUNC)]


@row("API-IO-028", "EMSGSIZE")
def too_many_parts():
    one, two = udp(), udp()
    two.bind((at.LOCAL, 0))
    one.connect(two.getsockname())
    import ctypes
    import errno

    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    class Message(ctypes.Structure):
        _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint), ("parts", ctypes.c_void_p),
                    ("count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
                    ("flags", ctypes.c_int)]

    parts = (Part * 1025)()
    message = Message(None, 0, ctypes.cast(parts, ctypes.c_void_p), 1025, None, 0, 0)
    if libc().sendmsg(one.fileno(), ctypes.byref(message), 0) >= 0:
        return "OK"
    return errno.errorcode[ctypes.get_errno()]


@row("API-IO-031", [b"x", None])
def recvfrom_on_a_stream():
    ours, theirs = pair()
    theirs.send(b"x")
    ours.settimeout(2)
    octets, name = ours.recvfrom(10)
    return [octets, name or None]


@row("API-IO-034", [False, True])
def sigpipe_is_for_the_caller():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    ours, _ = pair()
    ours.shutdown(socket.SHUT_WR)
    other = []

    def send():
        outcome(ours.send, b"x")
        other.append(signal.SIGPIPE in signal.sigpending())

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    return [signal.SIGPIPE in signal.sigpending()] + other


# --- 6.6 shutdown(), close() ------------------------------------------------------------------------------------------


@row("API-SHUT-002", "EINVAL")
def bad_how():
    return outcome(pair()[0].shutdown, 7)


@row("API-SHUT-003", "ENOTCONN")
def shutdown_of_datagrams():
    return outcome(udp().shutdown, socket.SHUT_RDWR)


@row("API-SHUT-004", ["OK", "OK"])
def shutdown_write_twice():
    ours, _ = pair()
    return [outcome(ours.shutdown, socket.SHUT_WR), outcome(ours.shutdown, socket.SHUT_WR)]


@row("API-SHUT-006", ["ENOTCONN", "EISCONN", "ENOTCONN"])
def after_both_fins():
    s = at.both_fins()
    shut = at.settled(lambda: outcome(s.shutdown, socket.SHUT_WR), lambda r: r == "ENOTCONN")
    return [shut, outcome(s.connect, listening().getsockname()), outcome(s.getpeername)]


@row("API-SHUT-013", [True, b""])
def close_sends_what_was_written():
    ours, theirs = pair()
    ours.setblocking(False)
    total = 0
    try:
        while total < 400_000:
            total += ours.send(bytes(16384))
    except BlockingIOError:
        pass
    ours.close()
    theirs.settimeout(3)
    received = 0
    while part := theirs.recv(65536):
        received += len(part)
    return [received == total, theirs.recv(1)]


@row("API-SHUT-014", "ECONNRESET")
def linger_0_resets():
    ours, theirs = pair()
    at.abort(theirs)
    ours.settimeout(2)
    return outcome(ours.recv, 1)


@row("API-SHUT-016", [0, 0])
def linger_default():
    return list(struct.unpack("ii", tcp().getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)))


@row("API-SHUT-018", [b"", "ECONNRESET"])
def death_of_a_process_closes():
    found = []
    for unread in (False, True):
        ours, theirs = pair()
        child = os.fork()
        if child == 0:
            ours.close()
            time.sleep(20)
            os._exit(0)
        theirs.close()
        if unread:
            ours.send(b"never read")
        time.sleep(0.1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        ours.settimeout(2)
        found.append(outcome(ours.recv, 1, show=lambda octets: octets) if unread else ours.recv(1))
    return found


# --- 6.7 poll, epoll --------------------------------------------------------------------------------------------------


@row("API-POLL-008", "none")
def full_send_buffer_is_not_writable():
    ours, _ = pair(nonblocking=True)

    def fill():
        while outcome(ours.send, bytes(65536)) == "OK":
            pass
        time.sleep(0.05)
        return at.mask(ours)

    return at.settled(fill, lambda m: m == "none", limit=3)


@row("API-POLL-016", ["IN,OUT,ERR,HUP,RDHUP", "IN,OUT,HUP,RDHUP"])
def poll_after_so_error():
    s = at.reset()
    before = at.settled(lambda: at.mask(s), lambda m: "ERR" in m)
    option(s, socket.SOL_SOCKET, socket.SO_ERROR)
    return [before, at.mask(s)]


@row("API-POLL-027", [1, 0, 1])
def edge_triggered():
    ours, theirs = pair()
    with select.epoll() as poller:
        poller.register(ours, select.EPOLLIN | select.EPOLLET)
        found = []
        theirs.send(b"one")
        found.append(len(poller.poll(2)))
        found.append(len(poller.poll(0.05)))
        theirs.send(b"two")
        found.append(len(poller.poll(2)))
        return found


@row("API-POLL-027/level", [1, 1])
def level_triggered():
    ours, theirs = pair()
    with select.epoll() as poller:
        poller.register(ours, select.EPOLLIN)
        theirs.send(b"one")
        return [len(poller.poll(2)), len(poller.poll(0.05))]


@row("API-POLL-028", [1, 0])
def one_shot():
    ours, theirs = pair()
    with select.epoll() as poller:
        poller.register(ours, select.EPOLLIN | select.EPOLLONESHOT)
        theirs.send(b"one")
        return [len(poller.poll(2)), len(poller.poll(0.05))]


@row("API-POLL-029", 1)
def epoll_keeps_a_copied_socket():
    ours, theirs = pair()
    copy = ours.dup()
    at.KEPT.append(copy)
    with select.epoll() as poller:
        poller.register(ours, select.EPOLLIN)
        ours.close()
        theirs.send(b"x")
        return len(poller.poll(2))


@row("API-POLL-030", [[1, 1], [1, 1]])
def select_calls():
    ours, theirs = pair()
    theirs.send(b"x")
    at.wait_for(ours, select.POLLIN)
    data = [len(part) for part in select.select([ours], [ours], [], 0)[:2]]
    broken = at.reset()
    return [data, [len(part) for part in select.select([broken], [broken], [], 1)[:2]]]


@row("API-POLL-031", "NVAL")
def poll_of_closed_descriptor():
    fd = os.dup(tcp().fileno())
    os.close(fd)
    return at.mask(fd)


@row("API-POLL-022", ["OUT,ERR", "ECONNREFUSED"])
def datagram_error():
    s = udp()
    nobody = udp()
    nobody.bind((at.LOCAL, 0))
    name = nobody.getsockname()
    nobody.close()
    time.sleep(0.1)
    s.connect(name)
    s.send(b"x")
    return [at.settled(lambda: at.mask(s), lambda m: "ERR" in m), outcome(s.recv, 10)]


@row("UDP/so_error", [111, 0])
def datagram_error_by_so_error():
    s, nobody = udp(), udp()
    nobody.bind((at.LOCAL, 0))
    name = nobody.getsockname()
    nobody.close()
    time.sleep(0.1)
    s.connect(name)
    s.send(b"x")
    first = at.settled(lambda: option(s, SOL, socket.SO_ERROR), lambda number: number != 0)
    return [first, option(s, SOL, socket.SO_ERROR)]


@row("API-POLL-034", 300)
def no_lost_wake_up():
    ours, theirs = pair()

    def echo():
        while octets := theirs.recv(1):
            theirs.send(octets)

    threading.Thread(target=echo, daemon=True).start()
    rounds = 0
    for _ in range(300):
        ours.send(b"x")
        if at.mask(ours, select.POLLIN, 3000) != "IN":
            break
        ours.recv(1)
        rounds += 1
    return rounds


# --- 6.8 options ------------------------------------------------------------------------------------------------------

SOL, TCP, IP = socket.SOL_SOCKET, socket.IPPROTO_TCP, socket.IPPROTO_IP


@row("API-OPT-001", ["ENOPROTOOPT"] * 6)
def unknown_option():
    s = tcp()
    return [outcome(call, level, 250, 4 if call == s.getsockopt else 1) for level in (SOL, TCP, IP)
            for call in (s.getsockopt, s.setsockopt)]


@row("API-OPT-002", ["EOPNOTSUPP", "ENOPROTOOPT"])
def unknown_level():
    s = tcp()
    return [outcome(s.getsockopt, 200, 1, 4), outcome(s.setsockopt, 200, 1, 1)]


@row("API-OPT-003", ["EINVAL", "EINVAL"])
def short_option():
    s = tcp()
    return [outcome(s.setsockopt, SOL, socket.SO_KEEPALIVE, b"\1\0"), outcome(s.setsockopt, TCP, socket.TCP_NODELAY, b"\1\0")]


@row("API-OPT-004", "EOPNOTSUPP")
def tcp_option_on_datagrams():
    return outcome(udp().getsockopt, TCP, socket.TCP_NODELAY, 4)


@row("API-OPT-005", ["ENOPROTOOPT", "ENOPROTOOPT"])
def read_only_options():
    s = tcp()
    return [outcome(s.setsockopt, SOL, o, 1) for o in (socket.SO_ERROR, socket.SO_TYPE)]


@row("API-OPT-006", [2304, 4608, 100000])
def buffer_sizes():
    s = tcp()
    s.setsockopt(SOL, socket.SO_RCVBUF, 1)
    s.setsockopt(SOL, socket.SO_SNDBUF, 1)
    found = [option(s, SOL, socket.SO_RCVBUF), option(s, SOL, socket.SO_SNDBUF)]
    s.setsockopt(SOL, socket.SO_RCVBUF, 50000)
    return found + [option(s, SOL, socket.SO_RCVBUF)]


@row("API-OPT-007", [131072, 16384, 1, 1])
def buffer_defaults():
    s = tcp()
    return [option(s, SOL, o) for o in (socket.SO_RCVBUF, socket.SO_SNDBUF, socket.SO_RCVLOWAT, socket.SO_SNDLOWAT)]


@row("API-OPT-008", ["EPERM", "EPERM"])
def privileged_options():
    without_capabilities()
    s = tcp()
    return [outcome(s.setsockopt, SOL, 33, 50000), outcome(s.setsockopt, SOL, socket.SO_MARK, 1)]


@row("API-OPT-009", [536, "EINVAL", "EINVAL", "EINVAL", "OK"])
def segment_size():
    s = tcp()
    return [option(s, TCP, socket.TCP_MAXSEG)] + [outcome(s.setsockopt, TCP, socket.TCP_MAXSEG, n) for n in (20, 87, 40000, 88)]


@row("API-OPT-010", [0, 1, 0])
def nodelay_quickack_cork():
    s = tcp()
    return [option(s, TCP, o) for o in (socket.TCP_NODELAY, socket.TCP_QUICKACK, socket.TCP_CORK)]


@row("API-OPT-011", [6, "EINVAL", "EINVAL", "OK"])
def syn_count():
    s = tcp()
    return [option(s, TCP, socket.TCP_SYNCNT)] + [outcome(s.setsockopt, TCP, socket.TCP_SYNCNT, n) for n in (0, 128, 3)]


@row("API-OPT-012", [60, 0, 0, "EINVAL"])
def linger2_defer_user_timeout():
    s = tcp()
    return [option(s, TCP, o) for o in (socket.TCP_LINGER2, socket.TCP_DEFER_ACCEPT, 18)] + [outcome(s.setsockopt, TCP, 18, -1)]


@row("API-OPT-013", [7200, 75, 9, "EINVAL", "EINVAL", "EINVAL"])
def keepalive_options():
    s = tcp()
    return [option(s, TCP, o) for o in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)] + [
        outcome(s.setsockopt, TCP, socket.TCP_KEEPIDLE, 0), outcome(s.setsockopt, TCP, socket.TCP_KEEPINTVL, 40000),
        outcome(s.setsockopt, TCP, socket.TCP_KEEPCNT, 128)]


@row("API-OPT-014", [64, 0, 1, "EINVAL", "EINVAL", "OK", 64])
def ip_options():
    s = tcp()
    return [option(s, IP, socket.IP_TTL), option(s, IP, socket.IP_TOS), option(s, IP, 10)] + [
        outcome(s.setsockopt, IP, socket.IP_TTL, n) for n in (0, 256, -1)] + [option(s, IP, socket.IP_TTL)]


@row("API-OPT-015", "ENOTCONN")
def path_mtu_of_unconnected():
    return outcome(tcp().getsockopt, IP, 14, 4)


@row("API-OPT-016", [1, True, 3, 5])
def tcp_info():
    ours, _ = pair()
    info = ours.getsockopt(TCP, socket.TCP_INFO, 104)
    rto = struct.unpack_from("I", info, 8)[0]
    listener = listening(backlog=5)
    for _ in range(3):
        tcp().connect(listener.getsockname())
    at.wait_for(listener, select.POLLIN)

    def queue():
        return list(struct.unpack_from("II", listener.getsockopt(TCP, socket.TCP_INFO, 104), 24))

    return [info[0], rto >= 200_000] + at.settled(queue, lambda q: q == [3, 5])


@row("API-OPT-017", [0, 0, 0])
def reuse_defaults():
    s = tcp()
    return [option(s, SOL, o) for o in (socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_BROADCAST)]


@row("API-OPT-018", 0)
def keepalive_default():
    return option(tcp(), SOL, socket.SO_KEEPALIVE)


@row("API-OPT-019", "EDOM")
def timeout_out_of_range():
    return outcome(tcp().setsockopt, SOL, socket.SO_RCVTIMEO, struct.pack("ll", 0, 1_000_000))


@row("API-OPT-023", ["ENOENT", "EPERM"])
def kernel_only_options():
    without_capabilities()
    return [outcome(pair()[0].setsockopt, TCP, 31, b"tls"), outcome(tcp().setsockopt, TCP, 19, 1)]


@row("API-OPT-025", [2, True])
def short_buffer_of_getsockopt():
    octets = tcp().getsockopt(SOL, socket.SO_TYPE, 2)
    return [len(octets), octets == b"\1\0"]


@row("API-OPT-026", [0, -1, -1])
def peer_credentials():
    return list(struct.unpack("iii", pair()[0].getsockopt(SOL, socket.SO_PEERCRED, 12)))


# --- 6.5 datagrams ----------------------------------------------------------------------------------------------------


@row("UDP/echo", [b"ping", True, b"pong"])
def datagrams_there_and_back():
    one, two = udp(), udp()
    two.bind((at.LOCAL, 0))
    one.sendto(b"ping", two.getsockname())
    at.wait_for(two, select.POLLIN)
    octets, name = two.recvfrom(100)
    two.sendto(b"pong", name)
    at.wait_for(one, select.POLLIN)
    return [octets, name == (at.LOCAL, port_of(one)), one.recv(100)]


@row("UDP/burst", 200)
def burst_of_datagrams():
    one, two = udp(), udp()
    two.bind((at.LOCAL, 0))
    one.connect(two.getsockname())
    for n in range(200):
        one.send(b"%d" % n)
    seen = []
    while at.mask(two, select.POLLIN, 300) == "IN":
        seen.append(two.recv(100))
    return len(set(seen))

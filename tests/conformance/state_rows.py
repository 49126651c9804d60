# Rows of spec 6 that the matrix of states asks only in part: what a program sees of listeners, shutdown, poll and errors.
import ctypes
import os
import select
import socket
import struct
import threading
import time

import sockets as at
from rows import row, without_capabilities
from sockets import bound, filled, listening, mask, outcome, pair, settled, tcp, udp, udp_connected

SOL, TCP, IP = socket.SOL_SOCKET, socket.IPPROTO_TCP, socket.IPPROTO_IP
LIBC = ctypes.CDLL(None, use_errno=True)
GONE = "IN,OUT,ERR,HUP,RDHUP"


def result(call, *arguments):
    """OK, or the errno's name, of a call of libc."""
    return "OK" if call(*arguments) >= 0 else at.errno_name(ctypes.get_errno())


def error_of(s):
    return s.getsockopt(SOL, socket.SO_ERROR)


# --- 6.3 listen, accept -----------------------------------------------------------------------------------------------


@row("API-LIST-003", "EINVAL")
def listen_on_connected():
    return outcome(pair()[0].listen, 1)


@row("API-LIST-004", "EINVAL")
def listen_while_connecting():
    return outcome(at.syn_sent().listen, 1)


@row("API-LIST-005", "EOPNOTSUPP")
def listen_on_datagrams():
    return outcome(udp().listen, 1)


@row("API-LIST-012", "ENOTCONN")
def peer_of_a_listener():
    return outcome(listening().getpeername)


@row("API-LIST-013", "EISCONN")
def connect_of_a_listener():
    return outcome(listening().connect, listening().getsockname())


@row("API-LIST-015", "EAGAIN")
def nobody_to_accept():
    return outcome(at.listen_empty().accept)


@row("API-LIST-017", "EINVAL")
def accept_without_listen():
    return outcome(bound().accept)


@row("API-LIST-018", "EOPNOTSUPP")
def accept_of_datagrams():
    return outcome(udp().accept)


@row("API-LIST-026", "OK")
def accept_without_a_name():
    s = at.listen_queued()
    return result(LIBC.accept, s.fileno(), None, None)


# --- 6.4 connect ------------------------------------------------------------------------------------------------------


@row("API-CONN-025", "EINVAL")
def bind_while_connecting():
    return outcome(at.syn_sent().bind, (at.LOCAL, 0))


@row("API-CONN-027", ["EAGAIN", "EAGAIN"])
def data_while_connecting():
    s = at.syn_sent()
    return [outcome(s.send, b"x"), outcome(s.recv, 1)]


@row("API-CONN-033", "ECONNREFUSED")
def connect_to_who_does_not_listen():
    return outcome(tcp().connect, at.refusing_port())


# --- 6.5 send, recv ---------------------------------------------------------------------------------------------------


@row("API-IO-014", ["none", "OUT"])
def room_to_write_after_a_third():
    ours, theirs = pair(nonblocking=True)
    full = mask(filled(ours))

    def drained():
        outcome(theirs.recv, 1 << 20)
        return mask(ours)

    return [full, settled(drained, lambda m: m == "OUT", 3)]


@row("API-IO-022", "EPIPE")
def send_after_shutdown():
    return outcome(at.fin_wait_2().send, b"x", socket.MSG_NOSIGNAL)


@row("API-IO-025", ["waits", b"x"])
def close_does_not_wake_a_reader():
    ours, theirs = pair()
    found = []
    number = ours.detach()

    def read():
        text = ctypes.create_string_buffer(8)
        count = LIBC.recv(number, text, 8, 0)
        found.append(text.raw[:max(count, 0)])

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(0.1)
    os.close(number)
    time.sleep(0.2)
    waits = "ended" if found else "waits"
    theirs.send(b"x")
    reader.join(2)
    return [waits, found[0] if found else b""]


@row("API-IO-032", [104, b""])
def the_first_who_sees_an_error_takes_it():
    s = at.reset()
    return [error_of(s), s.recv(1)]


# --- 6.6 shutdown -----------------------------------------------------------------------------------------------------


@row("API-SHUT-001", ["ENOTCONN", "ENOTCONN"])
def shutdown_of_the_unconnected():
    return [outcome(s.shutdown, socket.SHUT_WR) for s in (tcp(), bound())]


@row("API-SHUT-005", ["OK", b""])
def last_ack():
    ours, theirs = pair()
    theirs.shutdown(socket.SHUT_WR)
    at.wait_for(ours, select.POLLRDHUP)
    shut = outcome(ours.shutdown, socket.SHUT_WR)
    theirs.settimeout(3)
    return [shut, theirs.recv(1)]


@row("API-SHUT-008", ["OK", "EPIPE"])
def text_after_both_ways_are_shut():
    ours, theirs = pair()
    shut = outcome(ours.shutdown, socket.SHUT_RDWR)
    at.wait_for(theirs, select.POLLRDHUP)
    theirs.send(b"x")
    at.wait_for(theirs, 0)
    return [shut, at.errno_name(error_of(theirs))]


@row("API-SHUT-010", ["OK", "ECONNREFUSED", "OK", "OK"])
def shutdown_of_a_listener():
    read_shut, write_shut = listening(), listening()
    found = []
    for s, how in ((read_shut, socket.SHUT_RD), (write_shut, socket.SHUT_WR)):
        found += [outcome(s.shutdown, how), outcome(tcp().connect, s.getsockname())]
    return found


@row("API-SHUT-012", ["ECONNRESET"])
def reset_while_half_closed():
    ours, theirs = pair(nonblocking=True)
    ours.shutdown(socket.SHUT_WR)
    at.wait_for(theirs, select.POLLRDHUP)
    at.abort(theirs)
    at.wait_for(ours, 0)
    return [at.errno_name(error_of(ours))]


# --- 6.7 poll ---------------------------------------------------------------------------------------------------------


@row("API-POLL-002", ["none", "IN"])
def poll_of_a_listener():
    return [mask(at.listen_empty()), mask(at.listen_queued())]


@row("API-POLL-004", "none")
def poll_while_connecting():
    return mask(at.syn_sent())


@row("API-POLL-006", "OUT")
def poll_of_the_idle():
    return mask(at.established())


@row("API-POLL-007", "IN,OUT")
def poll_with_text():
    return mask(at.established_unread())


@row("API-POLL-010", "OUT")
def poll_after_own_end():
    return mask(at.fin_wait_2())


@row("API-POLL-011", "IN,OUT,RDHUP")
def poll_after_the_end_of_the_peer():
    return mask(at.close_wait())


@row("API-POLL-012", "IN,OUT,RDHUP")
def poll_after_shutdown_of_reading():
    return mask(at.shut_read())


@row("API-POLL-013", "IN,OUT,HUP,RDHUP")
def poll_after_shutdown_of_both():
    return mask(at.shut_both())


@row("API-POLL-014", "IN,OUT,HUP,RDHUP")
def poll_after_both_ends():
    s = at.both_fins()
    return settled(lambda: mask(s), lambda m: "HUP," in m)


@row("API-POLL-015", GONE)
def poll_after_reset():
    return mask(at.reset())


@row("API-POLL-017", [GONE, "IN,OUT,HUP,RDHUP"])
def poll_after_refusal():
    s = at.refused()
    before = mask(s)
    error_of(s)
    return [before, mask(s)]


@row("API-POLL-020", GONE)
def poll_of_one_that_was_reset_before_accept():
    listener = listening()
    client = tcp()
    client.connect(listener.getsockname())
    at.wait_for(listener, select.POLLIN)
    at.abort(client)
    time.sleep(0.1)
    accepted, _ = listener.accept()
    at.KEPT.append(accepted)
    return settled(lambda: mask(accepted), lambda m: "HUP" in m)


@row("API-POLL-021", "OUT")
def poll_of_fresh_datagrams():
    return mask(udp())


@row("API-POLL-023", ["OUT", "IN,OUT,HUP,RDHUP"])
def poll_of_shut_datagrams():
    found = []
    for how in (socket.SHUT_WR, socket.SHUT_RDWR):
        s = udp_connected()
        s.shutdown(how)
        found.append(mask(s))
    return found


@row("API-POLL-032", ["none", "IN"])
def poll_of_a_deferring_listener():
    listener = listening()
    listener.setsockopt(TCP, socket.TCP_DEFER_ACCEPT, 5)
    client = tcp()
    client.connect(listener.getsockname())
    before = mask(listener, wait_ms=100)
    client.send(b"x")
    return [before, mask(listener, wait_ms=2000)]


# --- 6.8, 6.9 ---------------------------------------------------------------------------------------------------------


@row("API-OPT-022", [-1, 1, 8])
def options_that_are_kept():
    s = tcp()
    first = s.getsockopt(SOL, 42)
    s.setsockopt(SOL, socket.SO_PRIORITY, 1)
    return [first, s.getsockopt(SOL, socket.SO_PRIORITY), len(s.getsockopt(SOL, 57, 8))]


@row("API-ERR-002", ["EADDRINUSE", "EADDRINUSE"])
def address_in_use():
    holder = listening()
    other = tcp(reuse=1)
    return [outcome(tcp().bind, holder.getsockname()), outcome(other.bind, holder.getsockname())]


@row("API-ERR-003", "EADDRNOTAVAIL")
def foreign_address():
    return outcome(tcp().bind, ("192.0.2.1", 0))


@row("API-ERR-004", ["EAFNOSUPPORT", "EAFNOSUPPORT"])
def wrong_family():
    name = struct.pack("=H", 99) + bytes(14)
    return [result(LIBC.connect, tcp().fileno(), name, 16), result(LIBC.bind, tcp().fileno(), name, 16)]


@row("API-ERR-005", ["EAGAIN", "EAGAIN", "EAGAIN"])
def would_block():
    ours, theirs = pair(nonblocking=True)
    s = filled(ours) if theirs else ours
    return [outcome(at.listen_empty().accept), outcome(at.established().recv, 1), outcome(s.send, b"x")]


@row("API-ERR-006", "EALREADY")
def connect_again():
    s = at.syn_sent()
    return outcome(s.connect, at.silent_listener().getsockname())


@row("API-ERR-007", ["EBADF"] * 4)
def no_descriptor():
    return [result(LIBC.bind, 9999, bytes(16), 16), result(LIBC.getsockname, 9999, None, None),
            result(LIBC.recv, 9999, None, 0, 0), result(LIBC.send, 9999, None, 0, 0)]


@row("API-ERR-011", "EDESTADDRREQ")
def nobody_to_send_to():
    return outcome(udp().sendmsg, [b"x"])


@row("API-ERR-012", "EDOM")
def time_out_of_domain():
    return outcome(tcp().setsockopt, SOL, socket.SO_RCVTIMEO, struct.pack("ll", 1, 1_000_000))


@row("API-ERR-013", ["EFAULT"] * 4)
def bad_pointers():
    bad = ctypes.c_void_p(8)
    s, d = at.established_unread(), udp_connected()
    return [result(LIBC.connect, tcp().fileno(), bad, 16), result(LIBC.getsockname, s.fileno(), bad, bad),
            result(LIBC.setsockopt, s.fileno(), SOL, socket.SO_KEEPALIVE, bad, 4), result(LIBC.recv, s.fileno(), bad, 3, 0)] if d else []


@row("API-ERR-018", ["EISCONN", "EISCONN"])
def connected_already():
    name = listening().getsockname()
    return [outcome(pair()[0].connect, name), outcome(listening().connect, name)]


@row("API-ERR-020", ["EMSGSIZE", "EMSGSIZE"])
def too_long():
    s = udp()
    s.setsockopt(IP, 10, 2)
    target = udp()
    target.bind((at.LOCAL, 0))
    return [outcome(s.sendto, bytes(65508), target.getsockname()), outcome(s.sendto, bytes(65536), target.getsockname())]


@row("API-ERR-023", "ENOENT")
def unknown_congestion_control():
    return outcome(tcp().setsockopt, TCP, socket.TCP_CONGESTION, b"nobody")


@row("API-ERR-024", ["ENOPROTOOPT"] * 4)
def unknown_options():
    s = tcp()
    return [outcome(s.setsockopt, SOL, 999, 1), outcome(s.getsockopt, TCP, 999, 4), outcome(s.setsockopt, SOL, socket.SO_TYPE, 1),
            outcome(s.getsockopt, IP, 999, 4)]


@row("API-ERR-025", ["ENOTCONN"] * 3)
def not_connected():
    return [outcome(tcp().getpeername), outcome(tcp().shutdown, socket.SHUT_RD), outcome(tcp().getsockopt, IP, 14, 4)]


@row("API-ERR-026", ["ENOTSOCK"] * 3)
def no_socket():
    with open("/dev/null", "rb") as file:
        fd = file.fileno()
        return [result(LIBC.bind, fd, bytes(16), 16), result(LIBC.getpeername, fd, None, None), result(LIBC.recv, fd, None, 0, 0)]


@row("API-ERR-027", ["EOPNOTSUPP"] * 3)
def not_supported():
    return [outcome(udp().listen, 1), outcome(udp().accept), outcome(tcp().getsockopt, 99, 1, 4)]


@row("API-ERR-028", ["EPERM"] * 3)
def not_permitted():
    without_capabilities()
    raw = outcome(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    return [raw, outcome(tcp().setsockopt, SOL, 36, 1), outcome(tcp().setsockopt, SOL, 33, 1)]


@row("API-ERR-031", ["EPROTONOSUPPORT", "ESOCKTNOSUPPORT"])
def unknown_protocols():
    return [outcome(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 99)),
            outcome(lambda: socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, 0))]


@row("API-ERR-032", "ESPIPE")
def seeking():
    return outcome(os.lseek, pair()[0].fileno(), 0, 0)

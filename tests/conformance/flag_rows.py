# Rows of spec 6 on flags of send() and recv() that a pair of the kernel's own would ignore, and on empty calls.
import ctypes
import errno
import fcntl
import select
import socket
import struct
import termios
import time

import sockets as at
from rows import row
from sockets import outcome, pair

LIBC = ctypes.CDLL(None, use_errno=True)
MSG_ERRQUEUE = 0x2000
SIOCOUTQNSD = 0x894B


def with_octets(octets=b"abc"):
    """(receiver, sender); the octets have arrived."""
    ours, theirs = pair()
    theirs.send(octets)
    at.wait_for(ours, select.POLLIN)
    return ours, theirs


@row("API-IO-011", ["OK", b"u", b"abc", "EINVAL", "OK", "OK"])
def out_of_band_octet():
    ours, theirs = with_octets()
    sent = outcome(theirs.send, b"u", socket.MSG_OOB)
    at.wait_for(ours, select.POLLPRI, 300)
    urgent = outcome(ours.recv, 1, socket.MSG_OOB, show=bytes)
    return [sent, urgent, ours.recv(10), outcome(ours.recv, 1, socket.MSG_OOB),
            outcome(theirs.sendmsg, [b"v"], [], socket.MSG_OOB), outcome(theirs.send, b"then")]


@row("API-POLL-009", "IN,PRI,OUT")
def out_of_band_shows():
    ours, theirs = with_octets()
    outcome(theirs.send, b"u", socket.MSG_OOB)
    return at.settled(lambda: at.mask(ours), lambda mask: "PRI" in mask, 0.3)


@row("API-IO-030", ["EAGAIN", 11])
def more_to_come():
    ours, theirs = pair()
    theirs.send(b"x" * 10, socket.MSG_MORE)
    at.wait_for(ours, select.POLLIN, 50)
    early = outcome(ours.recv, 100, socket.MSG_DONTWAIT, show=len)
    theirs.send(b"y")
    at.wait_for(ours, select.POLLIN)
    return [early, outcome(ours.recv, 100, socket.MSG_DONTWAIT, show=len)]


@row("FLAGS/MSG_MORE of sendmsg() holds too, 0.2 s at most", ["EAGAIN", 10])
def more_to_come_in_a_message():
    ours, theirs = pair()
    theirs.sendmsg([b"x" * 4, b"y" * 6], [], socket.MSG_MORE)
    at.wait_for(ours, select.POLLIN, 50)
    early = outcome(ours.recv, 100, socket.MSG_DONTWAIT, show=len)
    at.wait_for(ours, select.POLLIN, 2000)
    return [early, outcome(ours.recv, 100, socket.MSG_DONTWAIT, show=len)]


@row("FLAGS/what MSG_MORE holds leaves with the end", [b"held", b""])
def more_and_then_the_end():
    ours, theirs = pair()
    theirs.send(b"held", socket.MSG_MORE)
    theirs.shutdown(socket.SHUT_WR)
    ours.settimeout(5)
    return [ours.recv(100), ours.recv(100)]


@row("FLAGS/octets with and without MSG_MORE keep their order", True)
def more_keeps_the_order():
    ours, theirs = pair()
    sent, got = b"".join(bytes([i % 251]) * (i * 37 % 3000) for i in range(400)), b""
    theirs.setblocking(False)
    ours.settimeout(5)
    at_octet, turn = 0, 0
    while len(got) < len(sent):
        turn += 1
        part = sent[at_octet:at_octet + 1 + turn * 977 % 9000]
        try:
            at_octet += theirs.send(part, socket.MSG_MORE if turn % 3 else 0) if part else 0
        except BlockingIOError:
            pass
        if turn % 5 == 0 or not part:
            if select.select([ours], [], [], 1 if not part else 0)[0]:
                got += ours.recv(20000)
    return got == sent


@row("API-POLL-026", ["OUT", "IN,OUT"])
def low_water_mark():
    ours, theirs = pair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10)
    theirs.send(b"12345")
    below = at.mask(ours, select.POLLIN | select.POLLOUT) if at.settled(lambda: unread(ours), lambda n: n == 5) == 5 else "lost"
    theirs.send(b"6789012")
    return [below, at.settled(lambda: at.mask(ours), lambda mask: "IN" in mask)]


def unread(s):
    return struct.unpack("i", fcntl.ioctl(s, termios.FIONREAD, bytes(4)))[0]


@row("FLAGS/a low-water mark keeps recv() waiting, and no octet is lost", b"1234567890")
def low_water_mark_of_recv():
    ours, theirs = pair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10)
    ours.settimeout(None)
    theirs.send(b"12345")
    theirs.send(b"67890")
    return ours.recv(100)


@row("FLAGS/error queue of a stream", ["EAGAIN", "EAGAIN", b"abc"])
def error_queue_eats_no_octets():
    ours, _ = with_octets()
    return [outcome(ours.recv, 10, MSG_ERRQUEUE), outcome(ours.recvmsg, 10, 100, MSG_ERRQUEUE), ours.recv(10)]


@row("FLAGS/error queue never waits", ["EAGAIN"] * 4)
def error_queue_never_waits():
    ours, _ = pair()
    datagrams = at.udp(nonblocking=False)
    datagrams.bind((at.LOCAL, 0))
    return [outcome(s.recv, 10, MSG_ERRQUEUE) for s in (ours, datagrams)] + [
        outcome(s.recvmsg, 10, 100, MSG_ERRQUEUE) for s in (ours, datagrams)]


@row("FLAGS/out-of-band where there is none", ["EINVAL"] * 2)
def nothing_out_of_band():
    ours, _ = with_octets()
    return [outcome(ours.recv, 1, socket.MSG_OOB), outcome(ours.recvmsg, 1, 0, socket.MSG_OOB)]


@row("API-SHUT-015", [True, True])
def close_lingers():
    """A peer that reads nothing: its window is full, so there is text without acknowledgement."""
    found = []
    for nonblocking in (False, True):
        ours, theirs = pair(nonblocking=True)
        assert theirs
        while outcome(ours.send, bytes(65536)) == "OK":
            pass
        ours.setblocking(not nonblocking)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1))
        began = time.monotonic()
        ours.close()
        found.append(0.9 < time.monotonic() - began < 3)
    return found


@row("API-SHUT-009", ["ENOTCONN"] * 3)
def shutdown_after_reset():
    s = at.reset()
    return [outcome(s.shutdown, how) for how in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR)]


@row("FLAGS/no socket", ["EBADF", "ENOTSOCK"])
def flags_of_no_socket():
    found = []
    for fd in (9999, 0):
        LIBC.recv(fd, bytes(8), 8, MSG_ERRQUEUE)
        found.append(errno.errorcode[ctypes.get_errno()])
    return found


@row("FLAGS/time-out below zero", ["EAGAIN", "EAGAIN", "EAGAIN", [0, 0]])
def negative_timeout():
    sockets = [at.listening(), pair()[0], at.udp(nonblocking=False)]
    sockets[2].bind((at.LOCAL, 0))
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", -1, 0))
    got = list(struct.unpack("ll", sockets[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)))
    return [outcome(sockets[0].accept), outcome(sockets[1].recv, 1), outcome(sockets[2].recvfrom, 1), got]


@row("FLAGS/no name of a negative length", 1)
def unnamed_message():
    s = at.udp_connected()
    octet = ctypes.create_string_buffer(b"x")
    part = struct.pack("PN", ctypes.addressof(octet), 1)
    parts = ctypes.create_string_buffer(part)
    message = ctypes.create_string_buffer(struct.pack("PiPNPNi", 0, -1, ctypes.addressof(parts), 1, 0, 0, 0), 56)
    return LIBC.sendmsg(s.fileno(), message, 0)


@row("API-SOCK-004", ["EINVAL", "EINVAL", "EPROTONOSUPPORT"])
def protocol_out_of_range():
    found = []
    for protocol in (-1, 263, 200):
        LIBC.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
        found.append(errno.errorcode[ctypes.get_errno()])
    return found
@row("FLAGS/SIOCOUTQNSD", [0, True])
def not_sent_yet():
    ours, theirs = pair(nonblocking=True)
    assert theirs

    def waiting():
        return struct.unpack("i", fcntl.ioctl(ours, SIOCOUTQNSD, bytes(4)))[0]

    idle = waiting()
    at.filled(ours)
    return [idle, waiting() > 0]


@row("API-OPT-012/longest TCP_DEFER_ACCEPT", [1, 7, 29887])
def defer_accept_is_bounded():
    s = at.tcp()

    def told(seconds):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, seconds)
        return at.option(s, socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT)
    return [told(1), told(6), told(2147483647)]

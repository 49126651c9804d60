# Rows of spec 4.8 and 6: urgent octets by MSG_OOB, SO_OOBINLINE, SIOCATMARK, POLLPRI and SIGURG.
import fcntl
import os
import select
import signal
import socket
import struct
import time

import sockets as at
from rows import row
from sockets import outcome, pair

SIOCATMARK = 0x8905
OOB = socket.MSG_OOB


def at_mark(s):
    return struct.unpack("i", fcntl.ioctl(s.fileno(), SIOCATMARK, b"\0\0\0\0"))[0]


def urgent(s, flags=0):
    return outcome(s.recv, 1, OOB | flags, show=bytes)


def plain(s, count=100):
    return outcome(s.recv, count, socket.MSG_DONTWAIT, show=bytes)


def arrived(s):
    """Waits until the last thing that was sent, an urgent octet, has come."""
    at.wait_for(s, select.POLLPRI)


def talk(in_line=0):
    """(reader, writer)"""
    reader, writer = pair()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, in_line)
    return reader, writer


def with_mark(in_line=0):
    """abX34 was sent to it, X with MSG_OOB."""
    reader, writer = talk(in_line)
    writer.send(b"abX", OOB)
    writer.send(b"34")
    arrived(reader)
    time.sleep(0.05)
    return reader, writer


@row("URG/the last octet of a send is urgent, once", [b"X", b"X", "EINVAL", b"ab", b"34"])
def last_octet():
    reader, _ = with_mark()
    return [urgent(reader, socket.MSG_PEEK), urgent(reader), urgent(reader), plain(reader), plain(reader)]


@row("URG/a read stops at the mark and then passes over it", [0, b"ab", 1, b"34", 0, "EINVAL"])
def stops_at_mark():
    reader, _ = with_mark()
    return [at_mark(reader), plain(reader), at_mark(reader), plain(reader), at_mark(reader), urgent(reader)]


@row("URG/in line it is an octet of the stream", ["EINVAL", b"ab", 1, b"X34", 0])
def in_line():
    reader, _ = with_mark(in_line=1)
    return [urgent(reader), plain(reader), at_mark(reader), plain(reader), at_mark(reader)]


@row("URG/a mark that was read still stops a read", [b"X", b"ab", 1, b"34"])
def read_mark_stops():
    reader, _ = with_mark()
    return [urgent(reader), plain(reader), at_mark(reader), plain(reader)]


@row("URG/poll shows PRI until it is read", ["IN,PRI,OUT", "IN,OUT"])
def shows():
    reader, _ = with_mark()
    before = at.mask(reader)
    urgent(reader)
    return [before, at.mask(reader)]


@row("URG/an edge-triggered epoll tells of it", [True, b"X"])
def edge():
    reader, writer = talk()
    poller = select.epoll()
    poller.register(reader, select.EPOLLPRI | select.EPOLLET)
    at.KEPT.append(poller)
    writer.send(b"X", OOB)
    told = poller.poll(2)
    return [bool(told) and bool(told[0][1] & select.EPOLLPRI), urgent(reader)]


@row("URG/select has it among the exceptional conditions", [True, b"X"])
def exceptional():
    reader, writer = talk()
    writer.send(b"X", OOB)
    return [bool(select.select([], [], [reader], 2)[2]), urgent(reader)]


@row("URG/SIGURG goes to the owner of the descriptor, once for each", [1, 2])
def signalled():
    got = []
    signal.signal(signal.SIGURG, lambda *_: got.append(1))
    reader, writer = talk()
    fcntl.fcntl(reader, fcntl.F_SETOWN, os.getpid())
    writer.send(b"abX", OOB)
    arrived(reader)
    first = at.settled(lambda: len(got), lambda count: count == 1)
    urgent(reader)
    writer.send(b"Y", OOB)
    arrived(reader)
    return [first, at.settled(lambda: len(got), lambda count: count == 2)]


@row("URG/nobody is signalled who owns nothing", [0, b"X"])
def not_signalled():
    got = []
    signal.signal(signal.SIGURG, lambda *_: got.append(1))
    reader, writer = talk()
    writer.send(b"X", OOB)
    arrived(reader)
    time.sleep(0.05)
    return [len(got), urgent(reader)]


@row("URG/a newer one takes the place of one that was not read", [b"Y", b"aXb"])
def newer():
    reader, writer = talk()
    writer.send(b"aX", OOB)
    arrived(reader)
    writer.send(b"bY", OOB)
    at.settled(lambda: urgent(reader, socket.MSG_PEEK), lambda octet: octet == b"Y")
    return [urgent(reader), plain(reader)]


@row("URG/a new one after the old one was read", [b"X", b"a", b"Y", b"b"])
def after():
    reader, writer = talk()
    writer.send(b"aX", OOB)
    arrived(reader)
    found = [urgent(reader), plain(reader)]
    writer.send(b"bY", OOB)
    arrived(reader)
    return found + [urgent(reader), plain(reader)]


@row("URG/sendmsg() and an address that a stream ignores", [b"X", b"ab", b"Y", b"cd"])
def by_messages():
    reader, writer = talk()
    writer.sendmsg([b"a", b"bX"], [], OOB)
    arrived(reader)
    found = [urgent(reader), plain(reader)]
    writer.sendto(b"cdY", OOB, (at.LOCAL, 9))
    arrived(reader)
    return found + [urgent(reader), plain(reader)]


@row("URG/recvmsg() says MSG_OOB", [b"X", True])
def flagged():
    reader, _ = with_mark()
    text, _, flags, _ = reader.recvmsg(10, 0, OOB)
    return [text, bool(flags & OOB)]


@row("URG/a send of no octets is none", [0, b"ab"])
def nothing_sent():
    reader, writer = talk()
    sent = outcome(writer.send, b"", OOB, show=int)
    writer.send(b"ab")
    at.wait_for(reader, select.POLLIN)
    return [sent, plain(reader)]


@row("URG/among much text it keeps its place", [True, 300000, 1, b"Z"])
def among_much():
    """More than any buffer between the two holds; the reader reads up to the mark."""
    reader, writer = talk()
    if os.fork() == 0:
        writer.sendall(b"a" * 300000)
        writer.send(b"Z", OOB)
        writer.sendall(b"b" * 300000)
        time.sleep(1)
        os._exit(0)
    reader.settimeout(5)
    got = bytearray()
    while True:
        part = reader.recv(65536)
        if b"b" in part or not part:
            return [False, len(got), at_mark(reader), part[:1]]
        got += part
        if len(got) >= 300000:
            break
    arrived(reader)
    return [got == b"a" * 300000, len(got), at_mark(reader), urgent(reader)]


@row("URG/it comes before the end", [b"X", b"ab", b"", "EINVAL"])
def before_the_end():
    reader, writer = talk()
    writer.send(b"abX", OOB)
    writer.shutdown(socket.SHUT_WR)
    arrived(reader)
    return [urgent(reader), reader.recv(10), reader.recv(10), urgent(reader)]


@row("URG/SO_OOBINLINE of a listener is its connections' too", [1, b"ab", b"X"])
def inherited():
    listener = at.listening()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    writer, reader = pair(listener=listener)
    writer.send(b"abX", OOB)
    arrived(reader)
    return [at.option(reader, socket.SOL_SOCKET, socket.SO_OOBINLINE), plain(reader), plain(reader)]


@row("URG/a datagram has none", ["EOPNOTSUPP", "EOPNOTSUPP", "ENOTTY"])
def of_datagrams():
    s, other = at.udp(), at.udp()
    other.bind((at.LOCAL, 0))
    s.connect(other.getsockname())
    return [outcome(s.send, b"x", OOB), outcome(s.sendmsg, [b"x"], [], OOB),
            outcome(fcntl.ioctl, s.fileno(), SIOCATMARK, b"\0\0\0\0")]


@row("URG/octets without any say that no mark is near", [0, 0, 0])
def no_mark():
    ours, theirs = pair()
    fresh = at_mark(at.tcp())
    theirs.send(b"abc")
    at.wait_for(ours, select.POLLIN)
    before = at_mark(ours)
    ours.recv(10)
    return [fresh, before, at_mark(ours)]


@row("ACCEPT/what its listener has is a connection's too", ["EAGAIN", True, 7, [0, 100000]])
def options_of_a_listener():
    listener = at.listening()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 100000))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 7)
    _, accepted = pair(listener=listener)
    began = time.monotonic()
    waited = outcome(accepted.recv, 10)
    took = time.monotonic() - began
    found = struct.unpack("ll", accepted.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
    return [waited, 0.09 < took < 2, at.option(accepted, socket.SOL_SOCKET, socket.SO_RCVLOWAT), list(found)]


@row("URG/no octets are sent as long as any could be", ["OK", "EPIPE"])
def empty():
    client, _ = at.pair()
    before = outcome(client.send, b"", socket.MSG_OOB | socket.MSG_NOSIGNAL)
    client.shutdown(socket.SHUT_WR)
    return [before, outcome(client.send, b"", socket.MSG_OOB | socket.MSG_NOSIGNAL)]

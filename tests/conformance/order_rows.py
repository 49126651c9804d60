# Rows on the order of calls: what was written or sent before a call is not touched by it.
import select
import socket
import struct
import time

import sockets as at
from rows import row
from sockets import outcome, pair

IP_RECVTTL = 12
TIMES = 20  # what depends on who is quicker shows in some of them


def received(s):
    at.wait_for(s, select.POLLIN)
    return outcome(s.recv, 100, socket.MSG_DONTWAIT, show=bytes)


@row("ORDER/a cork holds what is written after it, not before", [True, [b"before"] * TIMES])
def before_a_cork():
    late, got = 0, []
    for _ in range(TIMES):
        ours, theirs = pair()
        began = time.monotonic()
        theirs.send(b"before")
        theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        got.append(received(ours))
        late += time.monotonic() - began > 0.15
    return [late < TIMES / 2, got]


@row("ORDER/what was written leaves before a connection is given up", [[b"last words"] * TIMES])
def before_a_disconnect():
    got = []
    for _ in range(TIMES):
        ours, theirs = pair()
        theirs.send(b"last words")
        at.disconnect(theirs)
        got.append(received(ours))
    return [got]


def ttl_of(s):
    at.wait_for(s, select.POLLIN)
    _, control, _, _ = s.recvmsg(100, 100, socket.MSG_DONTWAIT)
    return [struct.unpack("i", data[:4])[0] for level, kind, data in control if kind == socket.IP_TTL]


@row("ORDER/a datagram has the TTL of when it was sent", [[[n] for n in range(1, TIMES)]])
def before_a_ttl():
    reader, writer = at.udp(), at.udp()
    reader.bind((at.LOCAL, 0))
    reader.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    writer.connect(reader.getsockname())
    for ttl in range(1, TIMES):
        writer.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        writer.send(b"x")
    return [[ttl_of(reader) for _ in range(1, TIMES)]]


@row("ORDER/a datagram goes where its socket was connected when it was sent", [[b"to the first"] * TIMES, "EAGAIN"])
def before_a_peer():
    first, second, writer = at.udp(), at.udp(), at.udp()
    for each in (first, second):
        each.bind((at.LOCAL, 0))
    got = []
    for n in range(TIMES):
        writer.connect(first.getsockname())
        writer.send(b"to the first")
        at.disconnect(writer) if n % 2 else writer.connect(second.getsockname())
        got.append(received(first))
    return [got, outcome(second.recv, 100, socket.MSG_DONTWAIT)]


@row("ORDER/send() and sendto() keep their order", [[b"%d" % n for n in range(2 * TIMES)]])
def two_ways():
    reader, writer = at.udp(), at.udp()
    reader.bind((at.LOCAL, 0))
    writer.connect(reader.getsockname())
    for n in range(TIMES):
        writer.send(b"%d" % (2 * n))
        writer.sendto(b"%d" % (2 * n + 1), reader.getsockname())
    return [[received(reader) for _ in range(2 * TIMES)]]

# Rows on calls that wait: what interrupts them, how long they wait, and what two that write at once leave behind.
import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import threading
import time

import sockets as at
from rows import interrupted, libc, row
from sockets import pair

SO_ZEROCOPY, MSG_ZEROCOPY, MSG_ERRQUEUE = 60, 0x4000000, 0x2000
LINGER_S, LONG_LINGER_S = 1, 10
BLOCKS, BLOCK = 300, 1000


@row("API-ERR-016", ["EINTR"] * 3)
def interrupted_calls():
    address, port = at.silent_listener().getsockname()
    name = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(address) + bytes(8)
    room = ctypes.create_string_buffer(10)
    return [interrupted(libc().connect, at.tcp().fileno(), name, len(name)),
            interrupted(libc().accept, at.listening().fileno(), None, None),
            interrupted(libc().recv, pair()[0].fileno(), room, 10, 0)]


@row("WAIT/a signal that restarts calls interrupts none", ["OK", b"late"])
def restarted():
    """accept() and recv() come again by themselves where the handler was set with SA_RESTART."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, False)
    listener = at.listening()
    client = at.tcp()

    def begin():
        time.sleep(0.3)
        client.connect(listener.getsockname())
        time.sleep(0.3)
        client.send(b"late")

    threading.Thread(target=begin, daemon=True).start()
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.05)
    calls, room = libc(), ctypes.create_string_buffer(10)
    fd = calls.accept(listener.fileno(), None, None)
    if fd < 0:
        return [errno.errorcode[ctypes.get_errno()], b""]
    count = calls.recv(fd, room, 10, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return ["OK", room.raw[:max(count, 0)]]


def unread_by_its_peer(linger_s):
    """A connection with octets that nobody acknowledges, for there is no room."""
    writer, reader = pair()
    writer.setblocking(False)
    at.filled(writer)
    writer.setblocking(True)
    writer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, linger_s))
    return writer


@row("TCP-CONN-024", ["OK", True])
def lingers():
    """close() waits as long as SO_LINGER says while what was sent is not acknowledged, and then succeeds."""
    fd = unread_by_its_peer(LINGER_S).detach()
    began = time.monotonic()
    closed = "OK" if libc().close(fd) == 0 else errno.errorcode[ctypes.get_errno()]
    return [closed, 0.9 * LINGER_S < time.monotonic() - began < 3 * LINGER_S]


@row("API-SHUT-017", ["EBADF", True])
def interrupted_close():
    fd = unread_by_its_peer(LONG_LINGER_S).detach()
    began = time.monotonic()
    interrupted(libc().close, fd)
    return [at.outcome(fcntl.fcntl, fd, fcntl.F_GETFD), time.monotonic() - began < LONG_LINGER_S]


@row("API-POLL-033", [[], True, True, True])
def poll_timeouts():
    """0 asks, -1 waits for ever, and no wait ends early: what is less than a millisecond is one."""
    ours, theirs = pair()
    poller = select.poll()
    poller.register(ours, select.POLLIN)
    found = [poller.poll(0)]
    for wait_ms in (20, 0.1):
        began = time.monotonic()
        poller.poll(wait_ms)
        found.append(time.monotonic() - began >= max(wait_ms, 1) / 1000)
    threading.Timer(0.2, theirs.send, (b"x",)).start()
    return found + [bool(poller.poll(-1))]


@row("API-IO-035", [2 * BLOCKS, []])
def two_writers():
    """Where no write has to wait, the octets of one call stay together."""
    ours, theirs = pair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)

    def write(octet):
        for _ in range(BLOCKS):
            theirs.send(octet * BLOCK)

    writers = [threading.Thread(target=write, args=(octet,)) for octet in (b"a", b"b")]
    for each in writers:
        each.start()
    ours.settimeout(5)
    got = bytearray()
    while len(got) < 2 * BLOCKS * BLOCK:
        part = ours.recv(65536)
        if not part:
            break
        got += part
    for each in writers:
        each.join()
    blocks = [bytes(got[i:i + BLOCK]) for i in range(0, len(got), BLOCK)]
    return [len(blocks), [i for i, block in enumerate(blocks) if len(set(block)) != 1]]


@row("API-IO-036", ["OK", "OK", 5, [0, 0]])
def zero_copy():
    """What was sent without a copy is told by the error queue when its octets are the program's again."""
    ours, theirs = pair()
    found = [at.outcome(theirs.setsockopt, socket.SOL_SOCKET, SO_ZEROCOPY, 1), at.outcome(theirs.send, b"x", MSG_ZEROCOPY)]
    at.wait_for(theirs, 0)
    told = at.outcome(theirs.recvmsg, 100, 200, MSG_ERRQUEUE, show=lambda answer: answer[1][0][2])
    if isinstance(told, str):
        return found + [told]
    _, origin, _, _, _, least, most = struct.unpack_from("IBBBBII", told)
    return found + [origin, [least, most]]


@row("WAIT/a descriptor is gone after close() whoever is told what", ["EBADF"])
def gone():
    s = pair()[0]
    fd = s.detach()
    os.close(fd)
    return [at.outcome(os.write, fd, b"x")]

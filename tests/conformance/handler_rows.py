# Rows of spec 6 asked twice by the same instruction, in a process that handles SIGTERM as servers do.
"""A call that a signal interrupted comes again with the same registers. So does the second of two equal calls of a program,
and that one must be answered anew."""
import ctypes
import errno
import signal
import socket
import struct

import sockets as at
from rows import row
from sockets import listening, pair, tcp

LIBC = ctypes.CDLL(None, use_errno=True)


def handle_sigterm():
    signal.signal(signal.SIGTERM, lambda *_: None)


def thrice(call, *arguments):
    """The answers to three equal calls in a row: 0, or the errno's name."""
    handle_sigterm()
    return ["OK" if call(*arguments) == 0 else errno.errorcode[ctypes.get_errno()] for _ in range(3)]


def raw_name(name):
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", name[1]) + socket.inet_aton(name[0]) + bytes(8)


@row("API-BIND-001", ["OK", "EINVAL", "EINVAL"])
def bind_thrice():
    return thrice(LIBC.bind, tcp().fileno(), raw_name((at.LOCAL, 0)), 16)


@row("API-CONN-004", ["OK", "EISCONN", "EISCONN"])
def connect_thrice():
    return thrice(LIBC.connect, tcp().fileno(), raw_name(listening().getsockname()), 16)


@row("API-SHUT-006", ["OK", "ENOTCONN", "ENOTCONN"])
def shutdown_thrice_of_a_socket_that_both_ended():
    ours, theirs = pair()
    theirs.shutdown(socket.SHUT_WR)
    at.wait_for(ours, at.select.POLLRDHUP)
    return thrice(LIBC.shutdown, ours.fileno(), socket.SHUT_WR)


@row("API-CONN-007", [[104, 4], [0, 4], [0, 4]])
def so_error_thrice():
    s = at.reset()
    handle_sigterm()
    value, length = ctypes.c_int(), ctypes.c_uint()
    found = []
    for _ in range(3):
        value.value, length.value = -1, 4
        LIBC.getsockopt(s.fileno(), socket.SOL_SOCKET, socket.SO_ERROR, ctypes.byref(value), ctypes.byref(length))
        found.append([value.value, length.value])
    return found

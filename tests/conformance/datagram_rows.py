# Rows of spec 6 on what recvmsg() tells of a datagram beside its text, and on what the options of its sender do.
import select
import socket
import struct
import time

import sockets as at
from rows import row
from sockets import outcome, udp

IP, SOL = socket.IPPROTO_IP, socket.SOL_SOCKET
IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR, SO_TIMESTAMPNS = 8, 12, 13, 20, 35


def received(options, sender=(), room=200):
    """The control messages and flags of one datagram between sockets that set the options."""
    one, two = udp(), udp()
    two.bind((at.LOCAL, 0))
    for level, name, value in options:
        two.setsockopt(level, name, value)
    for level, name, value in sender:
        one.setsockopt(level, name, value)
    one.sendto(b"abc", two.getsockname())
    at.wait_for(two, select.POLLIN)
    octets, messages, flags, name = two.recvmsg(10, room)
    assert octets == b"abc" and name == (at.LOCAL, at.port_of(one)), (octets, name)
    return messages, flags, two


@row("IP4-012", [[0, 2, 5], [0, 1, 0x28]])
@row("UDP/time to live and type of service", [[0, 2, 5], [0, 1, 0x28]])
def ttl_and_tos():
    messages, _, _ = received([(IP, IP_RECVTTL, 1), (IP, IP_RECVTOS, 1)],
                              [(IP, socket.IP_TTL, 5), (IP, socket.IP_TOS, 0x28)])
    return [[level, kind, int.from_bytes(data, "little")] for level, kind, data in messages]


@row("UDP/packet information", [[0, 8, 1, "127.0.0.1", "127.0.0.1"]])
def packet_information():
    messages, _, _ = received([(IP, IP_PKTINFO, 1)])
    return [[level, kind, struct.unpack_from("i", data)[0], socket.inet_ntoa(data[4:8]), socket.inet_ntoa(data[8:12])]
            for level, kind, data in messages]


@row("UDP/original destination", [[0, 20, True]])
def original_destination():
    messages, _, receiver = received([(IP, IP_RECVORIGDSTADDR, 1)])
    wanted = struct.pack("=H", socket.AF_INET) + struct.pack("!H", at.port_of(receiver)) + socket.inet_aton(at.LOCAL) + bytes(8)
    return [[level, kind, data == wanted] for level, kind, data in messages]


@row("API-OPT-021", [[1, 35, True]])
def time_stamp():
    messages, _, _ = received([(SOL, SO_TIMESTAMPNS, 1)])
    return [[level, kind, abs(time.time() - struct.unpack("ll", data)[0]) < 60] for level, kind, data in messages]


@row("UDP/messages in their order", [[1, 29], [0, 8], [0, 2], [0, 1]])
def order_of_messages():
    messages, _, _ = received([(IP, IP_RECVTOS, 1), (IP, IP_RECVTTL, 1), (IP, IP_PKTINFO, 1), (SOL, 29, 1)])
    return [[level, kind] for level, kind, _ in messages]


@row("UDP/no messages unless asked for", [0, 0])
def no_messages():
    messages, flags, _ = received([(IP, IP_RECVTTL, 1), (IP, IP_RECVTTL, 0)])
    return [len(messages), flags]


@row("API-IO-027", [0, True])
def no_room_for_messages():
    messages, flags, _ = received([(IP, IP_RECVTTL, 1)], room=8)
    return [len(messages), bool(flags & socket.MSG_CTRUNC)]


@row("UDP/messages without a name", [[0, 2, 64]])
def messages_without_a_name():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    one, two = udp(), udp()
    two.bind((at.LOCAL, 0))
    two.setsockopt(IP, IP_RECVTTL, 1)
    one.sendto(b"abc", two.getsockname())
    at.wait_for(two, select.POLLIN)
    text, control = ctypes.create_string_buffer(10), ctypes.create_string_buffer(64)
    part = ctypes.create_string_buffer(struct.pack("PN", ctypes.addressof(text), 10))
    message = ctypes.create_string_buffer(
        struct.pack("PiPNPNi", 0, 0, ctypes.addressof(part), 1, ctypes.addressof(control), 64, 0), 56)
    assert libc.recvmsg(two.fileno(), message, 0) == 3 and text.raw[:3] == b"abc"
    length, level, kind, value = struct.unpack_from("Niii", control.raw)
    assert length == 20, length
    return [[level, kind, value]]


@row("API-OPT-020", ["OK", "ENODEV"])
def bind_to_device():
    return [outcome(at.tcp().setsockopt, SOL, socket.SO_BINDTODEVICE, name) for name in (b"lo\0", b"none7\0")]

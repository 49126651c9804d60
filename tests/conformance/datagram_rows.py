# Rows of spec 6 on what recvmsg() tells of a datagram beside its text, and on what the options of its sender do.
import ctypes
import errno
import select
import socket
import struct
import time

import sockets as at
from rows import row
from sockets import outcome, udp

IP, SOL = socket.IPPROTO_IP, socket.SOL_SOCKET
IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR, SO_TIMESTAMPNS = 8, 12, 13, 20, 35
IP_RECVERR, MSG_ERRQUEUE = 11, 0x2000


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


def sent_with(control, sender=(), to=None):
    """What a receiver is told of a datagram that was sent with control messages: its source, TTL and TOS."""
    one, two = udp(), udp()
    two.bind((at.LOCAL, 0))
    for name in (IP_RECVTTL, IP_RECVTOS):
        two.setsockopt(IP, name, 1)
    for level, name, value in sender:
        one.setsockopt(level, name, value)
    told = []
    for messages in (control, []):
        sent = outcome(one.sendmsg, [b"abc"], messages, 0, to or two.getsockname())
        if sent != "OK":
            return sent
        at.wait_for(two, select.POLLIN)
        _, messages, _, name = two.recvmsg(10, 200)
        told.append([name[0]] + [int.from_bytes(data, "little") for _, _, data in messages])
    return told


def packet_info(index, source):
    return (IP, IP_PKTINFO, struct.pack("@I4s4s", index, socket.inet_aton(source), bytes(4)))


@row("UDP-026", [["127.0.0.2", 64, 0], ["127.0.0.1", 64, 0]])
def a_datagram_names_its_source():
    return sent_with([packet_info(0, "127.0.0.2")])


@row("UDP-026/source not ours", ["ENETUNREACH", "EINVAL"])
def a_datagram_names_a_strange_source():
    return [sent_with([packet_info(0, source)]) for source in ("192.0.2.9", "224.0.0.9")]


@row("UDP-026/no such link", "ENODEV")
def a_datagram_names_a_strange_link():
    return sent_with([packet_info(999, "0.0.0.0")])


@row("UDP-027", [["127.0.0.1", 9, 8], ["127.0.0.1", 5, 0]])
def a_datagram_names_its_ttl_and_tos():
    asked = [(IP, socket.IP_TTL, struct.pack("i", 9)), (IP, socket.IP_TOS, struct.pack("i", 8))]
    return sent_with(asked, [(IP, socket.IP_TTL, 5)])


@row("UDP-027/values", ["EINVAL", "EINVAL", "EINVAL"])
def control_messages_of_no_sense():
    return [sent_with([(IP, socket.IP_TTL, struct.pack("i", 0))]), sent_with([(IP, socket.IP_TTL, b"9")]),
            sent_with([(IP, 99, struct.pack("i", 1))])]


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


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class MessageHeader(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32), ("parts", ctypes.POINTER(IoVec)), ("part_count", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t), ("flags", ctypes.c_int)]


class ManyHeader(ctypes.Structure):
    _fields_ = [("message", MessageHeader), ("length", ctypes.c_uint)]


def many(texts, name=b""):
    """Messages as sendmmsg() and recvmmsg() take them, and the rooms they point to."""
    headers = (ManyHeader * len(texts))()
    rooms = []
    for header, text in zip(headers, texts):
        room = ctypes.create_string_buffer(text, len(text))
        part = IoVec(ctypes.addressof(room), len(text))
        to = ctypes.create_string_buffer(name, len(name) or 1)
        rooms.append((room, part, to))
        header.message.parts, header.message.part_count = ctypes.pointer(part), 1
        if name:
            header.message.name, header.message.name_length = ctypes.addressof(to), len(name)
    return headers, rooms


def call_many(call, s, texts, flags=0, name=b""):
    """(how many, or the errno's name; the length of each; the texts after it)"""
    headers, rooms = many(texts, name)
    ctypes.set_errno(0)
    function = getattr(ctypes.CDLL(None, use_errno=True), call)
    count = function(s.fileno(), headers, len(texts), flags, None) if call == "recvmmsg" else function(s.fileno(), headers, len(texts), flags)
    if count < 0:
        return errno.errorcode[ctypes.get_errno()], [], []
    return count, [header.length for header in headers[:count]], [room[0].raw for room in rooms[:count]]


@row("API-IO-029", [[2, [1, 2]], "EMSGSIZE", [3, [4, 1, 2]], [b"four", b"1...", b"22.."], "EAGAIN"])
def some_of_many():
    """What was done before one fails is told, and the failure only where it is the first."""
    reader, writer = udp(), udp()
    reader.bind((at.LOCAL, 0))
    name = struct.pack("=H", socket.AF_INET) + struct.pack("!H", at.port_of(reader)) + socket.inet_aton(at.LOCAL) + bytes(8)
    writer.sendto(b"four", reader.getsockname())
    too_long = bytes(65508)
    sent = call_many("sendmmsg", writer, [b"1", b"22", too_long, b"4"], name=name)[:2]
    first = call_many("sendmmsg", writer, [too_long, b"5"], name=name)[0]
    at.wait_for(reader, select.POLLIN)
    count, lengths, texts = call_many("recvmmsg", reader, [b"...."] * 5)
    nothing = call_many("recvmmsg", reader, [b"...."] * 5)[0]
    return [list(sent), first, [count, lengths], texts, nothing]


@row("API-POLL-025", ["OUT,ERR", "OUT"])
def error_with_a_queue():
    """With IP_RECVERR an error shows until its queue is empty and it was told."""
    s, nobody = udp(), udp()
    nobody.bind((at.LOCAL, 0))
    name = nobody.getsockname()
    nobody.close()
    s.setsockopt(IP, IP_RECVERR, 1)
    s.connect(name)
    s.send(b"x")
    shown = at.settled(lambda: at.mask(s), lambda mask: "ERR" in mask)
    outcome(s.recvmsg, 10, 200, MSG_ERRQUEUE)
    at.option(s, SOL, socket.SO_ERROR)
    return [shown, at.mask(s)]


@row("API-ERR-022", ["ENOBUFS", "OK"])
def no_room():
    """Control messages that are more than a socket may have of them (net.core.optmem_max)."""
    reader, writer = udp(), udp()
    reader.bind((at.LOCAL, 0))
    ttl = (IP, socket.IP_TTL, struct.pack("i", 5))
    return [outcome(writer.sendmsg, [b"x"], [ttl] * count, 0, reader.getsockname()) for count in (10000, 1)]

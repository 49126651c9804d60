# Rows on datagrams that are cut as they are sent (UDP_SEGMENT) and joined as they are read (UDP_GRO).
import socket
import struct

import sockets as at
from rows import row
from sockets import outcome, tcp, udp

SOL_UDP, UDP_SEGMENT, UDP_GRO = 17, 103, 104
SO_NO_CHECK = 11


def pair():
    reader = udp()
    reader.bind((at.LOCAL, 0))
    reader.settimeout(0.5)
    return udp(), reader


def lengths(reader, count):
    """Of the next datagrams."""
    return [len(reader.recv(70_000)) for _ in range(count)]


def is_empty(reader):
    reader.setblocking(False)
    return outcome(reader.recv, 9)


def segments_of(octets):
    return [(SOL_UDP, UDP_SEGMENT, octets)]


def ask(writer, reader, text, control):
    return outcome(writer.sendmsg, [text], control, 0, reader.getsockname(), show=int)


@row("UDP_SEGMENT/values", [0, "EINVAL", "OK", 65_535, "EINVAL", "EINVAL", 65_535, "ENOPROTOOPT", "EOPNOTSUPP"])
def values():
    s, stream = udp(), tcp()
    found = [s.getsockopt(SOL_UDP, UDP_SEGMENT), outcome(s.setsockopt, SOL_UDP, UDP_SEGMENT, -1),
             outcome(s.setsockopt, SOL_UDP, UDP_SEGMENT, 65_535), s.getsockopt(SOL_UDP, UDP_SEGMENT),
             outcome(s.setsockopt, SOL_UDP, UDP_SEGMENT, 65_536),
             outcome(s.setsockopt, SOL_UDP, UDP_SEGMENT, b"\1\0"), s.getsockopt(SOL_UDP, UDP_SEGMENT)]
    return found + [outcome(stream.setsockopt, SOL_UDP, UDP_SEGMENT, 1), outcome(stream.getsockopt, SOL_UDP, UDP_SEGMENT)]


@row("UDP_SEGMENT/cuts what is longer", [250, [100, 100, 50], 100, [100], 200, [100, 100], 0, [0], "EAGAIN"])
def cuts():
    writer, reader = pair()
    writer.setsockopt(SOL_UDP, UDP_SEGMENT, 100)
    found = []
    for count, pieces in ((250, 3), (100, 1), (200, 2), (0, 1)):
        found += [outcome(writer.sendto, bytes(count), reader.getsockname(), show=int), lengths(reader, pieces)]
    return found + [is_empty(reader)]


@row("UDP_SEGMENT/at most 128 at once", [128, [1] * 128, "EINVAL", "EMSGSIZE", "EAGAIN"])
def at_most():
    writer, reader = pair()
    writer.setsockopt(SOL_UDP, UDP_SEGMENT, 1)
    found = [outcome(writer.sendto, bytes(128), reader.getsockname(), show=int), lengths(reader, 128),
             outcome(writer.sendto, bytes(129), reader.getsockname())]
    return found + [outcome(writer.sendto, bytes(65_508), reader.getsockname()), is_empty(reader)]


@row("UDP_SEGMENT/a control message comes before the option", [250, [100, 100, 50], 250, [250], 250, [60, 60, 60, 60, 10]])
def control():
    writer, reader = pair()
    writer.setsockopt(SOL_UDP, UDP_SEGMENT, 60)
    text = bytes(250)
    found = [ask(writer, reader, text, segments_of(struct.pack("H", 100))), lengths(reader, 3)]
    found += [ask(writer, reader, text, segments_of(struct.pack("H", 0))), lengths(reader, 1)]
    return found + [ask(writer, reader, text, []), lengths(reader, 5)]


@row("UDP_SEGMENT/control messages that are refused", ["EINVAL", "EINVAL", "EINVAL", "EINVAL", "EAGAIN"])
def refused():
    writer, reader = pair()
    text = bytes(250)
    controls = [segments_of(struct.pack("i", 100)), segments_of(b"d"), [(SOL_UDP, UDP_GRO, struct.pack("i", 100))],
                [(SOL_UDP, 77, struct.pack("i", 100))]]
    return [ask(writer, reader, text, each) for each in controls] + [is_empty(reader)]


@row("UDP_SEGMENT/not without checksums", [0, 1, "EINVAL", "EAGAIN"])
def unchecked():
    writer, reader = pair()
    found = [writer.getsockopt(socket.SOL_SOCKET, SO_NO_CHECK)]
    writer.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 2)
    found.append(writer.getsockopt(socket.SOL_SOCKET, SO_NO_CHECK))
    return found + [ask(writer, reader, bytes(90), segments_of(struct.pack("H", 100))), is_empty(reader)]


@row("UDP_GRO/values", [0, "OK", 1, "OK", 0])
def gro_values():
    s = udp()
    found = [s.getsockopt(SOL_UDP, UDP_GRO)]
    for value in (2, 0):
        found += [outcome(s.setsockopt, SOL_UDP, UDP_GRO, value), s.getsockopt(SOL_UDP, UDP_GRO)]
    return found


def heard(reader, room=70_000):
    text, control, flags, _ = reader.recvmsg(room, 200)
    return [len(text), [(level, kind, struct.unpack("i", value)[0]) for level, kind, value in control], flags]


@row("UDP_GRO/what was cut is read as one", [250, [(17, 104, 100)], 0, 100, [], 0, 120, [(17, 104, 100)], 32, "EAGAIN"])
def joined():
    writer, reader = pair()
    reader.setsockopt(SOL_UDP, UDP_GRO, 1)
    text = bytes(250)
    ask(writer, reader, text, segments_of(struct.pack("H", 100)))
    found = heard(reader)
    ask(writer, reader, text[:100], segments_of(struct.pack("H", 100)))
    found += heard(reader)
    ask(writer, reader, text, segments_of(struct.pack("H", 100)))
    return found + heard(reader, 120) + [is_empty(reader)]


@row("UDP_GRO/recv() without room for messages", [250, "EAGAIN"])
def joined_plainly():
    writer, reader = pair()
    reader.setsockopt(SOL_UDP, UDP_GRO, 1)
    ask(writer, reader, bytes(250), segments_of(struct.pack("H", 100)))
    return lengths(reader, 1) + [is_empty(reader)]


@row("UDP_GRO/the parts keep their order", [b"aab", (17, 104, 1)])
def in_order():
    writer, reader = pair()
    reader.setsockopt(SOL_UDP, UDP_GRO, 1)
    ask(writer, reader, b"aab", segments_of(struct.pack("H", 1)))
    text, control, _, _ = reader.recvmsg(9, 200)
    level, kind, value = control[0]
    return [text, (level, kind, struct.unpack("i", value)[0])]

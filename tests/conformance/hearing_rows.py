# Rows on which links and groups a datagram socket hears, and what it is told of what could not be sent.
import select
import socket
import struct

import sockets as at
from rows import row
from sockets import outcome, udp

IP, SOL = socket.IPPROTO_IP, socket.SOL_SOCKET
SO_BINDTODEVICE, SO_BINDTOIFINDEX = 25, 62
IP_MTU_DISCOVER, IP_RECVERR, IP_MULTICAST_ALL, IP_PMTUDISC_DO = 10, 11, 49, 2
MSG_ERRQUEUE = 0x2000
GROUP = socket.inet_aton("239.1.1.1") + socket.inet_aton(at.LOCAL)


@row("DEVICE/by name and by number", [b"", 0, "OK", b"lo\0", 1, "OK", b"", "OK", b"lo\0"])
def device():
    s = udp()
    found = [s.getsockopt(SOL, SO_BINDTODEVICE, 16), s.getsockopt(SOL, SO_BINDTOIFINDEX)]
    found += [outcome(s.setsockopt, SOL, SO_BINDTODEVICE, b"lo"), s.getsockopt(SOL, SO_BINDTODEVICE, 16),
              s.getsockopt(SOL, SO_BINDTOIFINDEX)]
    s = udp()
    found += [outcome(s.setsockopt, SOL, SO_BINDTODEVICE, b""), s.getsockopt(SOL, SO_BINDTODEVICE, 16)]
    return found + [outcome(s.setsockopt, SOL, SO_BINDTOIFINDEX, 1), s.getsockopt(SOL, SO_BINDTODEVICE, 16)]


@row("DEVICE/what is refused", ["ENODEV", "EINVAL", "EINVAL"])
def no_device():
    s = udp()
    found = [outcome(s.setsockopt, SOL, SO_BINDTODEVICE, b"nope"), outcome(s.setsockopt, SOL, SO_BINDTOIFINDEX, -1)]
    s.setsockopt(SOL, SO_BINDTODEVICE, b"lo")
    return found + [outcome(s.getsockopt, SOL, SO_BINDTODEVICE, 15)]


@row("DEVICE/lo is heard by who is bound to it", [b"x"])
def lo():
    reader, writer = udp(), udp()
    for s in (reader, writer):
        s.setsockopt(SOL, SO_BINDTODEVICE, b"lo")
    reader.bind((at.LOCAL, 0))
    writer.sendto(b"x", reader.getsockname())
    at.wait_for(reader, select.POLLIN)
    return [reader.recv(9)]


@row("DEVICE/a stream bound to lo connects to this host", ["OK"])
def stream_by_lo():
    listener = at.listening()
    s = at.tcp()
    s.setsockopt(SOL, SO_BINDTODEVICE, b"lo")
    return [outcome(s.connect, listener.getsockname())]


@row("IP_MULTICAST_ALL/groups of others are heard unless it is off", [b"x", b"x", "EAGAIN", 1, 0, "EINVAL"])
def groups_of_others():
    member, other, alone, writer = udp(), udp(), udp(), udp()
    member.setsockopt(SOL, socket.SO_REUSEADDR, 1)
    member.bind(("", 0))
    for s in (other, alone):
        s.setsockopt(SOL, socket.SO_REUSEADDR, 1)
        s.bind(("", at.port_of(member)))
    member.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, GROUP)
    alone.setsockopt(IP, IP_MULTICAST_ALL, 0)
    writer.setsockopt(IP, socket.IP_MULTICAST_IF, socket.inet_aton(at.LOCAL))
    writer.sendto(b"x", ("239.1.1.1", at.port_of(member)))
    at.wait_for(member, select.POLLIN)
    at.wait_for(other, select.POLLIN)
    heard = [outcome(s.recv, 9, show=bytes) for s in (member, other, alone)]
    return heard + [s.getsockopt(IP, IP_MULTICAST_ALL) for s in (other, alone)] + [
        outcome(other.setsockopt, IP, IP_MULTICAST_ALL, 2)]


@row("IP_MULTICAST_ALL/one's own groups are heard where it is off", [b"x"])
def own_groups():
    member, writer = udp(), udp()
    member.bind(("", 0))
    member.setsockopt(IP, IP_MULTICAST_ALL, 0)
    member.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, GROUP)
    writer.setsockopt(IP, socket.IP_MULTICAST_IF, socket.inet_aton(at.LOCAL))
    writer.sendto(b"x", ("239.1.1.1", at.port_of(member)))
    at.wait_for(member, select.POLLIN)
    return [outcome(member.recv, 9, show=bytes)]


@row("IP_RECVERR/what is too long is told with what the path takes", ["EMSGSIZE", [b"", True, (at.LOCAL, 0), 90, 1, 65535], "EAGAIN", 0])
def too_long():
    s = udp()
    s.setsockopt(IP, IP_RECVERR, 1)
    s.setsockopt(IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    sent = outcome(s.sendto, b"x" * 65508, (at.LOCAL, 9))
    text, control, flags, name = s.recvmsg(100, 200, MSG_ERRQUEUE)
    number, origin, _, _, _, info = struct.unpack_from("IBBBBI", control[0][2])
    return [sent, [text, bool(flags & MSG_ERRQUEUE), name, number, origin, info],
            outcome(s.recvmsg, 100, 200, MSG_ERRQUEUE), at.option(s, SOL, socket.SO_ERROR)]


@row("IP_RECVERR/an error gives the text that it is about, cut to the room there is", [[b"what was sent", 111, 2], [b"what", True], "EAGAIN"])
def text_of_an_error():
    s, nobody = udp(), udp()
    nobody.bind((at.LOCAL, 0))
    name = nobody.getsockname()
    nobody.close()
    s.setsockopt(IP, IP_RECVERR, 1)
    found = []
    for room in (100, 4):
        s.sendto(b"what was sent", name)
        at.wait_for(s, 0)
        text, control, flags, told = at.settled(lambda: outcome(s.recvmsg, room, 200, MSG_ERRQUEUE, show=list), lambda a: isinstance(a, list))
        assert told == name, told
        number, origin = struct.unpack_from("IB", control[0][2])
        found.append([text, number, origin] if room == 100 else [text, bool(flags & socket.MSG_TRUNC)])
        at.option(s, SOL, socket.SO_ERROR)
    return found + [outcome(s.recvmsg, 100, 200, MSG_ERRQUEUE)]

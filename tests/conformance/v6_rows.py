# Rows on sockets of IPv6, asked where the run has addresses of it (run.py --ipv6).
import select
import socket
import struct

import sockets as at
from sockets import outcome

ROWS = []
V6 = socket.IPPROTO_IPV6
IPV6_UNICAST_HOPS, IPV6_MULTICAST_IF, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP = 16, 17, 18, 19
IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP, IPV6_V6ONLY = 20, 21, 26
IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT, IPV6_TCLASS = 49, 50, 51, 52, 67
GROUP = socket.inet_pton(socket.AF_INET6, "ff05::77")
LO = 1


def row(identity, expected):
    def keep(function):
        ROWS.append((identity, expected, function))
        return function
    return keep


def stream():
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    at.KEPT.append(s)
    return s


def datagram():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setblocking(False)
    at.KEPT.append(s)
    return s


@row("API-LIST-030", ["::ffff:127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.1"])
def accept_of_both_families():
    listener = stream()
    listener.bind(("::", 0))
    listener.listen()
    client = at.tcp()
    client.connect((at.LOCAL, at.port_of(listener)))
    accepted, peer = listener.accept()
    at.KEPT.append(accepted)
    return [peer[0], accepted.getpeername()[0], accepted.getsockname()[0]]


@row("API-CONN-032", ["ENETUNREACH", "ENETUNREACH"])
def mapped_from_the_other_family():
    answers = []
    for made in (stream(), datagram()):
        made.bind(("::1", 0))
        answers.append(outcome(made.connect, ("::ffff:127.0.0.1", at.port_of(at.listening()))))
    return answers


def kept(s, name, value):
    """What is read back after it was set."""
    answer = outcome(s.setsockopt, V6, name, value)
    return s.getsockopt(V6, name) if answer == "OK" else answer


def told_of(sender, receiver, text=b"x"):
    """The control messages of one datagram: numbers by kind."""
    sender.sendto(text, receiver.getsockname())
    at.wait_for(receiver, select.POLLIN)
    _, control, _, _ = receiver.recvmsg(100, 400)
    return {kind: data for _, kind, data in control}


@row("API-OPT-024", [[1, 5, 0x28, 1, 3, 0, LO], 5, [LO, "::1"], "OK", "OK", "EADDRNOTAVAIL"])
def options():
    s, reader = datagram(), datagram()
    values = [kept(s, IPV6_V6ONLY, 1), kept(s, IPV6_UNICAST_HOPS, 5), kept(s, IPV6_TCLASS, 0x28), kept(s, IPV6_RECVPKTINFO, 1),
              kept(s, IPV6_MULTICAST_HOPS, 3), kept(s, IPV6_MULTICAST_LOOP, 0), kept(s, IPV6_MULTICAST_IF, LO)]
    reader.bind(("::1", 0))
    for name in (IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT):
        reader.setsockopt(V6, name, 1)
    told = told_of(s, reader)
    hops = struct.unpack("i", told[IPV6_HOPLIMIT])[0]
    arrival = [struct.unpack("I", told[IPV6_PKTINFO][16:])[0], socket.inet_ntop(socket.AF_INET6, told[IPV6_PKTINFO][:16])]
    member = datagram()
    joined = outcome(member.setsockopt, V6, IPV6_JOIN_GROUP, GROUP + struct.pack("I", LO))
    leave = [outcome(member.setsockopt, V6, IPV6_LEAVE_GROUP, GROUP + struct.pack("I", LO)) for _ in range(2)]
    return [values, hops, arrival, joined] + leave


@row("V6/what options do not take", ["EINVAL", "EINVAL", "EINVAL", "EINVAL", "ENODEV"])
def wrong_options():
    s = datagram()
    s.bind(("::1", 0))
    return [outcome(s.setsockopt, V6, name, value) for name, value in
            ((IPV6_V6ONLY, 1), (IPV6_UNICAST_HOPS, 256), (IPV6_TCLASS, 256), (IPV6_MULTICAST_HOPS, -2),
             (IPV6_JOIN_GROUP, GROUP + struct.pack("I", 99)))]


@row("IP6-021", [["EINVAL", "EINVAL"], ["EINVAL", "EINVAL"]])
@row("API-CONN-024", [["EINVAL", "EINVAL"], ["EINVAL", "EINVAL"]])
def no_zone():
    """An address of a link says nothing without the number of the link."""
    return [[outcome(made().connect, ("fe80::1", 9)) for made in (stream, datagram)],
            [outcome(made().bind, ("fe80::1", 0)) for made in (stream, datagram)]]


@row("ZONE/an unknown one", ["ENODEV", "ENETUNREACH", "ENETUNREACH"])
def unknown_zone():
    return [outcome(stream().bind, ("fe80::1", 0, 0, 99)), outcome(datagram().connect, ("fe80::1", 9, 0, 99)),
            outcome(datagram().sendto, b"x", ("fe80::1", 9, 0, 99))]


@row("ZONE/an address that is not there", ["EADDRNOTAVAIL", "EADDRNOTAVAIL"])
def strange_address_of_a_zone():
    return [outcome(made().bind, ("fe80::dead", 0, 0, LO)) for made in (stream, datagram)]


@row("ZONE/a global address has none", [["::1", 0], ["::1", 0]])
def no_zone_of_a_global_address():
    s, reader = datagram(), datagram()
    reader.bind(("::1", 0, 0, 99))
    s.sendto(b"x", ("::1", at.port_of(reader), 0, 99))
    at.wait_for(reader, select.POLLIN)
    _, sender = reader.recvfrom(10)
    return [[name[0], name[3]] for name in (reader.getsockname(), sender)]


@row("ZONE/a stream that has begun is asked for its state first", ["EISCONN", "EISCONN", 0])
def zone_of_a_stream_that_has_begun():
    listener, client = stream(), stream()
    listener.bind(("::1", 0))
    listener.listen()
    client.connect(listener.getsockname())
    answers = [outcome(s.connect, ("fe80::1", 9, 0, 99)) for s in (client, listener)]
    return answers + [client.getsockopt(socket.SOL_SOCKET, 62)]  # SO_BINDTOIFINDEX

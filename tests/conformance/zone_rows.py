# Rows on zones: sin6_scope_id of addresses that mean something on one link only, and the device it makes a socket's (RFC 4007 section 6,
# ipv6(7)). Asked with those of v6_rows where eth0 is link 2 and has an address of its own.
import socket
import struct

import sockets as at
from sockets import outcome
from v6_rows import GROUP, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_IF, IPV6_MULTICAST_LOOP, LO, V6, datagram, row, stream

ETH0, UNKNOWN = 2, 99
NEIGHBOUR, GROUP_OF_A_LINK, GROUP_OF_A_HOST, WIDE_GROUP = "fe80::1:1", "ff02::77", "ff01::77", socket.inet_ntop(socket.AF_INET6, GROUP)
IP_FREEBIND, IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_ALL = 15, 32, 33, 34, 49
IPV6_MULTICAST_ALL, IPV6_PKTINFO = 29, 50
SO_BINDTODEVICE, SO_BINDTOIFINDEX = 25, 62


def of_both(observe):
    return [observe(stream), observe(datagram)]


def device(s):
    return s.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX)


def on(made, number):
    s = made()
    s.setsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX, number)
    return s


def asked(s, call, address, zone, port=0):
    """What it answers, and the device that the socket has then."""
    s.setblocking(False)
    return [outcome(call, (address, port, 0, zone)), device(s)]


def bound(s, address, zone, port=0):
    return asked(s, s.bind, address, zone, port)


def connected(s, address, zone):
    return asked(s, s.connect, address, zone, 9)


def sent(s, address, zone):
    return outcome(s.sendto, b"x", (address, 9, 0, zone))


def own():
    s = datagram()
    s.connect((NEIGHBOUR, 9, 0, ETH0))
    return s.getsockname()[0]


def unspecified(s):
    at.disconnect(s)
    return device(s)


@row("ZONE/bind makes the zone the device", [[["OK", ETH0], ["OK", ETH0], True, ["EADDRNOTAVAIL", ETH0]]] * 2)
def bind_to_a_zone():
    def observe(made):
        s, listener = made(), stream()
        answers = [bound(s, own(), ETH0), bound(listener, own(), ETH0)]
        return answers + [s.getsockname()[3] == ETH0 and outcome(listener.listen) == "OK", bound(made(), "fe80::dead", ETH0)]
    return of_both(observe)


@row("ZONE/bind leaves the device as it was named", [[["ENODEV", UNKNOWN], ["ENODEV", UNKNOWN], ["OK", ETH0]]] * 2)
def bind_to_an_unknown_zone():
    def observe(made):
        s = made()
        return [bound(s, own(), UNKNOWN), bound(s, own(), 0), bound(s, own(), ETH0)]
    return of_both(observe)


@row("ZONE/bind to any number", [["ENODEV", 65538], ["ENODEV", -2]])
def bind_to_a_large_zone():
    return [bound(datagram(), own(), zone) for zone in (65538, 0xfffffffe)]


@row("ZONE/bind with a device", [[["OK", ETH0], ["EADDRNOTAVAIL", LO], ["OK", ETH0], ["EADDRNOTAVAIL", ETH0], ["ENODEV", UNKNOWN]]] * 2)
def bind_with_a_device():
    return of_both(lambda made: [bound(on(made, ETH0), own(), 0), bound(on(made, LO), own(), 0), bound(on(made, LO), own(), ETH0),
                                 bound(on(made, ETH0), "::1", 0), bound(on(made, ETH0), own(), UNKNOWN)])


@row("ZONE/bind is asked for the state first", [[["OK", ETH0]] + [["EINVAL", ETH0]] * 4] * 2)
def bind_again():
    def observe(made):
        s = made()
        return [bound(s, own(), ETH0)] + [bound(s, own(), zone) for zone in (0, LO, ETH0, UNKNOWN)]
    return of_both(observe)


@row("ZONE/bind to what is in use", [["EADDRINUSE", ETH0]] * 2)
def bind_to_what_is_in_use():
    def observe(made):
        first = made()
        first.bind((own(), 0, 0, ETH0))
        return bound(made(), own(), ETH0, at.port_of(first))
    return of_both(observe)


@row("ZONE/IP_FREEBIND does without the address, not without the link",
     [[["OK", ETH0], ["ENODEV", UNKNOWN], ["EINVAL", 0]]] * 2)
def bind_freely():
    def observe(made):
        answers = []
        for zone in (ETH0, UNKNOWN, 0):
            s = made()
            s.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            answers.append(bound(s, "fe80::dead", zone))
        return answers
    return of_both(observe)


@row("ZONE/an unknown device is a device", [[["ENODEV", "ENODEV", "ENETUNREACH", "OK", 0], "OK"]] * 2)
def unknown_device():
    def astray(made):
        s = made()
        s.setblocking(False)
        bound(s, own(), UNKNOWN)
        return s

    def observe(made):
        s = astray(made)
        answers = [outcome(s.getsockopt, socket.SOL_SOCKET, SO_BINDTODEVICE, 16), outcome(s.bind, ("::1", 0)),
                   outcome(s.connect, ("::1", 9)), outcome(s.setsockopt, socket.SOL_SOCKET, SO_BINDTOIFINDEX, 0), device(s)]
        return [answers, outcome(astray(made).bind, ("::", 0))]
    return of_both(observe)


@row("ZONE/datagrams of an unknown device", ["ENETUNREACH", "OK", "ENETUNREACH"])
def datagrams_of_an_unknown_device():
    s = datagram()
    bound(s, own(), UNKNOWN)
    return [sent(s, "::1", 0), sent(s, NEIGHBOUR, ETH0), sent(s, NEIGHBOUR, UNKNOWN)]


@row("ZONE/connect takes the device for the zone",
     [[["EINVAL", 0], [word, ETH0], [word, ETH0], ["EINVAL", LO], ["EINVAL", LO], [word, ETH0]] for word in ("EINPROGRESS", "OK")])
def connect_with_a_device():
    def observe(made):
        there = made()
        there.bind((own(), 0, 0, ETH0))
        return [connected(made(), NEIGHBOUR, 0), connected(made(), NEIGHBOUR, ETH0), connected(on(made, ETH0), NEIGHBOUR, 0),
                connected(on(made, LO), NEIGHBOUR, ETH0), connected(on(made, LO), NEIGHBOUR, UNKNOWN), connected(there, NEIGHBOUR, 0)]
    return of_both(observe)


@row("ZONE/connect leaves the device as it was named", [[["ENETUNREACH", UNKNOWN], ["EINVAL", UNKNOWN], ["ENETUNREACH", UNKNOWN]]] * 2)
def connect_to_an_unknown_zone():
    def observe(made):
        s = made()
        return [connected(s, NEIGHBOUR, zone) for zone in (UNKNOWN, ETH0, 0)]
    return of_both(observe)


@row("ZONE/connect of a stream that has begun", [["EISCONN"] * 3, ["EISCONN"] * 3, ["EALREADY"] * 3, [0, 0, ETH0]])
def connect_again():
    listener, client, opening = stream(), stream(), stream()
    listener.bind(("::1", 0))
    listener.listen()
    client.connect(listener.getsockname())
    connected(opening, NEIGHBOUR, ETH0)
    streams = (client, listener, opening)
    return [[connected(s, NEIGHBOUR, zone)[0] for zone in (0, ETH0, UNKNOWN)] for s in streams] + [[device(s) for s in streams]]


@row("ZONE/AF_UNSPEC takes the device of datagrams", [[ETH0] * 3, [0] * 3, [0, ETH0], [0, 0], ["EINVAL", 0]])
def disconnect():
    def observe(made):
        there, peer = made(), made()
        bound(there, own(), ETH0)
        connected(peer, NEIGHBOUR, ETH0)
        return [unspecified(s) for s in (there, peer, on(made, ETH0))]
    of_v4 = [unspecified(on(made, ETH0)) for made in (at.udp, at.tcp)]
    s = datagram()
    bound(s, own(), ETH0, 5566)
    s.setblocking(False)
    unspecified(s)
    return of_both(observe) + [of_v4, [device(s), s.getsockname()[3]], connected(s, NEIGHBOUR, 0)]


@row("ZONE/names say the device", [[True, 0], [True, True, 0, 0], [GROUP_OF_A_LINK, ETH0]])
def names_and_devices():
    s, peer, member = datagram(), datagram(), datagram()
    bound(s, own(), ETH0)
    connected(peer, NEIGHBOUR, ETH0)
    connected(member, GROUP_OF_A_LINK, ETH0)
    there = [name[3] == ETH0 for name in (s.getsockname(), peer.getsockname(), peer.getpeername())]
    for each in (s, peer):
        each.setsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX, 0)
    gone = [name[3] for name in (s.getsockname(), peer.getsockname(), peer.getpeername())]
    return [[there[0], gone[0]], there[1:] + gone[1:], [member.getpeername()[0], member.getpeername()[3]]]


@row("ZONE/accept", [["OK", ETH0], [ETH0, ETH0, ETH0, ETH0], 0])
def accept_over_a_zone():
    listener, client, other = stream(), stream(), stream()
    listener.bind(("::", 0))
    listener.listen()
    client.settimeout(5)
    answer = [outcome(client.connect, (own(), at.port_of(listener), 0, ETH0)), device(client)]
    accepted, peer = listener.accept()
    other.connect(("::1", at.port_of(listener)))
    plain, _ = listener.accept()
    at.KEPT.extend((accepted, plain))
    return [answer, [device(accepted), accepted.getsockname()[3], accepted.getpeername()[3], peer[3]], device(plain)]


@row("ZONE/a listener of a zone", ["OK", "OK", "OK", ETH0, True])
def listen_in_a_zone():
    listener, client = stream(), stream()
    client.settimeout(5)
    answers = [outcome(listener.bind, (own(), 0, 0, ETH0)), outcome(listener.listen), outcome(client.connect, listener.getsockname())]
    accepted, _ = listener.accept()
    at.KEPT.append(accepted)
    return answers + [device(accepted), accepted.getpeername() == client.getsockname()]


@row("ZONE/sendto", [["OK", "OK", "ENETUNREACH"], ["OK", "OK", "ENETUNREACH"], ["OK", "OK", "ENETUNREACH"], [0, LO, ETH0]])
def send_to_zones():
    there = datagram()
    bound(there, own(), ETH0)
    senders = (datagram(), on(datagram, LO), there)
    answers = [[sent(s, NEIGHBOUR, zone) for zone in (0, ETH0, UNKNOWN)] for s in senders[:1]]
    answers += [[sent(s, GROUP_OF_A_LINK, zone) for zone in (0, ETH0, UNKNOWN)] for s in senders[:1]]
    answers += [[sent(there, NEIGHBOUR, zone) for zone in (0, ETH0, UNKNOWN)]]
    return answers + [[device(s) for s in senders]]


@row("ZONE/IPV6_PKTINFO beside another link", [["EINVAL", "OK", "OK", "EINVAL", "EINVAL", "ENODEV"], ["EINVAL", "OK", "EINVAL", "OK"]])
def information_beside_a_zone():
    def ask(s, link, zone):
        info = bytes(16) + struct.pack("I", link)
        return outcome(s.sendmsg, [b"x"], [(V6, IPV6_PKTINFO, info)], 0, (NEIGHBOUR, 9, 0, zone))
    free, kept, other = datagram(), on(datagram, ETH0), on(datagram, LO)
    return [[ask(free, *pair) for pair in ((LO, ETH0), (ETH0, ETH0), (ETH0, 0), (ETH0, UNKNOWN), (UNKNOWN, ETH0), (UNKNOWN, 0))],
            [ask(kept, LO, 0), ask(kept, ETH0, 0), ask(kept, UNKNOWN, 0), ask(other, ETH0, ETH0)]]


@row("ZONE/groups that connect", [["EINVAL", 0], ["OK", ETH0], ["OK", ETH0], ["OK", ETH0], ["OK", ETH0], ["EINVAL", ETH0], ["OK", 0], ["OK", 0],
                                  ["ENETUNREACH", UNKNOWN]])
def connect_to_groups():
    def led(number):
        s = datagram()
        s.setsockopt(V6, IPV6_MULTICAST_IF, number)
        return s
    return [connected(datagram(), GROUP_OF_A_LINK, 0), connected(datagram(), GROUP_OF_A_LINK, ETH0), connected(led(ETH0), GROUP_OF_A_LINK, 0),
            connected(led(LO), GROUP_OF_A_HOST, ETH0), connected(on(datagram, ETH0), GROUP_OF_A_LINK, 0), connected(on(datagram, ETH0), GROUP_OF_A_LINK, LO),
            connected(led(ETH0), WIDE_GROUP, 0), connected(datagram(), WIDE_GROUP, ETH0), connected(datagram(), GROUP_OF_A_LINK, UNKNOWN)]


@row("ZONE/a stream to a group", [["ENETUNREACH", 0], ["ENETUNREACH", 0], ["EINVAL", 0], ["EINVAL", 0]])
def streams_to_groups():
    return [connected(stream(), GROUP_OF_A_LINK, zone) for zone in (0, ETH0)] + [bound(stream(), GROUP_OF_A_LINK, zone) for zone in (0, ETH0)]


@row("ZONE/groups that are bound", [["EINVAL", 0], ["OK", ETH0], ["ENODEV", UNKNOWN], ["OK", 0], ["OK", ETH0], ["OK", LO], ETH0])
def bind_to_groups():
    s = datagram()
    return [bound(datagram(), GROUP_OF_A_LINK, 0), bound(s, GROUP_OF_A_LINK, ETH0), bound(datagram(), GROUP_OF_A_LINK, UNKNOWN),
            bound(datagram(), WIDE_GROUP, ETH0), bound(on(datagram, ETH0), GROUP_OF_A_LINK, 0), bound(datagram(), GROUP_OF_A_HOST, LO),
            s.getsockname()[3]]


@row("ZONE/IPV6_MULTICAST_IF with a device", ["EINVAL", "OK", "ENODEV", "OK", 0, "ENOPROTOOPT", "ENOPROTOOPT"])
def multicast_interface_with_a_device():
    s = on(datagram, ETH0)
    return [outcome(s.setsockopt, V6, IPV6_MULTICAST_IF, number) for number in (LO, ETH0, UNKNOWN, 0)] + \
        [s.getsockopt(V6, IPV6_MULTICAST_IF)] + [outcome(stream().setsockopt, V6, name, 1) for name in (IPV6_MULTICAST_IF, IPV6_MULTICAST_HOPS)]


def each_value(s, level, name, values):
    return [s.getsockopt(level, name)] + [[outcome(s.setsockopt, level, name, value), s.getsockopt(level, name)] for value in values]


OF_V4 = [["OK", 1], ["OK", 0], ["EINVAL", 0], ["EINVAL", 0]]


@row("GROUPS/IP_MULTICAST_ALL and IPV6_MULTICAST_ALL", [[1, *OF_V4], [0, *OF_V4], [1, ["OK", 0], ["OK", 1], ["OK", 1], ["OK", 0]], ["EINVAL", 0]])
def multicast_all():
    s = datagram()
    s.setsockopt(V6, IPV6_MULTICAST_ALL, 1)
    answers = [each_value(made, socket.IPPROTO_IP, IP_MULTICAST_ALL, (1, 0, 2, -1)) for made in (at.udp(), s)]
    answers.append(each_value(s, V6, IPV6_MULTICAST_ALL, (0, 2, -1, 0)))
    return answers + [[outcome(s.setsockopt, V6, IPV6_MULTICAST_ALL, b"\1"), s.getsockopt(V6, IPV6_MULTICAST_ALL)]]


@row("GROUPS/either family has its own options", [[7, 9], [1, 0], [0, 1]])
def multicast_of_either_family():
    s = datagram()
    s.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_TTL, 7)
    s.setsockopt(V6, IPV6_MULTICAST_HOPS, 9)
    s.setsockopt(V6, IPV6_MULTICAST_LOOP, 0)
    s.setsockopt(V6, IPV6_MULTICAST_IF, LO)
    index = s.getsockopt(V6, IPV6_MULTICAST_IF)
    s.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), 0))
    pairs = ((IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS), (IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP))
    return [[s.getsockopt(socket.IPPROTO_IP, v4), s.getsockopt(V6, v6)] for v4, v6 in pairs] + \
        [[index - LO, s.getsockopt(V6, IPV6_MULTICAST_IF)]]

# Rows on interfaces: netdevice(7) asked of a socket says what rtnetlink(7) says of the same interface.
import ctypes
import fcntl
import socket
import struct

import sockets as at
from rows import row

SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK = 0x8913, 0x8915, 0x8919, 0x891B
SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFCONF = 0x8921, 0x8927, 0x8933, 0x8912
OF_LINK = (SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFINDEX)
OF_ADDRESS = (SIOCGIFADDR, SIOCGIFNETMASK)


def asked(s, command, name):
    answer = at.outcome(fcntl.ioctl, s.fileno(), command, struct.pack("16s24x", name.encode()), show=bytes)
    return answer if isinstance(answer, str) else answer[16:32]


def with_addresses(s):
    room = ctypes.create_string_buffer(40 * 64)
    request = fcntl.ioctl(s.fileno(), SIOCGIFCONF, struct.pack("iP", len(room), ctypes.addressof(room)))
    count = struct.unpack("iP", request)[0] // 40
    return sorted({room.raw[40 * i:40 * i + 16].split(b"\0")[0].decode() for i in range(count)})


class Ifaddrs(ctypes.Structure):
    pass


Ifaddrs._fields_ = [("next", ctypes.POINTER(Ifaddrs)), ("name", ctypes.c_char_p), ("flags", ctypes.c_uint),
                    ("address", ctypes.c_void_p), ("mask", ctypes.c_void_p), ("other", ctypes.c_void_p),
                    ("data", ctypes.c_void_p)]


def first_v4():
    """By name what getifaddrs() says, which asks rtnetlink: (address, mask) as sockaddr."""
    libc = ctypes.CDLL(None)
    head = ctypes.POINTER(Ifaddrs)()
    libc.getifaddrs(ctypes.byref(head))
    found, each = {}, head
    while each:
        one = each.contents
        if one.address and ctypes.string_at(one.address, 2) == struct.pack("H", socket.AF_INET):
            found.setdefault(one.name.decode(), [ctypes.string_at(at_, 16) for at_ in (one.address, one.mask)])
        each = one.next
    return found


@row("IFACE/an internet socket and one of the kernel's own tell the same of every interface", [[], True])
def one_truth():
    """That of AF_UNIX is answered by the kernel where the program runs, whoever answers the other."""
    ours = at.udp()
    native = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    at.KEPT.append(native)
    names = [name for _, name in socket.if_nameindex()]
    wrong = [(name, hex(command)) for name in names for command in OF_LINK
             if asked(ours, command, name) != asked(native, command, name)]
    return [wrong, "lo" in names]


@row("IFACE/SIOCGIFADDR and SIOCGIFNETMASK are what getifaddrs() tells", [[], True])
def addresses():
    ours = at.udp()
    told = first_v4()
    wrong = [(name, hex(command)) for name, each in told.items() for command, octets in zip(OF_ADDRESS, each)
             if asked(ours, command, name) != octets]
    return [wrong, "lo" in told]


@row("IFACE/SIOCGIFCONF lists the interfaces that have an IPv4 address", [True, []])
def list_of_addresses():
    ours = at.udp()
    listed = with_addresses(ours)
    wrong = [name for name in listed if isinstance(asked(ours, SIOCGIFADDR, name), str)]
    return ["lo" in listed, wrong]


@row("IFACE/names and numbers lead to each other", [[], "OSError"])
def numbers():
    wrong = [name for index, name in socket.if_nameindex()
             if socket.if_nametoindex(name) != index or socket.if_indextoname(index) != name
             or struct.unpack("i", asked(at.udp(), SIOCGIFINDEX, name)[:4])[0] != index]
    try:
        socket.if_nametoindex("nope")
        return [wrong, "OK"]
    except OSError:
        return [wrong, "OSError"]


@row("IFACE/an unknown name is no device", ["ENODEV"] * 3)
def unknown():
    return [asked(at.udp(), command, "nope") for command in (SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFADDR)]

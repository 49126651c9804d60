# Calls on AF_INET6 sockets, one line of answer each: the same lines are expected of the kernel and of us.
import errno
import socket

STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
opened = []


def new(kind, family=socket.AF_INET6, only=None):
    s = socket.socket(family, kind)
    s.settimeout(5)
    if only is not None:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    opened.append(s)
    return s


def name(address):
    """Without the port, which is drawn."""
    return tuple(part if i != 1 else part != 0 for i, part in enumerate(address))


def tell(label, call):
    try:
        result = call()
    except OSError as error:
        result = errno.errorcode.get(error.errno, error)
    print(f"{label}: {result}")


def bound(kind, address, **options):
    s = new(kind, **options)
    s.bind(address)
    return s


def listening(address, **options):
    s = bound(STREAM, address, **options)
    s.listen(5)
    return s


def accepted(listener, client):
    end, peer = listener.accept()
    opened.append(end)
    return name(peer), name(end.getsockname()), name(end.getpeername()), name(client.getsockname()), name(client.getpeername())


def connected(address, family=socket.AF_INET6, **options):
    s = new(STREAM, family, **options)
    s.connect(address)
    return s


tell("fresh name", lambda: new(STREAM).getsockname())
tell("fresh peer", lambda: new(STREAM).getpeername())
for kind, word in ((STREAM, "stream"), (DGRAM, "datagram")):
    tell(f"{word} bind any", lambda: name(bound(kind, ("::", 0)).getsockname()))
    tell(f"{word} bind lo", lambda: name(bound(kind, ("::1", 0)).getsockname()))
    tell(f"{word} bind mapped", lambda: name(bound(kind, ("::ffff:127.0.0.1", 0)).getsockname()))
    tell(f"{word} bind mapped, v6 only", lambda: bound(kind, ("::ffff:127.0.0.1", 0), only=1))
    tell(f"{word} bind foreign", lambda: bound(kind, ("2001:db8::99", 0)))
    tell(f"{word} bind link-local without a link", lambda: bound(kind, ("fe80::1", 0)))
    tell(f"{word} connect link-local without a link", lambda: new(kind).connect(("fe80::1", 9)))
    tell(f"{word} connect mapped, v6 only", lambda: new(kind, only=1).connect(("::ffff:127.0.0.1", 9)))
    tell(f"{word} v6only default", lambda: new(kind).getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
    tell(f"{word} v6only on AF_INET", lambda: new(kind, socket.AF_INET).getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
    tell(f"{word} domain", lambda: new(kind).getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN))
    tell(f"{word} hops default", lambda: new(kind).getsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS))

both = listening(("::", 7000))
tell("dual over v6", lambda: accepted(both, connected(("::1", 7000))))
tell("dual over v4", lambda: accepted(both, connected(("127.0.0.1", 7000), socket.AF_INET)))
tell("dual over mapped", lambda: accepted(both, connected(("::ffff:127.0.0.1", 7000))))
tell("dual, connect any", lambda: accepted(both, connected(("::", 7000))))
tell("dual, v4 beside it", lambda: bound(STREAM, ("0.0.0.0", 7000), family=socket.AF_INET))
tell("dual, v6 beside it", lambda: bound(STREAM, ("::", 7000)))
only = listening(("::", 7001), only=1)
tell("v6 only over v6", lambda: accepted(only, connected(("::1", 7001))))
tell("v6 only over v4", lambda: connected(("127.0.0.1", 7001), socket.AF_INET))
tell("v6 only, v4 beside it", lambda: name(bound(STREAM, ("0.0.0.0", 7001), family=socket.AF_INET).getsockname()))
tell("v6only after bind", lambda: both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1))
tell("nobody listens", lambda: connected(("::1", 7009)))

to = bound(DGRAM, ("::", 7002))


def heard(sender, address):
    sender.sendto(b"text", address)
    text, peer = to.recvfrom(100)
    return text, name(peer)


tell("datagram over v6", lambda: heard(new(DGRAM), ("::1", 7002)))
tell("datagram over v4", lambda: heard(new(DGRAM, socket.AF_INET), ("127.0.0.1", 7002)))
tell("datagram to mapped", lambda: heard(new(DGRAM), ("::ffff:127.0.0.1", 7002)))
tell("datagram to mapped, v6 only", lambda: heard(new(DGRAM, only=1), ("::ffff:127.0.0.1", 7002)))
tell("datagram without a port", lambda: new(DGRAM).sendto(b"x", ("::1", 0)))


def spoken():
    s = new(DGRAM)
    s.connect(("::1", 7002))
    s.send(b"hello")
    text, peer = to.recvfrom(100)
    to.sendto(b"answer", peer)
    return text, s.recv(100), name(s.getpeername()), name(s.getsockname())


tell("datagram both ways", spoken)

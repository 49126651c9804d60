# Two hosts that know each other's addresses of a link alone: the client has another link beside the one they share.
import errno
import socket
import sys
import time

PORT, STREAM_PORT = 7000, 7001
SERVERS_LINK, OTHER, SHARED = 2, 2, 3  # numbers of links: 1 is lo
SO_BINDTODEVICE, SO_BINDTOIFINDEX = 25, 62


def datagrams(device=None):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    if device:
        s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device)
    s.bind(("::", PORT))
    return s


def refusal(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "OK"


def server():
    listener = socket.create_server(("::", STREAM_PORT), family=socket.AF_INET6)
    s = datagrams()
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
    s.settimeout(0.2)
    while True:
        s.sendto(b"hello", ("ff02::1", PORT, 0, SERVERS_LINK))
        try:
            text, name = s.recvfrom(99)
        except TimeoutError:
            continue
        assert text == b"reply" and name[3] == SERVERS_LINK, (text, name)
        break
    accepted, name = listener.accept()
    assert name[3] == accepted.getsockname()[3] == SERVERS_LINK, (name, accepted.getsockname())
    accepted.sendall(accepted.recv(99))
    time.sleep(60)


def client():
    deaf, s = datagrams(b"eth0"), datagrams(b"eth1")  # one port, for they are of different links
    text, name = s.recvfrom(99)
    address, port, _, zone = name
    assert text == b"hello" and port == PORT and zone == SHARED and address.startswith("fe80::"), name
    deaf.setblocking(False)
    assert refusal(deaf.recv, 99) == "EAGAIN"
    stream = socket.socket(socket.AF_INET6)
    peer = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    peer.connect(name)
    own = peer.getsockname()
    assert own[3] == peer.getpeername()[3] == SHARED, (own, peer.getpeername())
    peer.send(b"reply")
    stream.connect((address, STREAM_PORT, 0, SHARED))
    assert stream.getsockname()[3] == stream.getpeername()[3] == SHARED, stream.getsockname()
    stream.sendall(b"over a stream")
    assert stream.recv(99) == b"over a stream"
    wrong = [refusal(socket.socket(socket.AF_INET6, kind).bind, (own[0], 0, 0, OTHER))
             for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]
    assert wrong == ["EADDRNOTAVAIL"] * 2, wrong
    assert refusal(deaf.sendto, b"x", ("fe80::dead", PORT)) == "OK"  # which link is not asked of a datagram
    listener = socket.socket(socket.AF_INET6)
    assert refusal(listener.bind, (own[0], 0, 0, OTHER)) == "EADDRNOTAVAIL"
    assert listener.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX) == OTHER
    assert refusal(listener.bind, (own[0], 0, 0, SHARED)) == refusal(listener.listen) == "OK"
    assert listener.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX) == SHARED
    assert refusal(peer.sendto, b"x", ("fe80::dead", PORT, 0, OTHER)) == "OK"
    assert refusal(peer.connect, (address, PORT, 0, OTHER)) == "EINVAL"
    print("zones as they are")


server() if sys.argv[1] == "server" else client()

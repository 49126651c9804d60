# Labs of the rules R35 (traced), R42 to R55, R61 and R62: delays, losses, and packets thrown away in silence.
import socket
import struct
import time

from bench import Skip, lab, nft, sh, sysctl

KEEPER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(64)
    print('up')
    kept = []
    while True:
        kept.append(s.accept()[0])
"""
ECHO = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(64)
    print('up')
    def serve(c):
        c.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        while True:
            data = c.recv(65536)
            if not data: break
            c.sendall(data)
        c.close()
    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
"""
# A request of 64 octets: the server answers when it has all of it.
FRAMED = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(64)
    print('up')
    while True:
        c = s.accept()[0]
        while True:
            data = b''
            while len(data) < 64:
                part = c.recv(64 - len(data))
                if not part: break
                data += part
            if len(data) < 64: break
            {think}
            c.send(b'ok')
        c.close()
"""
REQUESTS = """
    c = socket.create_connection(('127.0.0.1', 8080))
    c.setsockopt(IPPROTO_TCP, TCP_NODELAY, {nodelay})
    for _ in range(16):
        {send}
        c.recv(2)
    c.close()
"""
TWO = "c.send(b'head'); c.send(b'x' * 60)"


@lab("R42", certainty="certain")
def nagle(bench):
    """Requests in two small writes, TCP_NODELAY off."""
    bench.python(FRAMED.format(think="pass"))
    return bench.trace(REQUESTS.format(nodelay=0, send=TWO))


@lab()
def near_miss_no_delay(bench):
    """The same with TCP_NODELAY."""
    bench.python(FRAMED.format(think="pass"))
    return bench.trace(REQUESTS.format(nodelay=1, send=TWO))


@lab()
def near_miss_one_write(bench):
    """One write a request, and a server that thinks for 40 ms."""
    bench.python(FRAMED.format(think="time.sleep(0.04)"))
    return bench.trace(REQUESTS.format(nodelay=0, send="c.send(b'x' * 64)"))


@lab("R44", certainty="certain")
def nobody_reads_much(bench):
    """A sender whose peer, here too, does not read: the window shuts."""
    bench.python(KEEPER)
    client = socket.create_connection(("127.0.0.1", 8080))
    client.setblocking(False)
    for _ in range(400):
        try:
            client.send(b"x" * 65536)
        except BlockingIOError:
            time.sleep(0.01)
    time.sleep(0.7)
    report = bench.ask()
    assert client
    return report


@lab("R44", certainty="certain")
def nobody_reads_there(bench):
    """The same with the receiver on another host."""
    bench.namespace("server")
    bench.python(KEEPER, name="server")
    client = socket.create_connection(("10.9.0.2", 8080))
    client.setblocking(False)
    for _ in range(400):
        try:
            client.send(b"x" * 65536)
        except BlockingIOError:
            time.sleep(0.01)
    time.sleep(0.7)
    report = bench.ask()
    assert client
    return report


@lab("R52", certainty="certain")
def request_lies_unread(bench):
    """A small request that the server does not read."""
    bench.python(KEEPER)
    client = socket.create_connection(("127.0.0.1", 8080))
    client.send(b"hello")
    time.sleep(0.1)
    report = bench.ask()
    assert client
    return report


@lab()
def near_miss_unread_remark(bench):
    """A server's remark lies unread at its client: as a TLS ticket does in a pool of connections."""
    bench.namespace("server")
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(8)
        print('up'); kept = []
        while True:
            kept.append(s.accept()[0]); kept[-1].send(b'hello')
    """, name="server")
    client = socket.create_connection(("10.9.0.2", 8080))
    time.sleep(0.2)
    report = bench.ask()
    assert client
    return report


@lab()
def near_miss_reader_has_shut_down(bench):
    """A server that has said it will read no more (SHUT_RD): what lies there is not forgotten."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(8)
        print('up')
        c = s.accept()[0]; c.shutdown(SHUT_RD); time.sleep(60)
    """)
    client = socket.create_connection(("127.0.0.1", 8080))
    time.sleep(0.1)
    client.send(b"hello")
    time.sleep(0.1)
    report = bench.ask()
    assert client
    return report


@lab()
def near_miss_busy_echo(bench):
    """Connections that send and receive all the time."""
    bench.python(ECHO)
    bench.python("""
        c = [socket.create_connection(('127.0.0.1', 8080)) for _ in range(4)]
        print('up')
        while True:
            for s in c: s.send(b'x' * 1000)
            for s in c: s.recv(65536)
    """)
    return bench.ask()


@lab("R46", certainty="likely")
def lossy_link(bench):
    """One of ten packets is lost on the way."""
    bench.namespace("server")
    bench.python(ECHO, name="server")
    bench.python("""
        c = [socket.create_connection(('10.9.0.2', 8080)) for _ in range(8)]
        print('up')
        def talk(s):
            while True:
                s.send(b'x' * 3000)
                time.sleep(0.005)
        def read(s):
            while s.recv(65536): pass
        for s in c:
            threading.Thread(target=talk, args=(s,), daemon=True).start()
            threading.Thread(target=read, args=(s,), daemon=True).start()
        time.sleep(60)
    """)
    nft("iifname v1 numgen random mod 10 == 0 drop", run=lambda command: bench.at("server", command))
    time.sleep(0.5)
    return bench.ask()


@lab("R47", certainty="likely")
def black_hole(bench):
    """Packets over 1,200 octets vanish without ICMP; small ones pass."""
    bench.namespace("server")
    bench.python(ECHO, name="server")
    bench.python("""
        small = socket.create_connection(('10.9.0.2', 8080))
        print('up')
        while True:
            small.send(b'x'); small.recv(1); time.sleep(0.05)
    """)
    nft("meta length > 1200 drop", run=lambda command: bench.at("server", command))
    large = bench.python("""
        c = socket.create_connection(('10.9.0.2', 8080))
        c.send(b'x' * 20000)
        print('up'); time.sleep(60)
    """)
    time.sleep(2.5)
    report = bench.ask()
    assert large
    return report


@lab("R38", certainty="likely")
def dead_peer_with_data(bench):
    """Data on its way when the peer's host is cut off."""
    bench.namespace("server")
    bench.python(ECHO, name="server")
    client = socket.create_connection(("10.9.0.2", 8080))
    nft("iifname v1 drop", run=lambda command: bench.at("server", command))
    client.send(b"hello")
    time.sleep(2.5)
    report = bench.ask()
    assert client
    return report


@lab("R48", certainty="certain")
def reverse_path(bench):
    """Packets from an address that this host would answer elsewhere."""
    bench.namespace("server")
    sysctl("ipv4/conf/all/rp_filter", 1)
    sysctl("ipv4/conf/v0/rp_filter", 1)
    bench.at("server", "ip addr add 192.0.2.9/32 dev lo")
    sh("ip link add v8 type veth peer name v9; ip link set v8 up; ip link set v9 up; ip route add 192.0.2.0/24 dev v8")
    sender = """
        # The link address is learned first: ARP from that address would not be answered either.
        socket.socket(AF_INET, SOCK_DGRAM).sendto(b'x', ('10.9.0.1', 9)); time.sleep(0.1)
        s = socket.socket(AF_INET, SOCK_DGRAM); s.bind(('192.0.2.9', 0))
        for _ in range(20): s.sendto(b'x', ('10.9.0.1', 9)); time.sleep(0.01)
        print('up')
    """
    return bench.ask(also=lambda: bench.python(sender, name="server"))


@lab("R49", certainty="certain")
def conntrack_full(bench):
    """The table of connection tracking is filled with datagrams to many addresses."""
    nft("ct state new counter", hook="output")
    limit = int(open("/proc/sys/net/netfilter/nf_conntrack_max").read())
    if limit > 300_000:
        raise Skip(f"nf_conntrack_max is {limit}, too many flows to make")
    bench.python("""
        s = socket.socket(AF_INET, SOCK_DGRAM); s.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
        # Each first datagram of a flow is an entry; the table is shared by all namespaces, its count is not.
        for i in range(%d):
            try:
                s.sendto(b'', ('127.%%d.%%d.%%d' %% (i >> 16 & 127, i >> 8 & 255, i & 255), 9))
            except OSError:
                pass
        print('up'); time.sleep(60)
    """ % (limit + 1000))
    return bench.ask()


@lab("R50", certainty="certain")
def datagrams_dropped(bench):
    """A receiver of datagrams that does not read."""
    bench.python("""
        s = socket.socket(AF_INET, SOCK_DGRAM); s.bind(('127.0.0.1', 8080))
        print('up'); time.sleep(60)
    """)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def flood():
        for _ in range(2000):
            sender.sendto(b"x" * 1000, ("127.0.0.1", 8080))

    return bench.ask(also=flood)


@lab("R61", certainty="certain")
def datagram_refused(bench):
    """Datagrams on a connected socket to a port where nobody receives."""
    return bench.trace("""
        s = socket.socket(AF_INET, SOCK_DGRAM); s.connect(('127.0.0.1', 8080))
        for _ in range(2):
            try:
                s.send(b'x'); time.sleep(0.05)
            except OSError:
                pass
    """)


@lab("R55", certainty="certain")
def unsigned_segments(bench):
    """A listener that asks its peer for TCP MD5 signatures, and a peer without."""
    try:
        socket.socket().setsockopt(socket.IPPROTO_TCP, 14, md5_key("127.0.0.1"))
    except OSError as error:
        raise Skip(f"the kernel has no TCP MD5 signatures: {error.strerror}") from error
    server = socket.socket()
    server.setsockopt(socket.IPPROTO_TCP, 14, md5_key("127.0.0.1"))
    server.bind(("127.0.0.1", 8080))
    server.listen(8)
    clients = []

    def call():
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 8080))
        clients.append(client)

    return bench.ask(also=call)


def md5_key(address):
    """struct tcp_md5sig for one IPv4 peer."""
    peer = struct.pack("HH4s120x", socket.AF_INET, 0, socket.inet_aton(address))
    return peer + struct.pack("BBHi80s", 0, 0, 3, 0, b"key")


@lab("R62", certainty="certain")
def small_ttl(bench):
    """A listener that asks for TTL 255, and a peer that sends with 64."""
    server = socket.socket()
    server.setsockopt(socket.IPPROTO_IP, 21, 255)
    server.bind(("127.0.0.1", 8080))
    server.listen(8)
    clients = []

    def call():
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 8080))
        clients.append(client)

    return bench.ask(also=call)


CLOSER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(8)
    print('up')
    while True:
        c = s.accept()[0]
        {what}
        c.close()
"""


@lab("R35", certainty="certain")
def broken_pipe(bench):
    """A client writes after the server has closed."""
    bench.python(CLOSER.format(what="pass"))
    return bench.trace("""
        c = socket.create_connection(('127.0.0.1', 8080)); time.sleep(0.1)
        try:
            for _ in range(3):
                c.send(b'x'); time.sleep(0.1)
        except OSError:
            pass
    """)


@lab("R63", certainty="certain")
def own_shutdown(bench):
    """A client writes after its own shutdown."""
    bench.python(ECHO)
    return bench.trace("""
        c = socket.create_connection(('127.0.0.1', 8080)); c.send(b'x'); c.shutdown(SHUT_WR)
        try:
            c.send(b'y')
        except OSError:
            pass
    """)


@lab("R31", certainty="certain")
def traced_unread(bench):
    """A client is reset because the server closed with unread data."""
    bench.python(CLOSER.format(what="time.sleep(0.1); c.recv(10)"))
    return bench.trace("""
        c = socket.create_connection(('127.0.0.1', 8080)); c.send(b'x' * 2000); time.sleep(0.3)
        try:
            c.recv(10)
        except OSError:
            pass
    """)


@lab("R32", certainty="certain")
def traced_abort(bench):
    """A client is reset because the server aborts."""
    bench.python(CLOSER.format(what="c.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('ii', 1, 0))"))
    return bench.trace("""
        c = socket.create_connection(('127.0.0.1', 8080)); time.sleep(0.2)
        try:
            c.recv(10)
        except OSError:
            pass
    """)


@lab("R30", certainty="certain")
def gone_before_accept(bench):
    """A client that gives up in the accept queue."""
    client = """
        for _ in range(200):
            try:
                c = socket.create_connection(('127.0.0.1', 8080)); break
            except OSError:
                time.sleep(0.05)
        c.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('ii', 1, 0)); c.close()
        print('up')
    """
    bench.python(client, wait=False)
    return bench.trace("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(8); time.sleep(1.5)
        c = s.accept()[0]
        try:
            c.recv(10)
        except OSError:
            pass
    """)


@lab("R27", certainty="certain")
def traced_no_descriptors(bench):
    """A traced server runs out of descriptors in accept()."""
    bench.python("""
        kept = []
        for _ in range(200):
            try:
                kept.append(socket.create_connection(('127.0.0.1', 8080))); break
            except OSError:
                time.sleep(0.05)
        for _ in range(20):
            c = socket.socket(); c.setblocking(False); c.connect_ex(('127.0.0.1', 8080)); kept.append(c)
        print('up'); time.sleep(60)
    """, wait=False)
    return bench.trace("""
        import resource
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64); time.sleep(1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))
        kept = []
        try:
            while True: kept.append(s.accept()[0])
        except OSError:
            pass
    """)

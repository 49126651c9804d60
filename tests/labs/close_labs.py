# Labs of the rules R31 to R41: resets, half-closed connections, dead peers.
import socket
import time

from bench import Skip, connect_many, lab, nft, sh, sysctl

HOLDER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(64)
    print('up')
    kept = []
    while True:
        kept.append(s.accept()[0])
"""


def connected(count):
    clients = [socket.create_connection(("127.0.0.1", 8080)) for _ in range(count)]
    time.sleep(0.2)
    return clients


@lab("R33", certainty="likely")
def close_wait(bench):
    """A server that never closes what its clients have closed."""
    bench.python(HOLDER)
    # Shut down and kept: closed ones would leave orphans in FIN-WAIT-2, which is the same for the server.
    clients = connected(5)
    for client in clients:
        client.close()
    time.sleep(0.2)
    return bench.ask()


@lab()
def near_miss_half_closed_stream(bench):
    """Clients that have shut down their side and still receive: half-closed connections in order."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64)
        print('up')
        kept = [s.accept()[0] for _ in range(5)]
        while True:
            for c in kept: c.send(b'x')
            time.sleep(0.1)
    """)
    clients = connected(5)
    for client in clients:
        client.shutdown(socket.SHUT_WR)
    reader = bench.ask()
    assert clients
    return reader


@lab("R33", "R34", certainty="likely")
def fin_wait_2(bench):
    """Clients here shut down their side and wait; the server (here too, R33) does not close."""
    bench.python(HOLDER)
    clients = connected(5)
    for client in clients:
        client.shutdown(socket.SHUT_WR)
    time.sleep(0.2)
    report = bench.ask()
    assert clients
    return report


@lab("R34", certainty="likely")
def fin_wait_2_remote(bench):
    """The same with the server on another host: only R34 is here."""
    bench.namespace("server")
    bench.python(HOLDER, name="server")
    clients = [socket.create_connection(("10.9.0.2", 8080)) for _ in range(5)]
    for client in clients:
        client.shutdown(socket.SHUT_WR)
    time.sleep(0.2)
    report = bench.ask()
    assert clients
    return report


@lab("R31", certainty="certain")
def closed_with_unread_data(bench):
    """A server answers and closes before it has read the request's body."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64)
        print('up')
        while True:
            c = s.accept()[0]; time.sleep(0.05); c.recv(10); c.send(b'no'); c.close()
    """)
    kept = []

    def upload():
        for _ in range(3):
            client = socket.create_connection(("127.0.0.1", 8080))
            client.send(b"x" * 20000)
            kept.append(client)

    return bench.ask(also=upload)


@lab("R32", certainty="certain")
def linger_zero(bench):
    """A server aborts its connections: SO_LINGER with 0."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64)
        print('up')
        while True:
            c = s.accept()[0]
            c.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('ii', 1, 0)); c.close()
    """)
    kept = []
    return bench.ask(also=lambda: kept.extend(connect_many(3, ("127.0.0.1", 8080))))


@lab()
def near_miss_orderly_close(bench):
    """A server that reads all, answers and closes."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64)
        print('up')
        while True:
            c = s.accept()[0]; c.recv(100); c.send(b'ok'); c.close()
    """)

    def calls():
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", 8080)) as client:
                client.send(b"hello")
                while client.recv(100):
                    pass

    return bench.ask(also=calls)


@lab("R38", certainty="certain")
def dead_peer(bench):
    """The peer's host is cut off; keepalive probes find no answer."""
    bench.namespace("server")
    bench.python(HOLDER, name="server")
    client = socket.create_connection(("10.9.0.2", 8080))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 30)):
        client.setsockopt(socket.IPPROTO_TCP, option, value)
    nft("iifname v1 drop", run=lambda command: bench.at("server", command))
    time.sleep(2.5)
    report = bench.ask()
    assert client
    return report


@lab()
def near_miss_idle_with_keepalive(bench):
    """An idle connection whose keepalive probes are answered."""
    bench.namespace("server")
    bench.python(HOLDER, name="server")
    client = socket.create_connection(("10.9.0.2", 8080))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3)):
        client.setsockopt(socket.IPPROTO_TCP, option, value)
    time.sleep(2.5)
    report = bench.ask()
    assert client
    return report


@lab("R39", certainty="likely")
def syn_on_open_connection(bench):
    """A client is reset where nobody hears it, and calls again from the same port."""
    bench.namespace("client", address="10.9.0.2/24", here="10.9.0.1/24")
    bench.python(HOLDER)
    client = bench.python("""
        def call():
            c = socket.socket(); c.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            c.bind(('10.9.0.2', 5555)); c.connect(('10.9.0.1', 8080))
            return c
        first = call()
        print('up'); sys.stdin.readline()
        first.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('ii', 1, 0)); first.close()
        print('gone'); sys.stdin.readline()
        second = call()
        print('again'); time.sleep(60)
    """, name="client")
    nft("tcp flags rst drop")
    client.stdin.write("close\n")
    client.stdin.flush()
    client.stdout.readline()
    sh("nft delete table inet lab")

    def again():
        client.stdin.write("again\n")
        client.stdin.flush()

    return bench.ask(also=again)


@lab("R40", certainty="certain")
def time_wait_table(bench):
    """A table of 8 TIME-WAIT records, and 20 connections that are closed."""
    sysctl("ipv4/tcp_max_tw_buckets", 8)
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64)
        print('up')
        while True:
            c = s.accept()[0]; c.recv(100); c.close()
    """)

    def calls():
        for _ in range(20):
            client = socket.create_connection(("127.0.0.1", 8080))
            client.close()
            time.sleep(0.01)

    return bench.ask(also=calls)


@lab("R41", certainty="likely")
def memory_used_up(bench):
    """More orphans than there may be: their limit is the whole machine's, which a lab must not lower."""
    bench.python(HOLDER)
    raise Skip("net.ipv4.tcp_max_orphans and tcp_mem are those of the whole machine")


@lab("R38", certainty="certain")
def traced_timeout(bench):
    """A client whose peer is cut off, with TCP_USER_TIMEOUT."""
    bench.namespace("server")
    bench.python(HOLDER, name="server")
    nft("iifname v1 tcp flags psh drop", run=lambda command: bench.at("server", command))
    return bench.trace("""
        c = socket.create_connection(('10.9.0.2', 8080)); c.setsockopt(IPPROTO_TCP, 18, 1200)
        c.send(b'hello')
        try:
            c.recv(10)
        except OSError:
            pass
    """)

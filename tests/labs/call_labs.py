# Labs of the rules R36, R43, R53 and R65 to R70: what a traced program meets by itself.
import os
import tempfile

from bench import Skip, lab, nft, sh, sysctl

KEEP_ALIVE = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(8)
    print('up')
    def serve(c):
        c.recv(100); c.send(b'ok')
        {then}
    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
"""
POOLED = """
    c = socket.create_connection(('127.0.0.1', 8080))
    c.send(b'one'); c.recv(100); time.sleep(0.6)
    try:
        c.send(b'two'); c.recv(100)
    except OSError:
        pass
"""


@lab("R36", certainty="certain")
def stale_connection(bench):
    """A client uses a kept connection after the server has closed it."""
    bench.python(KEEP_ALIVE.format(then="time.sleep(0.2); c.close()"))
    return bench.trace(POOLED)


@lab()
def near_miss_half_closed_server(bench):
    """The server has shut down its sending side only, and still reads what the client writes."""
    bench.python(KEEP_ALIVE.format(then="c.shutdown(SHUT_WR); kept = [c.recv(100) for _ in range(9)]"))
    return bench.trace(POOLED)


@lab()
def near_miss_kept_connection(bench):
    """A kept connection that the server keeps too."""
    bench.python(KEEP_ALIVE.format(then="c.recv(100); c.send(b'ok')"))
    return bench.trace(POOLED)


ANSWERING = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(8)
    print('up')
    while True:
        c = s.accept()[0]
        while c.recv(100):
            {think}
            c.send(b'ok')
"""
ASKING = """
    c = socket.create_connection(('10.9.0.2', 8080))
    for _ in range(6):
        c.send(b'question'); {wait}c.recv(100); time.sleep(0.02)
"""


def lose_third_request(bench):
    """Drops each fourth packet that carries a request."""
    nft("iifname v1 tcp dport 8080 tcp flags psh numgen inc mod 4 == 2 drop",
        run=lambda command: bench.at("server", command))


@lab("R43", certainty="certain")
def lost_tail(bench):
    """One request of some is lost: TCP sends it again after 200 ms."""
    bench.namespace("server")
    bench.python(ANSWERING.format(think="pass"), name="server")
    lose_third_request(bench)
    return bench.trace(ASKING.format(wait=""))


@lab("R43", certainty="certain")
def lost_tail_with_poll(bench):
    """The same of a program that waits in poll()."""
    bench.namespace("server")
    bench.python(ANSWERING.format(think="pass"), name="server")
    lose_third_request(bench)
    return bench.trace(ASKING.format(wait="select.select([c], [], []); "))


@lab()
def near_miss_slow_server(bench):
    """A server that thinks for 250 ms: nothing is lost."""
    bench.namespace("server")
    bench.python(ANSWERING.format(think="time.sleep(0.25)"), name="server")
    return bench.trace(ASKING.format(wait=""))


def own_resolver(bench, address="127.0.0.53"):
    """/etc/resolv.conf of the lab's own mount namespace."""
    handle, path = tempfile.mkstemp()
    with open(handle, "w") as file:
        file.write(f"nameserver {address}\noptions timeout:1 attempts:2\n")
    try:
        sh(f"mount --bind {path} /etc/resolv.conf")
    except RuntimeError as error:
        raise Skip("/etc/resolv.conf cannot be replaced here: " + str(error).strip().splitlines()[-1]) from error
    finally:
        os.unlink(path)


NAME_SERVER = """
    s = socket.socket(AF_INET, SOCK_DGRAM); s.bind(('127.0.0.53', 53))
    print('up')
    while True:
        query, who = s.recvfrom(512)
        {then}
"""
LOOK_UP = """
    try:
        getaddrinfo('dialtone.test', 80)
    except OSError:
        pass
"""


@lab("R53", certainty="certain")
def silent_name_server(bench):
    """A name server that never answers."""
    own_resolver(bench)
    bench.python(NAME_SERVER.format(then="pass"))
    return bench.trace(LOOK_UP)


@lab()
def near_miss_name_server(bench):
    """A name server that says at once that there is no such name."""
    own_resolver(bench)
    bench.python(NAME_SERVER.format(then="s.sendto(query[:2] + b'\\x81\\x83' + query[4:], who)"))
    return bench.trace(LOOK_UP)


RACE = """
    import asyncio
    async def go():
        v6 = socket.socket(AF_INET6); v6.setblocking(False)
        first = asyncio.ensure_future(asyncio.get_running_loop().sock_connect(v6, ('{six}', 8080)))
        await asyncio.wait([first], timeout=0.25)
        if first.done():
            return
        v4 = socket.socket(); v4.setblocking(False)
        await asyncio.get_running_loop().sock_connect(v4, ('127.0.0.1', 8080))
        first.cancel()
    asyncio.run(go())
"""


@lab("R53", certainty="certain")
def ipv6_goes_nowhere(bench):
    """A client tries IPv6 first, gets no answer, and connects over IPv4 250 ms later."""
    bench.python(ANSWERING.format(think="pass"))
    nft("ip6 daddr ::1 tcp dport 8080 drop")
    return bench.trace(RACE.format(six="::1"))


@lab()
def near_miss_both_families(bench):
    """IPv6 answers at once, so IPv4 is not tried."""
    bench.python(ANSWERING.format(think="pass").replace("socket.socket()", "socket.socket(AF_INET6)").replace(
        "0.0.0.0", "::"))
    return bench.trace(RACE.format(six="::1"))


SILENT = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(8)
    print('up'); kept = []
    while True:
        kept.append(s.accept()[0])
"""


@lab("R65", certainty="certain")
def own_time_limit(bench):
    """SO_RCVTIMEO of 0.5 s and a server that says nothing."""
    bench.python(SILENT)
    return bench.trace("""
        c = socket.create_connection(('127.0.0.1', 8080))
        c.setsockopt(SOL_SOCKET, SO_RCVTIMEO, struct.pack('ll', 0, 500000))
        try:
            c.recv(1)
        except OSError:
            pass
    """)


@lab("R65", certainty="certain")
def own_time_limit_of_connect(bench):
    """SO_SNDTIMEO of 0.5 s and a port where SYNs are dropped."""
    nft("tcp dport 8080 drop")
    return bench.trace("""
        c = socket.socket()
        c.setsockopt(SOL_SOCKET, SO_SNDTIMEO, struct.pack('ll', 0, 500000))
        try:
            c.connect(('127.0.0.1', 8080))
        except OSError:
            pass
    """)


@lab()
def near_miss_socket_that_does_not_wait(bench):
    """EAGAIN of a socket that does not wait, and of MSG_DONTWAIT: a poll is no time limit."""
    bench.python(SILENT)
    return bench.trace("""
        c = socket.create_connection(('127.0.0.1', 8080))
        c.setsockopt(SOL_SOCKET, SO_RCVTIMEO, struct.pack('ll', 0, 1000))
        for flags in (MSG_DONTWAIT, 0):
            c.setblocking(flags != 0)
            for _ in range(20):
                try:
                    c.recv(1, flags)
                except OSError:
                    time.sleep(0.01)
    """)


@lab("R66", certainty="certain")
def no_descriptor_for_socket(bench):
    """A client that never closes runs out of descriptors."""
    bench.python(SILENT)
    return bench.trace("""
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))
        kept = []
        try:
            while True: kept.append(socket.create_connection(('127.0.0.1', 8080)))
        except OSError:
            pass
    """)


@lab("R67", certainty="certain")
def no_ipv6_here(bench):
    """[::1] where IPv6 is switched off on lo, as in many containers."""
    sysctl("ipv6/conf/lo/disable_ipv6", 1)
    bench.python(SILENT)
    return bench.trace("""
        try:
            socket.socket(AF_INET6).connect(('::1', 8080))
        except OSError:
            pass
    """)


@lab("R68", certainty="certain")
def filter_forbids(bench):
    """A filter on output drops datagrams to one port."""
    nft("udp dport 9999 drop", hook="output")
    return bench.trace("""
        try:
            socket.socket(AF_INET, SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9999))
        except OSError:
            pass
    """)


@lab("R69", certainty="certain")
def datagram_too_large(bench):
    """A datagram of 70,000 octets."""
    return bench.trace("""
        try:
            socket.socket(AF_INET, SOCK_DGRAM).sendto(b'x' * 70000, ('127.0.0.1', 9999))
        except OSError:
            pass
    """)


@lab("R69", certainty="certain")
def datagram_larger_than_path(bench):
    """2,000 octets over a link of 1,500 on a socket that forbids fragments."""
    bench.namespace("server")
    return bench.trace("""
        s = socket.socket(AF_INET, SOCK_DGRAM); s.setsockopt(IPPROTO_IP, 10, 2); s.connect(('10.9.0.2', 9999))
        try:
            s.send(b'x' * 2000)
        except OSError:
            pass
    """)


@lab()
def near_miss_large_datagram(bench):
    """60,000 octets, in fragments: allowed."""
    bench.python("""
        s = socket.socket(AF_INET, SOCK_DGRAM); s.bind(('127.0.0.1', 9999))
        print('up')
        while True: s.recv(65536)
    """)
    return bench.trace("socket.socket(AF_INET, SOCK_DGRAM).sendto(b'x' * 60000, ('127.0.0.1', 9999))")


@lab("R70", certainty="certain")
def never_connected(bench):
    """A read of a socket that was never connected."""
    return bench.trace("""
        try:
            socket.socket().recv(10)
        except OSError:
            pass
    """)


@lab("R70", certainty="certain")
def read_from_listener(bench):
    """A read of the listener instead of what accept() returned."""
    return bench.trace("""
        s = socket.socket(); s.bind(('127.0.0.1', 8080)); s.listen(4)
        try:
            s.recv(10)
        except OSError:
            pass
    """)


@lab("R70", certainty="certain")
def no_destination(bench):
    """A datagram without an address on a socket that is not connected."""
    return bench.trace("""
        try:
            socket.socket(AF_INET, SOCK_DGRAM).send(b'x')
        except OSError:
            pass
    """)

# Labs of the rules R1 to R12 and R56 to R58: why a bind or a listen fails.
import socket
import sys
import time

from bench import lab, sh, sysctl

# A server that closes first, so that TIME-WAIT stays on its port, and ends.
ENDED_SERVER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, {reuse})
    s.bind(('0.0.0.0', 8080)); s.listen(8)
    print('up')
    c = s.accept()[0]; c.close(); s.close()
    print('closed')
"""


def leave_time_wait(bench, reuse):
    server = bench.python(ENDED_SERVER.format(reuse=reuse))
    with socket.create_connection(("127.0.0.1", 8080)) as client:
        server.stdout.readline()
        client.recv(1)
        # The delayed ACK of the server's FIN goes first: where it meets the client's FIN on another processor,
        # Linux 6.18 may not find the record, answers with a reset, and nothing is left in TIME-WAIT.
        time.sleep(0.1)
    time.sleep(0.1)


@lab("R2", certainty="certain")
def time_wait(bench):
    """The port is in TIME-WAIT of a server that had SO_REUSEADDR."""
    leave_time_wait(bench, 1)
    return bench.ask(":8080")


@lab("R2", certainty="likely")
def time_wait_without_probe(bench):
    """The same without a probe: whether the old server had SO_REUSEADDR is not known."""
    leave_time_wait(bench, 1)
    return bench.ask("--no-probe", ":8080")


@lab("R3", certainty="certain")
def time_wait_of_plain_server(bench):
    """The port is in TIME-WAIT of a server without SO_REUSEADDR."""
    leave_time_wait(bench, 0)
    return bench.ask(":8080")


@lab("R4", certainty="certain")
def connections_outlive_listener(bench):
    """A server closed its listener and keeps a connection."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(8)
        print('up')
        c = s.accept()[0]; s.close()
        time.sleep(60)
    """)
    client = socket.create_connection(("127.0.0.1", 8080))
    time.sleep(0.2)
    report = bench.ask(":8080")
    assert client
    return report


@lab("R5", certainty="certain")
def client_has_the_port(bench):
    """An outgoing connection was given the port that a server wants."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(8)
        print('up')
        c = s.accept()[0]
        time.sleep(60)
    """)
    client = socket.create_connection(("127.0.0.1", 8080))
    return bench.ask(f":{client.getsockname()[1]}")


@lab("R56", certainty="certain")
def bound_and_not_listening(bench):
    """A program is bound to the port and does not listen."""
    bench.python("""
        s = socket.socket()
        s.bind(('0.0.0.0', 8080))
        print('up'); time.sleep(60)
    """)
    return bench.ask(":8080")


@lab()
def near_miss_free_port(bench):
    """Nobody has the port: a bind works."""
    return bench.ask(":8080")


@lab()
def near_miss_server_on_the_port(bench):
    """A healthy server has the port that is asked about."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(8)
        print('up'); time.sleep(60)
    """)
    return bench.ask(":8080")


SERVER = """
    s = socket.socket()
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('{address}', 8080)); s.listen(8)
    print('up'); time.sleep(60)
"""
BIND = """
    s = socket.socket(AF_INET{six})
    s.setsockopt(SOL_SOCKET, SO_REUSEADDR, {reuse}); s.setsockopt(SOL_SOCKET, SO_REUSEPORT, {port})
    try:
        s.bind({name}); s.listen(1)
    except OSError:
        sys.exit(1)
"""


def bind(name, reuse=1, port=0, six=""):
    return BIND.format(name=name, reuse=reuse, port=port, six=six)


@lab("R1", certainty="certain")
def live_listener(bench):
    """A server starts where another one listens."""
    bench.python(SERVER.format(address="0.0.0.0"))
    return bench.trace(bind(("0.0.0.0", 8080)))


@lab("R2", certainty="certain")
def traced_time_wait(bench):
    """A server without SO_REUSEADDR starts where one with it has just ended."""
    leave_time_wait(bench, 1)
    return bench.trace(bind(("0.0.0.0", 8080), reuse=0))


@lab("R3", certainty="certain")
def traced_time_wait_of_plain_server(bench):
    """A server with SO_REUSEADDR starts where one without it has just ended."""
    leave_time_wait(bench, 0)
    return bench.trace(bind(("0.0.0.0", 8080), reuse=1), "--no-probe")


@lab()
def near_miss_reuse_on_both(bench):
    """Both servers have SO_REUSEADDR: the restart works."""
    leave_time_wait(bench, 1)
    return bench.trace(bind(("0.0.0.0", 8080), reuse=1))


@lab("R6", certainty="certain")
def four_and_six(bench):
    """A server on 0.0.0.0 starts where another one listens on [::]."""
    bench.python("""
        s = socket.socket(AF_INET6); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
        s.bind(('::', 8080)); s.listen(8)
        print('up'); time.sleep(60)
    """)
    return bench.trace(bind(("0.0.0.0", 8080)))


@lab()
def near_miss_six_only(bench):
    """The same with IPV6_V6ONLY on the other socket: both fit."""
    bench.python("""
        s = socket.socket(AF_INET6); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        s.bind(('::', 8080)); s.listen(8)
        print('up'); time.sleep(60)
    """)
    return bench.trace(bind(("0.0.0.0", 8080)))


@lab("R7", certainty="certain")
def wildcard_and_address(bench):
    """A server on one address starts where another one has the wildcard."""
    bench.python(SERVER.format(address="0.0.0.0"))
    return bench.trace(bind(("127.0.0.1", 8080)))


@lab("R7", certainty="certain")
def address_and_wildcard(bench):
    """A server on the wildcard starts where another one has an address."""
    bench.python(SERVER.format(address="127.0.0.1"))
    return bench.trace(bind(("0.0.0.0", 8080)))


@lab()
def near_miss_two_addresses(bench):
    """Two servers on different addresses of one port."""
    bench.python(SERVER.format(address="127.0.0.1"))
    return bench.trace(bind(("127.0.0.2", 8080)))


@lab("R8", certainty="certain")
def reuse_port_on_one(bench):
    """A server with SO_REUSEPORT starts where one without it listens."""
    bench.python(SERVER.format(address="0.0.0.0"))
    return bench.trace(bind(("0.0.0.0", 8080), port=1))


@lab()
def near_miss_reuse_port_on_both(bench):
    """Both have SO_REUSEPORT: they share the port."""
    bench.python(SERVER.format(address="0.0.0.0").replace("SO_REUSEADDR", "SO_REUSEPORT"))
    return bench.trace(bind(("0.0.0.0", 8080), port=1))


@lab("R9", certainty="certain")
def listen_after_another(bench):
    """Two are bound with SO_REUSEADDR; the other one listens first."""
    return bench.trace("""
        a, b = socket.socket(), socket.socket()
        for s in (a, b):
            s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.bind(('0.0.0.0', 8080))
        a.listen(1)
        try:
            b.listen(1)
        except OSError:
            pass
    """)


@lab("R10", certainty="certain")
def no_port_for_bind(bench):
    """Eight ephemeral ports, all bound; a ninth bind to port 0."""
    sysctl("ipv4/ip_local_port_range", "40000 40007")
    return bench.trace("""
        kept = []
        for _ in range(9):
            s = socket.socket()
            try:
                s.bind(('127.0.0.1', 0)); s.listen(1); kept.append(s)
            except OSError:
                pass
    """)


@lab("R11", certainty="certain")
def foreign_address(bench):
    """A bind to an address that this host does not have."""
    return bench.trace(bind(("192.0.2.1", 8080)))


@lab("R11", certainty="certain")
def tentative_address(bench):
    """A bind to an IPv6 address whose duplicate detection still runs."""
    bench.namespace("server")
    sysctl("ipv6/conf/v0/dad_transmits", 30)
    sh("ip -6 addr add 2001:db8::7/64 dev v0")
    return bench.trace(bind(("2001:db8::7", 8080), six="6"))


@lab("R12", certainty="certain")
def privileged_port(bench):
    """A bind to port 80 by a program without the capability."""
    return bench.ask("--", "setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--reuid", "1000", "--clear-groups",
                     sys.executable, "-c", "import socket\ntry:\n socket.socket().bind(('0.0.0.0', 80))\nexcept OSError: pass\n")


@lab()
def near_miss_unprivileged_port(bench):
    """A bind to port 8080 by a program without any capability."""
    return bench.trace(bind(("0.0.0.0", 8080)))


@lab("R57", certainty="certain")
def bound_twice(bench):
    """The same socket is bound twice."""
    return bench.trace("""
        s = socket.socket(); s.bind(('127.0.0.1', 8080))
        try:
            s.bind(('127.0.0.1', 8081))
        except OSError:
            pass
    """)


@lab("R58", certainty="certain")
def link_local_without_interface(bench):
    """A bind to a link-local address without its interface."""
    return bench.trace(bind(("fe80::1", 8080), six="6"))


@lab("R56", certainty="certain")
def traced_bound_and_not_listening(bench):
    """A server starts where another program is bound and does not listen."""
    bench.python("""
        s = socket.socket()
        s.bind(('0.0.0.0', 8080))
        print('up'); time.sleep(60)
    """)
    return bench.trace(bind(("0.0.0.0", 8080)))

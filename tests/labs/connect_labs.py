# Labs of the rules R13 to R23 and R58 to R60: why a connect fails or waits.
import socket
import time

from bench import Skip, connect_many, lab, nft, sh, sysctl

SERVER = """
    s = socket.socket(AF_INET{six}); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('{address}', 8080)); s.listen(64)
    print('up')
    kept = []
    while True:
        kept.append(s.accept()[0])
"""
CALL = """
    try:
        s = socket.create_connection({to}, timeout={timeout})
        s.close()
    except OSError:
        pass
"""


def server(address="0.0.0.0", six=""):
    return SERVER.format(address=address, six=six)


def call(address="127.0.0.1", port=8080, timeout=None):
    return CALL.format(to=(address, port), timeout=timeout)


@lab("R13", certainty="certain")
def nobody_listens(bench):
    """A call to a port of this host where nobody listens."""
    return bench.trace(call())


@lab("R13", certainty="certain")
def nobody_listens_without_waiting(bench):
    """The same by a connect that does not block."""
    return bench.trace(call(timeout=5))


@lab("R13", certainty="likely")
def nobody_would_listen(bench):
    """The address of this host is asked about, without any call."""
    return bench.ask("127.0.0.1:8080")


@lab()
def near_miss_redirected(bench):
    """A filter redirects the port to a server elsewhere: the call works."""
    bench.python(server().replace("8080", "8081"))
    nat = "table ip lab {\nchain out {\ntype nat hook output priority -100;\ntcp dport 8080 redirect to :8081\n}\n}"
    try:
        sh(f"nft -f - <<'END'\n{nat}\nEND")
    except RuntimeError as error:
        raise Skip("no redirect here: " + str(error).strip().splitlines()[-1]) from error
    return bench.trace(call())


@lab("R13", certainty="likely")
def nobody_listens_remote(bench):
    """A call to another host where nobody listens: a reset, and no more is seen here."""
    bench.namespace("server")
    return bench.trace(call("10.9.0.2"))


@lab()
def near_miss_call_works(bench):
    """A call that is answered."""
    bench.python(server())
    return bench.trace(call())


@lab("R14", certainty="certain")
def other_address(bench):
    """The server listens on 127.0.0.1 only, the call goes to 127.0.0.2."""
    bench.python(server("127.0.0.1"))
    return bench.trace(call("127.0.0.2"))


@lab("R14", certainty="likely")
def other_address_asked(bench):
    """The same, asked about without a call."""
    bench.python(server("127.0.0.1"))
    return bench.ask("127.0.0.2:8080")


@lab("R15", certainty="certain")
def six_to_four(bench):
    """A call to ::1 where the server listens on IPv4 only."""
    bench.python(server())
    return bench.trace(call("::1"))


@lab()
def near_miss_six_to_dual(bench):
    """A call to 127.0.0.1 where the server listens on [::]."""
    bench.python(server("::", "6").replace("s.bind", "s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0); s.bind"))
    return bench.trace(call())


@lab("R16", certainty="certain")
def rejected_here(bench):
    """A filter of this host rejects by ICMP although a server listens."""
    bench.python(server())
    nft("tcp dport 8080 reject")
    return bench.trace(call())


@lab("R16", certainty="certain")
def rejected_there(bench):
    """A filter of another host rejects by ICMP."""
    bench.namespace("server")
    bench.python(server(), name="server")
    nft("tcp dport 8080 reject", run=lambda command: bench.at("server", command))
    return bench.trace(call("10.9.0.2"))


@lab("R17", certainty="certain")
def reset_by_filter(bench):
    """A filter of this host resets although a server listens."""
    bench.python(server())
    nft("tcp dport 8080 reject with tcp reset")
    return bench.trace(call())


@lab("R17", certainty="certain")
def reset_by_filter_without_server(bench):
    """A filter of this host resets, and nobody listens."""
    nft("tcp dport 8080 reject with tcp reset")
    return bench.trace(call())


@lab("R18", certainty="certain")
def unreachable_route(bench):
    """The routing table says unreachable."""
    sh("ip route add unreachable 192.0.2.0/24")
    return bench.trace(call("192.0.2.1"))


@lab("R18", certainty="certain")
def no_neighbour(bench):
    """Nobody on the link has the address."""
    bench.namespace("server")
    return bench.trace(call("10.9.0.77"))


@lab("R18", certainty="certain")
def silent_neighbour_now(bench):
    """Sockets that wait for an address which nobody on the link has."""
    bench.namespace("server")
    kept = connect_many(3, ("10.9.0.77", 8080))
    report = bench.ask()
    assert kept
    return report


@lab("R18", certainty="certain")
def host_prohibited(bench):
    """A filter of another host answers ICMP host-prohibited."""
    bench.namespace("server")
    nft("tcp dport 8080 reject with icmp type host-prohibited", run=lambda command: bench.at("server", command))
    return bench.trace(call("10.9.0.2"))


@lab("R19", certainty="certain")
def no_route(bench):
    """There is no route at all."""
    return bench.trace(call("192.0.2.1"))


@lab("R19", certainty="certain")
def prohibit_route(bench):
    """A route forbids it."""
    sh("ip route add prohibit 192.0.2.0/24")
    return bench.trace(call("192.0.2.1"))


@lab("R19", certainty="certain")
def blackhole_route(bench):
    """A route swallows it."""
    sh("ip route add blackhole 192.0.2.0/24")
    return bench.trace(call("192.0.2.1"))


@lab("R19", certainty="certain")
def broadcast_address(bench):
    """A call to the broadcast address of the link."""
    bench.namespace("server")
    return bench.trace(call("10.9.0.255"))


@lab("R59", certainty="certain")
def protocol_unreachable(bench):
    """A filter of another host answers ICMP protocol-unreachable."""
    bench.namespace("server")
    nft("tcp dport 8080 reject with icmp type prot-unreachable", run=lambda command: bench.at("server", command))
    return bench.trace(call("10.9.0.2"))


@lab("R20", certainty="certain")
def first_syn_lost(bench):
    """The first SYN is lost on its way; the second one is answered."""
    bench.namespace("server")
    bench.python(server(), name="server")
    nft("tcp dport 8080 tcp flags syn / syn,ack limit rate over 1/hour burst 1 packets accept",
        "tcp dport 8080 tcp flags syn / syn,ack drop", run=lambda command: bench.at("server", command))
    return bench.trace(call("10.9.0.2"))


@lab("R24", certainty="certain")
def slow_call_full_queue(bench):
    """A call that takes a second because the server's queue is full at first."""
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(1)
        c = [socket.create_connection(('127.0.0.1', 8080)) for _ in range(2)]
        print('up'); time.sleep(1.7)
        kept = []
        while True:
            kept.append(s.accept()[0])
    """)
    return bench.trace(call())


@lab("R21", certainty="likely")
def dropped_there(bench):
    """A filter of another host drops."""
    bench.namespace("server")
    sysctl("ipv4/tcp_syn_retries", 1)
    sysctl("ipv4/tcp_syn_linear_timeouts", 1)
    nft("tcp dport 8080 drop", run=lambda command: bench.at("server", command))
    return bench.trace(call("10.9.0.2"))


@lab("R21", certainty="certain")
def dropped_here(bench):
    """A filter of this host drops."""
    bench.python(server())
    sysctl("ipv4/tcp_syn_retries", 1)
    sysctl("ipv4/tcp_syn_linear_timeouts", 1)
    nft("tcp dport 8080 drop")
    return bench.trace(call())


@lab("R21", certainty="likely")
def waiting_now(bench):
    """Connects that wait while doctor looks."""
    bench.namespace("server")
    nft("tcp dport 8080 drop", run=lambda command: bench.at("server", command))
    clients = []
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("10.9.0.2", 8080))
        clients.append(client)
    report = bench.ask("10.9.0.2:8080")
    assert clients
    return report


@lab("R22", certainty="certain")
def no_port_left(bench):
    """Sixteen ephemeral ports, all connected to one server; a seventeenth call."""
    sysctl("ipv4/ip_local_port_range", "40000 40015")
    bench.python(server())
    return bench.trace("""
        kept = []
        for _ in range(17):
            try:
                kept.append(socket.create_connection(('127.0.0.1', 8080)))
            except OSError:
                pass
    """)


@lab("R22", certainty="certain")
def nearly_no_port_left(bench):
    """All of 32 ephemeral ports are connected to one server; nobody has failed yet."""
    sysctl("ipv4/ip_local_port_range", "40000 40031")
    bench.python(server())
    kept = [socket.create_connection(("127.0.0.1", 8080)) for _ in range(32)]
    report = bench.ask()
    assert kept
    return report


@lab()
def near_miss_half_of_the_ports(bench):
    """Half of 32 ephemeral ports are taken."""
    sysctl("ipv4/ip_local_port_range", "40000 40031")
    bench.python(server())
    kept = [socket.create_connection(("127.0.0.1", 8080)) for _ in range(16)]
    report = bench.ask()
    assert kept
    return report


SELF = """
    for _ in range(2000):
        s = socket.socket()
        try:
            s.connect(('127.0.0.1', 40000))
        except OSError:
            s.close(); continue
        if s.getsockname() == s.getpeername():
            break
    {then}
"""


@lab("R23", certainty="certain")
def connected_to_itself(bench):
    """A program calls a port of the ephemeral range until it gets itself."""
    sysctl("ipv4/ip_local_port_range", "40000 40001")
    bench.python(SELF.format(then="print('up'); time.sleep(60)"))
    time.sleep(0.1)
    return bench.ask()


@lab("R60", certainty="certain")
def same_four_tuple(bench):
    """Two sockets are bound to one port and call the same server."""
    bench.python(server())
    return bench.trace("""
        kept = []
        for _ in range(2):
            s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            s.bind(('127.0.0.1', 5555)); kept.append(s)
            try:
                s.connect(('127.0.0.1', 8080))
            except OSError:
                pass
    """)


@lab("R58", certainty="certain")
def link_local_connect(bench):
    """A call to a link-local address without its interface."""
    if "fe80" not in sh("ip -6 route show table all 2>/dev/null || true"):
        bench.namespace("server")
    return bench.trace(call("fe80::1"))



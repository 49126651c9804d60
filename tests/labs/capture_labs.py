# Labs of `dialtone doctor FILE`: what captures show, made by real programs and written by a sniffer of a few lines.
import os
import tempfile
import time

from bench import lab, nft, sysctl

SNIFFER = """
    s = socket.socket(AF_PACKET, SOCK_RAW, htons(3)); s.bind(('v0', 0))
    f = open('{file}', 'wb'); f.write(struct.pack('=IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, {snap}, 1))
    print('up')
    while True:
        p = s.recv(70000); t = time.time()
        f.write(struct.pack('=IIII', int(t), int(t % 1 * 1e6), min(len(p), {snap}), len(p)) + p[:{snap}]); f.flush()
"""
SERVER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(64)
    print('up')
    def serve(c):
        {serve}
        c.close()
    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
"""
ECHO = """
        while True:
            data = c.recv(65536)
            if not data: break
            c.sendall(data)
"""


def captured(bench, client, seconds, filters=(), serve=ECHO, snap=65536):
    """Runs a client against a server in another namespace while a sniffer writes, and asks about the file."""
    bench.namespace("server")
    if serve:
        bench.python(SERVER.format(serve=serve.strip()), name="server")
    if filters:
        nft(*filters, run=lambda command: bench.at("server", command))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "lab.pcap")
        bench.python(SNIFFER.format(file=file, snap=snap))
        bench.python(client, wait=False)
        time.sleep(seconds)
        return bench.ask(file)


CALL = """
    c = socket.create_connection(('10.9.0.2', 8080))
    c.sendall(b'x' * 3000)
    got = 0
    while got < 3000: got += len(c.recv(65536))
    c.close()
"""


@lab()
def near_miss_capture_of_a_call(bench):
    """A capture of a call in which nothing is wrong."""
    return captured(bench, CALL, 1)


@lab()
def near_miss_capture_cut_short(bench):
    """The same with only the first 96 octets of each packet."""
    return captured(bench, CALL, 1, snap=96)


@lab("R13", certainty="likely")
def capture_refused(bench):
    """A capture of a refused call."""
    return captured(bench, CALL, 0.8, serve="")


@lab("R16", certainty="certain")
def capture_rejected(bench):
    """A capture of a call that a filter rejects by ICMP."""
    return captured(bench, CALL, 0.8, ["tcp dport 8080 reject"])


@lab("R18", certainty="certain")
def capture_prohibited(bench):
    """A capture of a call that a filter prohibits by ICMP."""
    return captured(bench, CALL, 0.8, ["tcp dport 8080 reject with icmp type admin-prohibited"])


@lab("R59", certainty="certain")
def capture_no_protocol(bench):
    """A capture of a call that is told there is no such protocol."""
    return captured(bench, CALL, 0.8, ["tcp dport 8080 reject with icmp type prot-unreachable"])


@lab("R21", certainty="likely")
def capture_no_answer(bench):
    """A capture of a call without any answer."""
    sysctl("ipv4/tcp_syn_retries", 2)
    return captured(bench, CALL, 2.5, ["tcp dport 8080 drop"])


@lab("R20", certainty="certain")
def capture_late_answer(bench):
    """A capture of a call whose first SYN is lost."""
    return captured(bench, CALL, 2, ["tcp flags syn / syn,ack limit rate over 1/hour burst 1 packets accept",
                                     "tcp flags syn / syn,ack drop"])


@lab("R64", certainty="certain")
def capture_reset(bench):
    """A capture of a call that the server aborts."""
    serve = "c.recv(100); c.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('ii', 1, 0))"
    return captured(bench, CALL, 1, serve=serve)


@lab("R44", certainty="certain")
def capture_shut_window(bench):
    """A capture of a call whose server does not read for three seconds."""
    client = """
    c = socket.create_connection(('10.9.0.2', 8080))
    c.settimeout(2)
    try:
        c.sendall(b'x' * 30000000)
    except OSError:
        pass
    time.sleep(30)
    """
    return captured(bench, client, 4, serve="time.sleep(30)")


@lab("R46", certainty="likely")
def capture_loss(bench):
    """A capture of a link that loses one of ten packets."""
    client = """
    c = socket.create_connection(('10.9.0.2', 8080)); c.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    end = time.time() + 4
    threading.Thread(target=lambda: [0 for _ in iter(lambda: c.recv(65536), b'')], daemon=True).start()
    while time.time() < end:
        c.send(b'x' * 500); time.sleep(0.01)
    time.sleep(30)
    """
    return captured(bench, client, 4.5, ["tcp dport 8080 ct state established numgen random mod 10 == 0 drop"])


@lab("R47", certainty="likely")
def capture_black_hole(bench):
    """A capture of a call whose large segments vanish."""
    client = """
    c = socket.create_connection(('10.9.0.2', 8080))
    c.send(b'x' * 100); c.recv(100)
    c.send(b'x' * 20000); time.sleep(30)
    """
    return captured(bench, client, 5, ["meta length > 1200 drop"])

# Labs of the rules R37, R45, R51 and R54: what a path does to segments.
import contextlib
import socket
import struct
import threading
import time

from bench import Skip, lab, nft, segment
from delay_labs import ECHO

FORGETTING = """
    print('up'); c = socket.create_connection(('10.9.0.2', 8080))
    other = socket.create_connection(('10.9.0.2', 8080))
    print(c.getsockname()[1]); sys.stdout.flush()
    end = time.monotonic() + {silence}
    while time.monotonic() < end:
        other.send(b'x'); other.recv(1); time.sleep(0.05)
    c.send(b'hello'); print('written')
    while True:
        other.send(b'x'); other.recv(1); time.sleep(0.05)
"""


def forget(bench, silence):
    """One of two connections is dropped from now on; it is written to after `silence` seconds."""
    bench.namespace("server")
    bench.python(ECHO, name="server")
    client = bench.python(FORGETTING.format(silence=silence))
    port = int(client.stdout.readline())
    nft(f"tcp sport {port} drop", run=lambda command: bench.at("server", command))
    client.stdout.readline()
    time.sleep(0.8)
    return bench.ask()


@lab("R37", certainty="likely")
def forgotten_flow(bench):
    """A connection that lay idle for 14 s is dropped on its way; another one to the same host is not."""
    return forget(bench, 14)


@lab()
def near_miss_drop_without_silence(bench):
    """The same without a silence before: nothing says that a device has forgotten it."""
    return forget(bench, 0.5)


SILENT = """
    c = socket.create_connection(('10.9.0.2', 8080))
    c.send(b'x'); c.recv(1); time.sleep({silence}); c.send(b'x')
    try:
        c.recv(1)
    except OSError as error:
        print(error)
"""


def reset_later(bench, silence):
    """The path answers with a reset from 0.5 s after the connect on; a request is written after `silence` seconds."""
    bench.namespace("server")
    bench.python(ECHO, name="server")

    def forget_soon():
        for _ in range(100):
            if bench.at("server", "ss -Htn state established '( sport = :8080 )'").strip():
                break
            time.sleep(0.1)
        time.sleep(0.5)
        with contextlib.suppress(Skip):
            nft("tcp dport 8080 reject with tcp reset", run=lambda command: bench.at("server", command))

    nft("tcp dport 9 drop", run=lambda command: bench.at("server", command))  # or a skip, before anything waits
    bench.at("server", "nft delete table inet lab")
    threading.Thread(target=forget_soon, daemon=True).start()
    return bench.trace(SILENT.format(silence=silence))


@lab("R37", certainty="likely")
def reset_after_silence(bench):
    """A connection lies idle for 6 s, and the path resets what is sent on it then."""
    return reset_later(bench, 6)


@lab()
def near_miss_reset_without_silence(bench):
    """The same after 1.5 s: no device forgets a connection so soon, and no rule can say who sent the reset."""
    return reset_later(bench, 1.5)


def limited_us(client):
    """tcpi_sndbuf_limited of struct tcp_info."""
    return struct.unpack_from("Q", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), 184)[0]


def send_far(bench, options):
    """Sends all the time over a path of 60 ms, 10 s long at most."""
    bench.far_namespace("server", 0.03)
    bench.python(ECHO.replace("c.sendall(data)", "pass"), name="server")
    client = socket.socket()
    options(client)
    client.connect(("10.8.0.2", 8080))

    def pump():
        end = time.monotonic() + 10
        while time.monotonic() < end:
            client.send(b"x" * 8192)

    threading.Thread(target=pump, daemon=True).start()
    time.sleep(0.5)
    before = limited_us(client)
    report = bench.ask()
    share = (limited_us(client) - before) / 2e6
    if share < 0.6:
        raise Skip(f"the kernel counted {share:.0%} of the wait only as that of the send buffer")
    return report


@lab("R45", certainty="likely")
def small_send_buffer(bench):
    """SO_SNDBUF of 8 KiB on a path of 60 ms."""
    return send_far(bench, lambda s: s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192))


@lab()
def near_miss_slow_writer_far(bench):
    """The same path and buffer, and a program that writes little: its buffer is no limit."""
    bench.far_namespace("server", 0.03)
    bench.python(ECHO, name="server")
    bench.python("""
        c = socket.socket(); c.setsockopt(SOL_SOCKET, SO_SNDBUF, 8192); c.connect(('10.8.0.2', 8080))
        print('up')
        while True:
            c.send(b'x' * 500); c.recv(500)
    """)
    return bench.ask()


@lab("R51", certainty="certain")
def old_timestamps(bench):
    """SYNs whose timestamps are older than those of the TIME-WAIT record on the same ports."""
    bench.namespace("client", address="10.9.0.2/24", here="10.9.0.1/24")
    # Timestamps that begin with the host; the answers to forged SYNs must not end the record.
    bench.at("client", "echo 2 > /proc/sys/net/ipv4/tcp_timestamps")
    nft("tcp flags rst drop", hook="output", run=lambda command: bench.at("client", command))
    bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('10.9.0.1', 8080)); s.listen(8)
        print('up')
        while True: s.accept()[0].close()
    """)
    bench.python("""
        c = socket.socket(); c.bind(('10.9.0.2', 5555)); c.connect(('10.9.0.1', 8080))
        c.recv(1); c.close(); print('up')
    """, name="client")
    # Timestamp 1: older than anything the first connection carried.
    syn = segment("10.9.0.2", "10.9.0.1", (5555, 8080), 1, 2, b"\x01\x01\x08\x0a" + struct.pack("!II", 1, 0))
    return bench.ask(also=lambda: raw_sender(bench, [syn] * 4))


def raw_sender(bench, segments):
    """Sends segments from the namespace `client` to 10.9.0.1."""
    bench.python(f"""
        s = socket.socket(AF_INET, SOCK_RAW, IPPROTO_TCP)
        for one in {segments!r}:
            s.sendto(one, ('10.9.0.1', 0)); time.sleep(0.05)
        print('up')
    """, name="client")


@lab("R54", certainty="certain")
def wrong_checksums(bench):
    """Segments with a wrong checksum."""
    bench.namespace("client", address="10.9.0.2/24", here="10.9.0.1/24")
    bench.python(ECHO)
    bad = segment("10.9.0.2", "10.9.0.1", (5555, 8080), 1, 2, off_by=1)
    return bench.ask(also=lambda: raw_sender(bench, [bad] * 5))


@lab()
def near_miss_right_checksums(bench):
    """The same segments with right checksums."""
    bench.namespace("client", address="10.9.0.2/24", here="10.9.0.1/24")
    bench.python(ECHO)
    good = segment("10.9.0.2", "10.9.0.1", (5555, 8080), 1, 4)
    return bench.ask(also=lambda: raw_sender(bench, [good] * 5))

# An address that a DHCP server in the kernel's namespace lends over TAP: it is used, extended, and no lie about it is believed.
import errno
import filecmp
import socket
import struct
import subprocess
import threading
import time

import stage
import tap


class DhcpServer(threading.Thread):
    """A DHCP server on dt0 (RFC 2131) that lends 10.0.0.77 of the network of its interface; `types` says what it was asked."""
    SERVER, LENT, COOKIE = "10.0.0.2", "10.0.0.77", bytes.fromhex("63825363")

    def __init__(self, lease_s=600, lies=()):
        super().__init__(daemon=True)
        self.lease_s, self.lies, self.types, self.stopped = lease_s, lies, [], threading.Event()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"dt0\0")
        self.socket.bind(("", 67))
        self.socket.settimeout(0.2)

    def reply(self, question, kind, xid=None, options=None):
        address = socket.inet_aton
        text = bytes([2, 1, 6, 0]) + (xid or question[4:8]) + bytes(4) + bytes(4) + address(self.LENT) + bytes(8)
        text += question[28:44] + bytes(192) + self.COOKIE
        if options is None:
            options = bytes([53, 1, kind, 54, 4]) + address(self.SERVER) + bytes([1, 4, 255, 255, 255, 0, 3, 4]) + address(self.SERVER)
            options += bytes([51, 4]) + struct.pack("!I", self.lease_s) + bytes([26, 2]) + struct.pack("!H", 1400) + bytes([255])
        return text + options

    def run(self):
        while not self.stopped.is_set():
            try:
                question, peer = self.socket.recvfrom(2000)
            except TimeoutError:
                continue
            kind = question[242]
            self.types.append(kind)
            to = ("255.255.255.255", 68) if question[12:16] == bytes(4) else (socket.inet_ntoa(question[12:16]), 68)
            for lie in self.lies:
                self.socket.sendto(lie(self, question, {1: 2, 3: 5}.get(kind, 6)), to)
            if kind in (1, 3):
                self.socket.sendto(self.reply(question, {1: 2, 3: 5}[kind]), to)

    def stop(self):
        self.stopped.set()
        self.join()
        self.socket.close()


def leased(s, server, *program):
    """A run whose address is lent by `server`, once the interface is there."""
    process = s.start_run(*program, options=("--tap", "dt0,dhcp"), recording=(recording := s.recording()))
    assert stage.eventually(lambda: DhcpServer.SERVER in tap.ip("addr"), bool)
    server = server()
    server.start()
    return process, server, recording


def check_an_address_is_leased_and_used(s):
    """RFC 2131: the program starts with its address, and finds the kernel; the lease goes on after its first half."""
    tap.need_tap()
    s.file("FILE", 100_000)
    fetch = f"{s.tool('curl')} -sS -m 20 --retry 60 --retry-delay 1 --retry-all-errors -o down http://{DhcpServer.SERVER}:8001/FILE"
    script = f"{fetch} && sleep 9 && {fetch} -w '%{{local_ip}}'"
    process, server, recording = leased(s, lambda: DhcpServer(lease_s=12), "sh", "-c", script)
    kernel = subprocess.Popen([stage.PYTHON, "-m", "http.server", "8001", "-b", DhcpServer.SERVER, "-d", str(s.folder)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        outcome = s.finish(process, limit=100).expect()
        given_back = stage.eventually(lambda: server.types[-1] == 7, bool)
    finally:
        kernel.kill()
        kernel.wait()
        server.stop()
    assert outcome.out == DhcpServer.LENT, outcome
    assert filecmp.cmp(s.folder / "FILE", s.folder / "down", shallow=False)
    assert server.types[:2] == [1, 3] and server.types.count(3) >= 2, server.types  # discover, request, and it was extended
    assert given_back, server.types
    _, client, _ = s.flows(recording)[-1]
    assert client.startswith(f"{DhcpServer.LENT}:"), client
    s.command("replay", recording)


def check_a_lying_dhcp_server_is_not_believed(s):
    """What is cut short, endless, another's or impossible changes nothing; the honest answer behind it counts."""
    tap.need_tap()
    lies = [lambda server, question, kind: server.reply(question, kind)[:200],
            lambda server, question, kind: server.reply(question, kind, options=bytes([53, 1, kind, 1, 200, 255])),
            lambda server, question, kind: server.reply(question, kind, options=bytes([53, 1, kind]) + bytes(1100)),
            lambda server, question, kind: server.reply(question, kind, xid=b"\x00\x01\x02\x03"),
            lambda server, question, kind: server.reply(question, kind).replace(socket.inet_aton(server.LENT), socket.inet_aton("127.0.0.1"), 1),
            lambda server, question, kind: server.reply(question, kind).replace(bytes([51, 4]), bytes([51, 0]), 1)]
    name = "import socket; u = socket.socket(2, 2); u.connect(('10.0.0.2', 9)); print(u.getsockname()[0])"
    process, server, recording = leased(s, lambda: DhcpServer(lies=lies), stage.PYTHON, "-c", name)
    try:
        outcome = s.finish(process, limit=40).expect()
    finally:
        server.stop()
    assert outcome.out.strip() == DhcpServer.LENT, outcome
    s.command("replay", "--at", "100s", recording)


def check_without_a_dhcp_server_the_program_starts_late(s):
    tap.need_tap()
    began = time.monotonic()
    name = "import socket; u = socket.socket(2, 2); print(u.connect_ex(('10.0.0.2', 9)))"
    outcome = s.run(stage.PYTHON, "-c", name, options=("--tap", "dt0,dhcp"), limit=40)
    outcome.says("host `client` has no address: no DHCP server on dt0")
    assert outcome.out.strip() == str(errno.ENETUNREACH), outcome
    assert time.monotonic() - began >= 10


tap.enter_namespace()
stage.main(globals())

# The kernel over TAP: our stack on one side of an interface, Linux on the other, each check in a network namespace of its own.
import filecmp
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import stage

US, KERNEL = "10.9.0.2", "10.9.0.1"
US_V6, KERNEL_V6 = "fd00:10::1", "fd00:10::2"
TAP = f"dt0,ip={US}/24,gw={KERNEL}"
MARK = "DIALTONE_TAP_NAMESPACE"
# A fault that never strikes: such a link touches frames, so nothing is offloaded to the kernel or by it.
NO_OFFLOAD = ("--fault", "drop,seg=rst,nth=1000000")


def enter_namespace():
    """Runs this file again in a network namespace of its own; a plain user gets a user namespace first."""
    if MARK in os.environ or sys.argv[1:] == ["--list"]:
        return
    os.environ[MARK] = "1"
    user = [] if os.getuid() == 0 else ["--map-root-user"]
    program = shutil.which("unshare")
    if program is None:
        print("namespace: unshare is not installed")
        sys.exit(77)
    os.execv(program, [program, *user, "--net", "--", sys.executable, *sys.argv])


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def need_tap():
    ip("link", "set", "lo", "up")
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        raise stage.Skip(f"/dev/net/tun cannot be opened: {error.strerror}") from None


def has_interface(name):
    return os.path.exists(f"/sys/class/net/{name}") or f" {name}:" in ip("link")


def connects(address, port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0


class Server:
    """A program of ours on the stack, for clients in the kernel."""

    def __init__(self, s, *program, port=None, options=(), tap=TAP):
        self.s, self.recording = s, s.recording()
        self.process = s.start_run(*program, options=("--tap", tap, *options), recording=self.recording)
        if port is not None:
            up = stage.eventually(lambda: connects(US, port) or self.process.poll() is not None, bool)
            if not up or self.process.poll() is not None:
                self.process.kill()
                raise AssertionError(f"no listener on {US}:{port}: {s.finish(self.process)}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.s.finish(self.process, limit=10)


class Capture:
    """tcpdump on the interface, read by tshark."""

    def __init__(self, s, name="dt0", inside=()):
        self.s, self.file = s, s.folder / "wire.pcap"
        self.process = subprocess.Popen([*inside, s.tool("tcpdump"), "-i", name, "-U", "--immediate-mode", "-s", "0", "-w", str(self.file)],
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        while line and "listening on" not in line:
            line = self.process.stderr.readline()

    def stop(self):
        time.sleep(0.3)
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=10)

    def show(self, condition, *options):
        """What tshark says of the frames that meet the condition."""
        words = [self.s.tool("tshark"), "-r", str(self.file), *options, "-Y", condition]
        found = subprocess.run(words, capture_output=True, text=True, timeout=120)
        assert found.returncode == 0, found
        return found.stdout

    def count(self, condition, *options):
        return len(self.show(condition, *options).splitlines())

    def expect_clean(self, checksums):
        """No segment that tshark calls malformed, and where they are complete no wrong checksum."""
        assert self.count("tcp || udp || icmp || icmpv6") > 0, "nothing was captured"
        assert self.count("_ws.malformed || tcp.len < 0 || _ws.short") == 0
        assert self.count("ip.checksum.status == 0", "-o", "ip.check_checksum:TRUE") == 0
        if checksums:
            options = ("-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
            assert self.count("tcp || udp", *options) > 0
            # Where the sum is zero the kernel writes 0xffff, the same number in one's complement; tshark calls that wrong.
            kernels_zero = f"((ip.src == {KERNEL} || ipv6.src == {KERNEL_V6}) && tcp.checksum == 0xffff)"
            wrong = f"(tcp.checksum.status == 0 || udp.checksum.status == 0) && !{kernels_zero}"
            assert self.count(wrong, *options) == 0, self.show(wrong, *options)


def bulk(s, *options, us=US):
    """The kernel's curl gets 20 MB from us; what was on the wire, and the recording."""
    size = 20_000_000
    s.file("FILE", size)
    everywhere = ["-b", "::"] if us == US_V6 else []
    server = Server(s, stage.PYTHON, "-m", "http.server", "8000", *everywhere, port=8000, options=options)
    capture = Capture(s)
    host = f"[{us}]" if ":" in us else us
    subprocess.run([s.tool("curl"), "-sS", "-m", "100", "-o", s.folder / "down", f"http://{host}:8000/FILE"], check=True)
    capture.stop()
    server.stop()
    assert filecmp.cmp(s.folder / "FILE", s.folder / "down", shallow=False)
    return capture, server.recording


def up(s, *options, kernel=KERNEL):
    """Our curl gets 20 MB from the kernel, which serves it once all of it can be captured: what was on the wire, and the recording."""
    size = 20_000_000
    s.file("FILE", size)
    host = f"[{kernel}]" if ":" in kernel else kernel
    script = (f"for i in $(seq 200); do {s.tool('curl')} -sS -m 100 -o up http://{host}:8001/FILE 2>error && exit 0; sleep 0.05; "
              "done; cat error >&2; exit 1")
    recording = s.recording()
    process = s.start_run("sh", "-c", script, options=("--tap", TAP, *options), recording=recording)
    assert stage.eventually(lambda: has_interface("dt0") and kernel in ip("addr", "show", "dt0"), bool)
    capture = Capture(s)
    server = subprocess.Popen([stage.PYTHON, "-m", "http.server", "8001", "-b", kernel, "-d", s.folder],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        s.finish(process, limit=110).expect()
        capture.stop()
    finally:
        server.kill()
        server.wait()
    assert filecmp.cmp(s.folder / "FILE", s.folder / "up", shallow=False)
    return capture, recording


def check_bulk_to_the_kernel_with_offload(s):
    need_tap()
    capture, recording = bulk(s)
    capture.expect_clean(checksums=False)  # they are completed by whoever needs them
    assert capture.count("frame.len > 20000") > 20, "no super-segments went down"
    # A kernel that is kept from the processor for some milliseconds is asked by a tail probe, a segment each time.
    again = capture.show("tcp.analysis.retransmission")
    assert len(again.splitlines()) < 10, again
    s.command("replay", recording)


def check_bulk_to_the_kernel_without_offload(s):
    need_tap()
    capture, recording = bulk(s, *NO_OFFLOAD)
    capture.expect_clean(checksums=True)
    assert capture.count("frame.len > 1514") == 0
    s.command("replay", recording)


def check_bulk_from_the_kernel_with_offload(s):
    need_tap()
    capture, recording = up(s)
    capture.expect_clean(checksums=False)
    assert capture.count("frame.len > 20000") > 20, "no super-segments came up"
    s.command("replay", recording)


def check_bulk_from_the_kernel_without_offload(s):
    need_tap()
    capture, recording = up(s, *NO_OFFLOAD)
    capture.expect_clean(checksums=True)
    assert capture.count("frame.len > 1514") == 0
    s.command("replay", recording)


def check_ladder_shows_both_hosts(s):
    need_tap()
    s.file("FILE", 1000)
    server = Server(s, stage.PYTHON, "-m", "http.server", "8000", port=8000)
    subprocess.run([s.tool("curl"), "-sS", "-o", "/dev/null", f"http://{US}:8000/FILE"], check=True)
    server.stop()
    # The probe of the port is a flow too; the fetch is the last one.
    number, client, to = s.flows(server.recording)[-1]
    assert client.startswith(f"{KERNEL}:") and to == f"{US}:8000", (client, to)
    ladder = s.ladder(server.recording, number)
    assert ladder.document["left"]["host"] == "outside" and ladder.document["right"]["host"] == "client"
    syn, syn_ack = ladder.segments("left", "S"), ladder.segments("right", "S.")
    assert len(syn) == len(syn_ack) == 1, ladder
    assert all(wire["fate"] == "delivered" for _, _, wire in syn + syn_ack), ladder
    ladder.at("right", "ESTABLISHED")


def check_ping_and_udp(s):
    need_tap()
    echo = ("import socket\nu = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nu.bind(('', 9000))\n"
            "for _ in range(100):\n    text, peer = u.recvfrom(65535)\n    u.sendto(text, peer)\n")
    (s.folder / "echo.py").write_text(echo)
    server = Server(s, stage.PYTHON, "echo.py", options=NO_OFFLOAD)
    assert stage.eventually(lambda: has_interface("dt0") and KERNEL in ip("addr", "show", "dt0"), bool)
    capture = Capture(s)
    ping = subprocess.run([s.tool("ping"), "-c", "3", "-i", "0.2", "-s", "1400", US], capture_output=True, text=True, timeout=20)
    assert "3 received" in ping.stdout, ping.stdout
    large = subprocess.run([s.tool("ping"), "-c", "2", "-i", "0.2", "-s", "8000", US], capture_output=True, text=True, timeout=20)
    assert "2 received" in large.stdout, large.stdout
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.settimeout(5)
        for size in (0, 1, 1472, 1473, 9000, 60000):
            text = bytes(i % 251 for i in range(size))
            u.sendto(text, (US, 9000))
            got, peer = u.recvfrom(65535)
            assert got == text and peer == (US, 9000), (size, len(got), peer)
        u.connect((US, 9001))
        u.send(b"x")
        try:
            u.recv(1)
            raise AssertionError("a closed port answered")
        except ConnectionRefusedError:
            pass
    capture.stop()
    server.stop()
    capture.expect_clean(checksums=True)


def router_advertisement(prefix, lifetime=1800, mtu=1400):
    """A router that is preferred, with one prefix of 64 bits: on the link, and for addresses."""
    text = struct.pack("!BBHBBHII", 134, 0, 0, 0, 0x08, lifetime, 0, 0)
    text += struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 7200, 7200, 0) + socket.inet_pton(socket.AF_INET6, prefix)
    return text + struct.pack("!BBHI", 5, 1, 0, mtu)


def check_addresses_and_routes_as_a_router_says(s):
    """ND-010 to ND-016, ND-018: the kernel's side advertises; ours asks, proves an address of its own making, and uses it."""
    need_tap()
    program = ("import socket, time\n"
               "for _ in range(100):\n    try:\n        u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
               "        u.connect(('2001:db8:9::1', 8000))\n"
               "        if not u.getsockname()[0].startswith('2001:db8:9:'):\n            raise OSError\n"
               "        c = socket.create_connection(('2001:db8:9::1', 8000), 2)\n"
               "        print(c.getsockname()[0], c.recv(10).decode(), c.getsockopt(41, 24))\n        break\n"
               "    except OSError:\n        time.sleep(0.1)\n")
    process = s.start_run(stage.PYTHON, "-c", program, options=("--tap", "dt0,auto6"))
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as router, \
            socket.socket(socket.AF_INET6) as listener:
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        router.settimeout(0.2)
        assert stage.eventually(lambda: has_interface("dt0"), bool)
        ip("-6", "addr", "add", "2001:db8:9::1/64", "dev", "dt0", "nodad")
        ip("link", "set", "dt0", "up")
        listener.bind(("::", 8000))
        listener.listen()
        listener.settimeout(20)
        link = socket.if_nametoindex("dt0")
        to = ("ff02::1", 0, 0, link)
        group = socket.inet_pton(socket.AF_INET6, "ff02::2") + struct.pack("i", link)  # where routers are asked
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
        heard = set()
        for _ in range(40):
            try:
                text, peer = router.recvfrom(2000)
                heard.add(text[0])
                if text[0] == 133:
                    router.sendto(router_advertisement("2001:db8:9::"), to)
                    break
            except TimeoutError:
                continue
        assert 133 in heard, heard  # it asked for routers
        connection, peer = listener.accept()
        connection.sendall(b"hello")
        connection.close()
    outcome = s.finish(process, limit=20).expect()
    address, text, mtu = outcome.out.split()
    assert address.startswith("2001:db8:9:") and address == peer[0].split("%")[0], (address, peer)
    assert (text, mtu) == ("hello", "1400"), outcome
    assert not address.endswith("ff:fe00:1"), address  # no EUI-64: it names no hardware


def check_our_ping_reaches_the_kernel(s):
    need_tap()
    outcome = s.run(s.tool("ping"), "-n", "-c", "3", "-i", "0.2", "-s", "3000", KERNEL, options=("--tap", TAP))
    assert "3 packets transmitted, 3 received, 0% packet loss" in outcome.out, outcome


def check_ctrl_c_takes_away_what_the_run_made(s):
    need_tap()
    server = Server(s, "sleep", "60")
    assert stage.eventually(lambda: has_interface("dt0"), bool)
    server.stop()
    assert not has_interface("dt0")


def check_an_interface_that_exists_is_used_and_stays(s):
    need_tap()
    ip("tuntap", "add", "mode", "tap", "name", "dt7")
    down = s.run("true", options=("--tap", "dt7"), status=125)
    down.says("TAP interface dt7 is down").says("ip link set dt7 up")
    ip("addr", "add", f"{KERNEL}/24", "dev", "dt7")
    ip("link", "set", "dt7", "up")
    server = Server(s, stage.PYTHON, "-m", "http.server", "8000", port=8000, tap=f"dt7,ip={US}/24")
    server.stop()
    assert has_interface("dt7") and KERNEL in ip("addr", "show", "dt7")
    ip("link", "del", "dt7")


def check_errors_say_what_is_wrong(s):
    need_tap()
    s.run("true", options=("--tap", "dt0,ip=10.9.0.2"), status=2).says("no IPv4 address with the length of its prefix")
    s.run("true", options=("--tap", "lo"), status=125).says("cannot use TAP interface lo").says("no TAP with one queue")
    server = Server(s, "sleep", "60")
    assert stage.eventually(lambda: has_interface("dt0"), bool)
    s.run("true", options=("--tap", "dt0"), status=125).says("another program has it").says("EBUSY")
    server.stop()
    # Without any privilege: no capability over this namespace.
    plain = [s.tool("setpriv"), "--bounding-set", "-all", "--inh-caps", "-all", "--"]
    if os.getuid() == 0 and "--map-root-user" not in sys.argv:
        words = [*plain, str(s.dialtone), "run", "--record", str(s.recording()), "--tap", "dt1", "--", "true"]
        found = subprocess.run(words, capture_output=True, text=True, env=s.environment, cwd=s.folder, timeout=20)
        assert found.returncode == 125 and "cannot use TAP interface dt1" in found.stderr, found
        assert "help:" in found.stderr and "EPERM" in found.stderr, found
    # No device at all: an empty file system over /dev/net.
    words = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /dev/net && exec \"$@\"", "sh",
             str(s.dialtone), "run", "--record", str(s.recording()), "--tap", "dt1", "--", "true"]
    found = subprocess.run(words, capture_output=True, text=True, env=s.environment, cwd=s.folder, timeout=20)
    assert found.returncode == 125 and "has no /dev/net/tun" in found.stderr, found


def check_loss_and_delay_of_the_kernel(s):
    """netem on the kernel's side: our text is whole, and what was lost was sent again."""
    need_tap()
    s.file("FILE", 2_000_000)
    server = Server(s, stage.PYTHON, "-m", "http.server", "8000", port=8000, options=NO_OFFLOAD)
    try:
        netem = subprocess.run(["tc", "qdisc", "add", "dev", "dt0", "root", "netem", "delay", "5ms", "loss", "2%"],
                               capture_output=True, text=True)
        if netem.returncode != 0:
            raise stage.Skip("this kernel has no netem")
        subprocess.run([s.tool("curl"), "-sS", "-m", "60", "-o", s.folder / "down", f"http://{US}:8000/FILE"], check=True)
    finally:
        server.stop()
    assert filecmp.cmp(s.folder / "FILE", s.folder / "down", shallow=False)
    s.command("replay", server.recording)


def check_loss_and_delay_of_ours(s):
    """The same by our own link, which needs nothing of the kernel."""
    need_tap()
    s.file("FILE", 2_000_000)
    server = Server(s, stage.PYTHON, "-m", "http.server", "8000", port=8000, options=("--link", "delay=5ms,loss=2%"))
    subprocess.run([s.tool("curl"), "-sS", "-m", "60", "-o", s.folder / "down", f"http://{US}:8000/FILE"], check=True)
    server.stop()
    assert filecmp.cmp(s.folder / "FILE", s.folder / "down", shallow=False)
    s.command("replay", server.recording)


class KernelHost:
    """A second namespace at the other end of a veth: how a host of Linux answers the same probes."""
    ADDRESS, ADDRESS_V6 = "10.8.0.2", "fd00:8::2"

    def __init__(self, *program):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "60"])
        inside = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        own = os.readlink("/proc/self/ns/net")
        assert stage.eventually(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own, bool)
        ip("link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(self.holder.pid))
        ip("addr", "add", "10.8.0.1/24", "dev", "v0")
        ip("-6", "addr", "add", "fd00:8::1/64", "dev", "v0", "nodad")
        ip("link", "set", "v0", "up")
        for words in ("addr add 10.8.0.2/24 dev v1", "-6 addr add fd00:8::2/64 dev v1 nodad", "link set v1 up", "link set lo up"):
            subprocess.run([*inside, "ip", *words.split()], check=True)
        self.program = subprocess.Popen([*inside, *program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert stage.eventually(lambda: connects(self.ADDRESS, 8000), bool)

    def stop(self):
        ip("link", "del", "v0")
        for process in (self.program, self.holder):
            process.kill()
            process.wait()


def compare(s, probes, digest, ipv6=False):
    """Each probe to a kernel and to us: the digests of both outputs must be the same."""
    need_tap()
    program = [stage.PYTHON, "-m", "http.server", "8000", *(("-b", "::") if ipv6 else ())]
    kernel = KernelHost(*program)
    server = Server(s, *program, port=8000, options=("--ipv6",) if ipv6 else ())
    wrong = []
    try:
        for probe in probes:
            told = []
            for target in (kernel.ADDRESS_V6, US_V6) if ipv6 else (kernel.ADDRESS, US):
                found = subprocess.run([*probe, target], capture_output=True, text=True, timeout=60)
                told.append(digest((found.stdout + found.stderr).replace(target, "TARGET")))
            if told[0] != told[1]:
                wrong.append(f"{' '.join(probe)}\n  kernel: {told[0]}\n  ours:   {told[1]}")
    finally:
        server.stop()
        kernel.stop()
    assert not wrong, "\n".join(wrong)


def check_hping3_sees_the_kernels_answers(s):
    hping = s.tool("hping3")
    tcp = [["-S", "-p", "8000"], ["-S", "-p", "81"], ["-A", "-p", "8000"], ["-A", "-p", "81"], ["-F", "-p", "8000"],
           ["-F", "-p", "81"], ["-R", "-p", "8000"], ["-S", "-A", "-p", "8000"], ["-S", "-F", "-p", "8000"],
           ["-S", "-R", "-p", "8000"], ["-F", "-P", "-U", "-p", "81"], ["-p", "81"], ["-p", "8000"], ["-S", "-b", "-p", "8000"],
           ["-S", "-O", "4", "-p", "8000"]]
    # Not asked: timestamps (RFC 792), which a host without a clock of the day does not answer.
    others = [["-1"], ["-1", "-C", "17"], ["-1", "-C", "15"], ["-1", "-b"], ["-2", "-p", "81"],
              ["-2", "-b", "-p", "81"], ["-0", "-H", "99"], ["-0", "-H", "6", "-d", "8"]]

    def digest(text):
        kept = re.findall(r"(ICMP \S+ Unreachable|DF|flags=\S+|icmp_seq=\d+|ttl=\d+|ICMP timestamp|Address mask|\d+ packets received)", text)
        return " ".join(kept)
    compare(s, [[hping, "-n", "-c", "1", *probe] for probe in tcp + others], digest)


def scan_digest(text):
    lines = [re.sub(r"\s+", " ", line) for line in text.splitlines() if re.match(r"\d+(/\w+)?\s+(open|closed|filtered|unfiltered)", line)]
    # In a scan of protocols each answer counts for any of them that are still open.
    return [line.split(" ")[:3] if "/" not in line else line for line in lines]


def check_nmap_sees_the_kernels_answers(s):
    nmap = s.tool("nmap")
    scans = [["-sS"], ["-sT"], ["-sA"], ["-sW"], ["-sM"], ["-sF"], ["-sN"], ["-sX"], ["-sU"], ["-sO"]]
    probes = []
    for scan in scans:
        ports = {"-sU": "53,81", "-sO": "1,2,6,17,41,99,132"}.get(scan[0], "80,81,8000")
        probes.append([nmap, "-n", "-Pn", "--host-timeout", "30s", "--max-retries", "1", "--reason", "-p", ports, *scan])
    compare(s, probes, scan_digest)


if __name__ == "__main__":
    enter_namespace()
    stage.main(globals())

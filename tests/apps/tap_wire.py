# What crosses a TAP interface over IPv6, and what another host gets of our super-segments once the kernel has cut them.
import filecmp
import os
import re
import socket
import subprocess

import stage
import tap
from tap import KERNEL, KERNEL_V6, NO_OFFLOAD, US, US_V6, ip


def host_of(address):
    return f"[{address}]" if ":" in address else address


def check_bulk_to_the_kernel_over_ipv6(s):
    tap.need_tap()
    capture, recording = tap.bulk(s, "--ipv6", us=US_V6)
    capture.expect_clean(checksums=False)
    assert capture.count("ipv6 && frame.len > 20000") > 20, "no super-segments went down"
    s.command("replay", recording)


def check_bulk_to_the_kernel_over_ipv6_without_offload(s):
    tap.need_tap()
    capture, recording = tap.bulk(s, "--ipv6", *NO_OFFLOAD, us=US_V6)
    capture.expect_clean(checksums=True)
    assert capture.count("frame.len > 1514") == 0
    s.command("replay", recording)


def check_bulk_from_the_kernel_over_ipv6(s):
    tap.need_tap()
    capture, recording = tap.up(s, "--ipv6", kernel=KERNEL_V6)
    capture.expect_clean(checksums=False)
    assert capture.count("ipv6 && frame.len > 20000") > 20, "no super-segments came up"
    s.command("replay", recording)


def check_bulk_from_the_kernel_over_ipv6_without_offload(s):
    tap.need_tap()
    capture, recording = tap.up(s, "--ipv6", *NO_OFFLOAD, kernel=KERNEL_V6)
    capture.expect_clean(checksums=True)
    assert capture.count("frame.len > 1514") == 0
    s.command("replay", recording)


class Bridged:
    """A TAP that exists, bridged to a veth whose both ends leave nothing to hardware: the kernel cuts what we send and completes its
    checksums, and a second kernel at the other end, 10.9.0.1, gets what would cross a wire."""

    def __init__(self, s):
        ip("tuntap", "add", "mode", "tap", "name", "dt7")
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "120"])
        self.inside = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        own = os.readlink("/proc/self/ns/net")
        assert stage.eventually(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own, bool)
        ip("link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(self.holder.pid))
        ip("link", "add", "br0", "type", "bridge", "forward_delay", "0")
        for name in ("v0", "dt7", "br0"):
            if name != "br0":
                ip("link", "set", name, "master", "br0")
            ip("link", "set", name, "up")
        software = [s.tool("ethtool"), "-K", "NAME", "tx", "off", "tso", "off", "gso", "off", "gro", "off"]
        for inside, name in ((), "v0"), (self.inside, "v1"):
            words = [name if word == "NAME" else word for word in software]
            subprocess.run([*inside, *words], check=True, capture_output=True)
        for words in (f"addr add {KERNEL}/24 dev v1", f"-6 addr add {KERNEL_V6}/64 dev v1 nodad", "link set v1 up", "link set lo up"):
            subprocess.run([*self.inside, "ip", *words.split()], check=True)

    def stop(self):
        for name in ("v0", "br0", "dt7"):
            ip("link", "del", name)
        self.holder.kill()
        self.holder.wait()


def through_a_bridge(s, us):
    """20 MB from us to the second kernel by its curl, and 20 MB up."""
    tap.need_tap()
    far = Bridged(s)
    size = 20_000_000
    s.file("FILE", size)
    sink = ("import socket, sys\nl = socket.create_server(('', 8000), family=socket.AF_INET6, dualstack_ipv6=True)\n"
            "c = l.accept()[0]\nc.sendall(open('FILE', 'rb').read())\nc.shutdown(socket.SHUT_WR)\n"
            "with open('up', 'wb') as to:\n    while text := c.recv(65536):\n        to.write(text)\n")
    recording = s.recording()
    options = ("--tap", f"dt7,ip={US}/24", "--ipv6")
    ours = s.start_run(stage.PYTHON, "-c", sink, options=options, recording=recording)
    capture = tap.Capture(s, "v1", far.inside)
    caller = (f"import socket, time\nfor _ in range(200):\n    try:\n        c = socket.create_connection(('{us}', 8000), 2)\n        break\n"
              "    except OSError:\n        time.sleep(0.05)\nc.settimeout(30)\n"
              "with open('down', 'wb') as to:\n    while text := c.recv(65536):\n        to.write(text)\n"
              "c.sendall(open('FILE', 'rb').read())\nc.close()\n")
    try:
        called = subprocess.run([*far.inside, stage.PYTHON, "-c", caller], timeout=100, cwd=s.folder, capture_output=True, text=True)
        assert called.returncode == 0, f"{called}\n{s.finish(ours, limit=1) if ours.poll() is not None else ''}"
        s.finish(ours, limit=60).expect()
        capture.stop()
    finally:
        if ours.poll() is None:
            ours.kill()
        far.stop()
    for name in ("down", "up"):
        assert filecmp.cmp(s.folder / "FILE", s.folder / name, shallow=False), name
    capture.expect_clean(checksums=True)
    assert capture.count("frame.len > 1514") == 0
    family = "ipv6" if ":" in us else "ip"
    # tcpdump may not keep up with all of them.
    seen = capture.count(f"{family}.src == {us} && tcp.len > 1400")
    assert seen > 1000, f"only {seen} of our segments were seen"
    s.command("replay", recording)


def check_another_host_gets_our_super_segments_whole(s):
    through_a_bridge(s, US)


def check_another_host_gets_our_super_segments_whole_over_ipv6(s):
    through_a_bridge(s, US_V6)


def check_ping_and_udp_over_ipv6(s):
    tap.need_tap()
    echo = ("import socket\nu = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\nu.bind(('::', 9000))\n"
            "for _ in range(100):\n    text, peer = u.recvfrom(65535)\n    u.sendto(text, peer)\n")
    (s.folder / "echo.py").write_text(echo)
    server = tap.Server(s, stage.PYTHON, "echo.py", options=("--ipv6", *NO_OFFLOAD))
    assert stage.eventually(lambda: tap.has_interface("dt0") and KERNEL_V6 in ip("addr", "show", "dt0"), bool)
    once = [s.tool("ping"), "-6", "-c", "1", "-W", "1", US_V6]
    assert stage.eventually(lambda: subprocess.run(once, capture_output=True, timeout=20).returncode == 0, bool)
    capture = tap.Capture(s)
    for size in ("56", "1400", "8000"):
        words = [s.tool("ping"), "-6", "-c", "3", "-i", "0.2", "-s", size, US_V6]
        ping = subprocess.run(words, capture_output=True, text=True, timeout=20)
        assert "3 received" in ping.stdout, ping
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as u:
        u.settimeout(5)
        for size in (0, 1, 1452, 1453, 9000, 60000):
            text = bytes(i % 251 for i in range(size))
            u.sendto(text, (US_V6, 9000))
            got, peer = u.recvfrom(65535)
            assert got == text and peer[:2] == (US_V6, 9000), (size, len(got), peer)
        u.connect((US_V6, 9001))
        u.send(b"x")
        try:
            u.recv(1)
            raise AssertionError("a closed port answered")
        except ConnectionRefusedError:
            pass
    capture.stop()
    server.stop()
    capture.expect_clean(checksums=True)


def fingerprint(text):
    """What nmap -O saw, but for numbers that are drawn anew each time (sequences, the address that was asked), and for
    windows: their scale follows tcp_rmem of this machine, and on a SYN-ACK with timestamps ours are 64240, the kernel's 65160."""
    lines = "".join(line.strip()[3:] for line in text.splitlines() if line.startswith("OS:"))
    assert lines, text
    tests = dict(re.findall(r"([A-Z][A-Z0-9]*)\(([^)]*)\)", lines))
    left_out = {"SEQ": r"(SP|GCD|ISR|TS)=[^%]*%?", "SCAN": r".*", "WIN": r".*", "OPS": r"W\w(?=ST|%|$)|W\w$", "ECN": r"W=\w+%|W\w(?=%)",
                "U1": r"(RIPCK|RUCK|RUD)=\w+%?"}
    return {name: re.sub(left_out[name], "", told) if name in left_out else told for name, told in tests.items()}


def check_nmap_takes_us_for_the_kernel(s):
    """The same fingerprint of the operating system, field by field."""
    nmap = s.tool("nmap")
    probe = [nmap, "-n", "-Pn", "-O", "-d", "-vv", "--max-os-tries", "1", "--host-timeout", "60s", "-p", "81,8000"]
    tap.compare(s, [probe], fingerprint)


def check_nmap_sees_the_kernels_answers_over_ipv6(s):
    nmap = s.tool("nmap")
    probes = []
    for scan in ("-sS", "-sT", "-sA", "-sF", "-sN", "-sX", "-sU"):
        ports = "53,81" if scan == "-sU" else "80,81,8000"
        probes.append([nmap, "-6", "-n", "-Pn", "--host-timeout", "30s", "--max-retries", "1", "--reason", "-p", ports, scan])
    tap.compare(s, probes, tap.scan_digest, ipv6=True)


def check_ping_sees_the_kernels_answers(s):
    ping = s.tool("ping")
    # Not asked: Record Route and Timestamp (RFC 1122 section 3.2.2.6), which our echo replies leave out.
    variants = [[], ["-s", "0"], ["-s", "1472", "-M", "do"], ["-s", "8000"], ["-Q", "0x10"], ["-p", "a5"], ["-t", "1"]]

    def digest(text):
        kept = [re.sub(r"time=\S+ ms", "", line) for line in text.splitlines() if "bytes from" in line]
        return kept + re.findall(r"\d received|wrong data|truncated", text)
    tap.compare(s, [[ping, "-n", "-c", "1", "-W", "2", *variant] for variant in variants], digest)
    tap.compare(s, [[ping, "-6", "-n", "-c", "1", "-W", "2", *variant] for variant in ([], ["-s", "8000"], ["-t", "1"])], digest, ipv6=True)


if __name__ == "__main__":
    tap.enter_namespace()
    stage.main(globals())

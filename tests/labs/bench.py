# What labs are made of: the registry, namespaces with links between them, programs in them, and the run of doctor.
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import textwrap
import time

LABS = {}


class Skip(Exception):
    """This kernel or machine cannot make the situation; the text says why."""


class Lab:
    def __init__(self, run, rules, sentence, certainty):
        self.run, self.rules, self.sentence, self.certainty = run, rules, sentence, certainty


def lab(*rules, certainty=None):
    """Registers a lab; without a rule it is a near miss. `certainty`: what the finding must say of itself."""

    def register(function):
        LABS[function.__name__] = Lab(function, list(rules), (function.__doc__ or "").strip().split("\n")[0], certainty)
        return function

    return register


class Bench:
    """The namespace the lab runs in (`here`, with lo up), further ones, and the programs started in them."""

    def __init__(self, doctor):
        self.doctor = doctor
        self.programs = []
        self.holders = {}
        sh("ip link set lo up")

    def hold_namespace(self, name):
        """An empty network namespace that lasts as long as the lab."""
        holder = subprocess.Popen(["unshare", "--net", "sleep", "120"])
        self.programs.append(holder)
        self.holders[name] = holder.pid
        own = os.readlink("/proc/self/ns/net")
        for _ in range(200):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{holder.pid}/ns/net") != own:
                    break
            time.sleep(0.02)
        return holder

    def namespace(self, name, address="10.9.0.2/24", here="10.9.0.1/24"):
        """A second host behind a veth pair: `here` is v0, the other v1."""
        holder = self.hold_namespace(name)
        sh(f"ip link add v0 type veth peer name v1 netns {holder.pid}")
        sh(f"ip addr add {here} dev v0; ip link set v0 up")
        self.at(name, f"ip link set lo up; ip addr add {address} dev v1; ip link set v1 up")
        for _ in range(200):
            if "UP" in sh("ip -br link show v0"):
                return
            time.sleep(0.02)

    def far_namespace(self, name, delay_s):
        """A second host, 10.8.0.2, behind a path that takes `delay_s` each way."""
        try:
            os.close(os.open("/dev/net/tun", os.O_RDWR))
        except OSError as error:
            raise Skip(f"/dev/net/tun cannot be used here: {error.strerror}") from error
        holder = self.hold_namespace(name)
        carrier = subprocess.Popen([sys.executable, "-u", "-c",
                                    PREAMBLE + textwrap.dedent(CARRIER).replace("DELAY", str(delay_s)), str(holder.pid)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.programs.append(carrier)
        if not carrier.stdout.readline():
            raise RuntimeError("the carrier between the namespaces ended")
        sh("ip addr add 10.8.0.1/24 dev t0; ip link set t0 up")
        self.at(name, "ip link set lo up; ip addr add 10.8.0.2/24 dev t1; ip link set t1 up")

    def at(self, name, command):
        """A shell command in the other namespace."""
        return sh(command, prefix=["nsenter", f"--net=/proc/{self.holders[name]}/ns/net"])

    def python(self, code, name=None, wait=True, **popen):
        """A python program; returns when it has printed a line (`wait`)."""
        prefix = ["nsenter", f"--net=/proc/{self.holders[name]}/ns/net"] if name else []
        program = subprocess.Popen([*prefix, sys.executable, "-u", "-c", PREAMBLE + textwrap.dedent(code)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **popen)
        self.programs.append(program)
        if wait:
            line = program.stdout.readline()
            if not line:
                raise RuntimeError("a program of the lab ended before it was ready:\n" + code)
        return program

    def ask(self, *arguments, also=None):
        """Runs doctor and returns its report; `also()` is called while it reads."""
        command = [self.doctor, "doctor", "--json", "-q", *arguments]
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if also:
            time.sleep(0.6)
            also()
        out, err = program.communicate(timeout=45)
        try:
            # A traced program may have written before the report.
            return json.loads(out[out.index("{\n"):])
        except ValueError as error:
            raise RuntimeError(f"doctor ended with {program.returncode}:\n{out}\n{err}") from error

    def ask_at_once(self, count):
        """The reports of many that read at the same time."""
        programs = [subprocess.Popen([self.doctor, "doctor", "--json", "-q"], stdout=subprocess.PIPE, text=True)
                    for _ in range(count)]
        return [json.loads(program.communicate(timeout=45)[0]) for program in programs]

    def trace(self, code, *flags):
        """Runs a python program under `doctor --`."""
        return self.ask(*flags, "--", sys.executable, "-c", PREAMBLE + textwrap.dedent(code))

    def end(self):
        for program in self.programs:
            program.kill()
        for program in self.programs:
            program.wait()


PREAMBLE = "from socket import *\nimport os, select, socket, struct, sys, threading, time\n"


def sh(command, prefix=()):
    done = subprocess.run([*prefix, "sh", "-ec", command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout


def nft(*rules, hook="input", run=sh):
    """nftables rules in one chain of this namespace (or where `run` is), or a skip where there are none."""
    lines = "\n".join(rules)
    try:
        run(f"nft -f - <<'END'\ntable inet lab {{\nchain lab {{\ntype filter hook {hook} priority 0;\n{lines}\n}}\n}}\nEND")
    except RuntimeError as error:
        raise Skip("nftables cannot be used here: " + str(error).strip().splitlines()[-1]) from error


def sysctl(name, value):
    try:
        with open("/proc/sys/net/" + name, "w") as file:
            file.write(str(value))
    except OSError as error:
        raise Skip(f"net.{name.replace('/', '.')} cannot be set here: {error.strerror}") from error


def run_here(name, doctor):
    """One lab, in the namespaces this process is in. Last line: FIRED and the rules, or SKIP and the reason."""
    lab = LABS[name]
    bench = Bench(doctor)
    try:
        report = lab.run(bench)
    except Skip as reason:
        print("SKIP", reason)
        return 77
    finally:
        bench.end()
    fired = sorted({f["rule"] for f in report["findings"]}, key=lambda r: int(r[1:]))
    for finding in report["findings"]:
        numbers = " ".join(f"{e['field']}={e.get('value', e.get('delta'))}" for e in finding["evidence"])
        print(finding["rule"], finding["certainty"], finding["title"], "|", numbers)
    print("not enough:", json.dumps(report["not_enough"], ensure_ascii=False))
    good = fired == sorted(lab.rules, key=lambda r: int(r[1:]))
    if lab.certainty:
        good = good and all(f["certainty"] == lab.certainty for f in report["findings"])
        if not good:
            print(f"it must be {lab.certainty}")
    print("FIRED", *fired)
    return 0 if good else 1


def connect_many(count, address, family=socket.AF_INET):
    """Connections that are begun and not waited for."""
    clients = []
    for _ in range(count):
        client = socket.socket(family, socket.SOCK_STREAM)
        client.setblocking(False)
        client.connect_ex(address)
        clients.append(client)
    return clients


def checksum(octets):
    """The internet checksum (RFC 1071)."""
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, to, ports, seq, flags, options=b"", off_by=0):
    """A TCP segment without text; `off_by` spoils its checksum."""
    offset = (20 + len(options)) // 4
    head = struct.pack("!HHIIBBHHH", *ports, seq & 0xFFFFFFFF, 0, offset << 4, flags, 65535, 0, 0) + options
    pseudo = socket.inet_aton(source) + socket.inet_aton(to) + struct.pack("!BBH", 0, 6, len(head))
    right = (checksum(pseudo + head) + off_by) & 0xFFFF
    return head[:16] + struct.pack("!H", right) + head[18:]


# Carries packets between two TUN interfaces, each after a delay: a long path where the kernel has no netem.
CARRIER = """
    import collections, ctypes, fcntl
    def tun(name):
        fd = os.open('/dev/net/tun', os.O_RDWR)
        fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', name.encode(), 0x1001))
        return fd
    near = tun('t0')
    assert ctypes.CDLL(None).setns(os.open('/proc/%d/ns/net' % int(sys.argv[1]), os.O_RDONLY), 0x40000000) == 0
    far = tun('t1')
    print('up')
    queue = collections.deque()
    while True:
        wait = max(0, queue[0][0] - time.monotonic()) if queue else None
        for fd in select.select([near, far], [], [], wait)[0]:
            queue.append((time.monotonic() + DELAY, far if fd == near else near, os.read(fd, 65536)))
        while queue and queue[0][0] <= time.monotonic():
            _, to, packet = queue.popleft()
            try:
                os.write(to, packet)
            except OSError:
                pass  # that interface is not up yet
"""

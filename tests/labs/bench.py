# What labs are made of: the registry, namespaces with links between them, programs in them, and the run of doctor.
import contextlib
import json
import os
import socket
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

    def namespace(self, name, address="10.9.0.2/24", here="10.9.0.1/24"):
        """A second host behind a veth pair: `here` is v0, the other v1."""
        holder = subprocess.Popen(["unshare", "--net", "sleep", "120"])
        self.programs.append(holder)
        self.holders[name] = holder.pid
        own = os.readlink("/proc/self/ns/net")
        for _ in range(200):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{holder.pid}/ns/net") != own:
                    break
            time.sleep(0.02)
        sh(f"ip link add v0 type veth peer name v1 netns {holder.pid}")
        sh(f"ip addr add {here} dev v0; ip link set v0 up")
        self.at(name, f"ip link set lo up; ip addr add {address} dev v1; ip link set v1 up")
        for _ in range(200):
            if "UP" in sh("ip -br link show v0"):
                return
            time.sleep(0.02)

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

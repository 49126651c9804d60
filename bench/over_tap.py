#!/usr/bin/env python3
# A server on our stack behind a TAP interface beside a server on a second kernel behind a veth, asked by the same program.
"""bench/over_tap.py [--rounds N] [--seconds S] [--cpu LIST]… [--build FOLDER] [--json FILE]

As root, or where user namespaces are allowed; everything happens in network namespaces of its own, which go with it. The client
is bench/host/talk.c on the kernel. Its servers, in turns: the same program on a second kernel (veth), a program that embeds the
stack (stack), and talk.c under `dialtone run --tap` (run). The client has the first CPU of --cpu, the server the last;
without --cpu, one and two CPUs are measured one after the other."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import turns

HERE = pathlib.Path(__file__).resolve().parent
MARK = "DIALTONE_BENCH_NAMESPACE"
KERNEL, OURS = "10.8.0.2", "10.9.0.2"
SIDES = ("veth", "stack", "run")
MEASURES = {"pull": ["server to client, Gbit/s"], "bulk": ["client to server, Gbit/s"],
            "ping": ["1 octet there and back, median, µs", "the same, 99th of 100, µs"], "connect": ["connections a second"]}


def enter_namespace():
    if MARK in os.environ:
        return
    os.environ[MARK] = "1"
    user = [] if os.getuid() == 0 else ["--map-root-user"]
    os.execv(shutil.which("unshare"), ["unshare", *user, "--net", "--", sys.executable, *sys.argv])


def in_namespace(inside, *lines):
    for line in lines:
        subprocess.run([*inside, *line.split(" ")], check=True, capture_output=True, text=True)


# No measure learns from the one before; ports enough for all connections of one.
SETTINGS = ("sysctl -qw net.ipv4.tcp_no_metrics_save=1", "sysctl -qw net.ipv4.ip_local_port_range=1024\t65535")


@contextlib.contextmanager
def second_kernel():
    """A fresh namespace behind a veth; the words that run a program in it."""
    own = os.readlink("/proc/self/ns/net")
    with turns.process(["unshare", "--net", "cat"]) as holder:
        while os.readlink(f"/proc/{holder.pid}/ns/net") == own:
            time.sleep(0.01)
        inside = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        in_namespace([], f"ip link add v0 type veth peer name v1 netns {holder.pid}", "ip addr add 10.8.0.1/24 dev v0",
                     "ip link set v0 up")
        try:
            in_namespace(inside, f"ip addr add {KERNEL}/24 dev v1", "ip link set v1 up", "ip link set lo up", *SETTINGS)
            yield inside
        finally:
            in_namespace([], "ip link del v0")


class Bench:
    def __init__(self, talk, build, home, seconds):
        self.talk, self.build, self.seconds = talk, build, seconds
        self.environment = dict(os.environ, HOME=home, XDG_STATE_HOME=home, XDG_RUNTIME_DIR=home)

    def measure(self, side, measure, cpus):
        client = ["taskset", "-c", cpus[0], self.talk, measure, KERNEL if side == "veth" else OURS, str(turns.PORT), str(self.seconds)]
        server = ["taskset", "-c", cpus[-1]]
        serve = [self.talk, "serve", str(turns.PORT)]
        with contextlib.ExitStack() as stack:
            if side == "veth":
                server += [*stack.enter_context(second_kernel()), *serve]
            elif side == "stack":
                server += [f"{self.build}/stack_server", "dt0", str(turns.PORT)]
            else:
                server += [f"{self.build}/dialtone", "run", "-q", "--tap", "dt0,ip=10.9.0.2/24,gw=10.9.0.1", "--", *serve]
            stack.enter_context(turns.process(server, self.environment))
            return turns.ask(client)


def stop(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--cpu", action="append")
    parser.add_argument("--build", default=str(HERE.parent / "build" / "bench"))
    parser.add_argument("--json")
    parser.add_argument("--side", action="append", choices=SIDES[1:])
    parser.add_argument("--measure", action="append", choices=list(MEASURES))
    options = parser.parse_args()
    enter_namespace()
    signal.signal(signal.SIGTERM, stop)
    in_namespace([], "ip link set lo up", *SETTINGS)
    placements = options.cpu or ["0", "0,1"]
    sides = (SIDES[0], *(options.side or SIDES[1:]))
    figures = turns.Figures(sides)
    with tempfile.TemporaryDirectory(prefix="dialtone-bench-") as folder:
        bench = Bench(turns.compile_talk(folder), options.build, folder, options.seconds)
        for _ in range(options.rounds):
            for placement in placements:
                for measure in options.measure or MEASURES:
                    for side in sides:
                        for row, figure in zip(MEASURES[measure], bench.measure(side, measure, placement.split(","))):
                            figures.add(f"CPU {placement}: {row}", side, figure)
    print(figures.table(f"{options.rounds} rounds"))
    if options.json:
        pathlib.Path(options.json).write_text(figures.as_json() + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

#!/usr/bin/env python3
# What one run of dialtone doctor costs on a host with many sockets: connections over lo in a namespace of their own.
"""Usage: bench/doctor_sockets.py [--sockets N] [--runs N] [--doctor PROGRAM]

Opens N sockets (both ends of N / 2 connections, in as many processes as their descriptors need), then runs doctor and
prints for each run: the time beside the window of 2 s, processor time of program and kernel, and the largest memory."""

import argparse
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def hold(number, pairs, ready):
    """Opens `pairs` connections to a listener of its own and keeps both ends."""
    where = (f"127.0.{1 + number // 200}.{1 + number % 200}", 8000)
    listener = socket.socket()
    listener.bind(where)
    listener.listen(64)
    kept = []
    for _ in range(pairs):
        client = socket.socket()
        client.connect(where)
        kept += [client, listener.accept()[0]]
    os.write(ready, b".")
    signal.pause()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--doctor", default=str(ROOT / "build/release/dialtone"))
    parser.add_argument("--inside", action="store_true")
    asked = parser.parse_args()
    if not asked.inside:
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        sys.exit(subprocess.call(["unshare", *as_root, "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                                  sys.executable, *sys.argv, "--inside"]))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    each = min(limit // 2 - 50, 12_500)  # fewer than the ephemeral ports towards one listener
    here, ready = os.pipe()
    wanted = asked.sockets // 2
    children = []
    for number, first in enumerate(range(0, wanted, each)):
        child = os.fork()
        if child == 0:
            hold(number, min(each, wanted - first), ready)
        children.append(child)
    for _ in children:
        os.read(here, 1)
    print(f"{2 * wanted} sockets in {len(children)} processes")
    for _ in range(asked.runs):
        begin = time.monotonic()
        child = subprocess.Popen([asked.doctor, "doctor", "--json", "-q"], stdout=subprocess.DEVNULL)
        _, _, used = os.wait4(child.pid, 0)
        took = time.monotonic() - begin - 2.0
        print(f"{took:.2f} s beside the window, {used.ru_utime:.2f} s user, {used.ru_stime:.2f} s system, "
              f"{used.ru_maxrss / 1000:.0f} MB")


if __name__ == "__main__":
    main()

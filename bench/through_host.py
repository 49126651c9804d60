#!/usr/bin/env python3
# Unmodified programs through the host beside the kernel's loopback, in the same run: bulk, ping-pong, connection rate.
"""bench/through_host.py [--rounds N] [--seconds S] [--cpu LIST] [--dialtone PATH]

Compiles bench/host/talk.c, then runs each measure in turns on both sides and prints medians and their ratio. All processes
of a measure share the CPUs of --cpu (as taskset takes them); a supervisor and its programs belong on the same ones."""

import argparse
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MEASURES = {"bulk": ("Gbit/s, 64 KiB writes", "{:.1f}"), "ping": ("µs a round trip of 1 octet, median", "{:.1f}"),
            "connect": ("connect + accept + close a second", "{:.0f}")}
PORT = 9431


def on_kernel(talk, prefix, measure, seconds):
    server = subprocess.Popen([*prefix, talk, "serve", str(PORT)])
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", PORT)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        done = subprocess.run([*prefix, talk, measure, "127.0.0.1", str(PORT), str(seconds)], check=True, timeout=60,
                              capture_output=True, text=True)
        return float(done.stdout)
    finally:
        server.kill()
        server.wait()


def through_host(talk, prefix, measure, seconds, dialtone, home):
    environment = dict(os.environ, HOME=home, XDG_STATE_HOME=home, XDG_RUNTIME_DIR=home)
    done = subprocess.run([*prefix, dialtone, "run", "-q", "--with", f"server={talk} serve {PORT}", "--", talk, measure,
                           "10.0.0.2", str(PORT), str(seconds)], check=True, timeout=60, capture_output=True, text=True,
                          env=environment)
    return float(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--cpu", default="")
    parser.add_argument("--dialtone", default=str(HERE.parent / "build" / "release" / "dialtone"))
    options = parser.parse_args()
    prefix = ["taskset", "-c", options.cpu] if options.cpu else []
    with tempfile.TemporaryDirectory(prefix="dialtone-bench-") as folder:
        talk = f"{folder}/talk"
        subprocess.run(["cc", "-O2", "-pthread", "-o", talk, HERE / "host" / "talk.c"], check=True)
        results = {(measure, side): [] for measure in MEASURES for side in ("kernel", "host")}
        for _ in range(options.rounds):
            for measure in MEASURES:
                results[measure, "kernel"].append(on_kernel(talk, prefix, measure, options.seconds))
                results[measure, "host"].append(
                    through_host(talk, prefix, measure, options.seconds, options.dialtone, folder))
    print(f"{'':38}{'kernel':>10}{'through the host':>18}{'ratio':>8}   CPUs {options.cpu or 'all'}")
    for measure, (unit, form) in MEASURES.items():
        kernel, host = (statistics.median(results[measure, side]) for side in ("kernel", "host"))
        print(f"{unit:38}{form.format(kernel):>10}{form.format(host):>18}{host / kernel:>7.2f}x")
    return 0


sys.exit(main())

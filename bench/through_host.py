#!/usr/bin/env python3
# Unmodified programs through the host beside the kernel's loopback, in the same run: bulk, ping-pong, connection rate.
"""bench/through_host.py [--rounds N] [--seconds S] [--cpu LIST] [--dialtone PATH]

Compiles bench/host/talk.c, then runs each measure in turns on both sides and prints medians and their ratio. All processes
of a measure share the CPUs of --cpu (as taskset takes them); a supervisor and its programs belong on the same ones."""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

import turns

HERE = pathlib.Path(__file__).resolve().parent
MEASURES = {"bulk": ["Gbit/s, 64 KiB writes"], "ping": ["µs a round trip of 1 octet, median", "the same, 99th of 100"],
            "connect": ["connect + accept + close a second"]}
SIDES = ("kernel", "host")


def measure_once(side, measure, talk, prefix, options, home):
    seconds = str(options.seconds)
    with contextlib.ExitStack() as stack:
        if side == "kernel":
            stack.enter_context(turns.process([*prefix, talk, "serve", str(turns.PORT)]))
            return turns.ask([*prefix, talk, measure, "127.0.0.1", str(turns.PORT), seconds])
        environment = dict(os.environ, HOME=home, XDG_STATE_HOME=home, XDG_RUNTIME_DIR=home)
        return turns.ask([*prefix, options.dialtone, "run", "-q", "--with", f"server={talk} serve {turns.PORT}", "--", talk, measure,
                          "10.0.0.2", str(turns.PORT), seconds], environment)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--cpu", default="")
    parser.add_argument("--dialtone", default=str(HERE.parent / "build" / "release" / "dialtone"))
    options = parser.parse_args()
    prefix = ["taskset", "-c", options.cpu] if options.cpu else []
    figures = turns.Figures(SIDES)
    with tempfile.TemporaryDirectory(prefix="dialtone-bench-") as folder:
        talk = turns.compile_talk(folder)
        for _ in range(options.rounds):
            for measure, rows in MEASURES.items():
                for side in SIDES:
                    for row, figure in zip(rows, measure_once(side, measure, talk, prefix, options, folder)):
                        figures.add(row, side, figure)
    print(figures.table(f"CPUs {options.cpu or 'all'}, {options.rounds} rounds"))
    return 0


sys.exit(main())

#!/usr/bin/env python3
"""What one operation and one connection cost among 1 to 1,000,000 others: writes docs/performance, scale.json and the plots.

    bench/scale.py [--build build/bench] [--most 1000000] [--draw]

Runs two_stacks and memory of a bench build, one at a time; `--draw` runs nothing and draws again. Needs nothing beyond python3.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))
from plot import Plot, table  # noqa: E402  (the path is ours)

PAGE = ROOT / "docs" / "performance"
REPETITIONS = 3
# name, program, benchmark, colour
COSTS = [("request, response", "request_response", "#4c72b0"), ("open and close", "connect_accept_close", "#c44e52")]
OCTETS = [("idle end", "connection_end", "#4c72b0"), ("half-open", "half_open_entry", "#55a868"),
          ("TIME-WAIT", "time_wait_record", "#c44e52")]


def run(program, name, count, repetitions):
    """The rows of one benchmark at one count: a program of its own, so that none finds the memory of another."""
    command = [str(program), f"--benchmark_filter=^{name}/{count}(/|$)", "--benchmark_format=json",
               f"--benchmark_repetitions={repetitions}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [row for row in json.loads(done.stdout)["benchmarks"] if row["run_type"] == "iteration"]


def least(rows, key):
    """What the machine can do: what runs beside it only adds."""
    return min(row[key] for row in rows)


def measure(build, counts):
    costs, octets = [], []
    for count in counts:
        for _, name, _ in COSTS:
            rows = run(build / "two_stacks", name, count, REPETITIONS)
            costs.append({"benchmark": name, "count": count, "ns": round(least(rows, "cpu_time"), 1)})
            print(costs[-1], flush=True)
        for _, name, _ in OCTETS:
            (row,) = run(build / "memory", name, count, 1)
            octets.append({"benchmark": name, "count": count, "octets": round(row["octets"], 1), "resident": row.get("resident")})
            print(octets[-1], flush=True)
    return {"load": round(os.getloadavg()[0], 1), "costs": costs, "octets": octets}


def counted(count):
    return {1_000_000: "1 M", 100_000: "100 k", 10_000: "10 k", 1000: "1 k"}.get(count, str(count))


def draw(results):
    counts = sorted({row["count"] for row in results["costs"]})
    ticks = [(count, counted(count)) for count in counts]
    most = max(row["ns"] for row in results["costs"])
    micro = [(us * 1000, f"{us} µs") for us in range(0, int(most / 1000) + 3, max(1, int(most / 8000)))]
    cost = Plot("What one operation costs, both ends, one core", ("connections open, or TIME-WAIT records", 1, max(counts), True, ticks),
                ("CPU time", 0, micro[-1][0], False, micro))
    for label, name, colour in COSTS:
        cost.curve(label, [(r["count"], r["ns"]) for r in results["costs"] if r["benchmark"] == name], colour)
    cost.save(PAGE / "cost.svg")
    # Tables and slabs that a handful of connections do not fill say nothing about one of them.
    rows = [row for row in results["octets"] if row["count"] >= 1000]
    ticks = [(count, text) for count, text in ticks if count >= 1000]
    top = int(max(row["octets"] for row in rows) / 100 + 1) * 100
    memory = Plot("What each of them takes, everything counted", ("connections, entries, records", 1000, max(counts), True, ticks),
                  ("octets", 0, top, False, [(value, str(value)) for value in range(0, top + 1, 100)]))
    for label, name, colour in OCTETS:
        memory.curve(label, [(r["count"], r["octets"]) for r in rows if r["benchmark"] == name], colour)
    memory.save(PAGE / "memory.svg")


def page(results):
    costs = {(row["benchmark"], row["count"]): row["ns"] for row in results["costs"]}
    octets = {(row["benchmark"], row["count"]): row["octets"] for row in results["octets"]}
    head = ["", *[label for label, _, _ in COSTS], *[label for label, _, _ in OCTETS]]
    counts = sorted({row["count"] for row in results["costs"]})
    return table(head, [[counted(c), *[f"{costs[name, c]:.0f} ns" for _, name, _ in COSTS],
                         *[f"{octets[name, c]:.0f}" if c >= 1000 else "" for _, name, _ in OCTETS]] for c in counts])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench")
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--draw", action="store_true", help="draw what scale.json has")
    options = parser.parse_args()
    file = PAGE / "scale.json"
    PAGE.mkdir(exist_ok=True)
    if not options.draw:
        counts = [10**power for power in range(7) if 10**power <= options.most]
        results = measure(options.build, counts)
        rows = ["[\n" + ",\n".join(json.dumps(row) for row in results[name]) + "\n]" for name in ("costs", "octets")]
        file.write_text(f'{{"load": {results["load"]},\n"costs": {rows[0]},\n"octets": {rows[1]}}}\n')
    results = json.loads(file.read_text())
    draw(results)
    print(page(results))


if __name__ == "__main__":
    main()

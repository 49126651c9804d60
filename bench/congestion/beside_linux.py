#!/usr/bin/env python3
"""Repeats the transfers of `congestion beside` between two Linux kernels, over the same link with the same draws.

    sudo bench/congestion/beside_linux.py [--relay build/bench/relay] [--runs 12] [--at-once 6]

Reads the group `beside` of docs/congestion/results.json and writes the group `linux` there; `draw.py --only` then puts both
into the page. Two network namespaces with a TAP interface each, and the relay between them; one transfer at a time over each
pair. Needs root, /dev/net/tun, ip(8) and nsenter(1), and a machine that is not busy: it runs in real time.
"""
import argparse
import ctypes
import json
import pathlib
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "congestion" / "results.json"
CLONE_NEWNET = 0x40000000
LONGEST = 300  # seconds that one transfer may take
TUNING = [  # the receiver offers it all from the start, as ours does, and no run learns from the one before
    "net.ipv4.tcp_rmem=4096 12582912 33554432", "net.ipv4.tcp_wmem=4096 4194304 33554432",
    "net.ipv4.tcp_no_metrics_save=1", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"]


def end_of_path(role, control, octets):
    """One of the two programs, in a namespace of its own; each line of its input is one transfer, as a number of the port."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        sys.exit("unshare: " + str(ctypes.get_errno()))
    print("ready", flush=True)
    for line in sys.stdin:
        port = int(line)
        if role == "receive":
            receive(port)
        else:
            send(port, control, octets)


def receive(port):
    with socket.create_server(("10.0.0.2", port), backlog=1) as listener:
        listener.settimeout(LONGEST)
        print("listening", flush=True)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(LONGEST)
            last = time.monotonic()
            while connection.recv(1 << 20):
                last = time.monotonic()
            print(last, flush=True)


def send(port, control, octets):
    with socket.socket() as sender:
        sender.settimeout(LONGEST)
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
        began = time.monotonic()
        sender.connect(("10.0.0.2", port))
        sender.sendall(bytes(octets))
        print(began, flush=True)


class Talk:
    """A child that answers each line with a line."""

    def __init__(self, *command):
        self.child = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.hear() == "ready", command

    def say(self, line):
        self.child.stdin.write(f"{line}\n")
        self.child.stdin.flush()

    def hear(self):
        line = self.child.stdout.readline()
        assert line, "a child is gone"
        return line.strip()

    def end(self):
        self.child.stdin.close()
        self.child.wait(timeout=LONGEST)


def configure(pid, mine, other):
    """The interface that the relay has made, with fixed neighbours: no ARP is on the path."""
    address = "02:00:00:00:00:0{}".format
    commands = ["sysctl -q -w " + " ".join(f"'{each}'" for each in TUNING), f"ip link set path address {address(mine)}",
                f"ip addr add 10.0.0.{mine}/24 dev path", "ip link set path up",
                f"ip neigh add 10.0.0.{other} lladdr {address(other)} dev path nud permanent"]
    subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "sh", "-e", "-c", "\n".join(commands)], check=True)


def row_of_linux(relay, row, runs):
    """All runs of one row; lateness tells whether the machine kept up."""
    end = [sys.executable, __file__, "--end"]
    receiver = Talk(*end, "receive", row["control"], int(row["octets"]))
    sender = Talk(*end, "send", row["control"], int(row["octets"]))
    spaces = [f"/proc/{talk.child.pid}/ns/net" for talk in (sender, receiver)]
    between = Talk(relay, *spaces, int(row["rtt_ms"]), int(row["mbit"]), row["bdp"], int(row["loss_per_million"]))
    configure(sender.child.pid, 1, 2)
    configure(receiver.child.pid, 2, 1)
    seconds, late = [], []
    for seed in range(1, runs + 1):
        between.say(seed)
        told = dict(zip(*[iter(between.hear().split())] * 2))
        if seed > 1:
            late.append(float(told["late_max_us"]))
        receiver.say(5000 + seed)
        assert receiver.hear() == "listening"
        sender.say(5000 + seed)
        began, ended = float(sender.hear()), float(receiver.hear())
        seconds.append(round(ended - began, 4))
        time.sleep(2 * row["rtt_ms"] / 1000)  # the last FIN is on its way
    for talk in (sender, receiver, between):
        talk.end()
    print(row["control"], row["rtt_ms"], row["loss_per_million"], seconds, f"late at most {max(late, default=0):.0f} us", flush=True)
    kept = {key: row[key] for key in ("control", "octets", "rtt_ms", "mbit", "bdp", "loss_per_million")}
    return {**kept, "seconds": seconds, "late_max_us": max(late, default=0)}


def main():
    if sys.argv[1:2] == ["--end"]:
        return end_of_path(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relay", type=pathlib.Path, default=ROOT / "build" / "bench" / "relay")
    parser.add_argument("--runs", type=int, default=24, help="seeds 1 to this")
    parser.add_argument("--at-once", type=int, default=6, help="pairs of kernels at a time")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text())
    with ThreadPoolExecutor(max_workers=options.at_once) as pool:
        rows = list(pool.map(lambda row: row_of_linux(options.relay, row, options.runs), results["beside"]))
    results["linux"] = rows
    lines = [f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in results[name]) + "\n]" for name in sorted(results)]
    RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

# One set of questions to the socket calls, asked of the Linux kernel and of Dialtone, with the same expected answers.
"""run.py --on linux | dialtone [--ipv6] [--list] [ID…]. Where Dialtone may answer otherwise, DEVIATIONS says what and why; a deviation
that no longer shows is a failure too. Each row runs in a process of its own, bounded in time."""

import argparse
import json
import os
import select
import signal
import sys
import time

import datagram_rows  # noqa: F401: its rows are among rows.ROWS, as those of all *_rows are
import descriptor_rows  # noqa: F401
import flag_rows  # noqa: F401
import handler_rows  # noqa: F401
import hearing_rows  # noqa: F401
import interface_rows  # noqa: F401
import order_rows  # noqa: F401
import reset_rows  # noqa: F401
import segment_rows  # noqa: F401
import state_rows  # noqa: F401
import urgent_rows  # noqa: F401
import v6_rows
import waiting_rows  # noqa: F401
import zone_rows  # noqa: F401
import matrix
import rows
from deviations import DEVIATIONS

LIMIT_S = 15
AT_ONCE = 4


def encoded(value):
    if isinstance(value, bytes):
        return "b:" + value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [encoded(part) for part in value]
    return value


def start(observe):
    """(pid, descriptor its answer comes from)"""
    answer, into = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(into)
        return pid, answer
    try:
        os.close(answer)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        try:
            result = encoded(observe())
        except BaseException as error:  # noqa: BLE001: whatever it is, it is the answer
            result = f"{type(error).__name__}: {error}"
        os.write(into, json.dumps(result).encode())
    finally:
        os._exit(0)


def finish(pid, answer, deadline):
    octets = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([answer], [], [], left)[0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(answer)
            return f"took longer than {LIMIT_S} s"
        part = os.read(answer, 65536)
        if not part:
            break
        octets += part
    os.close(answer)
    os.waitpid(pid, 0)
    return json.loads(octets) if octets else "the process died"


def observed(cells):
    """(id, expected, answer) in order, some at once."""
    running = []
    for identity, expected, observe in cells:
        running.append((identity, encoded(expected), *start(observe), time.monotonic() + LIMIT_S))
        if len(running) == AT_ONCE:
            yield take(running.pop(0))
    for one in running:
        yield take(one)


def take(one):
    identity, expected, pid, answer, deadline = one
    return identity, expected, finish(pid, answer, deadline)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--on", choices=("linux", "dialtone"), default="linux")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--ipv6", action="store_true", help="the rows that need addresses of IPv6 and a link, eth0 of number 2, and no others")
    parser.add_argument("ids", nargs="*")
    options = parser.parse_args()
    cells = v6_rows.ROWS if options.ipv6 else list(matrix.cells()) + rows.ROWS
    if options.ids:
        cells = [cell for cell in cells if any(cell[0].startswith(wanted) for wanted in options.ids)]
    if options.list:
        print("\n".join(cell[0] for cell in cells))
        return
    held = deviating = 0
    problems = []
    for identity, expected, answer in observed(cells):
        deviation = DEVIATIONS.get(identity) if options.on == "dialtone" else None
        wanted = encoded(deviation[0]) if deviation else expected
        if answer != wanted:
            what = f"a deviation that is gone, delete it: {identity}" if deviation and answer == expected else identity
            problems.append(f"FAIL {what}: {answer}, not {wanted}")
        elif deviation:
            deviating += 1
        else:
            held += 1
    print("\n".join(problems + [f"{held} rows as Linux 6.18 answers, {deviating} deviate as listed, {len(problems)} fail"]))
    sys.exit(1 if problems else 0)


main()

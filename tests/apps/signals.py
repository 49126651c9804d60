# Calls that signals interrupt: a restarted call does its work once.
import re

import stage

ROUNDS = 3000


def storm(s, hosts, address, options):
    run = s.run(s.program("storm.c"), address, "8080", ROUNDS, "100", hosts=hosts, options=options, status=None, limit=140)
    found = re.search(r"rounds (\d+) errors (\d+) signals (\d+) leaked (-?\d+)", run.out)
    assert found, run
    rounds, errors, signals, leaked = map(int, found.groups())
    assert errors == 0 and leaked == 0 and run.status == 0, run
    # A machine under load may not reach all rounds; it must reach enough of them, and be hit by signals often.
    assert rounds >= 500 and signals >= rounds, run
    return run


def check_storm_of_timers_on_connects_over_a_link(s):
    storm(s, {"server": s.program("drain.py")}, "10.0.0.2", [])


def check_storm_of_timers_on_connects_with_a_delay(s):
    storm(s, {"server": s.program("drain.py")}, "10.0.0.2", ["--link", "delay=1ms"])


stage.main(globals())

# Calls that signals interrupt: a restarted call does its work once.
import re
import signal
import subprocess
import sys
import time

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


def check_what_the_caller_ignores_stays_ignored(s):
    """As under nohup: the program is born with it, and the signal does not end the run."""
    asks = "import signal; print(signal.getsignal(signal.SIGHUP).name, signal.getsignal(signal.SIGINT).name, flush=True); import time; time.sleep(1)"
    process = subprocess.Popen(["/bin/sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh", str(s.dialtone), "run", "-q", "--", sys.executable, "-c", asks],
                               cwd=s.folder, env=s.environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    told = process.stdout.readline()
    assert told == "SIG_IGN SIG_IGN\n", told
    for number in (signal.SIGHUP, signal.SIGINT):
        process.send_signal(number)
    assert process.wait(timeout=30) == 0, process.returncode


def check_a_hangup_ends_a_run_that_does_not_ignore_it(s):
    process = s.start_run("sh", "-c", "echo begun; sleep 30")
    assert process.stdout.readline() == "begun\n"
    began = time.monotonic()
    process.send_signal(signal.SIGHUP)
    outcome = s.finish(process)
    assert outcome.status == 128 + signal.SIGHUP and time.monotonic() - began < 20, outcome


def check_senders_of_datagrams_that_are_killed(s):
    """The end of a pair reads as an empty datagram does; a run that took it for one never ended."""
    run = s.run(*s.program("udp_killed.py").split(), hosts={"server": s.program("half.py")}, limit=60)
    assert run.out.endswith("done\n"), run


stage.main(globals())

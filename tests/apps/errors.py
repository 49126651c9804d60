# What a call returns when the other side is not there, says no, says nothing, or when the port is taken: spec section 6.
import json

import stage


def ask(s, what, options=(), hosts=None):
    hosts = hosts or {"server": s.program("half.py")}
    run = s.run(*s.program("errnos.py").split(), what, hosts=hosts, options=options)
    answers = [line for line in run.out.splitlines() if line.startswith("{")]
    assert len(answers) == 1, run
    return run, json.loads(answers[0])


def check_refused(s):
    """API-CONN-001, API-CONN-002, API-ERR-009; the ladder shows whose RST it was."""
    run, got = ask(s, "refused", ["--link", "delay=5ms"])
    assert got == {"no listener": "ECONNREFUSED", "again": "ECONNREFUSED", "live listener": "OK",
                   "on loopback": "ECONNREFUSED"}, got
    ladder = s.flow_of(run.recording, server=":9")
    assert ladder.segments("right", "R."), ladder
    assert any("no listener" in note["sentence"] or "listen" in note["sentence"] for note in ladder.notes), ladder


def check_unreachable(s):
    """API-CONN-008, API-CONN-009, API-CONN-011."""
    _, got = ask(s, "unreachable")
    assert got == {"no route": "ENETUNREACH", "no such neighbour": "EHOSTUNREACH", "broadcast": "ENETUNREACH",
                   "multicast": "ENETUNREACH"}, got


def check_timed_out(s):
    """API-CONN-010, API-CONN-022: 1.5 s by TCP_USER_TIMEOUT, 3 s by TCP_SYNCNT 1 (0, 1 s, given up at 3 s)."""
    run, got = ask(s, "silent", ["--fault", "server: silence"])
    assert got["user timeout"] == "ETIMEDOUT" and got["one retry"] == "ETIMEDOUT", got
    assert 1.4 <= got["user timeout s"] <= 3 and 2.9 <= got["one retry s"] <= 5, got
    second = s.ladder(run.recording, s.flows(run.recording)[1][0])
    assert len(second.segments("left", "S")) == 2, second


def check_in_use_by_listener_and_by_time_wait(s):
    """API-BIND-016, API-BIND-025: TIME-WAIT needs SO_REUSEADDR on the old and the new socket (named old/new)."""
    _, got = ask(s, "in-use")
    assert got == {"live listener, SO_REUSEADDR 0": "EADDRINUSE", "live listener, SO_REUSEADDR 1": "EADDRINUSE",
                   "TIME-WAIT 0/0": "EADDRINUSE", "TIME-WAIT 0/1": "EADDRINUSE", "TIME-WAIT 1/0": "EADDRINUSE",
                   "TIME-WAIT 1/1": "OK"}, got


def check_reset_by_linger_0(s):
    """API-SHUT-014: RST instead of FIN, no TIME-WAIT."""
    run, _ = ask(s, "reset")
    ladder = s.flow_of(run.recording)
    resets = ladder.segments("left", "R.") + ladder.segments("left", "R")
    assert resets and not ladder.segments("left", "F."), ladder
    assert not ladder.has("left", "TIME-WAIT"), ladder


stage.main(globals())

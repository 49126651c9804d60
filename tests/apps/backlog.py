# A full accept queue: backlog + 1 connections complete, further SYNs are ignored with their reason and come again.
import json
import re

import stage

CALLERS = 5


def callers_of(run):
    found = re.findall(r"caller (\d) port (\d+) after ([\d.]+) s: (\w*)", run.out)
    assert len(found) == CALLERS and all(text == "hello" for *_, text in found), run
    return [port for _, port, _, _ in sorted(found)]


def call_late_server(s):
    # Accepts from 2.3 s after listen() on, which is behind the retransmissions at 1 s and before those at 3 s.
    run = s.run(*s.program("callers.py").split(), "10.0.0.2", CALLERS, "0.05",
                hosts={"server": s.program("late.py") + " 1 2.6"}, options=["--link", "delay=10ms"])
    return run, callers_of(run)


def check_backlog_1_completes_two_and_ignores_the_others(s):
    run, ports = call_late_server(s)
    for port in ports[:2]:
        ladder = s.flow_of(run.recording, port)
        assert len(ladder.segments("left", "S")) == 1 and not ladder.notes, ladder
        asked, established = ladder.at("left", "^SYN-SENT")[1], ladder.at("left", "ESTABLISHED")[1]
        assert established - asked < 500, ladder
    for port in ports[2:]:
        ladder = s.flow_of(run.recording, port)
        syns = ladder.segments("left", "S")
        assert len(syns) >= 2, ladder
        assert all(wire["fate"] == "refused" for _, _, wire in syns[:-1]), ladder
        assert syns[-1][2]["fate"] == "delivered", ladder
        assert any("accept queue of *:8080 is full, 2 waiting, limit 1" in note["sentence"] for note in ladder.notes), ladder


def check_ignored_callers_connect_at_their_retransmission_times(s):
    run, ports = call_late_server(s)
    for port in ports[2:]:
        ladder = s.flow_of(run.recording, port)
        syns = ladder.segments("left", "S")
        times = [time_ms - syns[0][1] for _, time_ms, _ in syns]
        # 0, 1, 2, 3 s: DEC-02; a busy machine is late, never early.
        for n, time_ms in enumerate(times):
            assert n * 1000 - 5 <= time_ms <= n * 1000 + 400, f"SYN {n} left after {time_ms} ms\n{ladder}"
        established = ladder.at("left", "ESTABLISHED")[1] - syns[0][1]
        assert times[-1] <= established <= times[-1] + 400, ladder


def check_ss_of_the_live_run_counts_queue_and_ignored(s):
    process = s.start_run(*s.program("callers.py").split(), "10.0.0.2", CALLERS, "0.05",
                          hosts={"server": s.program("late.py") + " 1 2.6"}, options=["--link", "delay=10ms"])

    def listener():
        for line in s.command("ss", "--json", status=None).out.splitlines():
            socket = json.loads(line)
            assert socket["schema"] == "dialtone.ss/1", line
            if socket["state"] == "LISTEN" and socket["local"].endswith(":8080"):
                return socket
        return None

    found = stage.eventually(listener, lambda l: bool(l) and l["accept_queue"]["ignored"] >= 3, limit=2.2)
    text = s.command("ss", status=None).out
    run = s.finish(process)
    run.expect(0)
    assert found and found["accept_queue"]["len"] == 2 and found["accept_queue"]["limit"] == 1, found
    assert found["accept_queue"]["ignored"] >= 3 and found["host"] == "server", found
    assert re.search(r"server LISTEN +\*:8080 .*2/1!✗\d", text), text


def check_recorded_ss_shows_the_full_queue(s):
    run, _ = call_late_server(s)
    # The recording's clock begins with the run, and on a busy machine programs begin late: the instant
    # is looked for at which all have called and the late server has not begun to accept.
    text = ""
    for at_ms in range(100, 8000, 100):
        text = s.command("ss", "--file", run.recording, "--at", f"{at_ms}ms", "--json").out
        sockets = [json.loads(line) for line in text.splitlines()]
        is_full = any(x["state"] == "LISTEN" and x["accept_queue"]["len"] == 2 for x in sockets)
        if is_full and sum(x["state"] == "SYN-SENT" for x in sockets) == CALLERS - 2:
            break
    else:
        raise AssertionError(f"at no instant the queue was full and {CALLERS - 2} callers waited; at last:\n{text}")


stage.main(globals())

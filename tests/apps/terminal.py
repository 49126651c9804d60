# What a terminal sees: colour, width, signs; and the same facts without one.
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import stage

ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def on_terminal(s, *arguments, columns=100, line_cells=1, environment=None):
    """What the program writes to a terminal that draws `─` in so many cells; None: it answers no cursor report."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def take_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = subprocess.Popen([str(s.dialtone), *map(str, arguments)], cwd=s.folder, stdin=slave, stdout=slave, stderr=slave,
                               env={**s.environment, "TERM": "xterm", **(environment or {})}, preexec_fn=take_terminal)
    os.close(slave)
    text, end = b"", time.monotonic() + 30
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.1)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
        if b"\x1b[6n" in part and line_cells is not None:
            os.write(master, f"\x1b[1;{line_cells + 1}R".encode())
    os.close(master)
    assert process.wait(timeout=10) == 0, text
    return text.decode()


def recorded(s):
    run = s.run(s.tool("curl"), "-sS", "http://server:8080/", hosts={"server": "hello 8080"}, options=["--link", "delay=5ms"])
    return run.recording


def check_colour_on_a_terminal_unless_forbidden(s):
    recording = recorded(s)
    colour = re.compile("\x1b\\[[0-9;]+m")
    assert colour.search(on_terminal(s, "ladder", recording))
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert not colour.search(on_terminal(s, "ladder", recording, environment=environment)), environment
    assert not colour.search(on_terminal(s, "ladder", recording, "--color", "never"))
    assert colour.search(on_terminal(s, "ladder", recording, "--color", "always", environment={"NO_COLOR": "1"}))
    assert not colour.search(s.command("ladder", recording).out)
    assert colour.search(s.command("ladder", recording, "--color", "always").out)


def check_width_of_the_terminal(s):
    recording = recorded(s)
    for columns, widest in ((60, 80), (80, 80), (100, 100), (200, 140)):
        lines = [ESCAPE.sub("", line).rstrip("\r").split("\r")[-1] for line in on_terminal(s, "ladder", recording, columns=columns).split("\n")]
        assert max(map(len, lines)) <= widest, (columns, max(lines, key=len))
        assert max(map(len, lines)) > widest - 21, (columns, max(lines, key=len))


def check_signs_that_the_terminal_can_draw(s):
    recording = recorded(s)
    assert "▶" in on_terminal(s, "ladder", recording)
    assert "▶" in on_terminal(s, "ladder", recording, line_cells=None)
    wide = on_terminal(s, "ladder", recording, line_cells=2)
    assert "▶" not in wide and "-->" in wide, wide
    for words in (["ladder", recording], ["ladder", recording, "--list"], ["ss", "--file", recording, "-a"], ["--help"], ["help", "run"]):
        assert s.command(*words, environment={"LC_ALL": "C"}).out.isascii(), words
        assert s.command(*words).out, words
    assert s.command("ladder", recording, "--ascii").out.isascii()


def check_same_facts_with_and_without_a_terminal(s):
    recording = recorded(s)
    seen = on_terminal(s, "ladder", recording, "--color", "never")
    assert ESCAPE.sub("", seen.split("\x1b[K")[-1]).replace("\r\n", "\n") == s.command("ladder", recording).out


def check_demo_leaves_no_moving_line(s):
    seen = on_terminal(s, "demo", "--color", "never")
    screen = [line.split("\r")[-1] for line in seen.replace("\r\n", "\n").split("\n")]
    shown = "\n".join(ESCAPE.sub("", line.split("\x1b[K")[-1]) for line in screen)
    assert "TIME-WAIT 60 s" in shown and "SYN-SENT 0." not in shown, shown


def check_words_of_the_demo_fit_the_terminal(s):
    seen = on_terminal(s, "demo", "--color", "never", columns=80).replace("\r\n", "\n")
    words = seen[seen.index("What to notice"):seen.index("Next\n")].splitlines()
    assert len(words) > 4 and all(len(line) <= 80 for line in words), seen


def check_a_time_of_a_recording_is_no_end_of_it(s):
    """ss --at, in between: the sockets at that very time, and nothing to complain of."""
    recording = recorded(s)
    begun = json.loads(s.command("ladder", recording, "--list", "--json").out)["t_s"]
    at_ms = int(begun * 1000) + 8  # the SYN-ACK is on its way
    seen = s.command("ss", "--file", recording, "--at", f"{at_ms}ms", "--json")
    assert not seen.err, seen
    assert seen.out and all(json.loads(line)["t_s"] == at_ms / 1000 for line in seen.out.splitlines()), seen


def check_three_hosts_in_one_picture(s):
    (s.folder / "network.toml").write_text(f"""
links = ["client<->proxy: delay=20ms", "proxy<->app: delay=1ms"]
[hosts]
client = {{ run = "{s.tool("curl")} -sS http://proxy:8080/" }}
proxy  = {{ run = "{s.program("relay.py")} 8080 app 9000", expect = "running" }}
app    = {{ run = "hello 9000", expect = "running" }}
""")
    recording = s.recording()
    s.command("up", "--record", recording, "network.toml")
    text = s.command("ladder", recording).out
    head = text.splitlines()[0]
    assert re.fullmatch(r" +ms  client +proxy +app  notes", head), text
    assert all(len(line) <= 100 for line in text.splitlines()), text
    assert re.search(r"│── S 0:0\(0\) ─+▶│ +│  client: SYN-SENT · proxy: SYN-RECEIVED", text), text
    assert re.search(r"│ +│── S 0:0\(0\) ─+▶│  proxy: SYN-SENT · app: SYN-RECEIVED", text), text
    lanes = json.loads(s.command("ladder", recording, "--json").out)
    assert (lanes["schema"], lanes["hosts"], lanes["flows"]) == ("dialtone.lanes/1", ["client", "proxy", "app"], [1, 2]), lanes
    times = [row["t_ms"] for row in lanes["rows"]]
    assert times == sorted(times), times
    flows = [json.loads(line) for line in s.command("ladder", recording, "--list", "--json").out.splitlines()]
    assert [(flow["flow"], flow["server"]["host"]) for flow in flows] == [(1, "proxy"), (2, "app")], flows
    one = s.command("ladder", recording, "--flow", "2").out
    assert "proxy 10.0.1.1" in one and "app 10.0.1.2" in one, one
    assert s.command("ladder", recording, "--flow", "1,2").out == s.command("ladder", recording, "--flow", "all").out == text


def check_wall_clock(s):
    recording = recorded(s)
    utc = s.command("ladder", recording, "--clock", "wall", environment={"TZ": "UTC"}).out
    assert utc.splitlines()[0].strip().startswith("UTC client"), utc
    shown = re.search(r"^(\d\d):(\d\d):(\d\d)\.\d{3} ESTABLISHED", utc, re.M)
    assert shown, utc
    seconds = sum(int(part) * unit for part, unit in zip(shown.groups(), (3600, 60, 1)))
    assert (time.time() - seconds) % 86400 < 60, utc
    seoul = s.command("ladder", recording, "--clock", "wall", environment={"TZ": "KST-9"}).out
    assert seoul.splitlines()[0].strip().startswith("+09:00 client"), seoul


stage.main(globals())

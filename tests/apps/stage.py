# The stage for tests with real programs: dialtone in a folder of its own, its recordings read, nothing left behind.
"""A test file defines checks, functions `check_*(stage)`, and ends with `stage.main(globals())`:
`FILE --list` prints their names, `FILE NAME…` runs those, `FILE` runs all. Exit 0 passed, 1 failed, 77 not possible here.
The binary is $DIALTONE, else build/release/dialtone. Every program has a limit in time, and each check ends by looking for
processes and control sockets that outlived it."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MARK = "DIALTONE_STAGE"
PYTHON = os.path.realpath("/usr/bin/python3") if os.path.exists("/usr/bin/python3") else sys.executable


class Skip(Exception):
    """What is missing here, as a sentence."""


class Outcome:
    """What a command left: exit status (negative: signal), both outputs, and the recording of a run."""

    def __init__(self, command, status, out, err, recording=None):
        self.command, self.status, self.out, self.err, self.recording = command, status, out, err, recording

    def expect(self, status=0):
        assert self.status == status, f"{self} exit status {self.status}, not {status}"
        return self

    def says(self, text):
        assert text in self.err, f"{self} stderr does not say `{text}`"
        return self

    def __str__(self):
        return f"{' '.join(self.command)}\nstdout: {self.out[-2000:]}\nstderr: {self.err[-2000:]}\n"


class Stage:
    def __init__(self, name):
        self.dialtone = pathlib.Path(os.environ.get("DIALTONE", ROOT / "build/release/dialtone")).resolve()
        if not self.dialtone.exists():
            raise AssertionError(f"there is no {self.dialtone}: build it, or name it in DIALTONE")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"dialtone-{name}-"))
        self.home = self.folder / "home"
        self.control = self.folder / "control"
        self.home.mkdir()
        self.control.mkdir(mode=0o700)
        self.token = f"{name}-{os.getpid()}"
        self.environment = dict(os.environ, HOME=str(self.home), XDG_RUNTIME_DIR=str(self.control), PYTHONUNBUFFERED="1",
                                XDG_STATE_HOME=str(self.home / "state"), LC_ALL="C.UTF-8", **{MARK: self.token})
        self.environment.pop("NO_COLOR", None)
        self.environment["PATH"] = f"{self.dialtone.parent}:/usr/sbin:{os.environ['PATH']}"
        self._runs = 0

    def command(self, *arguments, status=0, limit=60, environment=None):
        """Runs dialtone with the arguments. `status` None accepts any."""
        process = self.start(*arguments, environment=environment)
        outcome = self.finish(process, limit)
        return outcome if status is None else outcome.expect(status)

    def start(self, *arguments, environment=None):
        """Starts dialtone in a session of its own, as another terminal would."""
        return subprocess.Popen([str(self.dialtone), *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                env=dict(self.environment, **(environment or {})), start_new_session=True)

    def finish(self, process, limit=60):
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
            raise AssertionError(f"{' '.join(process.args)}\nstdout: {out[-2000:]}\nstderr: {err[-2000:]}\n"
                                 f"took longer than {limit} s") from None
        return Outcome(process.args, process.returncode, out, err)

    def recording(self):
        """A file name for the next recording."""
        self._runs += 1
        return self.folder / f"run-{self._runs}.dtr"

    def run(self, *program, hosts=None, options=(), status=0, limit=60):
        """`dialtone run` of a program, with `hosts` (name: command line) beside it; keeps its recording."""
        recording = self.recording()
        outcome = self.finish(self.start_run(*program, hosts=hosts, options=options, recording=recording), limit)
        outcome.recording = recording
        return outcome if status is None else outcome.expect(status)

    def start_run(self, *program, hosts=None, options=(), recording=None):
        words = ["run", *options, "--record", recording or self.recording()]
        for name, line in (hosts or {}).items():
            words += ["--with", f"{name}={line}"]
        return self.start(*words, "--", *program)

    def program(self, name):
        """The command line of one of our small programs; a C one is compiled first."""
        source = HERE / "programs" / name
        if source.suffix == ".py":
            return f"{PYTHON} {source}"
        target = self.folder / source.stem
        if not target.exists():
            compiler = shutil.which("cc") or shutil.which("gcc")
            if compiler is None:
                raise Skip("there is no C compiler")
            subprocess.run([compiler, "-O1", "-Wall", "-pthread", "-o", target, source], check=True, timeout=60)
        return str(target)

    def tool(self, *names):
        """Path of the first of the programs that is installed."""
        for name in names:
            path = shutil.which(name, path=self.environment["PATH"])
            if path:
                return path
        raise Skip(f"{' or '.join(names)} is not installed")

    def file(self, name, size, seed=1):
        """A file of octets that look random, the same every time."""
        path = self.folder / name
        path.write_bytes(random.Random(seed).randbytes(size))
        return path

    def ladder(self, recording, flow=None):
        """All rows of a flow, none folded."""
        words = ["ladder", recording, "--json", "--fold", "0"] + (["--flow", flow] if flow else [])
        return Ladder(json.loads(self.command(*words).out))

    def flows(self, recording):
        """Numbers of the flows with both endpoints, in order: (number, client, server)."""
        listed = self.command("ladder", recording, "--list").out
        found = re.findall(r"^flow (\d+)\s+\S+ (\S+) → \S+ (\S+)\s", listed, re.M)
        return [(int(number), client, server) for number, client, server in found]

    def flow_of(self, recording, port=None, server=":8080"):
        """The ladder of the first flow to `server` whose client has the port."""
        for number, client, to in self.flows(recording):
            if to.endswith(server) and (port is None or client.endswith(f":{port}")):
                return self.ladder(recording, number)
        raise AssertionError(f"no flow from port {port} to {server} in {self.command('ladder', recording, '--list').out}")

    def left_behind(self):
        """Processes and control sockets of this stage that are still there."""
        found = [f"process {pid}: {line}" for pid, line in self.processes()]
        return found + [f"control socket {path}" for path in self.control.rglob("*.sock")]

    def processes(self):
        needle = f"{MARK}={self.token}".encode()
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                if needle in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue

    def close(self):
        """Ends what was left, and says what that was."""
        left = eventually(self.left_behind, lambda found: not found, limit=3)
        for pid, _ in list(self.processes()):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)
        return left


class Ladder:
    """One flow as `ladder --json` tells it."""

    def __init__(self, document):
        assert document["schema"] == "dialtone.ladder/1", document.get("schema")
        self.document, self.rows, self.notes = document, document["rows"], document["notes"]

    def texts(self, side):
        """(row, milliseconds, text) of one side's cells that say something."""
        return [(i, row[side].get("t_ms"), row[side]["text"]) for i, row in enumerate(self.rows)
                if row[side] and row[side]["text"]]

    def at(self, side, pattern, after=-1):
        """(row, milliseconds) of the first cell of a side, behind row `after`, that matches."""
        for row, time_ms, text in self.texts(side):
            if row > after and re.search(pattern, text):
                return row, time_ms
        raise AssertionError(f"no `{pattern}` on the {side} behind row {after} in\n{self}")

    def has(self, side, pattern):
        return any(re.search(pattern, text) for _, _, text in self.texts(side))

    def segments(self, side, flags=None, fate=None):
        """(row, milliseconds at departure, wire) of segments that `side` sent; `flags` as SEG: S, S., F., R, P."""
        found = []
        for i, row in enumerate(self.rows):
            wire = row.get("wire")
            if not wire or wire["from"] != side or wire["part"] == "arrival":
                continue
            if flags and wire["segment"].split()[0] != flags or fate and wire["fate"] != fate:
                continue
            cell = row[side]
            found.append((i, cell.get("t_ms") if cell else None, wire))
        return found

    def __str__(self):
        def line(row):
            wire = row.get("wire")
            arrow = "" if not wire else f"{wire['from']}: {wire['segment']} {wire['fate']}"
            cells = ["" if not row[s] else f"{row[s].get('t_ms')} {row[s]['text']}" for s in ("left", "right")]
            return f"{cells[0]:45} | {arrow:50} | {cells[1]}"
        return "\n".join([line(row) for row in self.rows] + [note["sentence"] for note in self.notes])


def eventually(ask, accept, limit=30):
    """Asks until the answer is accepted or the limit (s) is over; the last answer."""
    end = time.monotonic() + limit
    while True:
        answer = ask()
        if accept(answer) or time.monotonic() > end:
            return answer
        time.sleep(0.05)


def run_check(file, name, check):
    """0, 1 or 77; a failure is told."""
    stage = Stage(f"{file}-{name}")
    problem = None
    try:
        check(stage)
    except Skip as skip:
        stage.close()
        print(f"{name}: {skip}")
        return 77
    except (AssertionError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(f"{file}.py")]
        problem = f"{name} (line {lines[-1] if lines else '?'}): {type(error).__name__}: {error}"
    left = stage.close()
    if left:
        problem = f"{problem or name}\nleft behind: {'; '.join(left)}"
    if problem:
        print(f"FAIL {problem}")
    return 1 if problem else 0


def main(names):
    checks = {key[6:]: value for key, value in names.items() if key.startswith("check_")}
    file = pathlib.Path(sys.argv[0]).stem
    if sys.argv[1:] == ["--list"]:
        print("\n".join(checks))
        return
    wanted = sys.argv[1:] or list(checks)
    unknown = [name for name in wanted if name not in checks]
    if unknown:
        sys.exit(f"no such check: {' '.join(unknown)}")
    statuses = []
    for name in wanted:
        statuses.append(run_check(file, name, checks[name]))
        if len(wanted) > 1:
            print(f"{file}.{name}: {({0: 'passed', 77: 'skipped'}).get(statuses[-1], 'FAILED')}", flush=True)
    sys.exit(1 if 1 in statuses else max(statuses, default=1))

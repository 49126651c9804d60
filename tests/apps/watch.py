# doctor --watch: its head line stays on top of a terminal, Ctrl-C ends it with its exit status; piped it has lines only.
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time

import stage

ROWS, COLUMNS = 24, 90
HEAD = re.compile("\x1b7\x1b\\[1;1H\x1b\\[2K(.*?)\x1b8", re.S)
COLOUR = re.compile("\x1b\\[[0-9;]*m")

# Clients of a listener that takes none of them: its accept queue is full, and their SYNs come again.
FULL_QUEUE = """
import socket, time
listener = socket.socket(); listener.bind(("127.0.0.1", 3000)); listener.listen(1)
clients = [socket.socket() for _ in range(6)]
for client in clients:
    client.setblocking(False); client.connect_ex(("127.0.0.1", 3000))
time.sleep(60)
"""


def in_a_quiet_network(s, *words, before=""):
    """The command line in a network namespace of its own with lo up, behind `before`, a shell command in it."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, *as_root, "--net", "true"], capture_output=True).returncode != 0:
        raise stage.Skip("network namespaces cannot be made here")
    line = f"ip link set lo up; {before} exec \"$@\""
    return [unshare, *as_root, "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", line, "sh",
            str(s.dialtone), *words]


class Watched:
    """A program on a terminal of its own, and all that it wrote there."""

    def __init__(self, s, command):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(command, cwd=s.folder, stdin=slave, stdout=slave, stderr=slave,
                                        env={**s.environment, "TERM": "xterm"}, preexec_fn=take_terminal)
        os.close(slave)
        self.text = ""

    def read_until(self, accept, limit=20):
        end = time.monotonic() + limit
        while not accept(self.text) and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    part = os.read(self.master, 65536)
                except OSError:  # the last one has let go of it
                    break
                if b"\x1b[6n" in part:  # where the cursor is: after one cell
                    os.write(self.master, b"\x1b[1;2R")
                self.text += part.decode(errors="replace")
        return self.text

    def interrupt(self):
        """Ctrl-C, as a terminal gives it; the exit status."""
        os.write(self.master, b"\x03")
        self.read_until(lambda _: self.process.poll() is not None, limit=10)
        status = self.process.wait(timeout=5)
        os.close(self.master)
        return status


def heads(text):
    return [COLOUR.sub("", head) for head in HEAD.findall(text)]


def check_head_line_stays_on_top_and_is_renewed(s):
    watched = Watched(s, in_a_quiet_network(s, "doctor", "--watch"))
    text = watched.read_until(lambda text: len(heads(text)) >= 2)
    assert text.index(f"\x1b[2;{ROWS}r") < text.index("\x1b7"), text  # the first row is kept out of what scrolls
    assert len(heads(text)) >= 2, text
    for head in heads(text):
        assert re.search(r": 0 TCP sockets, 0 listeners; 0 findings now; Ctrl-C ends", head), head
        assert len(head) <= COLUMNS and "\n" not in head, head
    assert watched.interrupt() == 0, watched.text
    assert watched.text.rindex("\x1b[r") > watched.text.rindex("\x1b8"), watched.text  # and given back


def check_ctrl_c_ends_it_with_1_after_a_finding(s):
    (s.folder / "full.py").write_text(FULL_QUEUE)
    watched = Watched(s, in_a_quiet_network(s, "doctor", "--watch", before=f"{stage.PYTHON} full.py &"))
    text = watched.read_until(lambda text: "R24" in text)
    assert re.search(r"\d\d:\d\d:\d\d  \S*\+\S* R24 127\.0\.0\.1:3000 2/1", COLOUR.sub("", text)), text
    assert any("1 listener; 1 finding now" in head for head in heads(text)), heads(text)
    begin = time.monotonic()
    assert watched.interrupt() == 1, watched.text
    assert time.monotonic() - begin < 5, "it waited for the end of its window"


def check_piped_it_has_lines_without_escapes(s):
    (s.folder / "full.py").write_text(FULL_QUEUE)
    command = in_a_quiet_network(s, "doctor", "--watch", "--for", "4s", before=f"{stage.PYTHON} full.py &")
    done = subprocess.run(command, cwd=s.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=s.environment, timeout=60)
    assert done.returncode == 1, done
    assert "\x1b" not in done.stdout and done.stdout.count("+ R24") == 1, done.stdout
    assert all(re.match(r"\d\d:\d\d:\d\d  [+~-] R\d+ ", line) for line in done.stdout.splitlines()), done.stdout


stage.main(globals())

# What the benches of unmodified programs share: the program that is timed, asking it for figures, medians side by side.
import contextlib
import json
import pathlib
import statistics
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
PORT = 9431


def compile_talk(folder):
    talk = f"{folder}/talk"
    subprocess.run(["cc", "-O2", "-pthread", "-o", talk, HERE / "host" / "talk.c"], check=True)
    return talk


@contextlib.contextmanager
def process(words, environment=None):
    """A server that ends with the measure, and with us."""
    child = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *words], env=environment, stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def ask(words, environment=None, seconds=60):
    """The figures that a client prints; it is started again until its server is there."""
    for _ in range(100):
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, env=environment)
        if done.returncode == 0:
            return [float(word) for word in done.stdout.split()]
        time.sleep(0.05)
    raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr}")


class Figures:
    """All figures of a run by row and side; the first side is what the others are compared with."""

    def __init__(self, sides):
        self.sides, self.taken = sides, {}

    def add(self, row, side, figure):
        self.taken.setdefault(row, {name: [] for name in self.sides})[side].append(figure)

    def median(self, row, side):
        return statistics.median(self.taken[row][side])

    def ratio(self, row, side):
        return self.median(row, side) / self.median(row, self.sides[0])

    def as_json(self):
        rows = []
        for row, sides in self.taken.items():
            document = {side: {"median": self.median(row, side), "least": min(figures), "most": max(figures),
                               "ratio": self.ratio(row, side), "figures": figures} for side, figures in sides.items()}
            rows.append({"row": row, "sides": document})
        return json.dumps(rows, indent=1)

    def table(self, title):
        """A line a row: the median of each side with its spread, and what part of the first side's it is."""
        width = max(map(len, self.taken))
        lines = [f"{title:{width}}" + "".join(f"{side:>30}" for side in self.sides)]
        for row, sides in self.taken.items():
            line = f"{row:{width}}"
            for side, figures in sides.items():
                low, high = min(figures), max(figures)
                digits = 0 if high >= 1000 else 2 if high < 100 else 1
                spread = f"{self.median(row, side):.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
                line += f"{spread:>23}{self.ratio(row, side):>6.2f}x"
            lines.append(line)
        return "\n".join(lines)

# The labs of `dialtone doctor`: each makes one situation with real programs in network namespaces of its own, runs
# doctor, and compares the rules that fired with the one that must. Near misses must fire none.
"""Usage: lab.py [--doctor PROGRAM] [--jobs N] [--list] [LAB…]

Prints one line a lab and the confusion matrix rule x lab; exit status 1 where a rule fired that should not, or one
did not that should. A lab that this kernel cannot make is skipped with its reason. Everything runs in namespaces that
end with the lab; a plain user gets a user namespace first."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import accept_labs  # noqa: E402
import bind_labs  # noqa: E402
import call_labs  # noqa: E402
import capture_labs  # noqa: E402
import close_labs  # noqa: E402
import connect_labs  # noqa: E402
import delay_labs  # noqa: E402
import path_labs  # noqa: E402
from bench import LABS, Skip, run_here  # noqa: E402

FAMILIES = (bind_labs, connect_labs, accept_labs, close_labs, delay_labs, path_labs, call_labs,
            capture_labs)
LIMIT_S = 60


def enter_and_run(name, doctor):
    """Runs the lab in namespaces of its own: this very script again, with --inside."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", *as_root, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
               sys.executable, str(HERE / "lab.py"), "--doctor", doctor, "--inside", name]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return "FAIL", f"took longer than {LIMIT_S} s", []
    lines = done.stdout.splitlines()
    if not lines or done.returncode not in (0, 1, 77):
        return "FAIL", (done.stdout + done.stderr)[-3000:], []
    verdict, _, rest = lines[-1].partition(" ")
    fired = rest.split() if verdict == "FIRED" else []
    if done.returncode == 77:
        return "SKIP", rest, []
    return ("ok" if done.returncode == 0 else "FAIL"), "" if done.returncode == 0 else done.stdout + done.stderr, fired


def print_matrix(results):
    """Rows: labs; columns: the rules that fired anywhere. `+` as it must be, `!` off the diagonal, `-` missing."""
    rules = sorted({r for _, _, fired in results.values() for r in fired} | {r for n in results for r in LABS[n].rules},
                   key=lambda r: int(r[1:]))
    print("\n" + " " * 34 + " ".join(f"{r:>3}" for r in rules))
    for name, (verdict, _, fired) in results.items():
        marks = []
        for rule in rules:
            must, did = rule in LABS[name].rules, rule in fired
            marks.append({(1, 1): "+", (1, 0): "-", (0, 1): "!", (0, 0): "."}[(must, did)])
        if verdict != "SKIP":
            print(f"{name:<34}" + " ".join(f"{m:>3}" for m in marks))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--doctor", default=str(HERE.parent.parent / "build/release/dialtone"))
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--inside")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("labs", nargs="*")
    asked = parser.parse_args()
    if asked.inside:
        sys.exit(run_here(asked.inside, asked.doctor))
    names = [n for n in LABS if not asked.labs or n in asked.labs or set(LABS[n].rules) & set(asked.labs)]
    if asked.list:
        for name in names:
            print(f"{name:<34}{' '.join(LABS[name].rules) or '-':<8}{LABS[name].sentence}")
        return
    if not names:
        sys.exit(f"no such lab: {' '.join(asked.labs)}")
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        futures = {name: pool.submit(enter_and_run, name, asked.doctor) for name in names}
    results = {name: future.result() for name, future in futures.items()}
    for name, (verdict, text, fired) in results.items():
        must = " ".join(LABS[name].rules) or "nothing"
        print(f"{verdict:<5}{name:<34}must fire {must}, fired {' '.join(fired) or 'nothing'}")
        if verdict == "FAIL" or asked.verbose or verdict == "SKIP":
            print("     " + text.replace("\n", "\n     ").rstrip())
    print_matrix(results)
    failed = [n for n, r in results.items() if r[0] == "FAIL"]
    print(f"\n{len(results)} labs, {len(failed)} failed, {sum(r[0] == 'SKIP' for r in results.values())} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

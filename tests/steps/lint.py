#!/usr/bin/env python3
# lint.py TIDY BUILD SCRATCH FILE…: runs clang-tidy on the files and prints what it finds, each finding once; exit 1 if any.
"""Most of the time of clang-tidy goes to what a source includes. So many sources of one layer are read as one text, where
their names allow it; where two of them name something alike, the text is cut in half until they no longer meet."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

SINGLY = 10  # so few files are read one by one
TOGETHER = 14
FINDING = re.compile(r"^(?P<path>/[^:\n]+):(?P<line>\d+):(?P<rest>\d+: (?:error|warning): .*)$")


def flags_of(build):
    """File → (folder, flags) of its first compile command: some files are compiled for two targets."""
    found = {}
    for command in json.loads(pathlib.Path(build, "compile_commands.json").read_text(encoding="utf-8")):
        path = str(pathlib.Path(command["directory"], command["file"]).resolve())
        words = shlex.split(command["command"])[1:]
        at = words.index("-o")
        kept = [w for w in words[:at] + words[at + 2:] if w != "-c" and not w.endswith(".cpp")]
        found.setdefault(path, (command["directory"], kept))
    return found


class Lint:
    def __init__(self, tidy, build, scratch):
        self.tidy = tidy
        self.flags = flags_of(build)
        self.scratch = pathlib.Path(scratch)
        self.count = 0
        self.headers = "^$"

    def read(self, files):
        """Findings as (path, line, text); None where several files are no text that compiles."""
        texts, lines = [], []
        for path in files:
            text = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
            lines += [(path, number + 1) for number in range(len(text))]
            texts += text
        self.count += 1
        whole = self.scratch / f"{self.count}.cpp" if len(files) > 1 else pathlib.Path(files[0])
        if len(files) > 1:
            whole.write_text("\n".join(texts) + "\n", encoding="utf-8")
        folder, flags = self.flags[files[0]]
        if len(files) > 1:
            # What a name hides in another file is not its fault; every source is compiled with all warnings elsewhere.
            flags = [*flags, "-w"]
            check = subprocess.run(["clang++-19", "-fsyntax-only", *flags, str(whole)], cwd=folder, capture_output=True, check=False)
            if check.returncode != 0:
                return None
        # The text lies outside the tree, where clang-tidy would find no settings and take its own few checks.
        settings = [f"--config-file={pathlib.Path.cwd() / '.clang-tidy'}"]
        if len(files) > 1:
            settings.append("--checks=-readability-duplicate-include")  # each of them may include the same
        run = subprocess.run([self.tidy, "--quiet", *settings, f"--header-filter={self.headers}", str(whole), "--", *flags],
                             cwd=folder, capture_output=True, text=True, check=False)
        findings = []
        for line in run.stdout.splitlines():
            match = FINDING.match(line)
            if match:
                at = int(match["line"])
                path, number = lines[at - 1] if match["path"] == str(whole) else (match["path"], at)
                findings.append((path, number, match["rest"]))
        if not findings and run.returncode != 0:
            findings.append((str(whole), 1, "1: error: " + (run.stderr.strip().splitlines() or ["clang-tidy failed"])[-1]))
        return findings

    def judge(self, files):
        findings = self.read(files)
        if findings is not None:
            return findings
        half = len(files) // 2
        return self.judge(files[:half]) + self.judge(files[half:])


def batches(files, flags):
    """Files of one folder with the same flags, so many at a time."""
    if len(files) <= SINGLY:
        return [[path] for path in files]
    groups = {}
    for path in files:
        groups.setdefault((os.path.dirname(path), tuple(flags[path][1])), []).append(path)
    return [group[i:i + TOGETHER] for group in groups.values() for i in range(0, len(group), TOGETHER)]


def main():
    tidy, build, scratch, *names = sys.argv[1:]
    lint = Lint(tidy, build, scratch)
    files = [str(pathlib.Path(name).resolve()) for name in names]
    unknown = [path for path in files if path not in lint.flags]
    files = [path for path in files if path in lint.flags]
    # What a header says is for those who read all: a change would be told of headers that it did not touch.
    if len(files) > SINGLY:
        lint.headers = ".*/src/.*"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = {finding for part in pool.map(lint.judge, batches(files, lint.flags)) for finding in part}
    root = str(pathlib.Path.cwd()) + "/"
    for path, line, rest in sorted(found):
        print(f"{path.removeprefix(root)}:{line}:{rest}")
    for path in unknown:
        print(f"{path.removeprefix(root)}: no target of this preset compiles it")
    print(f"{len(files)} files read, {len(found)} findings")
    return 1 if found or unknown else 0


sys.exit(main())

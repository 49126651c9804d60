#!/usr/bin/env python3
# Writes docs/deviations.md: the rows of the specification that a program under `dialtone run` gets answered otherwise.
"""Without argument the page is written; with --check it is compared, and a page that is not up to date fails."""

import pathlib
import sys
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from deviations import DEVIATIONS  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/deviations.md"
HEAD = """# Where programs get another answer than from Linux

The stack answers every row of [the specification](spec/README.md) that its coverage counts. A program under `dialtone run`
does not ask the stack alone: its descriptor is one end of a pair of the kernel's own, and `send()`, `recv()` and `poll()` on
it are answered by that pair without a stop. That keeps unmodified and static programs fast, and makes fork()
and the passing of descriptors exact. These rows are its cost; all others of the socket calls are compared with the kernel
by `./test 50`, which fails for a row that differs and is not here, and for one that is here and does not differ.

This page is written by `python3 tests/conformance/page.py`.

| row | call | Linux | here | why |
|---|---|---|---|---|
"""


def rows():
    found = {}
    for path in sorted((ROOT / "docs/spec").glob("6-*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["row"]:
            found[row["id"]] = row
            found["API-MTX-" + row["what"].replace(": ", "-", 1).removesuffix(" ×2")] = row  # as matrix.py names a cell
    return found


def shown(value):
    if isinstance(value, bytes):
        return f'"{value.decode()}"'
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(part) for part in value)
    return str(value)


def cell(text):
    return text.replace("|", "\\|")


def page():
    known = rows()
    missing = [key for key in DEVIATIONS if key not in known]
    if missing:
        sys.exit(f"no row of docs/spec: {', '.join(missing)}")
    lines = [f"| {row['id']} | {cell(row['what'])} | {cell(row['test'].split('→', 1)[-1].strip())} | {cell(shown(answer))} | {cell(why)} |"
             for row, (answer, why) in ((known[key], value) for key, value in DEVIATIONS.items())]
    return HEAD + "\n".join(lines) + f"\n\n{len(lines)} rows.\n"


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit("docs/deviations.md is not up to date: run python3 tests/conformance/page.py")
        return
    PAGE.write_text(text, encoding="utf-8")


main()

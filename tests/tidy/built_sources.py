# Gate on a build: each C++ file of src/ and tests/ is compiled by some target, so none is dead.
"""Reads the compile commands of the build folder. Fuzzers and benchmarks are built by presets of their own."""

import json
import pathlib

import tree

ELSEWHERE = ("tests/fuzz/", "bench/")


def missing(sources, compiled):
    return [f"{name}: no target compiles it: delete it, or give it to one"
            for name in sources.code("src", "tests")
            if name.endswith((".cpp", ".c")) and not name.startswith(ELSEWHERE) and name not in compiled]


def problems(build):
    commands = json.loads(pathlib.Path(build, "compile_commands.json").read_text(encoding="utf-8"))
    compiled = set()
    for command in commands:
        path = pathlib.Path(command["directory"], command["file"]).resolve()
        if path.is_relative_to(tree.ROOT):
            compiled.add(path.relative_to(tree.ROOT).as_posix())
    return missing(tree.Tree.real(), compiled)


def self_test():
    sources = tree.Tree({"src/a/a.cpp": "", "src/a/b.cpp": "", "bench/c.cpp": ""})
    tree.expect(missing(sources, {"src/a/a.cpp", "src/a/b.cpp"}))
    tree.expect(missing(sources, {"src/a/a.cpp"}), "src/a/b.cpp", "no target compiles it")


tree.main(problems, self_test, built=True)

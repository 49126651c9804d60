# Gate: no dead files. Each header is included by a file other than itself; documents link to what exists.
"""Sources that no target compiles are found by built_sources.py. Public headers (src/api) are for others to include."""

import pathlib
import posixpath
import re

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def problems(sources):
    found = []
    used = set()
    for name in sources.code("src", "tests", "bench"):
        for _, quoted, path in tree.includes(sources.files[name]):
            if quoted and "src/" + path != name:
                used.add("src/" + path)
                used.add(posixpath.normpath(posixpath.join(posixpath.dirname(name), path)))
    for name in sources.code("src", "tests", "bench"):
        if name.endswith(".hpp") and name not in used and not name.startswith("src/api/"):
            found.append(f"{name}: no file includes it: delete it, or test it")
    for name in sources.files:
        if name.endswith(".md"):
            for target in LINK.findall(sources.files[name]):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
                if "://" not in target and not target.startswith("mailto:") and not exists(sources, path):
                    found.append(f"{name}: links to {target}, which does not exist")
    return found


def exists(sources, path):
    return any(f == path or f.startswith(path + "/") for f in sources.files) or (
        isinstance(sources, tree.Tree) and "README.md" in sources.files and pathlib.Path(tree.ROOT, path).exists())


def self_test():
    good = {"src/a/a.hpp": "// a\n#pragma once\n", "src/a/a.cpp": '// a\n#include "a/a.hpp"\n', "x.md": "[a](src/a)\n"}
    tree.expect(problems(tree.Tree(good)))
    tree.expect(problems(tree.Tree(dict(good, **{"src/a/dead.hpp": "// d\n"}))), "src/a/dead.hpp", "no file includes it")
    self_only = dict(good, **{"src/a/dead.hpp": '// d\n#include "a/dead.hpp"\n'})
    tree.expect(problems(tree.Tree(self_only)), "no file includes it")
    tree.expect(problems(tree.Tree(dict(good, **{"y.md": "[b](docs/gone.md)\n"}))), "docs/gone.md")


tree.main(problems, self_test)

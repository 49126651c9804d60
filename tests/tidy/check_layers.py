# Gate: every #include of src/ keeps to the layer table, and CMake's DEPENDS say the same as the table.
"""Tests may include GoogleTest and <iostream>-like headers, but keep to the layers too."""

import fnmatch
import re
import tomllib

import tree

# Libraries a layer may use, by the folder of their headers; the same names are in CMakeLists.txt.
LIBRARIES = {"fmt", "nlohmann_json", "cli11", "tomlplusplus", "libmnl", "libpcap", "seccomp", "threads", "wire_pretty"}


def reach(direct):
    """Each layer with everything below it."""
    closed = {}
    for layer in direct:
        todo, seen = [layer], {layer}
        while todo:
            for below in direct.get(todo.pop(), []):
                if below not in seen:
                    seen.add(below)
                    todo.append(below)
        closed[layer] = seen
    return closed


def cmake_layers(text):
    """The table as CMakeLists.txt has it."""
    table = {}
    for arguments in re.findall(r"^dt_layer\(([^)]*)\)", text, re.M):
        words = arguments.split()
        depends = words[words.index("DEPENDS") + 1:] if "DEPENDS" in words else []
        table[words[0]] = [word for word in depends if word not in LIBRARIES]
    return table


def include_problems(sources, table):
    allowed = reach(table["layers"])
    sans_io = table["sans_io"]
    for name in sources.code("src"):
        layer = name.split("/")[1]
        if layer not in allowed:
            yield f"{name}: src/{layer} is not in tests/tidy/layers.toml"
            continue
        for line, quoted, path in tree.includes(sources.files[name]):
            where = f"{name}:{line}"
            target = path.split("/")[0]
            if quoted and table.get("generated", {}).get(path) == layer:
                continue
            if quoted and (("src/" + path) not in sources.files):
                yield f'{where}: "{path}" is not a file of src/; write "layer/file.hpp", or <…> for a library'
            elif quoted and target not in allowed[layer]:
                yield f"{where}: layer {layer} may not include {path}; it may use {', '.join(sorted(allowed[layer]))}"
            elif not quoted and layer in sans_io["layers"] and not name.endswith("_test.cpp"):
                spared = table.get("exceptions", {}).get(name, [])
                for pattern in sans_io["banned"]:
                    if fnmatch.fnmatch(path, pattern) and pattern not in spared:
                        yield f"{where}: <{path}> has no place in a sans-IO layer: what it brings arrives as an argument"


def problems(sources):
    table = tomllib.loads(sources.files["tests/tidy/layers.toml"])
    found = list(include_problems(sources, table))
    ours, cmake = reach(table["layers"]), reach(cmake_layers(sources.files["CMakeLists.txt"]))
    for layer in sorted(set(ours) | set(cmake)):
        if ours.get(layer) != cmake.get(layer):
            found.append(f"layer {layer}: tests/tidy/layers.toml allows {sorted(ours.get(layer, []))}, "
                         f"CMakeLists.txt links {sorted(cmake.get(layer, []))}")
    for layer in table["layers"]:
        below = reach(table["layers"])[layer] - {layer}
        if any(layer in reach(table["layers"])[other] for other in below):
            found.append(f"layer {layer} is above itself in tests/tidy/layers.toml")
    return found


def self_test():
    table = ('[layers]\nbase = []\nwire = ["base"]\nos = ["wire"]\n[sans_io]\nlayers = ["base", "wire"]\n'
             'banned = ["iostream", "sys/*"]\n')
    cmake = "dt_layer(base SANS_IO)\ndt_layer(wire SANS_IO DEPENDS base)\ndt_layer(os DEPENDS wire fmt)\n"
    good = {"tests/tidy/layers.toml": table, "CMakeLists.txt": cmake, "src/base/a.hpp": "// a\n",
            "src/wire/w.cpp": '// w\n#include "base/a.hpp"\n#include <array>\n// #include <iostream>\n',
            "src/os/o.cpp": '// o\n#include "base/a.hpp"\n#include <iostream>\n'}
    tree.expect(problems(tree.Tree(good)))
    up = dict(good, **{"src/base/b.cpp": '// b\n#include "wire/w.cpp"\n'})
    tree.expect(problems(tree.Tree(up)), "src/base/b.cpp:2", "layer base may not include wire/w.cpp")
    tree.expect(problems(tree.Tree(dict(good, **{"src/wire/x.cpp": "#include <sys/socket.h>\n"}))), "sans-IO")
    tree.expect(problems(tree.Tree(dict(good, **{"src/os/x.cpp": '#include "a.hpp"\n'}))), "not a file of src/")
    tree.expect(problems(tree.Tree(dict(good, **{"src/new/x.cpp": ""}))), "src/new is not in")
    made = dict(good, **{"tests/tidy/layers.toml": table + '[generated]\n"made.hpp" = "os"\n',
                         "src/os/x.cpp": '#include "made.hpp"\n'})
    tree.expect(problems(tree.Tree(made)))
    tree.expect(problems(tree.Tree(dict(made, **{"src/wire/x.cpp": '#include "made.hpp"\n'}))), "src/wire/x.cpp:1")
    late = dict(good, **{"CMakeLists.txt": cmake.replace("os DEPENDS wire", "os DEPENDS base")})
    tree.expect(problems(tree.Tree(late)), "layer os", "CMakeLists.txt links")


tree.main(problems, self_test)

# Gate: no function over 70 lines, no file over 500; tests/tidy/sizes.toml lists exceptions and may only shrink.
"""A Python or shell file counts as a file. Generated files and the spec are not code."""

import tomllib

import tree

FUNCTION_MAX = 70
FILE_MAX = 500
SCRIPTS = (".py", ".sh", ".js", ".css", ".html")


def measured(sources):
    """(files, functions) that are too long, with their lengths; a function is `file:name`."""
    files, longest = {}, {}
    code = set(sources.code("src", "tests", "bench"))
    for name, text in sources.files.items():
        is_code = name in code
        if (is_code or name.endswith(SCRIPTS)) and text.count("\n") > FILE_MAX:
            files[name] = text.count("\n")
        if is_code:
            for function in tree.functions(sources.plain(name)):
                if function.lines > FUNCTION_MAX:
                    longest[f"{name}:{function.name}"] = (function.lines, function.line)
    return files, longest


def problems(sources):
    listed = tomllib.loads(sources.files["tests/tidy/sizes.toml"])
    files, longest = measured(sources)
    found = []
    entries = dict(listed.get("files", {}), **listed.get("functions", {}))
    for name, lines in files.items():
        if name not in entries:
            found.append(f"{name}: {lines} lines, {FILE_MAX} is the most: split it where its parts have names")
    for name, (lines, line) in longest.items():
        if name not in entries:
            file, function = name.rsplit(":", 1) if "::" not in name else name.split(":", 1)
            found.append(f"{file}:{line}: {function} has {lines} lines, {FUNCTION_MAX} is the most: one function a step")
    now = dict(files, **{name: lines for name, (lines, _) in longest.items()})
    for name, lines in entries.items():
        if now.get(name, 0) != lines:
            found.append(f"tests/tidy/sizes.toml: {name} has {now.get(name, 'no longer too many')} lines, not {lines}; "
                         "the list only shrinks")
    if len(entries) != listed["most"]:
        found.append(f"tests/tidy/sizes.toml: most = {listed['most']}, but there are {len(entries)} entries")
    return found


def self_test():
    none = {"tests/tidy/sizes.toml": "most = 0\n"}

    def body(lines):
        return "// f\nint f(int a) {\n" + "    a = a + 1;\n" * lines + "}\nint g() { return 1; }\n"

    tree.expect(problems(tree.Tree(dict(none, **{"src/a/f.cpp": body(68)}))))
    tree.expect(problems(tree.Tree(dict(none, **{"src/a/f.cpp": body(69)}))), "src/a/f.cpp:2", "f has 71 lines")
    tree.expect(problems(tree.Tree(dict(none, **{"src/a/f.cpp": "// f\n" * 501}))), "501 lines")
    wrapped = "namespace a {\nstruct S {\n    S() : a_{1}, b_{2} {\n" + "        x();\n" * 70 + "    }\n};\n}\n"
    tree.expect(problems(tree.Tree(dict(none, **{"src/a/f.cpp": wrapped}))), "S has 72 lines")
    table = "constexpr auto t = std::to_array<T>({\n" + "    {1, 2},\n" * 90 + "});\n"
    tree.expect(problems(tree.Tree(dict(none, **{"src/a/f.cpp": table}))))
    test = "TEST(A, b) {\n" + "    EXPECT_EQ('\"', 1'000);  // {\n" * 70 + "}\n"
    tree.expect(problems(tree.Tree(dict(none, **{"src/a/f.cpp": test}))), "TEST has 72 lines")
    one = {"tests/tidy/sizes.toml": 'most = 1\n[functions]\n"src/a/f.cpp:f" = 71\n'}
    tree.expect(problems(tree.Tree(dict(one, **{"src/a/f.cpp": body(69)}))))
    tree.expect(problems(tree.Tree(dict(one, **{"src/a/f.cpp": body(68)}))), "only shrinks")
    tree.expect(problems(tree.Tree(dict(one, **{"src/a/f.cpp": body(70)}))), "only shrinks")


tree.main(problems, self_test)

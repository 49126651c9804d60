# Gate: banned words (tests/tidy/words.toml), the first line of each file, #pragma once, includes in their order.
"""Line 1 says what the file is; a header has #pragma once; a source includes its own header first."""

import re
import tomllib

import tree


def applies(word, name):
    spared = word.get("except", [])
    if any(name == s or name.startswith(s + "/") for s in spared):
        return False
    if not word.get("tests", True) and name.endswith("_test.cpp"):
        return False
    return any(w == "" or name.startswith(w + "/") for w in word["where"])


def word_problems(sources, words):
    code = set(sources.code("src", "tests", "bench"))
    for word in words:
        pattern = re.compile(word["pattern"], re.M)
        for name, text in sources.files.items():
            if not applies(word, name) or (not word.get("raw") and name not in code):
                continue
            for match in pattern.finditer(text if word.get("raw") else sources.plain(name)):
                line = text.count("\n", 0, match.start() + len(match.group(0)) - len(match.group(0).lstrip())) + 1
                yield f"{name}:{line}: {match.group(0).strip()!r} is banned; use {word['use']}"


def form_problems(sources):
    for name in sources.code("src", "tests", "bench"):
        text = sources.files[name]
        if not re.match(r"(?://|/\*) ?\S", text):
            yield f"{name}:1: the first line is a comment that says what the file is, with RFC and section"
        if name.endswith(".hpp") and not re.search(r"^#pragma once$", text, re.M):
            yield f"{name}:2: a header has #pragma once"
        if re.search(r"[ \t]+$", text, re.M) or (text and not text.endswith("\n")) or "\t" in text:
            yield f"{name}: a tab, a blank at the end of a line, or no newline at the end of the file"
        own = re.sub(r"(?:_test)?\.cpp$", ".hpp", name)
        if name.endswith(".cpp") and own in sources.files:
            quoted = [path for _, is_quoted, path in tree.includes(text) if is_quoted]
            wanted = own.removeprefix("src/") if own.startswith("src/") else own.rsplit("/", 1)[1]
            if not quoted or quoted[0] != wanted:
                yield f'{name}: the first #include is its own header, "{wanted}"'


def problems(sources):
    words = tomllib.loads(sources.files["tests/tidy/words.toml"])["word"]
    return list(word_problems(sources, words)) + list(form_problems(sources))


def self_test():
    real = tree.Tree.real().files["tests/tidy/words.toml"]
    none = {"tests/tidy/words.toml": real}

    def found(name, line):
        return problems(tree.Tree(dict(none, **{name: "// a file\n" + line + "\n"})))

    tree.expect(found("src/tcp/a.cpp", "int a = 1;"))
    # Each row of the table finds an example of its own.
    for name, line in (
            ("src/tcp/a.cpp", "std::shared_ptr<int> a;"), ("src/cli/a.cpp", "std::function<void()> a;"),
            ("src/tcp/a.cpp", 'void f() { std::printf("x"); }'), ("src/observe/a.cpp", "auto& a = std::cout;"),
            ("src/cli/a.cpp", "using namespace std;"), ("src/host/a.cpp", "auto a = std::chrono::steady_clock::now();"),
            ("src/sim/a.cpp", "std::mt19937 a;"), ("src/tcp/a.cpp", "thread_local int a;"),
            ("src/tcp/a.cpp", "auto* a = dynamic_cast<B*>(c);"),
            ("src/cli/a.cpp", "int a = std::atoi(b);"), ("tests/a/a.cpp", "void f() { strcpy(a, b); }"),
            ("src/host/a.cpp", "void f() { std::system(a); }"),
            ("src/sim/a.cpp", "std::map<Node*, int> a;"), ("src/stack/a.cpp", "std::unordered_map<int, int> a;"),
            ("src/world/a.cpp", "void f() { throw 1; }"), ("src/cli/a.cpp", "void f() { assert(a); }"),
            ("src/tcp/a.cpp", "void f() { goto end; }"),
            ("src/tcp/a.cpp", "volatile int a;"), ("docs/a.md", "TOD" + "O"), ("docs/a.md", "see /wor" + "k/main"),
            ("src/tcp/a.cpp", "int a;  // NOLIN" + "T")):
        tree.expect(found(name, line), name.rsplit("/", 1)[0], "is banned; use")
    rows = tomllib.loads(real)["word"]
    assert len(rows) == 21, f"{len(rows)} rows, 21 examples: give the new row an example above"
    tree.expect(found("src/os/a.cpp", "auto a = std::chrono::steady_clock::now();"))
    tree.expect(found("src/tcp/a.cpp", 'auto a = "goto rand("; // a goto in words'))
    tree.expect(problems(tree.Tree(dict(none, **{"src/a/a.cpp": "\nint a;\n"}))), "the first line is a comment")
    tree.expect(found("src/a/a.hpp", "int a;"), "#pragma once")
    tree.expect(found("src/a/a.cpp", "int a; "), "a blank at the end")
    own = dict(none, **{"src/a/b.hpp": "// b\n#pragma once\n", "src/a/b.cpp": "// b\n#include <array>\n"})
    tree.expect(problems(tree.Tree(own)), "own header")


tree.main(problems, self_test)

# The source tree as the gates see it: files, text without comments, scopes of functions, and the way a gate reports.
"""Each gate is a function `problems(tree) -> list of sentences`; `main` runs it on the real tree or on made-up ones."""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CODE = (".cpp", ".hpp", ".c", ".h")


class Tree:
    """Paths relative to the root, with their text. `Tree({"src/a.cpp": "…"})` is a made-up one for self-tests."""

    def __init__(self, files):
        self.files = files
        self._plain = {}

    @classmethod
    def real(cls):
        files = {}
        for name in tracked():
            path = ROOT / name
            if path.is_file() and not path.is_symlink():
                try:
                    files[name] = path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue  # recordings, corpora and pictures are no text
        return cls(files)

    def code(self, *folders):
        """C and C++ files below the folders, sorted by name."""
        return sorted(f for f in self.files if f.endswith(CODE) and f.startswith(tuple(d + "/" for d in folders)))

    def plain(self, name):
        """The file's text with comments, and the inside of literals, blanked; the lines stay where they are."""
        if name not in self._plain:
            self._plain[name] = blank(self.files[name])
        return self._plain[name]


def tracked():
    """Files of the tree: what git knows or would add; without git, what is there."""
    try:
        names = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"],
                               capture_output=True, check=True, text=True).stdout.split("\0")
        return sorted(set(filter(None, names)))
    except (OSError, subprocess.CalledProcessError):
        found = (p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if p.is_file())
        return sorted(f for f in found if not f.startswith((".git/", "build/", ".cache/")))


TOKEN = re.compile(
    r'//[^\n]*(?:\\\n[^\n]*)*|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9a-fA-FxX'])'(?:[^'\\\n]|\\.)+'",
    re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def blank(text):
    def spaces(match):
        token = match.group(0)
        inside = re.sub(r"[^\n]", " ", token)
        return inside if token.startswith("/") else token[0] + inside[1:-1] + token[-1]

    return TOKEN.sub(spaces, text)


def includes(text):
    """(line, quoted, path) of every #include; those in comments are none."""
    kept = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    return [(kept.count("\n", 0, m.start()) + 1, m.group(1) == '"', m.group(2)) for m in INCLUDE.finditer(kept)]


class Function:
    def __init__(self, name, line, lines):
        self.name, self.line, self.lines = name, line, lines


NOT_FUNCTION = re.compile(r"^\s*(?:\[\[[^]]*\]\]\s*)?(?:if|for|while|switch|catch|do|else|try)\b")
TYPE = re.compile(r"\b(?:class|struct|union|enum)\b")


def kind_of(header, parent):
    """What a brace opens: `space`, `type`, `function`, `init` (a member's initialiser) or `other`."""
    text = " ".join(header.split())
    if parent in ("function", "other"):
        return "other"
    if re.search(r"\bnamespace\b", text) or re.fullmatch(r'extern "\s*"', text):
        return "space"
    outside = re.sub(r"<[^<>]*>", "", re.sub(r"\([^()]*\)", "()", re.sub(r"\([^()]*\)", "", text)))
    if TYPE.search(outside) and not text.endswith((")", "const", "noexcept")):
        return "type"
    if re.search(r"\)\s*(?:noexcept\s*)?:[^:].*[\w>]$", text):
        return "init"
    if text.count("(") > text.count(")") or NOT_FUNCTION.match(text):
        return "other"
    if "(" in text and not re.search(r"(?<!operator)(?<![=!<>])=(?!=)[^()]*$", text):
        return "function"
    return "function" if text.startswith(",") or not text else "other"


def functions(text):
    """Functions of a file whose text is blanked, with their first line and length. Lambdas belong to what holds them."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.M)
    found, stack, begin = [], [], 0
    for match in re.finditer(r"[{};]", code):
        at, sign = match.start(), match.group(0)
        if sign == "{":
            header = code[begin:at]
            kind = kind_of(header, stack[-1][0] if stack else "space")
            lead = begin + len(header) - len(header.lstrip())
            stack.append((kind, lead, header, begin))
            begin = begin if kind == "init" else at + 1
        elif sign == "}" and stack:
            kind, lead, header, outer = stack.pop()
            if kind == "init":
                begin = outer
                # `a_{1}` of an initialiser list: the header goes on behind the brace.
                continue
            if kind == "function":
                first = code.count("\n", 0, lead) + 1
                last = code.count("\n", 0, at) + 1
                name = re.findall(r"(~?[\w:]+|operator[^(\s]+)\s*\(", header)
                found.append(Function(name[0] if name else "?", first, last - first + 1))
            begin = at + 1
        elif sign == ";" and not (stack and stack[-1][0] in ("function", "other")):
            begin = at + 1
        elif sign == ";":
            begin = at + 1
    return found


def main(problems, self_test, built=False):
    """Runs a gate from the command line: exit 0 where it finds nothing, 1 with one sentence a problem."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", help="a build folder, for gates that judge a build")
    parser.add_argument("--self-test", action="store_true", help="shows that this gate can fail")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        print("this gate finds what it is made to find")
        return
    if built and not options.build:
        parser.error("--build is needed")
    found = problems(options.build) if built else problems(Tree.real())
    for sentence in found:
        print(sentence)
    if found:
        sys.exit(1)


def expect(found, *parts):
    """For self-tests: exactly one problem, which says all the parts; with no part, no problem."""
    if not parts:
        assert not found, f"false alarm: {found}"
        return
    assert len(found) == 1, f"expected one problem, got {found}"
    for part in parts:
        assert part in found[0], f"{part!r} is not in {found[0]!r}"

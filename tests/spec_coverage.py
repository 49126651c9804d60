#!/usr/bin/env python3
# Which rows of docs/spec are proved by a test: by section, what is missing, and a floor that only rises.
"""An id in a test's name that is no row of docs/spec is an error: it proves nothing."""

import argparse
import json
import pathlib
import re
import sys
import tomllib

sys.dont_write_bytecode = True
import spec_page  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOOR = "tests/spec_floor.toml"
LAG_MAX = 10  # rows a section may prove beyond its floor: a floor that nobody raises cannot fail

TEST_NAME = re.compile(r"^[ \t]*(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M)
WHOLE_STRING = re.compile(r'"([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)"')
CONFORMANCE_ROW = re.compile(r'^@row\("([\w-]+)"', re.M)
CONFORMANCE = "tests/conformance/"
SCRIPT_NAME = re.compile(r"^[ \t]*judge[ \t]+[\"']?([\w.-]+)|^[ \t]*def (test_\w+)", re.M)
# The state machine's cells have short names of states; the long ones are understood too.
LONG_STATES = {"SYN_SENT": "SS", "SYN_RECEIVED": "SR", "SYN_RCVD": "SR", "ESTABLISHED": "EST", "FIN_WAIT_1": "FW1",
               "FIN_WAIT_2": "FW2", "CLOSE_WAIT": "CW", "LAST_ACK": "LA", "TIME_WAIT": "TW"}
LONG_STATE = re.compile(r"(?<=FSM_)(?:" + "|".join(LONG_STATES) + r")(?=_)")


class Spec:
    def __init__(self, documents):
        self.titles = {s["id"]: s["title"] for d in documents for s in d.get("section", [])}
        self.rows = {r["id"]: r for d in documents for r in d.get("row", [])}
        self.by_name = {i.replace("-", "_"): i for i in self.rows}
        families = {re.sub(r"\d+$", "", name) for name in self.by_name if re.search(r"_\d+$", name)}
        parts = sorted((re.escape(f) + r"\d+" for f in families), key=len, reverse=True)
        parts += [r"FSM_[A-Z0-9]+_[A-Z0-9]+", r"API_MTX_[A-Z0-9]+(?:_[A-Z0-9]+)*"]
        self.like_id = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(parts) + r")(?![A-Za-z0-9])")

    @classmethod
    def real(cls):
        return cls([tomllib.loads(p.read_text(encoding="utf-8")) for p in sorted((ROOT / "docs/spec").glob("*.toml"))])

    def ids(self, name):
        """(rows, words that look like a row's id but are none) of a test's name."""
        known, unknown = set(), set()
        short = LONG_STATE.sub(lambda match: LONG_STATES[match.group(0)], name.replace("-", "_"))
        for match in self.like_id.finditer(short):
            word = match.group(0)
            while word not in self.by_name and word.startswith("API_MTX_") and word.count("_") > 3:
                word = word.rsplit("_", 1)[0]
            if word in self.by_name:
                known.add(self.by_name[word])
            else:
                unknown.add(match.group(0))
        return known, unknown

    def named_by_program_run(self, key):
        """The row that a key of the conformance run's deviations means: a cell of the matrix is named by its state and call."""
        if key in self.rows:
            return key
        for identity, row in self.rows.items():
            if identity.startswith("API-MTX-") and key == "API-MTX-" + row.get("what", "").replace(": ", "-", 1).removesuffix(" ×2"):
                return identity
        return None

    def testable(self, section):
        return [i for i, r in self.rows.items() if r["section"] == section and not r.get("impossible")]


def sources():
    """Relative path → text of everything that may name a test."""
    found = {}
    for folder, patterns in (("src", ("*_test.cpp",)), ("tests", ("*.cpp", "*.ladder", "*.sh", "*.py"))):
        for pattern in patterns:
            for path in (ROOT / folder).rglob(pattern):
                if path.name != "spec_coverage.py":
                    found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return found


def names(path, text):
    """Names of the tests of a file, with their lines."""
    if path.endswith(".ladder"):
        first = text.splitlines()[0] if text else ""
        return [(1, pathlib.PurePath(path).stem.upper() + " " + first)]
    pattern = TEST_NAME if path.endswith(".cpp") else CONFORMANCE_ROW if path.startswith(CONFORMANCE) else SCRIPT_NAME
    found = []
    for match in pattern.finditer(text):
        words = [word for word in match.groups() if word]
        if not any(word.startswith("DISABLED_") for word in words):
            found.append((text.count("\n", 0, match.start()) + 1, " ".join(words)))
    return found


def differing(spec, deviations):
    """(rows that programs under `dialtone run` are answered otherwise, problems)."""
    found = {key: spec.named_by_program_run(key) for key in deviations}
    return set(found.values()) - {None}, [f"{CONFORMANCE}deviations.py: {key} is no row of docs/spec"
                                          for key, row in found.items() if row is None]


def collect(spec, files, differ=frozenset()):
    """(row → (place, test) of each that proves it, problems). A row of the conformance run proves nothing where it is known to differ."""
    proved, problems = {}, []
    for path, text in sorted(files.items()):
        for line, name in names(path, text):
            known, unknown = spec.ids(name)
            for row in known - (differ if path.startswith(CONFORMANCE) else set()):
                test = name.replace(" ", ".", 1) if path.endswith(".cpp") else "" if path.endswith(".ladder") else name
                proved.setdefault(row, []).append((f"{path}:{line}", test))
            problems += [f"{path}:{line}: {word} is no row of docs/spec" for word in sorted(unknown)]
        if path.endswith(".cpp"):
            for match in WHOLE_STRING.finditer(text):
                if match.group(1) in spec.rows:
                    line = text.count("\n", 0, match.start()) + 1
                    proved.setdefault(match.group(1), []).append((f"{path}:{line}", ""))
                elif spec.like_id.fullmatch(match.group(1).replace("-", "_")):
                    line = text.count("\n", 0, match.start()) + 1
                    problems.append(f"{path}:{line}: {match.group(1)} is no row of docs/spec")
    return proved, problems


def order(section):
    return [int(part) for part in section.split(".")]


def table(spec, proved, differ=frozenset()):
    """One dict a section: id, title, rows, testable, proved, percent, programs_differ."""
    result = []
    for section in sorted(spec.titles, key=order):
        testable = spec.testable(section)
        done = sum(1 for i in testable if i in proved)
        rows = sum(1 for r in spec.rows.values() if r["section"] == section)
        result.append({"section": section, "title": spec.titles[section], "rows": rows, "testable": len(testable),
                       "proved": done, "percent": round(100 * done / len(testable), 1) if testable else 100.0,
                       "programs_differ": sum(1 for i in testable if i in differ)})
    return result


def below_floor(sections, floor):
    found = []
    for section in sections:
        least = floor.get(section["section"], 0)
        if section["proved"] < least:
            found.append(f"section {section['section']} ({section['title']}): {section['proved']} rows are proved, "
                         f"{FLOOR} says {least}; a test that carried an id was lost")
        if section["proved"] > least + LAG_MAX:
            found.append(f"section {section['section']} ({section['title']}): {section['proved']} rows are proved, "
                         f"{FLOOR} says only {least}: python3 tests/spec_coverage.py --raise")
    known = {section["section"] for section in sections}
    found += [f"{FLOOR}: there is no section {name}" for name in floor if name not in known]
    return found


def read_floor():
    path = ROOT / FLOOR
    return tomllib.loads(path.read_text(encoding="utf-8"))["floor"] if path.exists() else {}


def raise_floor(sections):
    floor = read_floor()
    lines = ["# Rows of docs/spec that are proved by a test, by section: the numbers only rise (spec_coverage.py --raise).",
             "[floor]"]
    for section in sections:
        name = section["section"]
        lines.append(f'"{name}" = {max(section["proved"], floor.get(name, 0))}')
    (ROOT / FLOOR).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_page(spec, proved):
    text = spec_page.page(spec, proved, spec_page.Reasons.real(), spec_page.differing())
    (ROOT / spec_page.PAGE).write_text(text, encoding="utf-8")


def print_table(sections):
    width = max(len(s["title"]) for s in sections)
    print(f"{'':4}  {'section':{width}}  {'rows':>5}  {'proved':>6}  {'':>6}  {'programs differ':>15}")
    for s in sections:
        print(f"{s['section']:4}  {s['title']:{width}}  {s['rows']:5}  {s['proved']:6}  {s['percent']:5.1f}%  "
              f"{s['programs_differ'] or '':>15}".rstrip())
    rows, testable = sum(s["rows"] for s in sections), sum(s["testable"] for s in sections)
    proved = sum(s["proved"] for s in sections)
    print(f"{'':4}  {'all':{width}}  {rows:5}  {proved:6}  {100 * proved / testable:5.1f}%  "
          f"{sum(s['programs_differ'] for s in sections):15}")
    print(f"\n{rows - testable} rows are cells of the state machine that cannot happen; percent is of the others")
    print("programs differ: rows that the stack answers so, and a program under `dialtone run` otherwise (docs/deviations.md)")
    print("each row with its tests, or the reason why it has none: docs/conformance.md")


def self_test():
    spec = Spec([{"section": [{"id": "1", "title": "a"}],
                  "row": [{"id": i, "section": "1"} for i in ("TCP-A-001", "TCP-A-010", "FSM-EST-R1", "API-MTX-RST-SEND")]}])
    cpp = ("TEST(S, TCP_A_001_says_so) {}\nTEST_F(S,\n     FSM_EST_R1_closes) {}\nTEST(S, DISABLED_TCP_A_010_not_yet) {}\n"
           'auto rows = {{"API-MTX-RST-SEND", 1}};\n// TEST(S, TCP_A_010_x)\n')
    proved, problems = collect(spec, {"src/a/a_test.cpp": cpp})
    assert set(proved) == {"TCP-A-001", "FSM-EST-R1", "API-MTX-RST-SEND"}, proved
    assert not problems, problems
    proved, problems = collect(spec, {"src/a/a_test.cpp": "TEST(S, FSM_ESTABLISHED_R1_closes) {}\n"})
    assert set(proved) == {"FSM-EST-R1"} and not problems, (proved, problems)
    _, problems = collect(spec, {"src/a/a_test.cpp": "TEST(S, TCP_A_002_unknown) {}\n"})
    assert problems == ["src/a/a_test.cpp:1: TCP_A_002 is no row of docs/spec"], problems
    _, problems = collect(spec, {"src/a/a_test.cpp": "TEST(S, FSM_EST_Q9) {}\n"})
    assert len(problems) == 1, problems
    proved, _ = collect(spec, {"tests/scenario/tcp-a-010.ladder": "close by us\n", "tests/scenario/b.ladder": "x TCP-A-001\n"})
    assert set(proved) == {"TCP-A-010", "TCP-A-001"}, proved
    proved, _ = collect(spec, {"tests/steps/50-x.sh": "judge TCP-A-001.holds true\n# judge TCP-A-010\n"})
    assert set(proved) == {"TCP-A-001"}, proved
    rows_py = '@row("TCP-A-001", 1)\n@row("TCP-A-010", 2)\n'
    proved, problems = collect(spec, {"tests/conformance/rows.py": rows_py}, {"TCP-A-010"})
    assert set(proved) == {"TCP-A-001"} and not problems, (proved, problems)
    differ, problems = differing(spec, ["TCP-A-010", "TCP-A-999"])
    assert differ == {"TCP-A-010"} and len(problems) == 1, (differ, problems)
    assert table(spec, {}, {"TCP-A-010"})[0]["programs_differ"] == 1
    sections = table(spec, {"TCP-A-001": ["x"]})
    assert sections[0]["proved"] == 1 and not below_floor(sections, {"1": 1})
    assert "1 rows are proved" in below_floor(sections, {"1": 2})[0]
    assert below_floor(sections, {"9": 1})
    many = [{**sections[0], "proved": LAG_MAX + 1}]
    assert "--raise" in below_floor(many, {"1": 0})[0] and not below_floor(many, {"1": 1})
    spec_page.self_test(Spec)
    print("this check finds what it is made to find")


def deviations():
    sys.path.insert(0, str(ROOT / CONFORMANCE))
    sys.dont_write_bytecode = True
    from deviations import DEVIATIONS
    return DEVIATIONS


def print_missing(spec, proved, section):
    if section not in spec.titles:
        sys.exit(f"there is no section {section}; sections: {' '.join(sorted(spec.titles, key=order))}")
    for row in spec.testable(section):
        if row not in proved:
            print(f"{row:24} {spec.rows[row]['level']:10} {spec.rows[row]['what']}")


def main():
    parser = argparse.ArgumentParser(description="which rows of docs/spec are proved by a test")
    parser.add_argument("--missing", metavar="SECTION", help="rows of one section that no test proves")
    parser.add_argument("--where", metavar="ID", help="the tests that prove one row")
    parser.add_argument("--json", action="store_true", help="the table as one JSON document")
    parser.add_argument("--check", action="store_true", help="fail on an unknown id, or below the floor")
    parser.add_argument("--raise", dest="raise_floor", action="store_true",
                        help="raise the floor to what is proved now, drop reasons that no row needs, write the page")
    parser.add_argument("--page", action="store_true", help=f"write {spec_page.PAGE}")
    parser.add_argument("--self-test", action="store_true", help="shows that this check can fail")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    spec = Spec.real()
    differ, problems = differing(spec, deviations())
    proved, more = collect(spec, sources(), differ)
    problems += more
    sections = table(spec, proved, differ)
    if options.missing:
        print_missing(spec, proved, options.missing)
    elif options.where:
        print("\n".join(f"{place} {test}".rstrip() for place, test in proved.get(options.where, [("no test proves it", "")])))
        if options.where in differ:
            print("programs under `dialtone run` are answered otherwise: docs/deviations.md")
    elif options.json:
        print(json.dumps({"schema": "dialtone.spec/1", "sections": sections}, ensure_ascii=False, indent=1))
    elif options.raise_floor:
        raise_floor(sections)
        spec_page.drop_unused(spec, proved, spec_page.Reasons.real())
        write_page(spec, proved)
    elif options.page:
        write_page(spec, proved)
    else:
        if options.check:
            page = ROOT / spec_page.PAGE
            text = page.read_text(encoding="utf-8") if page.exists() else ""
            problems += below_floor(sections, read_floor()) + spec_page.problems(spec, proved, spec_page.Reasons.real(), text)
        else:
            print_table(sections)
        if problems:
            print("\n".join(problems), file=sys.stderr)
            sys.exit(1)


main()

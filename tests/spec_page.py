# docs/conformance.md: for each row of docs/spec whether a test proves it, which, and why not where none does.
"""Used by spec_coverage.py. Reasons stand in tests/spec_reasons.toml; what programs get otherwise in tests/conformance/deviations.py."""

import collections
import pathlib
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = "docs/conformance.md"
REASONS = "tests/spec_reasons.toml"
REASONED = "12345"  # chapters whose every row needs a test or a reason
SHOWN_MAX = 3  # tests named for one row

sys.path.insert(0, str(ROOT / "tests/conformance"))
import page as deviations_page  # noqa: E402
from deviations import DEVIATIONS  # noqa: E402

HEAD = """# Conformance

Every row of [the specification](spec/README.md): what it demands, whether a test proves it, and why not where none does.

| status | meaning |
|---|---|
| proved | the tests named assert the row |
| programs differ | the stack's answer is proved; a program under `dialtone run` gets another: [deviations.md](deviations.md) |
| not met | the stack does otherwise, or what the row needs is not built: the reason says which |
| not tested | built as far as we know, and no test asserts the whole row yet |
| cannot happen | a cell of the state machine whose event cannot occur in that state |

This page is written by `python3 tests/spec_coverage.py --page`, and a test compares it.
"""


class Reasons:
    """status → row or beginning of rows → sentence. An exact row comes before a beginning, a longer one before a shorter."""

    def __init__(self, document):
        self.tables = {"not met": document.get("not_met", {}), "not tested": document.get("not_tested", {})}

    @classmethod
    def real(cls):
        return cls(tomllib.loads((ROOT / REASONS).read_text(encoding="utf-8")))

    def key_of(self, row):
        """(status, key) whose sentence is the row's; None where there is none."""
        found = [(len(key), status, key) for status, table in self.tables.items() for key in table
                 if key == row or (key.endswith("-") and row.startswith(key))]
        return max(found)[1:] if found else None

    def of(self, row):
        key = self.key_of(row)
        return (key[0], self.tables[key[0]][key[1]]) if key else None

    def unused(self, spec, proved):
        """Keys that give no unproved row its reason."""
        used = {self.key_of(row) for section in spec.titles for row in spec.testable(section) if row not in proved}
        return [key for status, table in self.tables.items() for key in table if (status, key) not in used]


def differing():
    """Rows that programs get answered otherwise → reason."""
    known = deviations_page.rows()
    return {known[key]["id"]: why for key, (_, why) in DEVIATIONS.items()}


def tests_of(places):
    """The tests of one row, without lines: they move with every edit."""
    by_file = collections.OrderedDict()
    for place, test in sorted(places):
        path = place.rsplit(":", 1)[0]
        shown = by_file.setdefault(path, [])
        if test and test not in shown:
            shown.append(test)
    words = [word for path, tests in by_file.items() for word in ([f"{path} {test}" for test in sorted(tests)] or [path])]
    more = f" and {len(words) - SHOWN_MAX} more" if len(words) > SHOWN_MAX else ""
    return ", ".join(f"`{word}`" for word in words[:SHOWN_MAX]) + more


def status_of(row, proved, reasons, differ):
    """(status, tests, reason) of one row."""
    if row.get("impossible"):
        return "cannot happen", "", ""
    if row["id"] in proved:
        status = "programs differ" if row["id"] in differ else "proved"
        return status, tests_of(proved[row["id"]]), differ.get(row["id"], "")
    found = reasons.of(row["id"])
    if row["id"] in differ:
        return "programs differ", "", differ[row["id"]]
    return (found[0], "", found[1]) if found else ("not tested", "", "")


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def page(spec, proved, reasons, differ):
    lines = [HEAD]
    for section in sorted(spec.titles, key=lambda name: [int(part) for part in name.split(".")]):
        lines += [f"## {section} {spec.titles[section]}", "", "| row | level | what | status | tests | reason |", "|---|---|---|---|---|---|"]
        for row in spec.rows.values():
            if row["section"] != section:
                continue
            status, tests, reason = status_of(row, proved, reasons, differ)
            lines.append(f"| {row['id']} | {row['level']} | {cell(row['what'])} | {status} | {cell(tests)} | {cell(reason)} |")
        lines.append("")
    return "\n".join(lines)


def problems(spec, proved, reasons, text):
    """What is wrong with the reasons, and with the page as it stands (`text`)."""
    found = []
    for section in spec.titles:
        if section[0] in REASONED:
            found += [f"{row}: no test proves it and {REASONS} gives no reason" for row in spec.testable(section)
                      if row not in proved and not reasons.of(row)]
    found += [f"{REASONS}: {key} is needed by no row (--raise drops it)" for key in reasons.unused(spec, proved)]
    if text != page(spec, proved, reasons, differing()):
        found.append(f"{PAGE} is not up to date: python3 tests/spec_coverage.py --page")
    return found


def drop_unused(spec, proved, reasons):
    """Takes the reasons out of the file that no row needs any more."""
    unused = set(reasons.unused(spec, proved))
    path = ROOT / REASONS
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if line.split(" = ")[0].strip('"') not in unused]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def self_test(spec_of):
    spec = spec_of([{"section": [{"id": "1", "title": "a"}],
                     "row": [{"id": i, "section": "1", "level": "MUST", "what": "a|b", "test": "x → y"} for i in ("TCP-A-001", "TCP-A-002")]}])
    proved = {"TCP-A-001": [("src/a_test.cpp:7", "S.TCP_A_001_holds"), ("tests/scenario/a.ladder:1", "")]}
    reasons = Reasons({"not_met": {"TCP-A-": "not built"}, "not_tested": {"TCP-B-001": "x"}})
    text = page(spec, proved, reasons, {})
    assert "| TCP-A-001 | MUST | a\\|b | proved | `src/a_test.cpp S.TCP_A_001_holds`, `tests/scenario/a.ladder` |  |" in text, text
    assert "| TCP-A-002 | MUST | a\\|b | not met |  | not built |" in text, text
    assert "programs differ" in page(spec, proved, reasons, {"TCP-A-001": "pair"}).split("## 1")[1]
    assert problems(spec, proved, reasons, text) == [f"{REASONS}: TCP-B-001 is needed by no row (--raise drops it)"]
    assert "no reason" in problems(spec, proved, Reasons({}), page(spec, proved, Reasons({}), {}))[0]
    assert "not up to date" in problems(spec, proved, reasons, text + "x")[-1]
    assert reasons.of("TCP-A-002") == ("not met", "not built") and reasons.of("TCP-B-002") is None
    exact = Reasons({"not_met": {"TCP-A-": "a"}, "not_tested": {"TCP-A-002": "b"}})
    assert exact.of("TCP-A-002") == ("not tested", "b")

# Counts the tests of a ctest JUnit report for ./test: REPORT COUNTS SKIPS.
"""Appends `passed failed` to COUNTS and one `name: reason` line a skipped test to SKIPS."""

import re
import sys
import xml.etree.ElementTree as ElementTree


def reason(output):
    """What GTEST_SKIP() said: the line after `Skipped`, or the last line of the output."""
    lines = [line.strip() for line in (output or "").splitlines() if line.strip()]
    for before, line in zip(lines, lines[1:]):
        if re.search(r"Skipped$", before):
            return line
    return lines[-1] if lines else "no reason given"


def main():
    report, counts, skips = sys.argv[1:]
    passed, failed, skipped = 0, 0, []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        status = case.get("status")
        if status == "run":
            passed += 1
        elif status in ("notrun", "disabled"):
            skipped.append(f"{case.get('name')}: {reason(case.findtext('system-out'))}")
        else:
            failed += 1
    with open(counts, "a", encoding="utf-8") as file:
        print(passed, failed, file=file)
    with open(skips, "a", encoding="utf-8") as file:
        for line in skipped:
            print(line, file=file)
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")


main()

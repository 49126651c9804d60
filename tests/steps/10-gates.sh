#!/usr/bin/env bash
# limit: 120 s
# The gates that need no build: include graph, sizes, banned words, spec coverage; and that each can fail.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
for check in tests/tidy/check_*.py; do
    name=$(basename "$check" .py)
    judge "tidy.${name#check_}" python3 "$check"
    judge "tidy.${name#check_}.can_fail" python3 "$check" --self-test
done
judge deviations python3 tests/conformance/page.py --check
judge spec_coverage python3 tests/spec_coverage.py --check
judge spec_coverage.can_fail python3 tests/spec_coverage.py --self-test
finish

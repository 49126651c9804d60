#!/usr/bin/env bash
# limit: 900 s
# Every test that ctest knows, in the dev build; the static ones have run in 10-gates.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
run_ctest build/dev -LE static

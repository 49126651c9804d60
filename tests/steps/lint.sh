#!/usr/bin/env bash
# HEADERS FILE…: runs clang-tidy on the files, and on what they include of the headers that the pattern HEADERS matches.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
tidy=$(command -v clang-tidy-19) || skip "clang-tidy-19 is not installed"
headers=$1
shift
[ $# -gt 0 ] || exit 0
cmake --preset tidy >"$DIALTONE_SCRATCH/tidy.log" 2>&1 || { tail -n 20 "$DIALTONE_SCRATCH/tidy.log"; exit 1; }
status=0
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$tidy" --quiet "--header-filter=$headers" -p build/tidy 2>/dev/null >"$DIALTONE_SCRATCH/tidy.out" || status=1
# Headers are seen through many sources: each finding is shown once.
grep -E -A 4 '(error|warning):' "$DIALTONE_SCRATCH/tidy.out" | awk '!seen[$0]++' | head -n 200
exit $status

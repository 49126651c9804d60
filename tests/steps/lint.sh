#!/usr/bin/env bash
# FILE…: runs clang-tidy on the files, and on what they include of src/.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
tidy=$(command -v clang-tidy-19) || skip "clang-tidy-19 is not installed"
cmake --preset tidy >"$DIALTONE_SCRATCH/tidy.log" 2>&1 || { tail -n 20 "$DIALTONE_SCRATCH/tidy.log"; exit 1; }
exec python3 tests/steps/lint.py "$tidy" build/tidy "$DIALTONE_SCRATCH" "$@"

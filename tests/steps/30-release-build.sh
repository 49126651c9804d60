#!/usr/bin/env bash
# limit: 900 s
# Builds the preset release through ./dialtone, and checks what the sans-IO archives of that build lean on.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
./dialtone --version || exit 1
judge tidy.symbols.release python3 tests/tidy/built_symbols.py --build build/release
finish

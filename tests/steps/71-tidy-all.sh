#!/usr/bin/env bash
# full only, limit: 3600 s
# clang-tidy on every source.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
mapfile -t files < <(git ls-files 'src/*.cpp' | grep -v '_test\.cpp$')
exec bash tests/steps/lint.sh "${files[@]}"

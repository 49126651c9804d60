#!/usr/bin/env bash
# full only, limit: 3600 s
# The second compiler: clang 19 with ASan and UBSan, and every test of ctest.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
root=$DIALTONE_ROOT
. "$root/cmake/setup.sh"
mkdir -p build/clang
configure_and_build "$root/build/clang" "$root/build/clang/build.log" clang all || exit 1
run_ctest build/clang -LE static

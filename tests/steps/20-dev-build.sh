#!/usr/bin/env bash
# limit: 2700 s
# Builds the preset dev (g++, ASan and UBSan) with all tests; in CI a warning is an error.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
root=$DIALTONE_ROOT
. "$root/cmake/setup.sh"
mkdir -p build/dev
werror=OFF
[ "${CI:-}" != true ] || werror=ON
configure_and_build "$root/build/dev" "$root/build/dev/build.log" dev all -DDIALTONE_WERROR=$werror

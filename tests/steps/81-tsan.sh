#!/usr/bin/env bash
# full only, limit: 3600 s
# ThreadSanitizer on what has threads: the tests of the host.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
root=$DIALTONE_ROOT
. "$root/cmake/setup.sh"
mkdir -p build/tsan
configure_and_build "$root/build/tsan" "$root/build/tsan/build.log" tsan host_test || exit 1
run_ctest build/tsan -R '^host\.'

#!/usr/bin/env bash
# limit: 6000 s
# libFuzzer from the committed corpora, but for scripts of calls and recordings, 40 s each; with --full all fuzzers, 10 minutes each. A crash leaves its input in build/fuzz.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
root=$DIALTONE_ROOT
. "$root/cmake/setup.sh"
fuzzers=()
for source in tests/fuzz/*_fuzz.cpp; do [ ! -e "$source" ] || fuzzers+=("$(basename "$source" .cpp)"); done
[ "$DIALTONE_FULL" != 0 ] || fuzzers=(stack_fuzz ipv6_fuzz wire_fuzz reassembly_fuzz cookies_fuzz doctor_fuzz)
[ "${#fuzzers[@]}" -gt 0 ] || { echo "there is no fuzzer in tests/fuzz"; exit 1; }
mkdir -p build/fuzz
configure_and_build "$root/build/fuzz" "$root/build/fuzz/build.log" fuzz "${fuzzers[0]}" || exit 1
for fuzzer in "${fuzzers[@]:1}"; do cmake --build build/fuzz --target "$fuzzer" >>build/fuzz/build.log 2>&1 || exit 1; done
seconds=40
[ "$DIALTONE_FULL" = 0 ] || seconds=600

fuzz() {
    local found=build/fuzz/found/$1 corpus=tests/fuzz/corpus/$1
    mkdir -p "$found"
    [ -d "$corpus" ] || { echo "there is no corpus $corpus"; return 1; }
    "$(find build/fuzz -name "$1" -type f -perm -u+x | head -n 1)" "$found" "$corpus" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix="build/fuzz/$1-"
}
for fuzzer in "${fuzzers[@]}"; do judge "$fuzzer" fuzz "$fuzzer"; done
finish

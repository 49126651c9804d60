#!/usr/bin/env bash
# limit: 120 s
# The script ./dialtone itself, on a tiny tree: first use, two at once, changed and broken sources, missing packages.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
tree=$DIALTONE_SCRATCH/tree
mkdir -p "$tree/src" "$tree/cmake"
cp dialtone "$tree/"
cp cmake/setup.sh cmake/packages.txt "$tree/cmake/"
cat >"$tree/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES CXX)
add_executable(dialtone src/main.cpp)
CMAKE
cat >"$tree/CMakePresets.json" <<'JSON'
{"version": 6, "configurePresets": [{"name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build/release"}]}
JSON

# program WORD: sources of a program that prints the word, its arguments and its input, and exits with 7.
program() {
    printf '%s\n' '#include <cstdio>' 'int main(int argc, char** argv) {' "    std::puts(\"$1\");" \
        '    for (int i = 1; i < argc; ++i) std::puts(argv[i]);' \
        '    for (int c = std::getchar(); c != EOF; c = std::getchar()) std::putchar(c);' '    return 7;' '}' >"$tree/src/main.cpp"
}

# use EXPECTED-STATUS EXPECTED-STDOUT ARGUMENT…: stdin is the word `input`.
use() {
    local expected=$1 output=$2 status
    shift 2
    printf 'input\n' | "$tree/dialtone" "$@" >"$DIALTONE_SCRATCH/stdout" 2>"$DIALTONE_SCRATCH/stderr"
    status=$?
    [ "$status" = "$expected" ] || { echo "status $status, not $expected"; cat "$DIALTONE_SCRATCH/stderr"; return 1; }
    [ "$(cat "$DIALTONE_SCRATCH/stdout")" = "$output" ] || { echo "stdout:"; cat "$DIALTONE_SCRATCH/stdout"; return 1; }
}

says() { grep -q -- "$1" "$DIALTONE_SCRATCH/stderr" || { echo "stderr does not say $1:"; cat "$DIALTONE_SCRATCH/stderr"; return 1; }; }

first_use() { program one && use 7 $'one\na b\n--flag\ninput' 'a b' --flag && says 'first use: building'; }

second_use_is_silent() { use 7 $'one\ninput' && [ ! -s "$DIALTONE_SCRATCH/stderr" ]; }

changed_source() { program two && use 7 $'two\ninput' && says 'the sources have changed'; }

two_at_once() {
    program three
    "$tree/dialtone" </dev/null >"$DIALTONE_SCRATCH/a" 2>"$DIALTONE_SCRATCH/a.err" &
    local other=$!
    "$tree/dialtone" </dev/null >"$DIALTONE_SCRATCH/b" 2>"$DIALTONE_SCRATCH/b.err"
    local status=$?
    wait "$other"
    [ "$?$status" = 77 ] && [ "$(cat "$DIALTONE_SCRATCH/a" "$DIALTONE_SCRATCH/b")" = $'three\nthree' ] &&
        [ "$(cat "$DIALTONE_SCRATCH/a.err" "$DIALTONE_SCRATCH/b.err" | grep -c 'built in')" = 1 ]
}

broken_source() { echo 'int main() { return nothing; }' >"$tree/src/main.cpp" && use 125 '' && says 'was not declared'; }

missing_package() {
    echo 'build no-such-package-for-dialtone' >>"$tree/cmake/packages.txt"
    program four
    chmod -R a+rwX "$tree"
    as_plain_user "$tree/dialtone" >"$DIALTONE_SCRATCH/stdout" 2>"$DIALTONE_SCRATCH/stderr"
    [ $? = 125 ] && [ ! -s "$DIALTONE_SCRATCH/stdout" ] &&
        says '^help: sudo apt-get install -y --no-install-recommends no-such-package-for-dialtone$'
}

judge first_use.builds_and_runs first_use
judge first_use.second_use_is_silent second_use_is_silent
judge first_use.changed_source_is_built changed_source
judge first_use.two_at_once_build_once two_at_once
judge first_use.broken_source_ends_with_125 broken_source
if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || ! sudo -n true 2>/dev/null; }; then
    judge first_use.missing_package_names_the_line missing_package
else
    skip_one first_use.missing_package_names_the_line "no apt, or sudo would install it"
fi
finish

#!/usr/bin/env bash
# limit: 120 s
# The form of the C++ files: clang-format 14 would change nothing.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
format=$(command -v clang-format-14 || command -v clang-format) || skip "clang-format is not installed"
"$format" --version | grep -q 'version 14\.' || skip "$("$format" --version): version 14 decides"
mapfile -t files < <(git ls-files -co --exclude-standard '*.cpp' '*.hpp')
mapfile -t wrong < <("$format" --dry-run "${files[@]}" 2>&1 | sed -n 's/:[0-9]*:[0-9]*: warning: .*//p' | sort -u)
[ "${#wrong[@]}" -gt 0 ] || exit 0
printf '%d files have another form; to mend them:\nclang-format -i %s\n' "${#wrong[@]}" "${wrong[*]}"
exit 1

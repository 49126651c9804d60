#!/usr/bin/env bash
# limit: 400 s
# clang-tidy on the sources that this change touches, ten at most (--full takes them all, step 71).
. "$DIALTONE_ROOT/tests/steps/lib.sh"
git rev-parse --verify -q HEAD >/dev/null || skip "this tree is not a git clone, so no file is known to have changed"
base=''
for branch in origin/main main; do
    base=$(git merge-base HEAD "$branch" 2>/dev/null) && [ "$base" != "$(git rev-parse HEAD)" ] && break
done
# On main itself: the last commit.
if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then base=$(git rev-parse -q --verify HEAD~1 || git rev-parse HEAD); fi
mapfile -t changed < <(git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' | grep -v '_test\.cpp$')
printf '%d changed sources since %s\n' "${#changed[@]}" "$(git rev-parse --short "$base")"
[ "${#changed[@]}" -gt 0 ] || skip "no source under src has changed"
[ "${#changed[@]}" -le 10 ] || printf 'not read here, --full does: %s\n' "${changed[*]:10}"
exec bash tests/steps/lint.sh "${changed[@]:0:10}"

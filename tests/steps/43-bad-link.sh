#!/usr/bin/env bash
# limit: 600 s
# 20 MB over a link that loses, doubles, reorders and delays, as the caller and as a plain user at once: it waits more than works.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
. tests/apps/judge.sh
prepare_apps
check=files.20_mb_over_a_bad_link
(judge_check apps "$check" env; exit "$bad") &
other=$!
judge_check plain_user "$check" as_plain_user
wait "$other" || bad=1
finish

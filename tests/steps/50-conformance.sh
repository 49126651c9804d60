#!/usr/bin/env bash
# limit: 300 s
# The same questions to the socket calls, asked of the Linux kernel and of Dialtone; deviations are listed with their reasons.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
. tests/apps/judge.sh
prepare_apps
rows=$apps/conformance/run.py
home=$DIALTONE_SCRATCH/conformance-home
mkdir -p "$home" && chmod 777 "$home"
in_own_home() { env HOME="$home" XDG_STATE_HOME="$home/state-$1" XDG_RUNTIME_DIR= "${@:2}"; }

# Its expected answers were measured on Linux 6.18: another kernel answers some rows otherwise, and that is no fault of ours.
if [ "$(uname -r | cut -d. -f1,2)" = 6.18 ] && in_netns true 2>/dev/null; then
    judge conformance.linux in_netns "$python" "$rows" --on linux
    judge conformance.linux_v6 in_netns "$python" "$rows" --on linux --ipv6
else
    skip_one conformance.linux "the answers are those of Linux 6.18 in a network namespace, this is $(uname -r)"
fi
judge conformance.dialtone in_own_home root "$DIALTONE" run -q -- "$python" "$rows" --on dialtone
judge conformance.dialtone_v6 in_own_home root "$DIALTONE" run -q --ipv6 -- "$python" "$rows" --on dialtone --ipv6
judge conformance.dialtone_as_plain_user as_plain_user env HOME="$home" XDG_STATE_HOME="$home/state-plain" XDG_RUNTIME_DIR= \
    "$DIALTONE" run -q -- "$python" "$rows" --on dialtone
finish

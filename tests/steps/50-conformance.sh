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

# The rows of IPv6 ask for a link, eth0 of number 2, that has an address of its own.
# shellcheck disable=SC2016
make_link='ip link add eth0 index 2 type veth peer name far index 3 &&
    ip link set eth0 addrgenmode none up && ip link set far addrgenmode none up &&
    ip addr add fe80::5/64 dev eth0 nodad && ip addr add fe80::6/64 dev far nodad'
with_a_link() { in_netns sh -c "$make_link && exec \"\$@\"" sh "$@"; }

# Its expected answers were measured on Linux 6.18: another kernel answers some rows otherwise, and that is no fault of ours.
if [ "$(uname -r | cut -d. -f1,2)" = 6.18 ] && in_netns true 2>/dev/null; then
    judge conformance.linux in_netns "$python" "$rows" --on linux
    if with_a_link true 2>/dev/null; then
        judge conformance.linux_v6 with_a_link "$python" "$rows" --on linux --ipv6
    else
        skip_one conformance.linux_v6 "this kernel makes no link in a network namespace"
    fi
else
    skip_one conformance.linux "the answers are those of Linux 6.18 in a network namespace, this is $(uname -r)"
fi
judge conformance.dialtone in_own_home root "$DIALTONE" run -q -- "$python" "$rows" --on dialtone
judge conformance.dialtone_v6 in_own_home root "$DIALTONE" run -q --ipv6 -- "$python" "$rows" --on dialtone --ipv6
judge conformance.dialtone_as_plain_user as_plain_user env HOME="$home" XDG_STATE_HOME="$home/state-plain" XDG_RUNTIME_DIR= \
    "$DIALTONE" run -q -- "$python" "$rows" --on dialtone
finish

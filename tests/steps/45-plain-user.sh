#!/usr/bin/env bash
# limit: 400 s
# The same programs as a user without any capability; then also where user namespaces are forbidden.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
. tests/apps/judge.sh
prepare_apps

# forbidden COMMAND…: no capability, and no namespace can be made: the limit of a new user namespace is 0 below it.
forbidden() {
    # shellcheck disable=SC2016
    unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces &&
        exec setpriv --bounding-set -all --inh-caps -all -- "$@"' sh "$@"
}

no_capability() { [ "$("$@" sed -n 's/^CapEff:\s*//p' /proc/self/status)" = 0000000000000000 ]; }
no_namespace() { ! forbidden unshare --user true; }

judge plain_user.has_no_capability no_capability as_plain_user
judge_files plain_user as_plain_user demo files sharing backlog errors signals network_file servers bad_input
if forbidden true 2>/dev/null; then
    judge no_namespaces.has_no_capability no_capability forbidden
    judge no_namespaces.are_forbidden no_namespace
    judge_files no_namespaces forbidden demo files sharing errors signals servers
else
    skip_one no_namespaces "this machine does not let us forbid user namespaces to a program"
fi
finish

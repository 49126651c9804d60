#!/usr/bin/env bash
# limit: 400 s
# The Linux kernel as peer over a TAP interface, in network namespaces that the checks make: both directions, with and without offload.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
. tests/apps/judge.sh
prepare_apps
at_once=1  # each check has bulk and short limits
judge_files tap env tap tap_wire lease
finish

#!/usr/bin/env bash
# limit: 300 s
# What is typed wrong, missing or interrupted: one sentence, the exit status, nothing left running; ss from another terminal; what a terminal sees; doctor --watch on one.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
. tests/apps/judge.sh
prepare_apps
judge_files cli env bad_input terminal watch
finish

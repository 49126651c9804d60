#!/usr/bin/env bash
# limit: 300 s
# Unmodified programs on the stack: demo, files, shared descriptors, backlog, errnos, signals, network.toml, real servers.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
. tests/apps/judge.sh
prepare_apps
judge_files apps env demo files sharing backlog errors signals network_file servers ipv6 ping multicast
finish

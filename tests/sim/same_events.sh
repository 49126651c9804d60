#!/usr/bin/env bash
# same_events.sh SIM_RUN SEED…: one seed in two processes whose addresses differ gives the same events, one by one.
set -eu
sim=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fixed=()
if setarch -R true 2>/dev/null; then fixed=(setarch -R); fi
for seed in "$@"; do
    "$sim" --seed "$seed" --events >"$scratch/one"
    # Another layout: no randomisation where that is allowed, else another draw; and a larger environment moves the stack.
    FILLER=$(printf '%4096s' '') ${fixed[@]+"${fixed[@]}"} "$sim" --seed "$seed" --events >"$scratch/two"
    [ -s "$scratch/one" ] || { echo "seed $seed has no events"; exit 1; }
    cmp "$scratch/one" "$scratch/two" || { echo "seed $seed differs between two processes"; exit 1; }
done

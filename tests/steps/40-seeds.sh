#!/usr/bin/env bash
# limit: 600 s
# The swarm: past failures first, then 2,000 seeds, replays of recorded seeds, and one seed in two processes.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
cmake --preset release >"$DIALTONE_SCRATCH/configure.out" 2>&1 || {
    cat "$DIALTONE_SCRATCH/configure.out"
    exit 1
}
cmake --build build/release --target sim_run >"$DIALTONE_SCRATCH/build.out" 2>&1 || {
    tail -n 50 "$DIALTONE_SCRATCH/build.out"
    exit 1
}
sim=build/release/sim_run
judge sim.past_failures "$sim" --file tests/sim/seeds.txt
judge sim.seeds "$sim" --seeds 1..2000
judge sim.replay "$sim" --seeds 1..100 --replay
judge sim.same_events tests/sim/same_events.sh "$sim" 1 2 3 4 5
finish

#!/usr/bin/env bash
# limit: 600 s
# The swarm: past failures first, then 20,000 seeds, replays of recorded seeds, and one seed in two processes.
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
# Shards of 1,000 seeds, one process for each core.
shards() {
    local shard status=0
    for shard in {0..19}; do printf '%d..%d\n' "$((shard * 1000 + 1))" "$((shard * 1000 + 1000))"; done |
        xargs -P "$(nproc)" -n 1 "$sim" --seeds >"$DIALTONE_SCRATCH/seeds.out" || status=1
    grep -v ' 0 failed$' "$DIALTONE_SCRATCH/seeds.out"
    [ "$(grep -c '^1000 seeds, .* 0 failed$' "$DIALTONE_SCRATCH/seeds.out")" = 20 ] || status=1
    return "$status"
}
judge sim.seeds shards
judge sim.replay "$sim" --seeds 1..100 --replay
judge sim.same_events tests/sim/same_events.sh "$sim" 1 2 3 4 5
finish

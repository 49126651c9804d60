# Sourced by the steps of ./test: working folder, counting, skipping, network namespaces.
# shellcheck shell=bash
set -u
cd "$DIALTONE_ROOT" || exit 1
bad=0

# judge NAME COMMAND…: one counted check. Its output is shown only where it fails.
judge() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "1 0" >>"$DIALTONE_COUNTS"
    else
        printf 'FAIL %s\n%s\n' "$name" "$output"
        echo "0 1" >>"$DIALTONE_COUNTS"
        bad=1
    fi
}

# skip_one NAME REASON: one counted check that could not be run here.
skip_one() { printf '%s: %s\n' "$1" "$2" >>"$DIALTONE_SKIPS"; }

# skip REASON: the whole step cannot be run here.
skip() {
    printf '%s\n' "$*"
    exit 77
}

# The end of a step that used judge.
finish() { exit "$bad"; }

# in_netns COMMAND…: runs it in a new network namespace with lo up; a plain user gets a user namespace first.
in_netns() {
    local as=()
    [ "$(id -u)" = 0 ] || as=(--map-root-user)
    # shellcheck disable=SC2016
    unshare "${as[@]}" --net -- sh -c 'ip link set lo up && exec "$@"' sh "$@"
}

# as_plain_user COMMAND…: as an unprivileged user without any capability.
as_plain_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --inh-caps -all -- "$@"
    else
        "$@"
    fi
}

# run_ctest BUILD [ARGUMENT…]: runs ctest, counts its tests one by one, shows what failed. No test at all is a failure.
run_ctest() {
    local build=$1 report=$DIALTONE_SCRATCH/ctest.xml
    shift
    rm -f "$report"
    ctest --test-dir "$build" -j "$(nproc)" --output-on-failure --no-tests=error --output-junit "$report" "$@" \
        >"$DIALTONE_SCRATCH/ctest.out" 2>&1
    local status=$?
    [ "$status" = 0 ] || grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ *Start +[0-9]+:' "$DIALTONE_SCRATCH/ctest.out" | tail -n 200
    python3 tests/steps/count_ctest.py "$report" "$DIALTONE_COUNTS" "$DIALTONE_SKIPS" || status=1
    exit "$status"
}

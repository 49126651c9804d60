# Sourced by the steps that run real programs: a copy of the tests that any user may read, and each check counted by itself.
# shellcheck shell=bash
apps=$DIALTONE_SCRATCH/apps
export PYTHONDONTWRITEBYTECODE=1 DIALTONE=$apps/bin/dialtone DIALTONE_GO_WEB=$apps/web
# The first python3 of PATH may be one that only this user can run.
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || skip "python3 is not installed"
at_once=3  # checks: most of them wait most of the time

# Puts the tests, the binaries and the Go program where any user finds them, once a run of ./test.
prepare_apps() {
    [ ! -e "$apps/ready" ] || return 0
    mkdir -p "$apps/bin"
    cp -r tests/apps tests/conformance examples "$apps/"
    cp "$DIALTONE_BIN" "$(dirname "$DIALTONE_BIN")/hello" "$apps/bin/" || exit 1
    if command -v go >/dev/null; then
        (cd tests/apps/go && CGO_ENABLED=0 GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPATH=$apps/go-path GOCACHE=$apps/go-cache \
            go build -o "$apps/web" .) || exit 1
        chmod -R u+w "$apps/go-cache" "$apps/go-path" 2>/dev/null
        rm -rf "$apps/go-cache" "$apps/go-path"
    fi
    chmod -R a+rX "$apps"
    touch "$apps/ready"
}

# checks_of FILE…: the checks as FILE.NAME.
checks_of() {
    local file check
    for file in "$@"; do
        for check in $("$python" "$apps/apps/$file.py" --list); do echo "$file.$check"; done
    done
}

# judge_check PREFIX CHECK COMMAND…: one check, run by the command (as_plain_user …); exit status 77 is a skip with its reason.
judge_check() {
    local prefix=$1 check=$2 output status
    shift 2
    output=$(cd / && "$@" "$python" "$apps/apps/${check%%.*}.py" "${check#*.}" 2>&1)
    status=$?
    if [ "$status" = 77 ]; then
        skip_one "$prefix.$check" "${output##*: }"
    else
        judge "$prefix.$check" sh -c 'printf "%s\n" "$2"; exit "$1"' sh "$status" "$output"
    fi
}

# judge_files PREFIX COMMAND FILES: all checks of the files but the slow one of the bad link, which has a step of its own.
judge_files() {
    local prefix=$1 command=$2 check failed=$DIALTONE_SCRATCH/failed
    shift 2
    rm -f "$failed"
    for check in $(checks_of "$@"); do
        case $check in *_over_a_bad_link) continue ;; esac
        while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do wait -n; done
        (judge_check "$prefix" "$check" $command && [ "$bad" = 0 ] || touch "$failed") &
    done
    wait
    [ ! -e "$failed" ] || bad=1
}

# Sourced by ./dialtone and ./test: finds and installs missing packages, builds a preset quietly.
# Everything it says goes to stderr; it ends the caller with exit status 125 where it cannot go on.
# The caller has set `root`, the folder of the source tree.
# shellcheck shell=bash disable=SC2154

say() { printf 'dialtone: %s\n' "$*" >&2; }

stop() { say "$@"; exit 125; }

# Prints the packages of the given groups that are not installed, one a line.
missing_packages() {
    local groups=" $* " group names name installed
    installed=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' 2>/dev/null) "
    while read -r group names; do
        case "$groups" in *" $group "*) ;; *) continue ;; esac
        for name in ${names//|/ }; do
            case "$installed" in *" installed=$name "*) continue 2 ;; esac
        done
        printf '%s\n' "${names%%|*}"
    done <"$root/cmake/packages.txt"
}

# apt_get LOG ARGUMENT…: quiet apt-get, as root through `as_root`; its output is added to LOG.
apt_get() {
    local log=$1
    shift
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >>"$log" 2>&1
}

# Debian starts a server when it is installed, unless this file says no. The tests start their own.
services_off() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then policy=''; return; fi
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null &&
        "${as_root[@]}" chmod 755 "$policy"
    trap services_as_before EXIT
}

services_as_before() {
    [ -z "$policy" ] || "${as_root[@]}" rm -f "$policy"
    policy=''
}

# ensure_packages GROUP…: all packages of the groups are installed afterwards, or the program ends. Where
# there is no apt, CMake's own checks decide.
ensure_packages() {
    local missing log line policy='' as_root=()
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    line="apt-get install -y --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo -n)
        if ! sudo -n true 2>/dev/null; then
            say "packages are missing that only root may install: ${missing[*]}"
            printf 'help: sudo %s\n' "$line" >&2
            exit 125
        fi
    fi
    log=$(mktemp) || stop "cannot write to ${TMPDIR:-/tmp}"
    say "installing packages: ${missing[*]}"
    services_off
    # The second attempt is for a mirror that was busy; what cannot be fetched shows in the install.
    apt_get "$log" update || { sleep 5; apt_get "$log" update; }
    if ! apt_get "$log" install --no-install-recommends "${missing[@]}"; then
        tail -n 20 "$log" >&2
        say "apt-get could not install the packages (its output: $log)"
        printf 'help: %s\n' "$line" >&2
        exit 125
    fi
    services_as_before
    rm -f "$log"
}

# configure_and_build DIR LOG PRESET TARGET [-DNAME=VALUE…]: no output but one line of progress; TARGET may
# be `all`. Returns non-zero with the compiler's errors shown.
configure_and_build() {
    local dir=$1 log=$2 preset=$3 target=$4 status='' line
    shift 4
    # A build folder remembers where its sources were; a tree that was moved or copied starts anew.
    if [ -f "$dir/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt"; then
        rm -rf "$dir/CMakeCache.txt" "$dir/CMakeFiles"
    fi
    if ! (cd "$root" && cmake --preset "$preset" "$@") </dev/null >"$log" 2>&1; then
        grep -A 6 'CMake Error' "$log" | head -n 40 >&2
        say "cmake --preset $preset failed (its output: $log)"
        return 1
    fi
    if [ -t 2 ]; then
        # [n/m] of ninja, on one line that is rewritten.
        cmake --build "$dir" --target "$target" </dev/null 2>&1 | tee -a "$log" | while IFS= read -r line; do
            case "$line" in "["*/*"]"*) printf '\r\033[Kdialtone: building %s %s' "$preset" "${line%%]*}]" >&2 ;; esac
        done
        status=${PIPESTATUS[0]}
        printf '\r\033[K' >&2
    else
        cmake --build "$dir" --target "$target" </dev/null >>"$log" 2>&1
        status=$?
    fi
    [ "$status" = 0 ] && return 0
    grep -E -A 12 '(error|undefined reference|FAILED|warning.*-Werror)' "$log" | head -n 60 >&2
    say "the build of $preset failed (all of its output: $log)"
    return 1
}

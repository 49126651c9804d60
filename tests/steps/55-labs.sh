#!/usr/bin/env bash
# limit: 400 s
# The labs of dialtone doctor: each rule's situation made with real programs, exactly that rule must fire; a healthy host; a plain user.
. "$DIALTONE_ROOT/tests/steps/lib.sh"
[ -x "$DIALTONE_BIN" ] || skip "there is no release build (step 30)"
in_netns true 2>/dev/null || skip "network namespaces cannot be made here"
labs() { python3 tests/labs/lab.py --doctor "$DIALTONE_BIN" --jobs 10 "$@"; }

# Each lab counts; the matrix of rules and labs is shown.
labs >"$DIALTONE_SCRATCH/labs"
while read -r verdict name rest; do
    case $verdict in
    ok) echo "1 0" >>"$DIALTONE_COUNTS" ;;
    FAIL) echo "0 1" >>"$DIALTONE_COUNTS"; bad=1 ;;
    SKIP) skip_one "labs.$name" "$(grep -A 1 "^SKIP $name " "$DIALTONE_SCRATCH/labs" | tail -n 1 | sed 's/^ *//') ($rest)" ;;
    esac
done < <(grep -E '^(ok|FAIL|SKIP) ' "$DIALTONE_SCRATCH/labs")
grep -q '^ok ' "$DIALTONE_SCRATCH/labs" || bad=1
[ "$bad" = 0 ] || sed -n '/^FAIL/,/^ok/p' "$DIALTONE_SCRATCH/labs"
sed -n '/^ *R[0-9]/,$p' "$DIALTONE_SCRATCH/labs"

# A python3 of root's own is not for others.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
plain_user() { as_plain_user "$python" tests/labs/lab.py --doctor "$DIALTONE_BIN" backlog close_wait quiet_host time_wait; }
if as_plain_user unshare --map-root-user --net true 2>/dev/null; then
    judge labs.plain_user plain_user
else
    skip_one labs.plain_user "a plain user may not make namespaces here"
fi
finish

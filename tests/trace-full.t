#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A trace that finds no room: the run ends soon, says why in one line, and leaves a database that can be asked. What
# "no room" is: a limit for the size of a file, and, where the test may mount one, a file system of 3 MB.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
trap 'cd /; umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
endless() { run timeout 100 "$TARRY" run -o "$1" faultloop 100000000; }

# usable NAME DB: sound, whole up to its end, and answering
usable() {
    is "$1: integrity" "$(sqlite3 "$2" 'pragma integrity_check')" ok
    is "$1: says that it is not complete" "$(sqlite3 "$2" 'select complete from run')" 0
    ok "$1: has rows" test "$(sqlite3 "$2" 'select count(*) from event')" -gt 500
    is "$1: as many as it says" "$(sqlite3 "$2" 'select events = (select count(*) from event) from run')" 1
    run "$TARRY" query "$2" faults
    is "$1: answers" "$status" 0
    matches "$1: with a warning" "$err" "^tarry: .*still going on or was killed"
}

ended() { # NAME REASON
    is "$1: exit status" "$status" 2
    matches "$1: message" "$err" "^tarry: trace .*: cannot write: $2; make room or choose another place with -o; the file holds what was written before\$"
    is "$1: one line" "$(wc -l <.err)" 1
}

# SIGXFSZ does not kill: the error code does what is needed
(ulimit -f 3000 && endless limit.db && printf '%s\n' "$status" >status)
status=$(cat status) err=$(cat .err)
ended "size limit" "disk I/O error"
usable "size limit" limit.db

run "$TARRY" run -o good.db faultloop 10
good=$(sqlite3 good.db .dump | cksum)
(ulimit -f 3000 && endless good.db)
is "a good trace of the name stays" "$(sqlite3 good.db .dump | cksum)" "$good"
usable "the new one beside it" good.db.part
run "$TARRY" run -o good.db faultloop 20
is "the next run takes the name again" "$status $(sqlite3 good.db 'select complete from run')" "0 1"
ok "and leaves no half of one" test ! -e good.db.part

mkdir small
if mount -t tmpfs -o size=3M none small 2>/dev/null; then
    endless small/full.db
    ended "full disk" "database or disk is full"
    usable "full disk" small/full.db
    rm small/*
    head -c 2900000 /dev/zero >small/ballast
    endless small/none.db
    is "no room at all: exit status" "$status" 2
    matches "no room at all: message" "$err" "^tarry: trace small/none.db: cannot create: No space left on device; choose another place with -o"
    is "no room at all: nothing is left" "$(ls small)" ballast
    umount small
else
    echo "# not allowed to mount: a full disk is not tried"
fi
endless /dev/full
is "a device is not a place for a trace" "$status" 2
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Guest programs that misbehave: the process dies with a message that names cause, address and pc; the kernel goes on.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

dies() { # PROGRAM PATTERN
    run "$TARRY" run -o x.db --mem 64M sh -c "$1; echo alive"
    is "$1: the kernel goes on" "$status" 0
    matches "$1: message" "$out$err" "$1 [0-9]+: sys: trap: $2"
    matches "$1: others run" "$out" "alive"
    is "$1: the note is in the trace" "$("$TARRY" query x.db --format csv "select count(*) from note_view where text like '%sys: trap:%'" | tail -1 | tr -d '\r')" 1
    is "$1: the invariants hold" "$("$TARRY" query x.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""
}
hex='0x[0-9a-f]+'
dies badjump "fault execute addr=$hex pc=$hex"
dies badstore "fault write addr=$hex pc=$hex"
dies nullderef "fault (read|write) addr=0x[0-9a-f]* ?pc=$hex"
dies badinsn "illegal instruction.* pc=$hex"
dies overflow "fault write addr=$hex pc=$hex"

run "$TARRY" run -o x.db --mem 64M badptr
is "badptr: every bad pointer is refused" "$status" 0
run "$TARRY" run -o x.db --mem 32M sh -c 'forkbomb; echo alive'
is "forkbomb: the kernel goes on" "$status" 0
matches "forkbomb: others run" "$out" "alive"
run "$TARRY" run -o x.db --mem 8M sh -c 'faultloop 100000 100000; echo alive'
matches "out of memory: others run" "$out" "alive"
# the first process itself
run "$TARRY" run -o x.db badjump
is "the first process dies: status" "$status" 1
done_testing

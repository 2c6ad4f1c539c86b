#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's self-checking programs, usertests and defertests, under the policies and with little memory; random operations with fresh
# seeds; and that they can fail.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

cp --sparse=always "$BUILD/guest.img" disk.img
# tests NAME OPTION...
tests() {
    local name=$1
    shift
    run "$TARRY" run -o x.db --image disk.img --keep "$@" usertests
    is "$name: exit status" "$status" 0
    is "$name: failures" "$(grep -E '^not ok|panic' <<<"$out$err")" ""
    matches "$name: tests of the kernel" "$out" 'usertests: ([0-9]+) of ([0-9]+) passed'
    is "$name: all of them" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    matches "$name: tests of notes" "$out" 'notetests: ([0-9]+) of ([0-9]+) passed'
    is "$name: all of them" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    matches "$name: tests of deferred I/O" "$out" 'defertests: ([0-9]+) of ([0-9]+) passed'
    is "$name: all of them" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
}
free() { "$TARRY" fs stat disk.img | grep -i free; }

tests "deferred" --io deferred --mem 256M
before=$(free) # the directories that held the tests' files have grown; from now on nothing does
tests "deferred, 16 MiB" --io deferred --mem 16M
is "S4: as many blocks are free as before" "$(free)" "$before"
is "S4: no snapshot is left" "$("$TARRY" query x.db --format csv "select count(*) from snapshot where dur is null" | tail -1 | tr -d '\r')" 0
tests "eager" --io eager --mem 256M
run "$TARRY" fs check disk.img
is "the file system is clean" "$status" 0

# Random operations beside a model. To repeat a failure: TARRY_SEED=... tests/programs-usertests.t
seed=${TARRY_SEED:-$(date +%s%N)}
echo "# TARRY_SEED=$seed"
for i in 0 1 2 3; do
    io=deferred
    [ $i = 3 ] && io=eager
    run "$TARRY" run --trace none --io $io --mem 16M defertests --seed $((seed + i)) --rounds 2000 random_operations
    is "random operations, --io $io, seed $((seed + i))" "$status $(grep -v '^ok' <<<"$out$err")" "0 defertests: 1 of 1 passed"
done
run "$TARRY" run -o x.db usertests nosuchtest
is "a test that does not exist is a failure" "$status" 1
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Random file operations in the guest against a model (guestos/user/fsmodel), while the power is cut again and again: after each cut
# the file system is clean, it holds the state of one moment, and that is not before the last sync that had returned. The
# disk loses sectors that were written since its last flush. TARRY_SEED replays a run; TARRY_OPS is how many operations (1500).
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
ops=${TARRY_OPS:-1500}
[ "$ops" -gt 6000 ] && ops=6000 # of one disk; a boot goes through the model from the beginning
seed=${TARRY_SEED:-$((0x5eed))}
echo "# TARRY_SEED=$seed TARRY_OPS=$ops"
RANDOM=$((seed & 32767))

synced() { sed -n 's/^synced //p' .out | tail -1 | tr -d '\r'; }

# model SEED OPTION...: boots until the model program is done. Sets cuts, worst (what went wrong, "" if nothing).
model() {
    local seed=$1 last=0 now
    shift
    cuts=0 worst=
    while [ -z "$worst" ]; do
        local fault=power,after:$((RANDOM % 90)) io=deferred
        [ $((RANDOM % 3)) = 0 ] || fault=$fault,lose:$RANDOM
        [ $((RANDOM % 4)) = 0 ] && io=eager
        run timeout 120 "$TARRY" run --trace none --mem 16M --image m.img --keep --io $io "$@" --disk-fault "$fault" \
            fsmodel "$seed" "$ops" $last
        now=$(synced)
        [ "$status" = 0 ] && break
        [ "$status" = 124 ] || worst="--io $io --disk-fault $fault: status $status: $(tail -1 .out) $err"
        cuts=$((cuts + 1))
        last=${now:-$last}
        "$TARRY" fs check m.img >.check 2>&1 || worst="${worst:+$worst; }after $fault: $(cat .check)"
    done
}

cp --sparse=always "$BUILD/guest.img" m.img
model "$seed"
is "the power is cut wherever it may be: nothing is lost" "$worst" ""
is "... and the operations come to their end" "$(tail -1 .out)" "done $ops"
ok "... with cuts in between ($cuts)" [ "$cuts" -gt $((ops / 200)) ]
run "$TARRY" fs check m.img
is "... the file system is clean" "$status $out" "0 m.img: clean"
run "$TARRY" run --trace none --image m.img fsmodel "$seed" "$ops"
is "... and holds what it should, with plenty of memory too" "$(tail -1 <<<"$out")" "done $ops"

cp --sparse=always "$BUILD/guest.img" m.img
model $((seed + 1)) --lend on --fill-around seq
is "the same with lent frames and pages around" "$worst" ""
is "... and the operations come to their end" "$(tail -1 .out)" "done $ops"

# The checker must be able to fail.
run "$TARRY" run --trace none --image m.img fsmodel "$seed" "$ops"
is "control: a disk of other operations" "$status" 1
run "$TARRY" run --trace none --image m.img fsmodel $((seed + 1)) "$ops" $((ops + 1))
matches "control: an older state than the last sync" "$status $out" "^1 .*a sync at $((ops + 1)) had succeeded"

# --disk-fault power by itself.
cp --sparse=always "$BUILD/guest.img" p.img
run "$TARRY" run -o p.db --image p.img --keep --disk-fault power,after:2 sh -c 'echo x >/f; sync; echo not reached'
is "power: the run ends" "$status $out" "124 "
matches "power: it says so" "$err" "^tarry: the power was cut after 2 writes to the disk \(--disk-fault\)$"
is "power: so does the trace" "$("$TARRY" query p.db --format csv "select stop_reason from run" | tail -1 | tr -d '\r')" power
run "$TARRY" fs ls p.img /f
is "power: what was not committed is not there" "$status" 2
for bad in power,lose: power,lose:x read,lose:1 power,after; do
    run "$TARRY" run -o x.db --disk-fault "$bad" ls
    is "--disk-fault $bad: exit status" "$status" 2
done
done_testing

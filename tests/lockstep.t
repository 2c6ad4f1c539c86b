#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The machine in lockstep with QEMU: directed programs (tests/lockstep/guest), random ones, and that differences are seen.
# TARRY_SEED replays random programs from that seed on.
. "$(dirname "$0")/tap.sh"
lockstep=$BUILD/tests/lockstep/lockstep
guest() { echo "$BUILD/tests/lockstep/$1.elf"; }

for source in "$TOP"/tests/lockstep/guest/*.S; do
    name=$(basename "$source" .S)
    case $name in
    spec_*) # where QEMU departs from the specification: Tarry alone
        run "$lockstep" -t "$(guest "$name")"
        is "$name: all its checks hold" "$status$err" 0
        run "$lockstep" -r "$(guest "$name")"
        ok "$name: QEMU departs from the specification here" test "$status" -ne 0
        ;;
    limits_*)
        run "$lockstep" -r "$(guest "$name")"
        is "$name: QEMU has the answers" "$status" 0
        run "$lockstep" -t "$(guest "$name")"
        is "$name: the limits are those that docs/lockstep.md lists" "$status" "$(sed -n 's/^Sum of the parts that fail: //p' "$TOP/docs/lockstep.md")"
        ;;
    *)
        run "$lockstep" "$(guest "$name")"
        is "$name: the same on both, block by block" "$status$err" 0
        run "$lockstep" -s "$(guest "$name")"
        is "$name: the same on both, instruction by instruction" "$status$err" 0
        ;;
    esac
done

export TARRY_SEED=${TARRY_SEED:-1}
hunt() { # NAME ARG...
    local name=$1
    shift
    run "$TOP/tests/lockstep/hunt.py" "$lockstep" -o "$work" "$@"
    is "random programs, $name" "$status" 0
    sed 's/^/# /' <<<"$out$err"
}
hunt "block by block" -n 40
hunt "instruction by instruction" -n 15 -s
hunt "longer ones" -n 5 -r 30

# ---- a wrong bit is seen, whatever it is in ----
sees() { # WORD BIT NAME: flipped after 3000 instructions, while m.elf computes
    run "$lockstep" -f "3000:$1:$2" "$(guest m)"
    matches "a wrong bit in $3" "$status $err" "^1 .*: different states after [0-9]+ instructions.* $3 +tarry"
}
sees 18 63 s2
sees 45 0 fa3
sees 64 3 mstatus
sees 76 1 stval
sees 79 5 satp
run "$TOP/tests/lockstep/hunt.py" "$lockstep" -o "$work" -n 1 --shrink 40 -f 300:12:7
matches "a difference of a random program is reported" "$status $out" "^1 .*seed $TARRY_SEED differs:.*shrunk by [0-9]+ trials.*a2 +tarry"
ok "and it got shorter" test "$(grep -c : "$work/seed-$TARRY_SEED.s")" -lt 400
run "$lockstep"
matches "usage" "$status $err" "^2 usage: lockstep"
run "$lockstep" "$work/none"
matches "no such file" "$status $err" "^2 lockstep: .*none: No such file"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Random walks on the machine and on QEMU (tests/walks): a million accesses through random page tables, in every mode. The first
# case that differs is printed in words. The same with a model of TLBs, which nothing of this may depend on.
. "$(dirname "$0")/tap.sh"
elf=$BUILD/tests/walks/walks.elf
compare() { "$TOP/tests/walks/compare.py" "$@" "$elf" "$TARRY"; }

agree() { # NAME CASES OPTION...
    local name=$1 cases=$2
    shift 2
    run compare -n "$cases" "$@"
    matches "$name" "$status $out$err" "^0 $cases cases agree"
}
agree "a million cases as on QEMU" "${TARRY_CASES:-1000000}"
agree "with a model of TLBs" 20000 --options "--tlb default"
agree "with one of two levels that watches every access" 20000 --options "--tlb tlb=64:4:lru,l2=256:4:plru,walk=8"
# A program that fences what it changes sees nothing of stale entries.
agree "translated by what the model of TLBs holds" 20000 --open-bits --options "--stale-tlb --tlb default"
agree "by one that never evicts" 20000 --open-bits --options "--stale-tlb --tlb dtlb=512,itlb=512"

# The checker: a reference that says something else
run compare -n 3000 --save "$work/digests"
agree "digests that were saved" 3000 -r "$work/digests"
sed -i '2s/.$/x/' "$work/digests"
run compare -n 3000 -r "$work/digests"
matches "a digest that differs is told" "$status $out" "^1 seed .* differs in batch 1, cases 1000 to 1999"
echo 'exit 3' >"$work/broken"
run compare -n 1000 -r "sh $work/broken"
matches "a reference that says nothing is no agreement" "$status $out" "^1 .*batch 0"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Random programs in the guest beside the reference model (tests/model): what every operation gives, every byte that is
# loaded and the files at the end are the same under every sound policy, with little memory and with enough. A program that
# goes wrong is made short and printed. TARRY_SEED repeats a run, TARRY_OPS says how many operations, MODEL_IO which policies.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

model=$BUILD/tests/model
seed=${TARRY_SEED:-20261122} # make soak gives fresh ones
total=${TARRY_OPS:-200000}
BOOT=20000 # operations of a boot, at most
done_ops=0
echo "# TARRY_SEED=$seed"

# guest PROGRAM OPTION...: what modelrun says of it
cat >guest.sh <<'END'
program=$1
shift
timeout 300 "$TARRY" run -o none "$@" --input "$program:/in/p" modelrun /in/p 2>&1 </dev/null
END
export TARRY
guest() { sh guest.sh "$@"; }

# p.bin made short, as text; how to run it again.
explain() { # OPTION...
    "$model" shrink p.bin short.txt "test \"\$(sh guest.sh \$PROGRAM $*)\" = \"\$EXPECTED\""
    cp short.txt "$BUILD/model-failed.txt"
    echo "# to repeat it: $model read $BUILD/model-failed.txt p && $TARRY run $* --input p:/in/p modelrun /in/p"
    sed 's/^/#   /' short.txt | head -60
}

# agree PROFILE OPERATIONS OPTION...: random programs, as many as that needs
agree() {
    local profile=$1 left=$2 expected got n
    shift 2
    while [ "$left" -gt 0 ]; do
        n=$((left < BOOT ? left : BOOT))
        expected=$(TARRY_SEED=$seed "$model" gen "$profile" $n p.bin | tail -1)
        got=$(guest p.bin "$@")
        is "$profile $*, seed $seed" "$got" "$expected"
        [ "$got" = "$expected" ] || explain "$@"
        n=${expected#modelrun: }
        n=${n%% *}
        done_ops=$((done_ops + n)) left=$((left - n)) seed=$((seed + 1))
    done
}

# ---- every sound policy; half of it deferred ----
others=${MODEL_IO:-"eager fragments-eager cached"}
agree small $((total / 10)) --io deferred --mem 64M --lend on
agree small $((total / 20)) --io deferred --mem 8M
agree usual $((total / 8)) --io deferred --mem 8M --snapshot range
agree usual $((total / 8)) --io deferred --mem 256M --snapshot mount --lend on
agree tight $((total / 40)) --io deferred --mem 8M
agree tight $((total / 40)) --io deferred --mem 8M --lend on
agree large $((total / 50)) --io deferred --mem 8M --snapshot mount
agree large $((total / 50)) --io deferred --mem 24M --snapshot range --lend on
agree super $((total / 100)) --io deferred --mem 32M --superpages on
agree super $((total / 200)) --io deferred --mem 16M --superpages on --mmu sv48
agree super $((total / 200)) --io deferred --mem 32M --superpages off
agree usual $((total / 50)) --io deferred --mem 16M --superpages on --lend on
share=$((total / 2 / $(wc -w <<<"$others")))
for io in $others; do
    agree small $((share * 5 / 10)) --io "$io" --mem 16M
    agree usual $((share * 4 / 10)) --io "$io" --mem 16M
    agree tight $((share / 20)) --io "$io" --mem 8M
    agree large $((share / 20)) --io "$io" --mem 16M
done

# ---- a disk that fails now and then (E1): what fails is done again, and then gives what it must ----
faults=
for i in {1..16}; do
    faults="$faults --disk-fault read:600-4000000,after:$((i * i * 4)),once"
done
faults="$faults --disk-fault write:600-4000000,after:300,count:3 --disk-fault write:600-4000000,after:900,count:2"
for io in deferred ${others##* }; do
    expected=$(TARRY_SEED=$seed "$model" gen tight $((total / 60)) p.bin | tail -1)
    # shellcheck disable=SC2086
    got=$(sed 's/ modelrun / modelrun --errors /' guest.sh | sh -s p.bin --io "$io" --mem 8M $faults)
    is "a failing disk, --io $io, seed $seed" "$(head -1 <<<"$got")" "$expected"
    matches "... has failed" "$got" 'modelrun: [1-9][0-9]* errors met'
    n=${expected#modelrun: }
    done_ops=$((done_ops + ${n%% *})) seed=$((seed + 1))
done

# ---- a disk that gets full (E2, E3): what lacks room is done again when there is some ----
"$TARRY" fs create full.img 24M >/dev/null
"$TARRY" fs put full.img "$BUILD/guest/bin" /bin
for options in "--io deferred --mem 32M" "--io deferred --mem 10M" "--io deferred --mem 10M --nospace fail-writer" "--io ${others##* } --mem 16M"; do
    expected=$(TARRY_SEED=$seed "$model" gen full $((total / 60)) p.bin | tail -1)
    # shellcheck disable=SC2086
    got=$(sed 's/ modelrun / modelrun --errors /' guest.sh | sh -s p.bin --image full.img $options)
    is "a full disk, $options, seed $seed" "$(head -1 <<<"$got")" "$expected"
    matches "... has lacked room" "$got" 'modelrun: [1-9][0-9]* errors met'
    n=${expected#modelrun: }
    done_ops=$((done_ops + ${n%% *})) seed=$((seed + 1))
done

# ---- negative controls: what has no snapshots is caught, in a few short boots; what is left of it is short ----
for io in ${MODEL_UNSOUND-mmap-shared mmap-private naive}; do
    for ((boots = 1; boots <= 5; boots++)); do
        seed=$((seed + 1))
        TARRY_SEED=$seed "$model" gen small 4000 p.bin >/dev/null
        got=$(guest p.bin --io "$io" --mem 16M)
        [[ $got =~ ^modelrun:\ operation\ .*should\ be ]] && break
    done
    matches "--io $io is caught, seed $seed, boot $boots" "$got" '^modelrun: operation [0-9]+ .*should be'
done
explain --io naive --mem 16M >explained
is "a program that shows that naive is wrong is short" "$(($(grep -cE '^#   (p[0-9] |begin|finish)' explained) < 20))" 1
expected=$("$model" read short.txt p.bin)
is "... and right under deferred" "$(guest p.bin --io deferred --mem 16M)" "$expected"
matches "... and wrong under naive, when it is run again" "$(guest p.bin --io naive --mem 16M)" "should be"
sed 's/^/# /' explained

# ---- the files at the end, on the disk; nothing is left behind ----
cp --sparse=always "$BUILD/guest.img" disk.img
leave() { # SEED: a program that leaves its files; then they are removed
    TARRY_SEED=$1 "$model" gen usual 2000 all.bin >/dev/null
    rm -rf want have && mkdir -p {want,have}/{d,e}
    expected=$("$model" leave all.bin p.bin want)
    is "left files, seed $1" "$(guest p.bin --image disk.img --keep)" "$expected"
    (cd want && find . -type f) | while read -r f; do
        "$TARRY" fs get disk.img "/model/${f#./}" "have/${f#./}"
    done
    is "left files, seed $1: their contents" "$(diff -r want have)" ""
    run "$TARRY" run -o none --image disk.img --keep rm -r /model
    run "$TARRY" fs check disk.img
    is "left files, seed $1: the file system is clean" "$status $err" "0 "
}
free_blocks() { "$TARRY" fs stat disk.img | sed -n 's/^free_blocks //p'; }
leave $seed
before=$(free_blocks)
leave $((seed + 1))
leave $((seed + 2))
is "S4: no fewer blocks are free than before" "$(($(free_blocks) >= before))" 1

echo "# $done_ops operations"
is "as many operations as asked for" "$((done_ops >= total))" 1
done_testing

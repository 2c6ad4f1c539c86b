#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two runs of one command give the same trace, row for row, but for host facts.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

head -c 3000000 /dev/urandom >file
cat >script <<'SH'
ls /bin | wc
cat /in/file | sum
sum /in/file > /sum; cat /sum; rm /sum
ps | grep sh | wc -l
sparse /in/file --touch 50 --dirty 5 --write-back
SH

# Every table, host facts left out, as text.
dump() {
    local t
    for t in $(sqlite3 "$1" "select name from sqlite_master where type='table' and name not like 'sqlite_%' and name <> 'diagnostic' order by 1"); do
        echo "== $t"
        if [ "$t" = run ]; then
            sqlite3 "$1" "select $(sqlite3 "$1" "select group_concat(name) from pragma_table_info('run') where name not like 'host_%'") from run"
        else
            sqlite3 "$1" "select * from \"$t\""
        fi
    done
}

for i in 1 2 3; do
    mkdir $i
    # the third run has the machine busy and another address-space layout
    busy=
    [ $i = 3 ] && for j in 1 2; do
        timeout 60 sh -c 'while :; do :; done' >/dev/null 2>&1 &
        busy="$busy $!"
    done
    status=0
    env FILLER="$(head -c $((i * 1000)) /dev/zero | tr '\0' x)" \
        "$TARRY" run -o trace.db --trace all --mem 64M --input file:/in/file --input script:/in/script sh /in/script >$i/out 2>&1 </dev/null || status=$?
    # shellcheck disable=SC2086
    [ -z "$busy" ] || kill $busy
    mv trace.db $i/
    dump $i/trace.db >$i/dump
    is "run $i: exit status" "$status" 0
done
is "output of runs 1 and 2" "$(cat 2/out)" "$(cat 1/out)"
ok "traces of runs 1 and 2 are equal" cmp 1/dump 2/dump
ok "traces of runs 1 and 3 are equal" cmp 1/dump 3/dump
ok "the traces are not empty" test "$(grep -c . 1/dump)" -gt 1000

# Tracing changes nothing that the guest can see, its instruction count included.
"$TARRY" run --trace none --max-insns 100000000000 --mem 64M --input file:/in/file --input script:/in/script sh /in/script >none.out 2>&1 </dev/null
is "output without a trace" "$(cat none.out)" "$(cat 1/out)"
# Negative control: another seed gives another trace.
"$TARRY" run -o other.db --mem 64M --input file:/in/file --input script:/in/script sparse /in/file --touch 50 --seed 7 >/dev/null 2>&1 </dev/null
dump other.db >other
ok "another command gives another trace" test "$(cmp -s 1/dump other; echo $?)" = 1
done_testing

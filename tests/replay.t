#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --record and --replay: an interactive run repeats, row for row.
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

# All rows, but for the facts of the run that name the files.
rows() { sqlite3 "$1" .dump | grep -v '^INSERT INTO run \|^INSERT INTO run VALUES\|diagnostic\|canned_query'; }
facts() { sqlite3 "$1" 'select instructions, virtual_ns, events, stop_reason, exit_status, config from run'; }

same() { # NAME RECORDED.db REPLAYED.db
    is "$1: facts" "$(facts "$3")" "$(facts "$2")"
    rows "$2" >rows.1
    rows "$3" >rows.2
    ok "$1: rows" cmp rows.1 rows.2
    ok "$1: there are rows of input" test "$(sqlite3 "$2" 'select count(*) from input')" -gt 3
}

# ---- a terminal: keys, ctrl-C, ctrl-A x ----
(sleep 1; printf 'echo hello\r'; sleep 0.3; printf 'ls /bi\b\bbin | wc\r'; sleep 0.3; printf 'cat\r'; sleep 0.2; printf 'abc\r\003'
 sleep 0.2; printf 'echo two\r'; sleep 0.3; printf '\001x') |
    script -qec "stty raw -echo; '$TARRY' shell -o typed.db --record typed" /dev/null | tr -d '\r' >typed.out
matches "the session worked" "$(cat typed.out)" "hello.*\^C.*two"
"$TARRY" shell -o again.db --replay typed </dev/null >again.out 2>again.err
is "replayed: status" $? 130
same "a terminal" typed.db again.db
is "the same on the console" "$(tr -d '\r' <again.out)" "$(grep -v '^tarry: \|^Script' typed.out | sed 's/tarry: interrupted$//')"

# ---- a pipe; its recording replays without it ----
printf 'echo one\necho two | wc\nexit 3\n' | "$TARRY" shell -o pipe.db --record pipe >pipe.out
is "a pipe: status" "${PIPESTATUS[1]}" 3
"$TARRY" shell -o again.db --replay pipe </dev/null >again.out
is "a pipe replayed: status" $? 3
same "a pipe" pipe.db again.db
cmp pipe.out again.out

# ---- input that ends ----
printf 'echo one\n' | "$TARRY" shell -o end.db --record end >end.out
"$TARRY" shell -o again.db --replay end </dev/null >again.out
same "input that ends" end.db again.db
ok "the end of input is in the trace" test "$(sqlite3 end.db 'select count(*) from input where how = 5')" = 1

# ---- a recording made by a replay is the same ----
"$TARRY" shell -o none --replay typed --record typed.2 </dev/null >again.out 2>&1
ok "a replay recorded" cmp typed typed.2

# ---- what does not fit ----
run "$TARRY" shell -o none --mem 64M --replay typed
matches "another memory" "$status $err" "^2 tarry: typed: was recorded with another --mem; "
run "$TARRY" run -o none --replay typed echo
matches "another program" "$status $err" "^2 tarry: typed: was recorded with another program; "
sed 's/^kernel ./kernel x/' typed >other
run "$TARRY" shell -o none --replay other
matches "another kernel" "$status $err" "^2 tarry: other: was recorded with another kernel; "
run "$TARRY" shell --replay "$work/none"
matches "no such file" "$status $err" "^2 tarry: --replay .*none: No such file"
run "$TARRY" shell --record "$work/no/such"
matches "nowhere to record" "$status $err" "^2 .*--record .*no/such: No such file or directory; choose another file"
for damage in '1d' '/^input$/d' '/^mem/d' '/^console/d' '$s/stop/stopp/' '$s/$/9999/' '13s/ / x/' 's/^program/programme/'; do
    sed "$damage" typed >damaged
    run "$TARRY" shell -o none --replay damaged
    matches "damaged by $damage" "$status $err" "^2 tarry: --replay damaged: line [0-9]+ is not of a recording"
done
: >empty
run "$TARRY" shell -o none --replay empty
matches "an empty file" "$status $err" "^2 tarry: --replay empty: line 1 is not"
awk '/ poll / && !done { $1 += 1; done = 1 } { print }' typed >moved
run "$TARRY" shell -o none --replay moved
matches "a recording that does not fit its run" "$status $err" "^125 .*departs from its recording"
done_testing

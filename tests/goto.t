#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry goto: a recorded run again, up to an event, under the debugger.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/gdb.sh"
cd "$work" || exit 1

# goto DB EVENT with the gdb commands of standard input
goto() {
    rm -f "$sock"
    timeout 120 "$TARRY" goto "$1" "$2" --gdb "$sock" >guest 2>messages </dev/null &
    debuggee=$!
    wait_for_socket
    gdb
    finished
}

# What gdb printed as "NAME=VALUE"
said() { sed -n "s/^$1=//p" <<<"$out"; }

hex() { printf '0x%x' "$1"; }

head -c 300000 /dev/urandom >file
"$TARRY" run -o t.db --input file:/in/data --mem 64M sparse /in/data --touch 20 --dirty 2 --write-back >/dev/null 2>&1 </dev/null

# ---- traps of user code: before it the pc is the row's, after one step its cause and address are ----
for id in $(sqlite3 t.db 'select id from trap order by id limit 2') $(sqlite3 t.db 'select id from trap order by id desc limit 1'); do
    IFS='|' read -r pc code tval insn < <(sqlite3 t.db "select pc, code, tval, insn from trap where id = $id")
    goto t.db "$id" <<'G'
printf "pc=%#lx\n", $pc
stepi
printf "sepc=%#lx\n", $sepc
printf "scause=%ld\n", $scause
printf "stval=%#lx\n", $stval
monitor event
reverse-stepi
printf "back=%#lx\n", $pc
G
    is "trap $id: pc" "$(said pc)" "$(hex "$pc")"
    is "trap $id: sepc" "$(said sepc)" "$(hex "$pc")"
    is "trap $id: scause" "$(said scause)" "$code"
    is "trap $id: stval" "$(said stval)" "$(hex "$tval" | sed 's/^0x0$/0/')"
    is "trap $id: back" "$(said back)" "$(hex "$pc")"
    matches "trap $id: monitor event" "$out" "^.*($id|$((id + 1))) events so far.*came here for event $id: trap, instruction $insn," # and its walk
    is "trap $id: GDB leaves, the run is over" "$status" 130
    matches "trap $id: says where it is" "$err" "tarry: event $id: trap, instruction $insn, pc $(hex "$pc")"
done

# ---- another kernel: tarry boot, in machine mode ----
run "$TARRY" boot --bios none "$BUILD/tests/guest/m/modes.elf" -o boot.db
is "boot: status" "$status" 0
id=$(sqlite3 boot.db 'select max(id) from trap where "to" = 3')
IFS='|' read -r pc code < <(sqlite3 boot.db "select pc, code from trap where id = $id")
goto boot.db "$id" <<'G'
printf "pc=%#lx\n", $pc
stepi
printf "mepc=%#lx\n", $mepc
printf "mcause=%ld\n", $mcause
printf "priv=%ld\n", $priv
G
is "boot, trap $id: pc" "$(said pc)" "$(hex "$pc")"
is "boot, trap $id: mepc" "$(said mepc)" "$(hex "$pc")"
is "boot, trap $id: mcause and mode" "$(said mcause) $(said priv)" "$code 3"

# ---- any kind of event: one event less before the step, at the instruction that it names ----
for kind in interrupt disk_request process segment fault page transfer syscall; do
    read -r id insn < <(sqlite3 -separator ' ' t.db "select id, insn from \"$kind\" order by id limit 1 offset 3" |
        grep . || sqlite3 -separator ' ' t.db "select id, insn from \"$kind\" order by id limit 1")
    goto t.db "$id" <<'G'
monitor event
monitor insns
stepi
monitor event
G
    matches "$kind $id: before it" "$out" "^.*$((id - 1)) events so far"
    now=$(sed -n 's/ instructions retired.*//p' <<<"$out" | head -1)
    ok "$kind $id: at its instruction ($now, $insn)" test "$((now >= insn - 1 && now - insn < 512))" = 1
done

# ---- a run that was typed ----
(sleep 1; printf 'echo hello\r'; sleep 0.3; printf 'ls /bin | wc\r'; sleep 0.3; printf '\001x') |
    script -qec "stty raw -echo; '$TARRY' shell -o typed.db" /dev/null >/dev/null
id=$(sqlite3 typed.db 'select max(id) from syscall')
goto typed.db "$id" <<'G'
monitor event
monitor procs
monitor segments
monitor goto 100000
monitor goto 1000
monitor goto 100000
monitor insns
monitor checkpoints
G
matches "a typed run" "$out" "came here for event $id: syscall"
matches "its processes" "$out" "pid 1, parent event 0: /bin/sh"
matches "its segments" "$out" "text, 0x10000-"
matches "monitor goto" "$out" "100000 instructions retired.*1000 instructions retired.*100000 instructions retired"
matches "monitor checkpoints" "$out" "instruction 0, process [0-9]+"
matches "the last event of a typed run is its end" "$(sqlite3 typed.db 'select how from input order by id desc limit 1')" 6

# ---- another directory ----
mkdir elsewhere
(cd elsewhere && goto ../t.db "$(sqlite3 ../t.db 'select min(id) from trap')" <<<'monitor event' && echo "$out") >elsewhere.out
matches "from another directory" "$(cat elsewhere.out)" "came here for event"

# ---- what has changed since ----
first() { sqlite3 "$1" 'select min(id) from event'; }
echo more >>file
run timeout 60 "$TARRY" goto t.db "$(first t.db)" --gdb "$sock"
matches "an input changed" "$status $err" "^2 tarry: t.db: was recorded with other input files; "
rm file
run timeout 60 "$TARRY" goto t.db "$(first t.db)" --gdb "$sock"
matches "an input is gone" "$status $err" "^2 .*file: No such file"
"$TARRY" fs create image 64M
"$TARRY" fs put image "$BUILD/guest/bin" /bin
"$TARRY" run -o image.db --image image --keep touch /kept >/dev/null </dev/null
run timeout 60 "$TARRY" goto image.db "$(first image.db)" --gdb "$sock"
matches "the image changed (--keep)" "$status $err" "^2 tarry: image.db: was recorded with another disk image; "
"$TARRY" run -o image.db --image image touch /x >/dev/null </dev/null
cp image image.before
goto image.db "$(sqlite3 image.db 'select max(id) from syscall')" <<<'continue'
ok "a look at the past leaves the image alone" cmp image image.before
sqlite3 image.db "update run set kernel_hash = 'x'"
run timeout 60 "$TARRY" goto image.db "$(first image.db)" --gdb "$sock"
matches "another kernel" "$status $err" "^2 tarry: image.db: was recorded with another kernel; "

# ---- misuse ----
run timeout 60 "$TARRY" goto t.db
matches "no event" "$status $err" "^2 tarry: goto: needs DB and the id of an event"
run timeout 60 "$TARRY" goto t.db 0
matches "event 0" "$status $err" "^2 tarry: goto: needs"
run timeout 60 "$TARRY" goto t.db 99999999
matches "no such event" "$status $err" "^2 tarry: t.db: there is no event 99999999; they have the numbers 1 to [0-9]+"
run timeout 60 "$TARRY" goto none.db 1
matches "no such file" "$status $err" "^2 tarry: none.db: "
run timeout 60 "$TARRY" goto image 1
matches "not a trace" "$status $err" "^2 tarry: image: is not a trace"
run timeout 60 "$TARRY" goto --wrong
matches "unknown option" "$status $err" "^2 tarry: goto: unknown option"
run timeout 60 "$TARRY" goto --help
matches "help" "$status $out" "^0 usage: tarry goto DB EVENT"
done_testing

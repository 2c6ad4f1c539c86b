#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The debugger by the real gdb-multiarch, and the protocol by hand.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/gdb.sh"
cd "$work" || exit 1

# ---- what a debugger does first ----
debuggee run -o none echo hello
matches "says how to attach" "$(cat messages)" "waiting for a debugger: gdb-multiarch -ex 'target remote $sock'"
gdb <<'G'
info registers pc priv sp
stepi
p/x $a1
p $satp == 0
break trap
continue
p $scause
p (long)$pc == (long)&trap
monitor insns
set $t6 = 0x1234
p/x $t6
set $fs1 = 1.5
p $fs1.double
x/1gx 0x10
info threads
delete
detach
G
matches "starts at the kernel's entry" "$out" "pc +0x80200000.*priv +0x1[[:space:]]"
matches "stepi" "$out" "0x0000000080200004 in"
matches "a1 holds the device tree" "$out" '\$1 = 0x8fff0000'
matches "a breakpoint by name" "$out" "Breakpoint 1, trap \(u="
matches "supervisor CSRs" "$out" '\$3 = (8|12|13|15)'
matches "pc is the breakpoint" "$out" '\$4 = 1'
matches "monitor insns" "$out" "[0-9]+ instructions retired, [0-9]+ interrupts taken, virtual time [0-9]+ ns, mode S, pc 0xffffffc0"
matches "a register is written" "$out" '\$5 = 0x1234'
matches "a memory access to nowhere" "$out" "Cannot access memory at address 0x10"
matches "detaches" "$out" "detached"
finished
is "after detach the run goes on to its end" "$status $(cat guest)" "0 hello"

# ---- a debugged run is the same run ----
cat >script <<'S'
echo hello | cat
ls /bin | wc
S
"$TARRY" run -o plain.db --input script:/in/script sh /in/script >plain </dev/null
facts=$(sqlite3 plain.db 'select instructions from run')
debuggee run -o none --input script:/in/script sh /in/script
gdb <<'G'
break userpagefault
commands
silent
stepi
continue
end
break syscall
continue
delete
watch up
continue
continue
continue
rwatch nprocs
continue
delete
stepi 200
monitor insns
continue
G
matches "stops at a watched write" "$out" "Hardware watchpoint 3: up.*Old value = .*New value = "
matches "a watched read" "$out" "Hardware read watchpoint 4: nprocs"
matches "the run is the same, instruction by instruction" "$out" "ended with status 0 after $facts instructions"
finished
is "and prints the same" "$(cat guest)" "$(cat plain)"

# ---- a user program ----
debuggee run -o none nullderef
gdb <<G
file $BUILD/guest/bin/nullderef
break main
continue
p \$priv
bt 1
stepi 3
watch *(long *)(\$sp - 16)
delete
tbreak *0xffffffffffffff00
G
matches "a breakpoint in a user program" "$out" "Breakpoint 1, .*main"
matches "in user mode" "$out" "prv:0 \[User/Application\]|\\\$1 = 0"
finished
matches "gdb leaves: the run goes on" "$(cat messages)" "waiting"

# ---- stepping into a trap ----
debuggee run -o none badload
gdb <<'G'
break userpagefault
continue
p/x $sepc
delete
p $scause
G
matches "a fault of a user program" "$out" '\$2 = (12|13|15)'
finished

# ---- monitor ----
debuggee run -o none echo hello
gdb <<'G'
monitor walk 0x1000
break trap
continue
monitor help
monitor walk 0xffffffc080200000
monitor walk 0x10
monitor walk
monitor walk rubbish
monitor pagetable 3
monitor tlb
monitor xp 0x80200000 2
monitor xp 0x10
p/x *(unsigned long *)0xffffffc080200000
monitor physical on
flushregs
x/gx 0x80200000
monitor physical off
monitor physical maybe
monitor nonsense
kill
G
matches "no TLB without --tlb" "$out" "there is no TLB that a program could observe"
matches "walk without translation" "$out" "no translation: 0x1000 is the physical address"
matches "walk in words" "$out" "by sv39, root 0x8.*level 2: entry 258 at 0x.*: page at 0x80000000"
matches "walk: rights" "$out" "load: physical 0x80200000"
matches "walk: refusals" "$out" "load: refused: "
matches "usage" "$out" "usage: monitor walk VA"
matches "not a number" "$out" "rubbish: not a number"
matches "pagetable" "$out" "0xffffffc080000000-0x[0-9a-f]+ -> 0x0080000000 VRWX"
matches "xp" "$out" "0x80200000: 0x1400107310401073"
matches "xp outside of RAM" "$out" "0x10: not RAM"
matches "physical memory" "$out" "0x80200000:[[:space:]]0x1400107310401073"
matches "unknown command" "$out" "nonsense: no such command"
finished

# ---- monitor tlb: the model's entries, at a moment whose last accesses are known ----
debuggee run -o none --tlb itlb=32,dtlb=64:16,l2=128:4:plru echo hello
gdb <<'G'
break trap
continue
continue
continue
p/x (unsigned long)$pc & ~0xfff
monitor tlb
eval "monitor tlb 0x%lx", (unsigned long)$pc
monitor tlb 0xffffffc080200000
monitor tlb 0x1234567000
monitor tlb rubbish
kill
G
page=$(grep -o '= 0xffffffc0[0-9a-f]*' <<<"$out" | head -1 | cut -c3-)
matches "monitor tlb: the page that runs" "$out" "instructions, set 0 way [0-9]+: $page-0x[0-9a-f]+fff -> 0x80[0-9a-f]+000 VRWX-GAD, global, leaf of level 2"
matches "... sets and ways of data" "$out" "data, set [0-3] way [0-9]+: 0x[0-9a-f]+-0x[0-9a-f]+fff -> 0x[0-9a-f]+000 VR"
matches "... user pages have an address space" "$out" "0x1[0-9a-f]000-0x1[0-9a-f]fff -> 0x[0-9a-f]+000 VR[W-][X-]U-[A-][D-], ASID 1, leaf of level 0"
matches "... the second level" "$out" "second level, set [0-9]+ way [0-3]: "
matches "... counts" "$out" "--tlb itlb=32,dtlb=64:16,l2=128:4:plru: [0-9]+ entries; misses so far: [1-9][0-9]* of loads, [1-9][0-9]* of stores, [1-9][0-9]* of fetches"
matches "... none for an address" "$out" "plru: 0 entries;"
matches "... of a number only" "$out" "rubbish: not a number"
finished
debuggee run -o none --mmu softtlb echo hello
gdb <<'G'
break trap
continue
continue
monitor walk 0x10000
monitor walk 0xffffffc080200000
kill
G
matches "walk with a software-managed TLB" "$out" "0x10000 by the software-managed TLB, ASID [0-9]+, as mode S:"
matches "... its entry" "$out" "data, set 0 way [0-9]+: 0x10000-0x10fff -> 0x[0-9a-f]+000 VR-XU-A-, ASID [0-9]+, leaf of level 0"
matches "... what refuses" "$out" "load: refused: supervisor access to a user page"
matches "... the window" "$out" "window: no entry is needed.*load: physical 0x80200000"
finished
matches "kill ends the run" "$status $err" "^130 .*interrupted"

# ---- the worked example of docs/debugger.md ----
debuggee run echo hello
sed -n '/^```gdb$/,/^```$/p' "$TOP/docs/debugger.md" | grep -v '^```\|^target remote' >example
gdb <example
sed -n '/^```text$/,/^```$/p' "$TOP/docs/debugger.md" | grep -v '^```\|^print' >expected
while IFS= read -r text; do
    matches "docs/debugger.md: $text" "${out//+([0-9]) /}" "$(sed 's/[()*.]/\\&/g' <<<"$text")"
done <expected
finished
ok "no trace is written under the debugger" test ! -e tarry.db

# ---- backwards ----
debuggee run -o none --input script:/in/script sh /in/script
gdb <<'G'
reverse-stepi
break userpagefault
continue
continue
stepi
stepi
printf "A=%#lx\n", $pc
stepi
reverse-stepi
printf "B=%#lx\n", $pc
reverse-stepi
reverse-stepi
printf "C=%#lx\n", $pc
monitor insns
reverse-continue
printf "D=%#lx\n", $pc
reverse-continue
delete
monitor insns
continue
reverse-stepi
stepi
watch nprocs
reverse-continue
printf "E=%ld\n", nprocs
reverse-continue
printf "F=%ld\n", nprocs
reverse-stepi
stepi
continue
printf "G=%ld\n", nprocs
delete
set $pc = $pc
continue
continue
G
said() { sed -n "s/^$1=//p" <<<"$out"; }
matches "nothing lies before the beginning" "$out" "No more reverse-execution history"
is "reverse-stepi undoes stepi" "$(said B)" "$(said A)"
is "back on the breakpoint" "$(said C)" "$(said D)"
matches "back at the beginning" "$out" "0 instructions retired, 0 interrupts taken, virtual time 0 ns"
matches "the run ends" "$out" "ended with status 0 after $facts instructions"
is "the last writer, then the one before: they differ by one process" "$((($(said E) - $(said F)) ** 2))" 1
is "forwards again" "$(said G)" "$(said E)"
finished
is "what was passed more than once is printed once" "$(cat guest)" "$(cat plain)"
is "status" "$status" 0

# ---- ctrl-C ----
debuggee run -o none spin
gdb <<G
python
import threading, os, signal, time
threading.Thread(target=lambda: (time.sleep(1), os.kill(os.getpid(), signal.SIGINT)), daemon=True).start()
end
continue
p 40 + 2
kill
G
matches "ctrl-C stops the guest" "$out" "SIGINT.*\\\$1 = 42"
finished
is "killed" "$status" 130

# ---- misuse ----
run "$TARRY" run --gdb 0 echo
matches "port 0" "$status $err" "^2 tarry: --gdb 0: a port is a number from 1 to 65535"
run "$TARRY" run --gdb "$work/no/such/socket" echo
matches "a socket in no directory" "$err" "tarry: --gdb .*: No such file or directory; choose another name"
run "$TARRY" run --gdb '' echo
matches "nothing" "$status $err" "^2 tarry: --gdb: needs a TCP port"

# ---- the protocol by hand ----
debuggee run -o none echo hello
out=$(timeout 60 python3 "$TOP/tests/gdb_raw.py" "$sock" 2>&1)
grep '^not ok' <<<"$out" | sed 's/^/# /'
matches "malformed packets, two connections, no-ack mode" "$out" "^all well"
finished
is "after all that the guest runs to its end" "$status $(cat guest)" "0 hello"
done_testing

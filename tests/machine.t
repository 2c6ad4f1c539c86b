#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The machine by test guests (tests/guest): each checks itself, and prints the same on QEMU.
. "$(dirname "$0")/tap.sh"
run_elf=$BUILD/tests/run_elf
guest=$BUILD/tests/guest
truncate -s 1M "$work/disk"

reference() { # GUEST: its console on QEMU, from where it takes over
    timeout 60 qemu-system-riscv64 -machine virt -m 128M -bios default -nographic -no-reboot \
        -global virtio-mmio.force-legacy=false -drive "file=$work/disk,format=raw,if=none,id=d,snapshot=on" \
        -device virtio-blk-device,drive=d,bus=virtio-mmio-bus.0 -kernel "$guest/$1.elf" </dev/null |
        tr -d '\r' | sed '1,/^Boot HART MEDELEG/d;/^$/d;s/^system_opcode_insn: .* instructions\{0,1\}//' # what OpenSBI says
}

complete() { # TAP on stdin: a plan that holds, and nothing failed
    awk '/^ok/ { n++ } /^not ok/ { bad = 1 } /^1\.\./ { plan = substr($0, 4) } END { exit bad || !n || n != plan }'
}

for g in traps code devices refusals; do
    run "$run_elf" -q -d "$work/disk" "$guest/$g.elf"
    is "$g: exit status" "$status" 0
    ok "$g: all its checks hold" complete <<<"$out"
    grep '^not ok' <<<"$out" | sed 's/^/# /'
    is "$g: the same on QEMU" "$(reference $g | sed 's/ # SKIP//')" "$out"
done

# ---- step by step, with and without runs in between: the same run ----
stepped() { # GUEST STEPS: like a run
    "$run_elf" -d "$work/disk" "$guest/$1.elf" >"$work/run" 2>&1
    "$run_elf" -s "$2" -d "$work/disk" "$guest/$1.elf" >"$work/steps" 2>&1
    is "$1 by steps ($2)" "$(cat "$work/steps")" "$(cat "$work/run")"
}
for g in traps code; do stepped $g 0; done
for g in traps code devices; do stepped $g 1000; done

# ---- machine mode: from reset, without firmware ----
bare() { # GUEST: its console on QEMU
    timeout 60 qemu-system-riscv64 -machine virt -m 128M -bios none -nographic -no-reboot -kernel "$guest/m/$1.elf" \
        </dev/null | tr -d '\r'
}

for g in csrs modes interrupts protection; do
    run "$run_elf" -M -q -l 200000000 "$guest/m/$g.elf"
    is "machine mode, $g: exit status" "$status" 0
    ok "machine mode, $g: all its checks hold" complete <<<"$out"
    grep '^not ok' <<<"$out" | sed 's/^/# /'
    is "machine mode, $g: the same on QEMU" "$(bare $g | sed 's/ # SKIP//')" "$out"
    run "$run_elf" -M -q -l 200000000 -s 1000 "$guest/m/$g.elf"
    ok "machine mode, $g: all its checks hold in single steps" complete <<<"$out"
done

# ---- console input that is not a terminal: the run does not depend on when it comes ----
text='hello, world. polled too!'
printf '%s' "$text" | "$run_elf" -i "$guest/echo.elf" >"$work/fast" 2>"$work/fast.end"
(for ((i = 0; i < ${#text}; i++)); do printf '%s' "${text:i:1}"; sleep 0.01; done) |
    "$run_elf" -i "$guest/echo.elf" >"$work/slow" 2>"$work/slow.end"
printf '%s' "$text" >"$work/text"
"$run_elf" -i "$guest/echo.elf" <"$work/text" >"$work/file" 2>"$work/file.end"
is "echo" "$(cat "$work/fast")" "HELLO, WORLD. POLLED TOO!"
is "slow input, same run" "$(cat "$work/slow" "$work/slow.end")" "$(cat "$work/fast" "$work/fast.end")"
is "input from a file, same run" "$(cat "$work/file" "$work/file.end")" "$(cat "$work/fast" "$work/fast.end")"
run "$run_elf" -i "$guest/echo.elf"
matches "input that ends leaves the guest waiting" "$err" "stop=hung .* for an interrupt that cannot come"

# ---- a terminal ----
out=$( (sleep 0.3; printf 'abc'; sleep 0.2; printf '\001x') |
    script -qec "stty raw -echo; '$run_elf' -i '$guest/echo.elf'" /dev/null | tr -d '\r')
matches "a terminal's keys arrive" "$out" "ABC"
matches "ctrl-A x leaves" "$out" "stop=interrupted .*ctrl-A x"

# ---- files that are no kernels ----
bad() { # NAME FILE PATTERN
    run "$run_elf" "$2"
    matches "$1" "$status $err" "^2 run_elf: .*$3"
}
bad "no such file" "$work/none" "none: No such file or directory"
: >"$work/empty"
bad "empty file" "$work/empty" "empty: is neither an ELF file nor "
head -c 4096 /dev/zero >"$work/zeros"
bad "not an ELF file" "$work/zeros" "is neither an ELF file nor "
bad "directory" "$work" "is neither an ELF file nor "
bad "ELF for another machine" "$(type -P true)" "is an ELF file for another machine; build it for riscv64"
for size in 64 100 4000 8000; do
    head -c $size "$guest/traps.elf" >"$work/short"
    bad "truncated to $size bytes" "$work/short" "is truncated: .*; copy or build it again"
done
run "$run_elf" -m 1 "$guest/traps.elf"
matches "too little memory" "$status $err" "^2 .*1048576 bytes of RAM: must be 4 MiB to 64 GiB"
printf 'SECTIONS { . = 0x80500000; .text : { *(.text) } }' >"$work/high.ld"
printf '.globl _start\n_start: j _start\n' >"$work/high.s"
riscv64-unknown-elf-gcc -nostdlib -static -Wl,-T,"$work/high.ld" -Wl,--build-id=none -o "$work/high" "$work/high.s"
run "$run_elf" -m 4 "$work/high"
matches "segment outside of RAM" "$status $err" "^2 .*high: segment 0x80500000.* lies outside of the 4 MiB of RAM"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry boot: ELF files and Images in both modes, firmware, disks, tests with tohost, and what goes wrong.
. "$(dirname "$0")/tap.sh"
guests=$TOP/tests/guest/boot
cd "$work" || exit 1

guest() { # OUT SOURCE BASE [CPP-OPTION...]
    local out=$1 source=$2 base=$3
    shift 3
    riscv64-unknown-elf-gcc -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany -nostdlib -static -Wl,--build-id=none \
        -Wl,--no-warn-rwx-segments -Wl,--defsym=BASE="$base" -T "$guests/boot.ld" "$@" -o "$out" "$guests/$source.S"
}
image() { # OUT TEXT_OFFSET
    guest "$1.elf" image $((0x80000000 + $2)) -DTEXT_OFFSET="$2"
    riscv64-unknown-elf-objcopy -O binary "$1.elf" "$1"
}
boots() { # NAME OUTPUT STATUS ARGUMENT...: with no trace
    local name=$1 output=$2 want=$3
    shift 3
    run "$TARRY" boot -o none --timeout 60 "$@"
    is "$name: output" "$out" "$output"
    is "$name: status" "$status" "$want"
}
bad() { # NAME PATTERN ARGUMENT...
    local name=$1 pattern=$2
    shift 2
    run "$TARRY" boot -o none --timeout 60 "$@"
    matches "$name" "$status $err" "^2 tarry: .*$pattern"
}

# ---- formats and modes ----
guest m.elf mode 0x80000000
guest s.elf mode 0x80200000
image s.image 0x200000
image m.image 0
gzip -k s.image s.elf
boots "ELF at the start of RAM" M0D 7 m.elf
boots "ELF above the firmware's place" S0D 7 s.elf
boots "ELF, --bios none" M0D 7 --bios none s.elf
boots "ELF, --bios sbi" S0D 7 --bios sbi m.elf
boots "options after the kernel" S0D 7 m.elf --bios sbi
boots "Image" S0D 7 s.image
boots "Image for machine mode" M0D 7 m.image
boots "Image, gzip" S0D 7 s.image.gz
boots "ELF, gzip" S0D 7 s.elf.gz
boots "little memory" S0D 7 --mem 8M s.elf

# ---- firmware: the same guest under OpenSBI, in our machine mode ----
opensbi=/usr/lib/riscv64-linux-gnu/opensbi/generic
"$TARRY" boot -o none "$BUILD/tests/guest/traps.elf" </dev/null | sed 's/ # SKIP//' >under-tarry
for f in jump dynamic; do
    status=0
    "$TARRY" boot -o none --timeout 120 --bios $opensbi/fw_$f.elf "$BUILD/tests/guest/traps.elf" </dev/null >console || status=$?
    is "OpenSBI fw_$f: status" "$status" 0
    ok "OpenSBI fw_$f: it is OpenSBI" grep -q '^Firmware Base' console
    tr -d '\r' <console | grep -E '^(ok|not ok|1\.\.)' | sed 's/ # SKIP//' >under-opensbi
    ok "OpenSBI fw_$f: the guest sees the same" diff under-tarry under-opensbi
done
bad "firmware where the kernel is" "want the same memory; link the kernel at 0x80200000" --bios $opensbi/fw_jump.elf m.elf

# ---- tests with tohost ----
guest pass.elf tohost 0x80000000 -DWAY=0
guest fail.elf tohost 0x80000000 -DWAY=1
guest fail1000.elf tohost 0x80000000 -DWAY=2
guest exit6.elf tohost 0x80000000 -DWAY=3
guest odd.elf tohost 0x80000000 -DWAY=4
tohost() { # NAME ELF STATUS
    status=0
    printf 'echo.' | "$TARRY" boot --tohost "$2" -o t.db --timeout 60 --signature signature >out 2>err || status=$?
    is "$1: status" "$status" "$3"
    is "$1: console" "$(cat out)" "$(printf 'ok\necho')"
}
tohost "tohost, pass" pass.elf 0
is "tohost, pass: nothing else" "$(cat err)" ""
is "signature" "$(tr '\n' ' ' <signature)" "55667788 11223344 cafe0001 "
tohost "tohost, fail" fail.elf 5
matches "tohost, fail: says so" "$(cat err)" "^tarry: the guest reports failure 5 \(tohost\)$"
is "tohost, fail: the trace says so" "$("$TARRY" query t.db --format csv "select exit_status, stop_reason, complete from run" |
    tail -1 | tr -d '\r')" "5,exit,1"
tohost "tohost, fail with a large number" fail1000.elf 255
tohost "tohost, the system call exit" exit6.elf 6
tohost "tohost, not a command" odd.elf 125
matches "tohost, not a command: says so" "$(cat err)" "0x7700000000000000 is no command"
bad "tohost without the symbol" "m.elf: has no symbol tohost" --tohost m.elf
bad "signature without the symbols" "m.elf: has no symbols begin_signature" --signature x m.elf
run timeout 60 "$TARRY" boot pass.elf -o none --max-insns 100000
is "without --tohost it is memory" "$status" 124

# ---- disks ----
truncate -s 1M zeros disk
run "$TARRY" boot -o none "$BUILD/tests/guest/devices.elf" --disk disk,overlay
is "overlay: status" "$status" 0
ok "overlay: the guest wrote" grep -q '^ok .*write' <<<"$out"
ok "overlay: the image is as it was" cmp disk zeros
run "$TARRY" boot -o none "$BUILD/tests/guest/devices.elf" --disk disk
ok "rw: the image has changed" sh -c '! cmp -s disk zeros'
cp zeros disk
run "$TARRY" boot -o none "$BUILD/tests/guest/devices.elf" --disk disk,ro
ok "ro: the guest could not write" grep -q '^not ok .*write' <<<"$out"
ok "ro: the image is as it was" cmp disk zeros
cp zeros comma,x
boots "a comma in a name" S0D 7 s.elf --disk comma,x
bad "no such disk" "nodisk: No such file" s.elf --disk nodisk
printf -v many -- '--disk disk,ro %.0s' {1..9}
# shellcheck disable=SC2086
bad "too many disks" "more than 8 --disk" s.elf $many

# ---- the trace ----
run "$TARRY" boot s.elf -o "$work/b.db" --append 'a  b' --disk disk,ro --seed 5
is "facts" "$("$TARRY" query b.db --format csv "select program, arguments, seed, command from run" | tail -1 | tr -d '\r')" \
    "s.elf,a  b,5,\"tarry boot s.elf -o $work/b.db --append 'a  b' --disk disk,ro --seed 5\""
matches "inputs" "$("$TARRY" query b.db "select inputs from run")" "kernel:s.elf [0-9a-f]{32}.*disk0:disk [0-9a-f]{32}"
for db in 1.db 2.db; do "$TARRY" boot --bios $opensbi/fw_jump.elf "$BUILD/tests/guest/devices.elf" --disk disk,overlay -o $db \
    </dev/null >/dev/null; done
run "$TARRY" compare 1.db 2.db
is "the same trace again" "$status" 0

# ---- limits ----
printf '.globl _start\n_start: csrr t0, mhartid\n1: j 1b\n' >spin.S
riscv64-unknown-elf-gcc -march=rv64imac_zicsr -mabi=lp64 -nostdlib -static -Wl,--no-warn-rwx-segments -Wl,--defsym=BASE=0x80000000 \
    -T "$guests/boot.ld" -o spin.elf spin.S
run timeout 60 "$TARRY" boot spin.elf -o fast.db --max-insns 100000
run timeout 60 "$TARRY" boot spin.elf -o slow.db --max-insns 100000 --insn-ns 7
facts() { "$TARRY" query "$1" --format csv "select instructions, virtual_ns - $2 * instructions, config like '%insn-ns=7%' from run" | tail -1 | tr -d '\r'; }
is "--insn-ns: so much time for an instruction" "$(facts fast.db 1) $(facts slow.db 7)" "100000,0,0 100000,0,1"
run timeout 60 "$TARRY" boot spin.elf -o none --insn-ns 1001
is "--insn-ns: no more than 1000" "$status $err" "2 tarry: --insn-ns 1001: needs a number from 1 to 1000"
run timeout 60 "$TARRY" boot spin.elf -o spin.db --timeout 1
is "--timeout: status" "$status" 124
is "--timeout: complete" "$("$TARRY" query spin.db --format csv "select complete, stop_reason from run" | tail -1 | tr -d '\r')" "1,timeout"
run timeout 60 "$TARRY" boot spin.elf -o none --max-insns 1000000
is "--max-insns: status" "$status" 124

# ---- misuse ----
bad "no kernel" "no KERNEL given"
bad "two kernels" "one KERNEL, not 2" s.elf m.elf
bad "unknown option" "unknown or ambiguous option '--nonsense'" --nonsense s.elf
bad "not a kernel" "notes: is neither an ELF file nor a RISC-V Linux Image; " "$(echo text >notes; echo notes)"
bad "no such firmware" "nofw: No such file" --bios nofw s.elf
bad "no such initrd" "noinitrd: No such file" --initrd noinitrd s.elf
bad "empty initrd" "empty: is empty or not a file" --initrd "$(: >empty; echo empty)" s.elf
bad "no such tree" "nodtb: No such file" --dtb nodtb s.elf
bad "not a tree" "notes: is not a flattened device tree" --dtb notes s.elf
bad "seed" "--seed x: needs a number" --seed x s.elf
bad "memory" "--mem 1M: needs a size from 8M" --mem 1M s.elf
truncate -s 8M large
bad "an initrd that does not fit" "large: is larger than the memory" --mem 8M --initrd large s.elf
done_testing

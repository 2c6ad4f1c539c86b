#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A stock Debian kernel on Tarry, under its SBI: boots to a shell, reads and writes an ext4 disk, powers off; and what
# that takes beside QEMU with its default firmware. TAP. Part of make soak: it downloads 110 MB once (tests/linux-prepare.sh).
. "$(dirname "$0")/tap.sh"
here=$TOP/tests
cache=${TARRY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tarry}/linux-${SUITE:-trixie}
"$here/linux-prepare.sh" "$cache" >"$work/prepare" 2>&1 || {
    sed 's/^/# /' "$work/prepare"
    echo "1..0 # SKIP the packages cannot be had here"
    exit 0
}
cd "$work" || exit 1
kernel=$cache/vmlinux initrd=$cache/initrd
cp --sparse=always "$cache/disk" disk
PATH=$PATH:/sbin:/usr/sbin

# ---- to a shell, with commands from a pipe ----
cat >commands <<'SH'
mount -t ext4 /dev/vda /mnt
cat /mnt/hello
echo written by the guest >/mnt/new
umount /mnt
mount -t ext4 /dev/vda /mnt && cat /mnt/new
umount /mnt
poweroff -f
SH
shell() { # DB: the console goes to standard output
    "$TARRY" boot "$kernel" --initrd "$initrd" --disk disk --append "console=ttyS0 panic=-1" --timeout 600 \
        --max-insns 30000000000 -o "$1" <commands | tr -d '\r'
    return "${PIPESTATUS[0]}"
}
status=0
shell linux.db >console 2>err || status=$?
is "shell: exit status" "$status$(cat err)" 0
ok "shell: it is Linux on our SBI" grep -q 'SBI implementation ID=0x5452' console
ok "shell: reads a file of the host" grep -qx 'a file from the host' console
ok "shell: reads back what it wrote" grep -qx 'written by the guest' console
ok "shell: powers off" grep -q 'reboot: Power down' console
ok "shell: no oops, no warning" sh -c '! grep -E "Oops|BUG|WARNING|Call Trace|unhandled" console'
is "the host finds the file on the disk" "$(debugfs -R 'cat /new' disk 2>/dev/null)" "written by the guest"
ok "the host's e2fsck finds the disk clean" sh -c 'e2fsck -fn disk >fsck 2>&1'

# ---- the trace ----
ask() { "$TARRY" query "$1" "$2" --format csv | tail -n +2 | tr -d '\r'; }
is "trace: complete" "$(ask linux.db 'select complete from run')" 1
at_least() { # NAME N TABLE-AND-CONDITION
    ok "trace: $1" test "$(ask linux.db "select count(*) from $3")" -ge "$2"
}
at_least "page faults of processes" 100 "trap_view where code like '%page%' and \"from\" = 'user'"
at_least "timer interrupts" 10 "interrupt_view where code = 'sti'"
at_least "disk reads" 10 "disk_request_view where op = 'read'"
at_least "system calls by name, with what they returned" 5 "ecall_words where call like 'openat(AT_FDCWD, \"/%\", %) = _'"
at_least "... and errors" 1 "ecall_words where call like '%= ENOENT'"
at_least "the parent's result of clone" 5 "ecall_words where call like 'clone(%) = ___'"
is "trace: nothing but what does not return lacks a result" \
    "$(ask linux.db "select group_concat(name, ' ') from (select distinct name from ecall join ecall_name using (number) where result is null order by 1)")" \
    "execve exit_group reboot rt_sigreturn wait4"
at_least "disk writes" 5 "disk_request_view where op = 'write'"
cp --sparse=always "$cache/disk" disk
shell again.db >again 2>err
ok "a second run: the same console" cmp console again
same="select (select count(*) from event), instructions, virtual_ns from run"
is "a second run: the same trace" "$(ask linux.db "$same")" "$(ask again.db "$same")"

# ---- beside QEMU: from the command to power-off, the same work ----
ms() { date +%s%3N; }
on_tarry() { # DB
    "$TARRY" boot "$kernel" --initrd "$initrd" --disk "$cache/disk,overlay" -o "$1" --timeout 600 \
        --append "console=ttyS0 panic=-1 next=selftest" </dev/null
}
on_qemu() { # OPTION...
    timeout 600 qemu-system-riscv64 -machine virt -m 256M -nographic -no-reboot -monitor none -serial stdio \
        -global virtio-mmio.force-legacy=false -kernel "$kernel" -initrd "$initrd" "$@" \
        -append "console=ttyS0 panic=-1 next=selftest" -drive "file=$cache/disk,if=none,format=raw,id=d0,snapshot=on" \
        -device virtio-blk-device,drive=d0 </dev/null
}
timed() { # NAME COMMAND...
    local name=$1 begin
    shift
    begin=$(ms)
    "$@" >selftest 2>err
    echo "# $name: $(($(ms) - begin)) ms"
    ok "selftest, $name" grep -q '^the disk is good' selftest
}
timed "tarry" on_tarry none
timed "tarry with its trace" on_tarry selftest.db
timed "qemu" on_qemu
timed "qemu -icount shift=0" on_qemu -icount shift=0
done_testing

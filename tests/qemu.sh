# SPDX-License-Identifier: GPL-2.0-only
# Running our kernel on qemu-system-riscv64, the standing reference. Source after tap.sh.

# The same encoding of a program and its arguments that `tarry run` gives in the boot arguments.
bootargs() { # POLICY PROGRAM [ARG...]
    python3 - "$@" <<'PY'
import sys
enc = lambda w: "".join(chr(c) if 0x20 < c < 0x7f and c != 0x25 else "%%%02X" % c for c in w.encode()) or "%00"
print(" ".join(["io=" + sys.argv[1], "--"] + [enc(w) for w in sys.argv[2:]]))
PY
}

# Runs a program in the guest OS on QEMU; prints the console from where the kernel takes over. Status: the guest's.
on_qemu() { # IMAGE POLICY PROGRAM [ARG...]
    local image=$1
    shift
    timeout 120 qemu-system-riscv64 -machine virt -m 256M -nographic -no-reboot -monitor none -serial stdio \
        -global virtio-mmio.force-legacy=false -kernel "$BUILD/kernel.elf" \
        -drive "file=$image,if=none,format=raw,id=d0,snapshot=on" -device virtio-blk-device,drive=d0 \
        ${QEMU_EXTRA-} -append "$(bootargs "$@")" </dev/null | tr -d '\r' | sed '1,/^Boot HART MEDELEG/d'
    return "${PIPESTATUS[0]}"
}

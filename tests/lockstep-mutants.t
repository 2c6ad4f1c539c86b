#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Do the instruction tests see a broken machine? Each line of the list breaks one rule in a copy of a source file of the
# machine; the driver is linked with it, and the named program must fail. A mutant that survives is a rule without a test.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
work=$BUILD/lockstep-mutants
mkdir -p "$work"
packages=$(sed -n 's/^PKGS *:= *//p' Makefile)
flags="-std=c11 -D_GNU_SOURCE -O1 -I$BUILD/gen -DTARRY_VERSION=\"0\" $(pkg-config --cflags $packages)"
libs="$(pkg-config --libs $packages) -lfdt -lpthread -lm -ldl"
[ -n "${SANITIZE:-}" ] && flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=undefined"
objects=$(make -s BUILD="$BUILD" SANITIZE="${SANITIZE:-}" --eval='objects: ; @echo $(HOST_OBJ)' objects | tr ' ' '\n')
export ASAN_OPTIONS=detect_leaks=0

# rule | program that must see it | source | sed expression
list() {
    cat <<'END'
SUM opens code, too|sv39|mmu/walk.c|s/(access == MMU_FETCH || !c->sum)/!c->sum/;s/return c->sum ? rights & ~(unsigned)MMU_EXEC : 0;/return rights;/
MXR is ignored|sv48|mmu/walk.c|s/(c->mxr && (pte & PTE_X))/0/
a store does not set D|sv39|mmu/walk.c|s/(access == MMU_STORE ? PTE_D : 0)/0/
a superpage may be misaligned|sv39|mmu/walk.c|s/return MMU_MISALIGNED;/return MMU_OK;/
MPRV is for fetches, too|sv39|emu/mode.c|s/h->privilege == MMU_MACHINE && access != MMU_FETCH && /h->privilege == MMU_MACHINE \&\& /
a trap forgets MIE|interrupts|emu/mode.c|s/^        status |= STATUS_MPIE;/        ;/
mret leaves MPRV|spec_status|emu/trap.c|s/h->mstatus = to == MMU_MACHINE ? status : status & ~STATUS_MPRV/h->mstatus = status/
machine mode delegates|traps|emu/trap.c|s/from != MMU_MACHINE && h->medeleg/h->medeleg/
timer before software|spec_priority|emu/trap.c|s/IRQ_MEXT, IRQ_MSOFT, IRQ_MTIMER/IRQ_MEXT, IRQ_MTIMER, IRQ_MSOFT/
vectors for exceptions, too|interrupts|emu/trap.c|s/ && (cause & CAUSE_INTERRUPT)//
the last PMP entry decides|pmp|emu/pmp.c|s/for (int i = 0; i < PMP_ENTRIES; i++)$/for (int i = PMP_ENTRIES; i-- > 0;)/
PMP is not asked for page tables|pmp|emu/tlb.c|s/return pmp_rights(&m->hart.pmp, pa, false) & right ? /return right ? /
mcounteren is ignored|counters|emu/count.c|s/return c.writes || !csr_counter_allowed(h, c.csr & 31);/return c.writes;/
code stays stale|zifencei|emu/code.c|s/^        uc_ctl_flush_tlb(h->uc); .* its writable entries .*$/        ;/;s/^        code_forget(h, pa_page, PAGE_BYTES);/        ;/
reserved compressed instructions pass|c|emu/insn.c|s/(insn & 0xe003) == 0x8000 || //
FS off does not matter|f|emu/code.c|s/bool off = (mstatus & STATUS_FS) == 0;/bool off = false; (void)mstatus;/
END
}

n=0
result() { # RULE WHAT_IS_WRONG
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1: $2"; fi
}

try() { # PROGRAM DRIVER: 0 if nothing is wrong
    local alone=
    case $1 in spec_*) alone=-t ;; esac
    timeout 60 "$2" $alone "$BUILD/tests/lockstep/$1.elf" >"$work/out" 2>&1
}

programs=$(list | cut -d'|' -f2 | sort -u)
echo "1..$(($(echo "$programs" | wc -l) + $(list | wc -l)))"
for program in $programs; do # a program that fails anyway would see everything
    why=
    try "$program" "$BUILD/tests/lockstep/lockstep" || why="it fails without a mutant"
    result "$program passes" "$why"
done
for source in tests/lockstep/*.c; do
    gcc $flags -c -o "$work/$(basename "$source" .c).test.o" "$source" || exit 1
done
while IFS='|' read -r rule program source change; do
    copy=$work/$(basename "$source")
    why=
    sed -e "$change" "$source" >"$copy"
    if cmp -s "$source" "$copy"; then
        why="the change does not apply"
    elif ! gcc $flags -I"$(dirname "$source")" -c -o "$work/mutant.o" "$copy"; then
        why="it does not build"
    elif ! gcc $flags -o "$work/lockstep" "$work"/*.test.o "$work/mutant.o" \
        $(grep -v -e "/host/emu/main.o$" -e "/host/${source%.c}.o$" <<<"$objects") $libs; then
        why="it does not link"
    elif try "$program" "$work/lockstep"; then
        why="$program does not see it"
    fi
    result "$rule" "$why"
done < <(list)

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Do the comparisons of walks see a broken walker? Each line of the list breaks one rule in a copy of a source file; the comparison
# with QEMU (tests/walks, `q`) and that with Unicorn's walker (tests/unit/mmu_random.c, `u`) must see it where the line says so. Unicorn
# 2.1 checks no reserved bits and none of pointers, and knows nothing of PMP, CSRs and TLBs. `s` is the comparison with QEMU while stale
# entries are used (--stale-tlb), `t` that of the software-managed TLB with a naive one (tests/softtlb.t), `l` that of stale
# entries with kernels that forget fences (tests/stale.t),
# `n` that of the model of TLBs with a naive one (tests/unit/mmu_tlb_levels.c). An argument chooses lines of the list.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
work=$BUILD/walks-mutants
mkdir -p "$work"
packages=$(sed -n 's/^PKGS *:= *//p' Makefile)
flags="-std=c11 -D_GNU_SOURCE -O1 -I. -Itests -I$BUILD/gen -DTARRY_VERSION=\"0\" $(pkg-config --cflags $packages)"
libs="$(pkg-config --libs $packages) -lfdt -lpthread -lm -ldl -lcmocka"
[ -n "${SANITIZE:-}" ] && flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=undefined"
export ASAN_OPTIONS=detect_leaks=0 TARRY_SEED=1 TARRY_CASES=20000 TARRY_OPS=400000
cases=10000

# rule | who must see it | source | sed expression
list() {
    cat <<'END'
U is not needed by a user|uq|mmu/walk.c|s/c->privilege == MMU_USER && !user_page/0/;s/return pte & PTE_U ? rights : 0;/return rights;/
SUM is not needed|uq|mmu/walk.c|s/(access == MMU_FETCH || !c->sum)/access == MMU_FETCH/;s/return c->sum ? rights & ~(unsigned)MMU_EXEC : 0;/return rights \& ~(unsigned)MMU_EXEC;/
SUM opens code, too|uq|mmu/walk.c|s/(access == MMU_FETCH || !c->sum)/!c->sum/;s/return c->sum ? rights & ~(unsigned)MMU_EXEC : 0;/return rights;/
MXR is ignored|uq|mmu/walk.c|s/(c->mxr && (pte & PTE_X))/0/
MXR is always on|uq|mmu/walk.c|s/(c->mxr && (pte & PTE_X))/(pte \& PTE_X)/
V is ignored|uq|mmu/walk.c|s/return MMU_INVALID;/;/
reserved bits are ignored|q|mmu/walk.c|s/pte & PTE_RESERVED/0/
bit 63 is ignored|q|mmu/walk.c|s/pte & PTE_RESERVED/pte << 1 \& PTE_RESERVED << 1/
W without R is a right|uq|mmu/walk.c|s/return MMU_WRITE_ONLY;/return MMU_OK;/
a superpage may be misaligned|uq|mmu/walk.c|s/return MMU_MISALIGNED;/return MMU_OK;/
only the last level may be misaligned|uq|mmu/walk.c|s/level \* PTE_INDEX_BITS)) - 1;$/(level ? level - 1 : 0) * PTE_INDEX_BITS)) - 1;/
A, D and U do not matter in pointers|q|mmu/walk.c|s/return MMU_POINTER_BITS;/;/
U does not matter in pointers|q|mmu/walk.c|s/(PTE_A | PTE_D | PTE_U)/(PTE_A | PTE_D)/
a store needs no W|uq|mmu/walk.c|s/access == MMU_STORE && !(rights & MMU_WRITE)/0/
a fetch needs no X|uq|mmu/walk.c|s/access == MMU_FETCH && !(rights & MMU_EXEC)/0/
a load needs no R|uq|mmu/walk.c|s/access == MMU_LOAD && !(rights & MMU_READ)/0/
a store does not set D|uq|mmu/walk.c|s/(access == MMU_STORE ? PTE_D : 0)/0/
a load sets D|uq|mmu/walk.c|s/(access == MMU_STORE ? PTE_D : 0)/PTE_D/
A is not set|uq|mmu/walk.c|s/r->pte | PTE_A | (access/r->pte | (access/
a page without D is writable once it has been read|q|mmu/walk.c|s/if (!(r->pte & PTE_D))/if (0)/
every address is canonical|uq|mmu/walk.c|s/return high == 0 || high == -1;/return high != 1;/
the top address bit does not count|uq|mmu/walk.c|s/PTE_INDEX_BITS - 1;$/PTE_INDEX_BITS;/
Sv48 begins a level too low|uq|mmu/walk.c|s/access, 4, r)/access, 3, r)/
an index has eight bits|uq|mmu/walk.c|s/((1u << PTE_INDEX_BITS) - 1)/((1u << (PTE_INDEX_BITS - 1)) - 1)/
a superpage is one page|uq|mmu/walk.c|s/^    r->page_bytes = .*/    r->page_bytes = 4096;/
M mode translates fetches by MPRV|q|emu/mode.c|s/h->privilege == MMU_MACHINE && access != MMU_FETCH && /h->privilege == MMU_MACHINE \&\& /
PMP is not asked for page tables|q|emu/tlb.c|s/return pmp_rights(&m->hart.pmp, pa, false) & right ? /return right ? /
PMP is not asked for pages|q|emu/tlb.c|s/^    r->rights &= pmp_rights.*$//
the entries survive sfence.vma|s|emu/trap.c|s/^        tlb_model_fence(h->tlb, .*$/        ;/
the entries survive the sfence.vma of an address|s|mmu/tlb.c|s/gone += fence_bank(&t->array\[i\].small, i, &f)/gone += (va ? 0 : fence_bank(\&t->array[i].small, i, \&f))/
the entries survive the sfence.vma of an address space|s|mmu/tlb.c|s/gone += fence_bank(&t->array\[i\].small, i, &f)/gone += (asid \&\& !va ? 0 : fence_bank(\&t->array[i].small, i, \&f))/
the second page of a store does not get its D|s|emu/tlb_model.c|s/tlb_visit(h, second, access);/;/
an entry needs no V|t|mmu/walk.c|/^bool mmu_leaf/,/^}/s/check_form(pte)/MMU_OK/
the software-managed TLB's store needs no D|t|emu/tlb.c|s/access == MMU_STORE && !(e->pte & PTE_D)/0/
the supervisor's window is everybody's|t|emu/tlb.c|s/c->privilege == MMU_USER ? MMU_WINDOW : MMU_OK/MMU_OK/
entries are of every address space|t|mmu/tlb.c|s/return e->global || e->asid == asid;/return e->global || e->asid != asid + 1;/
an entry that is replaced is young again|t|mmu/tlb.c|s/if (old < 0 && b->policy == MMU_TLB_FIFO)/if (b->policy == MMU_TLB_FIFO)/
sfence.vma of an address space takes global entries|t|mmu/tlb.c|s/(f->asid && (e->global || e->asid != \*f->asid))/(f->asid \&\& !e->global \&\& e->asid != *f->asid)/
a stale entry is told twice|l|emu/tlb_model.c|s/^    e->mark = true;$/    ;/
where the table was changed is forgotten|l|emu/tlb_model.c|s/^    changes_find(t->changes.*$/    ;/
a right that was lost is no difference|l|emu/tlb_model.c|s/return entry & ~now & ~status & ~PTE_PPN_MASK || /return /
a right that was gained is a difference|l|emu/tlb_model.c|s/return entry & ~now & ~status & ~PTE_PPN_MASK/return (entry ^ now) \& ~status \& ~PTE_PPN_MASK/
nothing stale is used|l|emu/tlb_model.c|s/if (!t->options.stale || is_soft(t)/if (1 || is_soft(t)/
what the second level has is not copied|n|mmu/tlb.c|s/\*entry = put_leaf(&t->array\[first\], va, \*second, &out->entry\[first\]);/*entry = (struct mmu_tlb_entry *)second; (void)first;/
a fill forgets the second level|n|mmu/tlb.c|s/^    put_leaf(&t->array\[MMU_TLB_SECOND\], va, e, &out->entry\[MMU_TLB_SECOND\]);$//
a fence of one address leaves superpages|n|mmu/tlb.c|s/uint64_t page = 1ull << (PAGE_SHIFT_4K + e->level \* PTE_INDEX_BITS);/uint64_t page = 1ull << PAGE_SHIFT_4K;/
the newest pointer goes|n|mmu/tlb.c|s/if (t->pointer\[i\].used < p->used)/if (t->pointer[i].used > p->used)/
a walk begins at the highest pointer|n|mmu/tlb.c|s/for (unsigned level = 1; level < levels; level++) {/for (unsigned level = levels - 1; level > 0; level--) {/
FIFO goes by use|n|mmu/tlb.c|s/^    if (b->policy == MMU_TLB_LRU)$/    if (b->policy == MMU_TLB_LRU || b->policy == MMU_TLB_FIFO)/
a crossing access tells the address of its first byte|q|emu/tlb.c|s/return (ea & ~(PAGE_BYTES - 1)) == page ? ea : page;/return ea;/
END
}

n=0
result() { # RULE WHAT_IS_WRONG
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1: $2"; fi
}
elf=$BUILD/tests/walks/walks.elf
stale=(--options "--stale-tlb --tlb default" --open-bits)
qemu() { # TARRY OPTION...: 0 if they agree
    timeout 100 tests/walks/compare.py --limit 30 -n $cases "${@:2}" "$elf" "$1" >"$work/out" 2>&1
}
softtlb() { MUTANT=$1 TARRY_STEPS=10000 tests/softtlb.t >"$work/out" 2>&1 && ! grep -q '^not ok' "$work/out"; }
levels() {
    gcc $flags -o "$work/levels" tests/unit/mmu_tlb_levels.c "$work/mutant.o" $(walker "$1") $libs && timeout 60 "$work/levels" >"$work/out" 2>&1
}
forgetful() { MUTANT=$1 TARRY_GUESTS=1 tests/stale.t >"$work/out" 2>&1 && ! grep -q '^not ok' "$work/out"; }
unicorn() { timeout 100 "$1" >"$work/out" 2>&1; }
all=$(make -s BUILD="$BUILD" SANITIZE="${SANITIZE:-}" --eval='objects: ; @echo $(HOST_OBJ)' objects | tr ' ' '\n')
objects() { grep -v "/host/${1%.c}.o$" <<<"$all"; } # all but that of SOURCE
walker() { objects "$1" | grep '/host/mmu/'; }     # for tests of these alone

echo "1..$((3 + $(list | grep -cE "${1:-}")))"
qemu "$BUILD/tarry" --save "$work/digests"
qemu "$BUILD/tarry" --open-bits --save "$work/digests-s"
result "nothing differs without a mutant: QEMU" "$(qemu "$BUILD/tarry" -r "$work/digests" || cat "$work/out")"
result "nothing differs without a mutant: QEMU and stale entries" "$(qemu "$BUILD/tarry" -r "$work/digests-s" "${stale[@]}" || cat "$work/out")"
result "nothing differs without a mutant: Unicorn" "$(unicorn "$BUILD/tests/mmu_random" || cat "$work/out")"
gcc $flags -c -o "$work/mmu_random.test.o" tests/unit/mmu_random.c || exit 1
while IFS='|' read -r rule who source change; do
    copy=$work/$(basename "$source")
    why=
    sed -e "$change" "$source" >"$copy"
    if cmp -s "$source" "$copy"; then
        why="the change does not apply"
    elif ! gcc $flags -w -I"$(dirname "$source")" -c -o "$work/mutant.o" "$copy"; then
        why="it does not build"
    elif ! gcc $flags -s -o "$work/tarry" "$work/mutant.o" $(objects "$source") $libs; then
        why="it does not link"
    elif [[ $who == s ]] && qemu "$work/tarry" -r "$work/digests-s" "${stale[@]}"; then
        why="the comparison with QEMU does not see it"
    elif [[ $who == l ]] && forgetful "$work/tarry"; then
        why="the kernels that forget fences do not see it"
    elif [[ $who == n ]] && levels "$source"; then
        why="mmu_tlb_levels does not see it"
    elif [[ $who == t ]] && softtlb "$work/tarry"; then
        why="the naive TLB does not see it"
    elif [[ $who == *q ]] && qemu "$work/tarry" -r "$work/digests"; then
        why="the comparison with QEMU does not see it"
    elif [[ $who == u* ]]; then
        if ! gcc $flags -o "$work/mmu_random" "$work/mmu_random.test.o" "$work/mutant.o" $(walker "$source") $libs; then
            why="the test does not link"
        elif unicorn "$work/mmu_random"; then
            why="the comparison with Unicorn does not see it"
        fi
    fi
    result "$rule ($who)" "$why"
done < <(list | grep -E "${1:-}")

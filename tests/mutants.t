#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Do the tests of the segment code see a broken rule? Each line of the list breaks one: it is applied to a copy of the source,
# which is compiled for the host, and the named test must fail. A mutant that survives is a rule without a test.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
work=$BUILD/mutants
mkdir -p "$work"
flags="-std=gnu11 -D_GNU_SOURCE -O1 -g -I. -Iguestos/include -Iguestos/kernel -Ifs -Itests -I$BUILD/gen"
[ -n "${SANITIZE:-}" ] && flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=undefined"
export TARRY_SEED=1 TARRY_OPS=40000 ASAN_OPTIONS=detect_leaks=0

# rule | test that must see it | source | sed expression
list() {
    cat <<'END'
R1 a snapshot does not protect its blocks|seg_model|fs/inode.c|s/^    return snap > f->fs->committed ? snap : f->fs->committed;$/    (void)snap; return f->fs->committed;/
R3 the count ignores the end of the file|seg_read|guestos/kernel/fileio.c|s/min(n, st.length - off) : 0/n : 0/
R4 a hole is not cleared|seg_read|guestos/kernel/fault.c|s/^        memset(dst, 0, n);$/;/
R5 a fill forgets the offset within the block|seg_model|guestos/kernel/fault.c|s/pagekva(block) + off % TFS_BLOCK, n)/pagekva(block), n)/
R5 neighbours never coalesce|seg_read|guestos/kernel/sourcemap.c|s/^    return a->kind == b->kind && a->end == b->va &&$/    return 0 \&\& a->kind == b->kind \&\& a->end == b->va \&\&/
R5 pieces of a page are not bounded|seg_read|guestos/kernel/segment.c|s/page.pieces > MAX_PIECES/0/
R7 fills are not exclusive|seg_read|guestos/kernel/fault.c|s/^    int r = fixlocked(s, va, access, in_kernel, space, pin);$/    qunlock(\&s->lock); int r = fixlocked(s, va, access, in_kernel, space, pin); qlock(\&s->lock);/
R8 an edge page is taken for loaded|seg_model|guestos/kernel/segment.c|s/now.resident.flags |= PAGE_PARTIAL;/;/
R8 old translations stay|seg_model|guestos/kernel/segment.c|s/^        flushmappings(s, first, last + PGSIZE - first);$/;/
R9 a replaced range stays|seg_sourcemap|guestos/kernel/sourcemap.c|s/^    split(m, middle, end, &middle, after);$/    split(m, middle, end - 1, \&middle, after);/
S1 a transition is not recorded|seg_store|guestos/kernel/segment.c|s/^    tracepage(s, va, EV_page_state_dirty, state);$/;/
S1 a clean page is cleaned again|seg_model|guestos/kernel/segment.c|s/first < va || first + PGSIZE > end/1/
S2 a store to a clean page goes unnoticed|seg_model|guestos/kernel/fault.c|s/return conditionof(v) == OWN \&\& allows/return conditionof(v) >= CLEAN \&\& allows/
S2 a snapshot is kept for ever|seg_store|guestos/kernel/sourcemap.c|s/^            dropsnap(node->src.snap);$/;/
S3 a dirty page is dropped|seg_model|guestos/kernel/clock.c|s/ownssome(&page) ? expel(s, va, &page)/0 ? expel(s, va, \&page)/
S3 a page that is paged out stays mapped|seg_swap|guestos/kernel/clock.c|s/^        flushmappings(s, batch.va\[i\], PGSIZE);.*$/        ;/
S3 a page that is paged out counts as loaded|seg_swap|guestos/kernel/clock.c|s/r.flags & PAGE_PARTIAL});/0});/
S3 a page that somebody uses is taken|seg_store|guestos/kernel/clock.c|s/return page->ref > page->maps + (page->owner != NULL);/(void)page; return false;/
S3 a slot is not given back|seg_swap|guestos/kernel/pagemap.c|s/^        putslot(r.slot);$/        ;/
S4 swap keeps what a frame no longer holds|seg_swap|guestos/kernel/fault.c|s/^        forgetswap(old);$/        ;/
S4 fork forgets to write-protect|seg_model|guestos/kernel/segment.c|s/^    protectmappings(s, s->base, s->top - s->base);.*$/;/
S4 fork forgets the references|seg_model|guestos/kernel/sourcemap.c|s/^        refsnap(src.snap);$/;/
S4 a shared frame is written|seg_model|guestos/kernel/fault.c|s/if (old->maps == 1 \&\& old->owner == NULL) {/if (1) {/
W1 every block counts as unchanged|seg_model|guestos/kernel/fileio.c|s/\*same = yes != 0;/*same = true;/
W1 the offset need not be congruent|seg_model|guestos/kernel/fileio.c|s/piece->off != w->off ||$/0 ||/
W1 the length of the file is not looked at|seg_write|guestos/kernel/fileio.c|s/n = min(n, w->length - w->off);/;/
W2 a skipping write leaves the version|seg_model|guestos/kernel/fileio.c|s/if (w->va > start \&\& !w->touched)/if (w->length == 0)/
W4 what was written stays dirty|seg_write|guestos/kernel/fileio.c|s/if (from >= end || !w->policy->rejoins/if (1 || !w->policy->rejoins/
W4 a store during the write is lost|seg_write|guestos/kernel/fileio.c|s/^        protectown(w->s, w->va, w->end - w->va);$/        ;/
W4 a store during the write is lost in the crowd|seg_together|guestos/kernel/fileio.c|s/^        protectown(w->s, w->va, w->end - w->va);$/        ;/
W4 the association is of another instant|seg_together|guestos/kernel/fileio.c|s/^        associate(w, start);$/        qunlock(\&fslock); preempt(); qlock(\&fslock); associate(w, start);/;s/^#include "cache.h"/void preempt(void);\n&/
W8 the locks are taken the other way round|seg_together|guestos/kernel/fileio.c|s/^    qlock(&w->s->lock);$/    qlock(\&fslock); qlock(\&w->s->lock); qunlock(\&fslock);/
W4 a partial page counts as clean|seg_model|guestos/kernel/segment.c|s/if (r.flags \& PAGE_PARTIAL) { .*$/if (0) {/
W4 own bytes at an edge are forgotten|seg_model|guestos/kernel/segment.c|s/if (ownssome(old) \&\& !ownssome(&now))/if (ownssome(old))/
W5 bytes of a partial page are written unloaded|seg_model|guestos/kernel/fileio.c|s/(piece->kind != EV_source_kind_own \&\& (r.flags \& PAGE_PARTIAL))/0/
W8 data is waited for with fslock held|seg_read|guestos/kernel/fileio.c|/^int snapmap/,/^}/s/qunlock(&fslock);/;/
E1 a failed fill counts as filled|seg_store|guestos/kernel/fault.c|s/^        putpage(frame); .*$/        return install(s, va, v, frame, 0);/
END
}

# Links a test with the kernel's objects, those given first in place of their own, and runs it.
try() { # TEST OBJECT...
    local test=$1
    shift
    [ "$work/$test.o" -nt "$BUILD/tests/$test" ] || gcc $flags -c -o "$work/$test.o" "tests/unit/$test.c" || return 2
    gcc $flags -o "$work/run" "$work/$test.o" "$@" "$BUILD/khost/libkhost.a" -lcmocka -lpthread || return 2
    { timeout 100 "$work/run" || return 1; } >"$work/out" 2>&1
}

fs_objects() { # all but that of SOURCE
    ls "$BUILD"/host/fs/*.o | grep -v "/$(basename "$1" .c)\.o$"
}

n=0
result() { # RULE WHAT_IS_WRONG
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1: $2"; fi
}

tests=$(list | cut -d'|' -f2 | sort -u)
echo "1..$(($(echo "$tests" | wc -l) + $(list | wc -l)))"
for test in $tests; do # a test that fails anyway would see everything
    why=
    try "$test" $(fs_objects none) || why="it fails without a mutant"
    result "$test passes" "$why"
done
while IFS='|' read -r rule test source change; do
    copy=$work/$(basename "$source")
    why=
    sed -e "$change" "$source" >"$copy"
    if cmp -s "$source" "$copy"; then
        why="the change does not apply"
    elif ! gcc $flags -c -o "$work/mutant.o" "$copy"; then
        why="it does not build"
    else
        try "$test" "$work/mutant.o" $(fs_objects "$source")
        case $? in
        0) why="$test does not see it" ;;
        2) why="it does not link" ;;
        esac
    fi
    result "$rule" "$why"
done < <(list)

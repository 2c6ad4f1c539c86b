#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Do the tests see a broken rule of SEMANTICS? Each line of the list breaks one in a copy of a source, and the named test must
# fail: a test of the kernel's code on the host, or `guest`, a boot of the broken kernel that runs model programs. A fault that no
# test sees is a rule without a test. docs/proof.md has the list as a table, which is compared here.
#
#   tests/mutants.t            all of it
#   tests/mutants.t --table    the table
#   tests/mutants.t WORD...    those whose line has one of the words
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
work=$BUILD/mutants
mkdir -p "$work"
flags="-std=gnu11 -D_GNU_SOURCE -O1 -g -I. -Iguestos/include -Iguestos/kernel -Ifs -Itests -I$BUILD/gen"
[ -n "${SANITIZE:-}" ] && flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=undefined"
export TARRY_SEED=1 TARRY_OPS=40000 TARRY_DEPTH=3 ASAN_OPTIONS=detect_leaks=0

# rules and what is broken | test that must see it | source | sed expression
list() {
    cat <<'END'
R1 a snapshot does not protect its blocks|seg_exhaustive|fs/inode.c|s/^    return snap > f->fs->committed ? snap : f->fs->committed;$/    (void)snap; return f->fs->committed;/
R1 a child of fork does not see the read|seg_exhaustive|guestos/kernel/segment.c|s/SourceMap \*sources = copysources(s->sources);/SourceMap *sources = newsources();/
R2 the offset advances by what was asked for|guest|guestos/kernel/sysfile.c|s/c->offset += (uint64_t)got;/c->offset += n;/
R2 what is cut off a file is free although it was read|seg_exhaustive|fs/inode.c|s/snap_keeper(snap_newest(f), at, birth, &run);/NULL; run = n - done;/
R3 the count ignores the end of the file|seg_read|guestos/kernel/fileio.c|s/min(n, st.length - off) : 0/n : 0/
R4 a hole is not cleared|seg_read|guestos/kernel/fill.c|s/^        memset(dst, 0, n);$/;/
R5 a fill forgets the offset within the block|seg_model|guestos/kernel/fill.c|s/pagekva(block) + off % TFS_BLOCK, n)/pagekva(block), n)/
R5 neighbours never coalesce|seg_read|guestos/kernel/sourcemap.c|s/^    return a->kind == b->kind && a->end == b->va &&$/    return 0 \&\& a->kind == b->kind \&\& a->end == b->va \&\&/
R5 pieces of a page are not bounded|seg_read|guestos/kernel/segment.c|s/page.pieces > MAX_PIECES/0/
R6 a read works page by page|seg_read|guestos/kernel/policy.c|/^static int readdeferred/,/^}/s/return segsnapshot(s, va, n, in->snap, off);/int r = 0; for (uint64_t i = 0; i < n \&\& r == 0; i += PGSIZE) r = segsnapshot(s, va + i, n - i < PGSIZE ? n - i : PGSIZE, in->snap, off + i); return r;/
R7 fills are not exclusive|seg_read|guestos/kernel/fault.c|s/^    int r = fixlocked(s, va, access, in_kernel, space, pin);$/    qunlock(\&s->lock); int r = fixlocked(s, va, access, in_kernel, space, pin); qlock(\&s->lock);/
R8 an edge page is taken for loaded|seg_model|guestos/kernel/segment.c|s/now.resident.flags |= PAGE_PARTIAL;/;/
R8 old translations stay|seg_model|guestos/kernel/segment.c|s/^        flushmappings(s, first, last + PGSIZE - first, EV_demotion_replace);$/;/
R8 a page that segfree takes stays|seg_model|guestos/kernel/segment.c|s/^        dropwhole(s, roundup(src.va), rounddown(src.end),$/        if (src.kind != EV_source_kind_zero) dropwhole(s, roundup(src.va), rounddown(src.end),/
R9 a replaced range stays|seg_sourcemap|guestos/kernel/sourcemap.c|s/^    split(m, middle, end, &middle, after);$/    split(m, middle, end - 1, \&middle, after);/
R10 a pipe is read twice|guest|guestos/kernel/devpipe.c|s/^    p->out += part;$/    p->out += part \& ~1ull;/
R11 a page keeps a lent frame when its source changes|seg_write|guestos/kernel/fileio.c|s/^        giveback(w, w->va);$/        (void)giveback;/
S1 a transition is not recorded|seg_store|guestos/kernel/segment.c|s/^    tracepage(s, va, EV_page_state_dirty, state);$/;/
S1 a clean page is cleaned again|seg_model|guestos/kernel/segment.c|s/first < va || first + PGSIZE > end/1/
S2 a store to a clean page goes unnoticed|seg_model|guestos/kernel/fault.c|s/return (c == OWN ||/return (c >= CLEAN ||/
S2 a snapshot is kept for ever|seg_store|guestos/kernel/sourcemap.c|s/^            unwantsnap(node->src.snap, &node->want);$/;/
S2 a page that is detached is wanted still|seg_store|guestos/kernel/sourcemap.c|s/^        rewantsnap(node->src.snap, .*$/        ;/
S2 what nobody wants any more stays held|seg_store|fs/snap.c|s/^            sift(s, s);$/            ;/
S2 what somebody else wants is freed|seg_store|fs/snap.c|s/^        if (wanted(s, fblk, run))$/        if (0)/
S3 a dirty page is dropped|seg_model|guestos/kernel/clock.c|s/ownssome(&page) ? expel(s, va, &page)/0 ? expel(s, va, \&page)/
S3 a page that is paged out stays mapped|seg_swap|guestos/kernel/clock.c|s/^        flushmappings(s, batch.va\[i\], PGSIZE, EV_demotion_evict);.*$/        ;/
S3 a page that is paged out counts as loaded|seg_swap|guestos/kernel/clock.c|s/r.flags & PAGE_PARTIAL});/0});/
S3 a page that somebody uses is taken|seg_store|guestos/kernel/clock.c|s/return page->ref > page->maps + (page->owner != NULL);/(void)page; return false;/
S3 a slot is not given back|seg_swap|guestos/kernel/pagemap.c|s/^        putslot(r.slot);$/        ;/
S4 swap keeps what a frame no longer holds|seg_swap|guestos/kernel/fault.c|s/^        forgetswap(old);$/        ;/
S4 fork forgets to write-protect|seg_model|guestos/kernel/segment.c|s/^    protectmappings(s, s->base, s->top - s->base);.*$/;/
S4 fork forgets the references|seg_model|guestos/kernel/sourcemap.c|s/^        wantsnap(src.snap, .*$/;/
S4 a shared frame is written|seg_model|guestos/kernel/fault.c|s/if (old->maps == 1 \&\& old->owner == NULL) {/if (1) {/
S4 exec keeps the old segments|guest|guestos/kernel/exec.c|s/^    memcpy(up->seg, im->seg, sizeof im->seg);$/    memcpy(up->seg, im->seg, ESEG * sizeof im->seg[0]);/
S4 a child may write what is read-only|guest|guestos/kernel/segment.c|s/^        .attr = model.attr,$/        .attr = model.attr \& ~SG_RONLY,/
W1 W3 every block counts as unchanged|seg_exhaustive|guestos/kernel/fileio.c|s/\*same = yes != 0;/*same = true;/
W1 the offset need not be congruent|seg_model|guestos/kernel/fileio.c|s/piece->off != w->off ||$/0 ||/
W1 the length of the file is not looked at|seg_write|guestos/kernel/fileio.c|s/n = min(n, w->length - w->off);/;/
W2 a skipping write leaves the version|seg_model|guestos/kernel/fileio.c|s/if (w->va > start \&\& !w->touched)/if (w->length == 0)/
W2 a write leaves the time of the file|seg_model|fs/inode.c|s/^    f->inode.mtime_ns = f->fs->env->now_ns(f->fs->env->ctx);$/    ;/
W2 writing needs no permission|guest|guestos/kernel/sysfile.c|s/output ? mode != OWRITE \&\& mode != ORDWR : mode == OWRITE/!output \&\& mode == OWRITE/
W4 what was written stays dirty|seg_write|guestos/kernel/fileio.c|s/if (from >= end || !w->policy->rejoins/if (1 || !w->policy->rejoins/
W4 a store during the write is lost|seg_write|guestos/kernel/fileio.c|s/^        protectown(w->s, w->va, w->end - w->va);$/        ;/
W4 a store during the write is lost in the crowd|seg_together|guestos/kernel/fileio.c|s/^        protectown(w->s, w->va, w->end - w->va);$/        ;/
W4 the association is of another instant|seg_together|guestos/kernel/fileio.c|s/^        associate(w, start);$/        qunlock(\&fslock); preempt(); qlock(\&fslock); associate(w, start);/;s/^#include "cache.h"/void preempt(void);\n&/
W4 a partial page counts as clean|seg_model|guestos/kernel/segment.c|s/if (r.flags \& PAGE_PARTIAL) { .*$/if (0) {/
W4 own bytes at an edge are forgotten|seg_model|guestos/kernel/segment.c|s/if (ownssome(old) \&\& !ownssome(&now))/if (ownssome(old))/
W5 bytes of a partial page are written unloaded|seg_model|guestos/kernel/fileio.c|s/(piece->kind != EV_source_kind_own \&\& (r.flags \& PAGE_PARTIAL))/0/
W6 a block is kept at every write|seg_write|fs/file.c|/^static int fill_new/,/^}/s/blk, fs->epoch/blk, 0/
W7 a block as old as the snapshot is overwritten|seg_exhaustive|fs/file.c|s/old.birth > file_guard(f)/old.birth >= file_guard(f)/
W8 the locks are taken the other way round|seg_together|guestos/kernel/fileio.c|s/^    qlock(&w->s->lock);$/    qlock(\&fslock); qlock(\&w->s->lock); qunlock(\&fslock);/
W8 data is waited for with fslock held|seg_read|guestos/kernel/fileio.c|/^int snapmap/,/^}/s/qunlock(&fslock);/;/
W8 an error while a page is brought in is no error of the call|seg_store|guestos/kernel/fileio.c|s/if (r == MISSING \&\& (r = bringin(w)) < 0)/if (r == MISSING \&\& (r = bringin(w)) < 0 \&\& (r = 0, w->va = w->end, 1))/
W3 a changed block is no conflict|seg_policy|guestos/kernel/fileio.c|s/^        if (!yes)$/        if (0)/
W3 a stored page is no conflict|seg_policy|guestos/kernel/fileio.c|s/readfrom(w, \&piece, off) ? piece.snap : old, off/readfrom(w, \&piece, off) ? piece.snap : old, readfrom(w, \&piece, off) ? off : 0/
R8 zeros load the page|seg_policy|guestos/kernel/zero.c|s/: ofsource(s) ? zerosources/: 0 ? zerosources/
R11 a lent frame is written|seg_policy|guestos/kernel/fill.c|s/unsigned flags = r == 0 ? PAGE_COW : 0;/unsigned flags = 0;/
R11 a lent frame is taken over|seg_policy|guestos/kernel/fault.c|s/if (old->maps == 1 \&\& old->owner == NULL) {/if (old->maps == 1) {/
R11 an unaligned fill is lent a frame|seg_policy|guestos/kernel/fill.c|s/^           piece->off % TFS_BLOCK == 0;$/           1;/
S2 a page that was guessed can be stored into|seg_policy|guestos/kernel/fault.c|/^int fillguess/,/^}/s/return space != NULL ? map(s, va, \&v, space) : 0;/return space != NULL ? putmmu(space, va, pagepa(v.resident.page), PUT_READ | PUT_WRITE) : 0;/
E1 a failed fill counts as filled|seg_store|guestos/kernel/fill.c|s/^            putpage(frame); .*$/            return install(s, va, v, frame, 0);/
E1 what cannot be read is zero|seg_model|guestos/kernel/fill.c|s/^            return deferrederror(piece, off, r);$/            memset(dst + done, 0, part);/
E1 rotten bytes of a slot are data|seg_swap|guestos/kernel/swap.c|s/checksum(frame) != slot->crc/0/
E2 what was written before the disk was full does not count|seg_nospace|fs/file.c|s/return done > 0 ? (int64_t)done : r;/return r;/
E2 pages that need a preserved block stay as they are|seg_nospace|guestos/kernel/fileio.c|s/ \&\& materialisesome()) .*$/ \&\& 0)/
E3 stores take the last frames|seg_swap|guestos/kernel/fault.c|s/uint64_t least = (dirties ? 2 : 1) \* framereserve();/uint64_t least = 0; (void)dirties;/
END
}

# Rules of SEMANTICS for which nothing is broken here, and why.
untested() {
    cat <<'END'
E4|there are no remote file servers yet
E5|`tests/unit/fs_crash.c`, faults in `tests/fs-mutants.t`
END
}

table() {
    echo "| rule | seeded fault | found by |"
    echo "|---|---|---|"
    list | sed -E 's/^(([RSWE][0-9]+ )+)([^|]*)\|([^|]*)\|.*/| \1| \3 | `\4` |/'
    echo
    echo "| not tested so | because |"
    echo "|---|---|"
    untested | sed -E 's/^([^|]*)\|(.*)/| \1 | \2 |/'
}

if [ "${1:-}" = --table ]; then
    table
    exit
fi

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

# Boots a kernel with the objects given in place of its own. [SOURCE OBJECT]
try_guest() {
    local objects expected
    objects=$(find "$BUILD/kernel" -name '*.o' ! -path "$BUILD/kernel/${1:-none}.o" | sort)
    kernel_flags=${kernel_flags:-$(make -s BUILD="$BUILD" --eval='flags: ; @echo $(KERNEL_FLAGS)' flags)}
    mkdir -p "$work/guest"
    # shellcheck disable=SC2086
    riscv64-unknown-elf-gcc $kernel_flags -nostartfiles -static -Wl,--no-warn-rwx-segments -Wl,--gc-sections \
        -T guestos/kernel/kernel.ld -o "$work/guest/kernel.elf" $objects ${2:-} || return 2
    cp -u "$BUILD/tarry" "$work/guest/tarry"
    ln -sf "$(realpath "$BUILD/guest.img")" "$work/guest/guest.img"
    expected=$("$BUILD/tests/model" gen small 16000 "$work/program" | tail -1)
    [ "$(timeout 100 "$work/guest/tarry" run -o none --mem 16M --input "$work/program:/in/p" modelrun /in/p 2>&1)" = \
        "$expected" ] || return 1
}

n=0
result() { # RULE WHAT_IS_WRONG
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1: $2"; fi
}

chosen() {
    local words
    words=$(printf '%s\n' "$@")
    if [ $# = 0 ]; then list; else list | grep -wF "$words"; fi
}

tests=$(chosen "$@" | cut -d'|' -f2 | sort -u)
for test in $tests; do # a test that fails anyway would see everything
    why=
    if [ "$test" = guest ]; then try_guest; else try "$test" $(fs_objects none); fi || why="it fails without a fault"
    result "$test passes" "$why"
done
while IFS='|' read -r rule test source change; do
    copy=$work/$(basename "$source")
    why=
    sed -e "$change" "$source" >"$copy"
    # shellcheck disable=SC2086
    if cmp -s "$source" "$copy"; then
        why="the change does not apply"
    elif [ "$test" = guest ]; then
        kernel_flags=${kernel_flags:-$(make -s BUILD="$BUILD" --eval='flags: ; @echo $(KERNEL_FLAGS)' flags)}
        if riscv64-unknown-elf-gcc $kernel_flags -Iguestos/kernel -w -c -o "$work/mutant.rv.o" "$copy"; then
            try_guest "$source" "$work/mutant.rv.o"
        else
            (exit 2)
        fi
    elif gcc $flags -w -c -o "$work/mutant.o" "$copy"; then
        try "$test" "$work/mutant.o" $(fs_objects "$source")
    else
        (exit 2)
    fi
    case $? in
    0) [ -n "$why" ] || why="$test does not see it" ;;
    2) why="it does not build" ;;
    esac
    result "$rule" "$why"
done < <(chosen "$@")
if [ $# = 0 ]; then
    why=
    diff <(table) <(sed -n '/<!-- mutants -->/,/<!-- end -->/p' docs/proof.md | sed '1d;$d') >"$work/diff" ||
        why="tests/mutants.t --table says otherwise: $(head -3 "$work/diff" | tr '\n' ' ')"
    result "docs/proof.md has the faults and who finds them" "$why"
    why=
    for rule in R{1..11} S{1..4} W{1..8} E{1..5}; do
        { list; untested; } | cut -d'|' -f1 | grep -qw "$rule" || why="$why $rule"
    done
    result "every rule has a fault or a reason" "${why:+neither:$why}"
fi
echo "1..$n"

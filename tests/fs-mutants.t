#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Do the tests of the file system see a broken rule? Each line of the list breaks one in a copy of a source of fs/, and the
# named test must fail. A mutant that survives is a rule without a test.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
work=$BUILD/fs-mutants
mkdir -p "$work"
rm -f "$work"/*.o
flags="-std=c11 -D_GNU_SOURCE -O1 -g -w -I. -Itests -Ifs"
[ -n "${SANITIZE:-}" ] && flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=undefined"
export TARRY_SEED=1 TARRY_CRASH_POINTS=1000 ASAN_OPTIONS=detect_leaks=0

# rule | test that must see it | source | sed expression
list() {
    cat <<'END'
a committed block is overwritten|fs_crash|inode.c|s/^    return snap > f->fs->committed ? snap : f->fs->committed;$/    (void)snap; return 0;/
a commit does not wait before the superblock|fs_crash|super.c|/^static int commit_blocks/,/^}/s/r = fs->env->flush(fs->env->ctx, written);/;/
a commit writes the superblock that counts|fs_crash|super.c|s/(fs->generation + 1) & 1;/fs->generation \& 1;/
a commit writes the copy of the map that counts|fs_crash|freemap.c|s/MAP_BLOCK(g->index, !(fs->map_copy/MAP_BLOCK(g->index, !!(fs->map_copy/
a freed block is used again before the commit|fs_crash|space.c|s/^    return g->committed\[w\] | g->used/    return g->used/
what has changed since the map was written is lost|fs_crash|freemap.c|/^int map_take/,/^}/s/s->ndeltas > 0 ? mem_alloc.*/NULL; return 0;/
what has changed in a group that is not loaded is lost|fs_map|freemap.c|s/s->ndeltas < fs->ncarried; s->ndeltas++/0;/
what has changed stays when the map is written|fs_map|freemap.c|/^void map_committed/,/^}/s/memcpy(g->written.*/;/
more has changed than the superblock has room for|fs_map|freemap.c|s/^    while (total > delta_room(fs)) {/    while (total > delta_room(fs) + 20) {/
what is merely held goes to the disk|fs_crash|space.c|s/^    g->used\[w\] &= ~m;$/    ;/
a changed map is not written|fs_crash|space.c|s/g->dirty = 1;$/;/
an inode stays in memory|fs_crash|inode.c|s/^    \*record(data, f->slot) = f->inode;$/    ;/
a torn superblock counts|fs_crash|super.c|s/ && h.crc == seal_of(data)//
a data block is not compared with its checksum|fs_damage|block.c|s/if (fresh && tfs_crc32c(0, \*data, TFS_BLOCK) != crc)/if (0 \&\& crc)/
a metadata block is not compared with its checksum|fs_damage|block.c|s/if (\*fresh && h->crc != seal_of(\*data))/if (0)/
a cut lets go before all of it could be read|fs_full|tree_cut.c|s/^    for (unsigned i = keep; r == 0 && i < n->shape->count; i++)$/    for (unsigned i = keep; i < n->shape->count; i++)/
a rename clears the target first|fs_full|dir.c|s/^    int r = tree_collect(f->fs, &old->inode.root, &list);$/    { struct place p; if (place_get(newdir, newname, newn, \&p) == 0) place_clear(newdir, \&p); }\n&/
data takes the last blocks|fs_full|space.c|s/ || (is_data && fs->free <= fs->reserve + floor))/)/
a snapshot does not hold its blocks|fs_model|inode.c|s/^        if (keeper != NULL)$/        if (0)/
a block of a removed named snapshot is used again before the commit|fs_crash|space.c|/^static void now_free/,/^}/s/if (g->committed.*/if (0) {/
a named snapshot does not keep its blocks|fs_named|inode.c|s/^    int listed = is_in_named(f) .*/    int listed = 0;/
a dead block is not entered on the deadlist|fs_named|inode.c|/^void file_drop/,/^}/s/^        dead_append(.*/        ;/
a dead block is entered on the deadlist twice|fs_named|inode.c|/^void file_drop/,/^}/s/^        dead_append(.*/        { dead_append(f->fs, blk, n, birth); dead_append(f->fs, blk, 1, birth + 1); }/
the blocks of a removed open file are not on the deadlist|fs_named|inode.c|/^void file_unlink/,/^}/s/int listed = .*/int listed = 0;/
a removed open file puts its blocks on the deadlist once more|fs_named|inode.c|s/^    return !f->orphan \&\& f != /    return f != /
the birth of a dead block is forgotten|fs_named|deadlist.c|/^void dead_append/,/^}/s/\.birth = birth/.birth = 1/
dead blocks side by side count as of one birth|fs_named|deadlist.c|s/ == blk \&\& last->birth == birth) {/ == blk) {/
the birth test is left out when a snapshot is removed|fs_named|deadlist.c|s/^    if (e->birth <= g->epoch)$/    if (0)/
a block that an older snapshot sees is freed|fs_named|deadlist.c|s/^    if (e->birth <= g->epoch)$/    if (e->birth < g->epoch)/
what nobody sees any more is not freed|fs_named|deadlist.c|s/done ? space_unlist : NULL/NULL/
a removed snapshot's own deadlist is lost|fs_named|deadlist.c|s/\.to = \*of_it}/.to = {0}}/
the blocks of a deadlist leak|fs_named|deadlist.c|s/done ? space_free : NULL/NULL/
the first block of the deadlist is overwritten before the commit|fs_crash|deadlist.c|/^static int add_page/,/^}/s/r = space_alloc(fs, &nobody, 0, 0, &p->blk);/{ r = p->old > 0 ? (p->blk = l->disk.blk, 0) : space_alloc(fs, \&nobody, 0, 0, \&p->blk); l->replaced |= p->old > 0; }/
a page of the deadlist is not written|fs_crash|deadlist.c|/^int dead_commit/,/^}/s/r = write_block(.*/;/
no room is made on the deadlist|fs_full|deadlist.c|/^int dead_reserve/,/^}/s/n + SLACK/(uint64_t)(n > 0)/
a full disk keeps no room for removing a snapshot|fs_full|space.c|/^uint64_t space_floor/,/^}/s/return .*/return 0;/
a dead block that memory holds is freed with the snapshot|fs_named|space.c|/^static void unlist_one/,/^}/s/if (g->held\[w\] \& m)/if (0)/
memory frees a block that a deadlist has|fs_named|space.c|s/^    if (is_held \&\& is_used)$/    if (0)/
END
}

passes() { { timeout 100 "$work/run" || return 1; } >"$work/out" 2>&1; } # says nothing when it crashes

n=0
while IFS='|' read -r rule test source change; do
    n=$((n + 1))
    mutant=$work/$n.c
    sed "$change" "fs/$source" >"$mutant"
    if cmp -s "fs/$source" "$mutant"; then
        echo "not ok $n - $rule"
        echo "# the change does not apply to fs/$source"
        continue
    fi
    others=$(ls "$BUILD"/host/fs/*.o | grep -v "/${source%.c}\.o\$")
    [ -e "$work/$test.o" ] || gcc $flags -c -o "$work/$test.o" "tests/unit/$test.c"
    if ! gcc $flags -o "$work/run" "$mutant" $others "$work/$test.o" -lcmocka 2>"$work/errors"; then
        echo "not ok $n - $rule"
        sed 's/^/# /' "$work/errors"
    elif passes; then
        echo "not ok $n - $rule"
        echo "# $test has not seen it"
    else
        echo "ok $n - $rule"
    fi
done < <(list)
echo "1..$n"

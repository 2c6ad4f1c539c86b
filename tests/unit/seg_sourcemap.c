/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source map against a naive model: an array with the source of every byte. Random; the seed is printed and can be
 * given as TARRY_SEED.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/khost.h"
#include "khost/random.h"

enum { BYTES = 400, SNAPS = 3, IMAGES = 2, HOLDERS = SNAPS + IMAGES, OPERATIONS = 300000 };
#define BASE 0x123456000ull

/* Snapshots and images are only names here; the map's references to them are counted. */
struct tfs_snap {
    int refs;
    uint64_t wanted; /* bytes */
};

struct Image {
    struct tfs_snap as;
};

static struct tfs_snap snaps[HOLDERS]; /* the last ones are those of images */

static void refsnap(struct tfs_snap *snap)
{
    snap->refs++;
}

void dropsnap(struct tfs_snap *snap)
{
    assert_true(snap->refs > 0);
    snap->refs--;
}

/* What a piece wants: bytes, not blocks, so that it can be compared. */
void wantsnap(struct tfs_snap *snap, struct tfs_want *want, uint64_t off, uint64_t n)
{
    refsnap(snap);
    snap->wanted += n;
    *want = (struct tfs_want){.first = off, .end = off + n};
}

void rewantsnap(struct tfs_snap *snap, struct tfs_want *want, uint64_t off, uint64_t n)
{
    assert_int_equal(off, want->first);
    snap->wanted += n - (want->end - want->first);
    want->end = off + n;
}

void unwantsnap(struct tfs_snap *snap, struct tfs_want *want)
{
    snap->wanted -= want->end - want->first;
    dropsnap(snap);
}

void refimage(Image *i)
{
    refsnap(&i->as);
}

void putimage(Image *i)
{
    dropsnap(&i->as);
}

static struct tfs_snap *holder(const Source *piece)
{
    return piece->image != NULL ? &piece->image->as : piece->snap;
}

typedef struct Byte {
    enum ev_enum_source_kind kind;
    struct tfs_snap *snap;
    uint64_t off;
} Byte;

static bool same(Byte a, Byte b)
{
    return a.kind == b.kind && a.snap == b.snap && a.off == b.off;
}

static Byte byteof(const Source *piece, uint64_t va)
{
    return (Byte){piece->kind, holder(piece), holder(piece) != NULL ? piece->off + (va - piece->va) : 0};
}

static void set(Byte *model, Source src)
{
    for (uint64_t va = src.va; va < src.end; va++)
        model[va - BASE] = byteof(&src, va);
}

/* Every byte agrees, and the map has no more pieces than it needs (R5: coalescing). Adds up references to snaps. */
static void compare(const SourceMap *m, const Byte *model, struct tfs_snap all[HOLDERS])
{
    uint64_t pieces = 0;
    Source before = {0};
    for (uint64_t va = BASE; va < BASE + BYTES;) {
        Source piece = sourceat(m, va, BASE + BYTES);
        assert_true(piece.va == va && piece.end > va && piece.end <= BASE + BYTES);
        for (; va < piece.end; va++)
            assert_true(same(model[va - BASE], byteof(&piece, va)));
        if (piece.va > BASE)
            assert_false(before.kind == piece.kind &&
                         (holder(&piece) == NULL || same(byteof(&before, piece.va), byteof(&piece, piece.va))));
        before = piece;
        pieces += piece.kind != EV_source_kind_zero;
        if (holder(&piece) != NULL)
            all[holder(&piece) - snaps].refs++;
        if (piece.snap != NULL)
            all[piece.snap - snaps].wanted += piece.end - piece.va; /* S2: no more than these */
    }
    assert_int_equal(countsources(m), pieces);
}

/* A range and a source for it; offsets are such that neighbours often go on where the other ends. */
static Source arbitrary(void)
{
    Source src = {.va = BASE + below(BYTES), .kind = below(5)};
    uint64_t most = below(4) == 0 ? BYTES : 40;
    src.end = src.va + 1 + below(most);
    if (src.end > BASE + BYTES)
        src.end = BASE + BYTES;
    if (src.kind == EV_source_kind_snapshot) {
        src.snap = &snaps[below(SNAPS)];
    } else if (src.kind == EV_source_kind_live || src.kind == EV_source_kind_mapping) {
        src.image = (Image *)&snaps[SNAPS + below(IMAGES)];
    }
    if (src.snap != NULL || src.image != NULL)
        src.off = src.va - BASE + (below(3) == 0 ? 1000 * below(2) : 5000);
    return src;
}

static void agrees_with_the_model(void **state)
{
    static Byte model[BYTES];
    (void)state;
    SourceMap *m = newsources();
    for (unsigned i = 0; i < OPERATIONS; i++) {
        struct tfs_snap all[HOLDERS] = {0};
        Source src = arbitrary();
        assert_int_equal(reservesources(m), 0);
        setsource(m, src);
        sweepsources(m);
        set(model, src);
        if (below(2) == 0)
            continue;
        compare(m, model, all);
        for (unsigned k = 0; k < HOLDERS; k++)
            assert_memory_equal(&snaps[k], &all[k], sizeof all[k]);
    }
    freesources(m);
    for (unsigned k = 0; k < HOLDERS; k++)
        assert_int_equal(snaps[k].refs, 0);
    assert_int_equal(memory.objects, 0);
}

static void s4_copy_has_its_own_references(void **state)
{
    static Byte model[BYTES];
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct tfs_snap all[HOLDERS] = {0};
        SourceMap *m = newsources();
        memset(model, 0, sizeof model);
        for (unsigned k = below(30); k > 0; k--) {
            Source src = arbitrary();
            reservesources(m);
            setsource(m, src);
            set(model, src);
        }
        sweepsources(m);
        memory.fail_kalloc = below(40); /* often fails: then nothing may be left of it */
        uint64_t objects = memory.objects;
        SourceMap *copy = copysources(m);
        memory.fail_kalloc = 0;
        if (copy == NULL)
            assert_int_equal(memory.objects, objects);
        compare(m, model, all);
        freesources(m);
        if (copy != NULL) {
            compare(copy, model, (struct tfs_snap[HOLDERS]){0});
            freesources(copy);
        }
        for (unsigned k = 0; k < HOLDERS; k++)
            assert_int_equal(snaps[k].refs, 0);
        assert_int_equal(memory.objects, 0);
    }
}

static void a_reserve_fails_without_a_change(void **state)
{
    (void)state;
    for (unsigned fail = 1; fail <= 3; fail++) {
        SourceMap *m = newsources();
        memory.fail_kalloc = fail;
        assert_int_equal(reservesources(m), -T_ENOMEM);
        assert_int_equal(countsources(m), 0);
        memory.fail_kalloc = 0;
        freesources(m);
        assert_int_equal(memory.objects, 0);
    }
}

static void r6_cost_does_not_grow_with_the_length(void **state)
{
    (void)state;
    for (unsigned shift = 12; shift <= 36; shift += 12) {
        SourceMap *m = newsources();
        uint64_t before = memory.kallocs;
        reservesources(m);
        Source src = {.va = BASE, .end = BASE + (1ull << shift), .kind = EV_source_kind_snapshot, .snap = snaps};
        setsource(m, src);
        assert_int_equal(memory.kallocs - before, 3);
        assert_int_equal(countsources(m), 1);
        assert_int_equal(sourceat(m, BASE, UINT64_MAX).end, BASE + (1ull << shift));
        freesources(m);
    }
}

/* A million pieces: lookups must not become linear, nor recursion deep. */
static void stays_balanced(void **state)
{
    (void)state;
    SourceMap *m = newsources();
    const uint64_t n = 300000;
    for (uint64_t i = 0; i < n; i++) { /* in order: the worst case of an unbalanced tree */
        reservesources(m);
        setsource(m, (Source){.va = 2 * i, .end = 2 * i + 1, .kind = EV_source_kind_own});
    }
    for (uint64_t i = 0; i < 2 * n; i++)
        assert_int_equal(sourceat(m, i, UINT64_MAX).kind, i % 2 == 0 ? EV_source_kind_own : EV_source_kind_zero);
    reservesources(m);
    setsource(m, (Source){.va = 0, .end = 2 * n, .kind = EV_source_kind_zero});
    assert_int_equal(countsources(m), 0);
    freesources(m);
    assert_int_equal(memory.objects, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(s4_copy_has_its_own_references),
        cmocka_unit_test(a_reserve_fails_without_a_change),
        cmocka_unit_test(r6_cost_does_not_grow_with_the_length),
        cmocka_unit_test(stays_balanced),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

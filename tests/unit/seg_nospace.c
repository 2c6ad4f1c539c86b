/* SPDX-License-Identifier: GPL-2.0-only */
/* E2: no space to preserve a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guestos/kernel/nospace.h"
#include "khost/fixture.h"

enum { NEW = 0xee, PAGES = 40, ROOM = 8 };

/* Leaves room on the disk for ROOM blocks, and what is kept back for metadata. */
static struct tfs_file *fill_disk(void)
{
    static const unsigned char block[PGSIZE];
    struct tfs_file *hog = file_new_with("hog", NULL, 0);
    uint64_t n = 0;
    while (tfs_write(hog, n * PGSIZE, block, PGSIZE) == PGSIZE)
        n++;
    file_truncate(hog, (n - ROOM) * PGSIZE);
    tfs_commit(rootfs);
    return hog;
}

/* The reader has read all of the file and touched nothing; the writer's buffer has new bytes for it. */
static struct tfs_file *begin(enum nospace policy)
{
    nospace_policy = policy;
    tfs_set_scope(rootfs, TFS_SCOPE_RANGE);
    fread_at(0, BUF, PG(PAGES));
    attach(fix.proc, EV_segment_type_memory, OTHER, PG(PAGES), 0, EV_io_policy_eager);
    save_bytes(fix.proc, OTHER, NEW, PG(PAGES));
    return fill_disk();
}

static void end(struct tfs_file *hog)
{
    memory.frame_limit = 0;
    expect_pattern(fix.proc, BUF, 0, PG(PAGES)); /* R1, whatever happened */
    file_truncate(hog, 0);
    file_put(hog);
    nospace_policy = NOSPACE_MATERIALISE;
}

/* So many bytes of the file are new, and the others what they were. */
static void expect_written(uint64_t n)
{
    unsigned char *bytes = malloc(PG(PAGES));
    file_read(fix.file, 0, bytes, PG(PAGES));
    for (uint64_t i = 0; i < PG(PAGES); i++)
        if (bytes[i] != (i < n ? NEW : pattern(i)))
            fail_msg("byte %lu of the file is %u", (unsigned long)i, bytes[i]);
    free(bytes);
}

static void pages_are_materialised_first(void **state)
{
    (void)state;
    struct tfs_file *hog = begin(NOSPACE_MATERIALISE);
    for (uint64_t done = 0; done < (int64_t)PG(PAGES);) {
        int64_t n = fwrite_at(done, OTHER + done, PG(PAGES) - done);
        assert_true(n > 0);
        done += (uint64_t)n;
    }
    expect_written(PG(PAGES));
    end(hog);
}

/* Whose pages they are does not matter: another process's, a read-only segment's. */
static void pages_of_others_are_materialised(void **state)
{
    (void)state;
    struct tfs_file *hog = begin(NOSPACE_MATERIALISE);
    Proc *child = khost_fork(fix.proc);
    become(child);
    fix.seg->attr |= SG_RONLY;
    assert_int_equal(fwrite_at(0, OTHER, PG(PAGES)), PG(PAGES));
    fix.seg->attr &= ~SG_RONLY;
    expect_written(PG(PAGES));
    expect_pattern(child, BUF, 0, PG(PAGES));
    become(child);
    khost_exit(child);
    end(hog);
}

static void without_memory_or_swap_the_writer_gets_the_error(void **state)
{
    (void)state;
    struct tfs_file *hog = begin(NOSPACE_MATERIALISE);
    memory.no_swap = true;
    memory.frame_limit = memory.frames + 5;
    int64_t n = fwrite_at(0, OTHER, PG(PAGES)), done = n > 0 ? n : 0;
    assert_true(done < (int64_t)PG(PAGES));
    assert_int_equal(fwrite_at((uint64_t)done, OTHER + (uint64_t)done, PG(PAGES) - (uint64_t)done), -T_ENOSPC);
    expect_written((uint64_t)done);
    end(hog);
}

static void the_writer_gets_the_error_at_once(void **state)
{
    (void)state;
    struct tfs_file *hog = begin(NOSPACE_FAIL_WRITER);
    uint64_t frames = memory.frames;
    int64_t n = fwrite_at(0, OTHER, PG(PAGES)), done = n > 0 ? n : 0;
    assert_true(done < (int64_t)PG(PAGES));
    assert_int_equal(fwrite_at((uint64_t)done, OTHER + (uint64_t)done, PG(PAGES) - (uint64_t)done), -T_ENOSPC);
    assert_int_equal(memory.frames, frames);
    expect_written((uint64_t)done);
    end(hog);
}

/* The error comes in the middle of a page of the buffer, which goes to two blocks: the first of them counts. */
static void what_is_written_before_the_error_counts(void **state)
{
    (void)state;
    enum { ASIDE = 100 };
    struct tfs_file *hog = begin(NOSPACE_FAIL_WRITER);
    uint64_t off = PG(1) + ASIDE;
    int64_t n;
    while ((n = fwrite_at(off, OTHER, PGSIZE)) == PGSIZE)
        off += PG(2);
    assert_int_equal(n, PGSIZE - ASIDE);
    unsigned char bytes[PG(2)];
    file_read(fix.file, off - ASIDE, bytes, sizeof bytes);
    for (uint64_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], i >= ASIDE && i < PGSIZE ? NEW : pattern(off - ASIDE + i));
    end(hog);
}

/* A page that cannot be read stays as it is; the error is the writer's, not the reader's. */
static void a_page_that_cannot_be_read_is_left(void **state)
{
    struct tfs_extent x;
    char byte;
    (void)state;
    struct tfs_file *hog = begin(NOSPACE_MATERIALISE);
    Source piece = sourceat(fix.seg->sources, BUF, BUF + 1);
    assert_int_equal(tfs_snap_map(piece.snap, 0, &x), 0);
    disk.bad_block = x.blk;
    int64_t n = fwrite_at(0, OTHER, PG(PAGES)), done = n > 0 ? n : 0;
    if (done < (int64_t)PG(PAGES))
        assert_int_equal(fwrite_at((uint64_t)done, OTHER + (uint64_t)done, PG(PAGES) - (uint64_t)done), -T_ENOSPC);
    assert_int_equal(load(fix.proc, BUF, &byte, 1), -T_EIO); /* E1 */
    disk.bad_block = 0;
    expect_written((uint64_t)done);
    end(hog);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(pages_are_materialised_first),
        T(pages_of_others_are_materialised),
        T(without_memory_or_swap_the_writer_gets_the_error),
        T(the_writer_gets_the_error_at_once),
        T(what_is_written_before_the_error_counts),
        T(a_page_that_cannot_be_read_is_left),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

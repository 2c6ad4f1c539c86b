/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of reading: R1 to R9, and the conventional policy. A test carries its rule's number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/fixture.h"

static void r1_bytes_are_those_of_the_instant_of_the_read(void **state)
{
    char junk[5000];
    (void)state;
    assert_int_equal(fread_at(0, BUF, PG(8)), PG(8));
    memset(junk, 0, sizeof junk);
    file_write(fix.file, 100, junk, sizeof junk);
    file_truncate(fix.file, PG(2));
    expect_pattern(fix.proc, BUF, 0, PG(3));
    tfs_commit(rootfs);
    file_write(fix.file, 0, junk, sizeof junk);
    expect_pattern(fix.proc, BUF, 0, PG(8));
}

static void r2_later_changes_of_the_file_change_nothing(void **state)
{
    (void)state;
    struct tfs_file *root = tfs_root(rootfs), *again;
    assert_int_equal(fread_at(PG(1), BUF, PG(4)), PG(4));
    assert_int_equal(tfs_chmod(fix.file, 0), 0);
    assert_int_equal(tfs_rename(root, "file", root, "other"), 0);
    assert_int_equal(tfs_remove(root, "other"), 0);
    file_put(fix.file); /* its last reference: it is gone but for the snapshot */
    again = file_new_with("file", "new", 3);
    expect_pattern(fix.proc, BUF, PG(1), PG(4));
    fix.file = again;
    tfs_unref(root);
}

static void r3_a_short_read_leaves_the_rest_of_the_buffer(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 0x77, PG(4));
    assert_int_equal(fread_at(FILE_BYTES - 5000, BUF + 100, PG(3)), 5000);
    expect_bytes(fix.proc, BUF, 0x77, 100);
    expect_pattern(fix.proc, BUF + 100, FILE_BYTES - 5000, 5000);
    expect_bytes(fix.proc, BUF + 5100, 0x77, PG(4) - 5100);
}

static void r3_count_is_settled_at_the_call(void **state)
{
    (void)state;
    assert_int_equal(fread_at(PG(40), BUF, PG(4)), 1000);
    file_write(fix.file, FILE_BYTES, "more", 4); /* the file grows: the buffer does not */
    expect_pattern(fix.proc, BUF, PG(40), 1000);
    expect_bytes(fix.proc, BUF + 1000, 0, PG(4) - 1000);
    assert_int_equal(fread_at(FILE_BYTES + 4, BUF, 1), 0);
    assert_int_equal(fread_at(UINT64_MAX, BUF, 1), 0);
    assert_int_equal(fread_at(0, BUF, 0), 0);
    expect_pattern(fix.proc, BUF, PG(40), 1000);
}

static void r4_a_hole_reads_as_zeros_for_ever(void **state)
{
    (void)state;
    file_truncate(fix.file, PG(60));
    save_bytes(fix.proc, BUF, 0x77, PG(4)); /* what was there does not show through */
    assert_int_equal(fread_at(PG(45), BUF, PG(4)), PG(4));
    file_write(fix.file, PG(45), "filled", 6);
    disk.blocks_got = 0;
    expect_bytes(fix.proc, BUF, 0, PG(4));
    assert_int_equal(disk.blocks_got, 0);
}

static void r5_any_offset_address_and_length(void **state)
{
    static const uint64_t edges[] = {0, 1, 5, 2048, 4095};
    static const uint64_t lengths[] = {1, 2, 4095, 4096, 4097, 8191, 12288, 13000};
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        for (unsigned k = 0; k < 5; k++)
            for (unsigned l = 0; l < 8; l++) {
                uint64_t va = BUF + PG(1) + edges[i], off = PG(2) + edges[k], n = lengths[l];
                assert_int_equal(segzero(fix.seg, BUF, PG(8)), 0);
                disk.blocks_got = 0;
                assert_int_equal(fread_at(off, va, n), n);
                assert_int_equal(disk.blocks_got, 0); /* fragments are deferred, too */
                expect_bytes(fix.proc, BUF, 0, va - BUF);
                expect_pattern(fix.proc, va, off, n);
                expect_bytes(fix.proc, va + n, 0, BUF + PG(8) - va - n);
            }
}

static void r5_a_fill_takes_at_most_two_blocks(void **state)
{
    (void)state;
    assert_int_equal(fread_at(1234, BUF, PG(8)), PG(8));
    disk.blocks_got = 0;
    expect_pattern(fix.proc, BUF + PG(3), 1234 + PG(3), 1);
    assert_int_equal(disk.blocks_got, 2);
    assert_int_equal(transferred(EV_boundary_copy), PGSIZE);
}

static void r5_adjacent_reads_become_one_piece(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(fread_at(i * 1000, BUF + 50 + i * 1000, 1000), 1000);
    assert_int_equal(countsources(fix.seg->sources), 1);
    file_write(fix.file, 0, "x", 1);
    assert_int_equal(fread_at(100000, BUF + 50 + 100000, 1000), 1000);
    assert_int_equal(countsources(fix.seg->sources), 2); /* a write fell between */
    assert_int_equal(space_now().snapshots, 2);
    expect_pattern(fix.proc, BUF + 50, 0, 101000);
}

static void r5_a_page_of_many_pieces_is_filled_at_the_call(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i += 2) { /* every second byte: they can never become one piece */
        assert_int_equal(fread_at(i, BUF + i, 1), 1);
        assert_true(viewpage(fix.seg, BUF).pieces <= MAX_PIECES);
    }
    for (unsigned i = 0; i < 2000; i += 2) {
        expect_pattern(fix.proc, BUF + i, i, 1);
        expect_bytes(fix.proc, BUF + i + 1, 0, 1);
    }
    assert_int_equal(fread_at(0, BUF, PG(1)), PG(1));
    for (unsigned i = 0; i < 2000; i += 2) { /* the same by segzero */
        assert_int_equal(segzero(fix.seg, BUF + i, 1), 0);
        assert_true(viewpage(fix.seg, BUF).pieces <= MAX_PIECES);
    }
    for (unsigned i = 0; i < 2000; i += 2) {
        expect_bytes(fix.proc, BUF + i, 0, 1);
        expect_pattern(fix.proc, BUF + i + 1, i + 1, 1);
    }
}

/* Kernel allocations, frames, and rows of the trace that a read of n bytes costs. */
static void cost_of_read(struct tfs_file *f, uint64_t n, uint64_t cost[3])
{
    Segment *s = attach(fix.proc, EV_segment_type_defer, 0x1000000000ull, n, 0, EV_io_policy_deferred);
    uint64_t kallocs = memory.kallocs, frames = memory.frames;
    events_clear();
    assert_int_equal(fileread(f, 0, 0x1000000000ull, n), n);
    cost[0] = memory.kallocs - kallocs;
    cost[1] = memory.frames - frames;
    cost[2] = 0;
    for (unsigned kind = 1; kind < EV_COUNT; kind++)
        cost[2] += events_count(kind);
    expect_bytes(fix.proc, 0x1000000000ull + n - 1, 0, 1);
    detachseg(fix.proc, s);
}

static void r6_the_call_costs_the_same_for_any_length(void **state)
{
    uint64_t small[3], large[3];
    (void)state;
    struct tfs_file *f = file_new_with("sparse", NULL, 0);
    file_truncate(f, 64ull << 30);
    cost_of_read(f, 1 << 20, small);
    for (unsigned shift = 29; shift <= 36; shift += 7) {
        cost_of_read(f, 1ull << shift, large);
        assert_memory_equal(small, large, sizeof small);
    }
    assert_int_equal(small[1], 0);
    file_put(f);
}

static void load_page(void *arg)
{
    Proc *p = arg;
    expect_pattern(p, BUF + PG(2), PG(2), PGSIZE);
}

static void r7_two_processes_fill_a_page_once(void **state)
{
    (void)state;
    fix.seg->attr |= SG_SHARED;
    Proc *child = khost_fork(fix.proc);
    assert_int_equal(fread_at(0, BUF, PG(8)), PG(8));
    events_clear();
    disk.yields = true;
    run_together(2, (Proc *[]){fix.proc, child}, load_page, (void *[]){fix.proc, child});
    disk.yields = false;
    assert_int_equal(events_count(EV_fault), 2);
    assert_int_equal(events_count(EV_fill), 1);
    assert_int_equal(transfers(EV_boundary_copy), 1);
    become(child);
    khost_exit(child);
}

static void r8_a_read_over_drops_the_association_without_io(void **state)
{
    (void)state;
    struct tfs_file *other = file_new_with("other", "abc", 3);
    file_truncate(other, PG(8));
    assert_int_equal(fread_at(0, BUF, PG(8)), PG(8));
    save_byte(fix.proc, BUF + 10, 0x77); /* page 0 is dirty: its bytes before the new read stay */
    events_clear();
    disk.blocks_got = 0;
    assert_int_equal(fileread(other, 0, BUF + 100, PG(8) - 100), PG(8) - 100);
    assert_int_equal(disk.blocks_got, 0);
    assert_int_equal(space_now().snapshots, 1);
    assert_true(event_at(EV_page, 0) == NULL); /* page 0 holds own bytes still: dirty before, dirty now */
    expect_pattern(fix.proc, BUF, 0, 10);
    expect_bytes(fix.proc, BUF + 10, 0x77, 1);
    expect_pattern(fix.proc, BUF + 11, 11, 89);
    expect_bytes(fix.proc, BUF + 100, 'a', 1);
    expect_bytes(fix.proc, BUF + 103, 0, PG(8) - 103);
    file_put(other);
}

static void r8_zero_drops_the_association_without_io(void **state)
{
    (void)state;
    assert_int_equal(fread_at(0, BUF, PG(8)), PG(8));
    save_byte(fix.proc, BUF + PG(7) + 4000, 0x77);
    expect_pattern(fix.proc, BUF + PG(1), PG(1), 1);
    events_clear();
    assert_int_equal(segzero(fix.seg, BUF + 10, PG(7) + 90), 0);
    assert_int_equal(transfers(EV_boundary_copy), 0);
    assert_int_equal(events_count(EV_page), 1); /* the clean page 1 became empty */
    assert_int_equal(event_at(EV_page, 0)->of.page.old, EV_page_state_clean);
    assert_int_equal(event_at(EV_page, 0)->of.page.new, EV_page_state_empty);
    expect_pattern(fix.proc, BUF, 0, 10);
    expect_bytes(fix.proc, BUF + 10, 0, PG(7) + 90);
    expect_pattern(fix.proc, BUF + PG(7) + 100, PG(7) + 100, 3900);
    expect_bytes(fix.proc, BUF + PG(7) + 4000, 0x77, 1);
    assert_int_equal(segzero(fix.seg, BUF, PG(BUF_PAGES)), 0);
    assert_int_equal(space_now().snapshots, 0);
    assert_int_equal(memory.frames, 0);
}

static void r9_the_last_read_wins_byte_by_byte(void **state)
{
    (void)state;
    assert_int_equal(fread_at(0, BUF, PG(4)), PG(4));
    assert_int_equal(fread_at(0, BUF + PG(10), PG(4)), PG(4)); /* the same range in another place */
    assert_int_equal(fread_at(PG(20), BUF + 5000, 6000), 6000);
    expect_pattern(fix.proc, BUF, 0, 5000);
    expect_pattern(fix.proc, BUF + 5000, PG(20), 6000);
    expect_pattern(fix.proc, BUF + 11000, 11000, PG(4) - 11000);
    expect_pattern(fix.proc, BUF + PG(10), 0, PG(4));
}

static void a_read_over_several_segments_is_one_instant(void **state)
{
    (void)state;
    attach(fix.proc, EV_segment_type_memory, BUF + PG(BUF_PAGES), PG(4), 0, EV_io_policy_deferred);
    attach(fix.proc, EV_segment_type_defer, BUF + PG(BUF_PAGES + 4), PG(4), SG_RONLY, EV_io_policy_deferred);
    uint64_t va = BUF + PG(BUF_PAGES) - 3000;
    assert_int_equal(fread_at(0, va, PG(3)), PG(3));
    expect_pattern(fix.proc, va, 0, PG(3));
    assert_int_equal(transferred(EV_boundary_eager), PG(3) - 3000); /* type memory is never deferred */
    assert_int_equal(fread_at(0, va, PG(8)), -T_EFAULT);            /* runs into the read-only one */
    assert_int_equal(fread_at(0, BUF + PG(BUF_PAGES + 4), 1), -T_EFAULT);
    assert_int_equal(fread_at(0, BUF - 1, 10), -T_EFAULT);
    assert_int_equal(fread_at(0, TARRY_USER_TOP - 5, 10), -T_EFAULT);
    assert_int_equal(fread_at(0, UINT64_MAX - 5, 10), -T_EFAULT);
    expect_pattern(fix.proc, va, 0, PG(3));
}

static void out_of_memory_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(fread_at(0, BUF, PG(4)), PG(4));
    memory.fail_kalloc = 1;
    Segment *fresh = attach(fix.proc, EV_segment_type_defer, OTHER, PG(4), 0, EV_io_policy_deferred);
    assert_null(fresh);
    memory.fail_kalloc = 0;
    fresh = attach(fix.proc, EV_segment_type_defer, OTHER, PG(4), 0, EV_io_policy_deferred);
    memory.fail_kalloc = 1;
    assert_int_equal(fread_at(0, OTHER, PG(4)), -T_ENOMEM);
    assert_int_equal(countsources(fresh->sources), 0);
    memory.fail_kalloc = 0;
    memory.no_swap = true;
    memory.frame_limit = 1;
    expect_pattern(fix.proc, BUF, 0, PG(4)); /* one frame is enough: S3 */
    save_byte(fix.proc, BUF, 1);             /* dirty: cannot be dropped */
    char byte;
    assert_int_equal(load(fix.proc, BUF + PG(1), &byte, 1), -T_ENOMEM);
    memory.frame_limit = 0;
    expect_pattern(fix.proc, BUF + PG(1), PG(1), PG(3));
}

/* ---- the conventional policy ---- */

static void eager_every_byte_at_the_call(void **state)
{
    (void)state;
    assert_int_equal(fread_at(100, BUF + 200, PG(39)), PG(39));
    assert_int_equal(transferred(EV_boundary_eager), PG(39));
    assert_true(transfers(EV_boundary_eager) <= 3); /* a row for a run, not for a block */
    assert_true(disk.clustered >= 39);
    assert_int_equal(space_now().snapshots, 0);
    file_truncate(fix.file, 0);
    disk.blocks_got = 0;
    events_clear();
    expect_pattern(fix.proc, BUF + 200, 100, PG(39));
    expect_bytes(fix.proc, BUF, 0, 200);
    assert_int_equal(disk.blocks_got, 0);
    assert_int_equal(events_count(EV_fill), 0);
}

static void eager_read_error_is_the_calls(void **state)
{
    struct tfs_extent x;
    (void)state;
    assert_int_equal(tfs_map(fix.file, 5, &x), 0);
    disk.bad_block = x.blk;
    assert_int_equal(fread_at(0, BUF, PG(10)), -T_EIO);
    disk.bad_block = 0;
    assert_int_equal(fread_at(0, BUF, PG(10)), PG(10));
    expect_pattern(fix.proc, BUF, 0, PG(10));
}

#define DEFERRED(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
#define EAGER(test) cmocka_unit_test_setup_teardown(test, fixture_setup_eager, fixture_teardown)
/* What a program can see is the same under both policies. */
#define BOTH(test) DEFERRED(test), EAGER(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(r1_bytes_are_those_of_the_instant_of_the_read),
        BOTH(r2_later_changes_of_the_file_change_nothing),
        BOTH(r3_a_short_read_leaves_the_rest_of_the_buffer),
        BOTH(r3_count_is_settled_at_the_call),
        BOTH(r4_a_hole_reads_as_zeros_for_ever),
        DEFERRED(r5_any_offset_address_and_length),
        DEFERRED(r5_a_fill_takes_at_most_two_blocks),
        DEFERRED(r5_adjacent_reads_become_one_piece),
        DEFERRED(r5_a_page_of_many_pieces_is_filled_at_the_call),
        DEFERRED(r6_the_call_costs_the_same_for_any_length),
        DEFERRED(r7_two_processes_fill_a_page_once),
        DEFERRED(r8_a_read_over_drops_the_association_without_io),
        DEFERRED(r8_zero_drops_the_association_without_io),
        BOTH(r9_the_last_read_wins_byte_by_byte),
        DEFERRED(a_read_over_several_segments_is_one_instant),
        DEFERRED(out_of_memory_changes_nothing),
        EAGER(eager_every_byte_at_the_call),
        EAGER(eager_read_error_is_the_calls),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

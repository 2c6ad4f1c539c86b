/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of writing: W1 to W7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/fixture.h"

/* The file's bytes are the pattern shifted: byte i of the range is pattern(from + i). */
static void expect_file(struct tfs_file *f, uint64_t off, uint64_t from, uint64_t n)
{
    unsigned char *got = malloc(n);
    file_read(f, off, got, n);
    for (uint64_t i = 0; i < n; i++)
        if (got[i] != pattern(from + i))
            fail_msg("byte %lu of the file is %u, should be %u", (unsigned long)(off + i), got[i], pattern(from + i));
    free(got);
}

static void expect_file_bytes(struct tfs_file *f, uint64_t off, unsigned char byte, uint64_t n)
{
    unsigned char *got = malloc(n);
    file_read(f, off, got, n);
    for (uint64_t i = 0; i < n; i++)
        if (got[i] != byte)
            fail_msg("byte %lu of the file is %u, should be %u", (unsigned long)(off + i), got[i], byte);
    free(got);
}

static void expect_moved(uint64_t written, uint64_t skipped)
{
    assert_int_equal(transferred(EV_boundary_write), written);
    assert_int_equal(transferred(EV_boundary_skip), skipped);
}

static void w1_what_still_equals_the_file_is_skipped(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(32));
    expect_pattern(fix.proc, BUF + PG(3), PG(3), PG(2)); /* some clean, most sourced */
    events_clear();
    disk.blocks_got = 0;
    assert_int_equal(fwrite_at(0, BUF, PG(32)), PG(32));
    expect_moved(0, PG(32));
    assert_int_equal(transfers(EV_boundary_skip), 1); /* one row for the run */
    assert_int_equal(event_at(EV_transfer, 0)->of.transfer.pages, 32);
    assert_int_equal(disk.blocks_got, 0);
}

static void w1_an_unaligned_write_back_is_skipped(void **state)
{
    (void)state;
    fread_at(1000, BUF + 77, PG(10));
    events_clear();
    assert_int_equal(fwrite_at(1000, BUF + 77, PG(10)), PG(10));
    expect_moved(0, PG(10));
    assert_int_equal(fwrite_at(2000, BUF + 1077, 5000), 5000);
    expect_moved(0, PG(10) + 5000);
}

static void w1_dirty_pages_are_written(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(32));
    save_byte(fix.proc, BUF + PG(5) + 1, 0x77);
    save_byte(fix.proc, BUF + PG(6) + 1, 0x77);
    save_byte(fix.proc, BUF + PG(20) + 1, 0x77);
    events_clear();
    assert_int_equal(fwrite_at(0, BUF, PG(32)), PG(32));
    expect_moved(PG(3), PG(29));
    assert_int_equal(transfers(EV_boundary_write), 2);
    expect_file(fix.file, 0, 0, PG(5) + 1);
    expect_file_bytes(fix.file, PG(5) + 1, 0x77, 1);
    expect_file(fix.file, PG(5) + 2, PG(5) + 2, PGSIZE - 1);
    expect_file_bytes(fix.file, PG(20) + 1, 0x77, 1);
}

static void w1_w3_a_changed_block_is_written_over(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(32));
    file_write(fix.file, PG(9) + 5, "newer", 5);
    events_clear();
    assert_int_equal(fwrite_at(0, BUF, PG(32)), PG(32));
    expect_moved(PG(1), PG(31));
    expect_file(fix.file, 0, 0, PG(32)); /* W3: the old bytes, that is what write means */
}

static void w1_a_block_changed_and_changed_back_is_written(void **state)
{
    char old[PGSIZE];
    (void)state;
    fread_at(0, BUF, PG(4));
    file_read(fix.file, PG(1), old, PGSIZE);
    file_write(fix.file, PG(1), "x", 1);
    file_write(fix.file, PG(1), old, PGSIZE); /* equal bytes, but not the very block */
    events_clear();
    assert_int_equal(fwrite_at(0, BUF, PG(4)), PG(4));
    expect_moved(PG(1), PG(3));
}

static void w1_another_offset_or_file_is_written(void **state)
{
    (void)state;
    struct tfs_file *other = file_new_with("other", NULL, 0);
    fread_at(0, BUF, PG(8));
    events_clear();
    assert_int_equal(fwrite_at(PG(1), BUF, PG(1)), PG(1));
    expect_moved(PG(1), 0);
    assert_int_equal(fwrite_at(PG(8) + 1, BUF + PG(2), PG(1)), PG(1));
    expect_moved(PG(2), 0);
    assert_int_equal(filewrite(other, PG(4), BUF + PG(4), PG(2), false), PG(2));
    expect_moved(PG(4), 0);
    expect_file(fix.file, PG(1), 0, PG(1));
    expect_file(fix.file, PG(8) + 1, PG(2), PG(1));
    expect_file(other, PG(4), PG(4), PG(2));
    file_put(other);
}

static void w1_identity_is_not_the_name(void **state)
{
    char old[PG(2)];
    (void)state;
    struct tfs_file *root = tfs_root(rootfs);
    file_read(fix.file, 0, old, PG(2));
    fread_at(0, BUF, PG(2));
    assert_int_equal(tfs_remove(root, "file"), 0);
    struct tfs_file *again = file_new_with("file", old, PG(2));
    events_clear();
    assert_int_equal(filewrite(again, 0, BUF, PG(2), false), PG(2));
    expect_moved(PG(2), 0);
    file_put(fix.file);
    fix.file = again;
    tfs_unref(root);
}

static void w1_append_never_skips(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(2));
    events_clear();
    assert_int_equal(filewrite(fix.file, 0, BUF, PG(2), true), PG(2));
    expect_moved(PG(2), 0);
    expect_file(fix.file, 0, 0, FILE_BYTES);
    expect_file(fix.file, FILE_BYTES, 0, PG(2));
}

static void w1_a_truncated_file_is_written(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(8));
    file_truncate(fix.file, PG(2) + 100);
    events_clear();
    assert_int_equal(fwrite_at(0, BUF, PG(8)), PG(8));
    expect_file(fix.file, 0, 0, PG(8));
    assert_int_equal(file_length(fix.file), PG(8));
    fread_at(0, BUF, PG(8));
    file_truncate(fix.file, PG(4)); /* at a block's end: no block changes, only the length */
    assert_int_equal(fwrite_at(0, BUF, PG(8)), PG(8));
    assert_int_equal(file_length(fix.file), PG(8));
    expect_file(fix.file, 0, 0, PG(8));
}

static void w1_a_hole_is_skipped_if_it_is_one_still(void **state)
{
    (void)state;
    file_truncate(fix.file, PG(80));
    fread_at(PG(50), BUF, PG(8));
    events_clear();
    assert_int_equal(fwrite_at(PG(50), BUF, PG(8)), PG(8));
    expect_moved(0, PG(8));
    file_write(fix.file, PG(52), "x", 1);
    assert_int_equal(fwrite_at(PG(50), BUF, PG(8)), PG(8));
    expect_moved(PG(1), PG(8) + PG(7));
    expect_file_bytes(fix.file, PG(50), 0, PG(8));
}

static void w1_a_hole_beyond_the_end_is_written(void **state)
{
    (void)state;
    file_truncate(fix.file, PG(80));
    fread_at(PG(50), BUF, PG(8));
    file_truncate(fix.file, PG(52) + 100); /* every block is what it was: a hole */
    events_clear();
    assert_int_equal(fwrite_at(PG(50), BUF, PG(8)), PG(8));
    expect_moved(PG(6) - 100, PG(2) + 100);
    assert_int_equal(file_length(fix.file), PG(58));
    expect_file_bytes(fix.file, PG(50), 0, PG(8));
}

static void w1_another_segment_type_or_policy_never_skips(void **state)
{
    (void)state;
    struct tfs_snap *snap;
    Segment *data = attach(fix.proc, EV_segment_type_data, OTHER, PG(2), 0, EV_io_policy_deferred);
    assert_int_equal(takesnap(fix.file, 0, FILE_BYTES, &snap), 0);
    assert_int_equal(segsnapshot(data, OTHER, PG(2), snap, 0), 0); /* as exec does */
    dropsnap(snap);
    events_clear();
    assert_int_equal(fwrite_at(0, OTHER, PG(2)), PG(2));
    expect_moved(PG(2), 0);
    detachseg(fix.proc, data);
}

static void w2_version_goes_up_once_per_write(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(16));
    uint64_t version = file_version(fix.file);
    assert_int_equal(fwrite_at(0, BUF, PG(16)), PG(16)); /* all skipped */
    assert_int_equal(file_version(fix.file), version + 1);
    save_byte(fix.proc, BUF + PG(3), 1);
    save_byte(fix.proc, BUF + PG(9), 1);
    assert_int_equal(fwrite_at(0, BUF, PG(16)), PG(16)); /* some */
    assert_int_equal(file_version(fix.file), version + 2);
    assert_int_equal(fwrite_at(PG(20), BUF, PG(16)), PG(16)); /* none, and pages must be brought in meanwhile */
    assert_int_equal(file_version(fix.file), version + 3);
    assert_int_equal(fwrite_at(0, BUF, 0), 0);
    assert_int_equal(file_version(fix.file), version + 3);
}

static void w4_a_second_write_costs_what_was_dirtied_since(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(32));
    for (unsigned i = 0; i < 32; i += 4)
        save_byte(fix.proc, BUF + PG(i), (unsigned char)i);
    fwrite_at(0, BUF, PG(32));
    assert_int_equal(countsources(fix.seg->sources), 1);
    assert_int_equal(space_now().snapshots, 1);
    events_clear();
    fwrite_at(0, BUF, PG(32));
    expect_moved(0, PG(32));
    save_byte(fix.proc, BUF + PG(8) + 1, 0x77); /* faults again: it was write-protected */
    assert_int_equal(event_at(EV_fault, -1)->end.fault.resolution, EV_resolution_detached);
    events_clear();
    fwrite_at(0, BUF, PG(32));
    expect_moved(PG(1), PG(31));
    expect_file_bytes(fix.file, PG(8) + 1, 0x77, 1);
    disk.blocks_got = 0;
    for (unsigned i = 0; i < 32; i += 4) /* nothing was dropped */
        expect_bytes(fix.proc, BUF + PG(i), (unsigned char)i, 1);
    assert_int_equal(disk.blocks_got, 0);
    assert_int_equal(segreclaim(100), 8); /* clean, so they can be */
    for (unsigned i = 0; i < 32; i += 4)
        expect_bytes(fix.proc, BUF + PG(i), (unsigned char)i, 1);
}

static void w4_parts_of_pages(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 0x77, PG(4)); /* all dirty */
    fread_at(0, BUF + 200, 300);            /* page 0: partial */
    events_clear();
    assert_int_equal(fwrite_at(PG(10) + 100, BUF + 100, PG(2)), PG(2));
    assert_int_equal(state_at(BUF), EV_page_state_dirty);
    assert_int_equal(state_at(BUF + PG(1)), EV_page_state_clean);
    assert_int_equal(state_at(BUF + PG(2)), EV_page_state_dirty);
    assert_int_equal(segreclaim(100), 1);
    expect_bytes(fix.proc, BUF, 0x77, 200);
    expect_pattern(fix.proc, BUF + 200, 0, 300);
    expect_bytes(fix.proc, BUF + 500, 0x77, PG(4) - 500);
    expect_file(fix.file, PG(10), PG(10), 100);
    expect_file_bytes(fix.file, PG(10) + 100, 0x77, 100);
    expect_file(fix.file, PG(10) + 200, 0, 300);
    expect_file_bytes(fix.file, PG(10) + 500, 0x77, PG(2) - 400);
    expect_file(fix.file, PG(12) + 100, PG(12) + 100, 1000);
}

static void w4_a_partial_page_that_was_written_whole_is_not_taken_for_loaded(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 0x77, PGSIZE);
    assert_int_equal(segzero(fix.seg, BUF + 100, PGSIZE - 100), 0); /* partial: 100 own bytes, zeros not loaded */
    fwrite_at(0, BUF, PGSIZE);
    expect_bytes(fix.proc, BUF, 0x77, 100);
    expect_bytes(fix.proc, BUF + 100, 0, PGSIZE - 100);
    expect_file_bytes(fix.file, 100, 0, PGSIZE - 100);
}

static struct {
    Proc *child;
    bool done;
} together;

/* Writes the buffer again and again; each time it must bring something in, so it sleeps in the middle. */
static void write_back(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 40; i++) {
        fread_at(PG(8), BUF + PG(8), PG(4));
        assert_int_equal(filewrite(fix.file, PG(1), BUF, PG(12), false), PG(12));
    }
    together.done = true;
}

/* Stores into what the other one writes, from before its first write on: no store may be undone. */
static void store_meanwhile(void *arg)
{
    (void)arg;
    for (unsigned i = 1; !together.done; i++) {
        save_byte(together.child, BUF + 5, (unsigned char)i);
        char byte;
        preempt(); /* as the timer does */
        load(together.child, BUF + PG(20) + PG(i % 16), &byte, 1);
        segreclaim(100);
        expect_bytes(together.child, BUF + 5, (unsigned char)i, 1);
    }
}

static void run_either(void *arg)
{
    (arg == NULL ? write_back : store_meanwhile)(NULL);
}

static void w4_a_store_during_the_write_is_not_lost(void **state)
{
    (void)state;
    fix.seg->attr |= SG_SHARED;
    fread_at(PG(20), BUF + PG(20), PG(16));
    together.done = false;
    together.child = khost_fork(fix.proc);
    disk.yields = true;
    run_together(2, (Proc *[]){together.child, fix.proc}, run_either, (void *[]){&together, NULL});
    disk.yields = false;
    become(together.child);
    khost_exit(together.child);
}

static void w5_pending_pages_are_brought_in_and_written(void **state)
{
    (void)state;
    struct tfs_file *other = file_new_with("other", NULL, 0);
    fread_at(500, BUF + 100, PG(30));
    disk.clustered = 0;
    assert_int_equal(filewrite(other, 10, BUF, PG(32), false), PG(32));
    assert_true(disk.clustered > 20);
    expect_file_bytes(other, 0, 0, 110);
    expect_file(other, 110, 500, PG(30));
    expect_file_bytes(other, 110 + PG(30), 0, PG(2) - 100);
    expect_pattern(fix.proc, BUF + 100, 500, PG(30));
    file_put(other);
}

static void w5_zeros_are_written_without_pages(void **state)
{
    (void)state;
    assert_int_equal(fwrite_at(PG(2), BUF, PG(8)), PG(8));
    assert_int_equal(memory.frames, 0);
    expect_file_bytes(fix.file, PG(2), 0, PG(8));
}

static void w5_with_little_memory(void **state)
{
    (void)state;
    struct tfs_file *other = file_new_with("other", NULL, 0);
    fread_at(500, BUF + 100, PG(30));
    memory.frame_limit = 2;
    assert_int_equal(filewrite(other, 0, BUF + 100, PG(30), false), PG(30));
    memory.frame_limit = 0;
    expect_file(other, 0, 500, PG(30));
    file_put(other);
}

/* The block that it was lent for is no longer held for the page once the page's source is what was written. */
static void w4_r11_a_lent_frame_is_given_back(void **state)
{
    (void)state;
    unsigned char junk[PG(1)], byte;
    struct tfs_file *other = file_new_with("other", NULL, 0);
    for (uint64_t i = 0; i < sizeof junk; i++)
        junk[i] = pattern(i);
    file_write(fix.file, 0, junk, sizeof junk); /* a block that no commit protects */
    memset(junk, 0x99, sizeof junk);
    lending = true;
    assert_int_equal(fread_at(0, BUF, PG(1)), PG(1));
    expect_pattern(fix.proc, BUF, 0, PG(1));
    assert_int_equal(transfers(EV_boundary_lend), 1);
    assert_int_equal(filewrite(other, 100, BUF, PG(1), false), PG(1));
    file_write(fix.file, 0, junk, sizeof junk); /* in place, as nobody needs the old block any more */
    expect_pattern(fix.proc, BUF, 0, PG(1));
    file_read(other, 100, &byte, 1);
    assert_int_equal(byte, pattern(0));
    lending = false;
    file_put(other);
}

static void w6_a_block_is_preserved_once_per_snapshot(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(8));
    events_clear();
    for (unsigned i = 0; i < 5; i++)
        file_write(fix.file, PG(3) + i, "x", 1);
    assert_int_equal(transfers(EV_boundary_preserve), 1);
    assert_int_equal(event_at(EV_transfer, 0)->of.transfer.offset, PG(3));
    fread_at(PG(3), BUF + PG(20), PG(1)); /* a new generation */
    file_write(fix.file, PG(3), "x", 1);
    file_write(fix.file, PG(3), "x", 1);
    assert_int_equal(transfers(EV_boundary_preserve), 2);
    expect_pattern(fix.proc, BUF, 0, PG(8));
}

static void w7_writing_a_buffer_to_the_file_that_it_is_a_read_of(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(16));
    assert_int_equal(fwrite_at(PG(1) + 100, BUF, PG(16)), PG(16)); /* overlaps what is still to be read */
    expect_pattern(fix.proc, BUF, 0, PG(16));
    expect_file(fix.file, 0, 0, PG(1) + 100);
    expect_file(fix.file, PG(1) + 100, 0, PG(16));
    expect_file(fix.file, PG(17) + 100, PG(17) + 100, PG(3));
}

static void write_errors(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(4));
    assert_int_equal(fwrite_at(0, BUF - 1, 10), -T_EFAULT);
    assert_int_equal(fwrite_at(0, BUF + PG(BUF_PAGES) - 5, 10), -T_EFAULT);
    assert_int_equal(fwrite_at(0, UINT64_MAX - 5, 10), -T_EFAULT);
    assert_int_equal(fwrite_at(UINT64_MAX - 5, BUF, 10), -T_EFBIG);
    memory.fail_kalloc = 1;
    int64_t r = fwrite_at(0, BUF, PG(4));
    assert_true(r == -T_ENOMEM || r == (int64_t)PG(4));
    memory.fail_kalloc = 0;
    expect_pattern(fix.proc, BUF, 0, PG(4));
    expect_file(fix.file, 0, 0, FILE_BYTES);
}

static void a_write_from_several_segments(void **state)
{
    (void)state;
    attach(fix.proc, EV_segment_type_memory, BUF + PG(BUF_PAGES), PG(4), 0, EV_io_policy_deferred);
    uint64_t va = BUF + PG(BUF_PAGES) - 3000;
    fread_at(0, va, PG(3));
    events_clear();
    uint64_t version = file_version(fix.file);
    assert_int_equal(fwrite_at(0, va, PG(3)), PG(3));
    expect_moved(PG(3) - 3000, 3000);
    assert_int_equal(file_version(fix.file), version + 1);
    expect_file(fix.file, 0, 0, PG(8));
}

static void eager_writes_every_byte(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(8));
    events_clear();
    assert_int_equal(fwrite_at(0, BUF, PG(8)), PG(8));
    expect_moved(PG(8), 0);
    assert_int_equal(fwrite_at(0, BUF, PG(8)), PG(8));
    expect_moved(PG(16), 0);
    assert_int_equal(space_now().snapshots, 0);
    expect_file(fix.file, 0, 0, FILE_BYTES);
}

#define DEFERRED(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
#define EAGER(test) cmocka_unit_test_setup_teardown(test, fixture_setup_eager, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEFERRED(w1_what_still_equals_the_file_is_skipped),
        DEFERRED(w1_an_unaligned_write_back_is_skipped),
        DEFERRED(w1_dirty_pages_are_written),
        DEFERRED(w1_w3_a_changed_block_is_written_over),
        DEFERRED(w1_a_block_changed_and_changed_back_is_written),
        DEFERRED(w1_another_offset_or_file_is_written),
        DEFERRED(w1_identity_is_not_the_name),
        DEFERRED(w1_append_never_skips),
        DEFERRED(w1_a_truncated_file_is_written),
        DEFERRED(w1_a_hole_is_skipped_if_it_is_one_still),
        DEFERRED(w1_a_hole_beyond_the_end_is_written),
        DEFERRED(w1_another_segment_type_or_policy_never_skips),
        DEFERRED(w2_version_goes_up_once_per_write),
        EAGER(w2_version_goes_up_once_per_write),
        DEFERRED(w4_a_second_write_costs_what_was_dirtied_since),
        DEFERRED(w4_parts_of_pages),
        DEFERRED(w4_a_partial_page_that_was_written_whole_is_not_taken_for_loaded),
        DEFERRED(w4_a_store_during_the_write_is_not_lost),
        DEFERRED(w5_pending_pages_are_brought_in_and_written),
        DEFERRED(w5_zeros_are_written_without_pages),
        DEFERRED(w5_with_little_memory),
        DEFERRED(w4_r11_a_lent_frame_is_given_back),
        DEFERRED(w6_a_block_is_preserved_once_per_snapshot),
        DEFERRED(w7_writing_a_buffer_to_the_file_that_it_is_a_read_of),
        EAGER(w7_writing_a_buffer_to_the_file_that_it_is_a_read_of),
        DEFERRED(write_errors),
        DEFERRED(a_write_from_several_segments),
        EAGER(eager_writes_every_byte),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policies beside `eager` and `deferred`: what each transfers and when, and how the unsound ones go wrong. Zeros,
 * writing if unchanged, frames that are lent, fill-around.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guestos/kernel/around.h"
#include "guestos/kernel/zero.h"
#include "khost/fixture.h"

static Segment *attach_other(enum ev_enum_io_policy policy)
{
    return attach(fix.proc, EV_segment_type_defer, OTHER, PG(BUF_PAGES), 0, policy);
}

/* n bytes of the file become `byte`, by a write call from conventional memory. */
static void write_by_call(uint64_t off, unsigned char byte, uint64_t n)
{
    static const uint64_t from = 0x40000000;
    Proc *p = khost_proc(), *old = fix.proc;
    become(p);
    attach(p, EV_segment_type_memory, from, PG(BUF_PAGES), 0, EV_io_policy_eager);
    save_bytes(p, from, byte, n);
    become(p);
    assert_int_equal(filewrite(fix.file, off, from, n, false), n);
    khost_exit(p);
    become(old);
}

static void expect_file_byte(uint64_t off, unsigned char byte)
{
    unsigned char got;
    file_read(fix.file, off, &got, 1);
    assert_int_equal(got, byte);
}

/* ---- fragments-eager, cached ---- */

static void fragments_are_transferred_at_the_call(void **state)
{
    (void)state;
    attach_other(EV_io_policy_fragments_eager);
    events_clear();
    assert_int_equal(fread_at(0, OTHER + 100, PG(5)), PG(5));
    assert_int_equal(transferred(EV_boundary_eager), PG(1));
    assert_int_equal(transfers(EV_boundary_copy), 0);
    write_by_call(0, 'x', PG(8));
    expect_pattern(fix.proc, OTHER + 100, 0, PG(5));
    assert_int_equal(transferred(EV_boundary_copy), PG(4));
}

static void fragments_are_not_associated_by_a_write(void **state)
{
    (void)state;
    attach_other(EV_io_policy_fragments_eager);
    fread_at(100, OTHER + 100, PG(5));
    events_clear();
    assert_int_equal(fwrite_at(100, OTHER + 100, PG(5)), PG(5));
    assert_int_equal(transferred(EV_boundary_write), PG(1));
    assert_int_equal(transferred(EV_boundary_skip), PG(4));
    assert_int_equal(fwrite_at(100, OTHER + 100, PG(5)), PG(5)); /* again: the fragments are never clean */
    assert_int_equal(transferred(EV_boundary_write), PG(2));
}

static void cached_reads_what_is_not_there(void **state)
{
    (void)state;
    attach_other(EV_io_policy_cached);
    disk.uncached = 4;
    events_clear();
    assert_int_equal(fread_at(0, OTHER, PG(16) + 10), PG(16) + 10);
    assert_int_equal(transferred(EV_boundary_eager), PG(4) + 10);
    assert_int_equal(transferred(EV_boundary_lend), PG(12)); /* R11: shared, not copied */
    unsigned faults = events_count(EV_fault);
    expect_pattern(fix.proc, OTHER, 0, PG(16) + 10); /* maps, and fills nothing */
    assert_int_equal(transferred(EV_boundary_copy), 0);
    assert_in_range(events_count(EV_fault), faults + 17, faults + 17);
    write_by_call(0, 'x', PG(8));
    expect_pattern(fix.proc, OTHER, 0, PG(16) + 10);
}

/* ---- naive ---- */

static void naive_fills_from_the_live_file(void **state)
{
    (void)state;
    attach_other(EV_io_policy_naive);
    assert_int_equal(fread_at(0, OTHER, PG(8)), PG(8));
    assert_int_equal(space_now().snapshots, 0);
    expect_pattern(fix.proc, OTHER + PG(1), PG(1), PG(1));
    write_by_call(0, 'x', PG(8));
    expect_pattern(fix.proc, OTHER + PG(1), PG(1), PG(1)); /* it is in memory */
    expect_bytes(fix.proc, OTHER + PG(2), 'x', PG(1));     /* R1 is broken */
    save_byte(fix.proc, OTHER + PG(3), 's');
    events_clear();
    assert_int_equal(fwrite_at(0, OTHER, PG(8)), PG(8)); /* W3 is, too: the old page is taken for the file's */
    assert_int_equal(transferred(EV_boundary_write), PG(1));
    expect_file_byte(PG(1), 'x');
    expect_file_byte(PG(3), 's');
    file_truncate(fix.file, PG(5));
    expect_bytes(fix.proc, OTHER + PG(6), 0, PG(1));
}

/* ---- mappings ---- */

static void a_mapping_changes_with_the_file(void **state)
{
    (void)state;
    attach_other(EV_io_policy_mmap_private);
    assert_int_equal(fread_at(0, OTHER, PG(8)), PG(8));
    expect_pattern(fix.proc, OTHER, 0, PG(8));
    save_byte(fix.proc, OTHER + PG(3), 's');
    save_byte(fix.proc, OTHER + PG(12), 's'); /* not mapped: plain memory */
    write_by_call(0, 'x', PG(6));
    expect_bytes(fix.proc, OTHER, 'x', PG(3)); /* "spooky changing of memory under your feet" */
    expect_bytes(fix.proc, OTHER + PG(3), 's', 1);
    expect_pattern(fix.proc, OTHER + PG(3) + 1, PG(3) + 1, PG(1) - 1); /* stored into: private */
    expect_bytes(fix.proc, OTHER + PG(4), 'x', PG(2));
    expect_pattern(fix.proc, OTHER + PG(6), PG(6), PG(2));
    expect_file_byte(PG(3), 'x');
}

static void a_mapping_goes_to_the_end_of_the_page(void **state)
{
    uint64_t last = FILE_BYTES & ~PGMASK;
    (void)state;
    attach_other(EV_io_policy_mmap_private);
    save_bytes(fix.proc, OTHER, 'k', PG(3));
    assert_int_equal(fread_at(last - PG(1), OTHER, PG(3)), PG(1) + 1000); /* short: R3 says the rest is kept */
    expect_bytes(fix.proc, OTHER + PG(1) + 1000, 0, PG(1) - 1000);
    expect_bytes(fix.proc, OTHER + PG(2), 'k', PG(1));
}

static void a_mapping_past_the_end_cannot_be_touched(void **state)
{
    char byte;
    (void)state;
    attach_other(EV_io_policy_mmap_shared);
    fread_at(0, OTHER, PG(8));
    expect_pattern(fix.proc, OTHER, 0, PG(8));
    file_truncate(fix.file, PG(2) + 100);
    imageresized(fix.file);
    expect_pattern(fix.proc, OTHER, 0, PG(2) + 100);
    expect_bytes(fix.proc, OTHER + PG(2) + 100, 0, PG(1) - 100);
    assert_int_equal(load(fix.proc, OTHER + PG(3), &byte, 1), -T_EFAULT);
    become(fix.proc);
    assert_int_equal(copyin(&byte, OTHER + PG(4), 1), -T_EFAULT);
}

static void a_shared_mapping_is_one_memory(void **state)
{
    (void)state;
    attach_other(EV_io_policy_mmap_shared);
    fread_at(0, OTHER, PG(8));
    Proc *child = khost_fork(fix.proc);
    expect_pattern(child, OTHER, 0, PG(8));
    save_byte(fix.proc, OTHER + 5, 's');
    expect_bytes(child, OTHER + 5, 's', 1);
    save_byte(child, OTHER + PG(1), 't');
    expect_bytes(fix.proc, OTHER + PG(1), 't', 1);
    become(fix.proc);
    fread_at(0, BUF, PG(2)); /* deferred: a read of the file sees what was stored */
    expect_bytes(fix.proc, BUF + 5, 's', 1);
    expect_bytes(fix.proc, BUF + PG(1), 't', 1);
    save_byte(fix.proc, OTHER + 5, 'u'); /* noticed again after that */
    expect_bytes(fix.proc, BUF + 5, 's', 1);
    become(child);
    khost_exit(child);
    become(fix.proc);
    detachseg(fix.proc, segfor(fix.proc, OTHER));
    expect_file_byte(5, 'u');
    expect_file_byte(PG(1), 't');
}

static void frames_of_a_mapping_come_back(void **state)
{
    (void)state;
    attach_other(EV_io_policy_mmap_shared);
    fread_at(0, OTHER, PG(32));
    expect_pattern(fix.proc, OTHER, 0, PG(32));
    save_byte(fix.proc, OTHER + PG(3), 's');
    uint64_t frames = memory.frames;
    become(fix.proc);
    for (unsigned i = 0; i < 10; i++) {
        segreclaim(100);
        imagereclaim(100);
    }
    assert_in_range(memory.frames, 1, frames - 25); /* all but what was stored into */
    expect_bytes(fix.proc, OTHER + PG(3), 's', 1);
    expect_pattern(fix.proc, OTHER + PG(4), PG(4), PG(28));
}

/* ---- zeros (R8) ---- */

static bool always(const Segment *s)
{
    (void)s;
    return true;
}

static void r8_zeros_load_nothing(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(20));
    save_byte(fix.proc, BUF + PG(10) + 7, 's'); /* an edge that is the segment's own */
    events_clear();
    disk.blocks_got = 0;
    become(fix.proc);
    assert_int_equal(userzero(BUF + PG(2) + 50, PG(8) + 100, always), 0);
    assert_int_equal(events_count(EV_fill), 0);
    assert_int_equal(disk.blocks_got, 0);
    assert_int_equal(state_at(BUF + PG(5)), EV_page_state_empty);
    assert_int_equal(state_at(BUF + PG(2)), EV_page_state_sourced);
    assert_int_equal(state_at(BUF + PG(10)), EV_page_state_dirty);
    expect_pattern(fix.proc, BUF, 0, PG(2) + 50);
    expect_bytes(fix.proc, BUF + PG(2) + 50, 0, PG(8) + 100);
    expect_pattern(fix.proc, BUF + PG(10) + 150, PG(10) + 150, PG(1));
}

static void r8_zeros_of_a_bad_range_change_nothing(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(2));
    become(fix.proc);
    assert_int_equal(userzero(BUF, PG(BUF_PAGES) + 1, always), -T_EFAULT);
    attach(fix.proc, EV_segment_type_defer, BUF + PG(BUF_PAGES), PG(1), SG_RONLY, EV_io_policy_deferred);
    assert_int_equal(userzero(BUF, PG(BUF_PAGES) + 1, always), -T_EFAULT);
    expect_pattern(fix.proc, BUF, 0, PG(2));
}

/* ---- writing if unchanged (W3) ---- */

static void w3_a_conflict_is_reported(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(10));
    save_byte(fix.proc, BUF + PG(3), 's');
    become(fix.proc);
    assert_int_equal(filewriteif(fix.file, 0, BUF, PG(10), false, CWRITE_READ), PG(10));
    expect_file_byte(PG(3), 's');
    save_byte(fix.proc, BUF + PG(4), 's');
    file_write(fix.file, PG(4) + 9, "x", 1); /* under the page that does not know its source any more */
    become(fix.proc);
    uint64_t version = file_version(fix.file);
    assert_int_equal(filewriteif(fix.file, 0, BUF, PG(10), false, CWRITE_READ), -T_ESTALE);
    assert_int_equal(filewriteif(fix.file, 0, BUF, PG(10), false, version - 1), -T_ESTALE);
    assert_int_equal(filewriteif(fix.file, PG(1), BUF, PG(1), false, CWRITE_READ), -T_ESTALE);
    assert_int_equal(filewriteif(fix.file, 0, BUF, PG(1), true, CWRITE_READ), -T_ESTALE);
    assert_int_equal(file_version(fix.file), version);
    expect_file_byte(PG(4) + 9, 'x');
    assert_int_equal(filewriteif(fix.file, PG(5), BUF + PG(5), PG(5), false, CWRITE_READ), PG(5));
    assert_int_equal(filewriteif(fix.file, 0, BUF, PG(10), false, version + 1), PG(10));
    expect_file_byte(PG(4), 's');
    expect_file_byte(PG(4) + 9, pattern(PG(4) + 9));
    assert_int_equal(file_version(fix.file), version + 2);
}

static void w3_nothing_known_is_a_conflict(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 's', PG(2));
    become(fix.proc);
    assert_int_equal(filewriteif(fix.file, 0, BUF, PG(2), false, CWRITE_READ), -T_ESTALE);
    attach_other(EV_io_policy_eager);
    fread_at(0, OTHER, PG(2));
    assert_int_equal(filewriteif(fix.file, 0, OTHER, PG(2), false, CWRITE_READ), -T_ESTALE);
    assert_int_equal(filewriteif(fix.file, 0, OTHER, PG(2), false, file_version(fix.file)), PG(2));
}

/* ---- lending (R11) ---- */

static Page *frame_at(uint64_t va)
{
    return residentat(fix.seg->pages, pagenumber(fix.seg, va)).page;
}

static void r11_an_aligned_fill_shares_the_frame(void **state)
{
    (void)state;
    lending = true;
    fread_at(PG(2), BUF, PG(8));
    expect_pattern(fix.proc, BUF, PG(2), PG(8));
    assert_int_equal(transferred(EV_boundary_lend), PG(8));
    assert_int_equal(transferred(EV_boundary_copy), 0);
    assert_int_equal(memory.frames, 0); /* none of its own */
    assert_non_null(frame_at(BUF)->owner);
    assert_int_equal(mapped(fix.proc->space, BUF)->rights & PUT_WRITE, 0);
    fread_at(0, BUF + PG(20), PG(1) + 500); /* what is not a whole block is copied */
    fread_at(77, BUF + PG(30), PG(3));
    expect_pattern(fix.proc, BUF + PG(20), 0, PG(1) + 500);
    expect_pattern(fix.proc, BUF + PG(30), 77, PG(3));
    assert_int_equal(transferred(EV_boundary_lend), PG(9));
    lending = false;
}

static void r11_a_store_is_private(void **state)
{
    (void)state;
    lending = true;
    fread_at(0, BUF, PG(8));
    expect_pattern(fix.proc, BUF, 0, PG(2));
    save_byte(fix.proc, BUF + 5, 's');     /* was lent */
    save_byte(fix.proc, BUF + PG(5), 's'); /* is stored into at once: nothing is lent */
    assert_null(frame_at(BUF)->owner);
    assert_int_equal(transferred(EV_boundary_lend), PG(2));
    expect_bytes(fix.proc, BUF + 5, 's', 1);
    expect_file_byte(5, pattern(5));
    fread_at(0, BUF + PG(20), PG(1));
    expect_pattern(fix.proc, BUF + PG(20), 0, PG(1)); /* the cache's frame is what it was */
    become(fix.proc);
    assert_int_equal(fwrite_at(0, BUF, PG(8)), PG(8)); /* W4: clean again, in a frame of its own */
    expect_file_byte(5, 's');
    save_byte(fix.proc, BUF + 6, 't');
    expect_file_byte(6, pattern(6));
    lending = false;
}

static void r11_a_writer_does_not_write_into_the_frame(void **state)
{
    (void)state;
    lending = true;
    fread_at(0, BUF, PG(8));
    expect_pattern(fix.proc, BUF, 0, PG(8));
    for (unsigned i = 0; i < 3; i++) {
        write_by_call(0, (unsigned char)('x' + i), PG(8));
        expect_pattern(fix.proc, BUF, 0, PG(8));
        tfs_commit(rootfs);
    }
    file_truncate(fix.file, 0);
    tfs_commit(rootfs);
    expect_pattern(fix.proc, BUF, 0, PG(8));
    lending = false;
}

static void r11_a_lent_frame_outlives_its_block(void **state)
{
    (void)state;
    lending = true;
    fread_at(0, BUF, PG(2));
    expect_pattern(fix.proc, BUF, 0, PG(2));
    file_write(fix.file, 10, "newer", 5);
    become(fix.proc);
    assert_int_equal(fwrite_at(0, BUF, PG(1)), PG(1)); /* W3: the old bytes, in a new block; the old block goes */
    tfs_commit(rootfs);
    tfs_commit(rootfs);
    expect_pattern(fix.proc, BUF, 0, PG(2));
    expect_file_byte(10, pattern(10));
    lending = false;
}

/* Found by the random test: what was lent by one file's block is associated with another file, and the block is written. */
static void r11_a_page_written_elsewhere_is_lent_no_more(void **state)
{
    (void)state;
    struct tfs_file *other = file_new_with("other", NULL, 0);
    lending = true;
    tfs_set_scope(rootfs, TFS_SCOPE_FILE);
    write_by_call(0, 'a', PG(4)); /* born after the commit: nothing but a snapshot keeps it from being changed in place */
    fread_at(0, BUF, PG(4));
    expect_bytes(fix.proc, BUF, 'a', PG(4));
    become(fix.proc);
    assert_int_equal(filewrite(other, 0, BUF, PG(4), false), PG(4));
    write_by_call(0, 'b', PG(4));
    expect_bytes(fix.proc, BUF, 'a', PG(4));
    lending = false;
    file_put(other);
}

static void r11_lent_pages_are_given_back(void **state)
{
    (void)state;
    lending = true;
    fread_at(0, BUF, PG(32));
    expect_pattern(fix.proc, BUF, 0, PG(32));
    Proc *child = khost_fork(fix.proc);
    expect_pattern(child, BUF, 0, PG(32));
    become(fix.proc);
    for (unsigned i = 0; i < 10; i++)
        segreclaim(100);
    assert_int_equal(countresident(fix.seg->pages), 0);
    save_byte(child, BUF, 's');
    expect_pattern(fix.proc, BUF, 0, PG(32));
    become(child);
    khost_exit(child);
    lending = false;
}

/* ---- fill-around ---- */

static void a_fault_brings_its_neighbours(void **state)
{
    (void)state;
    fillaround = 8;
    fread_at(0, BUF, PG(30));
    save_byte(fix.proc, BUF + PG(12), 's');
    events_clear();
    disk.clustered = 0;
    expect_pattern(fix.proc, BUF + PG(10), PG(10), 1);
    assert_int_equal(events_count(EV_fault), 0); /* the store's window was this one */
    expect_pattern(fix.proc, BUF + PG(19), PG(19), 1);
    assert_int_equal(events_count(EV_fault), 1);
    assert_int_equal(events_count(EV_fill), 8); /* [16, 24) */
    assert_in_range(disk.clustered, 8, 8);
    for (unsigned i = 16; i < 24; i++) {
        assert_int_equal(state_at(BUF + PG(i)), EV_page_state_clean);
        assert_non_null(mapped(fix.proc->space, BUF + PG(i)));
        assert_int_equal(mapped(fix.proc->space, BUF + PG(i))->rights & PUT_WRITE, 0); /* S2 */
    }
    assert_int_equal(state_at(BUF + PG(24)), EV_page_state_sourced);
    expect_pattern(fix.proc, BUF + PG(16), PG(16), PG(8));
    assert_int_equal(events_count(EV_fault), 1);
    expect_bytes(fix.proc, BUF + PG(12), 's', 1);
    expect_pattern(fix.proc, BUF + PG(29), PG(29), PG(1)); /* a window that the read does not fill */
    assert_int_equal(state_at(BUF + PG(30)), EV_page_state_empty);
    fillaround = AROUND_OFF;
}

static void an_error_beside_the_fault_is_not_its_own(void **state)
{
    struct tfs_extent x;
    char byte;
    (void)state;
    fillaround = 16;
    fread_at(0, BUF, PG(16));
    tfs_map(fix.file, 5, &x);
    disk.bad_block = x.blk;
    expect_pattern(fix.proc, BUF + PG(9), PG(9), PG(1));
    assert_int_equal(load(fix.proc, BUF + PG(5), &byte, 1), -T_EIO); /* E1: it is that of who needs the page */
    disk.bad_block = 0;
    expect_pattern(fix.proc, BUF, 0, PG(16));
    fillaround = AROUND_OFF;
}

static void a_sequence_is_followed(void **state)
{
    (void)state;
    fillaround = AROUND_SEQUENTIAL;
    fread_at(0, BUF, PG(40));
    events_clear();
    expect_pattern(fix.proc, BUF + PG(20), PG(20), 1); /* alone: nothing is guessed */
    expect_pattern(fix.proc, BUF + PG(35), PG(35), 1);
    assert_int_equal(events_count(EV_fill), 2);
    for (unsigned i = 0; i < 20; i++)
        expect_pattern(fix.proc, BUF + PG(i), PG(i), PG(1));
    assert_int_equal(events_count(EV_fault), 2 + 4); /* 0; 1 with 2-5; 6 with 7-14; 15 with 16-19 and beyond */
    assert_int_equal(events_count(EV_fill), 39 - 6);
    fillaround = AROUND_OFF;
}

static void guesses_take_no_memory_from_others(void **state)
{
    (void)state;
    fillaround = 16;
    fread_at(0, BUF, PG(32));
    memory.frame_limit = memory.frames + 10;
    expect_pattern(fix.proc, BUF + PG(3), PG(3), PG(1));
    assert_in_range(countresident(fix.seg->pages), 1, 9);
    memory.frame_limit = 0;
    fillaround = AROUND_OFF;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fragments_are_transferred_at_the_call),
        TEST(fragments_are_not_associated_by_a_write),
        TEST(cached_reads_what_is_not_there),
        TEST(naive_fills_from_the_live_file),
        TEST(a_mapping_changes_with_the_file),
        TEST(a_mapping_goes_to_the_end_of_the_page),
        TEST(a_mapping_past_the_end_cannot_be_touched),
        TEST(a_shared_mapping_is_one_memory),
        TEST(frames_of_a_mapping_come_back),
        TEST(r8_zeros_load_nothing),
        TEST(r8_zeros_of_a_bad_range_change_nothing),
        TEST(w3_a_conflict_is_reported),
        TEST(w3_nothing_known_is_a_conflict),
        TEST(r11_an_aligned_fill_shares_the_frame),
        TEST(r11_a_store_is_private),
        TEST(r11_a_writer_does_not_write_into_the_frame),
        TEST(r11_a_lent_frame_outlives_its_block),
        TEST(r11_a_page_written_elsewhere_is_lent_no_more),
        TEST(r11_lent_pages_are_given_back),
        TEST(a_fault_brings_its_neighbours),
        TEST(an_error_beside_the_fault_is_not_its_own),
        TEST(a_sequence_is_followed),
        TEST(guesses_take_no_memory_from_others),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

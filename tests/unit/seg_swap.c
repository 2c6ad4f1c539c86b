/* SPDX-License-Identifier: GPL-2.0-only */
/* Page replacement and swap: S3, E1 and E3 on the kernel's own code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/fixture.h"

static const Event *last_fault(void)
{
    return event_at(EV_fault, -1);
}

/* Everything that the clock can have goes out. */
static void evict_all(void)
{
    assert_true(swaprefill());
    segreclaim(1000);
}

static void dirty_pages_go_out_and_come_back(void **state)
{
    (void)state;
    uint64_t free_before = space_now().free_blocks;
    for (unsigned i = 0; i < 10; i++)
        save_bytes(fix.proc, BUF + PG(i), (unsigned char)(i + 1), PGSIZE);
    evict_all();
    assert_int_equal(memory.frames, 0);
    assert_int_equal(swapused(), 10);
    assert_int_equal(disk.swapped_out, 10);
    assert_int_equal(state_at(BUF + PG(3)), EV_page_state_swapped);
    assert_int_equal(transferred(EV_boundary_swap), PG(10));
    assert_true(transfers(EV_boundary_swap) == 1); /* they lie together: one request */
    for (unsigned i = 0; i < 10; i++) {
        expect_bytes(fix.proc, BUF + PG(i), (unsigned char)(i + 1), PGSIZE);
        assert_int_equal(last_fault()->end.fault.resolution, EV_resolution_paged_in);
        assert_int_equal(state_at(BUF + PG(i)), EV_page_state_dirty);
    }
    assert_int_equal(swapused(), 0); /* a block is free when its page comes back */
    become(fix.proc);
    detachseg(fix.proc, fix.seg);
    fix.seg = attach(fix.proc, EV_segment_type_defer, BUF, PG(BUF_PAGES), 0, EV_io_policy_deferred);
    swapend();
    assert_int_equal(space_now().free_blocks, free_before);
}

static void a_page_goes_out_with_its_partial_flag(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 7, PG(2));
    fread_at(100, BUF + 50, 200); /* the first page: own, sourced, own */
    evict_all();
    assert_int_equal(state_at(BUF), EV_page_state_swapped);
    expect_bytes(fix.proc, BUF, 7, 50);
    expect_pattern(fix.proc, BUF + 50, 100, 200);
    expect_bytes(fix.proc, BUF + 250, 7, PG(2) - 250);
}

static void r8_replacing_a_swapped_page_frees_its_slot_without_reading_it(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 7, PG(6));
    evict_all();
    assert_int_equal(swapused(), 6);
    assert_int_equal(segzero(fix.seg, BUF, PG(2)), 0);
    assert_int_equal(fread_at(0, BUF + PG(2) + 10, PG(2)), PG(2));
    assert_int_equal(swapused(), 3); /* pages 2 and 4 have bytes of their own still, 5 is whole */
    assert_int_equal(disk.swapped_in, 0);
    expect_bytes(fix.proc, BUF, 0, PG(2));
    expect_bytes(fix.proc, BUF + PG(2), 7, 10);
    expect_pattern(fix.proc, BUF + PG(2) + 10, 0, PG(2));
    expect_bytes(fix.proc, BUF + PG(4) + 10, 7, PG(2) - 10);
}

static void a_page_in_use_is_spared_once(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 7, PG(4));
    assert_true(swaprefill());
    assert_int_equal(segreclaim(1), 1); /* all were used: the first turn of the hand only notes it */
    save_byte(fix.proc, BUF + PG(0), 8); /* page 0 comes back and is used */
    char byte;
    load(fix.proc, BUF + PG(1), &byte, 1); /* a translation that is there sets no bit in this machine */
    assert_int_equal(segreclaim(3), 3);
    assert_int_equal(state_at(BUF), EV_page_state_dirty);
    assert_int_equal(state_at(BUF + PG(1)), EV_page_state_swapped);
}

static void s4_a_fork_shares_what_is_swapped(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 1, PG(2));
    evict_all();
    Proc *child = khost_fork(fix.proc);
    assert_int_equal(swapused(), 2);
    save_byte(child, BUF, 2);
    assert_int_equal(swapused(), 2); /* the parent has it still */
    expect_bytes(fix.proc, BUF, 1, 1);
    assert_int_equal(swapused(), 1);
    expect_bytes(child, BUF, 2, 1);
    become(child);
    khost_exit(child);
    expect_bytes(fix.proc, BUF, 1, PG(2));
}

static void s4_a_shared_frame_is_written_once(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 1, PG(5));
    Proc *child = khost_fork(fix.proc);
    evict_all();
    evict_all();
    assert_int_equal(memory.frames, 0);
    assert_int_equal(disk.swapped_out, 5);
    assert_int_equal(swapused(), 5);
    save_byte(child, BUF, 2);
    expect_bytes(fix.proc, BUF, 1, PG(5));
    become(child);
    khost_exit(child);
}

/* Swap's copy of a frame that a fork shared is of no use once one of the two stores into it. */
static void s4_a_store_parts_a_frame_from_its_slot(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 1, PGSIZE);
    Proc *child = khost_fork(fix.proc);
    assert_true(swaprefill());
    qlock(&fix.seg->lock); /* only the child gives its page up */
    segreclaim(1000);
    qunlock(&fix.seg->lock);
    assert_int_equal(swapused(), 1);
    assert_int_equal(memory.frames, 1);
    save_byte(fix.proc, BUF, 2);
    evict_all();
    assert_int_equal(memory.frames, 0);
    expect_bytes(fix.proc, BUF, 2, 1);
    expect_bytes(child, BUF, 1, 1);
    become(child);
    khost_exit(child);
}

static void a_write_brings_in_what_is_swapped(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 9, PG(20));
    evict_all();
    memory.frame_limit = 6;
    assert_int_equal(fwrite_at(PG(3), BUF, PG(20)), PG(20));
    memory.frame_limit = 0;
    unsigned char byte;
    file_read(fix.file, PG(22) + 5, &byte, 1);
    assert_int_equal(byte, 9);
    expect_bytes(fix.proc, BUF, 9, PG(20));
}

static void s3_dirty_pages_of_three_times_the_memory(void **state)
{
    (void)state;
    memory.frame_limit = BUF_PAGES / 3;
    for (unsigned round = 1; round < 4; round++) {
        for (unsigned i = 0; i < BUF_PAGES; i++)
            save_byte(fix.proc, BUF + PG(i) + i, (unsigned char)(i + round));
        for (unsigned i = 0; i < BUF_PAGES; i++)
            expect_bytes(fix.proc, BUF + PG(i) + i, (unsigned char)(i + round), 1);
        assert_true(memory.frames <= BUF_PAGES / 3);
    }
    memory.frame_limit = 0;
}

static void e1_a_slot_that_cannot_be_read_is_tried_again(void **state)
{
    char byte;
    (void)state;
    save_bytes(fix.proc, BUF, 9, PG(1));
    evict_all();
    disk.bad_block = residentat(fix.seg->pages, 0).slot->blk;
    assert_int_equal(load(fix.proc, BUF, &byte, 1), -T_EIO);
    assert_non_null(strstr(fix.proc->errstr, "deferred read error"));
    assert_int_equal(state_at(BUF), EV_page_state_swapped);
    disk.bad_block = 0;
    expect_bytes(fix.proc, BUF, 9, PG(1));
}

/* Bit rot of a slot is never served as data; whoever shares the slot gets the error, too, and the block may recover. */
static void e1_a_slot_that_rots_is_an_error(void **state)
{
    char byte;
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        save_bytes(fix.proc, BUF + PG(i), (unsigned char)(9 + i), PGSIZE);
    evict_all();
    Proc *child = khost_fork(fix.proc);
    disk.rotten_block = residentat(fix.seg->pages, 2).slot->blk;
    for (unsigned i = 0; i < 4; i++) {
        become(i % 2 == 0 ? fix.proc : child);
        assert_int_equal(load(up, BUF + PG(2), &byte, 1), -T_EIO);
        assert_non_null(strstr(up->errstr, "deferred read error: swap of address 0x10002000: checksum is wrong"));
        assert_int_equal(copyin(&byte, BUF + PG(2), 1), -T_EIO);
    }
    assert_int_equal(state_at(BUF + PG(2)), EV_page_state_swapped);
    assert_int_equal(fwrite_at(PG(1), BUF + PG(1), PG(3)), PG(1)); /* as far as it is sound */
    assert_int_equal(fwrite_at(PG(2), BUF + PG(2), PG(2)), -T_EIO);
    expect_bytes(fix.proc, BUF, 9, PG(1));
    expect_bytes(child, BUF + PG(3), 12, PG(1));
    disk.rotten_block = 0;
    for (unsigned i = 0; i < 4; i++)
        expect_bytes(i % 2 == 0 ? fix.proc : child, BUF + PG(i), (unsigned char)(9 + i), PGSIZE);
    become(child);
    khost_exit(child);
    become(fix.proc);
}

static void a_slot_that_cannot_be_written_is_not_used_again(void **state)
{
    Slot *first;
    (void)state;
    save_bytes(fix.proc, BUF, 9, PG(3));
    assert_true(swaprefill());
    assert_int_equal(takeslots(&first, 1), 1);
    uint64_t pool = swappool() + 1;
    disk.bad_block = first->blk;
    putslot(first);
    assert_int_equal(segreclaim(1000), 3); /* one turn of the hand later than otherwise */
    assert_int_equal(swappool() + swapused(), pool - 1);
    expect_bytes(fix.proc, BUF, 9, PG(3));
    tfs_giveback(rootfs, disk.bad_block, 1); /* for the fixture, which counts */
}

/* The disk is full: what is dirty stays in memory, who needs more gets the error, and all goes on when there is room. */
static void e3_no_swap_space(void **state)
{
    (void)state;
    struct tfs_file *hog = file_new_with("hog", NULL, 0);
    unsigned char block[PGSIZE] = {1};
    uint64_t n = 0;
    while (tfs_write(hog, n * PGSIZE, block, PGSIZE) == PGSIZE)
        n++;
    memory.frame_limit = 8;
    memory.reserve = 1;
    unsigned stored = 0;
    while (stored < BUF_PAGES && save(fix.proc, BUF + PG(stored), block, 1) == 0)
        stored++;
    assert_true(stored < BUF_PAGES / 2);
    assert_int_equal(stored, 6 + swapused()); /* a commit may have given it a few */
    assert_non_null(strstr(fix.proc->errstr, "no swap space"));
    for (unsigned i = 0; i < stored; i++)
        expect_bytes(fix.proc, BUF + PG(i), 1, 1);
    file_truncate(hog, 0);
    tfs_commit(rootfs);
    for (; stored < BUF_PAGES; stored++)
        save_byte(fix.proc, BUF + PG(stored), 1);
    for (unsigned i = 0; i < stored; i++)
        expect_bytes(fix.proc, BUF + PG(i), 1, 1);
    memory.frame_limit = 0;
    file_put(hog);
}

static void a_segment_that_goes_frees_its_slots(void **state)
{
    (void)state;
    attach(fix.proc, EV_segment_type_memory, OTHER, PG(40), 0, EV_io_policy_eager);
    save_bytes(fix.proc, OTHER, 3, PG(40));
    evict_all();
    assert_int_equal(swapused(), 40);
    become(fix.proc);
    detachseg(fix.proc, segfor(fix.proc, OTHER));
    assert_int_equal(swapused(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(dirty_pages_go_out_and_come_back),
        T(a_page_goes_out_with_its_partial_flag),
        T(r8_replacing_a_swapped_page_frees_its_slot_without_reading_it),
        T(a_page_in_use_is_spared_once),
        T(s4_a_fork_shares_what_is_swapped),
        T(s4_a_shared_frame_is_written_once),
        T(s4_a_store_parts_a_frame_from_its_slot),
        T(a_write_brings_in_what_is_swapped),
        T(s3_dirty_pages_of_three_times_the_memory),
        T(e1_a_slot_that_cannot_be_read_is_tried_again),
        T(e1_a_slot_that_rots_is_an_error),
        T(a_slot_that_cannot_be_written_is_not_used_again),
        T(e3_no_swap_space),
        T(a_segment_that_goes_frees_its_slots),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of storing (S1 to S4), of failing (E1), faults in the kernel (W8), and user memory for the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/fixture.h"

/* The newest `page` row says so. */
static void expect_transition(enum ev_enum_page_state old, enum ev_enum_page_state new, uint64_t va)
{
    const Event *e = event_at(EV_page, -1);
    assert_non_null(e);
    assert_int_equal(e->of.page.old, old);
    assert_int_equal(e->of.page.new, new);
    assert_int_equal(e->of.page.va, va);
    assert_int_equal(e->of.page.segment, fix.seg->id);
}

static void expect_fault(enum ev_enum_resolution how)
{
    const Event *e = event_at(EV_fault, -1);
    assert_true(e != NULL && e->ended);
    assert_int_equal(e->end.fault.resolution, how);
}

static void s1_every_transition_is_recorded(void **state)
{
    char byte;
    (void)state;
    load(fix.proc, BUF, &byte, 1);
    expect_transition(EV_page_state_empty, EV_page_state_clean, BUF);
    expect_fault(EV_resolution_zeroed);
    save_byte(fix.proc, BUF, 1);
    expect_transition(EV_page_state_clean, EV_page_state_dirty, BUF);
    expect_fault(EV_resolution_detached);
    save_byte(fix.proc, BUF + PG(1) + 7, 1);
    expect_transition(EV_page_state_empty, EV_page_state_dirty, BUF + PG(1));
    fread_at(0, BUF, PG(4));
    expect_transition(EV_page_state_dirty, EV_page_state_sourced, BUF + PG(1));
    load(fix.proc, BUF + PG(2) + 9, &byte, 1);
    expect_transition(EV_page_state_sourced, EV_page_state_clean, BUF + PG(2));
    expect_fault(EV_resolution_filled);
    assert_int_equal(segreclaim(1), 1);
    expect_transition(EV_page_state_clean, EV_page_state_sourced, BUF + PG(2));
    save_byte(fix.proc, BUF + PG(3), 1);
    expect_transition(EV_page_state_sourced, EV_page_state_dirty, BUF + PG(3));
    assert_int_equal(fwrite_at(0, BUF, PG(4)), PG(4));
    expect_transition(EV_page_state_dirty, EV_page_state_clean, BUF + PG(3));
    assert_int_equal(segzero(fix.seg, BUF, PG(4)), 0);
    expect_transition(EV_page_state_clean, EV_page_state_empty, BUF + PG(3));
    unsigned rows = events_count(EV_page);
    fread_at(0, BUF, PG(4)); /* pages that are not resident before nor after have no rows: R6 */
    assert_int_equal(events_count(EV_page), rows);
}

static void s1_a_fill_explains_itself(void **state)
{
    (void)state;
    fread_at(100, BUF + 10, 2000);
    fread_at(0, BUF + 3000, 500);
    events_clear();
    expect_pattern(fix.proc, BUF + 10, 100, 2000);
    const Event *fault = event_at(EV_fault, 0), *fill = event_at(EV_fill, 0), *copy = event_at(EV_transfer, 0);
    assert_int_equal(fill->of.fill.head.cause, fault->id);
    assert_int_equal(fill->of.fill.pieces, 5);
    assert_int_equal(fill->end.fill.error, 0);
    assert_int_equal(copy->of.transfer.head.cause, fill->id);
    assert_int_equal(copy->of.transfer.boundary, EV_boundary_copy);
    assert_int_equal(copy->of.transfer.va, BUF + 10);
    assert_int_equal(copy->of.transfer.offset, 100);
    assert_int_equal(copy->of.transfer.bytes, 2000);
}

static void s1_clean_pages_are_write_protected(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(2));
    expect_pattern(fix.proc, BUF, 0, PG(2));
    assert_int_equal(mapped(fix.proc->space, BUF)->rights, PUT_READ);
    save_byte(fix.proc, BUF, 1);
    assert_int_equal(mapped(fix.proc->space, BUF)->rights, PUT_READ | PUT_WRITE);
    assert_int_equal(mapped(fix.proc->space, BUF + PG(1))->rights, PUT_READ);
}

static void s2_the_last_detach_drops_the_snapshot(void **state)
{
    char junk[PGSIZE] = {0};
    (void)state;
    fread_at(0, BUF, PG(3));
    for (unsigned i = 0; i < 3; i++)
        file_write(fix.file, PG(i), junk, PGSIZE);
    assert_true(space_now().held_blocks > 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(space_now().snapshots, 1);
        assert_int_equal(open_intervals(EV_snapshot), 1);
        save_byte(fix.proc, BUF + PG(i) + 5, 0x77);
    }
    assert_int_equal(space_now().snapshots, 0);
    assert_int_equal(space_now().held_blocks, 0);
    assert_int_equal(event_at(EV_snapshot, 0)->end.snapshot.preserved, 3);
    assert_true(event_at(EV_snapshot, 0)->ended);
    for (unsigned i = 0; i < 3; i++) { /* the rest of each page was loaded before the store */
        expect_pattern(fix.proc, BUF + PG(i), PG(i), 5);
        expect_pattern(fix.proc, BUF + PG(i) + 6, PG(i) + 6, PGSIZE - 6);
    }
}

/* Preserved blocks, with the few nodes of the tree. */
static void expect_held(uint64_t data)
{
    enum { NODES = 2 };
    assert_in_range(space_now().held_blocks, data, data + NODES);
}

static void s2_preserved_blocks_are_free_one_by_one(void **state)
{
    char zeros[PGSIZE] = "";
    (void)state;
    tfs_set_scope(rootfs, TFS_SCOPE_RANGE);
    fread_at(0, BUF, PG(40));
    for (unsigned i = 0; i < 40; i++)
        file_write(fix.file, PG(i), zeros, PGSIZE);
    expect_held(40);
    for (unsigned i = 0; i < 20; i++) {
        save_byte(fix.proc, BUF + PG(i * 7 % 40), 1);
        expect_held(39 - i);
    }
    segzero(fix.seg, BUF + 100, PG(5));
    fread_at(PG(10), BUF + PG(30), PG(10)); /* read over: the new one needs nothing preserved */
    uint64_t left = 0;
    for (unsigned i = 0; i < 40; i++)
        left += sourceat(fix.seg->sources, BUF + PG(i) + 50, BUF + PG(i) + 51).snap != NULL && i < 30 && (i < 1 || i > 5);
    expect_held(left);
    Proc *child = khost_fork(fix.proc);
    save_bytes(fix.proc, BUF, 1, PG(40));
    expect_held(left); /* the child wants them */
    become(child);
    khost_exit(child);
    expect_held(0);
}

/* One cold page does not pin a whole file. */
static void s2_a_foreign_write_preserves_what_is_wanted(void **state)
{
    char zeros[PGSIZE] = "";
    (void)state;
    tfs_set_scope(rootfs, TFS_SCOPE_RANGE);
    fread_at(0, BUF, PG(40));
    for (unsigned i = 0; i < 40; i++)
        if (i != 17)
            save_byte(fix.proc, BUF + PG(i), 1);
    for (unsigned i = 0; i < 40; i++)
        file_write(fix.file, PG(i), zeros, PGSIZE);
    assert_int_equal(transfers(EV_boundary_preserve), 1);
    expect_held(1);
    expect_pattern(fix.proc, BUF + PG(17), PG(17), PGSIZE);
}

static void s3_clean_pages_are_dropped_and_filled_again(void **state)
{
    (void)state;
    fread_at(10, BUF, PG(40));
    memory.no_swap = true;
    memory.frame_limit = 5;
    save_byte(fix.proc, BUF + PG(7), 0x77);
    for (unsigned round = 0; round < 3; round++) {
        expect_pattern(fix.proc, BUF, 10, PG(7));
        expect_bytes(fix.proc, BUF + PG(7), 0x77, 1);
        expect_pattern(fix.proc, BUF + PG(7) + 1, 10 + PG(7) + 1, PG(33) - 1);
    }
    assert_true(memory.frames <= 5);
    memory.frame_limit = 0;
    assert_true(segreclaim(100) >= 1);
    assert_int_equal(memory.frames, 1); /* the dirty page */
    assert_int_equal(segreclaim(100), 0);
}

static void s3_a_locked_segment_and_a_pinned_page_are_left_alone(void **state)
{
    Page *pin;
    (void)state;
    fread_at(0, BUF, PG(2));
    become(fix.proc);
    assert_int_equal(fixfault(fix.seg, BUF, EV_access_read, true, NULL, &pin), 0);
    assert_int_equal(segreclaim(10), 0);
    putpage(pin);
    qlock(&fix.seg->lock);
    assert_int_equal(segreclaim(10), 0);
    qunlock(&fix.seg->lock);
    assert_int_equal(segreclaim(10), 1);
}

static void s4_fork_inherits_associations_copy_on_write(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(8));
    save_byte(fix.proc, BUF + PG(1), 0x11);       /* dirty before the fork */
    expect_pattern(fix.proc, BUF + PG(2), PG(2), 1); /* clean before the fork */
    Proc *child = khost_fork(fix.proc);
    file_truncate(fix.file, 0);
    save_byte(fix.proc, BUF + PG(1), 0x22);
    expect_fault(EV_resolution_copied);
    save_byte(child, BUF + PG(2), 0x33);
    expect_fault(EV_resolution_copied);
    save_byte(child, BUF + PG(3), 0x44);
    expect_pattern(fix.proc, BUF, 0, PG(1));
    expect_bytes(fix.proc, BUF + PG(1), 0x22, 1);
    expect_pattern(fix.proc, BUF + PG(1) + 1, PG(1) + 1, PG(7) - 1);
    expect_pattern(child, BUF, 0, PG(1));
    expect_bytes(child, BUF + PG(1), 0x11, 1);
    expect_bytes(child, BUF + PG(2), 0x33, 1);
    expect_bytes(child, BUF + PG(3), 0x44, 1);
    expect_pattern(child, BUF + PG(3) + 1, PG(3) + 1, PG(5) - 1);
    save_byte(child, BUF + PG(1), 0x55); /* the other one has its copy: this one takes the frame over */
    expect_fault(EV_resolution_reused);
    expect_bytes(fix.proc, BUF + PG(1), 0x22, 1);
    become(child);
    khost_exit(child);
    expect_pattern(fix.proc, BUF + PG(4), PG(4), PG(4));
}

static void s4_a_partial_page_is_inherited(void **state)
{
    (void)state;
    save_bytes(fix.proc, BUF, 0x77, PGSIZE);
    fread_at(0, BUF + 100, 200);
    Proc *child = khost_fork(fix.proc);
    save_byte(child, BUF, 0x11);
    expect_bytes(fix.proc, BUF, 0x77, 100);
    expect_pattern(fix.proc, BUF + 100, 0, 200);
    expect_bytes(child, BUF + 1, 0x77, 99);
    expect_pattern(child, BUF + 100, 0, 200);
    expect_bytes(child, BUF + 300, 0x77, PGSIZE - 300);
    become(child);
    khost_exit(child);
}

static void s4_a_shared_segment_has_one_state(void **state)
{
    (void)state;
    fix.seg->attr |= SG_SHARED;
    Proc *child = khost_fork(fix.proc);
    expect_bytes(child, BUF, 0, PG(1)); /* mapped before what follows */
    fread_at(0, BUF, PG(2));
    expect_pattern(child, BUF, 0, PG(1));
    save_byte(child, BUF, 0x77);
    expect_bytes(fix.proc, BUF, 0x77, 1);
    become(child);
    assert_int_equal(segzero(fix.seg, BUF, 10), 0);
    expect_bytes(fix.proc, BUF, 0, 10);
    khost_exit(child);
    expect_pattern(fix.proc, BUF + 10, 10, 1000);
}

static void s4_a_fork_without_memory_fails_whole(void **state)
{
    (void)state;
    fread_at(0, BUF, PG(8));
    save_bytes(fix.proc, BUF + PG(2) + 5, 0x77, PG(2));
    uint64_t frames = memory.frames, objects = memory.objects;
    unsigned failures = 0;
    for (unsigned nth = 1; nth < 60; nth++) {
        become(fix.proc);
        memory.fail_kalloc = nth;
        Proc *child = khost_fork(fix.proc);
        memory.fail_kalloc = 0;
        if (child != NULL) {
            become(child);
            khost_exit(child);
        } else {
            failures++;
        }
        assert_int_equal(memory.frames, frames);
        assert_int_equal(memory.objects, objects);
    }
    assert_true(failures > 5);
    expect_pattern(fix.proc, BUF, 0, PG(2));
    expect_bytes(fix.proc, BUF + PG(2) + 5, 0x77, PG(2));
    save_byte(fix.proc, BUF + PG(2) + 5, 0x78);
    expect_bytes(fix.proc, BUF + PG(2) + 5, 0x78, 1);
}

static uint64_t block_of(uint64_t fblk)
{
    struct tfs_extent x;
    assert_int_equal(tfs_map(fix.file, fblk, &x), 0);
    return x.blk;
}

static void e1_a_failed_fill_leaves_the_page_sourced(void **state)
{
    char byte;
    (void)state;
    fread_at(0, BUF, PG(4));
    disk.bad_block = block_of(1);
    for (unsigned i = 0; i < 2; i++) {
        become(fix.proc);
        assert_int_equal(load(fix.proc, BUF + PG(1), &byte, 1), -T_EIO);
        assert_non_null(strstr(fix.proc->errstr, "deferred read error"));
        expect_fault(EV_resolution_failed);
        assert_int_equal(event_at(EV_fill, -1)->end.fill.error, T_EIO);
        assert_int_equal(state_at(BUF + PG(1)), EV_page_state_sourced);
        assert_int_equal(save(fix.proc, BUF + PG(1), "x", 1), -T_EIO);
    }
    assert_int_equal(memory.frames, 0);
    expect_pattern(fix.proc, BUF + PG(2), PG(2), PG(2));
    disk.bad_block = 0;
    expect_pattern(fix.proc, BUF, 0, PG(4)); /* tried again at the next touch */
}

static void e1_own_bytes_survive_a_failed_fill(void **state)
{
    char byte;
    (void)state;
    save_bytes(fix.proc, BUF, 0x77, PGSIZE);
    fread_at(0, BUF + 50, 100);
    disk.bad_block = block_of(0);
    assert_int_equal(load(fix.proc, BUF, &byte, 1), -T_EIO);
    disk.bad_block = 0;
    expect_bytes(fix.proc, BUF, 0x77, 50);
    expect_pattern(fix.proc, BUF + 50, 0, 100);
    expect_bytes(fix.proc, BUF + 150, 0x77, PGSIZE - 150);
}

static void e1_a_failed_fill_in_a_call_is_its_error(void **state)
{
    char buf[100];
    (void)state;
    fread_at(0, BUF, PG(4));
    save_byte(fix.proc, BUF, 1);
    disk.bad_block = block_of(2);
    become(fix.proc);
    assert_int_equal(copyin(buf, BUF + PG(2) - 50, 100), -T_EIO);
    assert_int_equal(copyout(BUF + PG(2), buf, 1), -T_EIO);
    struct tfs_file *other = file_new_with("other", NULL, 0);
    assert_int_equal(filewrite(other, 0, BUF + PG(2), PG(1), false), -T_EIO);
    assert_int_equal(filewrite(other, 0, BUF, PG(4), false), PG(2)); /* a short write: what was written counts */
    assert_int_equal(file_length(other), PG(2));
    disk.bad_block = 0;
    assert_int_equal(filewrite(other, PG(2), BUF + PG(2), PG(2), false), PG(2));
    file_put(other);
}

static void read_and_write(void *arg)
{
    Proc *p = arg;
    for (unsigned i = 0; i < 50; i++) {
        fileread(fix.file, PG(i % 8) + i, BUF + PG(i % 5) + i * 7, PG(6));
        save(p, BUF + PG(i % 11), &i, sizeof i);
        filewrite(fix.file, PG(i % 3), BUF + PG(i % 7), PG(9), false);
        segzero(fix.seg, BUF + PG(i % 9) + 100, PG(1));
    }
}

static void w8_readers_and_writers_of_one_buffer_and_file_do_not_deadlock(void **state)
{
    Proc *p[4] = {fix.proc};
    (void)state;
    fix.seg->attr |= SG_SHARED;
    for (unsigned i = 1; i < 4; i++)
        p[i] = khost_fork(fix.proc);
    disk.yields = true;
    memory.frame_limit = 20;
    run_together(4, p, read_and_write, (void **)p);
    memory.frame_limit = 0;
    disk.yields = false;
    for (unsigned i = 1; i < 4; i++) {
        become(p[i]);
        khost_exit(p[i]);
    }
}

static void protection_and_wild_addresses(void **state)
{
    char buf[10];
    (void)state;
    Segment *text = attach(fix.proc, EV_segment_type_text, OTHER, PG(1), SG_RONLY, EV_io_policy_eager);
    assert_int_equal(save(fix.proc, OTHER, "x", 1), -T_EFAULT);
    expect_fault(EV_resolution_protection);
    become(fix.proc);
    assert_int_equal(pagefault(BUF, EV_access_execute), -T_EFAULT);
    assert_int_equal(pagefault(OTHER, EV_access_execute), 0);
    assert_int_equal(mapped(fix.proc->space, OTHER)->rights, PUT_READ | PUT_EXEC);
    assert_int_equal(load(fix.proc, OTHER + PG(1), buf, 1), -T_EFAULT);
    expect_fault(EV_resolution_no_segment);
    become(fix.proc);
    assert_int_equal(copyout(OTHER, "x", 1), -T_EFAULT);
    assert_int_equal(copyin(buf, OTHER + PG(1) - 5, 10), -T_EFAULT);
    assert_int_equal(copyin(buf, UINT64_MAX - 3, 10), -T_EFAULT);
    assert_int_equal(copyin(buf, TARRY_USER_TOP, 0), 0);
    assert_int_equal(copyin(buf, BUF, UINT64_MAX), -T_EFAULT);
    assert_int_equal(copyout(KZERO, buf, 1), -T_EFAULT);
    detachseg(fix.proc, text);
}

static void copies_cross_pages(void **state)
{
    char buf[300], name[300];
    (void)state;
    memset(name, 'n', sizeof name);
    name[200] = 0;
    become(fix.proc);
    assert_int_equal(copyout(BUF + PG(1) - 100, name, 300), 0);
    assert_int_equal(copyin(buf, BUF + PG(1) - 100, 300), 0);
    assert_memory_equal(buf, name, 300);
    assert_int_equal(copyinstr(buf, BUF + PG(1) - 100, 300), 200);
    assert_string_equal(buf, name);
    assert_int_equal(copyinstr(buf, BUF + PG(1) - 100, 201), 200);
    assert_int_equal(copyinstr(buf, BUF + PG(1) - 100, 200), -T_ENAMETOOLONG);
    save_bytes(fix.proc, BUF + PG(BUF_PAGES) - 10, 'x', 10);
    become(fix.proc);
    assert_int_equal(copyinstr(buf, BUF + PG(BUF_PAGES) - 10, 300), -T_EFAULT); /* runs off the end */
    unsigned faults = events_count(EV_fault);
    assert_int_equal(copyin(buf, BUF + PG(1), 10), 0); /* resident: no fault */
    assert_int_equal(events_count(EV_fault), faults);
}

static void copyout_breaks_sharing(void **state)
{
    (void)state;
    save_byte(fix.proc, BUF, 0x11);
    Proc *child = khost_fork(fix.proc);
    expect_bytes(fix.proc, BUF, 0x11, 1); /* mapped, shared */
    become(fix.proc);
    assert_int_equal(copyout(BUF, "\x22", 1), 0);
    expect_bytes(fix.proc, BUF, 0x22, 1); /* not through the old translation */
    expect_bytes(child, BUF, 0x11, 1);
    become(child);
    khost_exit(child);
}

static void resizing_drops_what_is_beyond(void **state)
{
    char byte;
    (void)state;
    fread_at(0, BUF, PG(8));
    save_byte(fix.proc, BUF + PG(5), 0x77);
    save_byte(fix.proc, BUF + PG(1), 0x77);
    assert_int_equal(resizeseg(fix.seg, BUF + PG(3) - 5), 0);
    assert_int_equal(fix.seg->top, BUF + PG(3));
    assert_int_equal(load(fix.proc, BUF + PG(3), &byte, 1), -T_EFAULT);
    assert_int_equal(resizeseg(fix.seg, BUF + PG(10)), 0);
    expect_bytes(fix.proc, BUF + PG(3), 0, PG(7));
    expect_pattern(fix.proc, BUF, 0, PG(1));
    expect_bytes(fix.proc, BUF + PG(1), 0x77, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

/* ---- the rule of a fault, as the trace has it ---- */

static int rule_of(enum ev_enum_access access)
{
    assert_int_equal(fixfault(fix.seg, BUF, access, false, fix.proc->space, NULL), 0);
    return (int)event_at(EV_fault, -1)->of.fault.rule;
}

static void rules_of_faults(void **state)
{
    (void)state;
    assert_int_equal(rule_of(EV_access_read), EV_rule_first_touch);
    assert_int_equal(rule_of(EV_access_read), EV_rule_stale_tlb); /* the entry has been there since */
    flushmmu(fix.proc->space, BUF, PG(1), EV_demotion_replace);
    assert_int_equal(rule_of(EV_access_read), EV_rule_absent);
    assert_int_equal(rule_of(EV_access_write), EV_rule_first_store);
    assert_int_equal(rule_of(EV_access_write), EV_rule_stale_tlb);
    protectmmu(fix.proc->space, fix.seg, BUF, PG(1));
    assert_int_equal(rule_of(EV_access_write), EV_rule_rights);
    assert_int_equal(fread_at(0, BUF, PG(1)), PG(1));
    assert_int_equal(rule_of(EV_access_write), EV_rule_fill);
    assert_int_equal(event_at(EV_fault, -1)->end.fault.detached, 1);
    assert_int_equal(event_at(EV_fill, -1)->of.fill.kind, EV_source_kind_snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(s1_every_transition_is_recorded),
        TEST(rules_of_faults),
        TEST(s1_a_fill_explains_itself),
        TEST(s1_clean_pages_are_write_protected),
        TEST(s2_the_last_detach_drops_the_snapshot),
        TEST(s2_preserved_blocks_are_free_one_by_one),
        TEST(s2_a_foreign_write_preserves_what_is_wanted),
        TEST(s3_clean_pages_are_dropped_and_filled_again),
        TEST(s3_a_locked_segment_and_a_pinned_page_are_left_alone),
        TEST(s4_fork_inherits_associations_copy_on_write),
        TEST(s4_a_partial_page_is_inherited),
        TEST(s4_a_shared_segment_has_one_state),
        TEST(s4_a_fork_without_memory_fails_whole),
        TEST(e1_a_failed_fill_leaves_the_page_sourced),
        TEST(e1_own_bytes_survive_a_failed_fill),
        TEST(e1_a_failed_fill_in_a_call_is_its_error),
        TEST(w8_readers_and_writers_of_one_buffer_and_file_do_not_deadlock),
        TEST(protection_and_wild_addresses),
        TEST(copies_cross_pages),
        TEST(copyout_breaks_sharing),
        TEST(resizing_drops_what_is_beyond),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The common start and end of the tests of segments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fixture.h"

enum { DISK_BLOCKS = 8192 };

Fixture fix;

unsigned char pattern(uint64_t off)
{
    return (unsigned char)(1 + (off ^ off >> 8 ^ off >> 16) % 255); /* never 0 */
}

static int setup(enum ev_enum_io_policy policy)
{
    unsigned char *data = malloc(FILE_BYTES);
    for (uint64_t i = 0; i < FILE_BYTES; i++)
        data[i] = pattern(i);
    memory = (struct khost_memory){0};
    disk_new(DISK_BLOCKS);
    fix.file = file_new_with("file", data, FILE_BYTES);
    free(data);
    tfs_commit(rootfs);
    fix.space = space_now();
    events_clear();
    fix.proc = khost_proc();
    become(fix.proc);
    fix.seg = attach(fix.proc, EV_segment_type_defer, BUF, PG(BUF_PAGES), 0, policy);
    return fix.seg != NULL ? 0 : -1;
}

int fixture_setup(void **state)
{
    (void)state;
    return setup(EV_io_policy_deferred);
}

int fixture_setup_eager(void **state)
{
    (void)state;
    return setup(EV_io_policy_eager);
}

int fixture_teardown(void **state)
{
    (void)state;
    become(fix.proc);
    khost_exit(fix.proc);
    assert_null(fslock.holder);
    assert_int_equal(swapused(), 0);
    swapend();
    assert_int_equal(space_now().snapshots, 0);
    assert_int_equal(space_now().held_blocks, 0);
    assert_int_equal(memory.frames, 0);
    assert_int_equal(memory.objects, 0);
    for (unsigned kind = 1; kind < EV_COUNT; kind++)
        if (kind == EV_segment || kind == EV_snapshot || kind == EV_fault || kind == EV_fill)
            assert_int_equal(open_intervals(kind), 0);
    file_put(fix.file);
    disk_end();
    return 0;
}

int64_t fread_at(uint64_t off, uint64_t va, uint64_t n)
{
    become(fix.proc);
    return fileread(fix.file, off, va, n);
}

int64_t fwrite_at(uint64_t off, uint64_t va, uint64_t n)
{
    become(fix.proc);
    return filewrite(fix.file, off, va, n, false);
}

void expect_pattern(Proc *p, uint64_t va, uint64_t off, uint64_t n)
{
    unsigned char *got = malloc(n);
    assert_int_equal(load(p, va, got, n), 0);
    for (uint64_t i = 0; i < n; i++)
        if (got[i] != pattern(off + i))
            fail_msg("byte at %lx is %u, should be %u of offset %lu", (unsigned long)(va + i), got[i],
                     pattern(off + i), (unsigned long)(off + i));
    free(got);
}

void expect_bytes(Proc *p, uint64_t va, unsigned char byte, uint64_t n)
{
    unsigned char *got = malloc(n);
    assert_int_equal(load(p, va, got, n), 0);
    for (uint64_t i = 0; i < n; i++)
        if (got[i] != byte)
            fail_msg("byte at %lx is %u, should be %u", (unsigned long)(va + i), got[i], byte);
    free(got);
}

void save_bytes(Proc *p, uint64_t va, unsigned char byte, uint64_t n)
{
    unsigned char *bytes = malloc(n);
    memset(bytes, byte, n);
    assert_int_equal(save(p, va, bytes, n), 0);
    free(bytes);
}

void save_byte(Proc *p, uint64_t va, unsigned char byte)
{
    save_bytes(p, va, byte, 1);
}

enum ev_enum_page_state state_at(uint64_t va)
{
    PageView v = viewpage(fix.seg, va & ~PGMASK);
    return pagestate(&v);
}

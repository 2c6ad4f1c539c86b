/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's block cache: clusters, batches, lists, what is given up when memory is short. On the kernel's own code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../khost/cache/cachehost.h"

static int setup(void **state)
{
    (void)state;
    cachehost_begin();
    return 0;
}

/* Nothing leaks: frames, buffers. */
static int teardown(void **state)
{
    (void)state;
    host.bad_block = 0;
    cachehost_end();
    assert_int_equal(host.frames, 0);
    assert_int_equal(host.objects, 0);
    assert_int_equal(cacheframes(), 0);
    return 0;
}

/* The core writes a block anew. */
static void put(uint64_t blk, enum tfs_class class, uint64_t word)
{
    void *data;
    int fresh = 0;
    assert_int_equal(cacheenv.get(NULL, blk, class, TFS_GET_NEW, &data, &fresh), 0);
    memset(data, 0, TFS_BLOCK);
    ((uint64_t *)data)[100] = word;
    cacheenv.put(NULL, blk, data, 1);
}

static uint64_t flush(void)
{
    uint64_t written = 0;
    assert_int_equal(cacheenv.flush(NULL, &written), 0);
    return written;
}

static int look(uint64_t blk, uint64_t *word)
{
    Page *page;
    int r = cacheget(blk, NULL, 1, 0, 0, &page);
    if (r < 0)
        return r;
    *word = *(uint64_t *)pagekva(page);
    cacheput(blk, page);
    return 0;
}

/* ---- writing ---- */

/* Adjacent dirty blocks go out in one request, whatever order they became dirty in. */
static void neighbours_in_one_request(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 64; i++)
        put(100 + i * 37 % 64, TFS_DATA, i);
    assert_int_equal(cachedirty(), 64);
    assert_int_equal(flush(), 64);
    assert_int_equal(host.requests[1], 1);
    assert_int_equal(host.flushes, 1);
    for (uint64_t i = 0; i < 64; i++)
        assert_int_equal(medium(100 + i * 37 % 64)[100], i);
    assert_int_equal(cachedirty(), 0);
    assert_int_equal(flush(), 0);
    assert_int_equal(host.requests[1], 1);
}

static void gaps_and_classes_divide(void **state)
{
    (void)state;
    host.total = 4096;
    for (uint64_t i = 0; i < 10; i++)
        put(i < 5 ? 100 + i : 200 + i, TFS_DATA, 1); /* a gap */
    for (uint64_t i = 0; i < 10; i++)
        put(300 + i, i < 4 ? TFS_DATA : TFS_META, 1); /* the trace says what a request moves */
    for (uint64_t i = 0; i < 100; i++)
        put(400 + i, TFS_DATA, 1); /* longer than a request */
    assert_int_equal(flush(), 120);
    assert_int_equal(host.requests[1], 2 + 2 + 2);
    assert_int_equal(cachestat.written, 120);
    assert_int_equal(cachestat.writes, 6);
}

/* Metadata is sealed when it goes out. */
static void metadata_is_sealed(void **state)
{
    unsigned char want[TFS_BLOCK];
    (void)state;
    put(7, TFS_META, 42);
    memset(want, 0, sizeof want);
    ((uint64_t *)want)[100] = 42;
    tfs_seal(want, 7);
    flush();
    assert_memory_equal(medium(7), want, TFS_BLOCK);
}

static void several_requests_at_a_time(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 40; i++)
        put(100 + 2 * i, TFS_DATA, 1);
    flush();
    assert_int_equal(host.requests[1], 40);
    assert_int_equal(host.most_pending, 8);
}

/* Blocks in disorder, but near each other. */
static uint64_t shuffled(uint64_t i)
{
    return 64 + i / 64 * 64 + i * 37 % 64;
}

/* Who dirties blocks without end does not fill memory with them. */
static void dirty_blocks_are_bounded(void **state)
{
    uint64_t most = 0;
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        put(shuffled(i), TFS_DATA, i);
        if (i % 8 == 0) /* the disk is slower */
            disk_step();
        if (cachedirty() > most)
            most = cachedirty();
    }
    assert_true(most <= totalpages() / 4 + 1);
    assert_true(host.events[EV_writeback] > 3);
    assert_true(host.blocks[1] > 1500);
    flush();
    for (uint64_t i = 0; i < 2000; i++)
        assert_int_equal(medium(shuffled(i))[100], i);
    assert_int_equal(host.blocks[1], 2000); /* each once */
    print_message("# %lu requests\n", (unsigned long)host.requests[1]);
    assert_true(host.requests[1] < 400);
}

/* Contents go first: metadata is likely to change again. */
static void data_before_metadata(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20; i++)
        put(100 + i, TFS_META, 1);
    for (uint64_t i = 0; i < 20; i++)
        put(200 + i, TFS_DATA, 1);
    assert_true(cachewriteback());
    assert_int_equal(host.blocks[1], 20);
    assert_int_equal(medium(200)[100], 1);
    assert_int_equal(medium(100)[100], 0);
    assert_true(cachewriteback());
    assert_int_equal(medium(100)[100], 1);
    assert_false(cachewriteback());
}

/* The core has a block pinned and changes it: it must not go out half changed before a commit. */
static void pinned_blocks_wait(void **state)
{
    void *data;
    int fresh;
    (void)state;
    put(100, TFS_DATA, 1);
    assert_int_equal(cacheenv.get(NULL, 100, TFS_DATA, TFS_GET_NEW, &data, &fresh), 0);
    assert_false(cachewriteback());
    cacheenv.put(NULL, 100, data, 1);
    assert_true(cachewriteback());
}

static void changed_while_written(void **state)
{
    (void)state;
    put(100, TFS_DATA, 1);
    for (uint64_t i = 0; i < totalpages() / 8; i++)
        put(1000 + 2 * i, TFS_DATA, 1); /* one too many: writing begins */
    assert_true(host.pending > 0);
    put(100, TFS_DATA, 2); /* on its way */
    assert_int_equal(flush() > 0, 1);
    assert_int_equal(medium(100)[100], 2);
}

/* What could not be written stays dirty, is told of, and is written when the disk can. */
static void errors_of_writing(void **state)
{
    uint64_t written = 0;
    (void)state;
    put(100, TFS_DATA, 1);
    put(200, TFS_DATA, 2);
    host.bad_block = 100;
    assert_int_equal(cacheenv.flush(NULL, &written), -T_EIO);
    assert_int_equal(written, 1);
    assert_int_equal(host.flushes, 0); /* no barrier, no commit */
    assert_int_equal(cachedirty(), 1);
    assert_false(cachewriteback());
    host.bad_block = 0;
    assert_int_equal(flush(), 1);
    assert_int_equal(medium(100)[100], 1);
}

static void dropped_blocks_are_not_written(void **state)
{
    (void)state;
    put(100, TFS_DATA, 1);
    cacheenv.drop(NULL, 100);
    assert_int_equal(cachedirty(), 0);
    assert_int_equal(cacheframes(), 0);
    assert_int_equal(flush(), 0);
}

/* ---- reading ---- */

static void clusters(void **state)
{
    uint64_t word;
    (void)state;
    for (uint64_t i = 0; i < 200; i++)
        medium(100 + i)[0] = i;
    assert_int_equal(look(110, &word), 0);
    assert_int_equal(host.requests[0], 1);
    cachecluster(100, 64, 1, 0, 0);
    assert_int_equal(host.requests[0], 1); /* it does not wait */
    assert_int_equal(host.pending, 2);     /* before and behind what is there */
    for (uint64_t i = 0; i < 64; i++) {
        assert_int_equal(look(100 + i, &word), 0);
        assert_int_equal(word, i);
    }
    assert_int_equal(host.requests[0], 3);
    cachecluster(100, 64, 1, 0, 0);
    assert_int_equal(host.pending, 0);
    cachecluster(164, 100, 1, 0, 0); /* longer than a request */
    assert_int_equal(host.pending, 2);
    assert_int_equal(look(263, &word), 0);
    assert_int_equal(word, 163);
    assert_int_equal(cachestat.ahead, 63 + 100);
    assert_int_equal(cachestat.misses, 1);
    assert_int_equal(cachestat.reads, 5);
    assert_int_equal(host.events[EV_transfer], 1 + 1 + 3 + 1); /* requests; and the hit: what was read ahead has no row */
}

static void one_request_for_two_readers(void **state)
{
    uint64_t word;
    (void)state;
    cachecluster(100, 2, 1, 0, 0);
    assert_int_equal(look(101, &word), 0);
    assert_int_equal(look(100, &word), 0);
    assert_int_equal(host.requests[0], 1);
}

/* A bad block fails who wants it, not who wants another of the same request. */
static void errors_of_reading(void **state)
{
    uint64_t word;
    (void)state;
    host.bad_block = 105;
    cachecluster(100, 10, 1, 0, 0);
    assert_int_equal(look(104, &word), 0);
    assert_int_equal(look(105, &word), -T_EIO);
    assert_int_equal(look(106, &word), 0);
    host.bad_block = 0;
    assert_int_equal(look(105, &word), 0);
}

static void wrong_checksum(void **state)
{
    Page *page;
    struct tfs_extent x = {.blk = 100, .crc = 1};
    (void)state;
    assert_int_equal(cacheget(100, &x, 1, 0, 0, &page), -T_EIO);
    x.crc = tfs_crc32c(0, medium(100), TFS_BLOCK);
    assert_int_equal(cacheget(100, &x, 1, 0, 0, &page), 0); /* read anew */
    assert_int_equal(host.requests[0], 2);
    cacheput(100, page);
}

/* ---- memory ---- */

static void least_recently_used_goes(void **state)
{
    uint64_t word;
    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        look(100 + i, &word);
    look(100, &word);
    assert_int_equal(cachereclaim(5, 0), 5);
    assert_true(cachehas(100));
    assert_false(cachehas(101));
    assert_false(cachehas(105));
    assert_true(cachehas(106));
    assert_int_equal(cachereclaim(5, 3), 2); /* it keeps as many */
    assert_int_equal(host.frames, 3);
    assert_int_equal(host.last.evicted, 7);
    assert_int_equal(host.last.why, EV_cache_moment_reclaim);
    assert_int_equal(host.last.frames, 3);
}

/* What is lent (R11), pinned, dirty, or on its way stays; what was read ahead does once. */
static void what_cannot_go(void **state)
{
    Page *pinned, *lent;
    uint64_t word;
    (void)state;
    assert_int_equal(cacheget(100, NULL, 1, 0, 0, &pinned), 0);
    assert_int_equal(cacheget(101, NULL, 1, 0, 0, &lent), 0);
    lent->ref++;
    lent->maps++;
    cacheput(101, lent);
    put(102, TFS_DATA, 1);
    cachecluster(103, 4, 1, 0, 0);
    assert_int_equal(cachereclaim(100, 0), 0);
    look(103, &word); /* it has been used */
    disk_step();
    assert_int_equal(cachereclaim(1, 0), 1);
    assert_false(cachehas(103));
    assert_true(cachehas(104) && cachehas(105) && cachehas(106));
    assert_int_equal(cachereclaim(100, 0), 3);
    assert_true(cachehas(100) && cachehas(101) && cachehas(102));
    cacheput(100, pinned);
    lent->maps--;
    putpage(lent);
    assert_int_equal(cachereclaim(100, 0), 2);
}

/* With little memory everything still works: the cache makes room in itself, and writes what is dirty before it goes. */
static void little_memory(void **state)
{
    uint64_t word;
    (void)state;
    host.frame_limit = 40;
    for (uint64_t i = 0; i < 500; i++)
        put(100 + i, i % 10 ? TFS_DATA : TFS_META, i);
    assert_true(host.frames <= 40);
    assert_true(host.events[EV_writeback] > 5);
    for (uint64_t i = 0; i < 500; i++)
        if (i % 10) {
            Page *page;
            assert_int_equal(cacheget(100 + i, NULL, 1, 0, 0, &page), 0);
            assert_int_equal(((uint64_t *)pagekva(page))[100], i);
            cacheput(100 + i, page);
        }
    cachecluster(600, 200, 1, 0, 0);
    assert_int_equal(look(700, &word), 0);
    assert_true(host.frames <= 40);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(neighbours_in_one_request), T(gaps_and_classes_divide), T(metadata_is_sealed), T(several_requests_at_a_time),
        T(dirty_blocks_are_bounded), T(data_before_metadata), T(pinned_blocks_wait), T(changed_while_written),
        T(errors_of_writing), T(dropped_blocks_are_not_written), T(clusters), T(one_request_for_two_readers),
        T(errors_of_reading), T(wrong_checksum), T(least_recently_used_goes), T(what_cannot_go), T(little_memory),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cache_parts", tests, NULL, NULL);
}

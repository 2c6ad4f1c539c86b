/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's block cache under random operations of several processes, with little memory, a disk that does its requests at any
 * time, and errors: every block reads as what was written last, a commit puts all of it on the disk, nothing
 * dirty is lost. Processes are coroutines; who sleeps lets another one on, chosen at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <cmocka.h>
#include "../khost/cache/cachehost.h"
#include "../khost/random.h"

enum { SPAN = 700, FIRST = 16, PROCS = 5, STACK = 256 * 1024, OPERATIONS = 60000, PATIENCE = 1000000 };

static uint64_t current[SPAN]; /* what each block holds; 0: as on a fresh disk */
static bool gone[SPAN];        /* dropped: undefined until it is written anew */
static unsigned held[SPAN];    /* processes that look at it: the core does not change it meanwhile (R1) */
static bool locked;            /* somebody is in the file system core, ... */
static uint64_t busy;          /* ... changes this block */
static uint64_t seed;
static uint64_t stamps, operations, failures, commits;

static enum tfs_class class_of(uint64_t i)
{
    return i % 7 == 0 ? TFS_META : TFS_DATA;
}

static void check(uint64_t i, const void *data)
{
    const uint64_t *words = data;
    if (!gone[i] && (words[100] != current[i] || words[500] != current[i]))
        fail_msg("block %lu holds %lu and should hold %lu", (unsigned long)i, (unsigned long)words[100], (unsigned long)current[i]);
}

/* ---- in the core, under its lock ---- */

static void op_write(uint64_t i)
{
    bool whole = below(3) > 0 || gone[i];
    int fresh = 0;
    void *data;
    if (held[i] > 0)
        return;
    busy = i;
    if (cacheenv.get(NULL, FIRST + i, class_of(i), whole ? TFS_GET_NEW : TFS_GET_READ, &data, &fresh) < 0) {
        failures++;
        return;
    }
    if (!whole)
        check(i, data);
    else
        memset(data, 0, TFS_BLOCK);
    uint64_t *words = data;
    words[100] = words[500] = current[i] = ++stamps;
    gone[i] = false;
    cacheenv.put(NULL, FIRST + i, data, 1);
}

static void op_read(uint64_t i)
{
    int fresh = 0;
    void *data;
    if (cacheenv.get(NULL, FIRST + i, class_of(i), TFS_GET_READ, &data, &fresh) < 0) {
        failures++;
        return;
    }
    check(i, data);
    cacheenv.put(NULL, FIRST + i, data, 0);
}

static void op_drop(uint64_t i)
{
    if (held[i] > 0)
        return;
    busy = i;
    gone[i] = true;
    cacheenv.drop(NULL, FIRST + i);
}

static void op_commit(void)
{
    uint64_t written = 0;
    if (cacheenv.flush(NULL, &written) < 0) {
        failures++;
        return;
    }
    commits++;
    for (uint64_t i = 0; i < SPAN; i++)
        check(i, medium(FIRST + i));
}

static void in_the_core(uint64_t i)
{
    if (locked)
        return;
    locked = true;
    busy = SPAN;
    uint64_t what = below(100);
    if (what < 60)
        op_write(i);
    else if (what < 85)
        op_read(i);
    else if (what < 97)
        op_drop(i);
    else
        op_commit();
    locked = false;
    busy = SPAN;
}

/* ---- beside it ---- */

static void op_look(uint64_t i)
{
    Page *page;
    if (class_of(i) != TFS_DATA || gone[i] || i == busy)
        return;
    held[i]++;
    int r = cacheget(FIRST + i, NULL, 1, 0, 0, &page);
    if (r < 0) {
        failures++;
    } else {
        check(i, pagekva(page));
        if (below(3) == 0)
            host.meanwhile(); /* looking takes a while */
        check(i, pagekva(page));
        cacheput(FIRST + i, page);
    }
    held[i]--;
}

static void op_cluster(uint64_t i)
{
    uint64_t n = 1 + below(100);
    cachecluster(FIRST + i, n < SPAN - i ? n : SPAN - i, 1, 0, 0);
}

static void operation(void)
{
    uint64_t i = below(4) ? below(60) : below(SPAN);
    operations++;
    switch (below(20)) {
    case 0 ... 11: in_the_core(i); break;
    case 12 ... 15: op_look(i); break;
    case 16: op_cluster(i); break;
    case 17: cachereclaim(below(30), below(20)); break;
    case 18: cachewriteback(); break;
    case 19: disk_step(); break;
    }
}

/* ---- the processes ---- */

static struct coroutine {
    ucontext_t context;
    Proc proc;
    char stack[STACK];
    bool ended;
} coroutines[PROCS];
static ucontext_t scheduler;
static unsigned running;   /* which of them */
static unsigned left;      /* that have not ended */
static bool with_errors;
static uint64_t idle;      /* switches since the last operation began */

static void process(void)
{
    while (operations < OPERATIONS) {
        if (operations % 64 == 0)
            host.bad_block = with_errors && below(3) == 0 ? FIRST + below(SPAN) : 0;
        idle = 0;
        operation();
        host.meanwhile();
    }
    coroutines[running].ended = true;
}

/* Somebody sleeps: the disk may do something, and another process goes on. */
static void meanwhile(void)
{
    if (below(2))
        disk_step();
    if (++idle > PATIENCE)
        fail_msg("nobody gets on");
    swapcontext(&coroutines[running].context, &scheduler);
}

static void start_process(struct coroutine *c)
{
    getcontext(&c->context);
    c->context.uc_stack.ss_sp = c->stack;
    c->context.uc_stack.ss_size = STACK;
    c->context.uc_link = &scheduler;
    c->ended = false;
    makecontext(&c->context, process, 0);
}

static void run_processes(void)
{
    left = PROCS;
    while (left > 0) {
        running = (unsigned)below(PROCS);
        if (coroutines[running].ended)
            continue;
        up = &coroutines[running].proc;
        swapcontext(&scheduler, &coroutines[running].context);
        left -= coroutines[running].ended;
    }
    host.meanwhile = NULL;
}

static void run(uint64_t s, uint64_t frames, bool errors)
{
    cachehost_begin();
    memset(current, 0, sizeof current);
    memset(gone, 0, sizeof gone);
    set_seed(s);
    host.frame_limit = frames;
    host.total = frames;
    host.meanwhile = meanwhile;
    operations = failures = commits = stamps = 0;
    with_errors = errors;
    for (unsigned i = 0; i < PROCS; i++)
        start_process(&coroutines[i]);
    run_processes();
    host.bad_block = 0;
    op_commit();
    print_message("# %lu frames: %lu commits, %lu failures; %lu requests read %lu blocks, %lu wrote %lu; %lu given up\n",
                  (unsigned long)frames, (unsigned long)commits, (unsigned long)failures, (unsigned long)host.requests[0],
                  (unsigned long)host.blocks[0], (unsigned long)host.requests[1], (unsigned long)host.blocks[1],
                  (unsigned long)cachestat.evicted);
    assert_true(commits > 50);
    assert_true(errors == (failures > 0));
    assert_true(host.frames <= frames);
    cachehost_end();
    assert_int_equal(host.frames, 0);
    assert_int_equal(host.objects, 0);
}

static void plenty(void **state)
{
    (void)state;
    run(seed + 1, 4096, false);
}

static void little(void **state)
{
    (void)state;
    run(seed + 2, 300, false);
}

static void errors(void **state)
{
    (void)state;
    run(seed + 3, 300, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plenty), cmocka_unit_test(little), cmocka_unit_test(errors)};
    seed_random();
    seed = the_seed();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cache_model", tests, NULL, NULL);
}

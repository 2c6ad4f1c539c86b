/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that share a segment and a file, all at once, with little memory: they take turns wherever the
 * kernel sleeps, which is in the middle of fills, reads and writes. Nobody can say what the bytes must be, but
 * what each process stored to a place of its own must stay, the maps must agree, nothing may
 * deadlock (W8) or leak (S4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "khost/fixture.h"
#include "khost/random.h"

enum { PROCS = 4, STEPS = 4000, ROUNDS = 8, SHARED_PAGES = 16, OWN = BUF_PAGES - PROCS };

static uint64_t length(void)
{
    return below(2) == 0 ? 1 + below(300) : 1 + below(PG(6));
}

static void check(Proc *p)
{
    uint64_t va = 0;
    qlock(&fix.seg->lock);
    qlock(&fslock);
    bool yields = disk.yields;
    disk.yields = false;
    const char *rule = maps_broken(p, &va);
    disk.yields = yields;
    qunlock(&fslock);
    qunlock(&fix.seg->lock);
    if (rule != NULL)
        panic("TARRY_SEED=%lu: at %lx: %s", (unsigned long)the_seed(), (unsigned long)va, rule);
}

/* The page that only this process stores to; the others write it to the file and push it out. */
static uint64_t own_page(unsigned i)
{
    return BUF + PG(OWN + i);
}

static void step(Proc *p, unsigned i, unsigned n)
{
    unsigned char bytes[PGSIZE];
    uint64_t va = BUF + below(PG(SHARED_PAGES)), off = below(PG(30)), len = length();
    memset(bytes, (int)n, sizeof bytes);
    switch (below(10)) {
    case 0:
        fileread(fix.file, off & ~PGMASK, va & ~PGMASK, len);
        break;
    case 1:
        fileread(fix.file, off, va, len);
        break;
    case 2:
        filewrite(fix.file, va - BUF, BUF, PG(SHARED_PAGES) - (va - BUF), false);
        break;
    case 3: /* everyone's own pages, too */
        filewrite(fix.file, off, BUF + PG(OWN), PG(PROCS), false);
        break;
    case 4:
        save(p, va, bytes, below(64));
        break;
    case 5:
        segzero(fix.seg, va, len);
        break;
    case 6:
        copyout(va, bytes, len < sizeof bytes ? len : sizeof bytes);
        break;
    case 7: /* from memory that needs no lock of the others */
        filewrite(fix.file, off, OTHER, len, false);
        break;
    default:
        load(p, va, bytes, below(300));
    }
    memory.fail_kalloc = 0;
    unsigned char got = 0;
    if (n > 0 && load(p, own_page(i) + 100, &got, 1) == 0 && got != (unsigned char)(n - 1))
        panic("TARRY_SEED=%lu: a store of process %u was lost", (unsigned long)the_seed(), i);
    while (save(p, own_page(i) + 100, &(unsigned char){(unsigned char)n}, 1) < 0)
        preempt(); /* no memory: somebody else gives some back */
    preempt();
}

static Proc *procs[PROCS];

static void live(void *arg)
{
    unsigned i = (unsigned)(uintptr_t)arg;
    for (unsigned n = 0; n < STEPS / PROCS; n++) {
        memory.fail_kalloc = below(10) == 0 ? 1 + below(4) : 0;
        step(procs[i], i, n);
        if (n % 16 == 0)
            check(procs[i]);
        if (n % 50 == 49)
            segzero(fix.seg, BUF, PG(SHARED_PAGES)); /* gives dirty pages back */
    }
}

static void w8_s4_together(void **state)
{
    void *args[PROCS];
    (void)state;
    fix.seg->attr |= SG_SHARED;
    events_keep(false);
    attach(fix.proc, EV_segment_type_defer, OTHER, PG(8), 0, EV_io_policy_deferred);
    procs[0] = fix.proc;
    for (unsigned i = 1; i < PROCS; i++)
        procs[i] = khost_fork(fix.proc);
    for (unsigned i = 0; i < PROCS; i++)
        args[i] = (void *)(uintptr_t)i;
    disk.yields = true;
    memory.frame_limit = below(2) == 0 ? 0 : 24;
    run_together(PROCS, procs, live, args);
    memory.frame_limit = 0;
    disk.yields = false;
    for (unsigned i = 0; i < PROCS; i++) {
        become(procs[i]);
        check(procs[i]);
        if (i > 0)
            khost_exit(procs[i]);
    }
    events_keep(true);
}

int main(void)
{
    struct CMUnitTest tests[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++)
        tests[i] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(w8_s4_together, fixture_setup, fixture_teardown);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

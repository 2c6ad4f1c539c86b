/* SPDX-License-Identifier: GPL-2.0-only */
#include "ecalls.h"

#include <stdlib.h>

#include "../mmu/pte.h"
#include "../traces/events.h"
#include "calls.h"
#include "machine_priv.h"

#define ARGUMENTS 6
#define KEPT (64ull << 20) /* most bytes of text arguments of a run */

/* ---- the calls that are under way ---- */

static uint32_t *bucket(struct ecalls *e, uint64_t root, uint64_t pc)
{
    uint64_t hash = (root ^ pc * 0x9e3779b97f4a7c15ull) * 0x9e3779b97f4a7c15ull;
    return &e->buckets[hash >> 52];
}
_Static_assert(ECALLS_BUCKETS == 1u << (64 - 52), "bucket takes the top 12 bits");

/* Takes a place out of its list by age, its bucket at *link, and gives it back. */
static void drop(struct ecalls *e, uint32_t *link)
{
    uint32_t at = *link;
    struct ecall_open *o = &e->open[at];
    *link = o->next;
    *(o->older ? &e->open[o->older].newer : &e->oldest) = o->newer;
    *(o->newer ? &e->open[o->newer].older : &e->newest) = o->older;
    o->next = e->free;
    e->free = at;
    e->n--;
}

static void give_up(struct machine *m, uint32_t *link)
{
    recorder_abandon(m->trace.recorder, m->trace.ecalls.open[*link].id);
    drop(&m->trace.ecalls, link);
}

static void give_up_oldest(struct machine *m)
{
    struct ecalls *e = &m->trace.ecalls;
    uint32_t *link = bucket(e, e->open[e->oldest].root, e->open[e->oldest].pc);
    while (*link != e->oldest)
        link = &e->open[*link].next;
    give_up(m, link);
}

static bool make(struct ecalls *e)
{
    if (!e->open)
        e->open = calloc(ECALLS + 1, sizeof *e->open); /* memory that is never touched is never used */
    if (!e->buckets)
        e->buckets = calloc(ECALLS_BUCKETS, sizeof *e->buckets);
    return e->open && e->buckets;
}

static void keep(struct machine *m, const struct ecall_open *call)
{
    struct ecalls *e = &m->trace.ecalls;
    if (e->n == ECALLS)
        give_up_oldest(m);
    uint32_t at = e->free ? e->free : ++e->used;
    struct ecall_open *o = &e->open[at];
    if (e->free)
        e->free = o->next;
    uint32_t *first = bucket(e, call->root, call->pc);
    *o = *call;
    o->next = *first;
    o->older = e->newest;
    *first = at;
    *(e->newest ? &e->open[e->newest].newer : &e->oldest) = at;
    e->newest = at;
    e->n++;
}

/* The place of the call that was made like this one; 0 if there is none: what *link then names is the end of a bucket. */
static uint32_t *find(struct ecalls *e, uint64_t root, uint64_t pc, uint64_t sp, uint64_t tp)
{
    uint32_t *link = bucket(e, root, pc);
    while (*link) {
        const struct ecall_open *o = &e->open[*link];
        if (o->root == root && o->pc == pc && o->sp == sp && o->tp == tp)
            break;
        link = &e->open[*link].next;
    }
    return link;
}

static bool any_at(const struct ecalls *e, const uint32_t *first, uint64_t root, uint64_t pc)
{
    for (uint32_t at = *first; at; at = e->open[at].next)
        if (e->open[at].root == root && e->open[at].pc == pc)
            return true;
    return false;
}

void ecalls_free(struct ecalls *e)
{
    free(e->open);
    free(e->buckets);
}

/* ---- a call ---- */

/* The text at va of the user's memory as a string of the trace; 0: its end is not to be seen. */
static uint64_t text_at(struct machine *m, uint64_t va)
{
    struct ecalls *e = &m->trace.ecalls;
    char text[ECALLS_TEXT];
    const uint8_t *byte = NULL;
    for (unsigned n = 0; n < sizeof text; n++, va++) {
        byte = byte && va % PAGE_BYTES ? byte + 1 : tlb_look(&m->hart, va, MMU_LOAD, 1);
        if (!byte)
            return 0;
        text[n] = (char)*byte;
        if (!*byte) {
            e->kept += n;
            return e->kept <= KEPT ? recorder_string(m->trace.recorder, text, n) : 0;
        }
    }
    return 0;
}

static uint64_t first_text(struct machine *m, const struct call *call, const uint64_t *arguments)
{
    for (unsigned i = 0; call->arguments && call->arguments[i] && i < ARGUMENTS; i++)
        if (call->arguments[i] == 's')
            return text_at(m, arguments[i]);
    return 0;
}

void ecalls_begin(struct machine *m, uint64_t pc, uint64_t caller)
{
    enum { NUMBER, A0, ROOT = A0 + ARGUMENTS, CALLER, TEXT, COLUMNS };
    static const int regs[] = {UC_RISCV_REG_A7, UC_RISCV_REG_A0, UC_RISCV_REG_A1, UC_RISCV_REG_A2, UC_RISCV_REG_A3,
                               UC_RISCV_REG_A4, UC_RISCV_REG_A5, UC_RISCV_REG_SP, UC_RISCV_REG_TP};
    struct traceport *t = &m->trace;
    uint64_t c[COLUMNS] = {0};
    struct ecall_open o = {.root = SATP_ROOT(m->hart.satp), .pc = pc};
    void *values[] = {&c[NUMBER], &c[A0], &c[A0 + 1], &c[A0 + 2], &c[A0 + 3], &c[A0 + 4], &c[A0 + 5], &o.sp, &o.tp};
    uc_reg_read_batch(m->hart.uc, (int *)regs, values, sizeof regs / sizeof *regs);
    const struct call *call = calls_of(m->config.calls, c[NUMBER]);
    c[ROOT] = o.root;
    c[CALLER] = caller;
    c[TEXT] = first_text(m, call, c + A0); /* recorded or not: the guest may be told the number of its next string */
    o.id = traceport_event(m, EV_ecall, pc, 0, c, COLUMNS);
    o.forks = call->forks;
    if (call->ends || !recorder_wants(t->recorder, EV_ecall) || !make(&t->ecalls)) {
        recorder_abandon(t->recorder, o.id);
        return;
    }
    uint32_t *before = find(&t->ecalls, o.root, pc, o.sp, o.tp);
    if (*before)
        give_up(m, before); /* whoever made it is here again, or gone */
    keep(m, &o);
}

void ecalls_returned(struct machine *m, uint64_t pc)
{
    struct ecalls *e = &m->trace.ecalls;
    uint64_t root = SATP_ROOT(m->hart.satp), at = pc - 4, sp, tp, result; /* an ecall has 4 bytes */
    if (!e->n || !any_at(e, bucket(e, root, at), root, at))
        return;
    uc_reg_read_batch(m->hart.uc, (int[]){UC_RISCV_REG_SP, UC_RISCV_REG_TP, UC_RISCV_REG_A0},
                      (void *[]){&sp, &tp, &result}, 3);
    uint32_t *link = find(e, root, at, sp, tp);
    if (!*link || (e->open[*link].forks && !result))
        return;
    traceport_end(m, e->open[*link].id, EV_ecall, &result, 1);
    drop(e, link);
}

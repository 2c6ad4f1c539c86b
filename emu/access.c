/* SPDX-License-Identifier: GPL-2.0-only */
/* Follows the accesses of the hart for an access trace. See access.h. */
#include "access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mmu/pte.h"
#include "../traces/access.h"
#include "../traces/choice.h"
#include "../traces/recorder.h"
#include "insn.h"
#include "machine_priv.h"

#define PIECES 65536
#define NO_SLOT UINT32_MAX
#define IS_SC(insn) (((insn) & 0xf800007f) == 0x1800002f)
#define IS_LR(insn) (((insn) & 0xf800007f) == 0x1000002f)

/* How the address of a load or store is worked out. */
struct address {
    int32_t offset;
    uint16_t at;    /* of the instruction, in bytes from the piece's start */
    uint8_t base;   /* register */
    bool store;     /* comes when it writes: what an AMO reads before is not shown */
};

/* A piece of code that was decoded, by pc and the count cache's key (hart.h). */
struct piece {
    struct access_code code;
    uint64_t key;
    struct address *addresses; /* of its slots */
    bool conditional;          /* it has an SC, which may do nothing: slots are found by the pc */
};

struct access_tracer {
    struct hart *hart;
    struct access_options options;
    struct access_encoder *encoder; /* NULL: samples only */
    struct sampler *sampler;        /* NULL: accesses only */
    const struct sampler_steady *steady; /* its */
    struct piece **pieces;
    bool watches;
    bool look;          /* for whether this process is wanted */
    bool wanted;
    uint64_t proc;      /* that this is known of */
    bool failed;

    struct piece *now;  /* runs; NULL: none that is recorded */
    uint64_t begun;     /* instructions retired before it */
    uint32_t slot;      /* the next one of it */
    struct {
        uint32_t slot;  /* NO_SLOT: none */
        uint64_t va, pa, next_page;
    } last;             /* access: its instruction may yet fault on the second page */
};

static uint64_t page_of(uint64_t a)
{
    return a & ~(uint64_t)(PAGE_BYTES - 1);
}

/* ---- pieces of code ---- */

static void free_piece(struct piece *p)
{
    if (!p)
        return;
    free(p->code.long_insns);
    free(p->code.slots);
    free(p->addresses);
    free(p);
}

bool access_in_ranges(const struct choice *c, uint64_t va)
{
    for (unsigned i = 0; c && i < c->nranges; i++)
        if (va >= c->ranges[i].first && va <= c->ranges[i].last)
            return true;
    return !c || c->nranges == 0;
}

static void add_slot(struct piece *p, uint32_t insn, unsigned at)
{
    struct insn_access a;
    if (!insn_access(insn, &a))
        return;
    bool amo = (insn & 0x7f) == 0x2f && !IS_SC(insn) && !IS_LR(insn);
    unsigned log2 = a.bytes == 1 ? 0 : a.bytes == 2 ? 1 : a.bytes == 4 ? 2 : 3, n = p->code.nslots++;
    p->code.slots[n] = (struct access_slot){p->code.insns, amo ? ACCESS_AMO : a.store ? ACCESS_STORE : ACCESS_LOAD, (uint8_t)log2};
    p->addresses[n] = (struct address){(int32_t)a.offset, (uint16_t)at, (uint8_t)a.base, a.store};
    p->conditional |= IS_SC(insn);
}

/* Decodes [pc, pc + bytes). NULL: it cannot be read, or there is no memory. */
static struct piece *decode(struct access_tracer *t, uint64_t pc, uint32_t bytes)
{
    struct hart *h = t->hart;
    unsigned most = bytes / 2;
    struct piece *p = calloc(1, sizeof *p);
    uint32_t insn;
    uint64_t last = pc + bytes - 1;
    if (!p || most == 0 || most > ACCESS_MOST_INSNS || !(p->code.long_insns = calloc(1, most / 8 + 1)) ||
        !(p->code.slots = calloc(most, sizeof *p->code.slots)) || !(p->addresses = calloc(most, sizeof *p->addresses)) ||
        !tlb_physical(h, pc, MMU_FETCH, &p->code.pa)) {
        free_piece(p);
        return NULL;
    }
    p->key = h->code_key;
    p->code.pc = pc;
    p->code.bytes = (uint16_t)bytes;
    p->code.crosses = page_of(pc) != page_of(last);
    if (p->code.crosses && tlb_physical(h, page_of(last), MMU_FETCH, &p->code.next_page))
        p->code.next_page = page_of(p->code.next_page);
    p->code.listed = access_in_ranges(t->options.choice, pc) || access_in_ranges(t->options.choice, last);
    for (unsigned at = 0; at < bytes; at += insn_bytes((uint16_t)insn)) {
        if (!tlb_instruction(h, pc + at, &insn)) {
            free_piece(p);
            return NULL;
        }
        add_slot(p, insn, at);
        if (insn_bytes((uint16_t)insn) == 4)
            p->code.long_insns[p->code.insns / 8] |= (uint8_t)(1u << p->code.insns % 8);
        p->code.insns++;
    }
    return p;
}

static bool same_code(const struct piece *a, const struct piece *b)
{
    const struct access_code *x = &a->code, *y = &b->code;
    return x->pc == y->pc && x->pa == y->pa && x->next_page == y->next_page && x->bytes == y->bytes && x->insns == y->insns &&
           x->nslots == y->nslots && !memcmp(x->long_insns, y->long_insns, x->insns / 8u + 1) &&
           !memcmp(x->slots, y->slots, x->nslots * sizeof *x->slots) &&
           !memcmp(a->addresses, b->addresses, x->nslots * sizeof *a->addresses);
}

static struct piece *find(struct access_tracer *t, uint64_t pc, uint32_t bytes)
{
    struct piece **place = &t->pieces[(pc >> 1) % PIECES], *p = *place;
    if (p && p->code.pc == pc && p->key == t->hart->code_key && p->code.bytes == bytes)
        return p;
    struct piece *new = decode(t, pc, bytes);
    if (new && p && same_code(new, p)) { /* it stays what it is in the dictionary */
        p->key = new->key;
        free_piece(new);
        return p;
    }
    if (!new)
        return NULL;
    free_piece(p);
    return *place = new;
}

/* ---- what runs ---- */

static void hand_over(struct access_tracer *t)
{
    struct access_raw raw;
    if (access_encoder_take(t->encoder, &raw))
        recorder_accesses(t->hart->machine->trace.recorder, &raw);
    if (access_encoder_failed(t->encoder))
        machine_stop(t->hart->machine, STOP_ERROR, 1, "the host is out of memory (--trace access)");
}

static void put_last(struct access_tracer *t)
{
    if (t->last.slot != NO_SLOT)
        access_encode_data(t->encoder, t->last.slot, t->last.va, t->last.pa, t->last.next_page);
    t->last.slot = NO_SLOT;
}

/* The piece that ran is over: `insns` are retired now. */
static void end_piece(struct access_tracer *t, uint64_t insns)
{
    struct piece *p = t->now;
    uint64_t done = insns - t->begun;
    if (!p)
        return;
    if (done > p->code.insns)
        done = p->code.insns;
    if (t->last.slot != NO_SLOT && p->code.slots[t->last.slot].insn >= done)
        t->last.slot = NO_SLOT; /* it faulted */
    put_last(t);
    access_encode_end(t->encoder, (unsigned)done);
    t->now = NULL;
    if (access_encoder_full(t->encoder))
        hand_over(t);
}

static bool in_window(const struct access_tracer *t, uint64_t insns)
{
    return !t->options.window || (insns >= t->options.from && insns <= t->options.to);
}

/* Is what runs now to be recorded? */
static bool wants(struct access_tracer *t, uint64_t insns)
{
    struct traceport *port = &t->hart->machine->trace;
    if (t->look || t->proc != port->proc) {
        t->wanted = recorder_takes_accesses(port->recorder, port->proc);
        t->proc = port->proc;
        t->look = false;
    }
    return t->wanted && in_window(t, insns);
}

static void begin(struct access_tracer *t, uint64_t pc, uint32_t bytes, uint64_t insns)
{
    struct hart *h = t->hart;
    bool wanted = wants(t, insns);
    if (t->encoder)
        end_piece(t, insns);
    if (t->sampler)
        sampler_begin(t->sampler, insns, pc, pc + bytes - 1, wanted);
    if (!wanted || !t->encoder || bytes == 0)
        return;
    t->now = find(t, pc, bytes);
    if (!t->now) {
        machine_stop(h->machine, STOP_ERROR, 1, "the code at 0x%llx cannot be recorded (--trace access)", (unsigned long long)pc);
        return;
    }
    t->begun = insns;
    t->slot = 0;
    struct access_context c = {.proc = h->machine->trace.proc, .mode = (uint8_t)h->privilege,
                               .satp = h->privilege == MMU_MACHINE ? 0 : h->satp};
    access_encode_begin(t->encoder, &t->now->code, insns, h->machine->clock.skipped_ns, &c);
}

/* Nothing to do but to sample, and nothing new for samples? */
static bool is_steady(const struct access_tracer *t, const struct block *b)
{
    const struct sampler_steady *s = t->steady;
    return !t->encoder && !t->look && t->hart->insns < s->due && t->hart->machine->trace.proc == s->proc &&
           page_of(b->pc) == s->code_page && page_of(b->pc + b->bytes - 1) == s->code_page && !t->options.window;
}

void access_begin(struct access_tracer *t, const struct block *b)
{
    if (!is_steady(t, b))
        begin(t, b->pc, b->bytes, t->hart->insns);
}

void access_emulated(struct access_tracer *t, uint64_t pc)
{
    uint32_t insn;
    if (tlb_instruction(t->hart, pc, &insn))
        begin(t, pc, insn_bytes((uint16_t)insn), t->hart->insns);
}

void access_trapped(struct access_tracer *t)
{
    if (t->encoder)
        end_piece(t, t->hart->insns);
}

/* The first slot at or behind pc. */
static uint32_t slot_at(const struct piece *p, uint64_t pc)
{
    uint32_t slot = 0;
    while (slot < p->code.nslots && p->code.pc + p->addresses[slot].at < pc)
        slot++;
    return slot;
}

void access_resume(struct access_tracer *t, uint64_t pc)
{
    if (t->now)
        t->slot = slot_at(t->now, pc);
}

void access_look(struct access_tracer *t)
{
    t->look = true;
}

/* ---- loads and stores ---- */

static uint64_t true_address(const struct hart *h, uint64_t pa)
{
    const struct tohost *t = &h->machine->tohost;
    return page_of(pa) == TOHOST_WINDOW ? page_of(t->pa) | (pa & (PAGE_BYTES - 1)) : pa;
}

/* Where an access goes on that crosses into this page. It may yet turn out to fault there. */
static uint64_t physical_page(struct hart *h, uint64_t va, enum mmu_access access)
{
    struct tlb_walk w;
    return tlb_walk(h, va, access, &w) ? page_of(w.result.pa) : 0;
}

void access_hook(uc_engine *uc, uc_mem_type type, uint64_t pa, int bytes, int64_t value, void *user)
{
    struct hart *h = user;
    struct access_tracer *t = h->access;
    const struct piece *p = t->now;
    (void)uc;
    (void)bytes;
    (void)value;
    if (!p)
        return;
    if (p->conditional)
        t->slot = slot_at(p, hart_reg(h, UC_RISCV_REG_PC));
    if (t->slot >= p->code.nslots)
        return;
    const struct address *a = &p->addresses[t->slot];
    if (a->store && type == UC_MEM_READ)
        return; /* an AMO is shown when it writes */
    uint64_t va = (a->base ? hart_reg(h, UC_RISCV_REG_X0 + a->base) : 0) + (uint64_t)(int64_t)a->offset;
    uint64_t last = va + (1ull << p->code.slots[t->slot].log2) - 1;
    put_last(t);
    if (access_in_ranges(t->options.choice, va) || access_in_ranges(t->options.choice, last)) {
        t->last.slot = t->slot;
        t->last.va = va;
        t->last.pa = true_address(h, pa);
        t->last.next_page = page_of(va) == page_of(last) ? 0 : physical_page(h, page_of(last), a->store ? MMU_STORE : MMU_LOAD);
    }
    t->slot++;
}

unsigned access_filled(struct access_tracer *t, uint64_t va_page, uint64_t pa_page, enum mmu_access access, unsigned rights)
{
    if (!t->sampler)
        return rights;
    if (access == MMU_FETCH)
        return sampler_knows_loads(t->sampler, va_page) ? rights : rights & MMU_EXEC;
    sampler_filled(t->sampler, va_page, pa_page, access);
    return access == MMU_LOAD ? rights & ~(unsigned)MMU_WRITE : rights;
}

/* ---- the whole ---- */

void access_finish(struct access_tracer *t)
{
    if (t->encoder) {
        end_piece(t, step_retired(t->hart));
        hand_over(t);
    }
    if (t->sampler)
        sampler_finish(t->sampler);
}

bool access_watches(const struct access_tracer *t)
{
    return t->watches;
}

struct access_tracer *access_tracer_new(struct hart *h, const struct access_options *o, char *err, size_t errlen)
{
    struct access_tracer *t;
    const struct machine_config *config = &h->machine->config;
    *err = '\0';
    if (!o || (!o->trace && !o->sample) || !config->recorder)
        return NULL;
    t = calloc(1, sizeof *t);
    if (t) {
        *t = (struct access_tracer){.hart = h, .options = *o, .watches = o->trace, .look = true, .last.slot = NO_SLOT};
        t->encoder = o->trace ? access_encoder_new(config->insn_ns ? config->insn_ns : 1) : NULL;
        t->pieces = calloc(PIECES, sizeof *t->pieces);
        t->sampler = o->sample ? sampler_new(h, o) : NULL;
        t->steady = t->sampler ? sampler_steady(t->sampler) : NULL;
    }
    if (t && t->pieces && (!o->trace || t->encoder) && (!o->sample || t->sampler))
        return t;
    access_tracer_free(t);
    snprintf(err, errlen, "the host is out of memory");
    return NULL;
}

void access_tracer_free(struct access_tracer *t)
{
    if (!t)
        return;
    for (unsigned i = 0; t->pieces && i < PIECES; i++)
        free_piece(t->pieces[i]);
    free(t->pieces);
    access_encoder_free(t->encoder);
    sampler_free(t->sampler);
    free(t);
}

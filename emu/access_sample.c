/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples: which pages each window of N instructions used. Unicorn's TLB is emptied when a window begins, and when another
 * process comes to run: then the first load of a page and the first store to it come to the fill hook, how often
 * ever it asks. Pages of code are seen block by block.
 */
#include "access.h"

#include <stdlib.h>
#include <string.h>

#include "../traces/access_queue.h"
#include "../traces/recorder.h"
#include "machine_priv.h"

struct sampler {
    struct hart *hart;
    const struct access_options *options;
    struct sampler_steady now;   /* due: the next window begins when so many instructions are retired */
    uint64_t every;              /* instructions in a window */
    uint64_t window, insn, ts;   /* of this one */
    bool wanted;                 /* what runs now is to be recorded */
    struct access_sample *pages; /* of this window, in order of first use */
    size_t n, room;
    uint32_t *places;            /* of a hash table: 1 + index in pages; nplaces is a power of two */
    size_t nplaces;
};

static uint32_t *place(const struct sampler *s, uint64_t proc, uint64_t va)
{
    size_t i = (size_t)((va >> 12 ^ proc << 40) * 0x9e3779b97f4a7c15ull >> 20);
    for (;; i++) {
        uint32_t *p = &s->places[i & (s->nplaces - 1)];
        if (*p == 0 || (s->pages[*p - 1].va == va && s->pages[*p - 1].proc == proc))
            return p;
    }
}

static bool grow(struct sampler *s)
{
    size_t room = 2 * s->room;
    struct access_sample *pages = realloc(s->pages, room * sizeof *pages);
    if (pages)
        s->pages = pages;
    uint32_t *places = calloc(2 * room, sizeof *places);
    if (!pages || !places) {
        free(places);
        machine_stop(s->hart->machine, STOP_ERROR, 1, "the host is out of memory (--sample)");
        return false;
    }
    free(s->places);
    s->places = places;
    s->nplaces = 2 * room;
    s->room = room;
    for (size_t i = 0; i < s->n; i++)
        *place(s, s->pages[i].proc, s->pages[i].va) = (uint32_t)i + 1;
    return true;
}

static void used(struct sampler *s, uint64_t va, uint64_t pa, unsigned bits)
{
    uint32_t *p = place(s, s->now.proc, va);
    if (*p) { /* a load behind a store comes here or not, as Unicorn's TLB has it: it does not count */
        uint8_t *had = &s->pages[*p - 1].used;
        if (bits != 1u << ACCESS_LOAD || !(*had & 1u << ACCESS_STORE))
            *had |= (uint8_t)bits;
        return;
    }
    if (!access_in_ranges(s->options->choice, va) || (s->n == s->room && !grow(s)))
        return;
    s->pages[s->n++] = (struct access_sample){s->window, s->insn, s->ts, s->now.proc, va, pa, (uint8_t)bits};
    *place(s, s->now.proc, va) = (uint32_t)s->n;
}

static void used_code(struct sampler *s, uint64_t va)
{
    uint64_t pa = 0;
    tlb_physical(s->hart, va, MMU_FETCH, &pa);
    used(s, va, pa, 1u << ACCESS_FETCH);
}

static void hand_over(struct sampler *s)
{
    struct access_sample *rows = s->n ? malloc(s->n * sizeof *rows) : NULL;
    if (rows) {
        memcpy(rows, s->pages, s->n * sizeof *rows);
        recorder_samples(s->hart->machine->trace.recorder, rows, s->n);
    } else if (s->n) {
        machine_stop(s->hart->machine, STOP_ERROR, 1, "the host is out of memory (--sample)");
    }
    s->n = 0;
    memset(s->places, 0, s->nplaces * sizeof *s->places);
}

static void begin_window(struct sampler *s, uint64_t insns)
{
    hand_over(s);
    s->window = insns / s->every;
    s->now.due = (s->window + 1) * s->every;
    s->insn = insns;
    s->ts = clock_after(s->hart->machine, insns);
}

void sampler_begin(struct sampler *s, uint64_t insns, uint64_t pc, uint64_t last, bool wanted)
{
    const uint64_t mask = ~(uint64_t)(PAGE_BYTES - 1);
    uint64_t proc = s->hart->machine->trace.proc;
    if (insns >= s->now.due || proc != s->now.proc || wanted != s->wanted) {
        if (insns >= s->now.due)
            begin_window(s, insns);
        s->now.proc = proc;
        s->wanted = wanted;
        s->now.code_page = 1; /* no page */
        uc_ctl_flush_tlb(s->hart->uc);
    }
    if (!wanted)
        return; /* code_page stays none: each block comes here */
    if ((pc & mask) != s->now.code_page)
        used_code(s, pc & mask);
    if ((last & mask) != (pc & mask))
        used_code(s, last & mask);
    s->now.code_page = last & mask;
}

void sampler_filled(struct sampler *s, uint64_t va_page, uint64_t pa_page, enum mmu_access access)
{
    if (s->wanted)
        used(s, va_page, pa_page, 1u << (access == MMU_STORE ? ACCESS_STORE : ACCESS_LOAD));
}

bool sampler_knows_loads(const struct sampler *s, uint64_t va_page)
{
    uint32_t p = *place(s, s->now.proc, va_page);
    return p && s->pages[p - 1].used & (1u << ACCESS_LOAD | 1u << ACCESS_STORE);
}

void sampler_finish(struct sampler *s)
{
    hand_over(s);
}

struct sampler *sampler_new(struct hart *h, const struct access_options *o)
{
    struct sampler *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct sampler){.hart = h, .options = o, .every = o->sample, .now.code_page = 1, .room = 1024, .nplaces = 2048};
    s->pages = malloc(s->room * sizeof *s->pages);
    s->places = calloc(s->nplaces, sizeof *s->places);
    if (s->pages && s->places)
        return s;
    sampler_free(s);
    return NULL;
}

const struct sampler_steady *sampler_steady(const struct sampler *s)
{
    return &s->now;
}

void sampler_free(struct sampler *s)
{
    if (!s)
        return;
    free(s->pages);
    free(s->places);
    free(s);
}

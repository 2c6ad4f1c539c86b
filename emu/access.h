/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access traces and samples (docs/access.md): what the hart fetches, loads and stores, exactly, for the recorder.
 *
 * Each piece of code that runs is decoded once: where it loads and stores, from which registers. Unicorn's hooks tell the
 * physical address of each load and store as it comes; they come in the order of the code, so that which one it is need
 * not be asked, and its virtual address is worked out from the register. What the instructions of a piece that was left
 * early would have done is dropped: listed is what retired instructions did.
 */
#ifndef EMU_ACCESS_H
#define EMU_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <unicorn/unicorn.h>

#include "../mmu/walk.h"

struct block;
struct choice;
struct hart;

/* What --trace access, --access-window and --sample ask for. */
struct access_options {
    bool trace;
    uint64_t sample;        /* instructions in a window; 0: no samples */
    bool window;            /* only instructions from ... to */
    uint64_t from, to;
    const struct choice *choice; /* the filters by process and address */
};

struct access_tracer;

/* NULL and a message if there is no memory. Returns NULL and no message (err[0] = 0) if nothing is asked for. */
struct access_tracer *access_tracer_new(struct hart *, const struct access_options *, char *err, size_t errlen);
void access_tracer_free(struct access_tracer *);
/* Is each load and store to be shown, by access_hook (UC_HOOK_MEM_READ and _WRITE)? */
bool access_watches(const struct access_tracer *);
void access_hook(uc_engine *, uc_mem_type, uint64_t pa, int bytes, int64_t value, void *hart);

/* A block begins to run; it goes on at pc after a pause (step.c). */
void access_begin(struct access_tracer *, const struct block *);
void access_resume(struct access_tracer *, uint64_t pc);
/* The instruction at pc is emulated, and will count as retired. */
void access_emulated(struct access_tracer *, uint64_t pc);
/* The next instruction traps: what was retired before it is all that is done of its block. */
void access_trapped(struct access_tracer *);
/* Which process runs, or what is recorded, may have changed. */
void access_look(struct access_tracer *);
/*
 * An entry of Unicorn's TLB is made for a fetch, load or store that will be done. Returns which of `rights` it may have, so
 * that the first load and the first store come here.
 */
unsigned access_filled(struct access_tracer *, uint64_t va_page, uint64_t pa_page, enum mmu_access, unsigned rights);
/* At the end of a run: hands over what there is. */
void access_finish(struct access_tracer *);

/* Options. Each returns 0, or -1 with a message. */
int access_window_parse(struct access_options *, const char *arg, char *err, size_t errlen);
int access_sample_parse(struct access_options *, const char *arg, char *err, size_t errlen);
extern const char access_options_help[];

/* ---- access_sample.c ---- */

struct sampler;

/* Code of this page goes on as before: nothing is to be noted while so few instructions are retired and this process runs. */
struct sampler_steady {
    uint64_t due, proc, code_page; /* code_page 1: there is no such page */
};

const struct sampler_steady *sampler_steady(const struct sampler *);
struct sampler *sampler_new(struct hart *, const struct access_options *); /* NULL: no memory */
void sampler_free(struct sampler *);
/* Instructions from pc to last are about to run; so many were retired. */
void sampler_begin(struct sampler *, uint64_t insns, uint64_t pc, uint64_t last, bool wanted);
void sampler_filled(struct sampler *, uint64_t va_page, uint64_t pa_page, enum mmu_access);
/* Has it seen a load or store of this page, in this window and process? */
bool sampler_knows_loads(const struct sampler *, uint64_t va_page);
void sampler_finish(struct sampler *);

/* Does a filter by addresses let this page pass? */
bool access_in_ranges(const struct choice *, uint64_t va);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The differences that are allowed, each as narrow as it can be told from the two states alone. What cannot be told
 * from them is kept out of the random programs (generate.py) and is in docs/lockstep.md too.
 */
#include "exceptions.h"

#define MSTATUS_SD (1ull << 63)
#define BOX 0xffffffff00000000ull

/* QEMU keeps SD out of the word that it logs; the instruction that reads mstatus makes it from FS. */
static bool status_dirty(const struct state *ours, struct state *theirs)
{
    uint64_t *w = &theirs->word[S_CSR0 + S_MSTATUS];
    *w &= ~MSTATUS_SD;
    if ((*w >> 13 & 3) == 3)
        *w |= MSTATUS_SD;
    (void)ours;
    return false; /* not a difference, but a way of writing it down */
}

/* Unicorn's single-precision results have other bits where the specification has the NaN box (unprivileged, 12.2). */
static bool nan_box(const struct state *ours, struct state *theirs)
{
    bool used = false;
    for (unsigned i = S_F0; i < S_F0 + 32; i++)
        if ((theirs->word[i] & BOX) == BOX && (ours->word[i] | BOX) == theirs->word[i] && theirs->word[i] != ours->word[i]) {
            theirs->word[i] = ours->word[i];
            used = true;
        }
    return used;
}

static struct exception {
    const char *name;
    bool (*allow)(const struct state *ours, struct state *theirs);
    unsigned long used;
} exceptions[] = {
    {"mstatus.SD is not in the log", status_dirty, 0},
    {"single-precision results without NaN box", nan_box, 0},
};

#define COUNT (sizeof exceptions / sizeof *exceptions)

void exceptions_allow(const struct state *ours, struct state *theirs)
{
    for (unsigned i = 0; i < COUNT; i++)
        exceptions[i].used += exceptions[i].allow(ours, theirs);
}

void exceptions_print(FILE *f)
{
    for (unsigned i = 0; i < COUNT; i++)
        if (exceptions[i].used)
            fprintf(f, "exception: %s: %lu states\n", exceptions[i].name, exceptions[i].used);
}

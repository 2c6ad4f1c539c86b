/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The differences that are allowed, each as narrow as it can be told from the two states alone. What cannot be told
 * from them is kept out of the random programs (generate.py) and is in docs/lockstep.md too.
 */
#include "exceptions.h"

#define MSTATUS_SD (1ull << 63)
#define BOX 0xffffffff00000000ull

/* QEMU keeps SD out of the word that it logs; the instruction that reads mstatus makes it from FS. */
static bool status_dirty(struct state *ours, struct state *theirs)
{
    uint64_t *w = &theirs->word[S_CSR0 + S_MSTATUS];
    *w &= ~MSTATUS_SD;
    if ((*w >> 13 & 3) == 3)
        *w |= MSTATUS_SD;
    (void)ours;
    return false; /* not a difference, but a way of writing it down */
}

/* Unicorn's single-precision results have other bits where the specification has the NaN box (unprivileged, 12.2). */
static bool nan_box(struct state *ours, struct state *theirs)
{
    bool used = false;
    for (unsigned i = S_F0; i < S_F0 + 32; i++)
        if ((theirs->word[i] & BOX) == BOX && (ours->word[i] | BOX) == theirs->word[i] && theirs->word[i] != ours->word[i]) {
            ours->word[i] = theirs->word[i];
            used = true;
        }
    return used;
}

/* The CSRs of a trap, of either level. */
struct trap_words {
    unsigned cause, epc, tval;
};
static const struct trap_words levels[] = {{S_CSR0 + S_MCAUSE, S_CSR0 + S_MEPC, S_CSR0 + S_MTVAL},
                                           {S_CSR0 + S_SCAUSE, S_CSR0 + S_SEPC, S_CSR0 + S_STVAL}};

/* ebreak: the address or zero (privileged, 3.1.16); QEMU 7.2 gives zero. */
static bool breakpoint_tval(struct state *ours, struct state *theirs)
{
    bool used = false;
    for (int i = 0; i < 2; i++) {
        const struct trap_words *t = &levels[i];
        if (ours->word[t->cause] == 3 && theirs->word[t->cause] == 3 && theirs->word[t->tval] == 0 &&
            ours->word[t->tval] == ours->word[t->epc] && ours->word[t->tval] != 0) {
            ours->word[t->tval] = 0;
            used = true;
        }
    }
    return used;
}

/*
 * AMOs fault as stores (unprivileged, 8.4); QEMU 7.2 says load when the page cannot be read or the address is
 * misaligned.
 */
static bool amo_cause(struct state *ours, struct state *theirs)
{
    bool used = false;
    for (int i = 0; i < 2; i++) {
        const struct trap_words *t = &levels[i];
        uint64_t a = ours->word[t->cause], b = theirs->word[t->cause];
        if (((a == 6 && b == 4) || (a == 7 && b == 5) || (a == 15 && b == 13)) &&
            ours->word[t->epc] == theirs->word[t->epc] && ours->word[t->tval] == theirs->word[t->tval]) {
            ours->word[t->cause] = b;
            used = true;
        }
    }
    return used;
}

/*
 * A misaligned load faults at its own first byte if that is what is refused (3.1.16); QEMU 7.2 rounds down what it
 * reads
 * piece by piece: loads across pages, and loads from where there is no memory.
 */
static bool misaligned_load(struct state *ours, struct state *theirs)
{
    bool used = false;
    for (int i = 0; i < 2; i++) {
        const struct trap_words *t = &levels[i];
        uint64_t a = ours->word[t->tval], b = theirs->word[t->tval], cause = ours->word[t->cause];
        bool pieces = cause == 5 || (cause == 13 && (a & ~4095ull) != ((a + 7) & ~4095ull));
        if (pieces && cause == theirs->word[t->cause] && (a & ~7ull) <= b && b < a) {
            ours->word[t->tval] = b;
            used = true;
        }
    }
    return used;
}

static struct exception {
    const char *name;
    bool (*allow)(struct state *ours, struct state *theirs);
    unsigned long used;
} exceptions[] = {
    {"mstatus.SD is not in the log", status_dirty, 0},
    {"single-precision results without NaN box", nan_box, 0},
    {"mtval of ebreak is zero or the address", breakpoint_tval, 0},
    {"AMO faults are store faults", amo_cause, 0},
    {"mtval of a misaligned load", misaligned_load, 0},
};

#define COUNT (sizeof exceptions / sizeof *exceptions)

void exceptions_allow(struct state *ours, struct state *theirs)
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

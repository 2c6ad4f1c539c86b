/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random model programs: choices that like the edges of pages, blocks and regions, that read what is soon written
 * back, that read again beside and over what was read, and that seldom are errors.
 */
#ifndef GEN_H
#define GEN_H

#include "model.h"

typedef struct Profile {
    const char *name, *help;
    unsigned pages[MODEL_REGIONS][2]; /* least and most pages of a region */
    unsigned file_pages;              /* a file grows to about so many */
    unsigned squeeze;                 /* most pages that are squeezed out at a time; 0: none */
    bool fails;                       /* the disk fails now and then (only where the host can make it) */
    bool fills;                       /* the disk gets full now and then */
    unsigned steps;                   /* operations of one program */
} Profile;

extern const Profile profiles[];             /* ends with one without a name */
const Profile *profile_named(const char *); /* NULL: there is none */

typedef struct LastRead { /* so that it is written back, written over, looked at */
    unsigned fd;
    uint64_t va, n, off; /* n 0: none */
} LastRead;

typedef struct Gen {
    const Profile *profile;
    Model *model;
    unsigned proc;   /* that does what comes next */
    uint64_t seeds;  /* of stores, so far */
    LastRead last[MODEL_PROCS];
} Gen;

/*
 * A program from begin to finish, with its results, out of the generator of random.h. Returns the number of its
 * operations; *ops is malloc'ed. The model is empty before and after.
 */
unsigned long gen_program(Gen *, struct mop **ops);

#endif

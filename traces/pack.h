/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records as they travel from the machine's thread to the writer's: what a word adds to the same word of the record of its
 * kind before, in 0, 2, 4 or 8 bytes. A record of 130 bytes becomes one of 30, so that the threads pass each other half a
 * cache line instead of three.
 */
#ifndef TARRY_PACK_H
#define TARRY_PACK_H

#include <stdint.h>
#include "catalogue.h"

enum record_flag {
    REC_OPEN = 1,       /* an interval that has not ended: dur and results are NULL */
    REC_STRING = 2,     /* a row of `string`: words are id, address and length of the text */
    REC_UNRECORDED = 4, /* an open interval that is not to be stored, as things are (filter.h) */
    REC_CANDIDATE = 8,  /* but will be if something recorded comes of it */
};

/* Places of what every event has in a record's words; its own columns follow. */
enum { W_ID, W_INSN, W_TS, W_PROC, W_PC, W_CAUSE, W_DUR, W_COLUMNS };

#define RECORD_WORDS (W_COLUMNS + CATALOGUE_MAX_WORDS)

struct record {
    uint16_t kind;
    uint16_t flags;
    uint64_t words[RECORD_WORDS];
};

/* Each side has one; they stay equal. All zero at first. */
struct packer {
    uint64_t last[EV_COUNT][RECORD_WORDS];
};

#define PACK_MOST (8 + 8 * RECORD_WORDS + 8) /* bytes that one record may take, and be written or read beyond its end */

/* Both return the end of the record. Results of an open interval are not kept: they come out as 0. */
unsigned char *pack(struct packer *, unsigned char *, const struct record *);
const unsigned char *unpack(struct packer *, const unsigned char *, struct record *);

#endif

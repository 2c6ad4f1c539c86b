/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of a run and those of their instructions that the trace names: what tables image and
 * instruction are made from when the run has ended (emu/annotate.c).
 *
 * Image 0 is what is not known, image 1 the kernel or whatever was booted; the guest has the others
 * numbered (TRACE_IMAGE) in the order in which they are first run. So equal runs have equal numbers.
 */
#ifndef EMU_IMAGES_H
#define EMU_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_UNKNOWN, IMAGE_BOOTED, IMAGE_FIRST };

struct guest_image {
    uint64_t file, version; /* of the guest's file */
    uint64_t path;          /* string of the trace */
};

struct guest_pc {
    uint64_t image, pc;
    uint32_t bits; /* the instruction as it was in memory; of a compressed one the lower half; 0: could not be read */
    bool used;     /* of the hash table: an entry is here */
    bool differs;  /* image 0: another program has other bits at this pc */
};

struct images {
    struct guest_image *list; /* number IMAGE_FIRST + i */
    size_t n;
    struct guest_pc *pcs; /* by hash; open addressing */
    size_t npcs, room;    /* room: a power of two, or 0 */
};

/* The number of a program; IMAGE_UNKNOWN if there is no memory, or too many programs. */
uint64_t images_number(struct images *, uint64_t file, uint64_t version, uint64_t path);
/* The entry of a pc; *fresh: it has just been made and wants its bits. NULL: no memory, or too many. */
struct guest_pc *images_pc(struct images *, uint64_t image, uint64_t pc, bool *fresh);
void images_free(struct images *);

#endif

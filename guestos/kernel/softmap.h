/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translations that the kernel keeps to fill a software-managed TLB from (mmusoft.c). A form need not keep all of them: what
 * it has lost the segment knows (a fault finds the page resident, and puts it back). Two forms: softcache.c and softhash.c.
 */
#ifndef KERNEL_SOFTMAP_H
#define KERNEL_SOFTMAP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct SoftEntry {
    uint64_t space; /* number of the space; 0: free */
    uint64_t vpn;
    uint64_t pte;
    bool used;      /* it has been filled into the TLB since agemmu asked */
} SoftEntry;

typedef struct SoftMap {
    const char *name;
    /* Called once, with the number of frames of the machine. False: no memory. */
    bool (*init)(uint64_t frames);
    SoftEntry *(*find)(uint64_t space, uint64_t vpn); /* NULL: not kept */
    /* The place for a new translation, which is not kept now. If it is not free, it holds what has to go. */
    SoftEntry *(*place)(uint64_t space, uint64_t vpn);
    void (*remove)(SoftEntry *);
    /* Calls back for each that is kept of pages [first, end) of a space; that may remove it. Costs the pages or all entries. */
    void (*each)(uint64_t space, uint64_t first, uint64_t end, void (*)(SoftEntry *, void *arg), void *arg);
} SoftMap;

extern const SoftMap softcache, softhash;

#endif

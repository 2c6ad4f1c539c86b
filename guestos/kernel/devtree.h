/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel wants to know of the machine, read from the flattened device tree
 * (Devicetree Specification 0.4, chapter 5) once at boot.
 */
#ifndef DEVTREE_H
#define DEVTREE_H

#include <stdint.h>

enum { DEVTREE_VIRTIO = 16, DEVTREE_BOOTARGS = 65536 };

struct device {
    uint64_t pa; /* registers; 0: there is none */
    uint32_t irq; /* PLIC source */
};

struct devtree {
    uint64_t ram_base, ram_bytes; /* the first bank */
    struct device uart, plic, finisher;
    struct device virtio[DEVTREE_VIRTIO]; /* by ascending address */
    unsigned nvirtio;
    char mmu[24];  /* mmu-type of the first hart; empty: not said */
    char bootargs[DEVTREE_BOOTARGS]; /* /chosen/bootargs, cut off if longer */
};

extern struct devtree devtree;

/* Reads the tree at kernel address fdt. Panics if it is none: the kernel cannot go on without. */
void devtreeinit(const void *fdt);

#endif

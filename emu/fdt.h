/* SPDX-License-Identifier: GPL-2.0-only */
/* The flattened device tree that describes the machine to its kernel. */
#ifndef EMU_FDT_H
#define EMU_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the tree is to say beside what the board is. */
struct fdt_facts {
    const char *bootargs;              /* NULL: none, or what a tree from a file says */
    uint64_t ram_bytes;
    const char *mmu;                   /* mmu-type of the hart; NULL: what a tree from a file says, or riscv,sv48 */
    uint64_t initrd_start, initrd_end; /* physical; equal: none */
    uint64_t seed;                     /* with has_seed: /chosen/rng-seed is made from it */
    bool has_seed;
};

/* How much memory to set aside for a tree, in whole FDT_ROOMs: at least one; for one from a file as much as it needs. */
uint64_t fdt_room(const char *dtb, const char *bootargs);
/* Writes the board's tree, or with `dtb` the one in that file, with the facts in it to `to`. 0, or -1 with a message. */
int fdt_put(const char *dtb, const struct fdt_facts *, void *to, size_t room, char *err, size_t errlen);
/* The same for `size` bytes of a tree that may hold anything. Returns NULL, or what is wrong. */
const char *fdt_patch(const void *tree, size_t size, const struct fdt_facts *, void *to, size_t room);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts a kernel and what it needs into the machine's RAM and sets the hart to enter it. */
#ifndef EMU_BOOT_H
#define EMU_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

enum boot_bios {
    BIOS_AUTO, /* BIOS_NONE for a kernel that begins below KERNEL_BASE, where firmware would lie; else BIOS_SBI */
    BIOS_SBI,  /* the host answers the SBI; the kernel is entered in supervisor mode */
    BIOS_NONE, /* the kernel is entered in machine mode */
    BIOS_FILE  /* firmware is loaded and entered in machine mode; it finds the kernel as OpenSBI's fw_jump and fw_dynamic do */
};

struct boot {
    const char *kernel;   /* ELF or Image, also compressed */
    enum boot_bios bios;
    const char *firmware; /* BIOS_FILE */
    const char *initrd;   /* NULL: none */
    const char *dtb;      /* NULL: the machine's own tree */
    uint64_t seed;        /* with has_seed: /chosen/rng-seed is made from it */
    bool has_seed;
    bool tohost;          /* watch the symbol tohost */
};

/* 0, or -1 with a message that names the file, what is wrong and the remedy. The boot arguments are the machine's. */
int machine_boot(struct machine *, const struct boot *, char *err, size_t errlen);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The signature of a riscv-arch-test: the memory from begin_signature to end_signature, as text. */
#ifndef EMU_SIGNATURE_H
#define EMU_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

struct machine;

struct signature {
    uint64_t pa, bytes;
};

/* Finds it by the symbols of an ELF file. 0, or -1 with a message. */
int signature_find(struct signature *, const char *elf, char *err, size_t errlen);
/* Writes it to `path`: a line of 8 hexadecimal digits for each 4 bytes. 0, or -1 with a message. */
int signature_write(const struct signature *, struct machine *, const char *path, char *err, size_t errlen);

#endif

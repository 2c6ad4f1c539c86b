/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Understands files that a machine can boot: RV64 ELF executables, the RISC-V Linux `Image`, and both of them
 * compressed by gzip. Parsing touches no machine: the file may hold anything, and every offset is checked against its size.
 */
#ifndef EMU_LOADER_H
#define EMU_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

#define LOADER_PIECES 64

/* Bytes of the file that go to memory; memory beyond them is zeroed. */
struct loader_piece {
    uint64_t offset, file_bytes;
    uint64_t pa, bytes;
};

struct loader {
    const char *path;       /* as given: for messages */
    const uint8_t *bytes;   /* the contents, decompressed */
    uint64_t size;
    void *mapping;          /* of the file */
    uint64_t mapped;
    uint8_t *inflated;      /* malloc'ed contents of a compressed file, or NULL */
    bool is_elf;
    struct loader_piece pieces[LOADER_PIECES];
    unsigned npieces;
    uint64_t entry;         /* physical */
    uint64_t low, high;     /* physical: all pieces lie in [low, high) */
};

/* Opens and parses a file. 0, or -1 with a message that names the file, what is wrong and the remedy. */
int loader_open(struct loader *, const char *path, char *err, size_t errlen);
/* Parses `size` bytes that stay where they are until loader_close; `path` is a name for messages. */
int loader_parse(struct loader *, const char *path, const void *bytes, uint64_t size, char *err, size_t errlen);
void loader_close(struct loader *);
/* Copies the pieces into RAM below `end`. 0, or -1 with a message. */
int loader_place(const struct loader *, struct machine *, uint64_t end, char *err, size_t errlen);
/* The value of an ELF symbol, e.g. "tohost". False: there is none, or the file is no ELF file. */
bool loader_symbol(const struct loader *, const char *name, uint64_t *value);
/* What the file holds at an ELF symbol, as many bytes as its size says. False: there is none, or it is not in the file. */
bool loader_object(const struct loader *, const char *name, const uint8_t **bytes, uint64_t *n);
/* Where the byte that the file puts at virtual address va lies in memory (an ELF's symbols are virtual). False: nowhere. */
bool loader_physical(const struct loader *, uint64_t va, uint64_t *pa);

/* ---- the formats; each returns NULL, or what is wrong with the file ---- */
bool loader_is_elf(const struct loader *);
const char *loader_parse_elf(struct loader *);
bool loader_is_image(const struct loader *);
const char *loader_parse_image(struct loader *);
bool loader_is_compressed(const struct loader *);
/* Replaces the contents by what they decompress to. */
const char *loader_decompress(struct loader *);

#endif

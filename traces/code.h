/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables image, symbol, source_line and instruction: what the instructions that a trace names are, made when the
 * run has ended from the programs' ELF files. Whatever a file lacks, or is no ELF file, just stays empty.
 */
#ifndef TARRY_CODE_H
#define TARRY_CODE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A program; the bytes are the caller's. */
struct code_image {
    uint64_t id, file, version; /* as in table image */
    char *name;      /* NULL: not known */
    void *elf;       /* its ELF file; NULL: it was not to be had, `note` says why */
    size_t elf_bytes;
    void *debug;     /* the file that its .gnu_debuglink names; NULL: none */
    size_t debug_bytes;
    const char *note;
};

/* An instruction that the trace names. */
struct code_pc {
    uint64_t image, pc;
    uint32_t bits; /* as it was in memory; a compressed one has 16 bits */
    bool known;    /* bits are */
};

struct code {
    struct code_image *images; /* in order of id, all that pcs name but 0 */
    size_t nimages;
    struct code_pc *pcs; /* in order of image and pc, none twice */
    size_t npcs;
};

/* Fills the tables. The rows depend on nothing but *code. Returns an SQLite result code. */
int code_write(sqlite3 *, const struct code *);

/* The name and the CRC-32 in an ELF file's section .gnu_debuglink; NULL: it has none. The name lies in the file. */
const char *code_debuglink(void *elf, size_t bytes, uint32_t *crc);

/* ---- what code.c is made from ---- */

/* The instruction at pc in the file; false: none is there. */
bool code_bits(void *elf, size_t bytes, uint64_t pc, uint32_t *bits);

struct code_symbol {
    const char *name; /* in the ELF file */
    uint64_t address, size;
};

/*
 * For each pc the function that holds it (name NULL: none). Returns 1, or 0 if the file has no table of symbols.
 * elf: the file as it is; libelf never writes to it.
 */
int code_symbols(void *elf, size_t bytes, const struct code_pc *, size_t npcs, struct code_symbol *out);

struct code_line {
    char *file; /* malloc'ed; NULL: none */
    unsigned line;
};

/* The same for lines of source. */
int code_lines(void *elf, size_t bytes, const struct code_pc *, size_t npcs, struct code_line *out);

#endif

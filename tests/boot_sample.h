/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files that boot, made in memory: what the tests of the loader begin with. */
#ifndef BOOT_SAMPLE_H
#define BOOT_SAMPLE_H

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SAMPLE_ROOM 8192
#define SAMPLE_CODE 64 /* bytes of it, each 0x5a */
#define SAMPLE_TOHOST 0x80001000ull

/* Elf header, 2 segments (code; data with a zeroed end), code, strings, symbols, 3 sections. Linked at `base`. */
struct sample_elf {
    Elf64_Ehdr header;
    Elf64_Phdr segment[2];
    uint8_t code[SAMPLE_CODE];
    char names[32];
    Elf64_Sym symbols[3];
    Elf64_Shdr sections[3];
};

static inline size_t sample_elf(struct sample_elf *e, uint64_t base)
{
    const size_t code = offsetof(struct sample_elf, code), names = offsetof(struct sample_elf, names);
    memset(e, 0, sizeof *e);
    memcpy(e->header.e_ident, "\177ELF\2\1\1", 7);
    e->header.e_type = ET_EXEC;
    e->header.e_machine = EM_RISCV;
    e->header.e_entry = base + 4;
    e->header.e_phoff = offsetof(struct sample_elf, segment);
    e->header.e_shoff = offsetof(struct sample_elf, sections);
    e->header.e_phentsize = sizeof(Elf64_Phdr);
    e->header.e_phnum = 2;
    e->header.e_shentsize = sizeof(Elf64_Shdr);
    e->header.e_shnum = 3;
    e->segment[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, code, base, base, SAMPLE_CODE, SAMPLE_CODE, 4};
    e->segment[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, code, base + 0x1000, base + 0x1000, 16, 0x100, 4};
    memset(e->code, 0x5a, SAMPLE_CODE);
    memcpy(e->names, "\0tohost\0begin_signature", 23);
    e->symbols[1] = (Elf64_Sym){1, 0, 0, 1, base + 0x1000, 8};
    e->symbols[2] = (Elf64_Sym){8, 0, 0, 1, base + 0x1008, 8};
    e->sections[1] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = names, .sh_size = sizeof e->names};
    e->sections[2] = (Elf64_Shdr){.sh_type = SHT_SYMTAB, .sh_offset = offsetof(struct sample_elf, symbols),
                                  .sh_size = sizeof e->symbols, .sh_link = 1, .sh_entsize = sizeof(Elf64_Sym)};
    return sizeof *e;
}

/* A Linux Image: header, then 0x5a. */
static inline size_t sample_image(uint8_t *to, uint64_t text_offset, uint64_t image_size)
{
    const size_t n = 256;
    memset(to, 0x5a, n);
    memset(to, 0, 64);
    memcpy(to + 8, &text_offset, 8);
    memcpy(to + 16, &image_size, 8);
    memcpy(to + 48, "RISCV\0\0\0RSC\005", 12);
    return n;
}

/* Returns the bytes written to `to`, which has SAMPLE_ROOM. */
static inline size_t sample_gzip(uint8_t *to, const void *from, size_t n)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from, .avail_in = (uInt)n, .next_out = to, .avail_out = SAMPLE_ROOM};
    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return z.total_out;
}

/* An EFI zboot program around a gzip payload. */
static inline size_t sample_zboot(uint8_t *to, const void *from, size_t n)
{
    memset(to, 0, 64);
    memcpy(to, "MZ\0\0zimg", 8);
    uint32_t offset = 64, bytes = (uint32_t)sample_gzip(to + 64, from, n);
    memcpy(to + 8, &offset, 4);
    memcpy(to + 12, &bytes, 4);
    memcpy(to + 24, "gzip", 5);
    return offset + bytes;
}

#endif

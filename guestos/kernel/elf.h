/* SPDX-License-Identifier: GPL-2.0-only */
/* What exec needs of the ELF-64 format (System V ABI, chapters 4 and 5; RISC-V ELF psABI). */
#ifndef ELF_H
#define ELF_H

#include <stdint.h>

enum { ELF_CLASS_64 = 2, ELF_DATA_LSB = 1, ELF_TYPE_EXEC = 2, ELF_TYPE_DYN = 3, ELF_MACHINE_RISCV = 243 };
enum { PT_LOAD = 1, PT_INTERP = 3, PF_X = 1, PF_W = 2, PF_R = 4 };

struct elfheader {
    uint8_t magic[4], class, data, version, osabi, pad[8];
    uint16_t type, machine;
    uint32_t fileversion;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elfsegment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

#endif

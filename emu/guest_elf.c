/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a host file a program that the guest OS can run? */
#include "guest_elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *wrong_header(const Elf64_Ehdr *h)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return "not an ELF file; give a RISC-V program, or a path in the guest";
    if (h->e_machine != EM_RISCV)
        return "an ELF file for another machine; compile it for RISC-V (docs/adding-a-program.md)";
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
        return "not a 64-bit little-endian ELF file; compile it for rv64";
    if (h->e_type != ET_EXEC)
        return "not a static executable (ELF type is not EXEC); link it with guestos/user/user.ld";
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0)
        return "has no program headers; link it with guestos/user/user.ld";
    return NULL;
}

static const char *wrong_segments(int fd, const Elf64_Ehdr *h, uint64_t size)
{
    for (unsigned i = 0; i < h->e_phnum; i++) {
        Elf64_Phdr p;
        uint64_t at = h->e_phoff + (uint64_t)i * sizeof p;
        if (h->e_phoff > size || at + sizeof p > size || pread(fd, &p, sizeof p, (off_t)at) != sizeof p)
            return "truncated: its program headers lie beyond its end; build or copy it again";
        if (p.p_type == PT_LOAD && (p.p_offset > size || p.p_filesz > size - p.p_offset))
            return "truncated: a segment lies beyond its end; build or copy it again";
    }
    return NULL;
}

int guest_elf_check(const char *path, char *err, size_t errlen)
{
    Elf64_Ehdr h;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(err, errlen, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    const char *wrong;
    if (!S_ISREG(st.st_mode))
        wrong = "not a regular file; give the path of a RISC-V program";
    else if (pread(fd, &h, sizeof h, 0) != sizeof h)
        wrong = "too short for an ELF file; give a RISC-V program, or a path in the guest";
    else if (!(wrong = wrong_header(&h)))
        wrong = wrong_segments(fd, &h, (uint64_t)st.st_size);
    close(fd);
    if (wrong)
        snprintf(err, errlen, "%s: %s", path, wrong);
    return wrong ? -1 : 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The ELF loader. The file may hold anything: offsets are checked against its size, addresses against RAM. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"
#include "machine_priv.h"

struct file {
    const char *path;
    const uint8_t *bytes;
    uint64_t size;
    char *err;
    size_t errlen;
};

static int refuse(const struct file *f, const char *why)
{
    snprintf(f->err, f->errlen, "%s: %s", f->path, why);
    return -1;
}

static int map(struct file *f)
{
    struct stat st;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(f, strerror(errno));
    int bad = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(Elf64_Ehdr);
    void *p = bad ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return refuse(f, "is not an ELF file; give a RISC-V kernel in ELF format");
    f->bytes = p;
    f->size = (uint64_t)st.st_size;
    return 0;
}

static int check_header(const struct file *f, const Elf64_Ehdr *h)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return refuse(f, "is not an ELF file; give a RISC-V kernel in ELF format");
    if (h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_RISCV)
        return refuse(f, "is an ELF file for another machine; build it for riscv64");
    if (h->e_ident[EI_CLASS] != ELFCLASS64)
        return refuse(f, "is a 32-bit ELF file; build it for riscv64");
    if (h->e_type != ET_EXEC)
        return refuse(f, "is not an executable; link it statically at a fixed address");
    if (h->e_phentsize != sizeof(Elf64_Phdr))
        return refuse(f, "has program headers of a wrong size; the file is damaged");
    if (h->e_phoff > f->size || h->e_phnum * sizeof(Elf64_Phdr) > f->size - h->e_phoff)
        return refuse(f, "is truncated: the program headers are missing; copy or build it again");
    return 0;
}

static int load_segment(struct machine *m, const struct file *f, const Elf64_Phdr *p)
{
    if (p->p_offset > f->size || p->p_filesz > f->size - p->p_offset)
        return refuse(f, "is truncated: a segment's bytes are missing; copy or build it again");
    if (p->p_filesz > p->p_memsz)
        return refuse(f, "has a segment larger in the file than in memory; the file is damaged");
    uint8_t *ram = ram_at(m, p->p_paddr, p->p_memsz);
    if (!ram || p->p_paddr + p->p_memsz > RAM_BASE + m->bus.ram_bytes - FDT_ROOM) {
        snprintf(f->err, f->errlen, "%s: segment 0x%llx..0x%llx lies outside of the %llu MiB of RAM at 0x%llx; "
                 "give the machine more memory or link it elsewhere",
                 f->path, (unsigned long long)p->p_paddr, (unsigned long long)(p->p_paddr + p->p_memsz),
                 (unsigned long long)(m->bus.ram_bytes >> 20), (unsigned long long)RAM_BASE);
        return -1;
    }
    memcpy(ram, f->bytes + p->p_offset, p->p_filesz);
    memset(ram + p->p_filesz, 0, p->p_memsz - p->p_filesz);
    ram_written(m, p->p_paddr, p->p_memsz);
    return 0;
}

/* e_entry may be a virtual or a physical address. */
static int find_entry(const struct file *f, const Elf64_Ehdr *h, const Elf64_Phdr *ph, uint64_t *entry)
{
    for (int physical = 0; physical < 2; physical++)
        for (int i = 0; i < h->e_phnum; i++) {
            uint64_t start = physical ? ph[i].p_paddr : ph[i].p_vaddr;
            if (ph[i].p_type == PT_LOAD && h->e_entry >= start && h->e_entry - start < ph[i].p_memsz) {
                *entry = h->e_entry - start + ph[i].p_paddr;
                return 0;
            }
        }
    return refuse(f, "has its entry point outside of its segments; the file is damaged");
}

static int load(struct machine *m, const struct file *f, uint64_t *entry)
{
    Elf64_Ehdr h;
    memcpy(&h, f->bytes, sizeof h);
    if (check_header(f, &h) != 0)
        return -1;
    Elf64_Phdr ph[64];
    if (h.e_phnum > 64)
        return refuse(f, "has too many segments");
    memcpy(ph, f->bytes + h.e_phoff, h.e_phnum * sizeof *ph);
    for (int i = 0; i < h.e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && ph[i].p_memsz && load_segment(m, f, &ph[i]) != 0)
            return -1;
    return find_entry(f, &h, ph, entry);
}

int loader_load(struct machine *m, const char *path, uint64_t *entry, char *err, size_t errlen)
{
    struct file f = {.path = path, .err = err, .errlen = errlen};
    if (map(&f) != 0)
        return -1;
    int result = load(m, &f, entry);
    munmap((void *)f.bytes, f.size);
    return result;
}

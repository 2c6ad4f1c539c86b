/* SPDX-License-Identifier: GPL-2.0-only */
/* ELF files: segments by physical address, the entry point, symbols. */
#include <elf.h>
#include <string.h>

#include "loader.h"

bool loader_is_elf(const struct loader *l)
{
    return l->size >= SELFMAG && memcmp(l->bytes, ELFMAG, SELFMAG) == 0;
}

/* True if n entries of `each` bytes from `offset` lie in the file. */
static bool inside(const struct loader *l, uint64_t offset, uint64_t n, uint64_t each)
{
    return offset <= l->size && n <= (l->size - offset) / each;
}

static const char *check_header(const struct loader *l, const Elf64_Ehdr *h)
{
    if (h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_RISCV)
        return "is an ELF file for another machine; build it for riscv64";
    if (h->e_ident[EI_CLASS] != ELFCLASS64)
        return "is a 32-bit ELF file; build it for riscv64";
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return "is not an executable; link it";
    if (h->e_phnum && h->e_phentsize != sizeof(Elf64_Phdr))
        return "has program headers of a wrong size; the file is damaged";
    if (!inside(l, h->e_phoff, h->e_phnum, sizeof(Elf64_Phdr)))
        return "is truncated: the program headers are missing; copy or build it again";
    return NULL;
}

static Elf64_Phdr segment(const struct loader *l, const Elf64_Ehdr *h, unsigned i)
{
    Elf64_Phdr p;
    memcpy(&p, l->bytes + h->e_phoff + i * sizeof p, sizeof p);
    return p;
}

static const char *add_segment(struct loader *l, const Elf64_Phdr *p)
{
    if (p->p_type != PT_LOAD || p->p_memsz == 0)
        return NULL;
    if (!inside(l, p->p_offset, p->p_filesz, 1))
        return "is truncated: a segment's bytes are missing; copy or build it again";
    if (p->p_filesz > p->p_memsz)
        return "has a segment larger in the file than in memory; the file is damaged";
    if (l->npieces == LOADER_PIECES)
        return "has too many segments; the file is damaged";
    l->pieces[l->npieces++] = (struct loader_piece){p->p_offset, p->p_filesz, p->p_paddr, p->p_memsz};
    return NULL;
}

/* Finds the segment that holds an address, virtual or physical, and gives the physical one. */
static bool find(const struct loader *l, const Elf64_Ehdr *h, uint64_t address, bool physical, uint64_t *pa)
{
    for (unsigned i = 0; i < h->e_phnum; i++) {
        Elf64_Phdr p = segment(l, h, i);
        uint64_t start = physical ? p.p_paddr : p.p_vaddr;
        if (p.p_type == PT_LOAD && address >= start && address - start < p.p_memsz) {
            *pa = address - start + p.p_paddr;
            return true;
        }
    }
    return false;
}

const char *loader_parse_elf(struct loader *l)
{
    Elf64_Ehdr h;
    if (l->size < sizeof h)
        return "is truncated: the ELF header is missing; copy or build it again";
    memcpy(&h, l->bytes, sizeof h);
    const char *why = check_header(l, &h);
    for (unsigned i = 0; !why && i < h.e_phnum; i++) {
        Elf64_Phdr p = segment(l, &h, i);
        why = add_segment(l, &p);
    }
    if (why)
        return why;
    /* e_entry may be a virtual or a physical address. */
    if (find(l, &h, h.e_entry, false, &l->entry) || find(l, &h, h.e_entry, true, &l->entry))
        return NULL;
    return "has its entry point outside of its segments; the file is damaged";
}

bool loader_physical(const struct loader *l, uint64_t va, uint64_t *pa)
{
    Elf64_Ehdr h;
    if (!l->is_elf)
        return false;
    memcpy(&h, l->bytes, sizeof h);
    return find(l, &h, va, false, pa);
}

/* ---- symbols ---- */

static bool section(const struct loader *l, const Elf64_Ehdr *h, uint64_t i, Elf64_Shdr *s)
{
    if (i >= h->e_shnum || h->e_shentsize != sizeof *s || !inside(l, h->e_shoff, h->e_shnum, sizeof *s))
        return false;
    memcpy(s, l->bytes + h->e_shoff + i * sizeof *s, sizeof *s);
    return s->sh_type == SHT_NOBITS || inside(l, s->sh_offset, s->sh_size, 1);
}

static bool named(const struct loader *l, const Elf64_Shdr *strings, uint64_t at, const char *name)
{
    uint64_t n = strlen(name) + 1;
    return at < strings->sh_size && n <= strings->sh_size - at &&
           memcmp(l->bytes + strings->sh_offset + at, name, n) == 0;
}

static bool search(const struct loader *l, const Elf64_Ehdr *h, const Elf64_Shdr *table, const char *name,
                   Elf64_Sym *found)
{
    Elf64_Shdr strings;
    if (!section(l, h, table->sh_link, &strings) || strings.sh_type != SHT_STRTAB)
        return false;
    for (uint64_t at = 0; table->sh_size - at >= sizeof(Elf64_Sym); at += sizeof(Elf64_Sym)) {
        memcpy(found, l->bytes + table->sh_offset + at, sizeof *found);
        if (found->st_shndx != SHN_UNDEF && named(l, &strings, found->st_name, name))
            return true;
    }
    return false;
}

static bool find_symbol(const struct loader *l, const char *name, Elf64_Sym *found)
{
    Elf64_Ehdr h;
    if (!l->is_elf)
        return false;
    memcpy(&h, l->bytes, sizeof h);
    for (unsigned i = 0; i < h.e_shnum; i++) {
        Elf64_Shdr s;
        if (section(l, &h, i, &s) && s.sh_type == SHT_SYMTAB && search(l, &h, &s, name, found))
            return true;
    }
    return false;
}

bool loader_symbol(const struct loader *l, const char *name, uint64_t *value)
{
    Elf64_Sym s;
    bool found = find_symbol(l, name, &s);
    if (found)
        *value = s.st_value;
    return found;
}

bool loader_object(const struct loader *l, const char *name, const uint8_t **bytes, uint64_t *n)
{
    Elf64_Sym s;
    uint64_t pa;
    if (!find_symbol(l, name, &s) || !loader_physical(l, s.st_value, &pa))
        return false;
    for (unsigned i = 0; i < l->npieces; i++) {
        const struct loader_piece *p = &l->pieces[i];
        if (pa >= p->pa && pa - p->pa < p->file_bytes && s.st_size <= p->file_bytes - (pa - p->pa)) {
            *bytes = l->bytes + p->offset + (pa - p->pa);
            *n = s.st_size;
            return true;
        }
    }
    return false;
}

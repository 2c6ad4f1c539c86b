/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions by address, from the symbol table of an ELF file (libelf). */
#include "code.h"
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* Which of two symbols at one pc says more: a function, then what begins later, then what is global, then the first. */
struct candidate {
    struct code_symbol symbol;
    int function, global;
};

static int better(const struct candidate *a, const struct candidate *b)
{
    if (b->symbol.name == NULL || a->function != b->function)
        return b->symbol.name == NULL || a->function;
    if (a->symbol.address != b->symbol.address)
        return a->symbol.address > b->symbol.address;
    return a->global > b->global;
}

/* First pc of the sorted ones that is >= address. */
static size_t lower(const struct code_pc *pcs, size_t n, uint64_t address)
{
    size_t from = 0;
    while (from < n) {
        size_t middle = from + (n - from) / 2;
        if (pcs[middle].pc < address)
            from = middle + 1;
        else
            n = middle;
    }
    return from;
}

/* The end of the executable section that a symbol lies in; 0: it lies in none. */
static uint64_t code_end(Elf *elf, const GElf_Sym *s)
{
    GElf_Shdr h;
    Elf_Scn *section = s->st_shndx < SHN_LORESERVE ? elf_getscn(elf, s->st_shndx) : NULL;
    if (section == NULL || gelf_getshdr(section, &h) == NULL || !(h.sh_flags & SHF_EXECINSTR))
        return 0;
    return s->st_value >= h.sh_addr && s->st_value - h.sh_addr < h.sh_size ? h.sh_addr + h.sh_size : 0;
}

static void offer(Elf *elf, const char *name, const GElf_Sym *s, const struct code_pc *pcs, size_t npcs,
                  struct candidate *found)
{
    int type = GELF_ST_TYPE(s->st_info);
    uint64_t end = type == STT_FUNC || type == STT_NOTYPE ? code_end(elf, s) : 0;
    struct candidate c = {{name, s->st_value, s->st_size}, type == STT_FUNC, GELF_ST_BIND(s->st_info) == STB_GLOBAL};

    if (end == 0 || name == NULL || name[0] == '\0' || name[0] == '$' || strncmp(name, ".L", 2) == 0)
        return; /* no code, or a mark of the assembler's */
    if (s->st_size > 0 && s->st_size < end - s->st_value)
        end = s->st_value + s->st_size;
    for (size_t i = lower(pcs, npcs, s->st_value); i < npcs && pcs[i].pc < end; i++)
        if (better(&c, &found[i]))
            found[i] = c;
}

static int search(Elf *elf, const struct code_pc *pcs, size_t npcs, struct candidate *found)
{
    int any = 0;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr h;
        GElf_Sym s;
        Elf_Data *data;
        if (gelf_getshdr(section, &h) == NULL || h.sh_type != SHT_SYMTAB || h.sh_entsize == 0 ||
            (data = elf_getdata(section, NULL)) == NULL)
            continue;
        any = 1;
        for (int i = 0; (uint64_t)i < h.sh_size / h.sh_entsize && gelf_getsym(data, i, &s) != NULL; i++)
            offer(elf, elf_strptr(elf, h.sh_link, s.st_name), &s, pcs, npcs, found);
    }
    return any;
}

int code_symbols(void *bytes, size_t n, const struct code_pc *pcs, size_t npcs, struct code_symbol *out)
{
    struct candidate *found = calloc(npcs + 1, sizeof(*found));
    Elf *elf;
    int any = 0;

    elf_version(EV_CURRENT);
    elf = elf_memory(bytes, n);
    if (found != NULL && elf != NULL && elf_kind(elf) == ELF_K_ELF)
        any = search(elf, pcs, npcs, found);
    for (size_t i = 0; found != NULL && i < npcs; i++)
        out[i] = found[i].symbol;
    elf_end(elf);
    free(found);
    return any;
}

static bool bits_at(Elf *elf, size_t file_bytes, const uint8_t *file, uint64_t pc, uint32_t *bits)
{
    size_t n;
    GElf_Phdr h;
    if (elf_getphdrnum(elf, &n) != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (gelf_getphdr(elf, (int)i, &h) == NULL || h.p_type != PT_LOAD || !(h.p_flags & PF_X) || pc < h.p_vaddr ||
            pc - h.p_vaddr >= h.p_filesz)
            continue;
        uint64_t left = h.p_filesz - (pc - h.p_vaddr), at = h.p_offset + (pc - h.p_vaddr);
        if (left < 2 || at > file_bytes || file_bytes - at < 2)
            return false;
        size_t whole = (file[at] & 3) == 3 ? 4 : 2;
        *bits = 0;
        if (left < whole || file_bytes - at < whole)
            return false;
        memcpy(bits, file + at, whole);
        return true;
    }
    return false;
}

bool code_bits(void *bytes, size_t n, uint64_t pc, uint32_t *bits)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory(bytes, n);
    bool found = elf != NULL && elf_kind(elf) == ELF_K_ELF && bits_at(elf, n, bytes, pc, bits);
    elf_end(elf);
    return found;
}

const char *code_debuglink(void *bytes, size_t n, uint32_t *crc)
{
    const char *name = NULL;
    size_t names;
    Elf *elf;

    elf_version(EV_CURRENT);
    elf = elf_memory(bytes, n);
    if (elf == NULL || elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names) != 0) {
        elf_end(elf);
        return NULL;
    }
    for (Elf_Scn *section = NULL; name == NULL && (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr h;
        const char *called = gelf_getshdr(section, &h) != NULL ? elf_strptr(elf, names, h.sh_name) : NULL;
        Elf_Data *data = called != NULL && strcmp(called, ".gnu_debuglink") == 0 ? elf_rawdata(section, NULL) : NULL;
        /* the name with its NUL, padding to 4 bytes, the CRC */
        if (data == NULL || data->d_buf == NULL || data->d_size < 8 || data->d_size % 4 != 0 ||
            memchr(data->d_buf, '\0', data->d_size - 4) == NULL)
            continue;
        memcpy(crc, (char *)data->d_buf + data->d_size - 4, 4);
        name = (const char *)bytes + h.sh_offset; /* libelf's copy goes with elf_end */
    }
    elf_end(elf);
    return name;
}

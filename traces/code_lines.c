/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of source by address, from the DWARF of an ELF file (libdw). */
#include "code.h"
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* The pcs whose lines are wanted, and what was found. */
struct search {
    const struct code_pc *pcs;
    size_t npcs;
    struct code_line *out;
};

static size_t lower(const struct search *s, uint64_t address)
{
    size_t from = 0, n = s->npcs;
    while (from < n) {
        size_t middle = from + (n - from) / 2;
        if (s->pcs[middle].pc < address)
            from = middle + 1;
        else
            n = middle;
    }
    return from;
}

/* A name as the compiler was given it: not under the directory that it ran in. */
static const char *relative(const char *file, const char *directory)
{
    size_t n = directory != NULL ? strlen(directory) : 0;
    if (n == 0 || strncmp(file, directory, n) != 0 || file[n] != '/')
        return file;
    return file + n + 1;
}

/* The instructions [from, to) are of this line. */
static void found(const struct search *s, Dwarf_Line *line, const char *directory, uint64_t from, uint64_t to)
{
    int number;
    const char *file = dwarf_linesrc(line, NULL, NULL);
    if (file == NULL || dwarf_lineno(line, &number) != 0 || number <= 0)
        return;
    for (size_t i = lower(s, from); i < s->npcs && s->pcs[i].pc < to; i++) {
        if (s->out[i].file != NULL)
            continue;
        s->out[i].file = strdup(relative(file, directory));
        s->out[i].line = (unsigned)number;
    }
}

/*
 * Is the range code? Functions that the linker dropped leave their lines behind, at address 0 or thereabouts, and
 * libdw puts them in order with all others.
 */
static bool is_code(Elf *elf, uint64_t from, uint64_t to)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr h;
        if (gelf_getshdr(section, &h) != NULL && (h.sh_flags & SHF_EXECINSTR) && from >= h.sh_addr &&
            from - h.sh_addr < h.sh_size && to - h.sh_addr <= h.sh_size)
            return true;
    }
    return false;
}

static const char *directory_of(Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

static void search_unit(const struct search *s, Elf *elf, Dwarf_Die *unit)
{
    Dwarf_Lines *lines;
    size_t n;
    const char *directory = directory_of(unit);

    if (dwarf_getsrclines(unit, &lines, &n) != 0)
        return;
    for (size_t i = 0; i + 1 < n; i++) {
        Dwarf_Line *line = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
        Dwarf_Addr from, to;
        bool end = true;
        if (dwarf_lineendsequence(line, &end) == 0 && !end && dwarf_lineaddr(line, &from) == 0 &&
            dwarf_lineaddr(next, &to) == 0 && from < to && is_code(elf, from, to))
            found(s, line, directory, from, to);
    }
}

int code_lines(void *bytes, size_t n, const struct code_pc *pcs, size_t npcs, struct code_line *out)
{
    struct search s = {pcs, npcs, out};
    int any = 0;
    Elf *elf;
    Dwarf *dwarf;
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    uint8_t type;

    elf_version(EV_CURRENT);
    elf = elf_memory(bytes, n);
    dwarf = elf != NULL && elf_kind(elf) == ELF_K_ELF ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
    while (dwarf != NULL && dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, NULL) == 0) {
        if (type == DW_UT_compile || type == DW_UT_partial)
            search_unit(&s, elf, &die);
        any = 1;
    }
    dwarf_end(dwarf);
    elf_end(elf);
    return any;
}

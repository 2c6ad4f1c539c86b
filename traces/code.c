/* SPDX-License-Identifier: GPL-2.0-only */
#include "code.h"
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is under way: the statements, and the newest rows of symbol and source_line. */
struct writer {
    sqlite3 *db;
    sqlite3_stmt *image, *symbol, *line, *known_line, *instruction;
    csh capstone;
    bool disassembles;
    sqlite3_int64 nsymbols, nlines;
    int rc;
};

static sqlite3_stmt *prepare(struct writer *w, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (w->rc == SQLITE_OK)
        w->rc = sqlite3_prepare_v2(w->db, sql, -1, &s, NULL);
    return s;
}

static void insert(struct writer *w, sqlite3_stmt *s)
{
    sqlite3_step(s);
    if (w->rc == SQLITE_OK)
        w->rc = sqlite3_reset(s);
    else
        sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

static void begin(struct writer *w, sqlite3 *db)
{
    *w = (struct writer){.db = db, .rc = SQLITE_OK};
    w->image = prepare(w, "INSERT INTO image(id, name, file, version, symbols, lines, note)"
                          " VALUES(?, ?, ?, ?, ?, ?, ?)");
    w->symbol = prepare(w, "INSERT INTO symbol(id, image, address, size, name) VALUES(?, ?, ?, ?, ?)");
    w->line = prepare(w, "INSERT INTO source_line(id, image, file, line) VALUES(?, ?, ?, ?)");
    w->known_line = prepare(w, "SELECT id FROM source_line WHERE image = ? AND file = ? AND line = ?");
    w->instruction = prepare(w, "INSERT INTO instruction(image, pc, bits, text, symbol, \"offset\", line)"
                                " VALUES(?, ?, ?, ?, ?, ?, ?)");
    w->disassembles = cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &w->capstone) == CS_ERR_OK;
}

static void end(struct writer *w)
{
    sqlite3_finalize(w->image);
    sqlite3_finalize(w->symbol);
    sqlite3_finalize(w->line);
    sqlite3_finalize(w->known_line);
    sqlite3_finalize(w->instruction);
    if (w->disassembles)
        cs_close(&w->capstone);
}

/* ---- rows ---- */

static void write_image(struct writer *w, const struct code_image *im, int symbols, int lines)
{
    const char *note = im->note != NULL         ? im->note
                       : !symbols && !lines     ? "no symbols and no source lines in the file"
                       : !symbols               ? "no symbols in the file"
                       : !lines                 ? "no source lines: compile with -g"
                                                : "";
    sqlite3_bind_int64(w->image, 1, (sqlite3_int64)im->id);
    sqlite3_bind_text(w->image, 2, im->name != NULL ? im->name : "", -1, SQLITE_STATIC);
    sqlite3_bind_int64(w->image, 3, (sqlite3_int64)im->file);
    sqlite3_bind_int64(w->image, 4, (sqlite3_int64)im->version);
    sqlite3_bind_int(w->image, 5, symbols);
    sqlite3_bind_int(w->image, 6, lines);
    sqlite3_bind_text(w->image, 7, note, -1, SQLITE_STATIC);
    insert(w, w->image);
}

/* The row of a symbol. Neighbours share theirs: pcs come in order. */
static sqlite3_int64 symbol_row(struct writer *w, uint64_t image, const struct code_symbol *s,
                                const struct code_symbol *before)
{
    if (before != NULL && before->name == s->name && before->address == s->address)
        return w->nsymbols;
    sqlite3_bind_int64(w->symbol, 1, ++w->nsymbols);
    sqlite3_bind_int64(w->symbol, 2, (sqlite3_int64)image);
    sqlite3_bind_int64(w->symbol, 3, (sqlite3_int64)s->address);
    sqlite3_bind_int64(w->symbol, 4, (sqlite3_int64)s->size);
    sqlite3_bind_text(w->symbol, 5, s->name, -1, SQLITE_STATIC);
    insert(w, w->symbol);
    return w->nsymbols;
}

/* The row of a line; instructions that are far apart may be of the same. */
static sqlite3_int64 line_row(struct writer *w, uint64_t image, const struct code_line *line)
{
    sqlite3_int64 row = 0;
    sqlite3_bind_int64(w->known_line, 1, (sqlite3_int64)image);
    sqlite3_bind_text(w->known_line, 2, line->file, -1, SQLITE_STATIC);
    sqlite3_bind_int64(w->known_line, 3, line->line);
    if (sqlite3_step(w->known_line) == SQLITE_ROW)
        row = sqlite3_column_int64(w->known_line, 0);
    sqlite3_reset(w->known_line);
    if (row != 0)
        return row;
    sqlite3_bind_int64(w->line, 1, ++w->nlines);
    sqlite3_bind_int64(w->line, 2, (sqlite3_int64)image);
    sqlite3_bind_text(w->line, 3, line->file, -1, SQLITE_STATIC);
    sqlite3_bind_int64(w->line, 4, line->line);
    insert(w, w->line);
    return w->nlines;
}

static void bind_text_of(struct writer *w, uint64_t pc, uint32_t bits)
{
    uint8_t bytes[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16), (uint8_t)(bits >> 24)};
    cs_insn *insn;
    size_t n = (bits & 3) == 3 ? 4 : 2;
    sqlite3_bind_int64(w->instruction, 3, n == 4 ? bits : bits & 0xffff);
    if (!w->disassembles || cs_disasm(w->capstone, bytes, n, pc, 1, &insn) != 1)
        return;
    char text[sizeof(insn->mnemonic) + sizeof(insn->op_str) + 1];
    snprintf(text, sizeof(text), "%s%s%s", insn->mnemonic, insn->op_str[0] != '\0' ? " " : "", insn->op_str);
    sqlite3_bind_text(w->instruction, 4, text, -1, SQLITE_TRANSIENT);
    cs_free(insn, 1);
}

/* ---- one image ---- */

struct found {
    struct code_symbol *symbols;
    struct code_line *lines;
};

/* im NULL: image 0, of which nothing is known. */
static void write_pcs(struct writer *w, const struct code_image *im, const struct code_pc *pcs, size_t n,
                      const struct found *f)
{
    uint64_t image = im != NULL ? im->id : 0;
    uint32_t bits;
    const struct code_symbol *before = NULL;
    for (size_t i = 0; i < n && w->rc == SQLITE_OK; i++) {
        sqlite3_bind_int64(w->instruction, 1, (sqlite3_int64)image);
        sqlite3_bind_int64(w->instruction, 2, (sqlite3_int64)pcs[i].pc);
        bits = pcs[i].bits;
        if (pcs[i].known || (im != NULL && im->elf != NULL && code_bits(im->elf, im->elf_bytes, pcs[i].pc, &bits)))
            bind_text_of(w, pcs[i].pc, bits);
        if (f->symbols[i].name != NULL) {
            sqlite3_bind_int64(w->instruction, 5, symbol_row(w, image, &f->symbols[i], before));
            sqlite3_bind_int64(w->instruction, 6, (sqlite3_int64)(pcs[i].pc - f->symbols[i].address));
            before = &f->symbols[i];
        }
        if (f->lines[i].file != NULL)
            sqlite3_bind_int64(w->instruction, 7, line_row(w, image, &f->lines[i]));
        insert(w, w->instruction);
    }
}

static void write_program(struct writer *w, const struct code_image *im, const struct code_pc *pcs, size_t n)
{
    struct found f = {calloc(n + 1, sizeof(*f.symbols)), calloc(n + 1, sizeof(*f.lines))};
    int symbols = 0, lines = 0;

    if (f.symbols == NULL || f.lines == NULL) {
        w->rc = SQLITE_NOMEM;
    } else {
        if (im != NULL && im->elf != NULL) {
            symbols = code_symbols(im->elf, im->elf_bytes, pcs, n, f.symbols);
            lines = code_lines(im->elf, im->elf_bytes, pcs, n, f.lines);
        }
        if (im != NULL && im->debug != NULL && !lines)
            lines = code_lines(im->debug, im->debug_bytes, pcs, n, f.lines);
        if (im != NULL)
            write_image(w, im, symbols, lines);
        write_pcs(w, im, pcs, n, &f);
        for (size_t i = 0; i < n; i++)
            free(f.lines[i].file);
    }
    free(f.symbols);
    free(f.lines);
}

/* How many of the sorted pcs from `from` on are of an image. */
static size_t run_of(const struct code *c, uint64_t image, size_t from)
{
    size_t n = 0;
    while (from + n < c->npcs && c->pcs[from + n].image == image)
        n++;
    return n;
}

int code_write(sqlite3 *db, const struct code *code)
{
    struct writer w;
    size_t at = run_of(code, 0, 0);

    begin(&w, db);
    if (w.rc == SQLITE_OK)
        write_program(&w, NULL, code->pcs, at);
    for (size_t i = 0; i < code->nimages && w.rc == SQLITE_OK; i++) {
        size_t n = run_of(code, code->images[i].id, at);
        write_program(&w, &code->images[i], code->pcs + at, n);
        at += n;
    }
    end(&w);
    return w.rc;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Model programs as text. See text.h. */
#include <stdlib.h>
#include <string.h>
#include "text.h"

static const struct {
    const char *name, *operands;
} table[] = {
#define X(name, operands) {#name, operands},
    MODEL_OPS(X)
#undef X
};

const char *op_name(const struct mop *op)
{
    return op->kind < MOP_COUNT ? table[op->kind].name : "?";
}

/* ---- printing ---- */

static void print_address(FILE *f, uint64_t va, const struct layout *l)
{
    int i = MODEL_REGIONS - 1;
    while (i > 0 && va < l->base[i])
        i--;
    fprintf(f, " %c+%#lx", 'A' + i, (unsigned long)(va - l->base[i]));
}

static void print_name(FILE *f, unsigned name)
{
    if (name == MODEL_ZERO)
        fprintf(f, " zero");
    else
        fprintf(f, " file%u", name);
}

static void print_sizes(FILE *f, uint64_t x)
{
    for (int i = 0; i < MODEL_REGIONS; i++)
        fprintf(f, " %c=%lu", 'A' + i, (unsigned long)(x >> 12 * i & 0xfff));
}

static void print_offset(FILE *f, uint64_t off)
{
    if (off == MODEL_HERE)
        fprintf(f, " at=here");
    else
        fprintf(f, " at=%ld", (long)off);
}

static const char *const policies[] = MODEL_POLICIES;

static void print_operand(FILE *f, char letter, const struct mop *op, const struct layout *l)
{
    switch (letter) {
    case 'f': fprintf(f, " f%u", op->a); break;
    case 'g': fprintf(f, " f%u", op->b); break;
    case 'M': print_name(f, op->a); break;
    case 'N': print_name(f, op->b); break;
    case 'v': print_address(f, op->x, l); break;
    case 'w': print_address(f, op->y, l); break;
    case 'n': case 'c': fprintf(f, " n=%u", op->n); break;
    case 'o': print_offset(f, op->y); break;
    case 'l': fprintf(f, " x=%ld", (long)op->x); break;
    case 'p': fprintf(f, " perm=%#lx", (unsigned long)op->x); break;
    case 'm': fprintf(f, " mode=%#x", op->n); break;
    case 'h': fprintf(f, " whence=%u", op->b); break;
    case 'd': fprintf(f, " age=%u", op->b); break;
    case 's': fprintf(f, " seed=%lu", (unsigned long)op->y); break;
    case 'r': fprintf(f, " %c", 'A' + op->a); break;
    case 'k': fprintf(f, " p%u", op->a); break;
    case 'D': fprintf(f, " dir%u", op->a); break;
    case 'E': fprintf(f, " dir%u", op->b); break;
    case 'z': print_sizes(f, op->x); break;
    case 'P': fprintf(f, " policy=%s", op->n < MODEL_NPOLICIES ? policies[op->n] : "?"); break;
    case '~': if (op->b) fprintf(f, " async"); break;
    }
}

void print_op(FILE *f, const struct mop *op, const struct layout *l)
{
    if (op->proc == MODEL_NOBODY)
        fprintf(f, "%s", op_name(op));
    else
        fprintf(f, "p%u %s", op->proc, op_name(op));
    for (const char *o = op->kind < MOP_COUNT ? table[op->kind].operands : ""; *o != '\0'; o++)
        print_operand(f, *o, op, l);
    fprintf(f, " -> %ld", (long)op->result);
    if (op->digest != 0)
        fprintf(f, " %016lx", (unsigned long)op->digest);
    fprintf(f, "\n");
}

void print_program(FILE *f, const struct mop *ops, unsigned long n)
{
    struct layout l = layout_of(0);
    for (unsigned long i = 0; i < n; i++) {
        if (ops[i].kind == MOP_begin)
            l = layout_of(ops[i].x);
        print_op(f, &ops[i], &l);
    }
}

/* ---- reading ---- */

typedef struct Reader {
    const char *at;
    bool bad;
} Reader;

/* Goes past white space and `word`, if that is what comes. */
static bool skip(Reader *r, const char *word)
{
    r->at += strspn(r->at, " \t");
    size_t n = strlen(word);
    if (strncmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static uint64_t number_after(Reader *r, const char *word)
{
    char *end;
    if (!skip(r, word)) {
        r->bad = true;
        return 0;
    }
    uint64_t v = *r->at == '-' ? (uint64_t)strtoll(r->at, &end, 0) : strtoull(r->at, &end, 0);
    r->bad |= end == r->at;
    r->at = end;
    return v;
}

static uint64_t parse_address(Reader *r, const struct layout *l)
{
    char region[3] = "A+";
    for (int i = 0; i < MODEL_REGIONS; i++, region[0]++)
        if (skip(r, region)) {
            r->at--;
            return l->base[i] + number_after(r, "+");
        }
    r->bad = true;
    return 0;
}

static uint8_t parse_name(Reader *r)
{
    return skip(r, "zero") ? MODEL_ZERO : (uint8_t)number_after(r, "file");
}

static uint64_t parse_sizes(Reader *r)
{
    unsigned pages[MODEL_REGIONS];
    char region[3] = "A=";
    for (int i = 0; i < MODEL_REGIONS; i++, region[0]++)
        pages[i] = (unsigned)number_after(r, region);
    return pack_sizes(pages);
}

static uint8_t parse_region(Reader *r)
{
    r->at += strspn(r->at, " \t");
    if (*r->at < 'A' || *r->at >= 'A' + MODEL_REGIONS) {
        r->bad = true;
        return 0;
    }
    return (uint8_t)(*r->at++ - 'A');
}

static uint32_t parse_policy(Reader *r)
{
    r->bad |= !skip(r, "policy=");
    size_t n = strcspn(r->at, " \t\r\n");
    for (uint32_t i = 0; i < MODEL_NPOLICIES; i++)
        if (strlen(policies[i]) == n && strncmp(policies[i], r->at, n) == 0) {
            r->at += n;
            return i;
        }
    r->bad = true;
    return 0;
}

static void parse_operand(Reader *r, char letter, struct mop *op, const struct layout *l)
{
    switch (letter) {
    case 'f': op->a = (uint8_t)number_after(r, "f"); break;
    case 'g': op->b = (uint8_t)number_after(r, "f"); break;
    case 'M': op->a = parse_name(r); break;
    case 'N': op->b = parse_name(r); break;
    case 'v': op->x = parse_address(r, l); break;
    case 'w': op->y = parse_address(r, l); break;
    case 'n': case 'c': op->n = (uint32_t)number_after(r, "n="); break;
    case 'o': op->y = skip(r, "at=here") ? MODEL_HERE : number_after(r, "at="); break;
    case 'l': op->x = number_after(r, "x="); break;
    case 'p': op->x = number_after(r, "perm="); break;
    case 'm': op->n = (uint32_t)number_after(r, "mode="); break;
    case 'h': op->b = (uint8_t)number_after(r, "whence="); break;
    case 'd': op->b = (uint8_t)number_after(r, "age="); break;
    case 's': op->y = number_after(r, "seed="); break;
    case 'r': op->a = parse_region(r); break;
    case 'k': op->a = (uint8_t)number_after(r, "p"); break;
    case 'D': op->a = (uint8_t)number_after(r, "dir"); break;
    case 'E': op->b = (uint8_t)number_after(r, "dir"); break;
    case 'z': op->x = parse_sizes(r); break;
    case 'P': op->n = parse_policy(r); break;
    case '~': op->b = skip(r, "async"); break;
    }
}

static bool in_range(const struct mop *op)
{
    for (const char *o = table[op->kind].operands; *o != '\0'; o++)
        if ((*o == 'f' && op->a >= MODEL_FDS) || (*o == 'g' && op->b >= MODEL_FDS) ||
            (*o == 'M' && op->a >= MODEL_NAMES) || (*o == 'k' && op->a >= MODEL_PROCS) ||
            (*o == 'D' && op->a >= MODEL_DIRS) || (*o == 'E' && op->b >= MODEL_DIRS) ||
            (*o == 'N' && op->b >= MODEL_NAMES && (op->b != MODEL_ZERO || op->kind != MOP_open)))
            return false;
    return true;
}

bool parse_op(const char *line, const struct layout *l, struct mop *op, const char **why)
{
    Reader r = {.at = line};
    size_t n, k = 0;
    *op = (struct mop){.proc = MODEL_NOBODY};
    r.at += strspn(r.at, " \t");
    if (r.at[0] == 'p' && r.at[1] >= '0' && r.at[1] <= '9')
        op->proc = (uint8_t)number_after(&r, "p");
    r.at += strspn(r.at, " \t");
    n = strcspn(r.at, " \t\r\n");
    while (k < MOP_COUNT && (strlen(table[k].name) != n || strncmp(table[k].name, r.at, n) != 0))
        k++;
    *why = "no such operation";
    if (k == MOP_COUNT)
        return false;
    r.at += n;
    op->kind = (uint8_t)k;
    for (const char *o = table[k].operands; *o != '\0' && !r.bad; o++)
        parse_operand(&r, *o, op, l);
    *why = "bad operands";
    return !r.bad && in_range(op) && (skip(&r, "->") || r.at[strspn(r.at, " \t\r\n")] == '\0');
}

static void refuse(const char *name, unsigned long line, const char *why)
{
    fprintf(stderr, "model: %s: line %lu: %s\n", name, line, why);
    exit(2);
}

struct mop *parse_program(FILE *f, const char *name, unsigned long *n)
{
    char line[400];
    struct layout l = layout_of(0);
    struct mop *ops = NULL, op;
    unsigned long room = 0, number = 0;
    Model *m = model_new();
    for (*n = 0; fgets(line, sizeof line, f) != NULL;) {
        const char *why;
        number++;
        if (line[strspn(line, " \t\r\n")] == '\0' || line[0] == '#')
            continue;
        if (!parse_op(line, &l, &op, &why))
            refuse(name, number, why);
        if (!model_allows(m, &op))
            refuse(name, number, "this process cannot do that now");
        if (op.kind == MOP_begin)
            l = layout_of(op.x);
        if (*n == room)
            ops = realloc(ops, (room = room * 2 + 256) * sizeof *ops);
        model_do(m, &op);
        ops[(*n)++] = op;
    }
    model_free(m);
    return ops;
}

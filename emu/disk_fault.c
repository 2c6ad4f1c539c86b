/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults of the virtual disks; see disk_fault.h. */
#include "disk_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char disk_fault_help[] =
    "      --disk-fault SPEC   makes disk requests fail; may be given several times. SPEC is KIND[:BLK[-BLK]][,MOD...]\n"
    "                          or after:N: KIND is read, write, flush, any or corrupt (a read that succeeds, with a bit\n"
    "                          flipped), BLK a block of 4096 bytes; MOD is once,\n"
    "                          count:N (N of them fail), after:N (N of them are served first), disk:N.\n"
    "                          KIND power: the power is cut at a write, and the run ends; with MOD lose:SEED sectors\n"
    "                          that were written since the last flush are lost, SEED says which\n";

static bool number(const char **p, uint64_t *value)
{
    char *end;
    if (**p < '0' || **p > '9')
        return false;
    unsigned long long v = strtoull(*p, &end, 10);
    *p = end;
    *value = v;
    return v < UINT64_MAX / DISK_FAULT_BLOCK;
}

static bool word(const char **p, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(*p, text, n) != 0)
        return false;
    *p += n;
    return true;
}

static bool parse_kind(const char **p, struct disk_fault *f)
{
    static const struct {
        const char *name;
        enum disk_fault_kind kinds;
    } kinds[] = {{"read", DISK_FAULT_READ}, {"write", DISK_FAULT_WRITE}, {"flush", DISK_FAULT_FLUSH},
                 {"any", DISK_FAULT_ANY}, {"corrupt", DISK_FAULT_CORRUPT}, {"power", DISK_FAULT_POWER}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (word(p, kinds[i].name)) {
            f->kinds = kinds[i].kinds;
            return true;
        }
    f->kinds = DISK_FAULT_ANY; /* after:N alone: from some request on the disk is dead */
    return strncmp(*p, "after:", 6) == 0;
}

static bool parse_blocks(const char **p, struct disk_fault *f)
{
    if (!word(p, ":"))
        return true;
    if (!number(p, &f->first))
        return false;
    f->last = f->first;
    return !word(p, "-") || (number(p, &f->last) && f->last >= f->first);
}

static bool parse_modifier(const char **p, struct disk_fault *f)
{
    if (word(p, "once")) {
        f->count = 1;
        return true;
    }
    if (word(p, "count:"))
        return number(p, &f->count) && f->count > 0;
    if (word(p, "after:"))
        return number(p, &f->after);
    if ((f->kinds & DISK_FAULT_POWER) && word(p, "lose:")) {
        f->loses = true;
        return number(p, &f->seed);
    }
    return word(p, "disk:") && number(p, &f->disk);
}

static const char *parse(const char *spec, struct disk_fault *f)
{
    const char *p = spec;
    *f = (struct disk_fault){.last = UINT64_MAX, .count = UINT64_MAX, .disk = UINT64_MAX};
    if (!parse_kind(&p, f))
        return "begins with read, write, flush, any, corrupt, power or after:N";
    if (p == spec ? !parse_modifier(&p, f) : !parse_blocks(&p, f))
        return "needs BLK or BLK-BLK after the kind, decimal numbers of 4096-byte blocks";
    while (word(&p, ","))
        if (!parse_modifier(&p, f))
            return "needs once, count:N, after:N or disk:N after a comma";
    return *p ? "ends with something that is not understood" : NULL;
}

int disk_faults_add(struct disk_faults *l, const char *spec, char *err, size_t errlen)
{
    size_t at = strlen(l->text), n = strlen(spec) + (at > 0);
    const char *wrong = l->n == DISK_FAULTS || at + n >= sizeof l->text ? "too many specifications" : NULL;
    if (wrong == NULL)
        wrong = parse(spec, &l->fault[l->n]);
    if (wrong != NULL) {
        snprintf(err, errlen, "%s", wrong);
        return -1;
    }
    l->n++;
    snprintf(l->text + at, sizeof l->text - at, "%s%s", at > 0 ? " " : "", spec);
    return 0;
}

static bool concerns(const struct disk_fault *f, unsigned disk, enum disk_fault_kind kind, uint64_t first, uint64_t last)
{
    return (f->kinds & kind) && (f->disk == UINT64_MAX || f->disk == disk) &&
           (kind == DISK_FAULT_FLUSH || (first <= f->last && last >= f->first));
}

/* Counts a request that the fault is about. True if this is one of those that it befalls. */
static bool befalls(const struct disk_fault *f, uint64_t *seen)
{
    uint64_t nth = (*seen)++;
    return nth >= f->after && nth - f->after < f->count;
}

bool disk_faults_hit(const struct disk_faults *l, struct disk_fault_state *state, unsigned disk,
                     enum disk_fault_kind kind, uint64_t offset, uint64_t bytes)
{
    bool hit = false;
    uint64_t first = offset / DISK_FAULT_BLOCK, last = (offset + (bytes > 0 ? bytes - 1 : 0)) / DISK_FAULT_BLOCK;
    for (unsigned i = 0; l != NULL && i < l->n; i++)
        if (concerns(&l->fault[i], disk, kind, first, last))
            hit |= befalls(&l->fault[i], &state->seen[i]);
    return hit;
}

bool disk_faults_lose(const struct disk_faults *l)
{
    bool any = false;
    for (unsigned i = 0; l != NULL && i < l->n; i++)
        any |= l->fault[i].loses;
    return any;
}

const struct disk_fault *disk_faults_power(const struct disk_faults *l, struct disk_fault_state *state, unsigned disk,
                                           uint64_t offset, uint64_t bytes)
{
    const struct disk_fault *cut = NULL;
    for (unsigned i = 0; l != NULL && bytes > 0 && i < l->n; i++)
        if (concerns(&l->fault[i], disk, DISK_FAULT_POWER, offset / DISK_FAULT_BLOCK,
                     (offset + bytes - 1) / DISK_FAULT_BLOCK) &&
            befalls(&l->fault[i], &state->seen[i]))
            cut = &l->fault[i];
    return cut;
}

bool disk_faults_flip(const struct disk_faults *l, struct disk_fault_state *state, unsigned disk, uint64_t offset,
                      uint64_t bytes, uint64_t *bit)
{
    bool flip = false;
    uint64_t end = offset + bytes;
    for (unsigned i = 0; l != NULL && bytes > 0 && i < l->n; i++) {
        const struct disk_fault *f = &l->fault[i];
        if (!concerns(f, disk, DISK_FAULT_CORRUPT, offset / DISK_FAULT_BLOCK, (end - 1) / DISK_FAULT_BLOCK) ||
            !befalls(f, &state->seen[i]))
            continue;
        uint64_t from = f->first * DISK_FAULT_BLOCK > offset ? f->first * DISK_FAULT_BLOCK : offset; /* of its bytes */
        uint64_t to = (from / DISK_FAULT_BLOCK + 1) * DISK_FAULT_BLOCK;
        uint64_t bits = ((to < end ? to : end) - from) * 8;
        *bit = (from - offset) * 8 + (from / DISK_FAULT_BLOCK + state->seen[i]) * 0x9e3779b97f4a7c15ull % bits;
        flip = true;
    }
    return flip;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Breakpoints and watchpoints. */
#include "stops.h"

#include "../insn.h"
#include "../machine_priv.h"

static bool is_break(const struct stop_point *p)
{
    return p->kind == STOP_SOFT_BREAK || p->kind == STOP_HARD_BREAK;
}

static void note_watches(struct stops *s)
{
    s->watching = false;
    for (unsigned i = 0; i < s->npoints; i++)
        s->watching |= !is_break(&s->points[i]);
}

bool stops_add(struct stops *s, enum stop_kind kind, uint64_t address, uint64_t bytes)
{
    stops_remove(s, kind, address, bytes); /* the same twice is once */
    if (s->npoints == STOPS_MAX)
        return false;
    s->points[s->npoints++] = (struct stop_point){kind, address, bytes};
    note_watches(s);
    return true;
}

void stops_remove(struct stops *s, enum stop_kind kind, uint64_t address, uint64_t bytes)
{
    for (unsigned i = 0; i < s->npoints; i++) {
        const struct stop_point *p = &s->points[i];
        if (p->kind == kind && p->address == address && (is_break(p) || p->bytes == bytes)) {
            s->points[i] = s->points[--s->npoints];
            break;
        }
    }
    note_watches(s);
}

void stops_changed(struct hart *h)
{
    code_new_version(h);
    uc_ctl_flush_tlb(h->uc);
}

bool stops_in(const struct stops *s, uint64_t pc, uint64_t bytes)
{
    for (unsigned i = 0; i < s->npoints; i++)
        if (is_break(&s->points[i]) && s->points[i].address - pc < bytes)
            return true;
    return false;
}

const struct stop_point *stops_at(const struct stops *s, uint64_t pc)
{
    for (unsigned i = 0; i < s->npoints; i++)
        if (is_break(&s->points[i]) && s->points[i].address == pc)
            return &s->points[i];
    return NULL;
}

uint64_t stops_next(const struct stops *s, uint64_t pc, uint64_t end)
{
    uint64_t next = end;
    for (unsigned i = 0; i < s->npoints; i++) {
        uint64_t address = s->points[i].address;
        if (is_break(&s->points[i]) && address - pc - 1 < next - pc - 1)
            next = address;
    }
    return next;
}

static bool overlap(uint64_t a, uint64_t na, uint64_t b, uint64_t nb)
{
    return a - b < nb || b - a < na;
}

unsigned stops_watched(const struct stops *s, uint64_t page)
{
    unsigned rights = 0;
    for (unsigned i = 0; s->watching && i < s->npoints; i++) {
        const struct stop_point *p = &s->points[i];
        if (is_break(p) || !overlap(p->address, p->bytes, page, PAGE_BYTES))
            continue;
        if (p->kind != STOP_WATCH_READ)
            rights |= MMU_WRITE;
        if (p->kind != STOP_WATCH_WRITE)
            rights |= MMU_READ;
    }
    return rights;
}

/* Bytes that a load, store or atomic moves. */
static unsigned access_bytes(uint32_t insn)
{
    if ((insn & 3) == 3)
        return 1u << (insn >> 12 & 3);
    unsigned op = insn >> 13 & 7; /* C.LW, C.SW and those by sp: words; the others: doubles */
    return op == 2 || op == 6 ? 4 : 8;
}

const struct stop_point *stops_touched(struct hart *h, uint64_t *address)
{
    const struct stops *s = h->stops;
    uint32_t insn;
    struct insn_access a;
    if (!tlb_instruction(h, h->pc, &insn) || !insn_access(insn, &a))
        return NULL;
    bool atomic =
        (insn & 0x7f) == 0x2f && insn >> 27 != 2 && insn >> 27 != 3; /* reads and writes; LR, SC: one of both */
    uint64_t at = (a.base ? hart_reg(h, UC_RISCV_REG_X0 + (int)a.base) : 0) + (uint64_t)a.offset;
    unsigned bytes = access_bytes(insn);
    for (unsigned i = 0; i < s->npoints; i++) {
        const struct stop_point *p = &s->points[i];
        if (is_break(p) || !overlap(p->address, p->bytes, at, bytes))
            continue;
        bool reads = !a.store || atomic, writes = a.store;
        if ((writes && p->kind != STOP_WATCH_READ) || (reads && p->kind != STOP_WATCH_WRITE)) {
            *address = p->address;
            return p;
        }
    }
    return NULL;
}

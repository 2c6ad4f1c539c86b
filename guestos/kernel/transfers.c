/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace of bytes moved; see transfers.h. */
#include "transfers.h"
#include "trace.h"

/* Whole pages in [va, va + n). */
static uint64_t wholepages(uint64_t va, uint64_t n)
{
    uint64_t first = (va + PGMASK) >> PGSHIFT, end = (va + n) >> PGSHIFT;
    return end > first ? end - first : 0;
}

void endrun(Run *run)
{
    if (run->bytes > 0)
        TRACE(transfer, .boundary = run->boundary, .class = EV_block_class_data, .file = run->file, .offset = run->off,
              .block = run->block, .segment = run->s->id, .va = run->va, .bytes = run->bytes,
              .pages = wholepages(run->va, run->bytes), .output = run->boundary != EV_boundary_eager);
    run->bytes = 0;
}

void addrun(Run *run, enum ev_enum_boundary boundary, uint64_t va, uint64_t off, uint64_t n, uint64_t block)
{
    if (run->bytes > 0 && (run->boundary != boundary || run->va + run->bytes != va || run->off + run->bytes != off))
        endrun(run);
    if (run->bytes == 0) {
        run->boundary = boundary;
        run->va = va;
        run->off = off;
        run->block = block;
    }
    run->bytes += n;
}

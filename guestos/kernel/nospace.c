/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No space to preserve a block (E2). What a write wants to overwrite must be kept for pages that have not been touched. By
 * default these pages are therefore filled now and become the segments' own: the snapshot lets its blocks go. They go to
 * swap as any dirty page does, if there is some; if not even memory has room for them the writer gets the error.
 */
#include <string.h>
#include "fault.h"
#include "fileio.h"
#include "nospace.h"
#include "proc.h"

enum { BATCH = 64 }; /* pages between two tries to write */

enum nospace nospace_policy = NOSPACE_MATERIALISE;

bool nospacenamed(const char *name, enum nospace *out)
{
    static const char *const names[] = {
        [NOSPACE_MATERIALISE] = "materialise", [NOSPACE_FAIL_WRITER] = "fail-writer"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum nospace)i;
            return true;
        }
    return false;
}

/* The first byte of a piece from *va on that comes from a preserved block goes to *va. False: there is none. */
static bool preservedfrom(const Source *piece, uint64_t *va)
{
    bool changed = false;
    qlock(&fslock);
    while (*va < piece->end && !changed) {
        uint64_t off = piece->off + (*va - piece->va), last = piece->off + (piece->end - 1 - piece->va);
        int64_t n = tfs_snap_changed(piece->snap, off / TFS_BLOCK, last / TFS_BLOCK - off / TFS_BLOCK + 1, &changed);
        if (n < 0)
            break; /* it cannot be read: leave it */
        if (!changed)
            *va += (off / TFS_BLOCK + (uint64_t)n) * TFS_BLOCK - off;
    }
    qunlock(&fslock);
    return changed && *va < piece->end;
}

/* The next page from *va on that needs a preserved block. Its segment is locked. False: there is none. */
static bool nextpreserved(Segment *s, uint64_t *va)
{
    while (*va < s->top) {
        Source piece = sourceat(s->sources, *va, s->top);
        if (piece.kind == EV_source_kind_snapshot && preservedfrom(&piece, va))
            return true;
        *va = piece.end;
    }
    return false;
}

typedef struct Work {
    unsigned done; /* pages */
    int err;
} Work;

static void materialiseseg(Segment *s, void *arg)
{
    Work *work = arg;
    if (work->done >= BATCH || work->err < 0)
        return;
    qlock(&s->lock);
    for (uint64_t va = s->base; work->done < BATCH && work->err == 0 && nextpreserved(s, &va);) {
        va &= ~PGMASK;
        work->err = interrupted(up) ? -T_EINTR : materialise(s, va);
        work->done += work->err == 0;
        va += PGSIZE;
    }
    qunlock(&s->lock);
}

bool materialisesome(void)
{
    Work work = {0};
    if (nospace_policy == NOSPACE_MATERIALISE)
        eachsegment(materialiseseg, &work);
    return work.done > 0;
}

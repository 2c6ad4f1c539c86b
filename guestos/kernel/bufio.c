/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of the block cache to the disk. They end in the interrupt of the disk, not with somebody who waits, so several can
 * be under way for one process: what is read ahead, what is written back.
 */
#include "buf.h"
#include "proc.h"
#include "trace.h"

enum { FLIGHTS = 8, SECTORS = 8 };

typedef struct Flight Flight;
struct Flight {
    Diskop op; /* first: `landed` gets it */
    Buf *chain;
    bool output;
    Batch *batch;
    Flight *next; /* free ones */
};

static Flight flights[FLIGHTS]; /* so that writing, which makes memory free, needs none */
static Flight *hangar;
static unsigned made; /* of `flights`, so far */
static unsigned underway; /* requests */
static Rendez returned;

static Flight *newflight(void)
{
    while (hangar == NULL && made == FLIGHTS)
        sleepon(&returned, EV_wait_disk_queue);
    underway++;
    Flight *f = hangar;
    if (f == NULL)
        return &flights[made++];
    hangar = f->next;
    return f;
}

static void freeflight(Flight *f)
{
    f->next = hangar;
    hangar = f;
    underway--;
    wakeall(&returned);
}

static void readdone(Buf *b, int err)
{
    b->reading = false;
    b->unchecked = err == 0;
    b->failed = err;
    if (err < 0)
        unhashbuf(b);
}

static void writedone(Buf *b, int err)
{
    b->writing = false;
    if (err < 0)
        markdirty(b);
}

void endio(Batch *batch, uint64_t blocks, int err)
{
    if (err < 0)
        batch->err = err;
    else
        batch->blocks += blocks;
    if (--batch->left > 0)
        return;
    if (batch->done != NULL)
        batch->done(batch);
    wakeall(&batch->waiters);
}

void waitbatch(Batch *batch)
{
    while (batch->left > 0)
        sleepon(&batch->waiters, EV_wait_disk);
}

bool cachewait(void)
{
    if (underway == 0)
        return false;
    sleepon(&returned, EV_wait_disk);
    return true;
}

/* The end of a request, in the interrupt. */
static void landed(Diskop *op)
{
    Flight *f = (Flight *)op;
    int err = diskresult(op);
    uint64_t n = 0;
    for (Buf *b = f->chain, *next; b != NULL; b = next, n++) {
        next = b->run;
        if (f->output)
            writedone(b, err);
        else
            readdone(b, err);
        wakeall(&b->waiters);
        unpinbuf(b);
    }
    if (f->batch != NULL)
        endio(f->batch, n, err);
    freeflight(f);
}

void startio(Buf *chain, bool output, uint64_t transfer, Batch *batch)
{
    Page *frames[DISK_RUN];
    unsigned n = 0;
    if (batch != NULL) { /* before anything sleeps: it is not done yet */
        batch->left++;
        batch->requests++;
    }
    for (Buf *b = chain; b != NULL; b = b->run)
        frames[n++] = b->page;
    *(output ? &cachestat.writes : &cachestat.reads) += 1;
    Flight *f = newflight();
    f->chain = chain;
    f->output = output;
    f->batch = batch;
    f->op.ended = landed;
    tracedisk(chain->blk * SECTORS, transfer, chain->class);
    diskstart(&f->op, output, chain->blk, frames, n);
}

uint64_t tracetransfer(const Buf *b, uint64_t blocks, enum ev_enum_boundary boundary, bool output, uint64_t ino,
                       uint64_t off, uint64_t cause)
{
    return TRACECAUSE(transfer, cause, .boundary = boundary, .class = b->class, .file = ino, .offset = off,
                      .block = b->blk, .bytes = blocks * TFS_BLOCK, .pages = blocks, .output = output);
}

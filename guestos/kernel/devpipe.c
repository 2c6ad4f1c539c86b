/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pipes: a ring of one frame between a read end and a write end. A reader waits for bytes or for the
 * last writer to go; a writer waits for room, or learns that nobody reads any more.
 */
#include "chan.h"
#include "proc.h"

enum { READ_END, WRITE_END };

typedef struct Pipe {
    Page *page;       /* the ring */
    uint64_t in, out; /* bytes written and read since it was made */
    bool open[2];     /* by end */
    QLock lock[2];    /* by end: over one transfer, so that the bytes of two do not mix */
    Rendez changed;
} Pipe;

static void freepipe(Pipe *p)
{
    if (p->page != NULL)
        putpage(p->page);
    kfree(p);
}

int newpipe(Chan *ends[2])
{
    Pipe *p = kalloc(sizeof *p);
    if (p == NULL || (p->page = newpage()) == NULL) {
        kfree(p);
        return error(T_ENOMEM, "out of memory");
    }
    ends[READ_END] = newchan(&pipedev, READ_END, false, p);
    ends[WRITE_END] = newchan(&pipedev, WRITE_END, false, p);
    if (ends[READ_END] == NULL || ends[WRITE_END] == NULL) {
        kfree(ends[READ_END]);
        kfree(ends[WRITE_END]);
        freepipe(p);
        return error(T_ENOMEM, "out of memory");
    }
    ends[READ_END]->mode = OREAD;
    ends[WRITE_END]->mode = OWRITE;
    ends[READ_END]->isopen = ends[WRITE_END]->isopen = true;
    p->open[READ_END] = p->open[WRITE_END] = true;
    return 0;
}

/* The consecutive bytes of the ring from position `at` on, at most n. */
static char *ring(Pipe *p, uint64_t at, uint64_t *n)
{
    uint64_t start = at % PGSIZE;
    if (*n > PGSIZE - start)
        *n = PGSIZE - start;
    return (char *)pagekva(p->page) + start;
}

static int64_t readsome(Pipe *p, uint64_t va, uint64_t n)
{
    while (p->in == p->out) {
        if (!p->open[WRITE_END])
            return 0;
        int err = sleepinterruptible(&p->changed, EV_wait_pipe);
        if (err < 0)
            return err;
    }
    uint64_t part = p->in - p->out < n ? p->in - p->out : n;
    char *from = ring(p, p->out, &part);
    int err = copyout(va, from, part);
    if (err < 0)
        return err;
    p->out += part;
    wakeall(&p->changed);
    return (int64_t)part;
}

static int64_t piperead(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    Pipe *p = c->aux;
    (void)off;
    if (n == 0)
        return 0;
    qlock(&p->lock[READ_END]);
    int64_t got = readsome(p, va, n);
    qunlock(&p->lock[READ_END]);
    return got;
}

static int64_t writesome(Pipe *p, uint64_t va, uint64_t n)
{
    while (p->open[READ_END] && p->in - p->out == PGSIZE) {
        int err = sleepinterruptible(&p->changed, EV_wait_pipe);
        if (err < 0)
            return err;
    }
    if (!p->open[READ_END])
        return error(T_EPIPE, "write on closed pipe");
    uint64_t room = PGSIZE - (p->in - p->out);
    uint64_t part = room < n ? room : n;
    char *to = ring(p, p->in, &part);
    int err = copyin(to, va, part);
    if (err < 0)
        return err;
    p->in += part;
    wakeall(&p->changed);
    return (int64_t)part;
}

static int64_t pipewrite(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    Pipe *p = c->aux;
    uint64_t done = 0;
    int64_t got = 0;
    (void)off;
    qlock(&p->lock[WRITE_END]);
    while (done < n && (got = writesome(p, va + done, n - done)) >= 0)
        done += (uint64_t)got;
    qunlock(&p->lock[WRITE_END]);
    return got < 0 && (done == 0 || got == -T_EPIPE) ? got : (int64_t)done;
}

static int pipestat(Chan *c, struct tarry_stat *st)
{
    Pipe *p = c->aux;
    synthstat(st, "", &pipedev, c->qid, 0666);
    st->length = p->in - p->out;
    return 0;
}

static void pipeclose(Chan *c)
{
    Pipe *p = c->aux;
    p->open[c->qid] = false;
    wakeall(&p->changed);
    if (!p->open[READ_END] && !p->open[WRITE_END])
        freepipe(p);
}

const Dev pipedev = {.letter = '|', .read = piperead, .write = pipewrite, .stat = pipestat, .close = pipeclose};

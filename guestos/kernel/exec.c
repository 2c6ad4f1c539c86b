/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exec: a program is a static ELF file whose loadable parts become segments with a snapshot of the file
 * as their source. Nothing of the program is read but its headers; the rest comes by page faults.
 */
#include <string.h>
#include "chan.h"
#include "devfs.h"
#include "elf.h"
#include "exec.h"
#include "fileio.h"
#include "procprivate.h"
#include "riscv.h"
#include "trace.h"

enum { MAX_HEADERS = 32 };
#define STACK_BYTES (8ull << 20)
#define STACK_BASE (TARRY_USER_TOP - STACK_BYTES)

/* A program while it is put together. */
struct image {
    const char *path;
    struct tfs_snap *snap;
    uint64_t length; /* of the file */
    uint64_t version; /* of the file */
    struct elfheader elf;
    struct elfsegment headers[MAX_HEADERS]; /* those of type PT_LOAD, checked */
    unsigned nheaders;
    Segment *seg[NSEG];
    uint64_t brk;
    uint64_t sp;
};

static uint64_t pageup(uint64_t n)
{
    return (n + PGMASK) & ~PGMASK;
}

/* ---- the file ---- */

static int readat(struct image *im, uint64_t off, void *buf, size_t n)
{
    if (off > im->length || n > im->length - off)
        return error(T_ENOEXEC, "%s: not an executable: the file is truncated", im->path);
    qlock(&fslock);
    int64_t got = tfs_snap_read(im->snap, off, buf, n);
    qunlock(&fslock);
    if (got < 0)
        return fserror(got);
    return got == (int64_t)n ? 0 : error(T_EIO, "%s: short read", im->path);
}

static int checkheader(const struct image *im)
{
    const struct elfheader *e = &im->elf;
    const char *why = NULL;
    if (memcmp(e->magic, "\177ELF", 4) != 0)
        why = "no ELF file";
    else if (e->class != ELF_CLASS_64 || e->data != ELF_DATA_LSB || e->machine != ELF_MACHINE_RISCV)
        why = "for another machine";
    else if (e->type == ELF_TYPE_DYN)
        why = "position-independent or dynamically linked";
    else if (e->type != ELF_TYPE_EXEC)
        why = "not linked";
    else if (e->phnum == 0 || e->phnum > MAX_HEADERS || e->phentsize != sizeof(struct elfsegment))
        why = "bad program headers";
    return why == NULL ? 0 : error(T_ENOEXEC, "%s: not an executable: %s", im->path, why);
}

/* What is wrong with a loadable part, NULL if nothing. */
static const char *badsegment(const struct image *im, const struct elfsegment *h)
{
    if (h->filesz > h->memsz)
        return "more bytes in the file than in memory";
    if (h->offset > im->length || h->filesz > im->length - h->offset)
        return "the file is truncated";
    if (h->vaddr < PGSIZE || h->vaddr > STACK_BASE || h->memsz > STACK_BASE - h->vaddr)
        return "an address out of range";
    if ((h->flags & PF_W) && (h->flags & PF_X))
        return "memory both writable and executable";
    for (unsigned i = 0; i < im->nheaders; i++) {
        const struct elfsegment *o = &im->headers[i];
        if ((h->vaddr & ~PGMASK) < pageup(o->vaddr + o->memsz) && (o->vaddr & ~PGMASK) < pageup(h->vaddr + h->memsz))
            return "two segments on one page";
    }
    return NULL;
}

static int readheaders(struct image *im)
{
    int err = readat(im, 0, &im->elf, sizeof im->elf);
    if (err == 0)
        err = checkheader(im);
    bool entry = false;
    for (unsigned i = 0; i < im->elf.phnum && err == 0; i++) {
        struct elfsegment *h = &im->headers[im->nheaders];
        err = readat(im, im->elf.phoff + i * sizeof *h, h, sizeof *h);
        if (err == 0 && h->type == PT_INTERP)
            err = error(T_ENOEXEC, "%s: not an executable: dynamically linked", im->path);
        if (err < 0 || h->type != PT_LOAD || h->memsz == 0)
            continue;
        const char *why = badsegment(im, h);
        if (why != NULL)
            return error(T_ENOEXEC, "%s: not an executable: %s", im->path, why);
        entry |= (h->flags & PF_X) && im->elf.entry >= h->vaddr && im->elf.entry < h->vaddr + h->memsz;
        im->nheaders++;
    }
    if (err == 0 && !entry)
        err = error(T_ENOEXEC, "%s: not an executable: no code at its entry", im->path);
    return err;
}

/* ---- the segments ---- */

static int loadsegment(struct image *im, const struct elfsegment *h)
{
    bool data = (h->flags & PF_W) != 0, text = (h->flags & PF_X) != 0;
    int slot = data && im->seg[DSEG] == NULL ? DSEG : text && im->seg[TSEG] == NULL ? TSEG : ESEG;
    while (im->seg[slot] != NULL)
        if (++slot == NSEG)
            return error(T_ENOEXEC, "%s: not an executable: too many segments", im->path);
    uint64_t base = h->vaddr & ~PGMASK;
    Segment *s = newseg(data ? EV_segment_type_data : EV_segment_type_text, base, pageup(h->vaddr + h->memsz) - base,
                        data ? 0 : SG_RONLY, EV_io_policy_deferred);
    if (s == NULL)
        return error(T_ENOMEM, "out of memory");
    s->exec = text;
    im->seg[slot] = s;
    if (slot == DSEG)
        im->brk = h->vaddr + h->memsz;
    if (h->filesz == 0)
        return 0;
    int err = segsnapshot(s, h->vaddr, h->filesz, im->snap, h->offset);
    return err < 0 ? error(-err, "out of memory") : 0;
}

static int makesegments(struct image *im)
{
    uint64_t top = 0;
    int err = 0;
    for (unsigned i = 0; i < im->nheaders && err == 0; i++) {
        err = loadsegment(im, &im->headers[i]);
        uint64_t end = pageup(im->headers[i].vaddr + im->headers[i].memsz);
        top = end > top ? end : top;
    }
    if (err == 0 && im->seg[DSEG] == NULL) { /* somewhere for brk */
        im->brk = top;
        im->seg[DSEG] = newseg(EV_segment_type_data, top, PGSIZE, 0, EV_io_policy_deferred);
        err = im->seg[DSEG] != NULL ? 0 : error(T_ENOMEM, "out of memory");
    }
    if (err < 0)
        return err;
    im->seg[SSEG] = newseg(EV_segment_type_stack, STACK_BASE, STACK_BYTES, 0, EV_io_policy_deferred);
    return im->seg[SSEG] != NULL ? 0 : error(T_ENOMEM, "out of memory");
}

/* Copies into a segment that is not attached yet. */
static int store(Segment *s, uint64_t va, const void *src, size_t n)
{
    const char *from = src;
    while (n > 0) {
        Page *page;
        size_t part = PGSIZE - (va & PGMASK) < n ? PGSIZE - (va & PGMASK) : n;
        int err = fixfault(s, va, EV_access_write, true, NULL, &page);
        if (err < 0)
            return error(-err, "out of memory");
        memcpy((char *)pagekva(page) + (va & PGMASK), from, part);
        putpage(page);
        va += part;
        from += part;
        n -= part;
    }
    return 0;
}

/* The block that abi.h promises at sp: argc, pointers, a null pointer, the strings. */
static int makestack(struct image *im, const struct args *a)
{
    Segment *stack = im->seg[SSEG];
    uint64_t strings = TARRY_USER_TOP - ((a->bytes + 15) & ~15ull);
    im->sp = (strings - 8 * ((uint64_t)a->argc + 2)) & ~15ull;
    uint64_t word = (uint64_t)a->argc, va = im->sp;
    int err = store(stack, strings, a->block, a->bytes);
    size_t at = 0;
    for (int i = 0; i <= a->argc && err == 0; i++) {
        err = store(stack, va, &word, sizeof word);
        va += sizeof word;
        word = strings + at;
        if (i < a->argc)
            at += strlen(a->block + at) + 1;
    }
    word = 0;
    return err < 0 ? err : store(stack, va, &word, sizeof word);
}

/* ---- the change ---- */

static void setname(const char *path)
{
    const char *slash = strrchr(path, '/');
    format(up->name, sizeof up->name, "%s", slash != NULL ? slash + 1 : path);
}

static void tellprogram(const struct image *im, struct args *args)
{
    char path[TARRY_PATH_MAX + 1];
    uint64_t name = tracestring(im->path), file = tfs_snap_ino(im->snap); /* the path may lie in the block */
    up->image = traceimage(file, im->version, cleanpath(path, im->path) == 0 ? tracestring(path) : name);
    for (size_t i = 0; i + 1 < args->bytes; i++) /* the arguments are on the stack: their copy is no longer needed */
        if (args->block[i] == '\0')
            args->block[i] = ' ';
    TRACE(program, .name = name, .arguments = tracestring(args->block), .file = file, .image = up->image);
}

/* From here on nothing fails: the old program is gone. */
static void become(struct image *im, struct args *args)
{
    Segment *old[NSEG];
    memcpy(old, up->seg, sizeof old);
    memcpy(up->seg, im->seg, sizeof im->seg);
    memset(im->seg, 0, sizeof im->seg);
    flushmmu(up->space, 0, TARRY_USER_TOP, EV_demotion_unmap);
    for (int i = 0; i < NSEG; i++)
        if (old[i] != NULL)
            putseg(old[i]);
    up->priv->brk = im->brk;
    setname(im->path);
    clearfp();
    execnotes();
    memset(up->ureg->x, 0, sizeof up->ureg->x);
    up->ureg->x[2] = im->sp;
    up->ureg->pc = im->elf.entry;
    up->ureg->status = SSTATUS_SPIE | SSTATUS_FS_INITIAL;
    tellprogram(im, args);
}

static int takefile(Chan *c, struct image *im)
{
    struct tarry_stat st;
    if (!isfsfile(c))
        return error(T_EACCES, "%s: not in a file system", im->path);
    int err = c->dev->stat(c, &st);
    if (err == 0 && (st.mode & DMDIR))
        err = error(T_EISDIR, "%s: is a directory", im->path);
    if (err == 0 && (st.mode & 0111) == 0)
        err = error(T_EACCES, "%s: permission denied", im->path);
    if (err < 0)
        return err;
    qlock(&fslock);
    err = takesnap(fsfile(c), 0, UINT64_MAX, &im->snap);
    qunlock(&fslock);
    im->version = st.version;
    if (err == 0)
        im->length = tfs_snap_length(im->snap);
    return err;
}

int execprogram(const char *path, struct args *args)
{
    Chan *c;
    int err = namec(path, &c);
    if (err < 0)
        return err;
    struct image *im = kalloc(sizeof *im);
    if (im == NULL) {
        putchan(c);
        return error(T_ENOMEM, "out of memory");
    }
    im->path = path;
    err = takefile(c, im);
    putchan(c);
    if (err == 0)
        err = readheaders(im);
    if (err == 0)
        err = makesegments(im);
    if (err == 0)
        err = makestack(im, args);
    if (err == 0)
        become(im, args);
    for (int i = 0; i < NSEG; i++)
        if (im->seg[i] != NULL)
            putseg(im->seg[i]);
    if (im->snap != NULL)
        dropsnap(im->snap);
    kfree(im);
    return err;
}

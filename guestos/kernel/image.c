/* SPDX-License-Identifier: GPL-2.0-only */
/* Files as memory, for the policies without snapshots; see image.h. */
#include <string.h>
#include "cache.h"
#include "fault.h"
#include "fileio.h"
#include "image.h"
#include "proc.h"
#include "trace.h"

enum { STORED = PAGE_PARTIAL }; /* flag in Image.pages: stored into since it was last written to the file */

struct Image {
    uint32_t ref;     /* pieces of source maps, and those who work with it */
    struct tfs_file *f;
    uint64_t ino;     /* of f; 0 until a frame is loaded */
    PageMap *pages;   /* frames of mappings, by page of the file */
    uint64_t stored;  /* how many of them have STORED, so that a read of the file need not look at all */
    uint64_t changes; /* writes to the file and changes of its length so far */
    Image *next;      /* all images */
};

static const uint64_t ALL_PAGES = UINT64_MAX >> PGSHIFT;

static Image *images;

static Image *imageof(const struct tfs_file *f)
{
    Image *i = images;
    while (i != NULL && i->f != f)
        i = i->next;
    return i;
}

int attachimage(struct tfs_file *f, Image **out)
{
    PageMap *pages = newpagemap();
    Image *new = kalloc(sizeof *new), *i = imageof(f); /* kalloc may sleep: look afterwards */
    if (i == NULL && new != NULL && pages != NULL) {
        i = new;
        *i = (Image){.f = f, .pages = pages, .next = images};
        images = i;
        tfs_ref(f); /* one addition: needs no lock */
        new = NULL;
        pages = NULL;
    }
    kfree(new);
    if (pages != NULL)
        freepagemap(pages);
    if (i == NULL)
        return error(T_ENOMEM, "out of memory");
    i->ref++;
    *out = i;
    return 0;
}

void refimage(Image *i)
{
    i->ref++;
}

uint64_t imageino(const Image *i)
{
    return i->ino;
}

struct tfs_file *imagefile(const Image *i)
{
    return i->f;
}

/* ---- what was stored goes to the file ---- */

typedef struct Place {
    const Image *image;
    uint64_t off, end; /* in the file */
} Place;

/* The part of a piece that maps a place, as [*va, *end). False: none of it. */
static bool maps(const Source *piece, const Place *p, uint64_t *va, uint64_t *end)
{
    if (piece->kind != EV_source_kind_mapping || piece->image != p->image || piece->off >= p->end)
        return false;
    uint64_t skip = p->off > piece->off ? p->off - piece->off : 0;
    if (skip >= piece->end - piece->va)
        return false;
    *va = piece->va + skip;
    *end = piece->end - *va < p->end - (piece->off + skip) ? piece->end : *va + (p->end - (piece->off + skip));
    return true;
}

/* Write-protects what maps a place. */
static void protectplace(Segment *s, void *arg)
{
    uint64_t from, to;
    for (uint64_t va = s->base; va < s->top;) {
        Source piece = sourceat(s->sources, va, s->top);
        if (maps(&piece, arg, &from, &to))
            protectmappings(s, from, to - from);
        va = piece.end;
    }
}

/* Writes one page that was stored into. The caller holds fslock and a reference to the image. */
static int writepage(Image *i, uint64_t pn, Resident r)
{
    struct tfs_stat st;
    uint64_t off = pn << PGSHIFT;
    r.flags &= ~(unsigned)STORED;
    setresident(i->pages, pn, r);
    i->stored--;
    eachsegment(protectplace, &(Place){i, off, off + PGSIZE}); /* a later store is noticed again */
    int err = tfs_stat(i->f, &st);
    if (err < 0 || off >= st.length)
        return err;
    pageref(r.page);
    int64_t n = tfs_write(i->f, off, pagekva(r.page), st.length - off < PGSIZE ? st.length - off : PGSIZE);
    putpage(r.page);
    if (n > 0)
        TRACE(transfer, .boundary = EV_boundary_write, .class = EV_block_class_data, .file = st.ino, .offset = off,
              .bytes = (uint64_t)n, .pages = n == PGSIZE, .output = 1);
    return n < 0 ? (int)n : 0;
}

/* Returns the number of pages written, or the first error; goes on after it. The caller holds fslock. */
static int64_t writestored(Image *i)
{
    int64_t n = 0, err = 0;
    i->ref++;
    for (uint64_t pn = 0; i->stored > 0; pn++) {
        Resident r = nextresident(i->pages, &pn, ALL_PAGES);
        if (r.page == NULL)
            break;
        if (!(r.flags & STORED))
            continue;
        int e = writepage(i, pn, r);
        n++;
        if (e < 0 && err == 0)
            err = e;
    }
    i->ref--;
    return err < 0 ? err : n;
}

int imagesync(struct tfs_file *f)
{
    int64_t err = 0;
    for (Image *i = images; i != NULL && err >= 0; i = i->next)
        if (f == NULL || i->f == f)
            err = writestored(i);
    return err < 0 ? fserror(err) : 0;
}

size_t imagewriteback(void)
{
    size_t n = 0;
    if (images == NULL || holdsqlock(&fslock))
        return 0;
    qlock(&fslock);
    for (Image *i = images; i != NULL; i = i->next) {
        int64_t r = writestored(i);
        n += r > 0 ? (size_t)r : 0;
    }
    qunlock(&fslock);
    return n;
}

static void freeimage(Image *i)
{
    Image **at = &images;
    while (*at != i)
        at = &(*at)->next;
    *at = i->next;
    freepagemap(i->pages);
    tfs_unref(i->f);
    kfree(i);
}

/* An image goes only with fslock held, so that whoever holds it can walk over them. */
void putimage(Image *i)
{
    ASSERT(i->ref > 0, "an image is put as often as it was taken");
    if (i->ref > 1) {
        i->ref--;
        return;
    }
    bool held = holdsqlock(&fslock);
    if (!held)
        qlock(&fslock);
    if (writestored(i) < 0)
        print("file system: what was stored through a mapping is lost\n");
    if (--i->ref == 0)
        freeimage(i);
    if (!held)
        qunlock(&fslock);
}

/* ---- frames ---- */

int imagenow(Image *i, uint64_t off, uint64_t n, struct tfs_snap **snap)
{
    qlock(&fslock);
    int r = imagesync(i->f);
    if (r == 0)
        r = takemoment(i->f, off, n, snap);
    qunlock(&fslock);
    return r;
}

/* The bytes of one page of a snapshot. */
static int readpage(struct tfs_snap *snap, uint64_t pn, Page *frame)
{
    struct tfs_extent x;
    Page *block;
    if (pn << PGSHIFT >= tfs_snap_length(snap))
        return error(T_EFAULT, "mapped page past the end of the file");
    int r = snapmap(snap, pn, &x);
    if (r < 0)
        return r;
    if (x.blk == 0) {
        memset(pagekva(frame), 0, PGSIZE);
        return 0;
    }
    r = cacheget(x.blk, &x, tfs_snap_ino(snap), pn << PGSHIFT, up->cause, &block);
    if (r < 0)
        return r;
    memcpy(pagekva(frame), pagekva(block), PGSIZE);
    cacheput(x.blk, block);
    TRACE(transfer, .boundary = EV_boundary_image, .class = EV_block_class_data, .file = tfs_snap_ino(snap),
          .offset = pn << PGSHIFT, .block = x.blk, .bytes = PGSIZE, .pages = 1);
    return 0;
}

/* Fills a frame and enters it. 1: the file changed meanwhile, or somebody else was faster. */
static int loadpage(Image *i, uint64_t pn, Page *frame)
{
    struct tfs_snap *now;
    int r = imagenow(i, pn << PGSHIFT, PGSIZE, &now);
    if (r < 0)
        return r;
    uint64_t changes = i->changes;
    i->ino = tfs_snap_ino(now);
    r = readpage(now, pn, frame);
    dropsnap(now);
    if (r < 0)
        return r;
    if (changes != i->changes || residentat(i->pages, pn).page != NULL)
        return 1;
    pageref(frame);
    if (setresident(i->pages, pn, (Resident){.page = frame}) == 0)
        return 0;
    putpage(frame);
    return error(T_ENOMEM, "out of memory");
}

int imagepage(Image *i, uint64_t pn, Page **page)
{
    Page *frame = NULL;
    int r = 1;
    while (r == 1 && residentat(i->pages, pn).page == NULL) {
        if (frame == NULL && (frame = newpage()) == NULL)
            return error(T_ENOMEM, "out of memory");
        r = loadpage(i, pn, frame);
    }
    if (frame != NULL)
        putpage(frame);
    if (r < 0)
        return r;
    *page = residentat(i->pages, pn).page;
    pageref(*page);
    return 0;
}

void imagestored(Image *i, uint64_t pn)
{
    Resident r = residentat(i->pages, pn);
    ASSERT(r.page != NULL, "what is stored into is mapped");
    i->stored += (r.flags & STORED) == 0;
    r.flags |= STORED;
    setresident(i->pages, pn, r);
}

bool imagedirty(const Image *i, uint64_t pn)
{
    return residentat(i->pages, pn).flags & STORED;
}

size_t imagereclaim(size_t n)
{
    size_t got = 0;
    for (Image *i = images; i != NULL && got < n; i = i->next)
        for (uint64_t pn = 0; got < n; pn++) {
            Resident r = nextresident(i->pages, &pn, ALL_PAGES);
            if (r.page == NULL)
                break;
            if (r.page->ref == 1 && !(r.flags & STORED)) {
                dropresident(i->pages, pn);
                got++;
            }
        }
    return got;
}

/* ---- what happens to the file ---- */

void imagewritten(struct tfs_file *f, uint64_t off, const void *src, uint64_t n)
{
    Image *i = imageof(f);
    if (i == NULL)
        return;
    i->changes++;
    for (uint64_t done = 0, part; done < n; done += part) {
        uint64_t in = (off + done) & PGMASK;
        part = PGSIZE - in < n - done ? PGSIZE - in : n - done;
        Page *frame = residentat(i->pages, (off + done) >> PGSHIFT).page;
        if (frame != NULL)
            memmove((char *)pagekva(frame) + in, (const char *)src + done, part);
    }
}

/* Takes the pages that map a place out of a segment. */
static void dropplace(Segment *s, void *arg)
{
    uint64_t from, to;
    qlock(&s->lock);
    for (uint64_t va = s->base; va < s->top;) {
        Source piece = sourceat(s->sources, va, s->top);
        if (maps(&piece, arg, &from, &to))
            dropmapped(s, from, to);
        va = piece.end;
    }
    qunlock(&s->lock);
}

/* Frames past the end go; the rest of the last page is zero, as in the file. */
static void cutframes(Image *i, uint64_t length)
{
    Page *last = residentat(i->pages, length >> PGSHIFT).page;
    if (last != NULL && (length & PGMASK))
        memset((char *)pagekva(last) + (length & PGMASK), 0, PGSIZE - (length & PGMASK));
    for (uint64_t pn = (length + PGMASK) >> PGSHIFT;; pn++) {
        Resident r = nextresident(i->pages, &pn, ALL_PAGES);
        if (r.page == NULL)
            break;
        i->stored -= (r.flags & STORED) != 0;
        dropresident(i->pages, pn);
    }
}

void imageresized(struct tfs_file *f)
{
    struct tfs_stat st;
    Image *i = imageof(f);
    if (i == NULL || tfs_stat(f, &st) < 0)
        return;
    i->ref++;
    i->changes++;
    cutframes(i, st.length);
    eachsegment(dropplace, &(Place){i, (st.length + PGMASK) & ~PGMASK, UINT64_MAX});
    putimage(i);
}

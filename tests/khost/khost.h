/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's segment code on the host: the very sources of guestos/kernel and fs over surroundings that a
 * test controls. Frames and kernel objects are separate heap blocks (so that ASan sees every stale use), the
 * hardware's page tables are lists that a "load" or "store" must go through, the
 * disk is memory, a process is whoever `up` points to.
 */
#ifndef KHOST_H
#define KHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "guestos/kernel/cache.h"
#include "guestos/kernel/fault.h"
#include "guestos/kernel/fileio.h"
#include "guestos/kernel/image.h"
#include "guestos/kernel/policy.h"
#include "guestos/kernel/proc.h"
#include "guestos/kernel/trace.h"

/* ---- memory.c, frames.c: kernel objects and frames ---- */
typedef struct Frame {
    Page page;
    _Alignas(16) char bytes[PGSIZE];
} Frame;

struct khost_memory {
    uint64_t frames;       /* in use, but for the block cache's */
    uint64_t frame_limit;  /* beyond it newpage makes room, and fails if there is none; 0: none */
    uint64_t reserve;      /* stores leave so many of them to loads (E3) */
    bool no_swap;          /* nothing is paged out */
    uint64_t objects;      /* of kalloc in use */
    uint64_t kallocs;      /* calls of kalloc so far */
    uint64_t promotions;   /* times that a superpage could have been made */
    uint64_t fail_kalloc;  /* the so-manieth kalloc from now fails, as do all after it; 0: none */
};
extern struct khost_memory memory;
/*
 * From now on pages get frames from reservations, of four pages, as long as these last (SUPER_SHIFT is 14 here). The switch is
 * `superpages`.
 */
void superpages_on(void);
uint64_t pool_used(void); /* frames for reservations that pages have */
size_t segreclaim(size_t n); /* the clock runs until n frames are free; to swap only if there is some: swaprefill */

/* ---- disk.c: a device in memory, its cache, the file system ---- */
struct khost_disk {
    uint64_t bad_block;    /* reading it gives -T_EIO, and writing it as swap, too; 0: none */
    uint64_t rotten_block; /* a bit of it is another, when it is read as swap; 0: none */
    uint64_t swapped_out;  /* pages, so far */
    uint64_t swapped_in;
    uint64_t blocks_got;   /* by cacheget */
    uint64_t clustered;    /* blocks asked for by cachecluster */
    uint64_t uncached;     /* multiples of it are not in the cache; 0: all are */
    bool yields;           /* a read of a block lets other processes run, as a real disk does */
};
extern struct khost_disk disk;
void disk_new(uint64_t nblocks); /* formats and mounts rootfs */
void disk_end(void);             /* unmounts and forgets */
bool swap_peek(const Slot *, void *page); /* what is in a slot, without reading it */

/* ---- proc.c ---- */
Proc *khost_proc(void);    /* a new process with an empty address space */
Proc *khost_fork(Proc *);  /* NULL: no memory */
void khost_exit(Proc *);
void become(Proc *);       /* up = p */
Segment *attach(Proc *, enum ev_enum_segment_type, uint64_t base, uint64_t bytes, int attr, enum ev_enum_io_policy);
void detachseg(Proc *, Segment *);
/* Loads and stores through the hardware's view; a miss is a page fault of the process. 0 or the fault's error. */
int load(Proc *, uint64_t va, void *buf, size_t n);
int save(Proc *, uint64_t va, const void *buf, size_t n);
/* Runs fn(arg) of n processes as threads of control that take turns where the kernel sleeps. */
void run_together(unsigned n, Proc **, void (*fn)(void *arg), void **args);
void preempt(void); /* lets the others go first */

/* ---- mmu.c ---- */
struct mapping {
    uint64_t va, pa;
    int rights;
    bool used; /* the A bit: set when it is made; a test's load or store need not set it again */
};
const struct mapping *mapped(const Space *, uint64_t va); /* NULL: no translation */
unsigned mmu_entries(const Space *);

/* ---- events.c: the trace as it happened ---- */
typedef struct Event {
    unsigned kind;
    bool ended;       /* an interval that has ended */
    uint64_t id;
    union {
        uint64_t word[16];
        struct ev_fault fault;
        struct ev_fill fill;
        struct ev_page page;
        struct ev_transfer transfer;
        struct ev_source source;
        struct ev_snapshot snapshot;
        struct ev_segment segment;
    } of;
    union {
        uint64_t end[4];
        struct ev_fault_end fault;
        struct ev_fill_end fill;
        struct ev_snapshot_end snapshot;
    } end;
} Event;
void events_clear(void);
void events_keep(bool); /* false: count only (long random tests) */
unsigned events_count(unsigned kind);
/* The i-th event of a kind since events_clear, from 0; NULL if there is none. Negative: from the last (-1). */
const Event *event_at(unsigned kind, int i);
unsigned transfers(enum ev_enum_boundary);
uint64_t transferred(enum ev_enum_boundary); /* bytes */
uint64_t open_intervals(unsigned kind);
int last_state(uint64_t segment, uint64_t va); /* of a page, by its newest row; -1: not known (any more) */

/* ---- invariants.c ---- */
/* What the process would load, from the maps alone, without touching anything. False: a source has not the bytes. */
bool peek(Proc *, uint64_t va, unsigned char *buf, uint64_t n);
/*
 * Do the page maps, the frames and the translations of the process agree with the source maps? NULL, or which rule is
 * broken, and where.
 */
const char *maps_broken(Proc *, uint64_t *va);

/* ---- files ---- */
struct tfs_file *file_new_with(const char *name, const void *data, uint64_t n);
void file_put(struct tfs_file *);
void file_write(struct tfs_file *, uint64_t off, const void *data, uint64_t n); /* the foreign writer */
void file_read(struct tfs_file *, uint64_t off, void *data, uint64_t n);
void file_truncate(struct tfs_file *, uint64_t n);
uint64_t file_length(struct tfs_file *);
uint64_t file_version(struct tfs_file *);
struct tfs_space space_now(void);

#endif

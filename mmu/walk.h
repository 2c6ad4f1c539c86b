/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address translation as the privileged spec's 4.3.2 says: bare, Sv39, Sv48.
 * A pure function of the context, the address and memory.
 */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include <stdbool.h>
#include <stdint.h>

enum mmu_access { MMU_LOAD, MMU_STORE, MMU_FETCH };

enum mmu_privilege { MMU_USER = 0, MMU_SUPERVISOR = 1, MMU_MACHINE = 3 };

enum { MMU_READ = 1, MMU_WRITE = 2, MMU_EXEC = 4 };

/* Why a translation was refused: each is one rule of the spec. */
enum mmu_refusal {
    MMU_OK,
    MMU_BAD_MODE,        /* satp.MODE is none that is implemented */
    MMU_NOT_CANONICAL,   /* the high bits are not copies of the top address bit */
    MMU_NO_TABLE,        /* a page table lies outside of memory: an access fault, all others are page faults */
    MMU_INVALID,         /* V = 0 */
    MMU_RESERVED,        /* a reserved bit is set */
    MMU_WRITE_ONLY,      /* W without R */
    MMU_NO_LEAF,         /* a pointer at the last level */
    MMU_POINTER_BITS,    /* A, D or U in a pointer to the next level */
    MMU_MISALIGNED,      /* superpage whose PPN is not aligned to its size */
    MMU_SUPERVISOR_PAGE, /* user mode at a page without U */
    MMU_USER_PAGE,       /* supervisor at a page with U: a fetch, or SUM = 0 */
    MMU_NOT_READABLE,
    MMU_NOT_WRITABLE,
    MMU_NOT_EXECUTABLE,
    MMU_NO_ENTRY,        /* software-managed TLB: no entry */
    MMU_WINDOW,          /* the same: user mode in the supervisor's window */
    MMU_NOT_DIRTY,       /* the same: a store at an entry without D */
    MMU_REFUSALS
};

struct mmu_context {
    uint64_t satp;
    enum mmu_privilege privilege; /* effective privilege of the access */
    bool sum;                     /* sstatus.SUM */
    bool mxr;                     /* sstatus.MXR */
};

/* How page tables are reached. Both return false if pa (8-byte aligned) is not memory. */
struct mmu_memory {
    void *arg;
    bool (*read)(void *arg, uint64_t pa, uint64_t *pte);
    bool (*write)(void *arg, uint64_t pa, uint64_t pte); /* NULL: leave A and D as they are (a debugger's walk) */
};

struct mmu_result {
    enum mmu_refusal refusal;
    unsigned rights;     /* MMU_READ... that this context has without a further update of A or D */
    unsigned level;      /* level of the leaf or of the refused entry; 0 is the last */
    uint64_t pa;         /* of va itself, if MMU_OK */
    uint64_t page_bytes; /* size of the page, if MMU_OK; 0 for bare */
    uint64_t pte;        /* the leaf or refused entry; 0 for bare */
    uint64_t pte_pa;     /* where it lies */
};

/* Translates va for one access. Sets A, and D for a store, as QEMU's hart does. Returns refusal == MMU_OK. */
bool mmu_walk(const struct mmu_context *, const struct mmu_memory *, uint64_t va, enum mmu_access, struct mmu_result *);

/*
 * The end of a walk alone, steps 3 and 5 to 8: translates va by a leaf that was found earlier at `level`. Leaves A and D as
 * they are.
 */
bool mmu_leaf(const struct mmu_context *, uint64_t pte, unsigned level, uint64_t va, enum mmu_access, struct mmu_result *);

/* A short phrase naming the rule. */
const char *mmu_refusal_text(enum mmu_refusal);

#endif

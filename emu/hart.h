/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hart: one RV64GC on Unicorn. hart.c runs it, count.c counts what it
 * retires, tlb.c answers its translations, code.c keeps translated code
 * fresh, mode.c changes its privilege mode, trap.c delivers traps, csr.c emulates CSRs.
 *
 * U and S mode run as Unicorn's U and S, M mode as Unicorn's U: there every privileged instruction
 * is illegal, arrives here and is emulated. While in M mode all CSRs but the floating-point ones (with mstatus.FS)
 * are here. In S and U mode the supervisor's sscratch, sepc, scause and stval are in Unicorn, and shadows
 * are kept of what else it holds (its API is slow, and checks the current privilege), always
 * up to date at a block's start: the CSR instruction that changes one ends its
 * block, and `tail` says what to do about it before the next block.
 */
#ifndef EMU_HART_H
#define EMU_HART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#include "../mmu/walk.h"
#include "csr.h"
#include "ecalls.h"
#include "pmp.h"

struct access_tracer;
struct machine;
struct stops;
struct tlb_model;

/* Interrupt codes; bit numbers of mip (privileged spec, 3.1.9) */
enum { IRQ_SSOFT = 1, IRQ_MSOFT = 3, IRQ_STIMER = 5, IRQ_MTIMER = 7, IRQ_SEXT = 9, IRQ_MEXT = 11 };

/* Exception codes (table 3.6) */
enum {
    EXC_FETCH_MISALIGNED = 0,
    EXC_FETCH_ACCESS = 1,
    EXC_ILLEGAL = 2,
    EXC_BREAKPOINT = 3,
    EXC_LOAD_MISALIGNED = 4,
    EXC_LOAD_ACCESS = 5,
    EXC_STORE_MISALIGNED = 6,
    EXC_STORE_ACCESS = 7,
    EXC_ECALL_U = 8,
    EXC_ECALL_S = 9,
    EXC_ECALL_M = 11,
    EXC_FETCH_PAGE = 12,
    EXC_LOAD_PAGE = 13,
    EXC_STORE_PAGE = 15,
};

#define CAUSE_INTERRUPT (1ull << 63)

#define IRQS_SUPERVISOR (1ull << IRQ_SSOFT | 1ull << IRQ_STIMER | 1ull << IRQ_SEXT)
#define IRQS_ALL (IRQS_SUPERVISOR | 1ull << IRQ_MSOFT | 1ull << IRQ_MTIMER | 1ull << IRQ_MEXT)

/* An access that the fill hook refused: delivered when Unicorn has returned. */
struct fault {
    bool valid;
    bool watched;     /* only a watchpoint forbids it: nothing is delivered */
    bool crossing;    /* the instruction begins on the page before: its pc is page - 2 */
    unsigned code;
    uint64_t pc, tval;
    uint64_t page;    /* the page that was refused */
};

#define COUNT_ENTRIES 65536

/* What a block holds: see count.c. */
struct block {
    uint64_t pc;
    uint64_t key;   /* code_key | bytes */
    uint32_t insns;
    uint32_t tail;  /* what its last instruction asks for */
    uint32_t bytes;
    uint16_t loads, stores; /* instructions that are such; counted for a TLB model only */
};

#define SPACES 256
#define FETCHED 4096

struct fetched {
    uint64_t page; /* virtual page | space */
    uint64_t pa;
};

struct hart {
    uc_engine *uc;
    struct machine *machine;

    /* counting: the block hook's own words first */
    uint64_t insns;    /* retired before the current block */
    uint64_t deadline; /* stop before a block if so many are retired */
    const struct block *block; /* the one that runs now; &count_none: none */
    struct block *blocks;      /* COUNT_ENTRIES, by hash of pc */
    uint64_t code_key;         /* in the key of every block: code version and address space */

    bool stopped;  /* our own uc_emu_stop is under way */
    bool waiting;  /* in wfi */
    bool special;  /* stopped before a block with an instruction that is not Unicorn's to run */
    bool fs_off;   /* floating point is off: in the key of every block, since Unicorn lets some of its instructions pass */
    bool returned; /* an sret to user mode has been counted; where it goes on is not known yet */
    bool stale;    /* a soft TLB entry is not what an access of the guest would have made: flush */
    bool identity; /* the fill hook answers pa = va: for maintenance (code.c) */
    struct fault fault;
    uint64_t crossing; /* run up to here, then refuse the fetch; 0: no such thing under way */
    unsigned crossing_code;

    uint64_t pc; /* where to go on, while Unicorn does not run */
    uint64_t interrupts; /* taken */

    /* a block that is run in pieces: step.c */
    bool midway;    /* `block` is under way: what lies before pc is done, and not yet counted */
    bool resuming;  /* the next block that is announced is a piece of it */
    bool hold;      /* a fetch does not mean that `block` is over */
    bool cut;       /* `block` ends before an instruction that traps when it is fetched: no place for interrupts */
    bool announced;        /* the hook stopped before this block: */
    uint64_t announced_pc;
    uint32_t announced_bytes;


    struct tlb_model *tlb; /* NULL: TLBs are not modelled */
    struct access_tracer *access; /* NULL: accesses are not recorded */
    uint64_t stlbhi;       /* CSR of a software-managed TLB: the page that stlblo is about (docs/softtlb.md) */

    /* debugger */
    struct stops *stops;   /* breakpoints and watchpoints; NULL: no debugger */
    bool watch_off;        /* watchpoints are asleep */

    enum mmu_privilege privilege;
    bool sbi; /* a supervisor's ecall is the host's to answer: there is no M mode */

    /*
     * CSRs. mstatus is up to date at a block's start, but for FS: from initial or clean it may have become dirty in
     * Unicorn.
     * Those of the second line are Unicorn's while not in M mode, those of the third are in both.
     */
    uint64_t mstatus, medeleg, mideleg, mie, mtvec, mscratch, mepc, mcause, mtval, menvcfg, satp, senvcfg, stimecmp;
    uint64_t sscratch, sepc, scause, stval;
    uint64_t stvec;
    uint32_t scounteren;
    uint32_t mcounteren, mcountinhibit;
    uint64_t cycle, instret; /* less h->insns, or, while inhibited, the value */
    struct pmp pmp;
    bool sum, mxr;           /* of mstatus, always up to date */
    bool dirty;              /* in M mode: Unicorn's copies of the supervisor's CSRs are out of date */
    unsigned data_context;   /* what M mode's data accesses are translated by: mode.c */
    uc_context *saved;       /* room for Unicorn's state: mode.c */

    uint64_t lines; /* mip; Unicorn's own mip and mie stay 0, or it would deliver interrupts itself */
    bool seip;      /* the software's half of mip.SEIP; the PLIC's half is in lines */

    /* code: code.c */
    uint8_t *frame_state;          /* per frame of RAM: enum frame_state */
    uint64_t code_version;
    uint64_t spaces[SPACES];       /* satp values seen, by slot */
    unsigned space;                /* the current one's slot */
    struct fetched *fetched;       /* which frame a virtual page was fetched from */
    uint64_t near_page, near_key;  /* the last page that code was read from, and its bytes */
    const uint8_t *near_bytes;
};

int hart_init(struct hart *, struct machine *, char *err, size_t errlen);
int hart_init_memory(struct hart *, char *err, size_t errlen); /* when RAM is known */
void hart_free(struct hart *);
/*
 * Sets the hart to begin at pc (physical) with a0 = hart id, a1 = fdt_pa: in machine mode in the state of a reset
 * (privileged spec, 3.4), in supervisor mode as the SBI promises it.
 */
void hart_enter(struct hart *, enum mmu_privilege, uint64_t pc, uint64_t fdt_pa);

/* Runs until the deadline, a wfi, or machine_stop. */
void hart_run(struct hart *);
/* The same until Unicorn comes back for whatever reason. */
void hart_run_once(struct hart *);
/* Makes hart_run return before the next block. */
void hart_look_up(struct hart *);
void hart_set_line(struct hart *, unsigned irq, bool high);
/* True if a pending interrupt is enabled, so that wfi ends. */
bool hart_wakes(struct hart *);
/* Delivers the most important interrupt if one is pending and enabled. */
void hart_interrupt(struct hart *);

uint64_t hart_reg(const struct hart *, int reg);
void hart_set_reg(struct hart *, int reg, uint64_t value);
enum mmu_privilege hart_privilege(const struct hart *);
uint64_t hart_block_pc(const struct hart *);

/* ---- count.c ---- */
extern const struct block count_none;
void count_hook(uc_engine *, uint64_t pc, uint32_t size, void *hart);
void count_hook_watched(uc_engine *, uint64_t pc, uint32_t size, void *hart);
/* A block begins to run: says so to those who watch. */
void count_begun(struct hart *);
/* The current block is over up to, not including, the instruction at pc (anywhere else: all of it). */
void count_retire(struct hart *, uint64_t pc);
/* If the current block has run to its end: count it and do its tail's work. */
void count_settle(struct hart *);
/* The entry of a block in the cache. */
const struct block *count_block(struct hart *, uint64_t pc, uint32_t bytes);
/* Instructions that begin in [pc, end). */
uint32_t count_between(struct hart *, uint64_t pc, uint64_t end);
/* The same, and how many of them load and store. */
uint32_t count_accesses(struct hart *, uint64_t pc, uint64_t end, uint32_t *loads, uint32_t *stores);
/* Is this instruction to be emulated by the host now, as things stand at its block's start? */
bool count_special(struct hart *, uint32_t insn);
/* The first such instruction in [pc, end), or end. */
uint64_t count_find_special(struct hart *, uint64_t pc, uint64_t end);

/* ---- tlb.c ---- */
bool tlb_fill_hook(uc_engine *, uint64_t page, uc_mem_type, uc_tlb_entry *, void *hart);
/* Where va lies in host memory, without side effects; NULL unless `bytes` bytes from there are on one page of RAM. */
const uint8_t *tlb_look(struct hart *, uint64_t va, enum mmu_access, unsigned bytes);
/* Sets A and D as an access does. */
void tlb_visit(struct hart *, uint64_t va, enum mmu_access);
/* The same as a physical address. False: not mapped to RAM. */
bool tlb_physical(struct hart *, uint64_t va, enum mmu_access, uint64_t *pa);
/* A walk without side effects, and the entries that it read, from the root on. False: refused. */
struct tlb_walk {
    struct mmu_result result;
    unsigned n;
    uint64_t pa[4], pte[4];
};
bool tlb_walk(struct hart *, uint64_t va, enum mmu_access, struct tlb_walk *);
/* The instruction at va, 16 or 32 bits. False if it cannot be read. */
bool tlb_instruction(struct hart *, uint64_t va, uint32_t *insn);

/* ---- code.c ---- */
enum frame_state { FRAME_NEW, FRAME_WRITABLE, FRAME_CODE };
void code_fetched(struct hart *, uint64_t va_page, uint64_t pa_page);
void code_stored(struct hart *, uint64_t pa_page);
bool code_frame(const struct hart *, uint64_t pa); /* the frame's code may be translated */
void hart_code_written(struct hart *, uint64_t pa, uint64_t bytes);
void code_forget(struct hart *, uint64_t pa, uint64_t bytes); /* drops the translations of a range within a frame */
void code_space(struct hart *); /* satp changed */
void code_status(struct hart *, uint64_t mstatus); /* mstatus.FS may have changed */
void code_new_version(struct hart *); /* what is known of blocks is forgotten */

/* ---- mode.c ---- */
/* The mode that Unicorn is in when the guest is in this one. */
static inline enum mmu_privilege mode_engine(enum mmu_privilege privilege)
{
    return privilege == MMU_MACHINE ? MMU_USER : privilege;
}
/* Into M mode (from any; epc and cause are the caller's business), and out of it. */
void mode_enter_machine(struct hart *);
void mode_leave_machine(struct hart *, enum mmu_privilege);
/* All of mstatus as it is read. */
uint64_t mode_status(struct hart *);
/* h->mstatus with the right FS, on the way into a trap: may leave Unicorn in S mode. */
uint64_t mode_trap_status(struct hart *);
/* Sets h->mstatus and its shadows, nothing else. */
void mode_take_status(struct hart *, uint64_t mstatus);
void mode_set_status(struct hart *, uint64_t value);
/* Something changed that M mode's data accesses are translated by. */
void mode_changed(struct hart *);
/* Outside of M mode: copies the supervisor's CSRs from Unicorn, without a trace in it; and back. */
void mode_peek(struct hart *);
void mode_poke(struct hart *);
/* A floating-point CSR by Unicorn's name, whatever FS says. */
uint64_t mode_read_fp(struct hart *, int reg);
void mode_write_fp(struct hart *, int reg, uint64_t value);
/* The privilege that an access is translated with (MPRV). */
enum mmu_privilege mode_of_access(const struct hart *, enum mmu_access);

/* ---- trap.c ---- */
void trap_exception(struct hart *, unsigned code, uint64_t epc, uint64_t tval);
void trap_hook(uc_engine *, uint32_t number, void *hart);
bool trap_invalid_hook(uc_engine *, void *hart);
/* If the hart has just returned to user mode: it goes on at pc. */
static inline void trap_returned(struct hart *h, uint64_t pc)
{
    if (h->returned) {
        h->returned = false;
        ecalls_returned(h->machine, pc);
    }
}
/* Pending interrupts: mip. */
uint64_t trap_pending(const struct hart *);
/* Interrupts may have become pending or enabled: have the run loop look before the next block. */
void trap_look(struct hart *);
/* The instruction at pc is not Unicorn's to run: emulates it, or delivers its exception; h->pc is where to go on. */
void trap_instruction(struct hart *, uint64_t pc);

/* ---- step.c ---- */
/* Goes on with the block that is under way (h->midway) up to `to`, the address of one of its instructions or its end. */
void step_advance(struct hart *, uint64_t to);
/* The same up to its end. */
void step_finish(struct hart *);
/* Runs the block that was announced up to its last instruction, and emulates that (h->special). */
void step_special(struct hart *);
/* Retired instructions, those of a block under way included. */
uint64_t step_retired(struct hart *);
/* A position in the run: each step adds exactly one. */
uint64_t step_position(struct hart *);
/* Makes the block that was announced (h->announced) the one under way. */
void step_open(struct hart *);
/* Has Unicorn announce the block at pc and opens it. False: a trap came first. */
bool step_begin(struct hart *);
/* The block under way goes on at the instruction that a watchpoint stopped. */
void step_watched(struct hart *);
/* One piece of the block under way: its next instruction. */
void step_one(struct hart *);

/* ---- csr.c ---- */
/*
 * Any CSR by its number, between two blocks, whatever the current mode may do; a write has all its effects, as if the
 * instruction had been executed. False: there is no such CSR (or it cannot be written).
 */
bool csr_get(struct hart *, unsigned csr, uint64_t *value);
bool csr_set(struct hart *, unsigned csr, uint64_t value);
/* Emulates a CSR instruction that Unicorn called illegal. False: it is illegal. */
bool csr_emulate(struct hart *, uint32_t insn);
/* May the current mode read counter 0xc00 + i? (3.1.11, 4.1.5) */
bool csr_counter_allowed(const struct hart *, unsigned i);
/* mcycle or minstret when `insns` instructions have been retired. */
uint64_t csr_counter(const struct hart *, unsigned csr, uint64_t insns);
/* The supervisor's timer: stimecmp. */
void csr_set_stimecmp(struct hart *, uint64_t ticks);

#endif

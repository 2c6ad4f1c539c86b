/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine: one RV64GC hart on Unicorn, the `virt` board around it, virtual
 * time. docs/machine.md describes it as a guest sees it.
 */
#ifndef TARRY_MACHINE_H
#define TARRY_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_options;
struct calls;
struct disk_faults;
struct image;
struct input_log;
struct machine;
struct recorder;
struct tlb_options;

/* Timing of a disk, all in virtual time. */
struct disk_model {
    uint64_t access_ns;      /* per request */
    uint64_t seek_ns;        /* more, if the request does not begin where the last one ended */
    uint64_t ns_per_sector;  /* transfer */
    uint64_t flush_ns;
};

/* name: nvme, ssd, hdd, none, or "access_ns,seek_ns,ns_per_sector,flush_ns". Returns 0, or -1 with a message. */
int disk_model_parse(const char *name, struct disk_model *, char *err, size_t errlen);

#define MACHINE_DISKS 8

/* What the hart's satp.MODE takes beside bare; also said in the device tree (mmu-type). */
enum machine_mmu { MMU_SV39_SV48, MMU_SV39_ONLY, MMU_SV39_SOFTTLB };

struct machine_config {
    uint64_t ram_bytes;             /* multiple of 4096, at least 4 MiB */
    const char *bootargs;           /* /chosen/bootargs; NULL: none */
    struct image *disks[MACHINE_DISKS]; /* virtio-mmio slot i; NULL: empty */
    struct disk_model disk_model;
    const struct disk_faults *disk_faults; /* which requests fail (disk_fault.h); NULL: none. Must outlive the machine. */
    int console_in;                 /* file descriptor read for console input; -1: none */
    bool busy_input;                /* a guest that has not waited for 1 s gets a byte every 10 ms if it takes interrupts for it */
    int console_out;                /* written with console output; -1: nowhere */
    struct input_log *input;        /* keeps what was typed, or replays it (input.h); NULL: neither */
    uint64_t insn_ns;               /* virtual time that an instruction takes; 0: 1 */
    uint64_t max_insns;             /* stop after so many; 0: no limit */
    enum machine_mmu mmu;           /* MMU_SV39_SOFTTLB needs a TLB model with one array (tlb_options_soft) */
    const struct tlb_options *tlb;  /* a TLB model (tlb_model.h); NULL: none. Must outlive machine_new */
    const struct calls *calls;      /* what is known of the kernel's system calls (calls.h); NULL: nothing. Must outlive the machine. */
    const struct access_options *access; /* accesses and samples for the recorder (access.h); NULL: none. Must outlive the machine */
    struct recorder *recorder;      /* NULL: no trace; the guest sees no difference */
};

enum machine_stop {
    STOP_NONE,
    STOP_EXIT,        /* the guest powered off: status is its exit status */
    STOP_RESET,       /* the guest asked for a reboot: treated as power off by the commands */
    STOP_LIMIT,       /* max_insns reached */
    STOP_INTERRUPTED, /* machine_interrupt was called, or ctrl-A x on the console */
    STOP_POWER,       /* a disk fault cut the power: message */
    STOP_HUNG,        /* the hart waits for an interrupt that cannot come */
    STOP_ERROR        /* the run cannot go on: message says why */
};

struct machine_result {
    enum machine_stop stop;
    int status;            /* STOP_EXIT: 0 for success */
    uint64_t instructions; /* retired */
    uint64_t virtual_ns;
    char message[256];
};

struct machine *machine_new(const struct machine_config *, char *err, size_t errlen);
/*
 * Loads a supervisor kernel ELF (RV64, little-endian; by physical addresses), makes the device tree and sets
 * the hart to enter it with a0 = hart id, a1 = device tree (SBI 2.0, Linux' boot convention).
 * Returns 0, or -1 with a message naming the file and the remedy.
 */
int machine_load_kernel(struct machine *, const char *path, char *err, size_t errlen);
/* Runs until the guest stops or a limit is met. */
void machine_run(struct machine *, struct machine_result *);
/*
 * Runs like machine_run, but returns with result.stop == STOP_NONE at the first end of a block of code where at
 * least `insns` more instructions are retired (1: after each block). The run goes on as if it had not been interrupted.
 */
void machine_run_for(struct machine *, uint64_t insns, struct machine_result *);
/*
 * One step: exactly one instruction is retired, or one trap or interrupt is taken (a wait for an interrupt that comes
 * is part of the step after the wfi). What the guest sees is the same as if it ran: in the middle of a
 * block of code no interrupt is taken, and no device's time comes. Steps and runs may be mixed.
 */
void machine_step(struct machine *, struct machine_result *);
/* At the end of a run, before the recorder is closed: hands over the accesses that it has not yet got. */
void machine_access_finish(struct machine *);
/* At the end of a run: writes what the TLB model counted, if there is one, as rows of the trace. */
void machine_tlb_report(struct machine *);
/* Async-signal-safe: makes machine_run return soon with STOP_INTERRUPTED. */
void machine_interrupt(struct machine *);
void machine_free(struct machine *);

#endif

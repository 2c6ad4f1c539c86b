/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that every command which runs a machine has. */
#ifndef TARRY_COMMON_OPTIONS_H
#define TARRY_COMMON_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "../traces/choice.h"
#include "access.h"
#include "debug/options.h"
#include "disk_fault.h"
#include "machine.h"
#include "session.h"
#include "tlb_model.h"

struct common_options {
    const char *db;           /* -o; NULL: no trace */
    uint64_t ram_bytes;       /* --mem */
    const char *disk_name;    /* --disk-model as typed */
    struct disk_model disk_model;
    struct disk_faults disk_faults;
    uint64_t insn_ns;         /* --insn-ns */
    uint64_t max_insns;       /* 0: no limit */
    uint64_t timeout_seconds; /* 0: no limit */
    struct choice trace;      /* --trace and its companions */
    enum machine_mmu mmu;     /* --mmu */
    const char *mmu_name;     /* as typed; NULL: not */
    const char *pagetable;    /* form of softtlb's page table; NULL: not said */
    struct tlb_options tlb;   /* --tlb, --stale-tlb */
    struct access_options access; /* --trace access, --access-window, --sample */
    struct debug_options debug;
};

/* For a command's getopt_long; their values are above all characters. */
enum { OPT_MEM = 0x200, OPT_DISK_MODEL, OPT_MAX_INSNS, OPT_TIMEOUT, OPT_TRACE, OPT_TRACE_PROCESS, OPT_TRACE_SEGMENT,
       OPT_TRACE_ADDRESS, OPT_TRACE_WAIT, OPT_DISK_FAULT, OPT_INSN_NS, OPT_TLB, OPT_STALE_TLB, OPT_MMU,
       OPT_ACCESS_WINDOW, OPT_SAMPLE, OPT_DEBUG };
#define COMMON_SHORT "o:h"
#define COMMON_LONG \
    {"output", 1, 0, 'o'}, {"mem", 1, 0, OPT_MEM}, {"disk-model", 1, 0, OPT_DISK_MODEL}, \
    {"trace-process", 1, 0, OPT_TRACE_PROCESS}, {"trace-segment", 1, 0, OPT_TRACE_SEGMENT}, \
    {"trace-address", 1, 0, OPT_TRACE_ADDRESS}, {"trace-wait", 0, 0, OPT_TRACE_WAIT}, \
    {"max-insns", 1, 0, OPT_MAX_INSNS}, {"timeout", 1, 0, OPT_TIMEOUT}, {"trace", 1, 0, OPT_TRACE}, DEBUG_LONG(OPT_DEBUG), \
    {"tlb", 1, 0, OPT_TLB}, {"stale-tlb", 0, 0, OPT_STALE_TLB}, {"mmu", 1, 0, OPT_MMU}, \
    {"access-window", 1, 0, OPT_ACCESS_WINDOW}, {"sample", 1, 0, OPT_SAMPLE}, \
    {"disk-fault", 1, 0, OPT_DISK_FAULT}, {"insn-ns", 1, 0, OPT_INSN_NS}, {"help", 0, 0, 'h'}

void common_defaults(struct common_options *);
/* The lines of --help about them. */
void common_help(void);
/* What --help says about exit statuses. */
void common_status_help(void);
/* Takes option c. False after a message. Only for options of COMMON_LONG but help. */
bool common_take(struct common_options *, int c, char *arg);
/* Appends what the options say to the facts of a run (run.config). */
void common_config(const struct common_options *, char *config, size_t len);
/* A session as the options say, on this terminal; kernel, disks and facts are the caller's to add. */
struct session common_session(const struct common_options *);
/* To be called when all options are taken. False after a message: they do not fit together. */
bool common_done(struct common_options *);

#endif

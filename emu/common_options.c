/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that every command which runs a machine has. */
#include "common_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

#define MOST_INSN_NS 1000
#define MOST_SECONDS 100000000 /* three years; the host's timers take it */

void common_defaults(struct common_options *o)
{
    char err[256];
    memset(o, 0, sizeof *o);
    o->db = "tarry.db";
    o->ram_bytes = 256u << 20;
    o->disk_name = "nvme";
    choice_default(&o->trace);
    o->insn_ns = 1;
    disk_model_parse(o->disk_name, &o->disk_model, err, sizeof err);
}

void common_help(void)
{
    printf("  -o, --output DB         where the trace goes (tarry.db); none: nowhere\n"
           "      --mem SIZE          memory of the machine, 8M to 64G (256M)\n"
           "      --disk-model M      none, nvme (default), ssd, hdd, or ACCESS,SEEK,SECTOR,FLUSH in ns\n"
           "%s"
           "      --insn-ns N         virtual time of an instruction in ns, 1 (default) to 1000: how fast the hart is\n"
           "                          beside its disks and timers\n"
           "      --mmu MODE          how addresses are translated: sv39, sv48, or softtlb, a TLB that the kernel fills from\n"
           "                          its segments (softtlb:segments) or a hashed table (softtlb:hash); docs/softtlb.md\n"
           "%s"
           "      --max-insns N       stop after N instructions\n"
           "      --timeout SECONDS   stop after so much time of the host\n"
           "      --trace WHAT        what to record: default, all, none, or groups of events with commas between (fault,\n"
           "                          disk, syscall, ...; -GROUP leaves one out); docs/trace.md lists them\n"
           "      --trace-process P   only of processes that run program P or have this pid, and what they bring about\n"
           "      --trace-segment S   only of segments of a type (defer, data, ...) or that hold an address\n"
           "      --trace-address A-B only about these addresses; filters take lists with commas between\n"
           "      --trace-wait        nothing until the guest says 'trace on'\n"
           "%s", disk_fault_help, tlb_options_help, access_options_help);
    debug_help();
    printf("  -h, --help\n");
}

void common_status_help(void)
{
    printf("Sizes take k, M, G, T. If the run does not end by itself the status is 124 (limit), 125 (the machine\n"
           "could not go on), or 130 (interrupted); 2 is misuse or unusable input.\n");
}

static bool take_memory(struct common_options *o, const char *arg)
{
    if (parse_size(arg, &o->ram_bytes) && o->ram_bytes >= 8u << 20 && o->ram_bytes <= 64ull << 30 &&
        o->ram_bytes % 4096 == 0)
        return true;
    say("--mem %s: needs a size from 8M to 64G, a multiple of 4k", arg);
    return false;
}

/* What a parser said of an option's value: rc is 0, or -1 with a message. */
static bool took(const char *option, const char *arg, int rc, const char *err)
{
    if (rc != 0)
        say("--%s %s: %s", option, arg, err);
    return rc == 0;
}

static bool take_mmu(struct common_options *o, const char *arg)
{
    static const char *const names[] = {
        [MMU_SV39_SV48] = "sv48", [MMU_SV39_ONLY] = "sv39", [MMU_SV39_SOFTTLB] = "softtlb",
    };
    o->mmu_name = arg;
    o->pagetable = NULL;
    if (!strcmp(arg, "softtlb:segments") || !strcmp(arg, "softtlb:hash")) {
        o->pagetable = strchr(arg, ':') + 1;
        o->mmu = MMU_SV39_SOFTTLB;
        return true;
    }
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(arg, names[i])) {
            o->mmu = (enum machine_mmu)i;
            return true;
        }
    say("--mmu %s: needs sv39, sv48, softtlb, softtlb:segments or softtlb:hash", arg);
    return false;
}

bool common_take(struct common_options *o, int c, char *arg)
{
    char err[400];
    switch (c) {
    case 'o':
        o->db = arg;
        return true;
    case OPT_MEM:
        return take_memory(o, arg);
    case OPT_DISK_MODEL:
        o->disk_name = arg;
        return took("disk-model", arg, disk_model_parse(arg, &o->disk_model, err, sizeof err), err);
    case OPT_DISK_FAULT:
        return took("disk-fault", arg, disk_faults_add(&o->disk_faults, arg, err, sizeof err), err);
    case OPT_INSN_NS:
        if (parse_count(arg, &o->insn_ns) && o->insn_ns && o->insn_ns <= MOST_INSN_NS)
            return true;
        say("--insn-ns %s: needs a number from 1 to %d", arg, MOST_INSN_NS);
        return false;
    case OPT_MAX_INSNS:
        if (parse_count(arg, &o->max_insns) && o->max_insns)
            return true;
        say("--max-insns %s: needs a number above 0", arg);
        return false;
    case OPT_TIMEOUT:
        if (parse_count(arg, &o->timeout_seconds) && o->timeout_seconds && o->timeout_seconds <= MOST_SECONDS)
            return true;
        say("--timeout %s: needs a number of seconds above 0", arg);
        return false;
    case OPT_MMU:
        return take_mmu(o, arg);
    case OPT_TLB:
        return took("tlb", arg, tlb_options_parse(&o->tlb, arg, err, sizeof err), err);
    case OPT_STALE_TLB:
        o->tlb.stale = true;
        return o->tlb.on || took("tlb", "default", tlb_options_parse(&o->tlb, "default", err, sizeof err), err);
    case OPT_TRACE:
        return took("trace", arg, choice_groups(&o->trace, arg, err, sizeof err), err);
    case OPT_TRACE_PROCESS:
        return took("trace-process", arg, choice_process(&o->trace, arg, err, sizeof err), err);
    case OPT_TRACE_SEGMENT:
        return took("trace-segment", arg, choice_segment(&o->trace, arg, err, sizeof err), err);
    case OPT_TRACE_ADDRESS:
        return took("trace-address", arg, choice_address(&o->trace, arg, err, sizeof err), err);
    case OPT_ACCESS_WINDOW:
        return took("access-window", arg, access_window_parse(&o->access, arg, err, sizeof err), err);
    case OPT_SAMPLE:
        return took("sample", arg, access_sample_parse(&o->access, arg, err, sizeof err), err);
    case OPT_TRACE_WAIT:
        choice_wait(&o->trace);
        return true;
    default:
        return debug_take(&o->debug, c - OPT_DEBUG, arg);
    }
}

void common_config(const struct common_options *o, char *config, size_t len)
{
    size_t at = strlen(config);
    if (o->insn_ns != 1)
        at += (size_t)snprintf(config + at, len - at, " insn-ns=%llu", (unsigned long long)o->insn_ns);
    if (o->mmu_name)
        at += (size_t)snprintf(config + at, len - at, " mmu=%s", o->mmu_name);
    if (o->tlb.on)
        at += (size_t)snprintf(config + at, len - at, " tlb='%s'%s", o->tlb.text, o->tlb.stale ? " stale-tlb" : "");
    if (*o->disk_faults.text)
        snprintf(config + at, len - at, " disk-fault='%s'", o->disk_faults.text);
}

struct session common_session(const struct common_options *o)
{
    return (struct session){
        .db = o->db,
        .config = {
            .ram_bytes = o->ram_bytes,
            .disk_model = o->disk_model,
            .disk_faults = &o->disk_faults,
            .console_in = STDIN_FILENO,
            .console_out = STDOUT_FILENO,
            .insn_ns = o->insn_ns,
            .mmu = o->mmu,
            .tlb = &o->tlb,
            .access = &o->access,
            .max_insns = o->max_insns,
        },
        .timeout_seconds = o->timeout_seconds,
        .debug = o->debug,
    };
}

/* Accesses are by process and by address; what segment they are of nobody looks up for each. */
static bool access_done(struct common_options *o)
{
    o->access.trace = choice_accesses(&o->trace);
    o->access.choice = &o->trace;
    if (o->access.window && !o->access.trace && !o->access.sample) {
        say("--access-window: there are no accesses to choose from; add --trace access or --sample N");
        return false;
    }
    if (o->access.trace && o->trace.nsegments) {
        say("--trace-segment does not choose accesses; give --trace-address the addresses of the segment");
        return false;
    }
    return true;
}

bool common_done(struct common_options *o)
{
    char err[200];
    if (!access_done(o))
        return false;
    if (o->mmu == MMU_SV39_SOFTTLB && tlb_options_soft(&o->tlb, err, sizeof err) != 0) {
        say("--mmu %s: %s", o->mmu_name, err);
        return false;
    }
    if (o->trace.none || !strcmp(o->db, "none"))
        o->db = NULL;
    return true;
}

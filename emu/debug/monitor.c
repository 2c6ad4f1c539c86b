/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of `monitor` in GDB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../traces/events.h"
#include "../../traces/recorder.h"
#include "../machine_priv.h"
#include "debug.h"
#include "monitor.h"

struct command {
    const char *name, *args, *what;
    int least, most; /* words after the name */
    void (*run)(struct debug *, const struct words *);
};

bool monitor_number(struct debug *d, const char *text, uint64_t *value)
{
    char *end;
    *value = strtoull(text, &end, 0);
    if (*text && *text != '-' && !*end)
        return true;
    gdb_print(d, "%s: not a number\n", text);
    return false;
}

const char *monitor_mode(enum mmu_privilege p)
{
    return p == MMU_MACHINE ? "M" : p == MMU_SUPERVISOR ? "S" : "U";
}

/* ---- memory ---- */

static void xp(struct debug *d, const struct words *w)
{
    uint64_t pa, n = 1, value;
    if (!monitor_number(d, w->word[1], &pa) || (w->n > 2 && !monitor_number(d, w->word[2], &n)))
        return;
    n = n < 512 ? n : 512;
    for (uint64_t i = 0; i < n; i++, pa += 8) {
        const void *host = ram_at(d->machine, pa, 8);
        if (!host) {
            gdb_print(d, "0x%llx: not RAM\n", (unsigned long long)pa);
            return;
        }
        memcpy(&value, host, 8);
        gdb_print(d, "0x%llx: 0x%016llx\n", (unsigned long long)pa, (unsigned long long)value);
    }
}

static void physical(struct debug *d, const struct words *w)
{
    bool on = !strcmp(w->word[1], "on");
    if (!on && strcmp(w->word[1], "off")) {
        gdb_print(d, "physical needs on or off\n");
        return;
    }
    d->shared->physical = on;
    gdb_print(d, "GDB's memory is %s now; 'flushregs' or a step makes GDB read it again\n",
              on ? "physical" : "what the hart sees");
}

/* ---- time ---- */

void monitor_moved(struct debug *d)
{
    struct hart *h = &d->machine->hart;
    uint64_t insns = step_retired(h);
    gdb_print(d, "%llu instructions retired, %llu interrupts taken, virtual time %llu ns, mode %s, pc 0x%llx%s\n",
              (unsigned long long)insns, (unsigned long long)h->interrupts,
              (unsigned long long)clock_after(d->machine, insns), monitor_mode(hart_privilege(h)),
              (unsigned long long)h->pc, h->waiting ? ", waiting for an interrupt" : "");
}

static void when(struct debug *d, const struct words *w)
{
    (void)w;
    monitor_moved(d);
}

static void go_to(struct debug *d, const struct words *w)
{
    uint64_t insns;
    if (!monitor_number(d, w->word[1], &insns))
        return;
    gdb_print(d, "going to instruction %llu; 'maintenance flush register-cache' makes GDB look again\n",
              (unsigned long long)insns);
    if (d->travels)
        travel_to_insns(d, insns);
    else
        travel_forward_insns(d, insns);
    monitor_moved(d);
}

static void checkpoints(struct debug *d, const struct words *w)
{
    const struct travel *t = &d->shared->travel;
    uint64_t after = 0;
    (void)w;
    for (int n = 0; n < CHECKPOINTS; n++) {
        int next = -1;
        for (int i = 0; i < CHECKPOINTS; i++)
            if (t->points[i].pid && (n == 0 || t->points[i].position > after) &&
                (next < 0 || t->points[i].position < t->points[next].position))
                next = i;
        if (next < 0)
            return;
        after = t->points[next].position;
        gdb_print(d, "instruction %llu, process %d\n", (unsigned long long)t->points[next].insns,
                  (int)t->points[next].pid);
    }
}

/* ---- the guest, as its events tell ---- */

static void print_text(struct debug *d, uint64_t string)
{
    size_t n;
    const char *text = recorder_text(d->machine->trace.recorder, string, &n);
    gdb_print(d, "%.*s", text ? (int)(n < 200 ? n : 200) : 1, text ? text : "?");
}

static void print_proc(void *arg, uint64_t id, uint64_t proc, const uint64_t *cols)
{
    struct debug *d = arg;
    (void)proc;
    gdb_print(d, "%s event %llu, pid %llu, parent event %llu: ", id == d->machine->trace.proc ? "*" : " ",
              (unsigned long long)id, (unsigned long long)cols[0], (unsigned long long)cols[1]);
    print_text(d, traceport_program(d->machine, id));
    gdb_print(d, "\n");
}

static void procs(struct debug *d, const struct words *w)
{
    (void)w;
    recorder_each_open(d->machine->trace.recorder, EV_process, print_proc, d);
    gdb_print(d, "(those that the guest has told of; * runs now)\n");
}

static void print_segment(void *arg, uint64_t id, uint64_t proc, const uint64_t *cols)
{
    static const char *const types[] = {"text", "data", "stack", "memory", "defer"};
    struct debug *d = arg;
    gdb_print(d, "event %llu, made by process %llu: %s, 0x%llx-0x%llx%s", (unsigned long long)id,
              (unsigned long long)proc, cols[0] < 5 ? types[cols[0]] : "?", (unsigned long long)cols[2],
              (unsigned long long)(cols[2] + cols[3] - 1), cols[4] ? ", shared" : "");
    if (cols[5])
        gdb_print(d, ", forked from %llu", (unsigned long long)cols[5]);
    gdb_print(d, "\n");
}

static void segments(struct debug *d, const struct words *w)
{
    (void)w;
    recorder_each_open(d->machine->trace.recorder, EV_segment, print_segment, d);
    gdb_print(d, "(lengths as they were made)\n");
}

static void event(struct debug *d, const struct words *w)
{
    const struct debug_options *o = d->options;
    (void)w;
    gdb_print(d, "%llu events so far; the newest trap is event %llu\n",
              (unsigned long long)recorder_events(d->machine->trace.recorder),
              (unsigned long long)d->machine->trace.last_trap);
    if (o->event)
        gdb_print(d, "came here for event %llu: %s, instruction %llu, pc 0x%llx\n", (unsigned long long)o->event,
                  o->event_kind, (unsigned long long)o->event_insn, (unsigned long long)o->event_pc);
}

/* ---- the commands ---- */

static void help(struct debug *d, const struct words *w);

static const struct command commands[] = {
    {"help", "", "this list", 0, 0, help},
    {"walk", "VA", "the page-table entries that translate VA, and what each kind of access would get", 1, 1, monitor_walk},
    {"pagetable", "[LINES]", "all mappings of the page table in satp", 0, 1, monitor_pagetable},
    {"tlb", "[VA]", "the entries of the TLB model (--tlb), all or those that translate VA", 0, 1, monitor_tlb},
    {"xp", "PA [N]", "N 64-bit words of physical memory", 1, 2, xp},
    {"physical", "on|off", "whether GDB's own memory commands mean physical addresses", 1, 1, physical},
    {"procs", "", "the guest's processes", 0, 0, procs},
    {"segments", "", "the guest's segments", 0, 0, segments},
    {"event", "", "how many events of the trace there were up to here", 0, 0, event},
    {"goto", "N", "to the moment when N instructions are retired, forwards or back", 1, 1, go_to},
    {"checkpoints", "", "copies of the past that going back starts from", 0, 0, checkpoints},
    {"insns", "", "instructions, interrupts and virtual time up to here", 0, 0, when},
    {"time", "", "the same", 0, 0, when},
};
#define NCOMMANDS (sizeof commands / sizeof *commands)

static void help(struct debug *d, const struct words *w)
{
    (void)w;
    for (size_t i = 0; i < NCOMMANDS; i++)
        gdb_print(d, "%-11s %-9s %s\n", commands[i].name, commands[i].args, commands[i].what);
}

void monitor_command(struct debug *d, char *line)
{
    struct words w = {.n = 0};
    for (char *save, *p = strtok_r(line, " \t\r\n", &save); p && w.n < 8; p = strtok_r(NULL, " \t\r\n", &save))
        w.word[w.n++] = p;
    for (size_t i = 0; w.n && i < NCOMMANDS; i++)
        if (!strcmp(w.word[0], commands[i].name)) {
            if (w.n - 1 >= commands[i].least && w.n - 1 <= commands[i].most)
                commands[i].run(d, &w);
            else
                gdb_print(d, "usage: monitor %s %s\n", commands[i].name, commands[i].args);
            return;
        }
    gdb_print(d, "%s: no such command; 'monitor help' lists them\n", w.n ? w.word[0] : "monitor");
}

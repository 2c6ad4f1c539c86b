/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of `monitor` in GDB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../mmu/pte.h"
#include "../../traces/events.h"
#include "../../traces/recorder.h"
#include "../machine_priv.h"
#include "debug.h"

struct words {
    char *word[8];
    int n;
};

struct command {
    const char *name, *args, *what;
    int least, most; /* words after the name */
    void (*run)(struct debug *, const struct words *);
};

static bool number(struct debug *d, const char *text, uint64_t *value)
{
    char *end;
    *value = strtoull(text, &end, 0);
    if (*text && *text != '-' && !*end)
        return true;
    gdb_print(d, "%s: not a number\n", text);
    return false;
}

static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    const void *host = ram_at(arg, pa, sizeof *pte);
    if (host)
        memcpy(pte, host, sizeof *pte);
    return host != NULL;
}

static const char *mode_name(enum mmu_privilege p)
{
    return p == MMU_MACHINE ? "M" : p == MMU_SUPERVISOR ? "S" : "U";
}

/* ---- the page table ---- */

static void print_bits(uint64_t pte, char out[9])
{
    static const char names[] = "VRWXUGAD";
    for (int i = 0; i < 8; i++)
        out[i] = pte >> i & 1 ? names[i] : '-';
    out[8] = '\0';
}

static unsigned levels(uint64_t satp)
{
    return SATP_MODE(satp) == SATP_SV39 ? 3 : SATP_MODE(satp) == SATP_SV48 ? 4 : 0;
}

/* The entries that lead to va, each in words. */
static void print_path(struct debug *d, uint64_t va)
{
    struct machine *m = d->machine;
    uint64_t satp = m->hart.satp, table = SATP_ROOT(satp), pte;
    for (unsigned level = levels(satp); level-- > 0;) {
        uint64_t index = va >> (PAGE_SHIFT_4K + PTE_INDEX_BITS * level) & 511, at = table + 8 * index;
        char bits[9];
        if (!read_pte(m, at, &pte)) {
            gdb_print(d, "  level %u: the entry at 0x%llx is outside of memory\n", level, (unsigned long long)at);
            return;
        }
        print_bits(pte, bits);
        bool leaf = pte & (PTE_R | PTE_X);
        gdb_print(d, "  level %u: entry %llu at 0x%llx = 0x%016llx %s: %s 0x%llx\n", level, (unsigned long long)index,
                  (unsigned long long)at, (unsigned long long)pte, bits,
                  !(pte & PTE_V) ? "not valid"
                  : leaf         ? "page at"
                                 : "table at",
                  (unsigned long long)PTE_TO_PA(pte));
        if (!(pte & PTE_V) || leaf)
            return;
        table = PTE_TO_PA(pte);
    }
}

static void walk(struct debug *d, const struct words *w)
{
    static const char *const verbs[] = {"load", "store", "fetch"};
    struct hart *h = &d->machine->hart;
    struct mmu_memory memory = {d->machine, read_pte, NULL};
    uint64_t va;
    if (!number(d, w->word[1], &va))
        return;
    if (hart_privilege(h) == MMU_MACHINE || !levels(h->satp)) {
        gdb_print(d, "no translation: 0x%llx is the physical address (%s mode, satp 0x%llx)\n", (unsigned long long)va,
                  mode_name(hart_privilege(h)), (unsigned long long)h->satp);
        return;
    }
    gdb_print(d, "0x%llx by sv%u, root 0x%llx, as mode %s:\n", (unsigned long long)va, levels(h->satp) == 3 ? 39 : 48,
              (unsigned long long)SATP_ROOT(h->satp), mode_name(hart_privilege(h)));
    print_path(d, va);
    for (enum mmu_access a = MMU_LOAD; a <= MMU_FETCH; a++) {
        struct mmu_context context = {.satp = h->satp, .privilege = hart_privilege(h), .sum = h->sum, .mxr = h->mxr};
        struct mmu_result r;
        if (mmu_walk(&context, &memory, va, a, &r))
            gdb_print(d, "  %s: physical 0x%llx\n", verbs[a], (unsigned long long)r.pa);
        else
            gdb_print(d, "  %s: refused: %s\n", verbs[a], mmu_refusal_text(r.refusal));
    }
}

/* A run of pages that follow each other on both sides with equal rights. */
struct mapping {
    uint64_t va, pa, bytes, bits;
};

struct listing {
    struct debug *d;
    struct mapping now;
    unsigned lines, most;
};

static void print_mapping(struct listing *l)
{
    char bits[9];
    if (!l->now.bytes)
        return;
    if (l->lines++ < l->most) {
        print_bits(l->now.bits, bits);
        gdb_print(l->d, "0x%016llx-0x%016llx -> 0x%010llx %s %llu KiB\n", (unsigned long long)l->now.va,
                  (unsigned long long)(l->now.va + l->now.bytes - 1), (unsigned long long)l->now.pa, bits,
                  (unsigned long long)l->now.bytes / 1024);
    }
    l->now.bytes = 0;
}

static void add_mapping(struct listing *l, uint64_t va, uint64_t pa, uint64_t bytes, uint64_t bits)
{
    struct mapping *m = &l->now;
    if (m->bytes && m->va + m->bytes == va && m->pa + m->bytes == pa && m->bits == bits) {
        m->bytes += bytes;
        return;
    }
    print_mapping(l);
    *m = (struct mapping){va, pa, bytes, bits};
}

static void list_table(struct listing *l, uint64_t table, unsigned level, uint64_t base)
{
    unsigned shift = PAGE_SHIFT_4K + PTE_INDEX_BITS * level;
    for (uint64_t i = 0; i < 512 && l->lines <= l->most; i++) {
        uint64_t va = base + (i << shift), pte;
        if (level + 1 == levels(l->d->machine->hart.satp) && i >= 256)
            va |= ~0ull << (shift + 9); /* canonical: copies of the top bit */
        if (!read_pte(l->d->machine, table + 8 * i, &pte) || !(pte & PTE_V))
            continue;
        if (pte & (PTE_R | PTE_X))
            add_mapping(l, va, PTE_TO_PA(pte), 1ull << shift, pte & 0xff);
        else if (level)
            list_table(l, PTE_TO_PA(pte), level - 1, va);
    }
}

static void pagetable(struct debug *d, const struct words *w)
{
    struct listing l = {.d = d, .most = 200};
    uint64_t satp = d->machine->hart.satp, most;
    if (w->n > 1) {
        if (!number(d, w->word[1], &most))
            return;
        l.most = most < 100000 ? (unsigned)most : 100000;
    }
    if (!levels(satp)) {
        gdb_print(d, "satp is 0x%llx: no page table\n", (unsigned long long)satp);
        return;
    }
    list_table(&l, SATP_ROOT(satp), levels(satp) - 1, 0);
    print_mapping(&l);
    if (l.lines > l.most)
        gdb_print(d, "more than %u lines; 'monitor pagetable N' prints N\n", l.most);
}

static void tlb(struct debug *d, const struct words *w)
{
    (void)w;
    gdb_print(
        d, "The machine has no TLB that a program could observe: translations are cached by the emulator alone, and\n"
           "every change of them takes effect at the next sfence.vma or write to satp at the latest.\n"
           "'monitor walk VA' and 'monitor pagetable' show what the tables say.\n");
}

/* ---- memory ---- */

static void xp(struct debug *d, const struct words *w)
{
    uint64_t pa, n = 1, value;
    if (!number(d, w->word[1], &pa) || (w->n > 2 && !number(d, w->word[2], &n)))
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
              (unsigned long long)clock_after(d->machine, insns), mode_name(hart_privilege(h)),
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
    if (!number(d, w->word[1], &insns))
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
    {"walk", "VA", "the page-table entries that translate VA, and what each kind of access would get", 1, 1, walk},
    {"pagetable", "[LINES]", "all mappings of the page table in satp", 0, 1, pagetable},
    {"tlb", "", "what there is of a TLB", 0, 0, tlb},
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

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a machine-mode ELF on Tarry and on QEMU and compares them: at the end of each block of code that Tarry ran (or
 * after each instruction, -s) registers, CSRs, pc, privilege and the number of instructions, at the end
 * memory and the exit status.
 *
 *     lockstep [-s] [-r | -t] [-v] [-l STATES] [-f N:WORD:BIT] ELF
 *
 *  -s  one instruction at a time
 *  -r  the reference alone: its exit status
 *  -t  Tarry alone: its exit status
 *  -v  say what was compared, and which exceptions were used
 *  -l  stop after so many instructions (1000000)
 *  -f  a fault on purpose: from instruction N on, flip a bit of one word of Tarry's state once (0..31 x, 32..63 f,
 *      64... CSRs in the order of state.h); the comparison must see it
 *
 * Exits with 0: equal, and the guest's status was 0; 1: they differ; 2: misuse; 3: equal, but the guest's own checks
 * failed.
 */
#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../emu/boot.h"
#include "../../emu/machine_priv.h"
#include "exceptions.h"
#include "reference.h"

#define RAM_BYTES (8u << 20)
#define COMPARED_BYTES (4u << 20) /* what guests use: the device trees lie above */
#define BEGIN 0x80000200u         /* where guests have set all registers */
#define RECENT 48

struct recent {
    bool trap;
    struct reference_event event;
};

struct run {
    const char *elf;
    bool stepping, verbose;
    uint64_t limit;
    bool fault;
    uint64_t fault_at;
    unsigned fault_word, fault_bit;

    struct machine *m;
    struct machine_result result;
    uint64_t base;       /* Tarry's count at BEGIN */
    struct reference *reference;
    struct reference_event event; /* the reference's state at `done` */
    uint64_t done;       /* instructions and traps of the reference since BEGIN */
    bool trapped;        /* before that state it took a trap that no instruction of its own made ... */
    uint64_t trap_epc;   /* ... here */
    uint64_t compared;
    struct recent recent[RECENT];
    uint64_t nrecent;
    unsigned long traps[2][16];   /* exceptions and interrupts of the reference, by code */
    unsigned long in_mode[4];     /* its instructions, by privilege */
};

/* ---- Tarry ---- */

static void tarry_state(struct run *r, struct state *s)
{
    struct hart *h = &r->m->hart;
    s->pc = h->pc;
    s->privilege = hart_privilege(h);
    for (int i = 0; i < 32; i++) {
        s->word[S_X0 + i] = i ? hart_reg(h, UC_RISCV_REG_X0 + i) : 0;
        s->word[S_F0 + i] = hart_reg(h, UC_RISCV_REG_F0 + i);
    }
    for (unsigned i = 0; i < S_CSRS; i++)
        if (!csr_get(h, state_csrs[i].number, &s->word[S_CSR0 + i]))
            s->word[S_CSR0 + i] = 0;
}

static void tarry_set(struct run *r, unsigned word, uint64_t value)
{
    struct hart *h = &r->m->hart;
    if (word >= S_CSR0)
        csr_set(h, state_csrs[word - S_CSR0].number, value);
    else
        hart_set_reg(h, word < S_F0 ? UC_RISCV_REG_X0 + (int)word : UC_RISCV_REG_F0 + (int)word - S_F0, value);
}

static void flip(struct run *r)
{
    struct state s;
    tarry_state(r, &s);
    tarry_set(r, r->fault_word, s.word[r->fault_word] ^ 1ull << r->fault_bit);
    r->fault = false;
}

static uint64_t tarry_done(const struct run *r)
{
    return r->result.instructions - r->base;
}

static void tarry_advance(struct run *r)
{
    if (r->stepping)
        machine_step(r->m, &r->result);
    else
        machine_run_for(r->m, 1, &r->result);
    if (r->fault && tarry_done(r) >= r->fault_at && r->result.stop == STOP_NONE)
        flip(r);
}

static int tarry_start(struct run *r)
{
    char err[512];
    struct machine_config config = {.ram_bytes = RAM_BYTES, .console_in = -1, .console_out = -1};
    struct boot boot = {.kernel = r->elf, .bios = BIOS_NONE};
    disk_model_parse("none", &config.disk_model, err, sizeof err);
    r->m = machine_new(&config, err, sizeof err);
    if (!r->m || machine_boot(r->m, &boot, err, sizeof err) != 0) {
        fprintf(stderr, "lockstep: %s\n", err);
        return -1;
    }
    for (int i = 0; r->m->hart.pc != BEGIN; i++) {
        machine_run_for(r->m, 1, &r->result);
        if (r->result.stop != STOP_NONE || i > 1000) {
            fprintf(stderr, "lockstep: %s: does not reach 0x%x on Tarry: stop %d %s\n", r->elf, BEGIN, r->result.stop,
                    r->result.message);
            return -1;
        }
    }
    r->base = r->m->hart.insns;
    r->result.instructions = r->base;
    return 0;
}

/* ---- the reference ---- */

static void remember(struct run *r, bool trap)
{
    r->recent[r->nrecent++ % RECENT] = (struct recent){trap, r->event};
}

static bool fetch_fault(const struct reference_event *e)
{
    return !e->interrupt && (e->cause == EXC_FETCH_ACCESS || e->cause == EXC_FETCH_PAGE);
}

/*
 * To the next state. Each state counts one instruction, whether it is retired or traps; an instruction that cannot be
 * fetched and an interrupt are no states of the reference, only traps, and the former counts too.
 */
static bool reference_advance(struct run *r)
{
    if (r->event.kind == REF_STATE)
        r->done++;
    r->trapped = false;
    for (;;) {
        reference_next(r->reference, &r->event);
        if (r->event.kind != REF_TRAP)
            break;
        remember(r, true);
        r->traps[r->event.interrupt][r->event.cause & 15]++;
        r->done += fetch_fault(&r->event);
        if (!r->trapped && (r->event.interrupt || fetch_fault(&r->event))) {
            r->trapped = true;
            r->trap_epc = r->event.epc;
        }
    }
    if (r->event.kind == REF_STATE) {
        remember(r, false);
        r->in_mode[r->event.state.privilege]++;
    }
    return r->event.kind == REF_STATE;
}

static int reference_begin(struct run *r)
{
    r->reference = reference_start(r->elf, RAM_BYTES);
    if (!r->reference)
        return -1;
    do {
        if (!reference_advance(r)) {
            fprintf(stderr, "lockstep: %s: does not reach 0x%x on QEMU\n", r->elf, BEGIN);
            return -1;
        }
    } while (r->event.state.pc != BEGIN);
    r->done = 0;
    return 0;
}

/* ---- the report ---- */

/* The instruction at pc as the state sees it, in Tarry's memory as it is now. */
static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    const struct machine *m = arg;
    const void *host = ram_at(m, pa, sizeof *pte);
    if (host)
        memcpy(pte, host, sizeof *pte);
    return host != NULL;
}

static bool code_at(struct run *r, const struct state *s, uint64_t va, uint16_t *half)
{
    struct mmu_context context = {.satp = s->word[S_CSR0 + S_SATP], .privilege = s->privilege};
    struct mmu_memory memory = {r->m, read_pte, NULL};
    struct mmu_result result;
    if (!mmu_walk(&context, &memory, va, MMU_FETCH, &result))
        return false;
    const void *host = ram_at(r->m, result.pa, 2);
    if (host)
        memcpy(half, host, 2);
    return host != NULL;
}

static void disassemble(struct run *r, const struct state *s, char *text, size_t length)
{
    uint16_t half[2] = {0};
    csh capstone;
    cs_insn *insn;
    snprintf(text, length, "?");
    if (!r->m || !code_at(r, s, s->pc, &half[0]))
        return;
    bool full = (half[0] & 3) == 3;
    if (full && !code_at(r, s, s->pc + 2, &half[1]))
        return;
    unsigned bits = full ? half[0] | (unsigned)half[1] << 16 : half[0];
    snprintf(text, length, full ? "%08x  ?" : "%04x      ?", bits);
    if (cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &capstone) != CS_ERR_OK)
        return;
    if (cs_disasm(capstone, (const uint8_t *)half, full ? 4 : 2, s->pc, 1, &insn) == 1) {
        snprintf(text, length, full ? "%08x  %s %s" : "%04x      %s %s", bits, insn->mnemonic, insn->op_str);
        cs_free(insn, 1);
    }
    cs_close(&capstone);
}

static void print_recent(struct run *r)
{
    uint64_t first = r->nrecent > RECENT ? r->nrecent - RECENT : 0;
    const struct state *before = NULL;
    fprintf(stderr, "the reference's last steps:\n");
    for (uint64_t i = first; i < r->nrecent; i++) {
        const struct recent *x = &r->recent[i % RECENT];
        const struct state *s = &x->event.state;
        char text[160];
        if (x->trap) {
            fprintf(stderr, "  %s cause %llu epc %llx tval %llx\n", x->event.interrupt ? "interrupt" : "trap",
                    (unsigned long long)x->event.cause, (unsigned long long)x->event.epc,
                    (unsigned long long)x->event.tval);
            continue;
        }
        for (unsigned w = 0; before && w < S_WORDS; w++)
            if (before->word[w] != s->word[w])
                fprintf(stderr, "        %s = %llx\n", state_name(w), (unsigned long long)s->word[w]);
        disassemble(r, s, text, sizeof text);
        fprintf(stderr, "  %c %016llx  %s\n", "US?M"[s->privilege & 3], (unsigned long long)s->pc, text);
        before = s;
    }
}

static int differ(struct run *r, const char *what)
{
    fprintf(stderr, "lockstep: %s: %s after %llu instructions\n", r->elf, what, (unsigned long long)tarry_done(r));
    print_recent(r);
    return 1;
}

static void print_summary(struct run *r)
{
    printf("%s: %llu instructions, %llu states compared, status %d; U %lu, S %lu, M %lu; exceptions", r->elf,
           (unsigned long long)r->done, (unsigned long long)r->compared, reference_status(r->reference), r->in_mode[0],
           r->in_mode[1], r->in_mode[3]);
    for (unsigned i = 0; i < 16; i++)
        if (r->traps[0][i])
            printf(" %u:%lu", i, r->traps[0][i]);
    printf("; interrupts");
    for (unsigned i = 0; i < 16; i++)
        if (r->traps[1][i])
            printf(" %u:%lu", i, r->traps[1][i]);
    printf("\n");
    exceptions_print(stdout);
}

/* ---- comparing ---- */

/* Tarry stands before the trap that the reference has taken: what a trap changes cannot be compared. */
static void before_trap(const struct state *ours, struct state *theirs)
{
    static const unsigned changed[] = {S_MSTATUS, S_MEPC, S_SEPC, S_MCAUSE, S_SCAUSE, S_MTVAL, S_STVAL};
    theirs->pc = ours->pc;
    theirs->privilege = ours->privilege;
    for (unsigned i = 0; i < sizeof changed / sizeof *changed; i++)
        theirs->word[S_CSR0 + changed[i]] = ours->word[S_CSR0 + changed[i]];
}

static void adopt(struct run *r, const struct state *before, const struct state *after)
{
    for (unsigned i = 1; i < S_WORDS; i++)
        if (before->word[i] != after->word[i])
            tarry_set(r, i, after->word[i]);
}

static int compare_state(struct run *r)
{
    struct state ours = {0}, theirs = r->event.state, seen;
    tarry_state(r, &ours);
    seen = ours;
    if (r->trapped && ours.pc == r->trap_epc && ours.pc != theirs.pc)
        before_trap(&ours, &theirs);
    exceptions_allow(&ours, &theirs);
    adopt(r, &seen, &ours);
    r->compared++;
    if (ours.pc == theirs.pc && ours.privilege == theirs.privilege &&
        memcmp(ours.word, theirs.word, sizeof ours.word) == 0)
        return 0;
    differ(r, "different states");
    state_print_difference(stderr, &ours, &theirs);
    return 1;
}

static int compare_memory(struct run *r)
{
    const uint8_t *theirs = reference_ram(r->reference), *ours = ram_at(r->m, RAM_BASE, COMPARED_BYTES);
    unsigned shown = 0;
    for (uint32_t i = 0; i < COMPARED_BYTES; i += 8) {
        uint64_t a, b;
        memcpy(&a, ours + i, 8);
        memcpy(&b, theirs + i, 8);
        if (a == b || shown++ >= 16)
            continue;
        if (shown == 1)
            differ(r, "different memory");
        fprintf(stderr, "  %08llx  tarry %016llx  reference %016llx\n", RAM_BASE + i, (unsigned long long)a,
                (unsigned long long)b);
    }
    return shown != 0;
}

/* Tarry has stopped: QEMU must end with the instruction that it is at, or the next one. */
static int compare_end(struct run *r)
{
    if (r->result.stop != STOP_EXIT) {
        char what[400];
        snprintf(what, sizeof what, "Tarry stopped: %d %s;", r->result.stop, r->result.message);
        return differ(r, what);
    }
    while (r->event.kind != REF_END && r->done <= tarry_done(r))
        reference_advance(r);
    if (r->event.kind != REF_END)
        return differ(r, "Tarry has ended, the reference has not,");
    if (r->done + 1 < tarry_done(r)) /* Tarry ends with the block: store, jump */
        return differ(r, "the reference has ended earlier,");
    if (reference_status(r->reference) != r->result.status) {
        fprintf(stderr, "status: tarry %d, reference %d\n", r->result.status, reference_status(r->reference));
        return differ(r, "different exit status");
    }
    return compare_memory(r);
}

static int compare(struct run *r)
{
    while (tarry_done(r) < r->limit) {
        tarry_advance(r);
        if (r->result.stop != STOP_NONE)
            return compare_end(r);
        while (r->done < tarry_done(r))
            if (!reference_advance(r))
                return differ(r, "the reference has ended, Tarry has not,");
        if (r->done != tarry_done(r) && !(r->trapped && r->done == tarry_done(r) + 1))
            return differ(r, "different counts of instructions");
        if (compare_state(r) != 0)
            return 1;
    }
    return differ(r, "no end");
}

static int reference_alone(struct run *r)
{
    if (reference_begin(r) != 0)
        return 2;
    while (r->done < r->limit && reference_advance(r))
        ;
    if (r->event.kind != REF_END) {
        print_recent(r);
        fprintf(stderr, "lockstep: %s: no end after %llu instructions\n", r->elf, (unsigned long long)r->done);
        return 1;
    }
    if (r->verbose && reference_status(r->reference) != 0)
        print_recent(r);
    if (r->verbose)
        print_summary(r);
    return reference_status(r->reference);
}

static int tarry_alone(struct run *r)
{
    if (tarry_start(r) != 0)
        return 2;
    while (r->result.stop == STOP_NONE && tarry_done(r) < r->limit)
        tarry_advance(r);
    if (r->result.stop == STOP_EXIT)
        return r->result.status;
    fprintf(stderr, "lockstep: %s: Tarry stopped after %llu instructions: %d %s\n", r->elf,
            (unsigned long long)tarry_done(r), r->result.stop, r->result.message);
    return 1;
}

static int run(struct run *r, char alone)
{
    if (alone)
        return alone == 'r' ? reference_alone(r) : tarry_alone(r);
    if (tarry_start(r) != 0 || reference_begin(r) != 0)
        return 2;
    int bad = compare(r);
    if (r->verbose)
        print_summary(r);
    return bad ? 1 : r->result.status ? 3 : 0;
}

int main(int argc, char **argv)
{
    struct run r = {.limit = 1000000};
    char alone = 0;
    for (int c; (c = getopt(argc, argv, "srtvl:f:")) != -1;) {
        if (c == 's')
            r.stepping = true;
        else if (c == 'r' || c == 't')
            alone = (char)c;
        else if (c == 'v')
            r.verbose = true;
        else if (c == 'l')
            r.limit = strtoull(optarg, NULL, 0);
        else if (c == 'f' && sscanf(optarg, "%llu:%u:%u", (unsigned long long *)&r.fault_at, &r.fault_word,
                                    &r.fault_bit) == 3 && r.fault_word < S_WORDS && r.fault_bit < 64)
            r.fault = true;
        else
            optind = argc;
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "usage: lockstep [-s] [-r | -t] [-v] [-l STATES] [-f N:WORD:BIT] ELF\n");
        return 2;
    }
    r.elf = argv[optind];
    int status = run(&r, alone);
    if (r.reference)
        reference_stop(r.reference);
    machine_free(r.m);
    return status;
}

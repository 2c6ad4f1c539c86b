/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the Unicorn engine, runs it, and finds out why it came back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "insn.h"
#include "machine_priv.h"
#include "tlb_model.h"

#define MEDELEG_SBI 0xb1ffu /* all but the supervisor's ecall */
#define COUNTERS (COUNTER_CYCLE | COUNTER_TIME | COUNTER_INSTRET)

uint64_t hart_reg(const struct hart *h, int reg)
{
    uint64_t value = 0;
    uc_reg_read(h->uc, reg, &value);
    return value;
}

void hart_set_reg(struct hart *h, int reg, uint64_t value)
{
    uc_reg_write(h->uc, reg, &value);
}

enum mmu_privilege hart_privilege(const struct hart *h)
{
    return h->privilege;
}

uint64_t hart_block_pc(const struct hart *h)
{
    return h->block->pc;
}

static uc_err add_hooks(struct hart *h)
{
    static uc_hook hook; /* the handles are not needed: hooks stay as long as the engine */
    uc_err e = uc_hook_add(h->uc, &hook, UC_HOOK_TLB_FILL, (void *)tlb_fill_hook, h, 1, 0);
    if (e == UC_ERR_OK)
        e = uc_hook_add(h->uc, &hook, UC_HOOK_BLOCK, h->tlb || h->access ? (void *)count_hook_watched : (void *)count_hook, h, 1, 0);
    if (e == UC_ERR_OK && h->tlb && tlb_model_watches(h->tlb))
        e = uc_hook_add(h->uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)tlb_model_hook, h, 1, 0);
    if (e == UC_ERR_OK && h->access && access_watches(h->access))
        e = uc_hook_add(h->uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)access_hook, h, 1, 0);
    if (e == UC_ERR_OK)
        e = uc_hook_add(h->uc, &hook, UC_HOOK_INTR, (void *)trap_hook, h, 1, 0);
    if (e == UC_ERR_OK)
        e = uc_hook_add(h->uc, &hook, UC_HOOK_INSN_INVALID, (void *)trap_invalid_hook, h, 1, 0);
    return e;
}

int hart_init(struct hart *h, struct machine *m, char *err, size_t errlen)
{
    h->machine = m;
    uc_err e = uc_open(UC_ARCH_RISCV, UC_MODE_RISCV64, &h->uc);
    if (e == UC_ERR_OK)
        e = uc_ctl_exits_enable(h->uc); /* no magic address that ends the run */
    if (e == UC_ERR_OK)
        e = uc_ctl_tlb_mode(h->uc, UC_TLB_VIRTUAL);
    if (m->config.tlb && m->config.tlb->on && !(h->tlb = tlb_model_new(h, m->config.tlb, err, errlen)))
        return -1;
    if (!(h->access = access_tracer_new(h, m->config.access, err, errlen)) && *err)
        return -1;
    if (e == UC_ERR_OK)
        e = add_hooks(h);
    if (e == UC_ERR_OK)
        e = uc_context_alloc(h->uc, &h->saved);
    if (e != UC_ERR_OK) {
        snprintf(err, errlen, "cannot make the CPU: %s", uc_strerror(e));
        return -1;
    }
    return 0;
}

int hart_init_memory(struct hart *h, char *err, size_t errlen)
{
    h->block = &count_none;
    h->blocks = calloc(COUNT_ENTRIES, sizeof *h->blocks);
    h->fetched = calloc(FETCHED, sizeof *h->fetched);
    h->frame_state = calloc(h->machine->bus.ram_bytes / PAGE_BYTES, 1);
    if (!h->blocks || !h->fetched || !h->frame_state) {
        snprintf(err, errlen, "the host is out of memory");
        return -1;
    }
    h->code_version = 1; /* so that no empty entry of the count cache matches */
    code_space(h);
    return 0;
}

void hart_free(struct hart *h)
{
    if (h->saved)
        uc_context_free(h->saved);
    if (h->uc)
        uc_close(h->uc);
    tlb_model_free(h->tlb);
    access_tracer_free(h->access);
    free(h->blocks);
    free(h->fetched);
    free(h->frame_state);
}

/* 3.4; what the specification leaves open is zero. */
static void reset(struct hart *h)
{
    h->sbi = h->sum = h->mxr = h->seip = false;
    h->mstatus = h->medeleg = h->mideleg = h->mie = h->mtvec = h->mscratch = h->mepc = h->mcause = h->mtval = 0;
    h->menvcfg = h->stlbhi = h->satp = h->senvcfg = h->sscratch = h->sepc = h->scause = h->stval = h->stvec = 0;
    h->scounteren = h->mcounteren = h->mcountinhibit = 0;
    h->cycle = h->instret = 0;
    h->stimecmp = UINT64_MAX; /* not yet due */
    h->pmp = (struct pmp){0};
}

/* What firmware leaves to a supervisor. */
static void delegate(struct hart *h)
{
    h->sbi = true;
    h->medeleg = MEDELEG_SBI;
    h->mideleg = IRQS_SUPERVISOR;
    h->mcounteren = h->scounteren = COUNTERS;
    h->menvcfg = MENVCFG_STCE;
    pmp_open(&h->pmp);
}

void hart_enter(struct hart *h, enum mmu_privilege privilege, uint64_t pc, uint64_t fdt_pa)
{
    hart_set_reg(h, UC_RISCV_REG_PRIV, MMU_MACHINE);
    hart_set_reg(h, UC_RISCV_REG_MIDELEG, IRQS_SUPERVISOR); /* so that sie and sip can be written: see count.c */
    reset(h);
    h->privilege = privilege;
    if (privilege == MMU_SUPERVISOR)
        delegate(h);
    mode_poke(h);
    mode_changed(h);
    code_status(h, h->mstatus);
    hart_set_reg(h, UC_RISCV_REG_A0, 0);
    hart_set_reg(h, UC_RISCV_REG_A1, fdt_pa);
    h->pc = pc;
}

void hart_look_up(struct hart *h)
{
    h->deadline = 0;
}

void hart_set_line(struct hart *h, unsigned irq, bool high)
{
    uint64_t bit = 1ull << irq;
    if (high && !(h->lines & bit))
        hart_look_up(h);
    h->lines = high ? h->lines | bit : h->lines & ~bit;
}

/* After wfi Unicorn returns with pc behind it, perhaps in the middle of the block. */
static bool after_wfi(struct hart *h, uint64_t pc)
{
    uint32_t insn;
    return pc - 4 - h->block->pc < h->block->bytes && tlb_instruction(h, pc - 4, &insn) && insn == INSN_WFI;
}

/*
 * An instruction that crosses into a page that may not be fetched. The refusal came while the whole
 * block was translated, and nothing of it has run: run it up to that instruction.
 */
static void run_up_to_crossing(struct hart *h, uint64_t crossing)
{
    uint64_t pa;
    if (tlb_physical(h, h->fault.pc, MMU_FETCH, &pa))
        code_forget(h, pa, 2);
    uc_ctl_set_exits(h->uc, &crossing, 1);
    h->crossing = crossing;
    h->crossing_code = h->fault.code;
}

/* The TLB model sees accesses that fault, too. */
static void refused(struct hart *h, unsigned code, uint64_t pc, uint64_t va)
{
    if (!h->tlb || code == EXC_ILLEGAL)
        return;
    bool fetch = code == EXC_FETCH_PAGE || code == EXC_FETCH_ACCESS;
    bool store = code == EXC_STORE_PAGE || code == EXC_STORE_ACCESS;
    if (fetch && va != pc)
        tlb_model_fetch(h->tlb, pc); /* its first half is there */
    tlb_model_refused(h->tlb, va, fetch ? MMU_FETCH : store ? MMU_STORE : MMU_LOAD);
}

static void end_crossing(struct hart *h)
{
    uint64_t at = h->crossing, pa;
    h->crossing = 0;
    uc_ctl_set_exits(h->uc, &at, 0);
    if (tlb_physical(h, at & ~(PAGE_BYTES - 1), MMU_FETCH, &pa))
        code_forget(h, pa, PAGE_BYTES); /* blocks that were cut short */
    if (h->fault.valid || h->stopped || h->pc != at)
        return; /* something else came first; the crossing will come again */
    count_settle(h);
    refused(h, h->crossing_code, at, at + 2);
    trap_exception(h, h->crossing_code, at, at + 2);
}

/* `begun`: the instructions that were retired when Unicorn began to run. */
static void deliver_fault(struct hart *h, uint64_t begun)
{
    struct fault *f = &h->fault;
    h->pc = f->pc;
    if (f->watched) {
        step_watched(h);
        return;
    }
    bool fetch = f->code == EXC_FETCH_PAGE || f->code == EXC_FETCH_ACCESS || f->code == EXC_ILLEGAL;
    if (fetch)
        count_settle(h);
    else
        count_retire(h, f->pc);
    if (fetch && h->insns != begun && h->insns >= h->deadline)
        return; /* interrupts come first; it will recur */
    uint64_t pc = f->crossing ? f->page - 2 : f->pc;
    if (pc == f->pc) {
        refused(h, f->code, pc, f->tval);
        trap_exception(h, f->code, pc, f->tval);
    } else {
        run_up_to_crossing(h, pc);
    }
}

void hart_run_once(struct hart *h)
{
    uint64_t begun = h->insns;
    h->stopped = h->special = false;
    h->fault.valid = false;
    uc_err e = uc_emu_start(h->uc, h->pc, 0, 0, 0);
    if (h->stale)
        uc_ctl_flush_tlb(h->uc);
    h->stale = false;
    if (!h->fault.valid)
        h->pc = hart_reg(h, UC_RISCV_REG_PC);
    if (h->crossing)
        end_crossing(h);
    if (h->fault.valid) {
        deliver_fault(h, begun);
    } else if (!h->waiting && after_wfi(h, h->pc)) {
        count_retire(h, h->pc);
        h->waiting = true;
    } else if (e != UC_ERR_OK && e != UC_ERR_EXCEPTION) { /* ebreak leaves UC_ERR_EXCEPTION behind */
        machine_stop(h->machine, STOP_ERROR, 1, "the CPU stopped at pc 0x%llx: %s", (unsigned long long)h->pc,
                     uc_strerror(e));
    }
}

void hart_run(struct hart *h)
{
    while (!h->waiting && h->insns < h->deadline) {
        hart_run_once(h);
        if (h->special)
            step_special(h);
    }
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traps from user mode: system calls, page faults, interrupts; any other exception is a note.
 * In the kernel only interrupts are expected, and only while it idles.
 */
#include "io.h"
#include "mmu.h"
#include "procprivate.h"
#include "riscv.h"
#include "trace.h"

static const char *const regnames[32] = {"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
                                         "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
                                         "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

static const char *causename(uint64_t cause)
{
    switch (cause) {
    case CAUSE_FETCH_MISALIGNED:
        return "misaligned fetch";
    case CAUSE_FETCH_ACCESS:
        return "fetch access error";
    case CAUSE_ILLEGAL:
        return "illegal instruction";
    case CAUSE_BREAKPOINT:
        return "breakpoint";
    case CAUSE_LOAD_MISALIGNED:
        return "misaligned load";
    case CAUSE_LOAD_ACCESS:
        return "load access error";
    case CAUSE_STORE_MISALIGNED:
        return "misaligned store";
    case CAUSE_STORE_ACCESS:
        return "store access error";
    case CAUSE_FETCH_PAGE:
        return "fetch page fault";
    case CAUSE_LOAD_PAGE:
        return "load page fault";
    case CAUSE_STORE_PAGE:
        return "store page fault";
    default:
        return "unknown exception";
    }
}

static void userexception(const Ureg *u)
{
    char note[STATUS_MAX];
    if (u->cause == CAUSE_ILLEGAL || u->cause == CAUSE_BREAKPOINT) /* tval differs between machines */
        format(note, sizeof note, "sys: trap: %s pc=%#lx", causename(u->cause), u->pc);
    else
        format(note, sizeof note, "sys: trap: %s addr=0x%lx pc=0x%lx", causename(u->cause), u->tval, u->pc);
    uint64_t old = pushcause(tracelasttrap());
    trapnote(note);
    popcause(old);
}

static void userpagefault(const Ureg *u)
{
    static const char *const wanted[] = {
        [EV_access_read] = "read", [EV_access_write] = "write", [EV_access_execute] = "execute"};
    enum ev_enum_access access = u->cause == CAUSE_STORE_PAGE   ? EV_access_write
                                 : u->cause == CAUSE_FETCH_PAGE ? EV_access_execute
                                                                : EV_access_read;
    static const int rights[] = {
        [EV_access_read] = PUT_READ, [EV_access_write] = PUT_WRITE, [EV_access_execute] = PUT_EXEC};
    char note[STATUS_MAX];
    if (refillmmu(u->tval, rights[access]))
        return;
    int err = pagefault(u->tval, access);
    if (err == 0 || up->killed)
        return;
    if (err == -T_EFAULT)
        format(note, sizeof note, "sys: trap: fault %s addr=0x%lx pc=0x%lx", wanted[access], u->tval, u->pc);
    else
        format(note, sizeof note, "sys: trap: %s: %s addr=0x%lx pc=0x%lx", up->errstr, wanted[access], u->tval, u->pc);
    uint64_t old = pushcause(up->fault);
    trapnote(note);
    popcause(old);
}

/* Serves an interrupt; true if the running process's slice is over. */
static bool interrupt(uint64_t cause)
{
    bool sliceover = false;
    traceinterrupt(true);
    if (cause == (CAUSE_INTERRUPT | INTERRUPT_TIMER))
        sliceover = timerinterrupt();
    else if (cause == (CAUSE_INTERRUPT | INTERRUPT_EXTERNAL))
        plicinterrupt();
    traceinterrupt(false);
    return sliceover;
}

void pollinterrupts(void)
{
    uint64_t pending = csrread(sip);
    if (pending & SIE_STIE)
        timerinterrupt();
    if (pending & SIE_SEIE)
        plicinterrupt();
}

void trap(Ureg *u)
{
    bool sliceover = false;
    up->pc = u->pc;
    if (u->cause & CAUSE_INTERRUPT)
        sliceover = interrupt(u->cause);
    else if (u->cause == CAUSE_USER_ECALL)
        syscall(u);
    else if (u->cause == CAUSE_FETCH_PAGE || u->cause == CAUSE_LOAD_PAGE || u->cause == CAUSE_STORE_PAGE)
        userpagefault(u);
    else
        userexception(u);
    if (sliceover && !up->killed) {
        uint64_t old = pushcause(TRACE_INTERRUPT);
        yield(EV_switch_reason_preempt);
        popcause(old);
    }
    returntouser();
}

void kerneltrap(Ureg *u)
{
    if (u->cause & CAUSE_INTERRUPT) {
        interrupt(u->cause);
        return;
    }
    for (int i = 1; i < 32; i++)
        print("%4s %016lx%s", regnames[i], u->x[i], i % 4 == 0 || i == 31 ? "\n" : "  ");
    panic("%s in the kernel: addr=0x%lx pc=0x%lx", causename(u->cause), u->tval, u->pc);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel with two processes, each in an address space of its own, and a table of its system calls, as xv6 has one. All
 * their code and stacks lie at the same addresses. It tells the machine nothing: tests/ecalls.t looks at what the trace
 * makes of it.
 */
#include "guest.h"

#define USER 0x2000000000ull
#define STACK (USER + 0x10000)
#define SPP 0x100ull

/* The program: a0 is 1 or 2. Every call is by a stub, which is a leaf. */
__asm__(".section .text.user, \"ax\"\n"
        ".balign 4096\n"
        ".option push\n.option norvc\n"
        ".globl user_program\n"
        "user_program:\n"
        "    mv s0, a0\n"
        "user_first_get:\n"
        "    jal get\n"
        "    la a0, path\n"
        "    li a1, 2\n"
        "    jal open\n"
        "    la a0, path\n"
        "    jal unlink\n"
        "    li a0, 9\n"
        "    jal pause\n" /* the other runs meanwhile */
        "    mv a0, s0\n"
        "    jal get\n"
        "    li t0, 1\n"
        "    bne s0, t0, leave\n"
        "    jal fork\n" /* child and parent share the address space, and the child comes first */
        "    bnez a0, forked\n"
        "    li a0, 3\n"
        "    jal get\n"
        "    li a0, 0\n"
        "    jal exit\n"
        "forked:\n"
        "    la a0, handler\n"
        "    jal signal\n" /* comes back by way of the handler */
        "    la a0, path\n"
        "    la a1, second\n"
        "    jal exec\n" /* comes back elsewhere */
        "handler:\n"
        "    addi sp, sp, -64\n"
        "    li a0, 4\n"
        "    jal get\n"
        "    jal sigreturn\n"
        "second:\n"
        "    jal unknown\n"
        "leave:\n"
        "    mv a0, s0\n"
        "    jal exit\n"
        "get: li a7, 1\n    ecall\n    ret\n"
        "open: li a7, 2\n    ecall\n    ret\n"
        "unlink: li a7, 3\n    ecall\n    ret\n"
        "pause: li a7, 4\n    ecall\n    ret\n"
        "fork: li a7, 5\n    ecall\n    ret\n"
        "exit: li a7, 6\n    ecall\n    ret\n"
        "signal: li a7, 7\n    ecall\n    ret\n"
        "sigreturn: li a7, 8\n    ecall\n    ret\n"
        "exec: li a7, 9\n    ecall\n    ret\n"
        "unknown: li a7, 77\n    ecall\n    ret\n"
        "path: .asciz \"/a \\\"file\\\"\"\n"
        ".balign 4096\n"
        ".option pop\n"
        ".previous");

extern char user_program[];

struct process {
    uint64_t satp, pc, x[32];
    int gone;
};
static struct process processes[2], parent, interrupted;
static unsigned now;

static void load(uint64_t *f, const struct process *p)
{
    for (int i = 1; i < 32; i++)
        f[i] = p->x[i];
    CSRW(sepc, p->pc);
    CSRW(satp, p->satp);
    sfence();
}

/* As it is behind its call. */
static void save(struct process *p, const uint64_t *f)
{
    for (int i = 1; i < 32; i++)
        p->x[i] = f[i];
    p->pc = CSRR(sepc) + 4;
    p->satp = CSRR(satp);
}

/* ---- the calls: f is the caller's registers, the value is the result unless they have changed ---- */

static int changed;

static int64_t other_runs(uint64_t *f)
{
    now = !now;
    if (processes[now].gone)
        power_off();
    load(f, &processes[now]);
    changed = 1;
    return 0;
}

static int64_t sys_get(uint64_t *f)
{
    return (int64_t)f[10] * 10;
}

static int64_t sys_open(uint64_t *f)
{
    return (int64_t)f[11] + 1;
}

static int64_t sys_unlink(uint64_t *f)
{
    (void)f;
    return -2;
}

static int64_t sys_pause(uint64_t *f)
{
    int64_t result = (int64_t)f[10] + now;
    save(&processes[now], f);
    processes[now].x[10] = (uint64_t)result;
    return other_runs(f);
}

static int64_t sys_fork(uint64_t *f)
{
    save(&parent, f);
    parent.x[10] = 5;
    return 0;
}

static int64_t sys_exit(uint64_t *f)
{
    if (parent.pc) {
        load(f, &parent);
        parent.pc = 0;
        changed = 1;
        return 0;
    }
    processes[now].gone = 1;
    return other_runs(f);
}

static int64_t sys_signal(uint64_t *f)
{
    save(&interrupted, f);
    interrupted.x[10] = (uint64_t)-4;
    CSRW(sepc, f[10]);
    changed = 1;
    return 0;
}

static int64_t sys_sigreturn(uint64_t *f)
{
    load(f, &interrupted);
    changed = 1;
    return 0;
}

static int64_t sys_exec(uint64_t *f)
{
    CSRW(sepc, f[11]);
    changed = 1;
    return 0;
}

static int64_t (*syscalls[])(uint64_t *) = {
    [1] = sys_get, sys_open, sys_unlink, sys_pause, sys_fork, sys_exit, sys_signal, sys_sigreturn, sys_exec,
};

static void call(uint64_t *f)
{
    uint64_t number = f[17];
    changed = 0;
    int64_t result = number < sizeof syscalls / sizeof *syscalls && syscalls[number] ? syscalls[number](f) : -38;
    if (changed)
        return;
    f[10] = (uint64_t)result;
    CSRW(sepc, CSRR(sepc) + 4);
}

/* ---- */

static void make(unsigned i)
{
    uint64_t *top = new_page();
    for (int k = 0; k < 512; k++)
        top[k] = root[k];
    uint64_t *middle = new_page(), *last = new_page();
    top[USER >> 30 & 511] = (uint64_t)(uintptr_t)middle >> 2 | V;
    middle[0] = (uint64_t)(uintptr_t)last >> 2 | V;
    last[0] = (uint64_t)(uintptr_t)user_program >> 2 | V | R | X | U | A;
    last[(STACK - USER) / 4096 - 1] = (uint64_t)(uintptr_t)new_page() >> 2 | V | R | W | U | A | D;
    processes[i].satp = 8ull << 60 | (uint64_t)(uintptr_t)top >> 12;
    processes[i].pc = USER;
    processes[i].x[2] = STACK;
    processes[i].x[10] = i + 1;
}

int main(void)
{
    paging_on();
    make(0);
    make(1);
    on_ecall = call;
    CSRW(satp, processes[0].satp);
    sfence();
    enter_user(USER, 1, STACK);
    return 1;
}

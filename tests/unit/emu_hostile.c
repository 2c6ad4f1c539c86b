/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests that mean no good: random instructions, random device registers, random virtqueues. The
 * host must come through (run it with SANITIZE=1) and stop by its own rules. TARRY_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu/machine_priv.h"
#include "emu/virtio.h"
#include "fs/host/image.h"
#include "random.h"

#define RAM (8ull << 20)
#define PROGRAMS 90
#define PROGRAM_INSNS 10000
#define RINGS 3000

static char err[512];
static struct image *disk;

static struct machine *new_machine(void)
{
    struct machine_config config = {.ram_bytes = RAM, .console_in = -1, .console_out = -1, .max_insns = PROGRAM_INSNS};
    config.disks[0] = disk;
    disk_model_parse("nvme", &config.disk_model, err, sizeof err);
    struct machine *m = machine_new(&config, err, sizeof err);
    if (!m)
        fail_msg("%s", err);
    return m;
}

/* Addresses that matter: RAM, code, devices, nothing. */
static uint64_t address(void)
{
    static const uint64_t places[] = {RAM_BASE, KERNEL_BASE, RAM_BASE + RAM - 8, UART_BASE, PLIC_BASE,
                                      PLIC_BASE + 0x201000, CLINT_BASE, CLINT_BASE + 0x4000, VIRTIO_BASE,
                                      VIRTIO_BASE + 0x80, FINISHER_BASE + 8, 0, 0x50000, ~0ull - 8};
    uint64_t a = places[below(sizeof places / sizeof *places)];
    return below(2) ? a + below(4096) : a;
}

static uint32_t registers(uint32_t insn)
{
    return insn | below(32) << 7 | below(32) << 15 | below(32) << 20;
}

/* Every CSR that there is, and neighbours that there are not. */
static uint32_t random_csr(void)
{
    static const uint16_t bases[] = {0x000, 0x100, 0x104, 0x140, 0x14d, 0x180, 0x300, 0x302, 0x320, 0x340,
                                     0x3a0, 0x3b0, 0x7a0, 0xb00, 0xc00, 0xf11, 0x30a, 0x10a};
    return below(16) ? bases[below(sizeof bases / sizeof *bases)] + below(7) : below(4096);
}

static uint32_t system_instruction(void)
{
    static const uint32_t special[] = {0x00000073, 0x00100073, 0x10200073, 0x30200073, 0x10500073,
                                       0x12000073, 0x0000100f, 0x0ff0000f, 0x16000073, 0x18000073};
    return special[below(sizeof special / sizeof *special)] | (below(4) ? 0 : below(32) << 15 | below(32) << 20);
}

static uint32_t random_instruction(void)
{
    static const uint32_t eids[] = {0, 1, 2, 3, 5, 0x10, 0x54494d45, 0x735049, 0x52464e43, 0x4442434e, 0x09545259};
    switch (below(20)) {
    case 0: /* loads, stores, also of floating-point registers */
        return registers(0x00000003 | below(2) << 2 | below(8) << 12) | below(128) << 25;
    case 1:
        return registers(0x00000023 | below(2) << 2 | below(8) << 12) | below(128) << 25;
    case 2:
        return registers(0x00000063 | below(8) << 12) | below(8) << 25;
    case 3:
        return 0x0000006f | below(32) << 7 | below(64) << 21;
    case 4:
        return registers(0x00000067);
    case 5:
    case 6:
    case 7:
        return 0x00000073 | below(32) << 7 | (1 + below(7)) << 12 | below(32) << 15 | random_csr() << 20;
    case 8:
        return registers(0x0000202f | below(2) << 12 | below(32) << 27);
    case 9:
    case 10:
        return system_instruction();
    case 11: /* a7: li or lui of an SBI extension */
        return 0x00000893 | (eids[below(11)] & 0xfff) << 20;
    case 12:
        return 0x000008b7 | (eids[below(11)] & 0xfffff000);
    case 13: /* floating point: all of OP-FP and the fused ones */
        return registers((below(2) ? 0x00000053u : 0x00000043u | below(4) << 2) | below(8) << 12) | below(128) << 25;
    case 14: /* two of 16 bits */
    case 15:
        return (uint32_t)rnd();
    default:
        return registers(0x00000013 | below(8) << 12) | below(128) << 25;
    }
}

/* Words that may be taken for page tables: some that are, with any bits. */
static uint64_t random_pte(void)
{
    uint64_t target = below(4) ? RAM_BASE + below(RAM / 4096) * 4096 : address();
    uint64_t pte = target >> 12 << 10 | (below(3) ? 0xcf | below(256) : below(256));
    if (below(3) == 0)
        pte = (target >> 12 << 10 & ~0x3ffffffull) | 1; /* a pointer, or a superpage without rights */
    return below(64) ? pte : rnd();
}

enum { MODES = 3 };

#define HANDLERS (KERNEL_BASE + 65536)

/* Trap handlers that go on behind the instruction, in registers that the program seldom has a use for; or anywhere. */
static void make_handlers(struct machine *m)
{
    static const uint32_t skip[2][5] = {
        {0x34102ff3, 0x004f8f93, 0x341f9073, 0x30200073, 0},  /* csrr t6, mepc; addi t6, t6, 4; csrw mepc, t6; mret */
        {0x14102ff3, 0x004f8f93, 0x141f9073, 0x10200073, 0}}; /* the same for the supervisor */
    memcpy(ram_at(m, HANDLERS, 4096), skip[0], sizeof skip[0]);
    memcpy(ram_at(m, HANDLERS + 64, 4096), skip[1], sizeof skip[1]);
    assert_true(csr_set(&m->hart, CSR_MTVEC, below(8) ? HANDLERS : KERNEL_BASE + below(16384) * 4));
    assert_true(csr_set(&m->hart, CSR_STVEC, below(8) ? HANDLERS + 64 : KERNEL_BASE + below(16384) * 4));
}

/* A program that begins in M mode, in S mode under the SBI, or in U mode under random page tables and delegation. */
static void make_program(struct machine *m, unsigned mode)
{
    uint8_t *code = ram_at(m, KERNEL_BASE, 65536);
    bool bytes = below(4) == 0; /* not even instructions */
    for (int i = 0; i < 65536; i += 4) {
        uint32_t insn = bytes ? (uint32_t)rnd() : random_instruction();
        memcpy(code + i, &insn, 4);
    }
    for (uint64_t i = 0; i < 8192; i++) {
        uint64_t word = random_pte();
        memcpy(m->bus.ram + i * 8, &word, 8);
    }
    hart_enter(&m->hart, mode == 1 ? MMU_SUPERVISOR : MMU_MACHINE, KERNEL_BASE, RAM_BASE);
    m->loaded = true;
    for (int r = UC_RISCV_REG_X1; r <= UC_RISCV_REG_X31; r++)
        hart_set_reg(&m->hart, r, address());
    make_handlers(m);
    if (mode != 2)
        return;
    static const uint32_t mret = 0x30200073;
    uint64_t to = KERNEL_BASE + below(4096) * 4;
    memcpy(code, &mret, 4);
    assert_true(csr_set(&m->hart, CSR_PMPADDR0, ~0ull) && csr_set(&m->hart, CSR_PMPCFG0, 0x1f));
    assert_true(csr_set(&m->hart, CSR_MEDELEG, rnd()) && csr_set(&m->hart, CSR_MIDELEG, rnd()));
    assert_true(csr_set(&m->hart, CSR_SATP, below(2) ? (8ull + below(2)) << 60 | RAM_BASE >> 12 : 0));
    assert_true(csr_set(&m->hart, CSR_MEPC, to) && csr_set(&m->hart, CSR_MIE, rnd()));
    assert_true(csr_set(&m->hart, CSR_MSTATUS, rnd() & ~0x1800ull));
}

/* All that a program left behind. */
static uint64_t state_of(struct machine *m)
{
    uint64_t h = 0xcbf29ce484222325ull, word;
    for (uint64_t i = 0; i < RAM; i += 8) {
        memcpy(&word, m->bus.ram + i, 8);
        h = (h ^ word) * 0x100000001b3ull;
    }
    for (int r = UC_RISCV_REG_X0; r <= UC_RISCV_REG_X31; r++)
        h = (h ^ hart_reg(&m->hart, r)) * 0x100000001b3ull;
    for (unsigned csr = 0; csr < 4096; csr++)
        if (csr_get(&m->hart, csr, &word))
            h = (h ^ word) * 0x100000001b3ull;
    return h ^ m->hart.insns ^ m->hart.pc;
}

/* As a whole, or (how > 0) in small pieces of different lengths. */
static void run_program(struct machine *m, unsigned how, struct machine_result *r)
{
    if (how == 0)
        machine_run(m, r);
    else
        for (unsigned n = 0; r->stop == STOP_NONE; n++)
            if (how == 1 || n % 3 == 0)
                machine_run_for(m, 1 + n % 50, r);
            else
                machine_step(m, r);
}

/* No program can crash the host or confuse it; run twice, and run in pieces, it leaves the same. */
static void random_programs(void **state)
{
    unsigned stops[STOP_ERROR + 1] = {0};
    uint64_t all = 0, traps = 0;
    (void)state;
    for (unsigned n = 0; n < PROGRAMS; n++) {
        uint64_t begin = seed, left = 0, insns = 0;
        for (unsigned again = 0; again < 2; again++) {
            struct machine *m = new_machine();
            struct machine_result r = {0};
            seed = begin;
            make_program(m, n % MODES);
            run_program(m, again ? n / MODES % 3 : 0, &r);
            assert_in_range(r.stop, STOP_EXIT, STOP_ERROR);
            if (r.stop == STOP_ERROR)
                fail_msg("program %u: %s", n, r.message);
            stops[r.stop]++;
            uint64_t now = state_of(m);
            if (again && (now != left || m->hart.insns != insns))
                fail_msg("program %u (TARRY_SEED=0x%llx) left another state in its second run, manner %u", n,
                         (unsigned long long)begin, n / MODES % 3);
            left = now;
            insns = m->hart.insns;
            all += insns;
            traps += m->trace.last_trap;
            machine_free(m);
        }
    }
    printf("# exit %u, reset %u, limit %u, hung %u; %llu instructions, %llu traps\n", stops[STOP_EXIT],
           stops[STOP_RESET], stops[STOP_LIMIT], stops[STOP_HUNG], (unsigned long long)all, (unsigned long long)traps);
    assert_true(stops[STOP_LIMIT] > PROGRAMS / 4);
}

static void write_register(struct machine *m, unsigned offset, uint32_t value)
{
    for (unsigned i = 0; i < m->bus.ndevices; i++)
        if (m->bus.devices[i].base == VIRTIO_BASE)
            m->bus.devices[i].write(m->bus.devices[i].arg, offset, 4, value);
}

static void set_up_queue(struct machine *m, uint32_t entries)
{
    write_register(m, 0x70, 0);
    write_register(m, 0x24, 1);
    write_register(m, 0x20, 1);
    write_register(m, 0x24, 0);
    write_register(m, 0x20, 1u << 28);
    write_register(m, 0x70, 11);
    write_register(m, 0x30, 0);
    write_register(m, 0x38, entries);
    for (unsigned reg = 0x80; reg <= 0xa0; reg += 0x10) {
        uint64_t pa = below(10) ? RAM_BASE + below(64) * 4096ull : address();
        write_register(m, reg, (uint32_t)pa);
        write_register(m, reg + 4, below(50) ? (uint32_t)(pa >> 32) : (uint32_t)rnd());
    }
    write_register(m, 0x44, 1);
    write_register(m, 0x70, 15);
}

static void scribble(struct machine *m)
{
    for (int i = 0; i < 32768; i++) {
        uint64_t pa = RAM_BASE + below(64) * 4096ull + below(4096);
        uint64_t word = below(3) ? pa : rnd();
        memcpy(m->bus.ram + i * 16, &word, 8);
        /* small lengths, flags and indices, so that chains come about */
        uint64_t rest = below(8) ? (below(2) ? below(8192) : below(32)) | (uint64_t)(rnd() & 7) << 32 |
                                   (uint64_t)below(300) << 48 : rnd();
        memcpy(m->bus.ram + i * 16 + 8, &rest, 8);
    }
}

/* The time of all that is queued passes. */
static void let_pass(struct machine *m)
{
    for (int i = 0; i < 2000 && clock_next(m) != CLOCK_NEVER; i++) {
        clock_skip_to(m, clock_next(m));
        clock_fire(m);
    }
}

static void random_rings(void **state)
{
    struct machine *m = new_machine();
    (void)state;
    for (int n = 0; n < RINGS; n++) {
        if (n % 100 == 0)
            scribble(m);
        set_up_queue(m, 1u << below(10));
        for (unsigned i = below(4); i < 4; i++) {
            uint64_t word = rnd();
            memcpy(m->bus.ram + below(64) * 4096, &word, 4);
            write_register(m, 0x50, 0);
        }
        if (below(2))
            let_pass(m);
        write_register(m, below(64) * 4, (uint32_t)rnd());
    }
    let_pass(m);
    machine_free(m);
}

/* A driver that asks for more than its queue can hold is cut off. */
static void endless_requests(void **state)
{
    struct machine *m = new_machine();
    (void)state;
    memset(m->bus.ram, 0, 65536);
    write_register(m, 0x70, 0);
    write_register(m, 0x24, 1);
    write_register(m, 0x20, 1);
    write_register(m, 0x70, 11);
    write_register(m, 0x38, 8);
    for (unsigned reg = 0x80; reg <= 0xa0; reg += 0x10)
        write_register(m, reg, (uint32_t)(RAM_BASE + reg * 256));
    write_register(m, 0x44, 1);
    write_register(m, 0x70, 15);
    uint64_t desc[2] = {RAM_BASE + 0x10000, 16};
    memcpy(m->bus.ram + 0x8000, desc, 16);
    for (uint16_t idx = 8; idx < 800; idx += 8) {
        memcpy(m->bus.ram + 0x9000 + 2, &idx, 2);
        write_register(m, 0x50, 0);
    }
    unsigned completed = 0;
    while (clock_next(m) != CLOCK_NEVER) {
        clock_skip_to(m, clock_next(m));
        m->clock.due[CLOCK_DISK] = CLOCK_NEVER;
        virtio_blk_complete(m->disks[0]);
        completed++;
    }
    assert_in_range(completed, 1, 8);
    machine_free(m);
}

static int set_up(void **state)
{
    char path[] = "/tmp/tarry-hostile-XXXXXX";
    (void)state;
    seed_with(0x5eed0bad5eedull);
    close(mkstemp(path));
    disk = image_create(path, 1 << 20, 1, err, sizeof err);
    unlink(path);
    return disk ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    image_close(disk);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs),
        cmocka_unit_test(random_rings),
        cmocka_unit_test(endless_requests),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

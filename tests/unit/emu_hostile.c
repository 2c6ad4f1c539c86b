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

#define RAM (8ull << 20)
#define PROGRAMS 300
#define PROGRAM_INSNS 20000
#define RINGS 3000

static uint64_t seed;
static char err[512];
static struct image *disk;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned n)
{
    return (unsigned)(rnd() >> 33) % n;
}

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

static uint32_t random_instruction(void)
{
    static const uint16_t csrs[] = {0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x180,
                                    0xc00, 0xc01, 0xc02, 0x10a, 0x300, 0x344, 0x003};
    static const uint32_t eids[] = {0, 1, 2, 3, 5, 0x10, 0x54494d45, 0x735049, 0x52464e43, 0x4442434e, 0x09545259};
    switch (below(16)) {
    case 0:
        return registers(0x00000003 | below(8) << 12) | below(128) << 25;
    case 1:
        return registers(0x00000023 | below(4) << 12) | below(128) << 25;
    case 2:
        return registers(0x00000063 | below(8) << 12) | below(8) << 25;
    case 3:
        return 0x0000006f | below(32) << 7 | below(64) << 21;
    case 4:
        return registers(0x00000067);
    case 5:
    case 6:
        return 0x00000073 | below(32) << 7 | (1 + below(7)) << 12 | below(32) << 15 |
               (uint32_t)csrs[below(sizeof csrs / sizeof *csrs)] << 20;
    case 7:
        return registers(0x0000202f | below(2) << 12 | below(32) << 27);
    case 8: {
        static const uint32_t special[] = {0x00000073, 0x00100073, 0x10200073, 0x10500073, 0x12000073, 0x0000100f};
        return special[below(6)];
    }
    case 9: /* a7: li or lui of an SBI extension */
        return 0x00000893 | (eids[below(11)] & 0xfff) << 20;
    case 10:
        return 0x000008b7 | (eids[below(11)] & 0xfffff000);
    case 11:
        return (uint32_t)rnd();
    default:
        return registers(0x00000013 | below(8) << 12) | below(128) << 25;
    }
}

static void random_programs(void **state)
{
    unsigned stops[STOP_ERROR + 1] = {0};
    (void)state;
    for (int n = 0; n < PROGRAMS; n++) {
        struct machine *m = new_machine();
        uint8_t *code = ram_at(m, KERNEL_BASE, 65536);
        for (int i = 0; i < 65536; i += 4) {
            uint32_t insn = random_instruction();
            memcpy(code + i, &insn, 4);
        }
        for (uint64_t i = 0; i < 8192; i++) { /* something that may be taken for page tables */
            uint64_t word = below(2) ? (KERNEL_BASE + below(16) * 4096ull) >> 2 | (rnd() & 0xff) : address();
            memcpy(m->bus.ram + i * 8, &word, 8);
        }
        hart_enter(&m->hart, MMU_SUPERVISOR, KERNEL_BASE, RAM_BASE);
        m->loaded = true;
        for (int r = UC_RISCV_REG_X1; r <= UC_RISCV_REG_X31; r++)
            hart_set_reg(&m->hart, r, address());
        assert_true(csr_set(&m->hart, CSR_STVEC, KERNEL_BASE + below(16384) * 4));
        struct machine_result r;
        machine_run(m, &r);
        assert_in_range(r.stop, STOP_EXIT, STOP_ERROR);
        if (r.stop == STOP_ERROR)
            fail_msg("program %d: %s", n, r.message);
        stops[r.stop]++;
        machine_free(m);
    }
    printf("# exit %u, reset %u, limit %u, hung %u\n", stops[STOP_EXIT], stops[STOP_RESET], stops[STOP_LIMIT],
           stops[STOP_HUNG]);
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
    const char *given = getenv("TARRY_SEED");
    seed = given ? strtoull(given, NULL, 0) : 0x5eed0bad5eedull;
    printf("# TARRY_SEED=0x%llx\n", (unsigned long long)seed);
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

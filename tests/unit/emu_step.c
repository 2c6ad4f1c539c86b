/* SPDX-License-Identifier: GPL-2.0-only */
/* Single steps: one instruction or one trap each, and nothing that the guest could tell from a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "emu/machine_priv.h"

#define BASE KERNEL_BASE
#define ECALL 0x00000073u
#define WFI 0x10500073u
#define SPIN 0x0000006fu
#define LI(rd, imm) (0x00000013u | (rd) << 7 | (uint32_t)(imm) << 20)
#define LUI(rd, high) (0x00000037u | (rd) << 7 | (uint32_t)(high) << 12)
#define AUIPC(rd, high) (0x00000017u | (rd) << 7 | (uint32_t)(high) << 12)
#define ADDI(rd, imm) (0x00000013u | (rd) << 7 | (rd) << 15 | (uint32_t)(imm) << 20)
#define CSRW(csr, rs) (0x00001073u | (csr) << 20 | (rs) << 15)
#define LR_W(rd, rs1) (0x1000202fu | (rd) << 7 | (rs1) << 15)
#define SC_W(rd, rs2, rs1) (0x1800202fu | (rd) << 7 | (rs2) << 20 | (rs1) << 15)
enum { T0 = 5, T1 = 6, T2 = 7, A0 = 10 };

static char err[512];
static struct machine_result result;

static struct machine *with(const uint32_t *code, size_t bytes)
{
    struct machine_config config = {.ram_bytes = 4 << 20, .console_in = -1, .console_out = -1};
    struct machine *m = machine_new(&config, err, sizeof err);
    if (!m)
        fail_msg("%s", err);
    memcpy(ram_at(m, BASE, bytes), code, bytes);
    hart_enter(&m->hart, MMU_SUPERVISOR, BASE, 0);
    m->loaded = true;
    return m;
}

#define WITH(...) with((uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}))

static void step_to(struct machine *m, uint64_t pc, uint64_t insns)
{
    machine_step(m, &result);
    assert_int_equal(result.stop, STOP_NONE);
    assert_int_equal(m->hart.pc, pc);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_PC), pc);
    assert_int_equal(result.instructions, insns);
}

static uint64_t reg(struct machine *m, int r)
{
    return hart_reg(&m->hart, UC_RISCV_REG_X0 + r);
}

static void line(void **state)
{
    (void)state;
    struct machine *m = WITH(LI(T0, 1), 0x42954289u /* c.li t0, 2; c.li t0, 5 */, LI(T0, 4), SPIN);
    step_to(m, BASE + 4, 1);
    assert_int_equal(reg(m, T0), 1);
    step_to(m, BASE + 6, 2);
    assert_int_equal(reg(m, T0), 2);
    step_to(m, BASE + 8, 3);
    assert_int_equal(reg(m, T0), 5);
    step_to(m, BASE + 12, 4);
    step_to(m, BASE + 12, 5); /* a jump to itself is a step each time */
    step_to(m, BASE + 12, 6);
    machine_free(m);
}

/* A trap is a step of its own: the instruction that traps is not retired. */
static void traps(void **state)
{
    (void)state;
    struct machine *m = WITH(AUIPC(T0, 1), CSRW(0x105, T0), LI(T1, 1), 0xffffffffu, SPIN);
    memcpy(ram_at(m, BASE + 0x1000, 8), (uint32_t[]){0x00000000u, SPIN}, 8);
    step_to(m, BASE + 4, 1);
    step_to(m, BASE + 8, 2);
    step_to(m, BASE + 12, 3);
    step_to(m, BASE + 0x1000, 4); /* illegal: 32 bits */
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_SEPC), BASE + 12);
    step_to(m, BASE + 0x1000, 5); /* illegal: 16 bits, in the vector itself */
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_SEPC), BASE + 0x1000);
    machine_free(m);
}

/* A jump to where nothing is: the jump is a step, the fault the next. */
static void jump_to_nowhere(void **state)
{
    (void)state;
    struct machine *m = WITH(AUIPC(T0, 1), CSRW(0x105, T0), LUI(T1, 0x40000), 0x00030067u /* jr t1 */);
    memcpy(ram_at(m, BASE + 0x1000, 4), (uint32_t[]){SPIN}, 4);
    step_to(m, BASE + 4, 1);
    step_to(m, BASE + 8, 2);
    step_to(m, BASE + 12, 3);
    step_to(m, 0x40000000, 4);
    step_to(m, BASE + 0x1000, 5);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_SCAUSE), EXC_FETCH_ACCESS);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_SEPC), 0x40000000);
    machine_free(m);
}

static void reservation(void **state)
{
    (void)state;
    struct machine *m = WITH(AUIPC(A0, 2), LI(T0, 7), LR_W(T1, A0), ADDI(T1, 1), SC_W(T2, T0, A0), SPIN);
    for (unsigned i = 1; i <= 5; i++)
        step_to(m, BASE + 4 * i, i);
    assert_int_equal(reg(m, T2), 0); /* it was kept */
    assert_int_equal(*(uint32_t *)ram_at(m, BASE + 0x2000, 4), 7);
    machine_free(m);
}

/* An interrupt is a step that retires nothing, and is not taken in the middle of a block, stepped or not. */
static void interrupts(void **state)
{
    (void)state;
    struct machine *m = WITH(AUIPC(T0, 1), CSRW(0x105, T0), LI(T0, 2), CSRW(0x104, T0), /* stvec, sie = SSIE */
                             0x10016073u /* csrsi sstatus, 2 */, ADDI(T1, 1), ADDI(T1, 1), ADDI(T1, 1), SPIN);
    memcpy(ram_at(m, BASE + 0x1000, 4), (uint32_t[]){SPIN}, 4);
    for (unsigned i = 1; i <= 6; i++)
        step_to(m, BASE + 4 * i, i);
    hart_set_line(&m->hart, IRQ_SSOFT, true);
    step_to(m, BASE + 28, 7);
    step_to(m, BASE + 32, 8);
    step_to(m, BASE + 32, 9); /* the jump ends the block */
    step_to(m, BASE + 0x1000, 9);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_SEPC), BASE + 32);
    step_to(m, BASE + 0x1000, 10);
    machine_free(m);
}

/* From the middle of a block a run goes on; the count is right at its end. */
static void step_then_run(void **state)
{
    (void)state;
    struct machine *m = WITH(LI(T0, 100), ADDI(T0, -1), 0xfe029ee3u /* bnez t0, -4 */, LUI(T0, 0x100), LUI(T1, 0x5),
                             ADDI(T1, 0x555), 0x0062a023u /* sw t1, (t0) */, SPIN);
    machine_step(m, &result);
    machine_step(m, &result);
    assert_true(m->hart.midway);
    machine_run_for(m, 1, &result);
    assert_false(m->hart.midway);
    assert_int_equal(result.instructions, 3);
    machine_run(m, &result);
    assert_int_equal(result.stop, STOP_EXIT);
    assert_int_equal(result.instructions, 1 + 200 + 5);
    machine_free(m);
}

/* wfi is a step, the wait belongs to the next; one that never ends stops the machine. */
static void waiting(void **state)
{
    (void)state;
    struct machine *m = WITH(LI(T0, 0x20), CSRW(0x104, T0), LI(17, 0), LUI(A0, 1), ECALL, WFI, ADDI(T1, 1), WFI);
    for (unsigned i = 1; i <= 6; i++)
        step_to(m, BASE + 4 * i, i);
    assert_int_equal(result.virtual_ns, 6);
    step_to(m, BASE + 28, 7);
    assert_int_equal(result.virtual_ns, 4096 * NS_PER_TICK + 1);
    machine_free(m);
    m = WITH(WFI, SPIN);
    step_to(m, BASE + 4, 1);
    machine_step(m, &result);
    assert_int_equal(result.stop, STOP_HUNG);
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line),       cmocka_unit_test(traps),         cmocka_unit_test(jump_to_nowhere),
        cmocka_unit_test(reservation), cmocka_unit_test(interrupts),   cmocka_unit_test(step_then_run),
        cmocka_unit_test(waiting),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

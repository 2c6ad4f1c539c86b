/* SPDX-License-Identifier: GPL-2.0-only */
/* Every way a run can end, by programs of a few words. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "emu/machine_priv.h"

#define WFI 0x10500073u
#define SPIN 0x0000006fu  /* j . */
#define ECALL 0x00000073u
#define LI(rd, imm) (0x00000013u | (rd) << 7 | (uint32_t)(imm) << 20)
#define LUI(rd, high) (0x00000037u | (rd) << 7 | (uint32_t)(high) << 12)
#define SW(base, src) (0x00002023u | (base) << 15 | (src) << 20)
#define ADDI(rd, imm) (0x00000013u | (rd) << 7 | (rd) << 15 | (uint32_t)(imm) << 20)
enum { T0 = 5, T1 = 6, A0 = 10, A1 = 11, A6 = 16, A7 = 17 };

static char err[512];
static struct machine_result result;

static struct machine *with(const uint32_t *code, size_t bytes, struct machine_config config)
{
    config.ram_bytes = 4 << 20;
    config.console_out = -1;
    struct machine *m = machine_new(&config, err, sizeof err);
    if (!m)
        fail_msg("%s", err);
    memcpy(ram_at(m, KERNEL_BASE, bytes), code, bytes);
    hart_enter(&m->hart, MMU_SUPERVISOR, KERNEL_BASE, 0);
    m->loaded = true;
    return m;
}

static void run(const uint32_t *code, size_t bytes, uint64_t max_insns)
{
    struct machine *m = with(code, bytes, (struct machine_config){.console_in = -1, .max_insns = max_insns});
    machine_run(m, &result);
    machine_free(m);
}

#define RUN(...) run((uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}), 1000000)

static void finisher(void **state)
{
    (void)state;
    RUN(LUI(T0, 0x100), LUI(T1, 0x5), ADDI(T1, 0x555), SW(T0, T1), SPIN);
    assert_int_equal(result.stop, STOP_EXIT);
    assert_int_equal(result.status, 0);
    RUN(LUI(T0, 0x100), LUI(T1, 0x73), ADDI(T1, 0x333), SW(T0, T1), SPIN);
    assert_int_equal(result.stop, STOP_EXIT);
    assert_int_equal(result.status, 7);
    RUN(LUI(T0, 0x100), LUI(T1, 0x7), ADDI(T1, 0x777), SW(T0, T1), SPIN);
    assert_int_equal(result.stop, STOP_RESET);
    assert_in_range(result.instructions, 4, 5); /* the block with the store is the last */
}

static void sbi_reset(void **state)
{
    (void)state;
    RUN(LUI(A7, 0x53525), ADDI(A7, 0x354), LI(A6, 0), LI(A0, 0), LI(A1, 0), ECALL, SPIN);
    assert_int_equal(result.stop, STOP_EXIT);
    assert_int_equal(result.status, 0);
    RUN(LUI(A7, 0x53525), ADDI(A7, 0x354), LI(A6, 0), LI(A0, 0), LI(A1, 1), ECALL, SPIN);
    assert_int_equal(result.status, 1);
    RUN(LUI(A7, 0x53525), ADDI(A7, 0x354), LI(A6, 0), LI(A0, 1), LI(A1, 0), ECALL, SPIN);
    assert_int_equal(result.stop, STOP_RESET);
    RUN(LI(A7, 8), ECALL, SPIN); /* legacy */
    assert_int_equal(result.stop, STOP_EXIT);
}

static void limit(void **state)
{
    (void)state;
    RUN(SPIN);
    assert_int_equal(result.stop, STOP_LIMIT);
    assert_int_equal(result.instructions, 1000000);
    assert_int_equal(result.virtual_ns, 1000000);
    assert_string_equal(result.message, "the limit of 1000000 instructions was reached");
}

static void hung(void **state)
{
    (void)state;
    RUN(WFI, SPIN);
    assert_int_equal(result.stop, STOP_HUNG);
    assert_int_equal(result.instructions, 1);
    assert_string_equal(result.message, "the hart waits at pc 0x80200004 for an interrupt that cannot come");
    RUN(LUI(A7, 0x485), ADDI(A7, 0x34d), LI(A6, 1), ECALL, SPIN); /* HSM: stop this hart */
    assert_int_equal(result.stop, STOP_HUNG);
    assert_string_equal(result.message, "the guest stopped its only hart");
}

/* wfi with a timer set: the wait costs no instructions, and ends at its time though SIE is off. */
static void wait_for_timer(void **state)
{
    (void)state;
    RUN(LI(T0, 0x20), 0x10429073u /* csrw sie, t0 */, LI(A7, 0), LUI(A0, 1), ECALL, WFI, LUI(T0, 0x100), LUI(T1, 0x5),
        ADDI(T1, 0x555), SW(T0, T1), SPIN);
    assert_int_equal(result.stop, STOP_EXIT);
    assert_int_equal(result.instructions, 11);
    assert_int_equal(result.virtual_ns, 4096 * NS_PER_TICK + 5);
}

static void no_kernel(void **state)
{
    (void)state;
    struct machine_config config = {.ram_bytes = 4 << 20, .console_in = -1, .console_out = -1};
    struct machine *m = machine_new(&config, err, sizeof err);
    assert_non_null(m);
    machine_run(m, &result);
    assert_int_equal(result.stop, STOP_ERROR);
    machine_free(m);
    config.ram_bytes = 4097;
    assert_null(machine_new(&config, err, sizeof err));
    assert_non_null(strstr(err, "4097 bytes of RAM"));
}

static void *interrupt_later(void *m)
{
    usleep(50000);
    machine_interrupt(m);
    return NULL;
}

static void interrupt_while(const uint32_t *code, size_t bytes, int in)
{
    pthread_t thread;
    struct machine *m = with(code, bytes, (struct machine_config){.console_in = in});
    assert_int_equal(pthread_create(&thread, NULL, interrupt_later, m), 0);
    machine_run(m, &result);
    pthread_join(thread, NULL);
    assert_int_equal(result.stop, STOP_INTERRUPTED);
    machine_free(m);
}

static void interrupted(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    interrupt_while((uint32_t[]){SPIN}, 4, -1);
    /* waits for a byte from a pipe that stays open: IER = 1, wfi */
    uint32_t wait[] = {LUI(T0, 0x10000), LI(T1, 1), 0x006280a3u /* sb t1, 1(t0) */, WFI, SPIN};
    interrupt_while(wait, sizeof wait, ends[0]);
    close(ends[1]); /* end of input: nothing can come any more */
    struct machine *m = with(wait, sizeof wait, (struct machine_config){.console_in = ends[0]});
    machine_run(m, &result);
    assert_int_equal(result.stop, STOP_HUNG);
    machine_free(m);
    close(ends[0]);
}

static void disk_models(void **state)
{
    struct disk_model d;
    (void)state;
    static const char *const bad[] = {"", "floppy", "1,2,3", "1,2,3,4,5", "1,2,3,-4", "1,2,3,4x", " 1,2,3,4",
                                      "1,2,3,99999999999999999999999", "1,,3,4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(disk_model_parse(bad[i], &d, err, sizeof err), -1);
    assert_int_equal(disk_model_parse("1,2,3,4", &d, err, sizeof err), 0);
    assert_int_equal(d.access_ns * 1000 + d.seek_ns * 100 + d.ns_per_sector * 10 + d.flush_ns, 1234);
    assert_int_equal(disk_model_parse("hdd", &d, err, sizeof err), 0);
    assert_true(d.seek_ns > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finisher),    cmocka_unit_test(sbi_reset),   cmocka_unit_test(limit),
        cmocka_unit_test(hung),        cmocka_unit_test(wait_for_timer), cmocka_unit_test(no_kernel),
        cmocka_unit_test(interrupted), cmocka_unit_test(disk_models),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

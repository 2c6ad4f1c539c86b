/* SPDX-License-Identifier: GPL-2.0-only */
/* The SBI: one hart, so inter-processor calls are calls to oneself. Chapters are those of SBI 2.0. */
#include "../traces/events.h"
#include "machine_priv.h"
#include "tlb_model.h"
#include "sbi.h"

enum {
    EID_LEGACY_SET_TIMER = 0,
    EID_LEGACY_PUTCHAR = 1,
    EID_LEGACY_GETCHAR = 2,
    EID_LEGACY_CLEAR_IPI = 3,
    EID_LEGACY_SEND_IPI = 4,
    EID_LEGACY_FENCE_I = 5,
    EID_LEGACY_SFENCE = 6,
    EID_LEGACY_SFENCE_ASID = 7,
    EID_LEGACY_SHUTDOWN = 8,
    EID_BASE = 0x10,
    EID_TIME = 0x54494d45,
    EID_IPI = 0x735049,
    EID_RFENCE = 0x52464e43,
    EID_HSM = 0x48534d,
    EID_SRST = 0x53525354,
    EID_DBCN = 0x4442434e,
};

enum {
    SBI_OK = 0,
    SBI_NOT_SUPPORTED = -2,
    SBI_INVALID_PARAM = -3,
    SBI_ALREADY_AVAILABLE = -6,
};

#define SBI_VERSION_2_0 0x02000000
#define SBI_IMPLEMENTATION 0x5452 /* not registered */

struct sbi_result {
    int64_t error;
    uint64_t value;
};

static struct sbi_result ok(uint64_t value)
{
    return (struct sbi_result){SBI_OK, value};
}

static struct sbi_result fail(int64_t error)
{
    return (struct sbi_result){error, 0};
}

static bool known(uint64_t eid)
{
    switch (eid) {
    case EID_BASE:
    case EID_TIME:
    case EID_IPI:
    case EID_RFENCE:
    case EID_HSM:
    case EID_SRST:
    case EID_DBCN:
    case TRACE_EID:
        return true;
    default:
        return eid <= EID_LEGACY_SHUTDOWN;
    }
}

/* Chapter 4 */
static struct sbi_result base(uint64_t function, uint64_t a0)
{
    switch (function) {
    case 0:
        return ok(SBI_VERSION_2_0);
    case 1:
        return ok(SBI_IMPLEMENTATION);
    case 2:
        return ok(1); /* version of the implementation */
    case 3:
        return ok(known(a0));
    case 4: /* mvendorid, marchid, mimpid */
    case 5:
    case 6:
        return ok(0);
    }
    return fail(SBI_NOT_SUPPORTED);
}

/* Chapter 6 */
static struct sbi_result set_timer(struct machine *m, uint64_t ticks)
{
    csr_set_stimecmp(&m->hart, ticks);
    return ok(0);
}

/* A hart mask (chapter 3): does it name hart 0, and only harts that exist? */
static bool mask_valid(uint64_t mask, uint64_t first, bool *self)
{
    *self = first == UINT64_MAX || (first == 0 && (mask & 1));
    return first == UINT64_MAX || (first == 0 && mask <= 1);
}

/* Chapter 7 */
static struct sbi_result send_ipi(struct machine *m, uint64_t mask, uint64_t first)
{
    bool self;
    if (!mask_valid(mask, first, &self))
        return fail(SBI_INVALID_PARAM);
    if (self)
        hart_set_line(&m->hart, IRQ_SSOFT, true);
    return ok(0);
}

/* Chapter 8: fences are coarse here. */
static struct sbi_result rfence(struct machine *m, uint64_t function, const uint64_t a[5])
{
    bool self;
    if (function > 2)
        return fail(SBI_NOT_SUPPORTED); /* hypervisor */
    if (!mask_valid(a[0], a[1], &self))
        return fail(SBI_INVALID_PARAM);
    bool all = (a[2] == 0 && a[3] == 0) || a[3] == UINT64_MAX;
    const uint64_t *asid = function == 2 ? &a[4] : NULL;
    uint64_t row = self && function > 0 ? traceport_sfence(m, all ? NULL : &a[2], asid, all ? 0 : a[3]) : 0; /* 0: fence.i */
    if (self)
        uc_ctl_flush_tlb(m->hart.uc);
    if (row && m->hart.tlb)
        tlb_model_fence_range(m->hart.tlb, row, all ? 0 : a[2], all ? UINT64_MAX : a[3], asid);
    return ok(0);
}

#define SUSPEND_NON_RETENTIVE 0x80000000u

static bool suspend_of_platform(uint64_t type)
{
    return (type >= 0x10000000 && type <= 0x7fffffff) || (type >= 0x90000000 && type <= 0xffffffff);
}

/* Chapter 9 */
static struct sbi_result hsm(struct machine *m, uint64_t function, uint64_t a0)
{
    switch (function) {
    case 0:
        return fail(a0 == 0 ? SBI_ALREADY_AVAILABLE : SBI_INVALID_PARAM);
    case 1:
        machine_stop(m, STOP_HUNG, 1, "the guest stopped its only hart");
        return ok(0);
    case 2:
        return a0 == 0 ? ok(0) : fail(SBI_INVALID_PARAM); /* started */
    case 3:
        if (a0 != 0) /* only the default retentive suspend; of the others most are reserved (table 9.3) */
            return fail(a0 == SUSPEND_NON_RETENTIVE || suspend_of_platform(a0) ? SBI_NOT_SUPPORTED : SBI_INVALID_PARAM);
        m->hart.waiting = true;
        hart_look_up(&m->hart);
        return ok(0);
    }
    return fail(SBI_NOT_SUPPORTED);
}

/* Chapter 10 */
static struct sbi_result reset(struct machine *m, uint64_t function, uint64_t type, uint64_t reason)
{
    if (function != 0)
        return fail(SBI_NOT_SUPPORTED);
    if (type > 2 || reason > 1)
        return fail(SBI_INVALID_PARAM);
    machine_stop(m, type == 0 ? STOP_EXIT : STOP_RESET, (int)reason, NULL);
    return ok(0);
}

/* Chapter 12 */
static struct sbi_result debug_console(struct machine *m, uint64_t function, uint64_t n, uint64_t low, uint64_t high)
{
    if (function == 2) {
        console_put(m, (uint8_t)n);
        return ok(0);
    }
    uint8_t *text = high == 0 ? ram_at(m, low, n) : NULL;
    if (function > 2)
        return fail(SBI_NOT_SUPPORTED);
    if (!text)
        return fail(SBI_INVALID_PARAM);
    uint64_t done = 0;
    if (function == 0)
        for (; done < n; done++)
            console_put(m, text[done]);
    else
        for (int byte; done < n && (byte = console_get(m)) >= 0; done++)
            text[done] = (uint8_t)byte;
    if (function == 1)
        ram_written(m, low, done);
    return ok(done);
}

/* Chapter 5: one result, in a0. */
static uint64_t legacy(struct machine *m, uint64_t eid, uint64_t a0)
{
    switch (eid) {
    case EID_LEGACY_SET_TIMER:
        set_timer(m, a0);
        break;
    case EID_LEGACY_PUTCHAR:
        console_put(m, (uint8_t)a0);
        break;
    case EID_LEGACY_GETCHAR:
        return (uint64_t)(int64_t)console_get(m);
    case EID_LEGACY_CLEAR_IPI:
        hart_set_line(&m->hart, IRQ_SSOFT, false);
        break;
    case EID_LEGACY_SEND_IPI: /* the mask's virtual address: there is nobody but hart 0 to name */
        hart_set_line(&m->hart, IRQ_SSOFT, true);
        break;
    case EID_LEGACY_FENCE_I:
    case EID_LEGACY_SFENCE:
    case EID_LEGACY_SFENCE_ASID:
        uc_ctl_flush_tlb(m->hart.uc);
        break;
    case EID_LEGACY_SHUTDOWN:
        machine_stop(m, STOP_EXIT, 0, NULL);
        break;
    }
    return 0;
}

static struct sbi_result dispatch(struct machine *m, uint64_t eid, uint64_t function, const uint64_t a[5])
{
    switch (eid) {
    case EID_BASE:
        return base(function, a[0]);
    case EID_TIME:
        return function == 0 ? set_timer(m, a[0]) : fail(SBI_NOT_SUPPORTED);
    case EID_IPI:
        return function == 0 ? send_ipi(m, a[0], a[1]) : fail(SBI_NOT_SUPPORTED);
    case EID_RFENCE:
        return rfence(m, function, a);
    case EID_HSM:
        return hsm(m, function, a[0]);
    case EID_SRST:
        return reset(m, function, a[0], a[1]);
    case EID_DBCN:
        return debug_console(m, function, a[0], a[1], a[2]);
    case TRACE_EID: {
        struct sbi_result r;
        r.error = traceport_call(m, function, a, &r.value);
        return r;
    }
    }
    return fail(SBI_NOT_SUPPORTED);
}

void sbi_call(struct machine *m)
{
    struct hart *h = &m->hart;
    uint64_t eid = 0, function = 0, a[5] = {0};
    int regs[] = {UC_RISCV_REG_A7, UC_RISCV_REG_A6, UC_RISCV_REG_A0, UC_RISCV_REG_A1,
                  UC_RISCV_REG_A2, UC_RISCV_REG_A3, UC_RISCV_REG_A4};
    uc_reg_read_batch(h->uc, regs, (void *[]){&eid, &function, &a[0], &a[1], &a[2], &a[3], &a[4]}, 7);
    if (eid <= EID_LEGACY_SHUTDOWN) {
        hart_set_reg(h, UC_RISCV_REG_A0, legacy(m, eid, a[0]));
        return;
    }
    struct sbi_result r = dispatch(m, eid, function, a);
    hart_set_reg(h, UC_RISCV_REG_A0, (uint64_t)r.error);
    hart_set_reg(h, UC_RISCV_REG_A1, r.value);
}

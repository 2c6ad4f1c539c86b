/* SPDX-License-Identifier: GPL-2.0-only */
/* Timer, wfi, counters, SBI, PLIC and UART interrupts, the block device. Wants a disk in slot 0. */
#include "guest.h"

#define PLIC 0x0c000000ull
#define UART 0x10000000ull
#define VIRTIO 0x10001000ull
#define SIE 2

static volatile uint64_t timer_at;

static void on_timer(uint64_t code)
{
    (void)code;
    timer_at = CSRR(time);
    sbi(SBI_TIME, 0, ~0ull, 0, 0);
}

static void wfi(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

static void timer(void)
{
    on_interrupt = on_timer;
    CSRW(sie, 1 << 5);
    uint64_t start = CSRR(time);
    sbi(SBI_TIME, 0, start + TICKS_PER_MS, 0, 0);
    check("no interrupt while SIE is off", interrupts[5], 0);
    wfi();
    check_true("wfi waits for the time", CSRR(time) >= start + TICKS_PER_MS);
    check("and does not take the interrupt", interrupts[5], 0);
    check("sip.STIP is set", CSRR(sip) >> 5 & 1, 1);
    CSRS(sstatus, SIE);
    check("SIE lets it in at once", interrupts[5], 1);
    check("set_timer cleared STIP", CSRR(sip) >> 5 & 1, 0);
    start = CSRR(time);
    sbi(SBI_TIME, 0, start + TICKS_PER_MS, 0, 0);
    while (interrupts[5] == 1)
        ;
    check_true("it interrupts a loop", timer_at >= start + TICKS_PER_MS);
    sbi(SBI_TIME, 0, 0, 0, 0);
    check("a time that is past interrupts at once", interrupts[5], 3);
    CSRC(sstatus, SIE);
    if (on_tarry())
        check_true("not later than 1000 instructions", timer_at - start < TICKS_PER_MS + 10);
    else
        skip("not later than 1000 instructions");
}

static void counters(void)
{
    uint64_t a, b;
    __asm__ volatile("rdinstret %0\nnop\nnop\nnop\nrdinstret %1" : "=r"(a), "=r"(b));
    if (on_tarry())
        check("instret counts exactly", b - a, 4);
    else
        skip("instret counts exactly");
    __asm__ volatile("rdcycle %0\nrdcycle %1" : "=r"(a), "=r"(b));
    check_true("cycle advances", b > a);
    a = CSRR(time);
    for (volatile int i = 0; i < 10000; i++)
        ;
    check_true("time advances", CSRR(time) > a);
}

static void base(void)
{
    check("SBI spec is 1.0 or later", sbi(0x10, 0, 0, 0, 0).value >= 0x01000000, 1);
    check("probe TIME", sbi(0x10, 3, SBI_TIME, 0, 0).value != 0, 1);
    check("probe IPI", sbi(0x10, 3, 0x735049, 0, 0).value != 0, 1);
    check("probe RFENCE", sbi(0x10, 3, 0x52464e43, 0, 0).value != 0, 1);
    check("probe HSM", sbi(0x10, 3, 0x48534d, 0, 0).value != 0, 1);
    check("probe SRST", sbi(0x10, 3, 0x53525354, 0, 0).value != 0, 1);
    check("probe of what is not there", sbi(0x10, 3, 0x0a000000, 0, 0).value, 0);
    check("call of what is not there", (uint64_t)sbi(0x0a000000, 0, 0, 0, 0).error, (uint64_t)-2);
    check("hart 0 is started", sbi(0x48534d, 2, 0, 0, 0).value, 0);
    check("remote fence", (uint64_t)sbi(0x52464e43, 1, 1, 0, 0).error, 0);
    check("suspend of a reserved type", (uint64_t)sbi(0x48534d, 3, 5, 0, 0).error, (uint64_t)-3);
    check("reset of a reserved type", (uint64_t)sbi(0x53525354, 0, 9, 0, 0).error, (uint64_t)-3);
}

static void on_soft(uint64_t code)
{
    (void)code;
    CSRC(sip, 2);
}

static void ipi(void)
{
    on_interrupt = on_soft;
    CSRW(sie, 2);
    sbi(0x735049, 0, 1, 0, 0);
    check("an IPI sets SSIP", CSRR(sip) & 2, 2);
    CSRS(sstatus, SIE);
    __asm__ volatile("nop");
    CSRC(sstatus, SIE);
    check("and interrupts", interrupts[1], 1);
    check("the guest clears SSIP itself", CSRR(sip) & 2, 0);
    CSRS(sip, 2);
    check("and sets it", CSRR(sip) & 2, 2);
    wfi();
    CSRC(sip, 2);
}

/* ---- block device (virtio 1.2, 5.2) ---- */

struct desc {
    uint64_t pa;
    uint32_t bytes;
    uint16_t flags, next;
};

static struct desc desc[8] __attribute__((aligned(4096)));
static struct { uint16_t flags, idx, ring[8]; } avail;
static volatile struct {
    uint16_t flags, idx;
    struct { uint32_t id, bytes; } ring[8];
} used __attribute__((aligned(4)));
static struct { uint32_t type, reserved; uint64_t sector; } header;
static volatile uint8_t status;
static uint8_t data[8192] __attribute__((aligned(4096)));

static uint32_t reg(unsigned offset) { return REG32(VIRTIO + offset); }
static void set(unsigned offset, uint32_t v) { REG32(VIRTIO + offset) = v; }

static void set_address(unsigned offset, volatile void *p)
{
    set(offset, (uint32_t)(uintptr_t)p);
    set(offset + 4, (uint32_t)((uint64_t)(uintptr_t)p >> 32));
}

static void on_disk(uint64_t code)
{
    (void)code;
    uint32_t source = REG32(PLIC + 0x201004);
    if (source != 1)
        check("the PLIC names the disk", source, 1);
    set(0x64, reg(0x60));
    REG32(PLIC + 0x201004) = source;
}

static void disk_start(void)
{
    check("virtio magic", reg(0), 0x74726976);
    check("virtio version", reg(4), 2);
    check("block device", reg(8), 2);
    check("empty slot", REG32(VIRTIO + 0x1000 + 8), 0);
    set(0x70, 0);
    set(0x70, 11);
    check("FEATURES_OK without VERSION_1, as xv6 does it", reg(0x70) & 8, 8);
    set(0x70, 0);
    set(0x70, 1);
    set(0x70, 3);
    set(0x14, 1);
    check("VERSION_1 is offered", reg(0x10) & 1, 1);
    set(0x24, 1);
    set(0x20, 1);
    set(0x24, 0);
    set(0x20, 1 << 9);
    set(0x70, 11);
    check("FEATURES_OK stays", reg(0x70) & 8, 8);
    set(0x30, 0);
    check_true("queue of 8", reg(0x34) >= 8);
    set(0x38, 8);
    set_address(0x80, desc);
    set_address(0x90, &avail);
    set_address(0xa0, &used);
    set(0x44, 1);
    set(0x70, 15);
    REG32(PLIC + 4) = 1;
    REG32(PLIC + 0x2080) = 2;
    REG32(PLIC + 0x201000) = 0;
    on_interrupt = on_disk;
    CSRW(sie, 1 << 9);
}

static uint8_t request(uint32_t type, uint64_t sector, uint32_t bytes)
{
    header.type = type;
    header.sector = sector;
    status = 255;
    desc[0] = (struct desc){(uint64_t)(uintptr_t)&header, 16, 1, 1};
    desc[1] = (struct desc){(uint64_t)(uintptr_t)data, bytes, type == 1 ? 1 : 3, 2};
    desc[2] = (struct desc){(uint64_t)(uintptr_t)&status, 1, 2, 0};
    if (bytes == 0)
        desc[0].next = 2;
    uint16_t before = used.idx;
    avail.ring[avail.idx % 8] = 0;
    __asm__ volatile("fence" : : : "memory");
    avail.idx++;
    __asm__ volatile("fence" : : : "memory");
    set(0x50, 0);
    while (used.idx == before) {
        wfi();
        CSRS(sstatus, SIE);
        CSRC(sstatus, SIE);
    }
    CSRS(sstatus, SIE); /* QEMU may raise the interrupt later than it writes the ring */
    CSRC(sstatus, SIE);
    return status;
}

static void disk(void)
{
    disk_start();
    check_true("capacity", reg(0x100) >= 64);
    for (int i = 0; i < 8192; i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    check("write", request(1, 8, 8192), 0);
    for (int i = 0; i < 8192; i++)
        data[i] = 0;
    uint64_t start = CSRR(time);
    check("read", request(0, 8, 8192), 0);
    if (on_tarry())
        check_true("takes 20 us and 16 sectors of 200 ns", CSRR(time) - start >= 232);
    else
        skip("takes 20 us and 16 sectors of 200 ns");
    int same = 1;
    for (int i = 0; i < 8192; i++)
        same &= data[i] == (uint8_t)(i * 7 + (i >> 8));
    check_true("what was written comes back", same);
    check("flush", request(4, 0, 0), 0);
    check("get id", request(8, 0, 20), 0);
    check("read past the end", request(0, 1ull << 40, 512), 1);
    check("unknown request", request(77, 0, 512), 2);
    check_true("by interrupts", interrupts[9] >= 1);
}

/* A page filled by the disk, executed, filled again, executed again. */
static void code_from_disk(void)
{
    uint32_t *code = (uint32_t *)data;
    uint64_t got[3];
    for (uint32_t i = 0; i < 3; i++) {
        code[0] = 0x00000513 | (i + 1) << 20; /* li a0, i + 1 */
        code[1] = 0x00008067;                 /* ret */
        request(1, 16 + i, 512);
    }
    for (int i = 0; i < 3; i++) {
        request(0, 16 + i, 512);
        fence_i();
        got[i] = ((uint64_t(*)(void))data)();
    }
    check("code read from the disk runs", got[0], 1);
    check("and new code in its place", got[1], 2);
    check("and again", got[2], 3);
    code[0] = 0x06300513; /* li a0, 99 */
    fence_i();
    check("code that was stored over it", ((uint64_t(*)(void))data)(), 99);
}

/* ---- UART ---- */

static unsigned sources;

/* Takes and completes the interrupt, and does nothing about its cause. */
static void on_uart(uint64_t code)
{
    (void)code;
    uint32_t source = REG32(PLIC + 0x201004);
    sources += source == 10;
    REG32(PLIC + 0x201004) = source;
}

/* xv6 never reads IIR: QEMU's board interrupts once. */
static void transmit_interrupt(void)
{
    REG32(PLIC + 4 * 10) = 1;
    REG32(PLIC + 0x2080) = 1 << 10;
    REG32(PLIC + 0x201000) = 0;
    on_interrupt = on_uart;
    CSRW(sie, 1 << 9);
    REG8(UART + 1) = 2;
    CSRS(sstatus, SIE);
    for (volatile int i = 0; i < 1000; i++)
        ;
    CSRC(sstatus, SIE);
    unsigned first = REG8(UART + 2) & 15, second = REG8(UART + 2) & 15; /* checks print: not in between */
    REG8(UART + 1) = 0;
    check_true("a transmit interrupt that is left standing comes", sources >= 1);
    check_true("and not for ever", sources < 10);
    check("IIR still names it", first, 2);
    check("reading IIR ends it", second, 1);
    REG32(PLIC + 0x2080) = 0;
}

int main(void)
{
    timer();
    counters();
    base();
    ipi();
    transmit_interrupt();
    disk();
    code_from_disk();
    plan();
    return 0;
}

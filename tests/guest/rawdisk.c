/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual disk by itself, for tests/bench/fs: how many virtual nanoseconds it takes to read and write 16 MiB in sequence in
 * requests of 256 KiB, four of them under way, and 1024 random blocks of 4 KiB one after the other. No file system, no copying.
 */
#include "guest.h"

enum { VIRTIO = 0x10001000, DEPTH = 4, LARGE = 256 * 1024, BLOCK = 4096, SECTOR = 512, TICK_NS = 100 };
enum { IN = 0, OUT = 1, FLUSH = 4 };
enum { SPAN = 16 << 20, FIRST = 64 << 20 }; /* where on the disk */

static struct desc {
    uint64_t pa;
    uint32_t bytes;
    uint16_t flags, next;
} desc[16] __attribute__((aligned(4096)));
static struct { uint16_t flags, idx, ring[16]; } avail;
static volatile struct {
    uint16_t flags, idx;
    struct { uint32_t id, bytes; } ring[16];
} used __attribute__((aligned(4)));
static struct { uint32_t type, reserved; uint64_t sector; } header[DEPTH];
static volatile uint8_t status[DEPTH];
static uint8_t data[DEPTH][LARGE] __attribute__((aligned(4096)));
static uint16_t started;

static void set(unsigned offset, uint32_t v) { REG32(VIRTIO + offset) = v; }

static void set_address(unsigned offset, volatile void *p)
{
    set(offset, (uint32_t)(uintptr_t)p);
    set(offset + 4, (uint32_t)((uint64_t)(uintptr_t)p >> 32));
}

static void disk_start(void)
{
    set(0x70, 0);
    set(0x70, 3);
    set(0x24, 1);
    set(0x20, 1);
    set(0x24, 0);
    set(0x20, 1 << 9);
    set(0x70, 11);
    set(0x30, 0);
    set(0x38, 16);
    set_address(0x80, desc);
    set_address(0x90, &avail);
    set_address(0xa0, &used);
    set(0x44, 1);
    set(0x70, 15);
}

static void await(unsigned most)
{
    while ((uint16_t)(started - used.idx) > most)
        ;
}

static void request(uint32_t type, uint64_t offset, uint32_t bytes)
{
    unsigned slot = started % DEPTH, d = slot * 3;
    await(DEPTH - 1);
    header[slot].type = type;
    header[slot].sector = offset / SECTOR;
    desc[d] = (struct desc){(uint64_t)(uintptr_t)&header[slot], 16, 1, (uint16_t)(bytes ? d + 1 : d + 2)};
    desc[d + 1] = (struct desc){(uint64_t)(uintptr_t)data[slot], bytes, type == OUT ? 1 : 3, (uint16_t)(d + 2)};
    desc[d + 2] = (struct desc){(uint64_t)(uintptr_t)&status[slot], 1, 2, 0};
    avail.ring[avail.idx % 16] = (uint16_t)d;
    __asm__ volatile("fence" : : : "memory");
    avail.idx++;
    __asm__ volatile("fence" : : : "memory");
    started++;
    set(0x50, 0);
}

static uint64_t now(void)
{
    return CSRR(time);
}

static void report(const char *what, uint64_t from)
{
    print(what);
    print(" ");
    print_decimal((now() - from) * TICK_NS);
    print("\n");
}

static void sequential(const char *what, uint32_t type)
{
    uint64_t from = now();
    for (uint64_t off = 0; off < SPAN; off += LARGE)
        request(type, FIRST + off, LARGE);
    await(0);
    if (type == OUT)
        request(FLUSH, 0, 0);
    await(0);
    report(what, from);
}

static void random_blocks(const char *what, uint32_t type)
{
    uint64_t from = now(), x = 1;
    for (int i = 0; i < 1024; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        request(type, FIRST + (x >> 33) % (SPAN / BLOCK) * BLOCK, BLOCK);
        if (type == IN)
            await(0); /* who writes need not wait for each */
    }
    await(0);
    if (type == OUT)
        request(FLUSH, 0, 0);
    await(0);
    report(what, from);
}

int main(void)
{
    disk_start();
    sequential("write", OUT);
    sequential("read", IN);
    random_blocks("random-write", OUT);
    random_blocks("random-read", IN);
    power_off();
}

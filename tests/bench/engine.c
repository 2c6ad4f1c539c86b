/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the CPU engine alone can do, to know how much of Tarry's time is its own: runs a bare supervisor ELF that makes
 * no traps, on Unicorn set up as Tarry does it (emu/hart.c), until it writes to the test finisher.
 *   engine none|empty|leanest ELF
 * none: no hooks but the TLB's. empty: a block hook that does nothing. leanest: one that adds a number, the
 * least that counting could be.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define RAM 0x80000000ull
#define RAM_BYTES (128ull << 20)
#define UART 0x10000000ull
#define FINISHER 0x100000ull
#define PRIV_SUPERVISOR 1

static uint8_t *ram;
static uint64_t counted;

static bool fill(uc_engine *uc, uint64_t page, uc_mem_type type, uc_tlb_entry *entry, void *user)
{
    (void)uc;
    (void)user;
    entry->paddr = page;
    entry->perms = type == UC_MEM_FETCH ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_READ | UC_PROT_WRITE;
    return true;
}

static void nothing(uc_engine *uc, uint64_t pc, uint32_t bytes, void *user)
{
    (void)uc;
    (void)pc;
    (void)bytes;
    (void)user;
}

static void add(uc_engine *uc, uint64_t pc, uint32_t bytes, void *user)
{
    (void)uc;
    (void)pc;
    (void)user;
    counted += bytes;
}

static uint64_t device_read(uc_engine *uc, uint64_t offset, unsigned bytes, void *user)
{
    (void)uc;
    (void)bytes;
    (void)user;
    return offset == 5 ? 0x60 : 0; /* LSR: ready to send */
}

static void device_write(uc_engine *uc, uint64_t offset, unsigned bytes, uint64_t value, void *user)
{
    (void)bytes;
    if (user) /* the finisher */
        uc_emu_stop(uc);
    else if (offset == 0)
        putchar((int)value);
}

static void die(const char *what)
{
    fprintf(stderr, "engine: %s\n", what);
    exit(2);
}

static void check(uc_err e)
{
    if (e != UC_ERR_OK)
        die(uc_strerror(e));
}

/* Returns the entry point. */
static uint64_t load(const char *path)
{
    static uint8_t file[4 << 20];
    Elf64_Ehdr h;
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(file, 1, sizeof file, f) : 0;
    if (n < sizeof h || memcmp(file, ELFMAG, SELFMAG) != 0)
        die("cannot read the ELF file");
    fclose(f);
    memcpy(&h, file, sizeof h);
    for (int i = 0; i < h.e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, file + h.e_phoff + (size_t)i * sizeof p, sizeof p);
        if (p.p_type == PT_LOAD)
            memcpy(ram + (p.p_paddr - RAM), file + p.p_offset, p.p_filesz);
    }
    return h.e_entry;
}

int main(int argc, char **argv)
{
    uc_engine *uc;
    uc_hook hook;
    uint64_t supervisor = PRIV_SUPERVISOR;
    if (argc != 3)
        die("usage: engine none|empty|leanest ELF");
    ram = calloc(1, RAM_BYTES);
    if (!ram)
        die("out of memory");
    uint64_t entry = load(argv[2]);
    check(uc_open(UC_ARCH_RISCV, UC_MODE_RISCV64, &uc));
    check(uc_ctl_exits_enable(uc));
    check(uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL));
    check(uc_mem_map_ptr(uc, RAM, RAM_BYTES, UC_PROT_ALL, ram));
    check(uc_mmio_map(uc, UART, 0x1000, device_read, NULL, device_write, NULL));
    check(uc_mmio_map(uc, FINISHER, 0x1000, device_read, NULL, device_write, &supervisor));
    check(uc_hook_add(uc, &hook, UC_HOOK_TLB_FILL, (void *)fill, NULL, 1, 0));
    if (strcmp(argv[1], "none") != 0)
        check(uc_hook_add(uc, &hook, UC_HOOK_BLOCK, strcmp(argv[1], "empty") ? (void *)add : (void *)nothing, NULL, 1, 0));
    check(uc_reg_write(uc, UC_RISCV_REG_PRIV, &supervisor));
    check(uc_emu_start(uc, entry, 0, 0, 0));
    uc_close(uc);
    return counted == 0 && strcmp(argv[1], "leanest") == 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lays out RAM for a boot: firmware and kernel where they want to be, the device tree in the last 64 KiB (a
 * larger one in more), the initrd just below it. Nothing may overlap.
 */
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdt.h"
#include "loader.h"
#include "machine_priv.h"

/* What OpenSBI's fw_dynamic is told in a2 (OpenSBI, docs/firmware/fw_dynamic.md). */
struct dynamic_info {
    uint64_t magic, version, next_address, next_mode, options, boot_hart;
};
#define DYNAMIC_MAGIC 0x4942534full
#define DYNAMIC_VERSION 2
#define DYNAMIC_SUPERVISOR 1

struct layout {
    struct machine *m;
    const struct boot *boot;
    struct loader kernel, firmware;
    uint64_t fdt_pa, fdt_room;
    uint64_t initrd_pa, initrd_bytes;
    char *err;
    size_t errlen;
};

static uint64_t ram_end(const struct machine *m)
{
    return RAM_BASE + m->bus.ram_bytes;
}

/* The kernel's and the firmware's segments may use RAM up to here. */
static uint64_t free_end(const struct layout *y)
{
    return y->initrd_bytes ? y->initrd_pa : y->fdt_pa;
}

static enum boot_bios bios_of(const struct layout *y)
{
    if (y->boot->bios != BIOS_AUTO)
        return y->boot->bios;
    return y->kernel.low < KERNEL_BASE ? BIOS_NONE : BIOS_SBI;
}

/* Reads the whole initrd to where it belongs. */
static int load_initrd(struct layout *y)
{
    const char *path = y->boot->initrd;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        snprintf(y->err, y->errlen, "%s: %s", path, fd < 0 ? strerror(errno) : "is empty or not a file; give an initrd");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    uint64_t bytes = (uint64_t)st.st_size, room = y->fdt_pa - RAM_BASE;
    y->initrd_bytes = bytes;
    y->initrd_pa = bytes < room ? (y->fdt_pa - bytes) & ~(PAGE_BYTES - 1) : RAM_BASE;
    uint8_t *ram = bytes < room ? ram_at(y->m, y->initrd_pa, bytes) : NULL;
    bool whole = ram != NULL;
    for (uint64_t at = 0; whole && at < bytes;) {
        ssize_t n = read(fd, ram + at, bytes - at);
        whole = n > 0;
        at += n > 0 ? (uint64_t)n : 0;
    }
    close(fd);
    if (!whole)
        snprintf(y->err, y->errlen, "%s: %s", path,
                 ram ? "cannot be read to its end" : "is larger than the memory; give the machine more (--mem)");
    return whole ? 0 : -1;
}

static bool overlap(const struct loader *a, const struct loader *b)
{
    return a->low < b->high && b->low < a->high;
}

static int place_kernel(struct layout *y)
{
    struct machine *m = y->m;
    bool firmware = bios_of(y) == BIOS_FILE;
    if (firmware && overlap(&y->kernel, &y->firmware)) {
        snprintf(y->err, y->errlen, "%s and %s want the same memory; link the kernel at 0x%llx", y->kernel.path,
                 y->firmware.path, (unsigned long long)KERNEL_BASE);
        return -1;
    }
    if (firmware && loader_place(&y->firmware, m, free_end(y), y->err, y->errlen) != 0)
        return -1;
    return loader_place(&y->kernel, m, free_end(y), y->err, y->errlen);
}

static int make_tree(struct layout *y)
{
    struct machine *m = y->m;
    static const char *const mmu[] = {[MMU_SV39_ONLY] = "riscv,sv39", [MMU_SV39_SOFTTLB] = "tarry,softtlb"};
    struct fdt_facts facts = {
        .bootargs = m->bootargs,
        .ram_bytes = m->bus.ram_bytes,
        .mmu = m->config.mmu == MMU_SV39_SV48 ? NULL : mmu[m->config.mmu],
        .initrd_start = y->initrd_pa,
        .initrd_end = y->initrd_pa + y->initrd_bytes,
        .seed = y->boot->seed,
        .has_seed = y->boot->has_seed,
    };
    /* the end of the room is for what fw_dynamic gets */
    void *to = ram_at(m, y->fdt_pa, y->fdt_room - sizeof(struct dynamic_info));
    return fdt_put(y->boot->dtb, &facts, to, y->fdt_room - sizeof(struct dynamic_info), y->err, y->errlen);
}

static void enter(struct layout *y)
{
    struct hart *h = &y->m->hart;
    switch (bios_of(y)) {
    case BIOS_NONE:
        hart_enter(h, MMU_MACHINE, y->kernel.entry, y->fdt_pa);
        break;
    case BIOS_FILE: {
        struct dynamic_info info = {DYNAMIC_MAGIC, DYNAMIC_VERSION, y->kernel.entry, DYNAMIC_SUPERVISOR, 0, 0};
        uint64_t pa = ram_end(y->m) - sizeof info;
        memcpy(ram_at(y->m, pa, sizeof info), &info, sizeof info);
        hart_enter(h, MMU_MACHINE, y->firmware.entry, y->fdt_pa);
        hart_set_reg(h, UC_RISCV_REG_A2, pa);
        break;
    }
    default:
        hart_enter(h, MMU_SUPERVISOR, y->kernel.entry, y->fdt_pa);
    }
}

static int watch_tohost(struct layout *y)
{
    uint64_t va, pa, fromhost_va, fromhost = 0;
    if (!loader_symbol(&y->kernel, "tohost", &va) || !loader_physical(&y->kernel, va, &pa)) {
        snprintf(y->err, y->errlen, "%s: has no symbol tohost; leave --tohost out, or do not strip it", y->kernel.path);
        return -1;
    }
    if (!loader_symbol(&y->kernel, "fromhost", &fromhost_va) || !loader_physical(&y->kernel, fromhost_va, &fromhost))
        fromhost = 0;
    return tohost_watch(y->m, pa, fromhost, y->err, y->errlen);
}

static int load(struct layout *y)
{
    struct machine *m = y->m;
    y->fdt_room = fdt_room(y->boot->dtb, m->bootargs);
    if (y->fdt_room > m->bus.ram_bytes / 2) {
        snprintf(y->err, y->errlen, "%s: is too large for a device tree", y->boot->dtb ? y->boot->dtb : "--append");
        return -1;
    }
    y->fdt_pa = ram_end(m) - y->fdt_room;
    if (y->boot->initrd && load_initrd(y) != 0)
        return -1;
    if (place_kernel(y) != 0 || make_tree(y) != 0 || (y->boot->tohost && watch_tohost(y) != 0))
        return -1;
    enter(y);
    m->loaded = true;
    return 0;
}

int machine_boot(struct machine *m, const struct boot *b, char *err, size_t errlen)
{
    struct layout y = {.m = m, .boot = b, .err = err, .errlen = errlen};
    if (loader_open(&y.kernel, b->kernel, err, errlen) != 0)
        return -1;
    int result = -1;
    if (b->bios != BIOS_FILE || loader_open(&y.firmware, b->firmware, err, errlen) == 0) {
        result = load(&y);
        loader_close(&y.firmware);
    }
    loader_close(&y.kernel);
    return result;
}

int machine_load_kernel(struct machine *m, const char *path, char *err, size_t errlen)
{
    return machine_boot(m, &(struct boot){.kernel = path, .bios = BIOS_SBI}, err, errlen);
}

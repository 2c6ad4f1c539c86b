/* SPDX-License-Identifier: GPL-2.0-only */
/* RAM and devices by physical address. */
#include <stdio.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

#include "bus.h"
#include "machine_priv.h"

int bus_init(struct machine *m, uint64_t ram_bytes, char *err, size_t errlen)
{
    struct bus *b = &m->bus;
    /* Untouched pages cost the host nothing. */
    void *ram = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ram == MAP_FAILED) {
        snprintf(err, errlen, "the host has no room for %llu MiB of guest memory; use less (--mem)",
                 (unsigned long long)(ram_bytes >> 20));
        return -1;
    }
    b->ram = ram;
    b->ram_bytes = ram_bytes;
    uc_err e = uc_mem_map_ptr(m->hart.uc, RAM_BASE, ram_bytes, UC_PROT_ALL, ram);
    if (e != UC_ERR_OK) {
        snprintf(err, errlen, "cannot map guest memory: %s", uc_strerror(e));
        return -1;
    }
    return 0;
}

void bus_free(struct machine *m)
{
    if (m->bus.ram)
        munmap(m->bus.ram, m->bus.ram_bytes);
}

static uint64_t on_read(uc_engine *uc, uint64_t offset, unsigned bytes, void *user)
{
    const struct device *d = user;
    (void)uc;
    return d->read(d->arg, offset, bytes);
}

static void on_write(uc_engine *uc, uint64_t offset, unsigned bytes, uint64_t value, void *user)
{
    const struct device *d = user;
    (void)uc;
    d->write(d->arg, offset, bytes, value);
}

int bus_add(struct machine *m, const struct device *device, char *err, size_t errlen)
{
    struct bus *b = &m->bus;
    if (b->ndevices == BUS_DEVICES) {
        snprintf(err, errlen, "too many devices");
        return -1;
    }
    struct device *d = &b->devices[b->ndevices++];
    *d = *device;
    d->size = (d->size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    uc_err e = uc_mmio_map(m->hart.uc, d->base, d->size, on_read, d, on_write, d);
    if (e != UC_ERR_OK) {
        snprintf(err, errlen, "cannot map the device at 0x%llx: %s", (unsigned long long)d->base, uc_strerror(e));
        return -1;
    }
    return 0;
}

bool bus_is_ram(const struct machine *m, uint64_t pa)
{
    return pa >= RAM_BASE && pa - RAM_BASE < m->bus.ram_bytes;
}

bool bus_is_device(const struct machine *m, uint64_t pa)
{
    for (unsigned i = 0; i < m->bus.ndevices; i++)
        if (pa >= m->bus.devices[i].base && pa - m->bus.devices[i].base < m->bus.devices[i].size)
            return true;
    return false;
}

void *ram_at(const struct machine *m, uint64_t pa, uint64_t bytes)
{
    uint64_t offset = pa - RAM_BASE;
    if (pa < RAM_BASE || offset > m->bus.ram_bytes || bytes > m->bus.ram_bytes - offset)
        return NULL;
    return m->bus.ram + offset;
}

void ram_written(struct machine *m, uint64_t pa, uint64_t bytes)
{
    hart_code_written(&m->hart, pa, bytes);
}

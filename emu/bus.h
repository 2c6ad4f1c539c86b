/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies at a physical address: RAM or a device. Everything that the guest
 * names by a physical address goes through here and is checked.
 */
#ifndef EMU_BUS_H
#define EMU_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

#define BUS_DEVICES 16

struct device {
    uint64_t base, size; /* whole pages */
    uint64_t (*read)(void *arg, uint64_t offset, unsigned bytes);
    void (*write)(void *arg, uint64_t offset, unsigned bytes, uint64_t value);
    void *arg;
};

struct bus {
    uint8_t *ram;
    uint64_t ram_bytes;
    struct device devices[BUS_DEVICES];
    unsigned ndevices;
};

int bus_init(struct machine *, uint64_t ram_bytes, char *err, size_t errlen);
void bus_free(struct machine *);
/* Maps a device (size in bytes, rounded up to pages). Returns 0, or -1 with a message. */
int bus_add(struct machine *, const struct device *, char *err, size_t errlen);

/* Host address of [pa, pa + bytes), or NULL if any of it is not RAM. */
void *ram_at(const struct machine *, uint64_t pa, uint64_t bytes);
/* To be called after the host wrote to RAM: code there may have been translated. */
void ram_written(struct machine *, uint64_t pa, uint64_t bytes);
bool bus_is_ram(const struct machine *, uint64_t pa);
bool bus_is_device(const struct machine *, uint64_t pa);

#endif

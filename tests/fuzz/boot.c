/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer's target for files to boot: the first byte chooses between a kernel for the loader and a device
 * tree to patch. A directory among the arguments gets the samples to begin with. Built by tests/fuzz.mk if there is clang.
 */
#include <libfdt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../boot_sample.h"
#include "emu/fdt.h"
#include "emu/fdt_priv.h"
#include "emu/loader.h"
#include "emu/machine_priv.h"

#define RAM (1ull << 20)
#define ROOM 8192

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t ram[RAM];

/* What loader.c wants of the machine. */
void *ram_at(const struct machine *m, uint64_t pa, uint64_t bytes)
{
    uint64_t offset = pa - RAM_BASE;
    (void)m;
    return pa < RAM_BASE || offset > RAM || bytes > RAM - offset ? NULL : ram + offset;
}

void ram_written(struct machine *m, uint64_t pa, uint64_t bytes)
{
    if (!ram_at(m, pa, bytes))
        abort();
}

static void fuzz_loader(const uint8_t *data, size_t size)
{
    static struct machine m;
    char err[256];
    struct loader l;
    uint64_t value = 0;
    m.bus.ram_bytes = RAM;
    if (loader_parse(&l, "fuzz", data, size, err, sizeof err) != 0)
        return;
    loader_symbol(&l, "tohost", &value);
    loader_physical(&l, value, &value);
    const uint8_t *object;
    uint64_t bytes;
    volatile uint8_t read = 0;
    if (loader_object(&l, "tohost", &object, &bytes))
        for (uint64_t i = 0; i < bytes; i++)
            read = object[i];
    (void)read;
    loader_place(&l, &m, RAM_BASE + RAM, err, sizeof err);
    loader_close(&l);
}

static void fuzz_tree(const uint8_t *data, size_t size)
{
    struct fdt_facts facts = {.bootargs = "quiet", .ram_bytes = RAM, .initrd_start = RAM_BASE, .initrd_end = RAM_BASE + 1,
                              .has_seed = true};
    uint8_t *to = malloc(ROOM);
    if (!to)
        return;
    if (!fdt_patch(data, size, &facts, to, ROOM) && fdt_check_full(to, ROOM) != 0)
        abort();
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    /* so that the bytes begin where malloc puts things, as a file's do */
    uint8_t *bytes = malloc(size);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, size - 1);
    if (data[0] & 1)
        fuzz_loader(bytes, size - 1);
    else
        fuzz_tree(bytes, size - 1);
    free(bytes);
    return 0;
}

static void save(const char *dir, const char *name, uint8_t kind, const void *bytes, size_t n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f || fputc(kind, f) == EOF || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) {
        perror(path);
        exit(2);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static uint8_t image[SAMPLE_ROOM], packed[SAMPLE_ROOM], tree[FDT_ROOM];
    struct sample_elf elf;
    struct stat st;
    size_t elf_bytes = sample_elf(&elf, RAM_BASE), image_bytes = sample_image(image, 0, 0x1000);
    fdt_board(RAM, tree, sizeof tree);
    for (int i = 1; i < *argc; i++) {
        const char *dir = (*argv)[i];
        if (*dir == '-' || stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        save(dir, "elf", 1, &elf, elf_bytes);
        save(dir, "image", 1, image, image_bytes);
        save(dir, "gzip", 1, packed, sample_gzip(packed, &elf, elf_bytes));
        save(dir, "zboot", 1, packed, sample_zboot(packed, image, image_bytes));
        save(dir, "tree", 0, tree, fdt_totalsize(tree));
    }
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts what this boot is about into a device tree, the board's or one from a file, which may hold anything. */
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "fdt.h"
#include "fdt_priv.h"

#define MOST_BYTES (1u << 20) /* of a tree from a file; Linux takes two MiB */
#define MORE_BYTES 4096u      /* what the facts need beside the arguments */
#define SEED_BYTES 64

/* A stream of numbers from the seed (splitmix64), so that equal commands give equal runs. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static int put_seed(void *fdt, int chosen, uint64_t seed)
{
    uint8_t bytes[SEED_BYTES];
    for (unsigned i = 0; i < SEED_BYTES; i += 8) {
        fdt64_t word = cpu_to_fdt64(next_random(&seed));
        memcpy(bytes + i, &word, sizeof word);
    }
    return fdt_setprop(fdt, chosen, "rng-seed", bytes, sizeof bytes);
}

static int put_mmu(void *fdt, const char *mmu)
{
    int hart = fdt_path_offset(fdt, "/cpus/cpu@0");
    return hart < 0 ? hart : fdt_setprop_string(fdt, hart, "mmu-type", mmu);
}

static int put_chosen(void *fdt, const struct fdt_facts *facts)
{
    int chosen = fdt_path_offset(fdt, "/chosen");
    if (chosen == -FDT_ERR_NOTFOUND)
        chosen = fdt_add_subnode(fdt, 0, "chosen");
    int e = chosen < 0 ? chosen : 0;
    if (e == 0 && facts->bootargs)
        e = fdt_setprop_string(fdt, chosen, "bootargs", facts->bootargs);
    if (e == 0 && facts->initrd_end > facts->initrd_start) {
        e = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", facts->initrd_start);
        if (e == 0)
            e = fdt_setprop_u64(fdt, chosen, "linux,initrd-end", facts->initrd_end);
    }
    if (e == 0 && facts->has_seed)
        e = put_seed(fdt, chosen, facts->seed);
    return e;
}

/* One memory node, of the memory that there is, in place of those that the tree has. */
static int put_memory(void *fdt, uint64_t ram_bytes)
{
    static const char type[] = "memory";
    int node, e = 0;
    while ((node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", type, sizeof type)) > 0 && e == 0)
        e = fdt_del_node(fdt, node);
    if (e == 0)
        e = node = fdt_add_subnode(fdt, 0, "memory@80000000");
    if (e > 0)
        e = fdt_setprop_string(fdt, node, "device_type", type);
    return e ? e : fdt_appendprop_addrrange(fdt, 0, node, "reg", RAM_BASE, ram_bytes);
}

const char *fdt_patch(const void *tree, size_t size, const struct fdt_facts *facts, void *to, size_t room)
{
    /* version 17 is of 2007; with older ones libfdt's own check can be led astray */
    if (size < sizeof(struct fdt_header) || fdt_version(tree) < 17 || fdt_check_full(tree, size) != 0)
        return "is not a flattened device tree, or a damaged one; make it with dtc";
    int e = fdt_open_into(tree, to, (int)room);
    if (e == 0)
        e = put_memory(to, facts->ram_bytes);
    if (e == 0)
        e = put_chosen(to, facts);
    if (e == 0 && facts->mmu)
        e = put_mmu(to, facts->mmu);
    if (e == 0)
        e = fdt_pack(to);
    if (e == -FDT_ERR_NOSPACE)
        return "leaves no room in the tree for the boot arguments; make them shorter";
    return e ? fdt_strerror(e) : NULL;
}

uint64_t fdt_room(const char *dtb, const char *bootargs)
{
    struct stat st;
    uint64_t bytes = FDT_ROOM / 2;
    if (dtb && stat(dtb, &st) == 0 && st.st_size > 0 && st.st_size <= MOST_BYTES)
        bytes = (uint64_t)st.st_size;
    if (dtb) /* the board's tree is small: all the rest of its room is for arguments */
        bytes += MORE_BYTES + (bootargs ? strlen(bootargs) : 0);
    return (bytes + FDT_ROOM - 1) / FDT_ROOM * FDT_ROOM;
}

/* The file's bytes, malloc'ed; NULL after a message. */
static void *read_file(const char *path, size_t *size, char *err, size_t errlen)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(err, errlen, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    bool fits = S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= MOST_BYTES;
    void *bytes = fits ? malloc((size_t)st.st_size) : NULL;
    if (bytes && read(fd, bytes, (size_t)st.st_size) != (ssize_t)st.st_size) {
        free(bytes);
        bytes = NULL;
    }
    close(fd);
    if (!bytes)
        snprintf(err, errlen, "%s: is not a file of at most 1 MiB that can be read; give a device tree made with dtc",
                 path);
    *size = (size_t)st.st_size;
    return bytes;
}

int fdt_put(const char *dtb, const struct fdt_facts *facts, void *to, size_t room, char *err, size_t errlen)
{
    size_t size = FDT_ROOM;
    void *tree = dtb ? read_file(dtb, &size, err, errlen) : malloc(size);
    if (!tree) {
        if (!dtb)
            snprintf(err, errlen, "the host is out of memory");
        return -1;
    }
    const char *why = NULL;
    if (!dtb && fdt_board(facts->ram_bytes, tree, size) != 0)
        why = "cannot be made";
    if (!why)
        why = fdt_patch(tree, size, facts, to, room);
    free(tree);
    if (why)
        snprintf(err, errlen, "%s: %s", dtb ? dtb : "the device tree", why);
    return why ? -1 : 0;
}

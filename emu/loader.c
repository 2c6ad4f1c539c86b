/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens a file to boot, finds out what it is, and copies it into RAM. */
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine_priv.h"

#define WHAT "is neither an ELF file nor a RISC-V Linux Image; give a kernel in one of these formats"

static int refuse(const struct loader *l, const char *why, char *err, size_t errlen)
{
    snprintf(err, errlen, "%s: %s", l->path, why);
    return -1;
}

/* NULL, or why not. An empty file has nothing to map. */
static const char *map(struct loader *l)
{
    struct stat st;
    int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strerror(errno);
    bool bad = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0;
    void *p = bad ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return WHAT;
    l->mapping = p;
    l->mapped = (uint64_t)st.st_size;
    l->bytes = p;
    l->size = l->mapped;
    return NULL;
}

/* All of it in one range, and in the address space. */
static const char *find_extent(struct loader *l)
{
    l->low = UINT64_MAX;
    l->high = 0;
    for (unsigned i = 0; i < l->npieces; i++) {
        const struct loader_piece *p = &l->pieces[i];
        if (p->bytes > UINT64_MAX - p->pa)
            return "has a segment that runs over the end of the address space; the file is damaged";
        l->low = p->pa < l->low ? p->pa : l->low;
        l->high = p->pa + p->bytes > l->high ? p->pa + p->bytes : l->high;
    }
    return l->npieces ? NULL : "has nothing to load; the file is damaged";
}

static const char *parse(struct loader *l)
{
    const char *why = NULL;
    if (loader_is_compressed(l))
        why = loader_decompress(l);
    if (why)
        return why;
    l->is_elf = loader_is_elf(l);
    if (l->is_elf)
        why = loader_parse_elf(l);
    else if (loader_is_image(l))
        why = loader_parse_image(l);
    else
        why = WHAT;
    return why ? why : find_extent(l);
}

int loader_open(struct loader *l, const char *path, char *err, size_t errlen)
{
    *l = (struct loader){.path = path};
    const char *why = map(l);
    if (!why)
        why = parse(l);
    if (!why)
        return 0;
    refuse(l, why, err, errlen);
    loader_close(l);
    return -1;
}

int loader_parse(struct loader *l, const char *path, const void *bytes, uint64_t size, char *err, size_t errlen)
{
    *l = (struct loader){.path = path, .bytes = bytes, .size = size};
    const char *why = parse(l);
    if (!why)
        return 0;
    refuse(l, why, err, errlen);
    loader_close(l);
    return -1;
}

void loader_close(struct loader *l)
{
    if (l->mapping)
        munmap(l->mapping, l->mapped);
    free(l->inflated);
    l->mapping = NULL;
    l->inflated = NULL;
    l->bytes = NULL;
    l->size = 0;
}

int loader_place(const struct loader *l, struct machine *m, uint64_t end, char *err, size_t errlen)
{
    for (unsigned i = 0; i < l->npieces; i++) {
        const struct loader_piece *p = &l->pieces[i];
        uint8_t *ram = ram_at(m, p->pa, p->bytes);
        if (!ram || p->pa + p->bytes > end) {
            snprintf(err, errlen, "%s: segment 0x%llx..0x%llx lies outside of the %llu MiB of RAM at 0x%llx; "
                     "give the machine more memory or link it elsewhere",
                     l->path, (unsigned long long)p->pa, (unsigned long long)(p->pa + p->bytes),
                     (unsigned long long)(m->bus.ram_bytes >> 20), (unsigned long long)RAM_BASE);
            return -1;
        }
        memcpy(ram, l->bytes + p->offset, p->file_bytes);
        memset(ram + p->file_bytes, 0, p->bytes - p->file_bytes);
        ram_written(m, p->pa, p->bytes);
    }
    return 0;
}

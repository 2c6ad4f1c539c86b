/* SPDX-License-Identifier: GPL-2.0-only */
#include "annotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../fs/host/hostfs.h"
#include "../traces/recorder.h"
#include "machine_priv.h"
#include "paths.h"

#define MOST_BYTES (256ull << 20) /* of a program's file */

/* ---- bytes of files ---- */

static void *read_host(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    void *bytes = NULL;
    long size = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    if (size > 0 && (uint64_t)size <= MOST_BYTES && fseek(f, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)size);
    if (bytes && fread(bytes, 1, (size_t)size, f) != (size_t)size) {
        free(bytes);
        bytes = NULL;
    }
    if (f)
        fclose(f);
    *n = bytes ? (size_t)size : 0;
    return bytes;
}

/* The file at a path of the guest, if it still is the one that ran. */
static void *read_guest(struct hostfs *fs, const struct guest_image *g, const char *path, size_t *n, const char **note)
{
    struct tfs_file *f;
    struct tfs_stat st;
    void *bytes = NULL;
    *note = "the file was gone when the run had ended";
    if (hostfs_walk(fs, path, &f) != 0)
        return NULL;
    if (tfs_stat(f, &st) != 0 || st.ino != g->file || st.version != g->version)
        *note = "the file had been changed when the run had ended";
    else if (st.length > 0 && st.length <= MOST_BYTES && (bytes = malloc(st.length)) != NULL &&
             tfs_read(f, 0, bytes, st.length) == (int64_t)st.length)
        *n = st.length, *note = NULL;
    else
        *note = "the file could not be read";
    tfs_unref(f);
    if (*note) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

/* What a program's .gnu_debuglink names lies in the directory debug beside the image that is shipped. */
static void find_debug(struct code_image *im)
{
    char name[256], path[4096], err[512];
    uint32_t crc;
    const char *link = im->elf ? code_debuglink(im->elf, im->elf_bytes, &crc) : NULL;
    if (!link || strchr(link, '/'))
        return;
    snprintf(name, sizeof name, "debug/%.200s", link);
    if (!find_shipped(name, path, sizeof path, err, sizeof err))
        return;
    im->debug = read_host(path, &im->debug_bytes);
    if (im->debug && crc32(0, im->debug, (uInt)im->debug_bytes) != crc) {
        free(im->debug);
        im->debug = NULL;
    }
}

/* ---- the pcs ---- */

static int by_image_and_pc(const void *a, const void *b)
{
    const struct code_pc *x = a, *y = b;
    if (x->image != y->image)
        return x->image < y->image ? -1 : 1;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static bool take_pcs(struct code *code, const struct images *s)
{
    code->pcs = calloc(s->npcs + 1, sizeof *code->pcs);
    if (!code->pcs)
        return false;
    for (size_t i = 0; i < s->room; i++) {
        const struct guest_pc *p = &s->pcs[i];
        if (p->used)
            code->pcs[code->npcs++] =
                (struct code_pc){.image = p->image, .pc = p->pc, .bits = p->bits, .known = p->bits && !p->differs};
    }
    qsort(code->pcs, code->npcs, sizeof *code->pcs, by_image_and_pc);
    return true;
}

/* ---- the programs ---- */

static void take_booted(struct code_image *im, const char *path)
{
    const char *base = strrchr(path, '/');
    *im = (struct code_image){.id = IMAGE_BOOTED, .name = strdup(base ? base + 1 : path)};
    im->elf = read_host(path, &im->elf_bytes);
}

static void take_programs(struct code *code, const struct machine *m, struct image *disk)
{
    char err[512];
    const struct images *s = &m->trace.images;
    struct hostfs *fs = s->n && disk ? hostfs_mount(disk, err, sizeof err) : NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct guest_image *g = &s->list[i];
        struct code_image *im = &code->images[code->nimages++];
        size_t n;
        const char *path = recorder_text(m->trace.recorder, g->path, &n);
        *im = (struct code_image){.id = IMAGE_FIRST + i, .file = g->file, .version = g->version};
        im->name = path ? strndup(path, n) : NULL; /* as the recorder keeps it, it has no end */
        im->note = "the disk could not be read";
        if (fs && im->name)
            im->elf = read_guest(fs, g, im->name, &im->elf_bytes, &im->note);
        find_debug(im);
    }
    if (fs)
        hostfs_unmount(fs, err, sizeof err); /* nothing was changed: nothing is written */
}

struct code annotate(const struct machine *m, const char *booted, struct image *disk)
{
    struct code code = {0};
    code.images = calloc(m->trace.images.n + 1, sizeof *code.images);
    if (!code.images || !take_pcs(&code, &m->trace.images))
        return code;
    take_booted(&code.images[code.nimages++], booted);
    take_programs(&code, m, disk);
    return code;
}

void annotate_free(struct code *code)
{
    for (size_t i = 0; i < code->nimages; i++) {
        free(code->images[i].name);
        free(code->images[i].elf);
        free(code->images[i].debug);
    }
    free(code->images);
    free(code->pcs);
}

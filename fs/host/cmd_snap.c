/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `tarry fs snap ...`: named snapshots of the file system in an image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cmd_snap.h"

#define DIR_BIT 0x80000000u

/* ---- what differs between two trees ---- */

struct entries {
    struct tfs_dirent *e;
    size_t n, room;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tfs_dirent *)a)->name, ((const struct tfs_dirent *)b)->name);
}

static int read_entries(struct tfs_file *dir, struct entries *out)
{
    uint64_t cookie = 0;
    struct tfs_dirent e;
    int r;

    *out = (struct entries){0};
    while ((r = tfs_readdir(dir, &cookie, &e)) > 0) {
        if (out->n == out->room) {
            out->room = out->room ? 2 * out->room : 64;
            void *p = realloc(out->e, out->room * sizeof e);
            if (p == NULL)
                return -TFS_ENOMEM;
            out->e = p;
        }
        out->e[out->n++] = e;
    }
    if (out->n > 0)
        qsort(out->e, out->n, sizeof e, by_name);
    return r;
}

struct diff {
    char path[4096];
    size_t length;
    uint64_t found;
};

static void report(struct diff *d, char what, uint32_t mode)
{
    printf("%c ", what);
    for (const char *p = d->path; *p; p++)
        putchar((unsigned char)*p < ' ' || *p == 127 ? '?' : *p);
    printf("%s\n", mode & DIR_BIT ? "/" : "");
    d->found++;
}

static int diff_dirs(struct diff *d, struct tfs_file *a, struct tfs_file *b);

/* What has the same name on both sides. A version changes with every change; a directory's only with its own entries. */
static int diff_both(struct diff *d, struct tfs_file *a, struct tfs_file *b)
{
    struct tfs_stat sa, sb;

    tfs_stat(a, &sa);
    tfs_stat(b, &sb);
    if ((sa.mode & DIR_BIT) && (sb.mode & DIR_BIT))
        return diff_dirs(d, a, b);
    if (sa.ino != sb.ino || sa.version != sb.version || sa.mode != sb.mode)
        report(d, 'M', sb.mode);
    return 0;
}

/* One name: on the side that lacks it the directory is NULL. */
static int diff_name(struct diff *d, struct tfs_file *a, struct tfs_file *b, const struct tfs_dirent *e)
{
    struct tfs_file *fa = NULL, *fb = NULL;
    size_t keep = d->length;
    int r = 0;

    int n = snprintf(d->path + keep, sizeof d->path - keep, "/%s", e->name);
    if (n < 0 || (size_t)n >= sizeof d->path - keep)
        return -TFS_ENAMETOOLONG;
    d->length += (size_t)n;
    if (a != NULL)
        r = tfs_walk(a, e->name, &fa);
    if (r == 0 && b != NULL)
        r = tfs_walk(b, e->name, &fb);
    if (r == 0 && fa != NULL && fb != NULL) {
        r = diff_both(d, fa, fb);
    } else if (r == 0) {
        report(d, fa != NULL ? '-' : '+', e->mode);
        if (e->mode & DIR_BIT)
            r = diff_dirs(d, fa, fb);
    }
    if (fa != NULL)
        tfs_unref(fa);
    if (fb != NULL)
        tfs_unref(fb);
    d->length = keep;
    d->path[keep] = 0;
    return r;
}

static int diff_dirs(struct diff *d, struct tfs_file *a, struct tfs_file *b)
{
    struct entries ea = {0}, eb = {0};
    size_t i = 0, k = 0;
    int r = a != NULL ? read_entries(a, &ea) : 0;

    if (r == 0 && b != NULL)
        r = read_entries(b, &eb);
    while (r == 0 && (i < ea.n || k < eb.n)) {
        int order = i == ea.n ? 1 : k == eb.n ? -1 : strcmp(ea.e[i].name, eb.e[k].name);
        if (order < 0)
            r = diff_name(d, a, NULL, &ea.e[i++]);
        else if (order > 0)
            r = diff_name(d, NULL, b, &eb.e[k++]);
        else
            r = diff_name(d, a, b, &ea.e[i++]), k++;
    }
    free(ea.e);
    free(eb.e);
    return r;
}

/* ---- the commands; each returns 0 or a negative TFS_E code ---- */

int snap_list(struct tfs *fs)
{
    struct tfs_named n;
    uint64_t cookie = 0;
    int r;

    while ((r = tfs_named_next(fs, &cookie, &n)) > 0) {
        if ((r = tfs_named_count(fs, &n)) < 0)
            break;
        time_t t = (time_t)(n.taken_ns / 1000000000u);
        struct tm tm;
        char when[40] = "";
        if (n.taken_ns > 0 && gmtime_r(&t, &tm) != NULL)
            strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
        printf("%-24s %-19s %12llu blocks, %llu of them kept for it alone\n", n.name, when, (unsigned long long)n.blocks,
               (unsigned long long)n.alone);
    }
    return r;
}

int snap_diff(struct tfs *before, struct tfs *after, uint64_t *found)
{
    struct diff d = {.length = 0};
    struct tfs_file *a = tfs_root(before), *b = tfs_root(after);
    int r = diff_dirs(&d, a, b);

    tfs_unref(a);
    tfs_unref(b);
    *found = d.found;
    return r;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ls [-l] [FILE...]: names of files, one a line, in the order of their bytes; -l: with mode and length. Times are
 * virtual and depend on the run: they are not shown, so that a listing is the same wherever it is made.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "ls [-l] [FILE...]\n"
                           "Lists directories (none: the current one) and files; -l with mode and length in bytes.";

static bool details;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tarry_stat *)a)->name, ((const struct tarry_stat *)b)->name);
}

static void show(const struct tarry_stat *st, const char *name)
{
    char mode[11] = "-rwxrwxrwx";
    if (!details) {
        printf("%s\n", name);
        return;
    }
    if (st->mode & DMDIR)
        mode[0] = 'd';
    else if (st->mode & DMAPPEND)
        mode[0] = 'a';
    else if (st->dev != 'f')
        mode[0] = 'c';
    for (int i = 0; i < 9; i++)
        if (!(st->mode >> (8 - i) & 1))
            mode[i + 1] = '-';
    printf("%s %12llu %s\n", mode, (unsigned long long)st->length, name);
}

/* All entries of the directory fd; *count of them. NULL and errno on failure. */
static struct tarry_stat *read_all(int fd, size_t *count)
{
    size_t have = 0, room = 16;
    struct tarry_stat *all = malloc(room * sizeof *all);
    while (all) {
        ssize_t n = read(fd, all + have, (room - have) * sizeof *all);
        if (n <= 0) {
            *count = have;
            if (n == 0)
                return all;
            break;
        }
        have += (size_t)n / sizeof *all;
        if (have == room) {
            struct tarry_stat *more = realloc(all, 2 * room * sizeof *all);
            if (!more)
                break;
            all = more;
            room *= 2;
        }
    }
    free(all);
    return NULL;
}

static int list_directory(const char *path)
{
    size_t n = 0;
    int fd = open(path, O_RDONLY);
    struct tarry_stat *all = fd < 0 ? NULL : read_all(fd, &n);
    if (fd >= 0)
        close(fd);
    if (!all) {
        complain(path);
        return 1;
    }
    qsort(all, n, sizeof *all, by_name);
    for (size_t i = 0; i < n; i++)
        show(&all[i], all[i].name);
    free(all);
    return 0;
}

static int list(const char *path, bool header)
{
    struct tarry_stat st;
    if (dirstat(path, &st) < 0) {
        complain(path);
        return 1;
    }
    if (!(st.mode & DMDIR)) {
        show(&st, path);
        return 0;
    }
    if (header)
        printf("%s:\n", path);
    return list_directory(path);
}

int main(int argc, char **argv)
{
    int i = 1, failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (i < argc && strcmp(argv[i], "-l") == 0) {
        details = true;
        i++;
    }
    if (i < argc && argv[i][0] == '-')
        usage(help);
    if (i == argc)
        return finish_output(list(".", false));
    for (int first = i; i < argc; i++)
        failed |= list(argv[i], argc - first > 1);
    return finish_output(failed);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* cp [-r] FROM... TO: copies files, with -r directories. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "cp [-r] FROM TO\n"
                           "       cp [-r] FROM... DIRECTORY\n"
                           "Copies files; -r directories and their contents.";

static bool recursive;
static char buf[65536];

static bool is_dir(const char *path)
{
    struct tarry_stat st;
    return dirstat(path, &st) == 0 && (st.mode & DMDIR);
}

static int copy_bytes(int in, const char *from, int out, const char *to)
{
    ssize_t n;
    while ((n = read(in, buf, sizeof buf)) > 0)
        if (write_all(out, buf, (size_t)n) < 0) {
            complain(to);
            return 1;
        }
    if (n < 0)
        complain(from);
    return n < 0;
}

static bool same_file(const struct tarry_stat *a, const char *path)
{
    struct tarry_stat b;
    return dirstat(path, &b) == 0 && a->path == b.path && a->dev == b.dev;
}

static int copy_file(const char *from, const struct tarry_stat *st, const char *to)
{
    if (same_file(st, to)) {
        complain_of(to, "is the same file");
        return 1;
    }
    int in = open(from, O_RDONLY);
    if (in < 0) {
        complain(from);
        return 1;
    }
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->mode & 0777);
    int failed = out < 0;
    if (failed) {
        complain(to);
    } else {
        failed = copy_bytes(in, from, out, to);
        close(out);
    }
    close(in);
    return failed;
}

static int copy_tree(const char *from, const char *to);

static int copy_directory(const char *from, const struct tarry_stat *st, const char *to)
{
    if (!is_dir(to) && mkdir(to, st->mode & 0777) < 0) {
        complain(to);
        return 1;
    }
    DIR *d = opendir(from);
    char *a = malloc(TARRY_PATH_MAX + 1), *b = malloc(TARRY_PATH_MAX + 1);
    int failed = !d || !a || !b;
    if (failed)
        complain(from);
    struct dirent *e;
    while (d && a && b && (e = readdir(d))) {
        if (join_path(a, from, e->d_name) < 0 || join_path(b, to, e->d_name) < 0) {
            complain_of(e->d_name, "path too long");
            failed = 1;
            continue;
        }
        failed |= copy_tree(a, b);
    }
    if (d)
        closedir(d);
    free(a);
    free(b);
    return failed;
}

static int copy_tree(const char *from, const char *to)
{
    struct tarry_stat st;
    if (dirstat(from, &st) < 0) {
        complain(from);
        return 1;
    }
    if (!(st.mode & DMDIR))
        return copy_file(from, &st, to);
    if (!recursive) {
        complain_of(from, "is a directory (-r copies directories)");
        return 1;
    }
    size_t n = strlen(from);
    if (strncmp(from, to, n) == 0 && (to[n] == '/' || from[n - 1] == '/')) {
        complain_of(to, "lies in the directory to be copied");
        return 1;
    }
    return copy_directory(from, &st, to);
}

static int copy_into(const char *from, const char *dir)
{
    char to[TARRY_PATH_MAX + 1];
    const char *base = strrchr(from, '/');
    if (join_path(to, dir, base ? base + 1 : from) < 0) {
        complain_of(from, "path too long");
        return 1;
    }
    return copy_tree(from, to);
}

int main(int argc, char **argv)
{
    int i = 1, failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (i < argc && strcmp(argv[i], "-r") == 0) {
        recursive = true;
        i++;
    }
    if (argc - i < 2 || argv[i][0] == '-')
        usage(help);
    const char *to = argv[argc - 1];
    if (is_dir(to)) {
        for (; i < argc - 1; i++)
            failed |= copy_into(argv[i], to);
        return failed;
    }
    if (argc - i > 2) {
        complain_of(to, "is not a directory");
        return 1;
    }
    return copy_tree(argv[i], to);
}

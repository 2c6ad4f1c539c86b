/* SPDX-License-Identifier: GPL-2.0-only */
/* rm [-r] [-f] FILE...: removes files and empty directories; -r: directories with all that is in them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tarry.h"

static const char help[] =
    "rm [-r] [-f] FILE...\n"
    "Removes each FILE; -r directories and their contents; -f says nothing of files that are missing.";

static bool recursive, force;

static int remove_tree(const char *path);

/* The directory is read anew after each removal: offsets of a directory that shrinks mean nothing. */
static int empty_directory(const char *path)
{
    char *child = malloc(TARRY_PATH_MAX + 1);
    int failed = child == NULL;
    while (!failed) {
        DIR *d = opendir(path);
        struct dirent *e = d ? readdir(d) : NULL;
        if (e)
            failed = join_path(child, path, e->d_name) < 0;
        if (d)
            closedir(d);
        if (!e || failed)
            break;
        failed = remove_tree(child);
    }
    free(child);
    return failed;
}

static int remove_tree(const char *path)
{
    struct tarry_stat st;
    if (dirstat(path, &st) < 0) {
        if (force && errno == ENOENT)
            return 0;
        complain(path);
        return 1;
    }
    if (st.mode & DMDIR) {
        if (!recursive) {
            complain_of(path, "is a directory");
            return 1;
        }
        if (empty_directory(path))
            return 1;
    }
    if (remove(path) < 0) {
        complain(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int i = 1, failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *p = argv[i] + 1;
        if (!*p)
            usage(help);
        for (; *p; p++) {
            if (*p == 'r')
                recursive = true;
            else if (*p == 'f')
                force = true;
            else
                usage(help);
        }
    }
    if (i == argc)
        usage(help);
    for (; i < argc; i++)
        failed |= remove_tree(argv[i]);
    return failed;
}

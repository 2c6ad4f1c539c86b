/* SPDX-License-Identifier: GPL-2.0-only */
/* mv FROM TO, mv FROM... DIRECTORY: renames and moves within the file system. */
#include <stdio.h>
#include <string.h>
#include "tarry.h"

static const char help[] = "mv FROM TO\n"
                           "       mv FROM... DIRECTORY\n"
                           "Renames or moves; a file TO that exists is replaced.";

static bool is_dir(const char *path)
{
    struct tarry_stat st;
    return dirstat(path, &st) == 0 && (st.mode & DMDIR);
}

static int move(const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return 0;
    complain(from);
    return 1;
}

static int move_into(const char *from, const char *dir)
{
    char to[TARRY_PATH_MAX + 1];
    const char *base = strrchr(from, '/');
    if (join_path(to, dir, base ? base + 1 : from) < 0) {
        complain_of(from, "path too long");
        return 1;
    }
    return move(from, to);
}

int main(int argc, char **argv)
{
    int failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 3 || argv[1][0] == '-')
        usage(help);
    const char *to = argv[argc - 1];
    if (is_dir(to)) {
        for (int i = 1; i < argc - 1; i++)
            failed |= move_into(argv[i], to);
        return failed;
    }
    if (argc > 3) {
        complain_of(to, "is not a directory");
        return 1;
    }
    return move(argv[1], to);
}

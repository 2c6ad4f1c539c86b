/* SPDX-License-Identifier: GPL-2.0-only */
/* mkdir [-p] DIR...: makes directories; -p: and those above, none of which need be missing. */
#include <string.h>
#include <sys/stat.h>
#include "tarry.h"

static const char help[] = "mkdir [-p] DIR...\n"
                           "Makes each DIR; -p makes those above it too and accepts those that exist.";

static bool is_dir(const char *path)
{
    struct tarry_stat st;
    return dirstat(path, &st) == 0 && (st.mode & DMDIR);
}

static int make_all(char *path)
{
    for (char *p = path + 1;; p++) {
        char c = *p;
        if (c && c != '/')
            continue;
        *p = 0;
        if (!is_dir(path) && mkdir(path, 0777) < 0) {
            complain(path);
            return 1;
        }
        if (!(*p = c))
            return 0;
    }
}

int main(int argc, char **argv)
{
    int i = 1, failed = 0;
    bool parents = false;
    if (help_asked(argc, argv, help))
        return 0;
    if (i < argc && strcmp(argv[i], "-p") == 0) {
        parents = true;
        i++;
    }
    if (i == argc || argv[i][0] == '-')
        usage(help);
    for (; i < argc; i++) {
        if (parents && argv[i][0])
            failed |= make_all(argv[i]);
        else if (mkdir(argv[i], 0777) < 0) {
            complain(argv[i]);
            failed = 1;
        }
    }
    return failed;
}

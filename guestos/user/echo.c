/* SPDX-License-Identifier: GPL-2.0-only */
/* echo [-n] ARG...: writes its arguments, with a newline unless -n. One write. */
#include <stdlib.h>
#include <string.h>
#include "tarry.h"

int main(int argc, char **argv)
{
    int first = 1;
    bool newline = true;
    size_t n = 1;
    if (argc > 1 && strcmp(argv[1], "-n") == 0) {
        newline = false;
        first = 2;
    }
    for (int i = first; i < argc; i++)
        n += strlen(argv[i]) + 1;
    char *line = malloc(n), *p = line;
    if (!line) {
        complain("memory");
        return 1;
    }
    for (int i = first; i < argc; i++) {
        p = put_text(p, argv[i]);
        if (i + 1 < argc)
            *p++ = ' ';
    }
    if (newline)
        *p++ = '\n';
    return write_all(1, line, (size_t)(p - line)) < 0 ? output_failed() : 0;
}

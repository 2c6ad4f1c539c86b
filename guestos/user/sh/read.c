/* SPDX-License-Identifier: GPL-2.0-only */
/* sh, input: lines from the input or from a text in memory, and whole files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

static bool append_input_line(struct text *t)
{
    char buf[256];
    bool seekable = lseek(0, 0, SEEK_CUR) >= 0 && !interactive;
    for (;;) {
        /* Take no more than the line: the rest may be the input of a command. The console gives a line at a time. */
        ssize_t n = read(0, buf, seekable || interactive ? sizeof buf : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return t->n > 0;
        char *nl = memchr(buf, '\n', (size_t)n);
        size_t use = nl ? (size_t)(nl - buf) + 1 : (size_t)n;
        append(t, buf, use);
        if (use < (size_t)n)
            lseek(0, (off_t)use - n, SEEK_CUR);
        if (nl)
            return true;
    }
}

bool append_line(struct source *from, struct text *t, const char *prompt)
{
    if (!from->text) {
        struct text line = {0};
        if (interactive)
            write_all(1, prompt, strlen(prompt));
        if (!append_input_line(&line))
            return false;
        append(t, line.s, line.n);
        return true;
    }
    if (!*from->text)
        return false;
    const char *nl = strchr(from->text, '\n');
    size_t n = nl ? (size_t)(nl - from->text) + 1 : strlen(from->text);
    append(t, from->text, n);
    from->text += n;
    return true;
}

char *read_file(const char *path)
{
    size_t have = 0, room = 4096;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    char *text = malloc(room);
    ssize_t n = 0;
    while (text && (n = read(fd, text + have, room - have - 1)) > 0) {
        have += (size_t)n;
        if (have == room - 1)
            text = realloc(text, room *= 2);
    }
    close(fd);
    if (text)
        text[have] = 0;
    return n < 0 ? NULL : text;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pages FILE OPERATION...: reads FILE whole into a deferred segment and does to its pages what it is told, one thing after the other,
 * so that an experiment is a line. A page's first byte is what is looked at and stored into. No stdio: its own pages should not count.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] =
    "pages FILE OPERATION...\n"
    "Reads FILE into a deferred segment; then does to its pages, in order, what each OPERATION says:\n"
    "  load A-B   looks at the first byte of pages A up to B, B not included      store A-B  adds 1 to it\n"
    "  write A-B  writes them back to FILE     read A-B  reads them again     zero A-B  makes them zero\n"
    "  fork       the rest is done by a child first, and then by the parent     detach    ends the segment\n"
    "Prints the sum of what was looked at.";

struct buffer {
    const char *file;
    int fd;
    unsigned char *at;
    uint64_t pages;
};

/* "A-B": pages of the buffer. */
static bool range(const struct buffer *b, const char *text, uint64_t *from, uint64_t *to)
{
    char number[24];
    const char *dash = strchr(text, '-');
    if (!dash || (size_t)(dash - text) >= sizeof number)
        return false;
    memcpy(number, text, (size_t)(dash - text));
    number[dash - text] = '\0';
    return parse_number(number, from) && parse_number(dash + 1, to) && *from < *to && *to <= b->pages;
}

static uint64_t load(const struct buffer *b, uint64_t from, uint64_t to)
{
    uint64_t sum = 0;
    for (; from < to; from++)
        sum += b->at[from * TARRY_PAGE];
    return sum;
}

static void store(const struct buffer *b, uint64_t from, uint64_t to)
{
    for (; from < to; from++)
        ++*(volatile unsigned char *)&b->at[from * TARRY_PAGE];
}

/* One operation on a range. False: there is none of that name, or it failed. */
static bool operate(const struct buffer *b, const char *what, uint64_t from, uint64_t to, uint64_t *sum)
{
    unsigned char *at = b->at + from * TARRY_PAGE;
    size_t n = (to - from) * TARRY_PAGE;
    off_t off = (off_t)(from * TARRY_PAGE);
    if (strcmp(what, "load") == 0)
        *sum += load(b, from, to);
    else if (strcmp(what, "store") == 0)
        store(b, from, to);
    else if (strcmp(what, "write") == 0)
        return pwrite(b->fd, at, n, off) == (ssize_t)n;
    else if (strcmp(what, "read") == 0)
        return pread(b->fd, at, n, off) == (ssize_t)n;
    else
        return strcmp(what, "zero") == 0 && segzero(at, n) == 0;
    return true;
}

/* All operations that are left. 0, or the exit status after a message. */
static int run(const struct buffer *b, char **op, uint64_t *sum)
{
    for (; *op; op++) {
        uint64_t from, to;
        struct waitmsg child;
        if (strcmp(*op, "fork") == 0) {
            int pid = rfork(RFPROC | RFFDG);
            if (pid < 0 || (pid > 0 && await(&child) != pid)) {
                complain("fork");
                return 1;
            }
        } else if (strcmp(*op, "detach") == 0) {
            segdetach(b->at);
        } else if (!op[1] || !range(b, op[1], &from, &to)) {
            usage(help);
        } else if (!operate(b, *op, from, to, sum)) {
            complain_of(*op, "failed, or is no operation");
            return 1;
        } else {
            op++;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct tarry_stat st;
    uint64_t sum = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 2)
        usage(help);
    struct buffer b = {.file = argv[1], .fd = open(argv[1], O_RDWR)};
    if (b.fd < 0 || dirfstat(b.fd, &st) < 0) {
        complain(b.file);
        return 1;
    }
    b.pages = st.length / TARRY_PAGE;
    b.at = segattach(0, "defer", NULL, b.pages * TARRY_PAGE);
    if ((intptr_t)b.at == -1 || pread(b.fd, b.at, b.pages * TARRY_PAGE, 0) != (ssize_t)(b.pages * TARRY_PAGE)) {
        complain(b.file);
        return 1;
    }
    int status = run(&b, argv + 2, &sum);
    char line[60], *p = put_number(put_text(line, "sum="), (int64_t)sum);
    *p++ = '\n';
    return status == 0 && write_all(1, line, (size_t)(p - line)) < 0 ? output_failed() : status;
}

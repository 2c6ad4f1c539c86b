/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sleeper FILE STRIDE: reads a file of any size with one read into a deferred segment and sleeps, while another process
 * overwrites page 0 and every STRIDEth page from there, which hold data, and as many between them, which may be holes.
 * Then it looks at all of them: by rule R1 they are what they were. Page p of the data must begin with the number p and
 * end with ~p (8 bytes each), holes are zero. Calls of nsec mark the phases: read, overwrite, check, detach (the canned
 * query experiment-phases).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "sleeper FILE STRIDE\n"
                           "Reads FILE whole and sleeps while page 0 and every STRIDEth, and those halfway between,\n"
                           "are overwritten; then checks that the buffer is what was read, and that the file is what was written.";

enum { WORDS = TARRY_PAGE / sizeof(uint64_t) };

struct task {
    const char *name;
    uint64_t pages, stride;
};

static _Noreturn void fail(const char *what)
{
    complain(what);
    exit(1);
}

/* What the file holds before: data on the pages of the stride, holes between them. */
static uint64_t first_word(const struct task *t, uint64_t page)
{
    return page % t->stride == 0 ? page : 0;
}

static uint64_t last_word(const struct task *t, uint64_t page)
{
    return page % t->stride == 0 ? ~page : 0;
}

static _Noreturn void overwrite(const struct task *t)
{
    static uint64_t page[WORDS];
    int fd = open(t->name, O_RDWR);
    memset(page, 0xee, sizeof page);
    if (fd < 0)
        fail(t->name);
    for (uint64_t p = 0; p < t->pages; p += t->stride / 2)
        if (pwrite(fd, page, sizeof page, (off_t)(p * TARRY_PAGE)) != (ssize_t)sizeof page)
            fail(t->name);
    exit(0);
}

/* The line of /dev/swap that ends in ` pinned`: blocks that only snapshots hold. */
static uint64_t pinned(void)
{
    char text[512], *at;
    int fd = open("/dev/swap", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n < 0)
        fail("/dev/swap");
    close(fd);
    text[n] = '\0';
    if ((at = strstr(text, " pinned")) == NULL)
        fail("/dev/swap");
    while (at > text && at[-1] != '\n')
        at--;
    return strtoull(at, NULL, 10);
}

/* How many of the overwritten pages are not in the buffer as they were read. */
static uint64_t wrong(const struct task *t, const uint64_t *buf)
{
    uint64_t bad = 0;
    for (uint64_t p = 0; p < t->pages; p += t->stride / 2)
        bad += buf[p * WORDS] != first_word(t, p) || buf[p * WORDS + WORDS - 1] != last_word(t, p);
    return bad;
}

/* How many of them are not in the file as they were written. */
static uint64_t stale(const struct task *t, int fd)
{
    uint64_t bad = 0, word;
    for (uint64_t p = 0; p < t->pages; p += t->stride / 2)
        bad += pread(fd, &word, sizeof word, (off_t)(p * TARRY_PAGE)) != sizeof word || word != 0xeeeeeeeeeeeeeeeeu;
    return bad;
}

int main(int argc, char **argv)
{
    struct task t = {0};
    struct tarry_stat st;
    struct waitmsg w;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc != 3 || !parse_number(argv[2], &t.stride) || t.stride < 2 || t.stride % 2)
        usage(help);
    t.name = argv[1];
    int fd = open(t.name, O_RDONLY);
    if (fd < 0 || dirfstat(fd, &st) < 0)
        fail(t.name);
    t.pages = st.length / TARRY_PAGE;
    uint64_t *buf = segattach(0, "defer", NULL, st.length);
    if ((intptr_t)buf == -1)
        fail("segattach");
    nsec();
    if (pread(fd, buf, st.length, 0) != (ssize_t)st.length)
        fail(t.name);
    nsec();
    int pid = fork();
    if (pid == 0)
        overwrite(&t);
    if (pid < 0 || await(&w) != pid || exit_code(w.status) != 0)
        fail("the writer");
    uint64_t kept = pinned(), bad_file = stale(&t, fd);
    nsec();
    uint64_t bad = wrong(&t, buf);
    nsec();
    segdetach(buf);
    nsec();
    printf("overwritten=%llu wrong=%llu stale=%llu pinned=%llu after=%llu\n",
           (unsigned long long)((t.pages + t.stride / 2 - 1) / (t.stride / 2)), (unsigned long long)bad,
           (unsigned long long)bad_file, (unsigned long long)kept, (unsigned long long)pinned());
    return finish_output(bad != 0 || bad_file != 0);
}

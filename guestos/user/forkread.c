/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * forkread FILE: a read and many readers. Reads FILE whole into a deferred segment, forks N children, and each looks at
 * the same M pages; they must all find the same. What a child costs that inherits a pending read (S4) is in the trace,
 * process by process (the canned query experiment-fork).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "forkread FILE [--children N] [--touch M] [--first] [--shared] [--store] [--in-turn]\n"
                           "Reads FILE whole and lets N (8) children look at M (64) pages of the buffer.\n"
                           "--first: the parent looks at them before; --shared: fork shares the segment; --store: the\n"
                           "children store into the pages; --in-turn: one child after the other.";

struct task {
    const char *name;
    uint64_t children, touch, pages;
    bool first, shared, store, in_turn;
};

static _Noreturn void fail(const char *what)
{
    complain(what);
    exit(1);
}

static struct task parse(int argc, char **argv)
{
    struct task t = {.children = 8, .touch = 64};
    for (int i = 1; i < argc; i++) {
        uint64_t *number = strcmp(argv[i], "--children") == 0 ? &t.children
                           : strcmp(argv[i], "--touch") == 0  ? &t.touch
                                                              : NULL;
        bool *flag = strcmp(argv[i], "--first") == 0    ? &t.first
                     : strcmp(argv[i], "--shared") == 0 ? &t.shared
                     : strcmp(argv[i], "--store") == 0  ? &t.store
                     : strcmp(argv[i], "--in-turn") == 0 ? &t.in_turn
                                                         : NULL;
        if (number && (++i == argc || !parse_number(argv[i], number)))
            usage(help);
        else if (flag)
            *flag = true;
        else if (!number && (argv[i][0] == '-' || t.name))
            usage(help);
        else if (!number)
            t.name = argv[i];
    }
    if (!t.name || !t.touch)
        usage(help);
    return t;
}

/* A sum over the M pages, in the range of an exit status. */
static int look(const struct task *t, volatile unsigned char *buf, bool store)
{
    unsigned sum = 1;
    for (uint64_t i = 0; i < t->touch; i++) {
        volatile unsigned char *p = buf + i * t->pages / t->touch * TARRY_PAGE;
        sum = sum * 31 + *p;
        if (store)
            p[1] = (unsigned char)sum;
    }
    return (int)(sum % 251 + 1);
}

/* Waits for a child; its sum. */
static int await_sum(void)
{
    struct waitmsg w;
    if (await(&w) < 0)
        fail("await");
    return exit_code(w.status);
}

int main(int argc, char **argv)
{
    struct tarry_stat st;
    if (help_asked(argc, argv, help))
        return 0;
    struct task t = parse(argc, argv);
    int fd = open(t.name, O_RDONLY);
    if (fd < 0 || dirfstat(fd, &st) < 0)
        fail(t.name);
    t.pages = st.length / TARRY_PAGE;
    unsigned char *buf = segattach(t.shared ? SG_SHARED : 0, "defer", NULL, st.length);
    if ((intptr_t)buf == -1)
        fail("segattach");
    if (pread(fd, buf, st.length, 0) != (ssize_t)st.length)
        fail(t.name);
    int mine = t.first ? look(&t, buf, false) : 0, theirs = 0, differ = 0, running = 0;
    for (uint64_t i = 0; i < t.children || running > 0;) {
        if (i < t.children && !(t.in_turn && running > 0)) {
            int pid = fork();
            if (pid < 0)
                fail("fork");
            if (pid == 0)
                _exit(look(&t, buf, t.store));
            running++;
            i++;
        } else {
            int sum = await_sum();
            theirs = theirs ? theirs : sum;
            differ += sum != theirs;
            running--;
        }
    }
    differ += t.first && mine != theirs;
    printf("children=%llu touch=%llu sum=%d differ=%d\n", (unsigned long long)t.children, (unsigned long long)t.touch,
           theirs, differ);
    return finish_output(differ != 0);
}

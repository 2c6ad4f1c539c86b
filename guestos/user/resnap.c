/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resnap FILE: what it costs a TLB that a snapshot write-protects pages. FILE is read whole into a deferred segment,
 * and every page is stored into. Then, round by round, between calls of nsec (the canned query experiment-tlb, six
 * phases a round): a snapshot (the buffer is written back, W4; or a fork, whose child sleeps), a load from every
 * page, a store into some, a store into the same again, a load from every page, and what there is to clear up.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "resnap FILE [--stores N] [--apart S] [--rounds N] [--fork]\n"
                           "Reads FILE into a deferred segment. In N (3) rounds writes it back, loads from every\n"
                           "page, and stores into N (8) pages, every S-th (1), twice. --fork: forks in place of writing\n"
                           "back.";

struct task {
    const char *name;
    uint64_t stores, apart, rounds, pages;
    bool fork;
};

enum { WORDS = TARRY_PAGE / sizeof(uint64_t) };

static _Noreturn void fail(const char *what)
{
    complain(what);
    exit(1);
}

static struct task parse(int argc, char **argv)
{
    struct task t = {.stores = 8, .apart = 1, .rounds = 3};
    for (int i = 1; i < argc; i++) {
        uint64_t *number = strcmp(argv[i], "--stores") == 0   ? &t.stores
                           : strcmp(argv[i], "--apart") == 0  ? &t.apart
                           : strcmp(argv[i], "--rounds") == 0 ? &t.rounds
                                                              : NULL;
        if (number && (++i == argc || !parse_number(argv[i], number)))
            usage(help);
        else if (!number && strcmp(argv[i], "--fork") == 0)
            t.fork = true;
        else if (!number && (argv[i][0] == '-' || t.name))
            usage(help);
        else if (!number)
            t.name = argv[i];
    }
    if (!t.name || t.apart == 0)
        usage(help);
    return t;
}

static uint64_t load_all(volatile uint64_t *memory, uint64_t pages)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < pages; i++)
        sum += memory[i * WORDS];
    return sum;
}

static void store(volatile uint64_t *memory, uint64_t n, uint64_t apart)
{
    for (uint64_t i = 0; i < n; i++)
        memory[i * apart * WORDS]++;
}

/* A child that has all pages, too, until somebody writes to the pipe. */
static void snapshot_by_fork(int fds[2])
{
    char token;
    int pid = pipe(fds) < 0 ? -1 : fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        close(fds[1]);
        _exit(read(fds[0], &token, 1) != 1);
    }
}

static void let_go(int fds[2])
{
    struct waitmsg w;
    if (write(fds[1], "t", 1) != 1 || await(&w) < 0 || exit_code(w.status) != 0)
        fail("child");
    close(fds[0]);
    close(fds[1]);
}

static uint64_t do_round(const struct task *t, int fd, uint64_t *memory)
{
    int fds[2];
    uint64_t sum;
    nsec();
    if (t->fork)
        snapshot_by_fork(fds);
    else if (pwrite(fd, memory, t->pages * TARRY_PAGE, 0) != (ssize_t)(t->pages * TARRY_PAGE))
        fail(t->name);
    nsec();
    sum = load_all(memory, t->pages);
    nsec();
    store(memory, t->stores, t->apart);
    nsec();
    store(memory, t->stores, t->apart);
    nsec();
    load_all(memory, t->pages);
    nsec();
    if (t->fork)
        let_go(fds);
    return sum;
}

int main(int argc, char **argv)
{
    struct tarry_stat st;
    char line[80];
    uint64_t sum = 0;
    if (help_asked(argc, argv, help))
        return 0;
    struct task t = parse(argc, argv);
    int fd = open(t.name, O_RDWR);
    if (fd < 0 || dirfstat(fd, &st) < 0)
        fail(t.name);
    t.pages = st.length / TARRY_PAGE;
    if (t.stores * t.apart > t.pages) {
        complain_of(t.name, "too short");
        return 1;
    }
    uint64_t *memory = segattach(0, "defer", NULL, st.length);
    if ((intptr_t)memory == -1 || pread(fd, memory, st.length, 0) != (ssize_t)st.length)
        fail(t.name);
    store(memory, t.pages, 1);
    if (pwrite(fd, memory, st.length, 0) != (ssize_t)st.length)
        fail(t.name);
    store(memory, t.stores, t.apart);
    for (uint64_t i = 0; i < t.rounds; i++)
        sum = do_round(&t, fd, memory);
    char *p = put_number(put_text(line, "rounds="), (int64_t)t.rounds);
    p = put_number(put_text(p, " more="), (int64_t)(load_all(memory, t.pages) - sum));
    *p++ = '\n';
    return write_all(1, line, (size_t)(p - line)) < 0 ? output_failed() : 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring: processes that switch often. Some processes pass a token around through pipes; who gets it uses so many pages
 * of his own and passes it on. What a switch costs is in the trace: the first process calls nsec before and behind
 * the rounds, when there were some before (the canned query experiment-tlb: phase 1).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "ring [--processes N] [--pages N] [--rounds N]\n"
                           "N (2) processes, each with N (8) pages that it stores into at its turn, in N (100) rounds.";

enum { MAX_PROCESSES = 64, WARM = 8 };

struct task {
    uint64_t processes, pages, rounds;
};

static _Noreturn void fail(const char *what)
{
    complain(what);
    exit(1);
}

static struct task parse(int argc, char **argv)
{
    static const char *const names[] = {"--processes", "--pages", "--rounds"};
    struct task t = {2, 8, 100};
    uint64_t *values[] = {&t.processes, &t.pages, &t.rounds};
    for (int i = 1, k; i < argc; i += 2) {
        for (k = 0; k < 3 && strcmp(argv[i], names[k]) != 0; k++)
            ;
        if (k == 3 || i + 1 == argc || !parse_number(argv[i + 1], values[k]))
            usage(help);
    }
    if (t.processes < 2 || t.processes > MAX_PROCESSES)
        usage(help);
    return t;
}

static void wait_turn(int from)
{
    char token;
    if (read(from, &token, 1) != 1)
        fail("token");
}

static void pass(int to)
{
    if (write(to, "t", 1) != 1)
        fail("token");
}

/* What a turn is for. */
static void use(volatile uint64_t *memory, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        memory[i * (TARRY_PAGE / sizeof *memory)]++;
}

static uint64_t *own_pages(uint64_t n)
{
    uint64_t *memory = n ? segattach(0, "memory", NULL, n * TARRY_PAGE) : NULL;
    if ((intptr_t)memory == -1)
        fail("segattach");
    return memory;
}

/* The first process: begins each round, and ends it when the token is back. */
static void lead(const struct task *t, volatile uint64_t *memory, int from, int to)
{
    for (uint64_t i = 0; i < WARM + t->rounds; i++) {
        if (i == WARM)
            nsec();
        use(memory, t->pages);
        pass(to);
        wait_turn(from);
    }
    nsec();
}

static _Noreturn void follow(const struct task *t, int from, int to)
{
    uint64_t *memory = own_pages(t->pages), rounds = WARM + t->rounds;
    for (uint64_t i = 0; i < rounds; i++) {
        wait_turn(from);
        use(memory, t->pages);
        pass(to);
    }
    _exit(t->pages > 0 && memory[(t->pages - 1) * (TARRY_PAGE / sizeof *memory)] != rounds);
}

int main(int argc, char **argv)
{
    int pipes[MAX_PROCESSES][2], failed = 0;
    char line[80];
    struct waitmsg w;
    if (help_asked(argc, argv, help))
        return 0;
    struct task t = parse(argc, argv);
    for (uint64_t i = 0; i < t.processes; i++)
        if (pipe(pipes[i]) < 0)
            fail("pipe");
    for (uint64_t i = 1; i < t.processes; i++) {
        int pid = fork();
        if (pid < 0)
            fail("fork");
        if (pid == 0)
            follow(&t, pipes[i - 1][0], pipes[i][1]);
    }
    uint64_t *memory = own_pages(t.pages);
    lead(&t, memory, pipes[t.processes - 1][0], pipes[0][1]);
    for (uint64_t i = 1; i < t.processes; i++)
        failed += await(&w) < 0 || exit_code(w.status) != 0;
    char *p = put_number(put_text(line, "processes="), (int64_t)t.processes);
    p = put_number(put_text(p, " rounds="), (int64_t)(WARM + t.rounds));
    p = put_number(put_text(p, " wrong="), failed);
    *p++ = '\n';
    return write_all(1, line, (size_t)(p - line)) < 0 ? output_failed() : failed != 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* notetests [NAME...]: checks notes. Status 0 if all passed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"
#include "testing.h"

enum { PAGE = 4096, MS = 1000000 };

static volatile int notes;              /* so many were handled */
static char last[TARRY_NOTE_MAX + 1];   /* the last one */
static volatile double scribble;        /* so that a handler uses floating point */

static void count_it(struct tarry_ureg *ureg, char *note)
{
    (void)ureg;
    notes++;
    strcpy(last, note);
    scribble = scribble * 3.5 + notes;
    noted(NCONT);
}

static void post(int pid, const char *note)
{
    CHECK_IS(postnote(NOTE_PROCESS, pid, note), 0);
}

/* ---- the default action ---- */

static void sleep_long(void *unused)
{
    (void)unused;
    nsleep(1000000000000);
}

static const char *status_of(int pid)
{
    static struct waitmsg w;
    CHECK_IS(await(&w), pid);
    return w.status;
}

static int start(void (*fn)(void *), void *arg)
{
    int pid = rfork(RFPROC | RFFDG);
    if (pid == 0) {
        fn(arg);
        exits("");
    }
    nsleep(MS);
    return pid;
}

static void default_action(void)
{
    int pid = start(sleep_long, NULL);
    post(pid, "a note of my own");
    CHECK(strcmp(status_of(pid), "a note of my own") == 0);
    pid = start(sleep_long, NULL);
    CHECK_IS(kill(pid, SIGINT), 0);
    CHECK(strcmp(status_of(pid), "interrupt") == 0);
}

static void ignoring(void *unused)
{
    (void)unused;
    notify(NOTE_IGNORE);
    nsleep(20 * MS);
    exits("slept");
}

static void ignored(void)
{
    int pid = start(ignoring, NULL);
    post(pid, "interrupt");
    post(pid, "whatever");
    CHECK(strcmp(status_of(pid), "slept") == 0);
    pid = start(ignoring, NULL);
    CHECK_IS(kill(pid, SIGKILL), 0); /* nothing helps against that */
    CHECK(strcmp(status_of(pid), "killed") == 0);
}

/* ---- handlers ---- */

static void handled(void)
{
    CHECK_IS(notify(count_it), 0);
    post(getpid(), "one");
    CHECK_IS(notes, 1);
    CHECK(strcmp(last, "one") == 0);
    post(getpid(), "two");
    CHECK_IS(notes, 2);
    CHECK_IS(notify(NOTE_IGNORE), 0);
    post(getpid(), "three");
    CHECK_IS(notes, 2);
}

/* Runs with every register in use, until notes have come. */
static void registers_survive(void)
{
    double d = 1, e = 0.25;
    uint64_t a = 1, b = 2, c = 3;
    notify(count_it);
    for (int i = 0; i < 20; i++) {
        int before = notes;
        alarm_ms(1);
        for (uint64_t n = 0; notes == before; n++) {
            a = a * 3 + b;
            b ^= a >> 7;
            c += a ^ b;
            d = d * 1.5 + e;
            e = d - e;
            if (d > 1e9)
                d = 1;
            if (e > 1e9)
                e = 0.25;
            /* The same again must come out the same: nothing was changed in between. */
            double x = d * 1.5 + e;
            uint64_t y = a * 3 + b;
            CHECK(x == d * 1.5 + e);
            CHECK_IS(y - (a * 3 + b), 0);
            CHECK(n < 100000000);
        }
        CHECK(strcmp(last, "alarm") == 0);
    }
    CHECK(c != 0);
}

static void interrupts_calls(void)
{
    int fds[2];
    char byte;
    struct waitmsg w;
    notify(count_it);
    alarm_ms(2);
    uint64_t before = nsec();
    CHECK_IS(nsleep(1000000000), -1);
    CHECK_IS(errno, EINTR);
    CHECK(nsec() - before < 100 * MS);
    CHECK_IS(notes, 1);
    CHECK_IS(pipe(fds), 0);
    alarm_ms(2);
    CHECK_IS(read(fds[0], &byte, 1), -1);
    CHECK_IS(errno, EINTR);
    CHECK_IS(notes, 2);
    int pid = rfork(RFPROC | RFFDG);
    if (pid == 0) {
        nsleep(50 * MS);
        exits("");
    }
    alarm_ms(2);
    CHECK_IS(await(&w), -1);
    CHECK_IS(errno, EINTR);
    CHECK_IS(await(&w), pid);
}

static void refuse(struct tarry_ureg *ureg, char *note)
{
    (void)ureg;
    if (strcmp(note, "return") != 0)
        noted(NDFLT);
}

static void take_refused(void *unused)
{
    (void)unused;
    notify(refuse);
    nsleep(1000000000000);
}

static void refused(void)
{
    static const char *const texts[] = {"no", "return"};
    for (int i = 0; i < 2; i++) {
        int pid = start(take_refused, NULL);
        post(pid, texts[i]);
        CHECK(strcmp(status_of(pid), texts[i]) == 0);
    }
}

/* ---- traps ---- */

static jmp_buf env;

/* Stores at an address where nothing is. */
static void store_at(uintptr_t va)
{
    volatile int *p = (volatile int *)va;
    __asm__("" : "+r"(p)); /* the compiler knows better than to do that */
    *p = 1;
}

static void jump_out(struct tarry_ureg *ureg, char *note)
{
    strcpy(last, note);
    notejmp(ureg, env, 5);
}

static void traps_jump(void)
{
    notify(jump_out);
    for (int i = 0; i < 10; i++) {
        int r = setjmp(env);
        if (r == 0) {
            store_at(16);
            CHECK(!"stored at an address that is not there");
        }
        CHECK_IS(r, 5);
        CHECK(strncmp(last, "sys: trap: fault write addr=0x10 ", 33) == 0);
    }
}

static void skip_instruction(struct tarry_ureg *ureg, char *note)
{
    notes++;
    strcpy(last, note);
    ureg->x[10] = 77; /* a0 */
    ureg->pc += 4;
    noted(NCONT);
}

static void registers_changed(void)
{
    register long a0 __asm__("a0") = 1;
    notify(skip_instruction);
    __asm__ volatile(".option push\n.option norvc\nld a0, 0(zero)\n.option pop" : "+r"(a0) : : "memory");
    CHECK_IS(a0, 77);
    CHECK_IS(notes, 1);
    CHECK(strncmp(last, "sys: trap: fault read addr=0x0 ", 31) == 0);
}

static void trap_again(struct tarry_ureg *ureg, char *note)
{
    (void)ureg;
    (void)note;
    store_at(32);
}

static void do_trap_twice(void *unused)
{
    (void)unused;
    close(2);
    notify(trap_again);
    post(getpid(), "begin");
}

static void trap_in_handler(void)
{
    const char *status = in_child(do_trap_twice, NULL);
    CHECK(strncmp(status, "sys: trap: fault write addr=0x20 ", 33) == 0);
}

static void do_lose_stack(void *unused)
{
    (void)unused;
    notify(count_it);
    __asm__ volatile("li sp, 64\nld a0, 0(zero)");
}

static void no_stack(void)
{
    CHECK(strncmp(in_child(do_lose_stack, NULL), "sys: trap: fault read addr=0x0 ", 31) == 0);
}

/* ---- queue, groups, inheritance ---- */

static void send_more(struct tarry_ureg *ureg, char *note)
{
    (void)ureg;
    CHECK_IS(notes == 0 || note[0] == (char)('a' + notes - 1), 1); /* in order, one at a time */
    if (notes++ == 0)
        for (char c = 'a'; c <= 'e'; c++)
            post(getpid(), (char[]){c, 0});
    if (notes == 1) {
        CHECK_IS(postnote(NOTE_PROCESS, getpid(), "too many"), -1);
        CHECK_IS(errno, EAGAIN);
        CHECK_IS(nsleep(MS), 0); /* notes that wait interrupt nothing */
    }
    noted(NCONT);
}

static void queued(void)
{
    notify(send_more);
    post(getpid(), "begin");
    CHECK_IS(notes, 6);
}

static void wait_for_note(void *unused)
{
    (void)unused;
    notify(count_it);
    while (notes == 0)
        nsleep(1000 * MS);
    exits(last);
}

static void group(void)
{
    int pids[3];
    CHECK_IS(rfork(RFNOTEG), 0);
    notify(count_it);
    for (int i = 0; i < 3; i++)
        pids[i] = start(wait_for_note, NULL);
    CHECK_IS(postnote(NOTE_GROUP, pids[1], "everybody"), 0);
    for (int i = 0; i < 3; i++) {
        struct waitmsg w;
        CHECK(await(&w) > 0);
        CHECK(strcmp(w.status, "everybody") == 0);
    }
    CHECK_IS(notes, 0); /* but the sender */
    CHECK(pids[0] > 0);
}

static void inherited(void)
{
    notify(count_it);
    int pid = rfork(RFPROC | RFFDG);
    if (pid == 0) {
        post(getpid(), "child");
        exits(notes == 1 ? last : "not handled");
    }
    CHECK(strcmp(status_of(pid), "child") == 0);
    CHECK_IS(notes, 0);
}

static void exec_sleep(void *unused)
{
    char *argv[] = {"sleep", "100", NULL};
    (void)unused;
    notify(count_it);
    exec("/bin/sleep", argv);
}

static void gone_after_exec(void)
{
    int pid = start(exec_sleep, NULL);
    nsleep(20 * MS);
    post(pid, "end");
    CHECK(strcmp(status_of(pid), "end") == 0);
}

/* ---- long transfers ---- */

enum { LONG = 1 << 28 };

static void transfer(void *write_it)
{
    int fd = open("long", O_RDWR);
    void *buf = segattach(0, "memory", NULL, LONG);
    CHECK(fd >= 0 && (intptr_t)buf != -1);
    ssize_t n = write_it ? write(fd, buf, LONG) : read(fd, buf, LONG);
    if (n < 0)
        CHECK_IS(errno, EINTR);
    exits(n == LONG ? "all of it" : "interrupted");
}

static void transfer_handled(void *write_it)
{
    notify(count_it);
    transfer(write_it);
}

/* A note ends a transfer of many bytes within the time that a few of them take. */
static void long_transfers(void)
{
    static const char yes[] = "yes";
    CHECK_IS(close(open("long", O_RDWR | O_CREAT, 0666)), 0);
    for (int i = 0; i < 4; i++) {
        void *write_it = i & 1 ? (void *)yes : NULL;
        CHECK_IS(truncate("long", write_it ? 0 : LONG), 0);
        int pid = start(i & 2 ? transfer_handled : transfer, write_it);
        nsleep(4 * MS);
        uint64_t before = nsec();
        post(pid, "stop");
        CHECK(strcmp(status_of(pid), i & 2 ? "interrupted" : "stop") == 0);
        CHECK(nsec() - before < 100 * MS);
    }
    CHECK_IS(unlink("long"), 0);
}

/* ---- alarms, misuse ---- */

static void alarms(void)
{
    notify(count_it);
    CHECK_IS(alarm_ms(1000), 0);
    CHECK(alarm_ms(500) > 990);
    CHECK(alarm_ms(0) > 490);
    CHECK_IS(nsleep(600 * MS), 0);
    CHECK_IS(notes, 0);
    uint64_t before = nsec();
    alarm_ms(30);
    while (notes == 0)
        nsleep(1000 * MS);
    CHECK(nsec() - before >= 30 * MS && nsec() - before < 60 * MS);
    CHECK_IS(alarm(2), 0);
    CHECK_IS(alarm(0), 2);
}

static void misuse(void)
{
    CHECK_IS(noted(NCONT), -1);
    CHECK_IS(errno, EINVAL);
    CHECK_IS(sys_notify(-8), -EINVAL);
    CHECK_IS(postnote(NOTE_PROCESS, getpid(), ""), -1);
    CHECK_IS(postnote(NOTE_PROCESS, getpid(), "sys: trap: not by you"), -1);
    CHECK_IS(errno, EINVAL);
    CHECK_IS(postnote(NOTE_PROCESS, 99999, "x"), -1);
    CHECK_IS(errno, ENOENT);
}

#define T(name)                                                                                                        \
    { #name, name }

static const struct test tests[] = {
    T(default_action), T(ignored),   T(handled),         T(registers_survive), T(interrupts_calls),
    T(refused),        T(traps_jump), T(registers_changed), T(trap_in_handler),   T(no_stack),
    T(queued),         T(group),     T(inherited),       T(gone_after_exec),   T(long_transfers),
    T(alarms),         T(misuse),
};

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, "notetests [NAME...]\nRuns the tests of those names, or all."))
        return 0;
    return run_tests("notetests", tests, sizeof tests / sizeof tests[0], argc, argv);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time travel. A checkpoint is a copy of the whole process, made by fork, that waits; all of the machine is in it, down
 * to Unicorn's translated code, and it costs the pages that are written afterwards. To go back, the active process
 * tells a checkpoint what to do and ends itself; the checkpoint makes a copy of itself, which is active from then on,
 * runs forward and answers the debugger. The first process of all only waits for the end.
 *
 * That this is the past, and not merely something like it, is the machine's promise: the same instructions with the
 * same input at the same moments give the same run. Input comes from the log (input.h), which is shared, as is the
 * number of bytes that have been printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../input.h"
#include "../machine_priv.h"
#include "../say.h"
#include "debug.h"

#define EVERY_NS 100000000ull /* host time between two checkpoints */
#define CLOSE 500000          /* positions: no second checkpoint so near to another */
#define CHANGING -1           /* instead of the active process' number */
#define PATIENCE 600          /* turns of waiting for it, of 50 ms each */
#define STRIDE 20000          /* a checkpoint so long before a place gone back to, for more steps back */

/* ---- checkpoints ---- */

static uint64_t here(struct debug *d)
{
    return step_position(&d->machine->hart);
}

/* The latest checkpoint at `position` or before; -1: none. */
static int best(const struct travel *t, uint64_t position)
{
    int found = -1;
    for (int i = 0; i < CHECKPOINTS; i++)
        if (t->points[i].pid && t->points[i].position <= position &&
            (found < 0 || t->points[i].position > t->points[found].position))
            found = i;
    return found;
}

static void drop(struct travel *t, int i)
{
    kill(t->points[i].pid, SIGKILL);
    t->points[i].pid = 0;
}

/* The positions before and after checkpoint i. */
static void neighbours(const struct travel *t, int i, uint64_t *before, uint64_t *after)
{
    uint64_t at = t->points[i].position;
    *before = 0;
    *after = UINT64_MAX;
    for (int k = 0; k < CHECKPOINTS; k++) {
        uint64_t p = t->points[k].position;
        if (!t->points[k].pid || k == i)
            continue;
        if (p <= at && p > *before)
            *before = p;
        if (p > at && p < *after)
            *after = p;
    }
}

/* Makes room where the gap that comes of it is smallest, seen from the present: far away they may lie further apart. */
static int make_room(struct travel *t, uint64_t now)
{
    int worst = -1;
    double least = 0;
    for (int i = 0; i < CHECKPOINTS; i++) {
        uint64_t before, after, at = t->points[i].position;
        if (!t->points[i].pid)
            return i;
        if (at == t->begin || t->points[i].kept)
            continue;
        neighbours(t, i, &before, &after);
        if (after == UINT64_MAX)
            after = now > at ? now : at;
        double distance = now > at ? (double)(now - at) : (double)(at - now);
        double gap = (double)(after - before) / (distance + 1);
        if (worst < 0 || gap < least) {
            worst = i;
            least = gap;
        }
    }
    if (worst >= 0)
        drop(t, worst);
    return worst;
}

/* Hands the connection over with the order to wake up. */
static void wake(struct debug *d, int i)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte = 0;
    int fd = d->shared->connection;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        control.head =
            (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
        memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
        msg.msg_control = &control;
        msg.msg_controllen = sizeof control.room;
    }
    if (sendmsg(d->wake[i][1], &msg, MSG_NOSIGNAL) < 0)
        say("cannot wake a checkpoint: %s", strerror(errno));
}

/* Waits to be woken; returns the connection, or -1. The program ends when the first process does. */
static int sleep_until_woken(struct debug *d, int i)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct pollfd fds[2] = {{.fd = d->wake[i][0], .events = POLLIN}, {.fd = d->life[0], .events = POLLIN}};
    int fd = -1;
    while (poll(fds, 2, -1) < 0 || !fds[0].revents)
        if (fds[1].revents)
            _exit(0);
    if (recvmsg(d->wake[i][0], &msg, MSG_CMSG_CLOEXEC) < 0)
        _exit(1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static void signals(bool on)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGALRM);
    sigprocmask(on ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

/* The life of a checkpoint. Returns in a copy that is to be active. */
static void be_checkpoint(struct debug *d, int i)
{
    signals(false);
    signal(SIGCHLD, SIG_IGN);
    close(d->shared->connection); /* the copy of this process, not the number that all share */
    for (;;) {
        int fd = sleep_until_woken(d, i);
        pid_t pid = fork();
        if (pid == 0) {
            signal(SIGCHLD, SIG_DFL);
            d->shared->connection = d->machine->console.debugger = fd;
            d->shared->travel.active = getpid();
            signals(true);
            return;
        }
        if (pid < 0) /* nobody is active now: the first process sees it */
            d->shared->travel.active = 0;
        if (fd >= 0)
            close(fd);
    }
}

void travel_keep(struct debug *d, bool kept)
{
    struct travel *t = &d->shared->travel;
    uint64_t now = here(d);
    int i = make_room(t, now);
    if (i < 0 || !d->travels)
        return;
    console_flush(d->machine);
    t->points[i].position = now;
    t->points[i].insns = step_retired(&d->machine->hart);
    t->points[i].kept = kept;
    pid_t pid = fork();
    if (pid == 0) {
        be_checkpoint(d, i);
        siglongjmp(d->woken, 1);
    }
    t->points[i].pid = pid > 0 ? pid : 0; /* no memory for one more: then there is none */
}

static uint64_t host_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void travel_pass(struct debug *d)
{
    struct travel *t = &d->shared->travel;
    uint64_t now = here(d), ns = host_ns();
    if (!d->travels || d->machine->hart.midway || ns - d->checked_ns < EVERY_NS)
        return;
    d->checked_ns = ns;
    for (int i = 0; i < CHECKPOINTS; i++) {
        uint64_t at = t->points[i].position;
        if (t->points[i].pid && (at > now ? at - now : now - at) < CLOSE)
            return;
    }
    travel_keep(d, false);
}

void travel_diverge(struct debug *d)
{
    struct travel *t = &d->shared->travel;
    struct console *c = &d->machine->console;
    uint64_t now = here(d);
    d->changed = false;
    if (!d->travels)
        return;
    for (int i = 0; i < CHECKPOINTS; i++)
        if (t->points[i].pid && t->points[i].position >= now && t->points[i].position != t->begin)
            drop(t, i);
    if (c->log && !c->log->strict)
        c->log->count = c->log_at;
    t->printed = c->flushed;
    travel_keep(d, true);
}

/* ---- orders ---- */

/* Nobody is active until the checkpoint's copy is. */
static void hand_over(struct debug *d, int i)
{
    console_flush(d->machine);
    d->shared->travel.active = CHANGING;
    wake(d, i);
    _exit(0);
}

static void go_to(struct debug *d, uint64_t position, const struct stop_report *why)
{
    struct travel *t = &d->shared->travel;
    int i = best(t, position);
    t->order = (struct order){.kind = ORDER_GOTO, .position = position, .report = *why};
    if (i < 0) { /* cannot be: the beginning is always kept */
        d->shared->last.why = WHY_BEGIN;
        return;
    }
    hand_over(d, i);
}

/* From the checkpoint before `limit` on: what is the last stop before the position `from`? */
static void scan(struct debug *d, uint64_t limit, uint64_t from)
{
    struct travel *t = &d->shared->travel;
    struct stop_report begin = {.why = WHY_BEGIN};
    int i = limit > t->begin ? best(t, limit - 1) : -1;
    if (i < 0) {
        go_to(d, t->begin, &begin);
        return;
    }
    t->order = (struct order){.kind = ORDER_SCAN, .position = limit, .from = from};
    hand_over(d, i);
}

void travel_step_back(struct debug *d)
{
    struct stop_report begin = {.why = WHY_BEGIN}, step = {.why = WHY_STEP};
    uint64_t now = here(d), first = d->shared->travel.begin;
    if (now <= first)
        d->shared->last = begin;
    else
        go_to(d, now - 1, &step);
}

void travel_continue_back(struct debug *d)
{
    if (here(d) <= d->shared->travel.begin)
        d->shared->last.why = WHY_BEGIN;
    else
        scan(d, here(d), here(d));
}

void travel_goto(struct debug *d, uint64_t position)
{
    struct stop_report step = {.why = WHY_STEP};
    if (position < d->shared->travel.begin)
        position = d->shared->travel.begin;
    go_to(d, position, &step);
}

/* Runs to the position without stopping. */
static void run_to(struct debug *d, uint64_t position)
{
    struct stop_report r;
    struct hart *h = &d->machine->hart;
    h->stops = NULL;
    stops_changed(h);
    d->silent = true;
    if (position - here(d) > 5 * STRIDE) {
        debug_forward(d, position - STRIDE, &r);
        if (!h->midway)
            travel_keep(d, false);
    }
    debug_forward(d, position, &r);
    d->silent = false;
    h->stops = &d->shared->stops;
    stops_changed(h);
}

void travel_forward_insns(struct debug *d, uint64_t insns)
{
    struct machine *m = d->machine;
    for (uint64_t now; (now = step_retired(&m->hart)) < insns && (m->result.stop == STOP_NONE || m->hart.midway);)
        run_to(d, here(d) + (insns - now)); /* short of it by the interrupts on the way */
}

void travel_to_insns(struct debug *d, uint64_t insns)
{
    struct travel *t = &d->shared->travel;
    int found = -1;
    if (insns >= step_retired(&d->machine->hart)) {
        travel_forward_insns(d, insns);
        return;
    }
    for (int i = 0; i < CHECKPOINTS; i++)
        if (t->points[i].pid && t->points[i].insns <= insns &&
            (found < 0 || t->points[i].insns > t->points[found].insns))
            found = i;
    if (found < 0)
        return; /* cannot be: the beginning is always kept */
    t->order = (struct order){.kind = ORDER_INSNS, .position = insns};
    hand_over(d, found);
}

/* The woken checkpoint looks for the last stop up to the order's position. */
static void look_for_last(struct debug *d)
{
    struct order o = d->shared->travel.order;
    struct stop_report r, last = {.why = WHY_STEP};
    uint64_t begin = here(d), found = 0, limit = o.position < o.from ? o.position + 1 : o.from;
    stops_changed(&d->machine->hart);
    for (;;) {
        debug_forward(d, limit, &r);
        if (r.why == WHY_INTERRUPT) {
            go_to(d, o.from, &r);
            return;
        }
        if (r.why != WHY_BREAK && r.why != WHY_WATCH)
            break;
        if (r.why == WHY_WATCH) /* backwards, the stop is behind the access */
            debug_over(d);
        if (here(d) > o.from || (r.why == WHY_BREAK && here(d) == o.from))
            break;
        found = here(d);
        last = r;
    }
    if (last.why != WHY_STEP)
        go_to(d, found, &last);
    else
        scan(d, begin, o.from);
}

void travel_obey(struct debug *d)
{
    struct order o = d->shared->travel.order;
    d->silent = false;
    d->machine->hart.stops = &d->shared->stops;
    if (o.kind == ORDER_SCAN)
        look_for_last(d);
    if (o.kind == ORDER_INSNS)
        travel_forward_insns(d, o.position);
    if (o.kind == ORDER_GOTO) {
        run_to(d, o.position);
        d->shared->last = o.report;
    }
}

/* ---- the first process ---- */

/* Everything is over: what the active process returns is the exit status. */
static void tell_end(int status, void *arg)
{
    struct debug *d = arg;
    char byte = 0;
    d->shared->travel.status = status;
    if (getpid() == d->shared->travel.active && write(d->end[1], &byte, 1) < 0) {
        /* the first process sees it all the same */
    }
}

static void pass_on_signals(struct debug *d)
{
    struct timespec none = {0};
    pid_t active = d->shared->travel.active;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGALRM);
    for (int sig; active > 0 && (sig = sigtimedwait(&set, NULL, &none)) > 0;)
        kill(active, sig);
}

/* The active process is gone without a word. `turns`: how long there was none. */
static bool is_dead(const struct travel *t, unsigned *turns)
{
    pid_t active = t->active;
    bool none = active <= 0 || (kill(active, 0) != 0 && errno == ESRCH);
    *turns = none ? *turns + 1 : 0;
    return active == 0 || *turns > (active == CHANGING ? PATIENCE : 4);
}

/* Waits for the end, and cleans up. */
static void wait_for_end(struct debug *d)
{
    struct travel *t = &d->shared->travel;
    struct pollfd end = {.fd = d->end[0], .events = POLLIN};
    for (unsigned turns = 0; poll(&end, 1, 50) <= 0;) {
        pass_on_signals(d);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
            /* those that gave way to others */
        }
        if (is_dead(t, &turns)) {
            say("the process that ran the guest has died; nothing is left of the run");
            t->status = 125;
            break;
        }
    }
    for (int i = 0; i < CHECKPOINTS; i++)
        if (t->points[i].pid)
            drop(t, i);
    while (waitpid(-1, NULL, 0) > 0) {
        /* and the active one, which is on its way out */
    }
    _exit(t->status);
}

static bool make_channels(struct debug *d)
{
    for (int i = 0; i < CHECKPOINTS; i++)
        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, d->wake[i]) != 0)
            return false;
    return pipe2(d->life, O_CLOEXEC) == 0 && pipe2(d->end, O_CLOEXEC) == 0;
}

bool travel_begin(struct debug *d)
{
    struct travel *t = &d->shared->travel;
    if (!make_channels(d))
        return false;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signals(false);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        signals(true);
        return false;
    }
    if (pid > 0) {
        if (!t->active)
            t->active = pid;
        wait_for_end(d);
    }
    t->active = getpid();
    close(d->life[1]);
    signals(true);
    on_exit(tell_end, d);
    t->begin = here(d);
    d->machine->console.printed = &t->printed;
    if (d->machine->config.input)
        d->machine->console.source = &d->machine->config.input->source;
    d->travels = true;
    return true;
}

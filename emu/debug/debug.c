/* SPDX-License-Identifier: GPL-2.0-only */
/* A run under a debugger, from the first instruction to its end. */
#include "debug.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../fs/host/image.h"
#include "../machine_priv.h"
#include "../paths.h"
#include "../say.h"

static struct shared *new_shared(void)
{
    struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        return NULL;
    s->listener = s->connection = -1;
    return s;
}

/* What the guest writes to its disks must go back in time with it. */
static bool hold_disks(struct machine *m)
{
    for (unsigned i = 0; i < MACHINE_DISKS; i++)
        if (m->config.disks[i] && image_hold(m->config.disks[i]) != 0)
            return false;
    return true;
}

/* A run that was carried to its end has changed its disks. */
static void write_disks(struct machine *m)
{
    for (unsigned i = 0; i < MACHINE_DISKS; i++) {
        int bad = m->config.disks[i] ? image_release(m->config.disks[i]) : 0;
        if (bad)
            say("%s: cannot be written: %s", image_path(m->config.disks[i]), strerror(-bad));
    }
}

static void serve(struct debug *d)
{
    struct machine *m = d->machine;
    m->hart.stops = &d->shared->stops;
    gdb_serve(d);
    connect_close(d);
    d->shared->stops.npoints = 0;
    d->shared->stops.watching = false;
    stops_changed(&m->hart);
    m->hart.stops = NULL;
    if (d->killed)
        machine_stop(m, STOP_INTERRUPTED, 1, "killed by the debugger");
}

/* GDB on this terminal, for a socket that already listens. It is the first process' child. */
static bool start_gdb(struct debug *d)
{
    char target[PATH_MAX + 20], kernel[PATH_MAX], err[PATH_MAX + 100];
    snprintf(target, sizeof target, "target remote %s", d->where);
    pid_t pid = fork();
    if (pid == 0) {
        bool found = find_shipped("kernel.elf", kernel, sizeof kernel, err, sizeof err);
        execlp("gdb-multiarch", "gdb-multiarch", "-q", "-ex", target, found ? kernel : NULL, NULL);
        _exit(127);
    }
    signal(SIGINT, SIG_IGN); /* ctrl-C is for GDB */
    return pid > 0;
}

void debug_run(struct machine *m, const struct debug_options *o, struct machine_result *result)
{
    static struct debug d; /* used up to the process' end */
    d = (struct debug){.machine = m, .where = o->gdb, .options = o, .shared = new_shared()};
    if (!d.shared || !hold_disks(m))
        machine_stop(m, STOP_ERROR, 1, "the host is out of memory");
    else if (!connect_listen(&d))
        machine_stop(m, STOP_ERROR, 1, "no debugger can come");
    else if ((o->attach && !start_gdb(&d)) || !travel_begin(&d))
        machine_stop(m, STOP_ERROR, 1, "the host cannot make processes");
    else
        serve(&d);
    machine_run(m, result);
    if (!d.killed && !o->event)
        write_disks(m);
}

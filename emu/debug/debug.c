/* SPDX-License-Identifier: GPL-2.0-only */
/* A run under a debugger, from the first instruction to its end. */
#include "debug.h"

#include <string.h>
#include <sys/mman.h>

#include "../../fs/host/image.h"
#include "../machine_priv.h"
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
    if (connect_wait(d))
        gdb_serve(d);
    else
        machine_stop(m, STOP_INTERRUPTED, 1, "no debugger came");
    connect_close(d);
    d->shared->stops.npoints = 0;
    d->shared->stops.watching = false;
    stops_changed(&m->hart);
    m->hart.stops = NULL;
    if (d->killed)
        machine_stop(m, STOP_INTERRUPTED, 1, "killed by the debugger");
}

void debug_run(struct machine *m, const char *where, struct machine_result *result)
{
    static struct debug d; /* used up to the process' end */
    d = (struct debug){.machine = m, .where = where, .shared = new_shared()};
    if (!d.shared || !hold_disks(m))
        machine_stop(m, STOP_ERROR, 1, "the host is out of memory");
    else if (!connect_listen(&d))
        machine_stop(m, STOP_ERROR, 1, "no debugger can come");
    else if (!travel_begin(&d))
        machine_stop(m, STOP_ERROR, 1, "the host cannot make processes");
    else
        serve(&d);
    machine_run(m, result);
    if (!d.killed)
        write_disks(m);
}

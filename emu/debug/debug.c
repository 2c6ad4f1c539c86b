/* SPDX-License-Identifier: GPL-2.0-only */
/* A run under a debugger, from the first instruction to its end. */
#include "debug.h"

#include <stdio.h>
#include <sys/mman.h>

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

static void serve(struct debug *d)
{
    struct machine *m = d->machine;
    m->hart.stops = &d->shared->stops;
    if (connect_listen(d) && connect_wait(d))
        gdb_serve(d);
    else
        machine_stop(m, m->interrupted ? STOP_INTERRUPTED : STOP_ERROR, 1, "no debugger came");
    connect_close(d);
    d->shared->stops.npoints = 0;
    stops_changed(&m->hart);
    m->hart.stops = NULL;
    if (d->killed)
        machine_stop(m, STOP_INTERRUPTED, 1, "killed by the debugger");
}

void debug_run(struct machine *m, const char *where, struct machine_result *result)
{
    struct debug d = {.machine = m, .where = where, .shared = new_shared()};
    if (d.shared)
        serve(&d);
    else
        machine_stop(m, STOP_ERROR, 1, "the host is out of memory");
    machine_run(m, result);
    if (d.shared)
        munmap(d.shared, sizeof *d.shared);
}

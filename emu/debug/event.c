/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the step in which an event of a recorded run happens. */
#include <string.h>

#include "../../traces/catalogue.h"
#include "../../traces/recorder.h"
#include "../machine_priv.h"
#include "../say.h"
#include "debug.h"

/* An event's instruction count may be that of its block's start; no block has so many instructions. */
#define BEFORE 1500

static bool go_on(struct machine *m)
{
    return m->result.stop == STOP_NONE || m->hart.midway;
}

static bool as_recorded(const struct debug *d)
{
    const struct debug_options *o = d->options;
    const struct traceport *t = &d->machine->trace;
    return t->wanted.insn == o->event_insn && t->wanted.pc == o->event_pc &&
           !strcmp(catalogue_events[t->wanted.kind].name, o->event_kind);
}

bool event_find(struct debug *d)
{
    struct machine *m = d->machine;
    const struct debug_options *o = d->options;
    struct stop_report r;
    m->trace.wanted.id = o->event;
    travel_forward_insns(d, o->event_insn > BEFORE ? o->event_insn - BEFORE : 0);
    d->silent = true;
    while (recorder_events(m->trace.recorder) < o->event && go_on(m))
        debug_forward(d, step_position(&m->hart) + 1, &r);
    d->silent = false;
    if (!m->trace.wanted.kind || !as_recorded(d)) {
        machine_stop(m, STOP_ERROR, 1,
                     "the run departs from the recorded one: event %llu is not %s at instruction %llu",
                     (unsigned long long)o->event, o->event_kind, (unsigned long long)o->event_insn);
        return false;
    }
    say("event %llu: %s, instruction %llu, pc 0x%llx", (unsigned long long)o->event, o->event_kind,
        (unsigned long long)o->event_insn, (unsigned long long)o->event_pc);
    if (!o->attach)
        connect_advise(d);
    travel_step_back(d);
    return true; /* the very beginning */
}

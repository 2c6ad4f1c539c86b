/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's end of the trace port for the tests: events are kept in memory. */
#include <stdlib.h>
#include <string.h>
#include "khost.h"

static Event *events;
static size_t nevents, room;
static bool keep = true;
static uint64_t lastid;
static uint64_t opened[EV_COUNT], ended[EV_COUNT];

void events_clear(void)
{
    nevents = 0;
}

void events_keep(bool yes)
{
    keep = yes;
    nevents = 0;
}

/* ---- S1: the states of pages, as the rows tell them ---- */

enum { STATES = 1 << 16 };

static struct {
    uint64_t segment, va;
    enum ev_enum_page_state state;
} states[STATES]; /* by hash; a newer page takes the place of an older one */

static unsigned slot_of(uint64_t segment, uint64_t va)
{
    return (unsigned)(segment * 31 + (va >> PGSHIFT)) % STATES;
}

int last_state(uint64_t segment, uint64_t va)
{
    unsigned i = slot_of(segment, va);
    return states[i].segment == segment && states[i].va == va ? (int)states[i].state : -1;
}

static bool is_resident(int state)
{
    return state == EV_page_state_clean || state == EV_page_state_dirty;
}

static void note_state(const struct ev_page *e)
{
    int before = last_state(e->segment, e->va);
    unsigned i = slot_of(e->segment, e->va);
    /* From empty to sourced and back there are no rows for pages: that is told by `source`. */
    ASSERT(before < 0 || before == (int)e->old || (!is_resident(before) && !is_resident((int)e->old)),
           "S1: a page leaves a state in which it is not");
    states[i].segment = e->segment;
    states[i].va = e->va;
    states[i].state = (enum ev_enum_page_state)e->new;
}

uint64_t traceevent(unsigned kind, void *record, size_t bytes)
{
    struct ev_head *head = record;
    opened[kind]++;
    lastid++;
    if (kind == EV_page)
        note_state(record);
    if (!keep)
        return lastid;
    if (head->cause == 0 && up != NULL)
        head->cause = up->cause;
    if (nevents == room) {
        room = room * 2 + 1024;
        events = realloc(events, room * sizeof *events);
    }
    Event *e = &events[nevents++];
    *e = (Event){.kind = kind, .id = lastid};
    ASSERT(bytes <= sizeof e->of, "an event fits");
    memcpy(&e->of, record, bytes);
    return lastid;
}

void traceend(uint64_t id, const void *record, size_t bytes)
{
    const uint64_t *kind = record;
    ended[*kind]++;
    for (size_t i = nevents; i-- > 0;)
        if (events[i].id == id) {
            ASSERT(events[i].kind == *kind && !events[i].ended, "an interval ends once, as what it was opened");
            events[i].ended = true;
            memcpy(&events[i].end, record, bytes);
            return;
        }
}

bool traceinterrupted(void)
{
    return false;
}

uint64_t tracelasttrap(void)
{
    return 0;
}

void tracedisk(uint64_t sector, uint64_t cause, unsigned block_class)
{
    (void)sector;
    (void)cause;
    (void)block_class;
}

uint64_t open_intervals(unsigned kind)
{
    return opened[kind] - ended[kind];
}

unsigned events_count(unsigned kind)
{
    unsigned n = 0;
    for (size_t i = 0; i < nevents; i++)
        n += events[i].kind == kind;
    return n;
}

const Event *event_at(unsigned kind, int i)
{
    if (i < 0)
        i += (int)events_count(kind);
    for (size_t at = 0; at < nevents; at++)
        if (events[at].kind == kind && i-- == 0)
            return &events[at];
    return NULL;
}

unsigned transfers(enum ev_enum_boundary boundary)
{
    unsigned n = 0;
    for (size_t i = 0; i < nevents; i++)
        n += events[i].kind == EV_transfer && events[i].of.transfer.boundary == boundary;
    return n;
}

uint64_t transferred(enum ev_enum_boundary boundary)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < nevents; i++)
        if (events[i].kind == EV_transfer && events[i].of.transfer.boundary == boundary)
            bytes += events[i].of.transfer.bytes;
    return bytes;
}

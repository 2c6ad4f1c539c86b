/* SPDX-License-Identifier: GPL-2.0-only */
/* What a filtered trace needs to know of the events that it does not hold: two bits each, and the causes of the newest. */
#include "filter.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_EVENTS (1u << 20)
#define MOST_CAUSES 16 /* of one event that are recorded because of it */
#define WORD_OF(event, column) (W_COLUMNS + (offsetof(struct ev_##event, column) - sizeof(struct ev_head)) / 8)

enum { BIT_RECORDED = 1, BIT_SELECTED = 2, BOTH = 3 };

/* ---- what is known of earlier events ---- */

/* What is kept of an event is what it lacks, so that one which lacks nothing costs nothing. */
static unsigned bits_of(const struct filter *f, uint64_t id)
{
    const uint8_t *chunk;

    if (id == 0 || id / CHUNK_EVENTS >= FILTER_CHUNKS)
        return 0;
    chunk = f->lacks[id / CHUNK_EVENTS];
    return chunk != NULL ? BOTH & ~(unsigned)(chunk[id % CHUNK_EVENTS / 4] >> (id % 4 * 2)) : BOTH;
}

static void set_bits(struct filter *f, uint64_t id, unsigned bits)
{
    uint64_t n = id / CHUNK_EVENTS;
    unsigned shift = id % 4 * 2;

    if (n >= FILTER_CHUNKS || (bits == BOTH && f->lacks[n] == NULL))
        return;
    if (f->lacks[n] == NULL)
        f->lacks[n] = calloc(CHUNK_EVENTS / 4, 1);
    if (f->lacks[n] == NULL) {
        f->no_memory = true;
        return;
    }
    uint8_t *four = &f->lacks[n][id % CHUNK_EVENTS / 4];
    *four = (uint8_t)((*four & ~(BOTH << shift)) | ((BOTH & ~bits) << shift));
}

/* The cause of an event that is not recorded; 0: it has none. Causes come before their effects, or are not believed. */
static uint64_t cause_of(struct filter *f, struct openset *open, uint64_t id)
{
    const struct filter_recent *r = &f->recent[id % FILTER_RECENT];
    const struct record *rec;
    uint64_t cause;

    if (r->id == id) {
        cause = r->cause;
    } else {
        rec = openset_find(open, id);
        f->cut += rec == NULL;
        cause = rec != NULL ? rec->words[W_CAUSE] : 0;
    }
    return cause < id ? cause : 0;
}

/* The nearest cause of event `of` that is recorded, from `id` on. One that is still to come is none. */
static uint64_t nearest(struct filter *f, struct openset *open, uint64_t of, uint64_t id)
{
    if (id >= of) {
        f->cut++;
        return 0;
    }
    while (id != 0 && !(bits_of(f, id) & BIT_RECORDED))
        id = cause_of(f, open, id);
    return id;
}

/* ---- processes and segments ---- */

static struct filter_thing *thing(const struct filter_set *s, uint64_t id)
{
    size_t low = 0, high = s->n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->things[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && s->things[low].id == id ? &s->things[low] : NULL;
}

static bool is_selected(const struct filter_set *s, uint64_t id)
{
    const struct filter_thing *t = thing(s, id);
    return t != NULL && t->selected;
}

static void add_thing(struct filter *f, struct filter_set *s, struct filter_thing t)
{
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        struct filter_thing *larger = realloc(s->things, room * sizeof(*larger));
        if (larger == NULL) {
            f->no_memory = true;
            return;
        }
        s->things = larger;
        s->room = room;
    }
    s->things[s->n++] = t;
}

static void new_process(struct filter *f, const struct record *r)
{
    const struct choice *c = &f->choice;
    struct filter_thing t = {.id = r->words[W_ID]};

    for (unsigned i = 0; i < c->nprocesses; i++)
        if (c->processes[i].name == NULL && c->processes[i].pid == r->words[WORD_OF(process, pid)])
            t.by_pid = true;
    t.selected = t.by_pid || is_selected(&f->processes, r->words[WORD_OF(process, parent)]); /* the same program */
    f->matched |= t.selected;
    add_thing(f, &f->processes, t);
}

static void new_segment(struct filter *f, const struct record *r)
{
    const struct choice *c = &f->choice;
    struct filter_thing t = {.id = r->words[W_ID]};

    for (unsigned i = 0; i < c->nsegments; i++)
        if (c->segments[i].by_address)
            t.selected |= c->segments[i].value - r->words[WORD_OF(segment, base)] < r->words[WORD_OF(segment, length)];
        else
            t.selected |= c->segments[i].value == r->words[WORD_OF(segment, type)];
    add_thing(f, &f->segments, t);
}

static void see(struct filter *f, const char *name, size_t n)
{
    char text[sizeof(f->seen[0])];

    snprintf(text, sizeof(text), "%.*s", (int)n, name);
    for (unsigned i = 0; i < f->nseen; i++)
        if (strcmp(f->seen[i], text) == 0)
            return;
    if (f->nseen < sizeof(f->seen) / sizeof(f->seen[0]))
        memcpy(f->seen[f->nseen++], text, sizeof(text));
}

void filter_program(struct filter *f, uint64_t proc, const char *path, size_t n)
{
    const struct choice *c = &f->choice;
    struct filter_thing *t = thing(&f->processes, proc);
    const char *slash = memrchr(path, '/', n), *last = slash != NULL ? slash + 1 : path;
    size_t last_n = (size_t)(path + n - last);

    if (c->nprocesses == 0 || t == NULL)
        return;
    t->selected = t->by_pid;
    for (unsigned i = 0; i < c->nprocesses; i++) {
        const char *name = c->processes[i].name;
        size_t length = c->processes[i].length;
        if (name != NULL && ((length == n && memcmp(name, path, n) == 0) ||
                             (length == last_n && memcmp(name, last, last_n) == 0)))
            t->selected = true;
    }
    f->matched |= t->selected;
    see(f, last, last_n);
}

bool filter_unmatched(const struct filter *f, char *text, size_t n)
{
    size_t at;

    if (f->choice.nprocesses == 0 || f->matched)
        return false;
    at = (size_t)snprintf(text, n, "--trace-process: none of these processes ran");
    for (unsigned i = 0; i < f->nseen && at < n; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%s", i ? ", " : "; there were ", f->seen[i]);
    return true;
}

/* ---- does a row fit? ---- */

static struct filter_places places_of(unsigned kind)
{
    const struct event *e = &catalogue_events[kind];
    struct filter_places p = {0};

    for (unsigned i = 0; i < e->ncols; i++) {
        const char *name = e->columns[i].name;
        uint8_t word = (uint8_t)(W_COLUMNS + i);
        if (e->columns[i].type == COL_HEX &&
            (strcmp(name, "va") == 0 || strcmp(name, "tval") == 0 || strcmp(name, "base") == 0))
            p.address = word;
        else if (strcmp(name, "length") == 0 || strcmp(name, "bytes") == 0)
            p.length = word;
        else if (e->columns[i].type == COL_REF && strcmp(name, "segment") == 0)
            p.segment = word;
    }
    return p;
}

static bool fits_range(const struct choice *c, const struct record *r, struct filter_places p)
{
    uint64_t first, length;

    if (p.address == 0 || r->words[p.address] == 0)
        return false;
    first = r->words[p.address];
    length = p.length != 0 && r->words[p.length] != 0 ? r->words[p.length] : 1;
    for (unsigned i = 0; i < c->nranges; i++)
        if (first <= c->ranges[i].last && (c->ranges[i].first < first || c->ranges[i].first - first < length))
            return true;
    return false;
}

static bool fits(const struct filter *f, const struct record *r)
{
    const struct choice *c = &f->choice;
    struct filter_places p = f->places[r->kind];

    if (c->nprocesses && !is_selected(&f->processes, r->kind == EV_process ? r->words[W_ID] : r->words[W_PROC]))
        return false;
    if (c->nsegments && !is_selected(&f->segments, r->kind == EV_segment ? r->words[W_ID]
                                                   : p.segment           ? r->words[p.segment]
                                                                         : 0))
        return false;
    return c->nranges == 0 || fits_range(c, r, p);
}

bool filter_takes(const struct filter *f, uint64_t proc)
{
    return f->on && !f->waiting && (f->choice.nprocesses == 0 || is_selected(&f->processes, proc));
}

/* ---- recording after all ---- */

static struct record *candidate(struct filter *f, struct openset *open, uint64_t id)
{
    struct record *r = openset_find(open, id);

    if (r != NULL)
        return r->flags & REC_CANDIDATE ? r : NULL;
    for (unsigned i = 0; i < FILTER_POINTS; i++)
        if (f->points[i].words[W_ID] == id)
            return &f->points[i];
    return NULL;
}

/* What is recorded takes those of its causes with it that could have been. */
static void record_causes(struct filter *f, struct openset *open, uint64_t id,
                          void (*late)(void *, const struct record *), void *arg)
{
    uint64_t causes[MOST_CAUSES];
    unsigned n = 0;

    for (; id != 0 && n < MOST_CAUSES && !(bits_of(f, id) & BIT_RECORDED); id = cause_of(f, open, id))
        causes[n++] = id;
    while (n-- > 0) {
        struct record *r = candidate(f, open, causes[n]);
        if (r == NULL)
            continue;
        r->flags &= (uint16_t)~(REC_UNRECORDED | REC_CANDIDATE);
        r->words[W_CAUSE] = nearest(f, open, r->words[W_ID], r->words[W_CAUSE]);
        set_bits(f, causes[n], bits_of(f, causes[n]) | BIT_RECORDED);
        if (!catalogue_events[r->kind].interval || catalogue_events[r->kind].thing)
            late(arg, r);
    }
}

static void forget(struct filter *f, uint64_t id, uint64_t cause)
{
    f->recent[id % FILTER_RECENT] = (struct filter_recent){id, cause};
}

static void forgo(struct filter *f, struct record *r, bool candidate_too)
{
    forget(f, r->words[W_ID], r->words[W_CAUSE]);
    r->flags |= REC_UNRECORDED;
    if (!candidate_too)
        return;
    r->flags |= REC_CANDIDATE;
    if (!catalogue_events[r->kind].interval)
        f->points[f->next_point++ % FILTER_POINTS] = *r;
}

/* Only by groups, as the default is: nothing is selected, and nothing is recorded after all. */
static bool by_group(struct filter *f, struct openset *open, struct record *r)
{
    if (!f->chosen[r->kind]) {
        set_bits(f, r->words[W_ID], BIT_SELECTED);
        forgo(f, r, false);
        return false;
    }
    if (r->words[W_CAUSE] != 0)
        r->words[W_CAUSE] = nearest(f, open, r->words[W_ID], r->words[W_CAUSE]);
    return true;
}

bool filter_leaves_out(struct filter *f, unsigned kind, uint64_t id, uint64_t cause)
{
    if (!f->groups_only || f->chosen[kind] || catalogue_events[kind].interval)
        return false;
    set_bits(f, id, BIT_SELECTED);
    forget(f, id, cause);
    return true;
}

bool filter_event(struct filter *f, struct openset *open, struct record *r, void (*late)(void *, const struct record *),
                  void *arg)
{
    unsigned group = catalogue_events[r->kind].group;
    bool always = catalogue_groups[group].when == GROUP_ALWAYS, possible, selected, recorded;

    if (f->groups_only)
        return by_group(f, open, r);
    possible = always || (f->chosen[r->kind] && f->on && !f->waiting);
    if (r->kind == EV_process)
        new_process(f, r);
    else if (r->kind == EV_segment)
        new_segment(f, r);
    selected = !f->filters || fits(f, r) ||
               (r->words[W_CAUSE] < r->words[W_ID] && (bits_of(f, r->words[W_CAUSE]) & BIT_SELECTED));
    recorded = always || (possible && selected);
    set_bits(f, r->words[W_ID], (recorded ? BIT_RECORDED : 0) | (selected ? BIT_SELECTED : 0));
    if (!recorded) {
        forgo(f, r, possible);
        return false;
    }
    if (f->filters && selected)
        record_causes(f, open, r->words[W_CAUSE], late, arg);
    r->words[W_CAUSE] = nearest(f, open, r->words[W_ID], r->words[W_CAUSE]);
    return true;
}

/* ---- the filter ---- */

static int activate(struct filter *f)
{
    f->recent = calloc(FILTER_RECENT, sizeof(*f->recent));
    f->lacks = calloc(FILTER_CHUNKS, sizeof(*f->lacks));
    f->active = true;
    return f->recent != NULL && f->lacks != NULL ? 0 : -1;
}

static bool leaves_out_groups(const struct choice *c)
{
    for (unsigned k = 1; k < EV_COUNT; k++)
        if (!choice_has_group(c, catalogue_events[k].group))
            return true;
    return false;
}

int filter_init(struct filter *f, const struct choice *choice)
{
    memset(f, 0, sizeof(*f));
    f->on = true;
    choice_all(&f->choice);
    if (choice != NULL)
        f->choice = *choice;
    choice = &f->choice;
    for (unsigned k = 1; k < EV_COUNT; k++)
        f->places[k] = places_of(k);
    for (unsigned k = 1; k < EV_COUNT; k++)
        f->chosen[k] = choice_has_group(choice, catalogue_events[k].group);
    f->filters = choice_filters(choice);
    f->groups_only = !f->filters && !choice->wait;
    f->waiting = choice->wait;
    f->partial = !choice_is_whole(choice);
    return leaves_out_groups(choice) || f->filters || choice->wait ? activate(f) : 0;
}

void filter_free(struct filter *f)
{
    for (unsigned i = 0; f->lacks != NULL && i < FILTER_CHUNKS; i++)
        free(f->lacks[i]);
    free(f->lacks);
    free(f->recent);
    free(f->processes.things);
    free(f->segments.things);
}

bool filter_switch(struct filter *f, bool on)
{
    bool was = f->on;

    f->on = on;
    f->waiting = f->waiting && !on;
    f->groups_only = false;
    f->partial = f->partial || !on;
    if (!on && !f->active && activate(f) < 0)
        f->no_memory = true;
    return was;
}

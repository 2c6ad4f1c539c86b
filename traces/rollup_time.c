/* SPDX-License-Identifier: GPL-2.0-only */
/* A process in one state at a time; how often, how long in all, how long at most, by state and cause of waiting. */
#include "rollup_time.h"
#include <stdlib.h>
#include <string.h>

enum { READY = EV_process_state_ready, RUNNING = EV_process_state_running, BLOCKED = EV_process_state_blocked };
enum { WAITS = 32, STATES = 2 + WAITS }; /* ready, running, and blocked on each */

struct total {
    uint64_t times, ns, longest;
};

struct life {
    uint64_t proc; /* 0: free */
    uint64_t since, end;
    unsigned now; /* index of totals */
    struct total totals[STATES];
};

/* Processes that live; they are few, and the one that is asked for is most often one of the last two. */
struct time_rollup {
    struct life *lives;
    size_t n, room;
};

struct time_rollup *time_rollup_new(void)
{
    return calloc(1, sizeof(struct time_rollup));
}

void time_rollup_free(struct time_rollup *r)
{
    if (r != NULL)
        free(r->lives);
    free(r);
}

/* The newest are looked at first; what is found moves to the end. */
static struct life *find(struct time_rollup *r, uint64_t proc)
{
    struct life found;

    for (size_t i = r->n; i-- > 0;) {
        if (r->lives[i].proc != proc)
            continue;
        if (i + 2 < r->n) {
            found = r->lives[i];
            memmove(&r->lives[i], &r->lives[i + 1], (r->n - 1 - i) * sizeof(found));
            r->lives[r->n - 1] = found;
            return &r->lives[r->n - 1];
        }
        return &r->lives[i];
    }
    return NULL;
}

static int begin(struct time_rollup *r, uint64_t proc, uint64_t ts)
{
    if (r->n == r->room) {
        size_t room = r->room ? r->room * 2 : 64;
        struct life *more = realloc(r->lives, room * sizeof(*more));
        if (more == NULL)
            return SQLITE_NOMEM;
        r->lives = more;
        r->room = room;
    }
    r->lives[r->n++] = (struct life){.proc = proc, .since = ts, .now = READY};
    return SQLITE_OK;
}

static void change(struct time_rollup *r, uint64_t proc, unsigned state, uint64_t ts)
{
    struct life *l = find(r, proc);
    struct total *t;

    if (l == NULL)
        return;
    t = &l->totals[l->now];
    t->times++;
    t->ns += ts - l->since;
    if (ts - l->since > t->longest)
        t->longest = ts - l->since;
    l->now = state;
    l->since = ts;
}

/* The process has ended: its rows. */
static int write(struct time_rollup *r, sqlite3 *db, uint64_t proc)
{
    struct life *l = find(r, proc);
    sqlite3_stmt *s = NULL;
    int rc;

    if (l == NULL)
        return SQLITE_OK;
    rc = sqlite3_prepare_v2(db, "INSERT INTO process_time VALUES(NULL, ?, ?, ?, ?, ?, ?)", -1, &s, NULL);
    for (int i = 0; rc == SQLITE_OK && i < STATES; i++) {
        if (l->totals[i].times == 0)
            continue;
        sqlite3_bind_int64(s, 1, (sqlite3_int64)proc);
        sqlite3_bind_int(s, 2, i < BLOCKED ? i : BLOCKED);
        sqlite3_bind_int(s, 3, i < BLOCKED ? 0 : i - BLOCKED);
        sqlite3_bind_int64(s, 4, (sqlite3_int64)l->totals[i].times);
        sqlite3_bind_int64(s, 5, (sqlite3_int64)l->totals[i].ns);
        sqlite3_bind_int64(s, 6, (sqlite3_int64)l->totals[i].longest);
        sqlite3_step(s);
        rc = sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    memmove(l, l + 1, (size_t)(&r->lives[r->n] - (l + 1)) * sizeof(*l));
    r->n--;
    return rc;
}

static int leave(struct time_rollup *r, sqlite3 *db, const uint64_t *w)
{
    uint64_t next = w[W_COLUMNS], reason = w[W_COLUMNS + 1], wait = w[W_COLUMNS + 2];
    int rc = SQLITE_OK;

    if (w[W_PROC] != 0) {
        if (reason != EV_switch_reason_block)
            change(r, w[W_PROC], READY, w[W_TS]);
        else
            change(r, w[W_PROC], BLOCKED + (unsigned)(wait < WAITS ? wait : 0), w[W_TS]);
        if (reason == EV_switch_reason_exit)
            rc = write(r, db, w[W_PROC]);
    }
    if (next != 0)
        change(r, next, RUNNING, w[W_TS]);
    return rc;
}

int time_rollup_add(struct time_rollup *r, sqlite3 *db, const struct record *record)
{
    const uint64_t *w = record->words;
    struct life *l;

    switch (record->kind) {
    case EV_process:
        if ((record->flags & REC_OPEN) && find(r, w[W_ID]) == NULL)
            return begin(r, w[W_ID], w[W_TS]);
        l = find(r, w[W_ID]);
        if (l != NULL && !(record->flags & REC_OPEN))
            l->end = w[W_TS] + w[W_DUR];
        return SQLITE_OK;
    case EV_wake:
        change(r, w[W_PROC], READY, w[W_TS]);
        return SQLITE_OK;
    case EV_sched:
        return leave(r, db, w);
    default:
        return SQLITE_OK;
    }
}

int time_rollup_finish(struct time_rollup *r, sqlite3 *db, uint64_t virtual_ns)
{
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK && r->n > 0) {
        struct life *l = &r->lives[r->n - 1];
        change(r, l->proc, READY, l->end >= l->since && l->end != 0 ? l->end : virtual_ns);
        rc = write(r, db, l->proc);
    }
    return rc;
}

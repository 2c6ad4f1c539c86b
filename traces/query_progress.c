/* SPDX-License-Identifier: GPL-2.0-only */
/* A line on stderr that is written again several times a second: how long the query has run, how many rows it read. */
#include "query_progress.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define OPCODES 200000           /* of SQLite's machine between two looks at the clock: some milliseconds */
#define PATIENCE_NS 1000000000ull /* a quick answer needs no progress */
#define INTERVAL_NS 200000000ull

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void clear(struct query_progress *p)
{
    if (p->shown != 0)
        fputs("\r\033[K", stderr);
    p->shown = 0;
}

static int tick(void *context)
{
    struct query_progress *p = context;
    uint64_t now = now_ns();

    if (p->quiet || now - p->began < PATIENCE_NS || (p->shown != 0 && now - p->shown < INTERVAL_NS))
        return 0;
    fprintf(stderr, "\r%s: %llu s, %.1f million rows scanned\033[K", p->what,
            (unsigned long long)((now - p->began) / 1000000000ull),
            sqlite3_stmt_status(p->statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0) / 1e6);
    p->shown = now;
    return 0;
}

static int row(unsigned event, void *context, void *statement, void *unused)
{
    struct query_progress *p = context;

    (void)unused;
    if (event == SQLITE_TRACE_ROW && statement == p->statement && !p->quiet) {
        clear(p);
        p->quiet = true;
    }
    return 0;
}

void query_progress_begin(struct query_progress *p, sqlite3 *db, sqlite3_stmt *s, const char *what)
{
    *p = (struct query_progress){.db = db, .statement = s, .what = what, .began = now_ns(), .quiet = !isatty(2)};
    if (p->quiet)
        return;
    sqlite3_progress_handler(db, OPCODES, tick, p);
    sqlite3_trace_v2(db, SQLITE_TRACE_ROW, row, p);
}

void query_progress_end(struct query_progress *p)
{
    clear(p);
    sqlite3_progress_handler(p->db, 0, NULL, NULL);
    sqlite3_trace_v2(p->db, 0, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The references of a trace, for studies: pages get small numbers. User pages are those of a process (or, where the kernel
 * tells of none, of an address space); addresses of the upper half are the kernel's, the same in all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "access.h"
#include "study.h"

#define NEAR 256u
#define PHYSICAL (1ull << 62)   /* spaces: of M mode and bare */
#define BY_SATP (1ull << 63)

const char *const study_from_names[STUDY_SOURCES] = {"accesses", "samples", "faults"};

struct page {
    uint64_t space, number;
    uint32_t id; /* + 1; 0: none */
};

struct refs {
    const struct study_choice *choice;
    study_reference *fn;
    void *arg;
    struct page near[NEAR]; /* of the table: those looked up last */
    struct page *table;
    uint64_t room;          /* a power of two */
    uint32_t npages;
    uint64_t references;
    int64_t *procs;         /* wanted; NULL: all */
    size_t nprocs;
    uint64_t shown;
    bool no_memory, ended;
};

/* ---- pages ---- */

static uint64_t hash(uint64_t space, uint64_t number)
{
    uint64_t h = (number ^ space * 0xff51afd7ed558ccdull) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

static struct page *find(struct refs *r, uint64_t space, uint64_t number)
{
    for (uint64_t i = hash(space, number);; i++) {
        struct page *p = &r->table[i & (r->room - 1)];
        if (!p->id || (p->space == space && p->number == number))
            return p;
    }
}

static bool grow(struct refs *r)
{
    struct page *old = r->table;
    uint64_t n = r->room;
    r->room = n ? 2 * n : 8192;
    r->table = calloc(r->room, sizeof *r->table);
    if (!r->table) {
        r->table = old;
        r->room = n;
        return false;
    }
    for (uint64_t i = 0; i < n; i++)
        if (old[i].id)
            *find(r, old[i].space, old[i].number) = old[i];
    free(old);
    return true;
}

static void refer(struct refs *r, uint64_t space, uint64_t va, uint64_t times)
{
    uint64_t number = va >> r->choice->shift;
    struct page *near = &r->near[(number ^ space) % NEAR], *p;
    if (!near->id || near->number != number || near->space != space) {
        if (2ull * r->npages >= r->room && !grow(r)) {
            r->no_memory = true;
            return;
        }
        p = find(r, space, number);
        if (!p->id)
            *p = (struct page){space, number, ++r->npages};
        *near = *p;
    }
    r->references += times;
    r->ended = r->ended || !r->fn(r->arg, near->id - 1, times);
}

/* ---- which are wanted ---- */

static bool wants(const struct refs *r, uint64_t proc, bool kernel)
{
    if (r->choice->pages != STUDY_ALL && (r->choice->pages == STUDY_KERNEL) != kernel)
        return false;
    if (!r->procs)
        return true;
    for (size_t i = 0; i < r->nprocs; i++)
        if ((uint64_t)r->procs[i] == proc)
            return true;
    return false;
}

static void access_pages(struct refs *r, const struct access *a)
{
    bool bare = a->mode == 3 || a->satp >> 60 == 0, upper = a->va >> 63;
    bool kernel = bare || upper || (a->mode == 1 && !a->proc);
    uint64_t space = bare ? PHYSICAL : upper ? 0 : a->proc ? a->proc : BY_SATP | (a->satp & 0xfffffffffffull);
    if (!wants(r, a->proc, kernel))
        return;
    refer(r, space, a->va, a->count);
    if ((a->va ^ (a->va + a->bytes - 1)) >> r->choice->shift)
        refer(r, space, a->va + a->bytes - 1, 1);
}

/* ---- sources ---- */

static void progress(struct refs *r, bool end)
{
    if (!isatty(STDERR_FILENO) || (!end && r->references - r->shown < 10000000))
        return;
    fprintf(stderr, end ? "\r\033[K" : "\r%.0f million references", (double)r->references / 1e6);
    r->shown = r->references;
}

static int read_block(struct refs *r, const void *blob, size_t n, char *err, size_t errlen)
{
    struct access_reader *reader = access_reader_new(blob ? blob : "", n, true, err, errlen);
    struct access a;
    int got = -1;
    while (reader && (got = access_read(reader, &a, err, errlen)) > 0 && !r->ended && !r->no_memory)
        if (a.insn + a.count > r->choice->first && a.insn <= r->choice->last)
            access_pages(r, &a);
    access_reader_free(reader);
    return got < 0 ? -1 : 0;
}

static const char *const queries[STUDY_SOURCES] = {
    "SELECT data FROM access_block WHERE last_insn >= ?1 AND insn <= ?2 ORDER BY id",
    "SELECT proc, va FROM sample WHERE insn BETWEEN ?1 AND ?2 ORDER BY id",
    "SELECT proc, va FROM fault WHERE resolution BETWEEN 1 AND 7 AND insn BETWEEN ?1 AND ?2 ORDER BY id",
};

static int read_row(struct refs *r, sqlite3_stmt *s, char *err, size_t errlen)
{
    if (r->choice->from == STUDY_ACCESSES)
        return read_block(r, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), err, errlen);
    uint64_t proc = (uint64_t)sqlite3_column_int64(s, 0), va = (uint64_t)sqlite3_column_int64(s, 1);
    bool kernel = va >> 63;
    if (wants(r, proc, kernel))
        refer(r, kernel ? 0 : proc, va, 1);
    return 0;
}

static int limit(uint64_t n)
{
    return n > INT64_MAX ? -1 : 0;
}

static int read_all(struct refs *r, sqlite3 *db, char *err, size_t errlen)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(db, queries[r->choice->from], -1, &s, NULL), bad = 0;
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)r->choice->first);
        sqlite3_bind_int64(s, 2, limit(r->choice->last) ? INT64_MAX : (sqlite3_int64)r->choice->last);
        while (!bad && !r->ended && !r->no_memory && (rc = sqlite3_step(s)) == SQLITE_ROW) {
            bad = read_row(r, s, err, errlen);
            progress(r, false);
        }
        sqlite3_finalize(s);
    }
    progress(r, true);
    if (bad)
        return -1;
    if (r->no_memory || r->ended)
        snprintf(err, errlen, "the host is out of memory; study fewer instructions (--window)");
    else if (rc != SQLITE_DONE)
        snprintf(err, errlen, "%s", sqlite3_errmsg(db));
    return r->no_memory || r->ended || rc != SQLITE_DONE ? -1 : 0;
}

/* The processes that are meant. */
static int find_processes(struct refs *r, sqlite3 *db, const char *what, char *err, size_t errlen)
{
    static const char sql[] = "SELECT p.id FROM process AS p WHERE CAST(p.pid AS TEXT) = ?1 OR EXISTS (SELECT 1 FROM program AS g"
                              " JOIN string AS s ON s.id = g.name WHERE g.proc = p.id AND (s.text = ?1 OR s.text LIKE '%/' || ?1))";
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        snprintf(err, errlen, "%s", sqlite3_errmsg(db));
        return -1;
    }
    sqlite3_bind_text(s, 1, what, -1, SQLITE_STATIC);
    while (sqlite3_step(s) == SQLITE_ROW) {
        int64_t *larger = realloc(r->procs, (r->nprocs + 1) * sizeof *larger);
        if (!larger)
            break;
        r->procs = larger;
        r->procs[r->nprocs++] = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    if (r->nprocs)
        return 0;
    snprintf(err, errlen, "no process of the run is '%s'; 'tarry query DB processes' lists them", what);
    return -1;
}

bool study_has(sqlite3 *db, enum study_from from)
{
    static const char *const sql[STUDY_SOURCES] = {"SELECT 1 FROM access_block LIMIT 1", "SELECT 1 FROM sample LIMIT 1",
                                                   "SELECT 1 FROM fault WHERE resolution BETWEEN 1 AND 7 LIMIT 1"};
    sqlite3_stmt *s;
    bool has = false;
    if (sqlite3_prepare_v2(db, sql[from], -1, &s, NULL) == SQLITE_OK)
        has = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    return has;
}

int study_each(sqlite3 *db, const struct study_choice *c, study_reference *fn, void *arg, uint64_t *pages, uint64_t *references,
               char *err, size_t errlen)
{
    struct refs *r = calloc(1, sizeof *r);
    int bad = -1;
    if (!r) {
        snprintf(err, errlen, "the host is out of memory");
        return -1;
    }
    r->choice = c;
    r->fn = fn;
    r->arg = arg;
    if (!c->process || find_processes(r, db, c->process, err, errlen) == 0)
        bad = read_all(r, db, err, errlen);
    *pages = r->npages;
    *references = r->references;
    free(r->table);
    free(r->procs);
    free(r);
    return bad;
}

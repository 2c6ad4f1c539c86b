/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorder: the caller's side numbers events, keeps the intervals that are open and
 * puts records into the ring; a thread takes them out and stores them.
 */
#include "recorder.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "access_queue.h"
#include "choice.h"
#include "filter.h"
#include "openset.h"
#include "store.h"
#include "strings.h"
#include "target.h"

#define BATCH_NS 100000000ull /* host time between transactions when there is less to write */
#define ENOUGH_RECORDS 16384u   /* to write, if the writer keeps up: so few are left to write when the run ends */

struct recorder {
    /* the caller's */
    uint64_t events; /* = the last id given */
    uint64_t happened[EV_COUNT];
    struct openset open;
    struct filter filter;
    struct strings strings;
    bool storing; /* there is a database */
    atomic_bool no_memory;

    /* between the two */
    struct ring ring;
    struct access_queue accesses;
    pthread_t thread;
    pthread_mutex_t lock; /* guards message */
    atomic_bool failed;
    char message[512];
    const struct run_result *result; /* set before the ring is closed */

    /* the writer's */
    struct run_facts facts; /* copies */
    struct target target;
    struct store store;
};

/* ---- the writer ---- */

static void writer_failed(struct recorder *r, const char *what, int rc)
{
    const char *why = r->store.db != NULL ? sqlite3_errmsg(r->store.db) : sqlite3_errstr(rc);
    const char *remedy = (rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_IOERR
                             ? "make room or choose another place with -o; the file holds what was written before"
                             : "the file holds what was written before";

    pthread_mutex_lock(&r->lock);
    snprintf(r->message, sizeof(r->message), "trace %s: cannot %s: %s; %s", r->target.work, what, why, remedy);
    pthread_mutex_unlock(&r->lock);
    atomic_store(&r->failed, true);
}

/* Takes records until the ring is closed and empty. After an error they are thrown away, so that the caller never
 * hangs. */
static void drain(struct recorder *r)
{
    bool closed = false;

    for (;;) {
        uint64_t n = ring_wait(&r->ring, ENOUGH_RECORDS, ring_clock_ns() + BATCH_NS, &closed);
        int rc = access_queue_store(&r->accesses, r->store.db, atomic_load(&r->failed));
        if (rc != SQLITE_OK)
            writer_failed(r, "write", rc);
        if (n == 0 && closed)
            break;
        bool more = n > SLICE_RECORDS; /* the machine is ahead of us */
        if (more)
            n = SLICE_RECORDS;
        ring_take(&r->ring, r->store.records, n);
        if (n > 0 && !atomic_load(&r->failed)) {
            rc = store_write(&r->store, (uint32_t)n, more);
            if (rc != SQLITE_OK)
                writer_failed(r, "write", rc);
        }
    }
}

static void finish(struct recorder *r)
{
    const struct store_diagnostic diagnostics[] = {
        {"open_intervals", "events", "intervals that had not ended when the run did (dur is NULL)",
         openset_count(&r->open), 0},
        {"unrecorded", "events", "events that were left out: by --trace, its filters, or the guest's switch",
         r->events - r->store.events, 0},
        {"cut_causes", "causes", "causes that were left out too long ago to be followed to one that was recorded",
         r->filter.cut, 0},
        {"strings", "strings", "rows of table string", r->strings.count, 0},
        {"host_ring_waits", "waits", "times that the machine waited because the recorder's queue was full",
         r->ring.waits, 1},
        {"host_ring_wait_ns", "ns", "time that the machine waited for the recorder's queue", r->ring.wait_ns, 1},
        {"host_commits", "commits", "transactions that the rows were stored in", r->store.commits, 1},
    };
    int rc = store_finish(&r->store, r->result, r->happened, !r->filter.partial, diagnostics, sizeof(diagnostics) / sizeof(diagnostics[0]));

    if (rc != SQLITE_OK)
        writer_failed(r, "write", rc);
    else if (!store_is_single_file(&r->store) && strcmp(r->target.path, r->target.work) != 0) {
        snprintf(r->message, sizeof(r->message),
                 "trace %s: another program holds it open, so it keeps that name; close it there", r->target.work);
        atomic_store(&r->failed, true);
    }
}

/* The machine runs already: events wait in the ring until the database is open. */
static void *writer(void *arg)
{
    struct recorder *r = arg;
    char err[512];
    int rc = store_open(&r->store, r->target.work, &r->facts);

    if (rc != SQLITE_OK)
        writer_failed(r, "open", rc);
    drain(r);
    access_queue_finalize(&r->accesses);
    if (!atomic_load(&r->failed) && r->result != NULL)
        finish(r);
    store_close(&r->store);
    if (r->result == NULL) {
        target_discard(&r->target);
    } else if (atomic_load(&r->failed)) {
        target_leave(&r->target);
    } else if (target_publish(&r->target, err, sizeof(err)) < 0) {
        snprintf(r->message, sizeof(r->message), "%s", err);
        atomic_store(&r->failed, true);
    }
    return NULL;
}

/* ---- opening ---- */

/* Signals are the main thread's business; SIGXFSZ would kill where an error code will do. */
static int start_writer(struct recorder *r)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&r->thread, NULL, writer, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

#define NFACTS 9

/* The strings among the facts. */
static const char **fact(struct run_facts *f, unsigned i)
{
    const char **const facts[NFACTS] = {&f->command,    &f->program,    &f->arguments,   &f->io,    &f->disk_model,
                                        &f->config,     &f->image_hash, &f->kernel_hash, &f->inputs};
    return facts[i];
}

static int copy_facts(struct recorder *r, const struct run_facts *facts)
{
    r->facts = *facts;
    r->facts.choice = &r->filter.choice;
    for (unsigned i = 0; i < NFACTS; i++)
        *fact(&r->facts, i) = NULL;
    for (unsigned i = 0; i < NFACTS; i++) {
        const char *text = *fact((struct run_facts *)facts, i);
        if (text != NULL && (*fact(&r->facts, i) = strdup(text)) == NULL)
            return -1;
    }
    return 0;
}

static void release(struct recorder *r)
{
    openset_free(&r->open);
    filter_free(&r->filter);
    strings_free(&r->strings);
    for (unsigned i = 0; i < NFACTS; i++)
        free((char *)*fact(&r->facts, i));
    if (r->storing) {
        ring_free(&r->ring);
        access_queue_free(&r->accesses);
        pthread_mutex_destroy(&r->lock);
    }
    free(r);
}

/* What can be wrong with the name, or the room, is found out before anything runs; the rest is the writer's business. */
static int create(struct recorder *r, const char *path, char *err, size_t errlen)
{
    int error;

    if (target_open(&r->target, path, err, errlen) < 0)
        return -1;
    error = store_create(r->target.fd);
    if (error == 0 && start_writer(r) == 0)
        return 0;
    snprintf(err, errlen, "trace %s: cannot create: %s; choose another place with -o", r->target.work,
             error != 0 ? strerror(error) : "no thread can be started");
    target_discard(&r->target);
    return -1;
}

static int start_storing(struct recorder *r, const char *path, const struct run_facts *facts, char *err,
                         size_t errlen) {
    if (copy_facts(r, facts) < 0 || ring_init(&r->ring) < 0) {
        snprintf(err, errlen, "trace %s: out of memory", path);
        return -1;
    }
    access_queue_init(&r->accesses);
    pthread_mutex_init(&r->lock, NULL);
    r->storing = true;
    return create(r, path, err, errlen);
}

struct recorder *recorder_open(const char *path, const struct run_facts *facts, char *err, size_t errlen) {
    static const struct run_facts nothing;
    struct recorder *r = calloc(1, sizeof(*r));

    if (r == NULL || openset_init(&r->open) < 0 || strings_init(&r->strings) < 0 ||
        filter_init(&r->filter, path != NULL && facts != NULL ? facts->choice : NULL) < 0) {
        snprintf(err, errlen, "trace: out of memory");
        free(r);
        return NULL;
    }
    if (path != NULL && start_storing(r, path, facts != NULL ? facts : &nothing, err, errlen) < 0) {
        release(r);
        return NULL;
    }
    return r;
}

/* ---- recording ---- */

static void no_memory(struct recorder *r)
{
    atomic_store(&r->no_memory, true);
}

static void put(struct recorder *r, const struct record *record)
{
    if (r->storing)
        ring_put(&r->ring, record);
}

static void fill_record(struct record *rec, unsigned kind, uint64_t id, const struct event_stamp *at,
                        const uint64_t *cols) {
    rec->kind = (uint16_t)kind;
    rec->flags = catalogue_events[kind].interval ? REC_OPEN : 0;
    rec->words[W_ID] = id;
    rec->words[W_INSN] = at->insn;
    rec->words[W_TS] = at->ts;
    rec->words[W_PROC] = at->proc;
    rec->words[W_PC] = at->pc;
    rec->words[W_CAUSE] = at->cause;
    rec->words[W_DUR] = 0;
    for (unsigned i = 0; i < catalogue_events[kind].ncols; i++)
        rec->words[W_COLUMNS + i] = cols[i];
}

static void put_late(void *recorder, const struct record *rec)
{
    put(recorder, rec);
}

/* The event if not everything is recorded. */
static void choose(struct recorder *r, unsigned kind, const struct event_stamp *at, const uint64_t *cols)
{
    if (filter_leaves_out(&r->filter, kind, r->events, at->cause)) {
        if (r->filter.no_memory)
            no_memory(r);
        return;
    }
    struct record point, *rec = catalogue_events[kind].interval ? openset_add(&r->open, r->events) : &point;
    const char *program;
    size_t n;

    if (rec == NULL) {
        no_memory(r);
        return;
    }
    fill_record(rec, kind, r->events, at, cols);
    if (kind == EV_program && (program = recorder_text(r, cols[0], &n)) != NULL)
        filter_program(&r->filter, at->proc, program, n);
    if (filter_event(&r->filter, &r->open, rec, put_late, r) &&
        (!catalogue_events[kind].interval || catalogue_events[kind].thing))
        put(r, rec);
    if (r->filter.no_memory)
        no_memory(r);
}

uint64_t recorder_event(struct recorder *r, unsigned kind, const struct event_stamp *at, const uint64_t *cols,
                        unsigned ncols) {
    struct record *rec;

    if (kind == EV_none || kind >= EV_COUNT || ncols != catalogue_events[kind].ncols)
        return 0;
    r->events++;
    r->happened[kind]++;
    if (r->filter.active) {
        choose(r, kind, at, cols);
    } else if (catalogue_events[kind].interval) {
        rec = openset_add(&r->open, r->events);
        if (rec == NULL) {
            no_memory(r);
            return r->events;
        }
        fill_record(rec, kind, r->events, at, cols);
        if (catalogue_events[kind].thing)
            put(r, rec);
    } else if (r->storing) {
        struct record point;
        fill_record(&point, kind, r->events, at, cols);
        ring_put(&r->ring, &point);
    }
    return r->events;
}

bool recorder_wants(const struct recorder *r, unsigned kind)
{
    return r->storing && (!r->filter.active || choice_has_group(&r->filter.choice, catalogue_events[kind].group));
}

bool recorder_switch(struct recorder *r, bool on)
{
    bool was = filter_switch(&r->filter, on);

    if (r->filter.no_memory)
        no_memory(r);
    return was;
}

bool recorder_unmatched(const struct recorder *r, char *text, size_t n)
{
    return r->storing && filter_unmatched(&r->filter, text, n);
}

bool recorder_takes_accesses(const struct recorder *r, uint64_t proc)
{
    return r->storing && filter_takes(&r->filter, proc);
}

void recorder_accesses(struct recorder *r, const struct access_raw *raw)
{
    if (!access_queue_block(&r->accesses, raw))
        no_memory(r);
}

void recorder_samples(struct recorder *r, struct access_sample *samples, size_t n)
{
    if (!access_queue_samples(&r->accesses, samples, n))
        no_memory(r);
}

int recorder_end(struct recorder *r, uint64_t id, unsigned kind, uint64_t ts_ns, const uint64_t *results,
                 unsigned nresults) {
    struct record *rec = openset_find(&r->open, id);

    if (rec == NULL || rec->kind != kind || nresults != catalogue_events[kind].nresults)
        return -1;
    rec->words[W_DUR] = ts_ns - rec->words[W_TS];
    for (unsigned i = 0; i < nresults; i++)
        rec->words[W_COLUMNS + catalogue_events[kind].ncols + i] = results[i];
    if (!(rec->flags & REC_UNRECORDED)) {
        rec->flags = 0;
        put(r, rec);
    }
    openset_remove(&r->open, id);
    return 0;
}

void recorder_abandon(struct recorder *r, uint64_t id)
{
    struct record *rec = openset_find(&r->open, id);

    if (rec == NULL)
        return;
    if (!catalogue_events[rec->kind].thing && !(rec->flags & REC_UNRECORDED)) /* things are stored already */
        put(r, rec);
    openset_remove(&r->open, id);
}

uint64_t recorder_string(struct recorder *r, const char *text, size_t n)
{
    int fresh;
    const struct interned *s = strings_intern(&r->strings, text, n, &fresh);
    struct record rec = {.kind = 0, .flags = REC_STRING};

    if (s == NULL) {
        no_memory(r);
        return 1; /* the run stops: recorder_failed */
    }
    rec.words[0] = s->id;
    rec.words[1] = (uintptr_t)s->text;
    rec.words[2] = s->n;
    if (fresh)
        put(r, &rec);
    return s->id;
}

/* ---- looking ---- */

uint64_t recorder_events(const struct recorder *r)
{
    return r->events;
}

struct look {
    unsigned kind;
    uint64_t after, next; /* ids */
};

static void look_for_next(void *arg, struct record *rec)
{
    struct look *l = arg;
    uint64_t id = rec->words[W_ID];
    if (rec->kind == l->kind && id > l->after && (l->next == 0 || id < l->next))
        l->next = id;
}

void recorder_each_open(struct recorder *r, unsigned kind, void (*fn)(void *, uint64_t, uint64_t, const uint64_t *),
                        void *arg) {
    struct look l = {.kind = kind};

    for (;;) {
        l.next = 0;
        openset_each(&r->open, look_for_next, &l);
        if (l.next == 0)
            return;
        const struct record *rec = openset_find(&r->open, l.next);
        fn(arg, l.next, rec->words[W_PROC], rec->words + W_COLUMNS);
        l.after = l.next;
    }
}

const char *recorder_text(const struct recorder *r, uint64_t id, size_t *n)
{
    for (size_t i = 0; i < r->strings.nbuckets; i++)
        for (const struct interned *s = r->strings.buckets[i]; s != NULL; s = s->next)
            if (s->id == id) {
                *n = s->n;
                return s->text;
            }
    return NULL;
}

/* ---- the end ---- */

static void put_open(void *recorder, struct record *rec)
{
    if (!catalogue_events[rec->kind].thing && !(rec->flags & REC_UNRECORDED)) /* things are stored already */
        put(recorder, rec);
}

int recorder_failed(struct recorder *r, char *err, size_t errlen)
{
    if (atomic_load(&r->no_memory)) {
        snprintf(err, errlen, "trace: out of memory");
        return 1;
    }
    if (!r->storing || !atomic_load(&r->failed))
        return 0;
    pthread_mutex_lock(&r->lock);
    snprintf(err, errlen, "%s", r->message);
    pthread_mutex_unlock(&r->lock);
    return 1;
}

/* The rest of the rows and the indexes may take a while: on a terminal somebody waits. */
static void join_writer(struct recorder *r)
{
    struct timespec until;
    bool shown = false;
    clock_gettime(CLOCK_REALTIME, &until);
    for (unsigned seconds = 1;; seconds++) {
        until.tv_sec++;
        if (pthread_timedjoin_np(r->thread, NULL, &until) != ETIMEDOUT)
            break;
        shown = isatty(STDERR_FILENO);
        if (shown)
            fprintf(stderr, "\r\033[Kfinishing the trace: rows and indexes of %" PRIu64 " events, %u s", r->events,
                    seconds);
    }
    if (shown)
        fprintf(stderr, "\r\033[K");
}

int recorder_close(struct recorder *r, const struct run_result *result, char *err, size_t errlen)
{
    int failed;

    if (r->storing) {
        openset_each(&r->open, put_open, r);
        r->result = result;
        ring_close(&r->ring);
        join_writer(r);
    }
    failed = recorder_failed(r, err, errlen);
    release(r);
    return failed ? -1 : 0;
}

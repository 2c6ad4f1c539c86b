/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How rows get into the file: each slice of the ring is laid out as a database in memory (slice.h), from which SQLite
 * transfers whole records, index entries included: a third fewer instructions than INSERT ... SELECT from a
 * virtual table and indexes made at the end. ON CONFLICT ROLLBACK in place of ABORT saves the statement journal.
 * The write-ahead log lets others read while the run is on and survives the death of the process; synchronous=OFF
 * leaves only the death of the host uncovered.
 */
#include "store.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "choice.h"
#include "code.h"
#include "schema.h"
#include "sql.h"
#include "template.h"

#define BUSY_MS 10000 /* a reader that opens the file, too, may lock it for a moment */

/* ---- the row of the run ---- */

static void started(char *text, size_t n)
{
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(text, n, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static int insert_run(sqlite3 *db, const struct run_facts *f)
{
    static const char sql[] =
        "REPLACE INTO run(id, tool_version, schema_version, command, program, arguments, io, disk_model, config, "
        "image_hash,"
        " kernel_hash, inputs, trace, ram_bytes, seed, time_unit, instructions, virtual_ns, events, whole, complete, "
        "host_started, host_directory, host_name, host_system, host_sqlite)"
        " VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'ns', 0, 0, 0, ?, 0, ?, ?, ?, ?, ?)";
    struct utsname host = {0};
    char when[32], system[300], directory[4096];
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL), i = 1;

    if (rc != SQLITE_OK)
        return rc;
    uname(&host);
    started(when, sizeof(when));
    snprintf(system, sizeof(system), "%s %s %s", host.sysname, host.release, host.machine);
    const char *const facts[] = {f->command, f->program,    f->arguments,   f->io,    f->disk_model,
                                 f->config,  f->image_hash, f->kernel_hash, f->inputs,
                                 f->choice != NULL ? f->choice->text : ""};
    const char *const hosts[] = {when, getcwd(directory, sizeof(directory)), host.nodename, system, sqlite3_libversion()};
    sqlite3_bind_text(s, i++, TARRY_VERSION, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, i++, TRACE_SCHEMA_VERSION);
    for (size_t k = 0; k < sizeof(facts) / sizeof(facts[0]); k++)
        sqlite3_bind_text(s, i++, facts[k], -1, SQLITE_STATIC); /* NULL binds NULL */
    sqlite3_bind_int64(s, i++, (sqlite3_int64)f->ram_bytes);
    sqlite3_bind_int64(s, i++, (sqlite3_int64)f->seed);
    sqlite3_bind_int(s, i++, f->choice == NULL || choice_is_whole(f->choice));
    for (size_t k = 0; k < sizeof(hosts) / sizeof(hosts[0]); k++)
        sqlite3_bind_text(s, i++, hosts[k], -1, SQLITE_STATIC);
    sqlite3_step(s);
    return sqlite3_finalize(s);
}

static int insert_kinds(sqlite3 *db, const struct choice *choice)
{
    sqlite3_str *sql = sqlite3_str_new(db);

    for (unsigned g = 0; g < catalogue_ngroups; g++)
        sqlite3_str_appendf(sql, "INSERT INTO event_group VALUES(%u, %Q, %d, %Q);", g + 1, catalogue_groups[g].name,
                            choice == NULL || choice_has_group(choice, g), catalogue_groups[g].doc);
    for (unsigned k = 1; k < EV_COUNT; k++)
        sqlite3_str_appendf(sql, "INSERT INTO event_kind VALUES(%u, %Q, %u, NULL, NULL);", k, catalogue_events[k].name,
                            catalogue_events[k].group + 1);
    return sql_exec(db, sql);
}

/* What is known of the booted kernel's calls; sql takes number, name, arguments. */
static int insert_words(sqlite3 *db, const char *sql, const struct call_word *words, size_t n)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)words[i].number);
        sqlite3_bind_text(s, 2, words[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, words[i].arguments, -1, SQLITE_STATIC);
        sqlite3_step(s);
        rc = sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return rc;
}

static int insert_calls(sqlite3 *db, const struct run_facts *f)
{
    int rc = insert_words(db, "INSERT INTO ecall_name VALUES(?, ?, ?)", f->calls, f->ncalls);

    if (rc == SQLITE_OK)
        rc = insert_words(db, "INSERT INTO ecall_error SELECT ?1, ?2 WHERE ?3 IS NULL", f->errors, f->nerrors);
    return rc;
}

static int finish_kinds(struct store *st, const uint64_t happened[EV_COUNT])
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(st->db, "UPDATE event_kind SET happened = ?, stored = ? WHERE id = ?", -1, &s, NULL);

    for (unsigned k = 1; rc == SQLITE_OK && k < EV_COUNT; k++) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)happened[k]);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)st->rows[k]);
        sqlite3_bind_int64(s, 3, k);
        sqlite3_step(s);
        rc = sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return rc;
}

static int finish_run(sqlite3 *db, const struct run_result *r, bool whole)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(db,
                                "UPDATE run SET instructions = ?, virtual_ns = ?, host_ns = ?, exit_status = ?,"
                                " stop_reason = ?, whole = ?, complete = 1",
                                -1, &s, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)r->instructions);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)r->virtual_ns);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)r->host_ns);
    sqlite3_bind_int64(s, 4, r->exit_status);
    sqlite3_bind_text(s, 5, r->stop_reason, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 6, whole);
    sqlite3_step(s);
    return sqlite3_finalize(s);
}

static int insert_diagnostics(sqlite3 *db, const struct store_diagnostic *d, unsigned n)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(db, "INSERT INTO diagnostic(name, value, unit, host, doc) VALUES(?, ?, ?, ?, ?)", -1,
                                &s, NULL);

    for (unsigned i = 0; rc == SQLITE_OK && i < n; i++) {
        sqlite3_bind_text(s, 1, d[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)d[i].value);
        sqlite3_bind_text(s, 3, d[i].unit, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 4, d[i].host);
        sqlite3_bind_text(s, 5, d[i].doc, -1, SQLITE_STATIC);
        sqlite3_step(s);
        rc = sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return rc;
}

/* ---- opening ---- */

static int prepare(struct store *st, const char *format, unsigned kind, sqlite3_stmt **out)
{
    const char *name = catalogue_events[kind].name;
    char *sql = sqlite3_mprintf(format, name, name);
    int rc = sql != NULL ? sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc;
}

static int prepare_common(struct store *st)
{
    int rc = sqlite3_prepare_v3(st->db, "INSERT INTO string VALUES(?, ?)", -1, SQLITE_PREPARE_PERSISTENT,
                                &st->insert_string, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v3(st->db, "UPDATE run SET events = ?, instructions = ?, virtual_ns = ?", -1,
                                SQLITE_PREPARE_PERSISTENT, &st->progress, NULL);
    return rc;
}

/* The statements for a kind of event, when the first comes. */
static int prepare_kind(struct store *st, unsigned kind)
{
    int rc = SQLITE_OK;

    if (st->insert[kind] == NULL)
        rc = prepare(st, "INSERT OR ROLLBACK INTO main.\"%w\" SELECT * FROM slice.\"%w\"", kind, &st->insert[kind]);
    if (rc == SQLITE_OK && catalogue_events[kind].thing && st->remove[kind] == NULL)
        rc = prepare(st, "DELETE FROM main.\"%w\" WHERE id = ?", kind, &st->remove[kind]);
    return rc;
}

int store_create(int fd)
{
    const unsigned char *p = template_trace;

    while (p < template_trace_end) {
        ssize_t n = pwrite(fd, p, (size_t)(template_trace_end - p), p - template_trace);
        if (n <= 0)
            return n < 0 ? errno : ENOSPC;
        p += n;
    }
    return 0;
}

int store_open(struct store *st, const char *path, const struct run_facts *facts)
{
    int rc;

    rc = sqlite3_open_v2(path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_busy_timeout(st->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(st->db, "PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF; BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = insert_run(st->db, facts);
    if (rc == SQLITE_OK)
        rc = insert_kinds(st->db, facts->choice);
    if (rc == SQLITE_OK)
        rc = insert_calls(st->db, facts);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = slice_attach(&st->slice, st->db);
    if (rc == SQLITE_OK)
        rc = (st->growing = growing_new()) != NULL && (st->digest = digest_new()) != NULL && (st->rollups = rollup_new()) != NULL &&
                     (st->times = time_rollup_new()) != NULL
                 ? SQLITE_OK
                 : SQLITE_NOMEM;
    return rc == SQLITE_OK ? prepare_common(st) : rc;
}

/* ---- writing ---- */

/* Text as the guest gave it may be any bytes; what is not UTF-8, and NUL, is written \xNN. Freed by sqlite3_free. */
static char *as_utf8(const char *text, size_t n)
{
    sqlite3_str *out = sqlite3_str_new(NULL);

    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)text[i];
        size_t len = c == 0                  ? 0
                     : c < 0x80              ? 1
                     : c >= 0xc2 && c < 0xe0 ? 2
                     : (c & 0xf0) == 0xe0    ? 3
                     : c >= 0xf0 && c < 0xf5 ? 4
                                             : 0;
        for (size_t k = 1; k < len; k++)
            if (i + k >= n || ((unsigned char)text[i + k] & 0xc0) != 0x80)
                len = 0;
        if (len == 0)
            sqlite3_str_appendf(out, "\\x%02x", c);
        else
            sqlite3_str_append(out, text + i, (int)len);
        i += len ? len : 1;
    }
    return sqlite3_str_finish(out);
}

static int write_string(struct store *st, const struct record *r)
{
    char *text = as_utf8((const char *)(uintptr_t)r->words[1], r->words[2]);

    if (digest_string(st->digest, r->words[0], text ? text : "") != SQLITE_OK) {
        sqlite3_free(text);
        return SQLITE_NOMEM;
    }
    sqlite3_bind_int64(st->insert_string, 1, (sqlite3_int64)r->words[0]);
    sqlite3_bind_text(st->insert_string, 2, text ? text : "", -1, text ? sqlite3_free : SQLITE_STATIC);
    sqlite3_step(st->insert_string);
    return sqlite3_reset(st->insert_string);
}

static int by_id(const void *a, const void *b)
{
    const struct record *x = *(const struct record *const *)a, *y = *(const struct record *const *)b;
    uint64_t i = x->words[W_ID], k = y->words[W_ID];

    return i != k ? (i < k ? -1 : 1) : (x->flags & REC_OPEN) ? -1 : 1; /* a thing's beginning, then its end */
}

/* A thing that has ended takes the place of the row that was stored when it began: in this slice or an earlier one. */
static int supersede(struct store *st, unsigned kind, const struct record **records, uint32_t *n)
{
    uint32_t kept = 0;
    int rc = SQLITE_OK;

    for (uint32_t i = 0; rc == SQLITE_OK && i < *n; i++) {
        if (kept > 0 && records[kept - 1]->words[W_ID] == records[i]->words[W_ID]) {
            records[kept - 1] = records[i];
            continue;
        }
        records[kept++] = records[i];
        if (records[i]->flags & REC_OPEN)
            continue;
        sqlite3_bind_int64(st->remove[kind], 1, (sqlite3_int64)records[i]->words[W_ID]);
        sqlite3_step(st->remove[kind]);
        rc = sqlite3_reset(st->remove[kind]);
    }
    *n = kept;
    return rc;
}

static int lay_out_kind(struct store *st, unsigned kind, const struct record **records, uint32_t n)
{
    int rc = prepare_kind(st, kind);

    for (uint32_t i = 1; i < n; i++) /* intervals come as they end, some points late (filter.h) */
        if (by_id(&records[i - 1], &records[i]) > 0) {
            qsort(records, n, sizeof(records[0]), by_id);
            break;
        }
    if (rc == SQLITE_OK && catalogue_events[kind].thing)
        rc = supersede(st, kind, records, &n);
    slice_add(&st->slice, kind, records, n);
    return rc == SQLITE_OK ? growing_add(st->growing, kind, records, n) : rc;
}

/* Groups the records by kind: `order` lists those of each kind together. first[k] is where kind k begins. */
static void group(struct store *st, uint32_t n, uint32_t first[EV_COUNT + 1])
{
    uint32_t at[EV_COUNT] = {0};

    for (uint32_t i = 0; i < n; i++)
        at[st->records[i].kind]++;
    first[0] = 0;
    for (unsigned k = 0; k < EV_COUNT; k++) {
        first[k + 1] = first[k] + at[k];
        at[k] = first[k];
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct record *r = &st->records[i];
        st->order[at[r->kind]++] = r;
    }
}

static void count(struct store *st, const struct record *r)
{
    bool again = catalogue_events[r->kind].thing && !(r->flags & REC_OPEN); /* its beginning has been counted */
    uint64_t ts = r->words[W_TS] + (catalogue_events[r->kind].interval && !(r->flags & REC_OPEN) ? r->words[W_DUR] : 0);

    st->events += again ? 0 : 1;
    st->rows[r->kind] += again ? 0 : 1;
    if (r->words[W_INSN] > st->insn)
        st->insn = r->words[W_INSN];
    if (ts > st->ts)
        st->ts = ts;
}

/* Strings go to the file, events into the slice: then the records are needed no more. */
static int lay_out(struct store *st, uint32_t n, const uint32_t first[EV_COUNT + 1])
{
    int rc = SQLITE_OK;

    slice_clear(&st->slice);
    for (uint32_t i = 0; rc == SQLITE_OK && i < first[1]; i++) /* kind 0: strings */
        rc = write_string(st, st->order[i]);
    for (uint32_t i = first[1]; rc == SQLITE_OK && i < n; i++) {
        count(st, st->order[i]);
        rc = rollup_add(st->rollups, st->db, st->order[i]);
        if (rc == SQLITE_OK)
            rc = digest_add(st->digest, st->order[i]);
    }
    for (unsigned kind = 1; rc == SQLITE_OK && kind < EV_COUNT; kind++)
        if (first[kind] < first[kind + 1])
            rc = lay_out_kind(st, kind, &st->order[first[kind]], first[kind + 1] - first[kind]);
    slice_done(&st->slice);
    return rc;
}

static int store_progress(struct store *st)
{
    sqlite3_bind_int64(st->progress, 1, (sqlite3_int64)st->events);
    sqlite3_bind_int64(st->progress, 2, (sqlite3_int64)st->insn);
    sqlite3_bind_int64(st->progress, 3, (sqlite3_int64)st->ts);
    sqlite3_step(st->progress);
    return sqlite3_reset(st->progress);
}

int store_write(struct store *st, uint32_t n, bool more)
{
    uint32_t first[EV_COUNT + 1];
    int rc = sqlite3_exec(st->db, "BEGIN", NULL, NULL, NULL);

    for (uint32_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = time_rollup_add(st->times, st->db, &st->records[i]);
    group(st, n, first);
    if (rc == SQLITE_OK)
        rc = lay_out(st, n, first);
    for (unsigned kind = 1; rc == SQLITE_OK && kind < EV_COUNT; kind++)
        if (first[kind] < first[kind + 1]) {
            sqlite3_step(st->insert[kind]);
            rc = sqlite3_reset(st->insert[kind]);
        }
    if (rc == SQLITE_OK && !more)
        rc = growing_write(st->growing, st->db);
    if (rc == SQLITE_OK)
        rc = digest_write(st->digest, st->db);
    if (rc == SQLITE_OK)
        rc = store_progress(st);
    st->commits++;
    return rc == SQLITE_OK ? sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL) : rc;
}

/* ---- the end ---- */

static void finalize_all(struct store *st)
{
    for (unsigned kind = 1; kind < EV_COUNT; kind++) {
        sqlite3_finalize(st->insert[kind]);
        sqlite3_finalize(st->remove[kind]);
        st->insert[kind] = st->remove[kind] = NULL;
    }
    sqlite3_finalize(st->insert_string);
    sqlite3_finalize(st->progress);
    st->insert_string = st->progress = NULL;
}

int store_is_single_file(struct store *st)
{
    sqlite3_stmt *s = NULL;
    int single = 0;

    if (sqlite3_prepare_v2(st->db, "PRAGMA journal_mode", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        single = strcmp((const char *)sqlite3_column_text(s, 0), "delete") == 0;
    sqlite3_finalize(s);
    return single;
}

int store_finish(struct store *st, const struct run_result *result, const uint64_t happened[EV_COUNT], bool whole,
                 const struct store_diagnostic *d, unsigned nd)
{
    int rc;

    finalize_all(st);
    rc = sqlite3_exec(st->db, "DETACH slice; BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = rollup_write(st->rollups, st->db);
    if (rc == SQLITE_OK)
        rc = time_rollup_finish(st->times, st->db, result->virtual_ns);
    if (rc == SQLITE_OK)
        rc = growing_finish(st->growing, st->db);
    if (rc == SQLITE_OK)
        rc = schema_finish(st->db);
    if (rc == SQLITE_OK && result->code != NULL)
        rc = code_write(st->db, result->code);
    if (rc == SQLITE_OK)
        rc = insert_diagnostics(st->db, d, nd);
    if (rc == SQLITE_OK)
        rc = finish_kinds(st, happened);
    if (rc == SQLITE_OK)
        rc = finish_run(st->db, result, whole);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL);
    sqlite3_busy_timeout(st->db, 2000); /* for a reader to let go of the log */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(st->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    if (rc == SQLITE_OK || rc == SQLITE_BUSY)
        rc = sqlite3_exec(st->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    return rc == SQLITE_BUSY ? SQLITE_OK : rc; /* the log then stays beside the file, complete and readable */
}

void store_close(struct store *st)
{
    finalize_all(st);
    growing_free(st->growing);
    digest_free(st->digest);
    sqlite3_close(st->db);
    st->db = NULL;
    slice_free(&st->slice);
    rollup_free(st->rollups);
    time_rollup_free(st->times);
    st->growing = NULL;
    st->digest = NULL;
    st->rollups = NULL;
    st->times = NULL;
}

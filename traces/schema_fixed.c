/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the schema that is not an event: columns that every event has, the
 * tables about the run, and the invariants.
 */
#include "schema.h"
#include <stddef.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct fixed_table schema_tables[] = {
    {"run", "The run that this database records: one row with what is needed to repeat it, and how it ended"},
    {"string", "Text that event columns of type string refer to"},
    {"diagnostic", "What the recorder has to say about itself: waits, open intervals"},
    {"doc", "What every table and column means; the row with an empty column is about the table or view itself"},
    {"canned_query", "Questions with their SQL: `tarry query DB NAME`, or paste the text into sqlite3"},
};
const unsigned schema_ntables = COUNT(schema_tables);

const struct event_index schema_indexes[] = {
    {"fault_cause", EV_fault, "cause", true},
    {"fill_cause", EV_fill, "cause", true},
    {"transfer_cause", EV_transfer, "cause", true},
    {"disk_request_cause", EV_disk_request, "cause", true},
    {"disk_request_sector", EV_disk_request, "sector", false},
    {"source_cause", EV_source, "cause", true},
    {"page_cause", EV_page, "cause", true},
    {"snapshot_cause", EV_snapshot, "cause", true},
    {"segment_cause", EV_segment, "cause", true},
    {"program_proc", EV_program, "proc", true},
    {"file_qid", EV_file, "qid", false},
};
const unsigned schema_nindexes = COUNT(schema_indexes);
_Static_assert(COUNT(schema_indexes) <= SCHEMA_MOST_INDEXES, "raise SCHEMA_MOST_INDEXES");

const struct fixed_column schema_columns[] = {
    {NULL, "id", "INTEGER PRIMARY KEY", "",
     "number of the event; one count over all event tables, in order of their beginning", false},
    {NULL, "insn", "INTEGER NOT NULL", "instructions", "instructions retired since reset", false},
    {NULL, "ts", "INTEGER NOT NULL", "virtual ns", "virtual time since reset at which it happened or began", false},
    {NULL, "dur", "INTEGER", "virtual ns", "how long it lasted; NULL: it had not ended when the run did", true},
    {NULL, "proc", "INTEGER NOT NULL", "", "`id` of the process row that it happened in or for; 0: none", false},
    {NULL, "pc", "INTEGER NOT NULL", "bytes",
     "user program counter when the kernel was entered (machine events: the hart's)", false},
    {NULL, "cause", "INTEGER NOT NULL", "", "`id` of the event that caused it; 0: none is known", false},

    {"run", "id", "INTEGER PRIMARY KEY", "", "1", false},
    {"run", "tool_version", "TEXT NOT NULL", "", "version of tarry that recorded it", false},
    {"run", "schema_version", "INTEGER NOT NULL", "", "version of this schema; also PRAGMA user_version", false},
    {"run", "command", "TEXT", "", "the command as typed", false},
    {"run", "program", "TEXT", "", "program in the guest", false},
    {"run", "arguments", "TEXT", "", "its arguments, quoted for a shell", false},
    {"run", "io", "TEXT", "", "policy of --io", false},
    {"run", "disk_model", "TEXT", "", "timing model of the disks", false},
    {"run", "config", "TEXT", "", "other settings that can change the run: key=value ...", false},
    {"run", "image_hash", "TEXT", "", "digest of the disk image before the run", false},
    {"run", "kernel_hash", "TEXT", "", "digest of the kernel", false},
    {"run", "inputs", "TEXT", "", "files of the host that were put into the image: lines host path:guest path", false},
    {"run", "ram_bytes", "INTEGER NOT NULL", "bytes", "memory of the machine", false},
    {"run", "seed", "INTEGER NOT NULL", "", "seed of whatever is random", false},
    {"run", "time_unit", "TEXT NOT NULL", "", "unit of every ts and dur: ns of virtual time", false},
    {"run", "instructions", "INTEGER NOT NULL", "instructions",
     "retired by the run (by the last batch, if not complete)", false},
    {"run", "virtual_ns", "INTEGER NOT NULL", "virtual ns", "length of the run (until the last batch, if not complete)",
     false},
    {"run", "exit_status", "INTEGER", "", "exit status of the run; -1: it did not end by itself; NULL: not complete",
     false},
    {"run", "stop_reason", "TEXT", "", "why it stopped: exit, limit, interrupted, error: ...; NULL: not complete",
     false},
    {"run", "events", "INTEGER NOT NULL", "events", "rows in all event tables (in the stored batches, if not complete)",
     false},
    {"run", "complete", "INTEGER NOT NULL", "", "1: everything is here; 0: still being written, or killed", false},
    {"run", "host_ns", "INTEGER", "ns", "time that the run took on the host (host fact: differs between equal runs)",
     false},
    {"run", "host_started", "TEXT", "UTC", "when the run began (host fact)", false},
    {"run", "host_directory", "TEXT", "", "directory that the command was given in (host fact)", false},
    {"run", "host_name", "TEXT", "", "name of the host (host fact)", false},
    {"run", "host_system", "TEXT", "", "operating system and processor of the host (host fact)", false},
    {"run", "host_sqlite", "TEXT", "", "version of SQLite that wrote it (host fact)", false},

    {"string", "id", "INTEGER PRIMARY KEY", "", "number that string columns hold", false},
    {"string", "text", "TEXT NOT NULL", "", "the text; bytes that are not UTF-8 are written \\xNN", false},

    {"diagnostic", "id", "INTEGER PRIMARY KEY", "", "number of the row", false},
    {"diagnostic", "name", "TEXT NOT NULL", "", "what is counted; host_...: a host fact", false},
    {"diagnostic", "value", "INTEGER NOT NULL", "as `unit`", "how much", false},
    {"diagnostic", "unit", "TEXT NOT NULL", "", "unit of value", false},
    {"diagnostic", "host", "INTEGER NOT NULL", "", "1: a host fact, which differs between equal runs", false},
    {"diagnostic", "doc", "TEXT NOT NULL", "", "what it means", false},

    {"doc", "table", "TEXT NOT NULL", "", "table or view", false},
    {"doc", "column", "TEXT NOT NULL", "", "column; empty: the table itself", false},
    {"doc", "type", "TEXT NOT NULL", "",
     "uint, int, hex (an address, stored signed), string, event (an id), enum, or the type in SQL", false},
    {"doc", "unit", "TEXT NOT NULL", "", "unit of the numbers; empty if none", false},
    {"doc", "description", "TEXT NOT NULL", "", "what it means", false},

    {"canned_query", "name", "TEXT PRIMARY KEY", "", "name, as in `tarry query DB NAME`", false},
    {"canned_query", "title", "TEXT NOT NULL", "", "title", false},
    {"canned_query", "question", "TEXT NOT NULL", "", "the question that it answers", false},
    {"canned_query", "sql", "TEXT NOT NULL", "", "the statement, with its parameters (:name) explained at its head",
     false},
};
const unsigned schema_ncolumns = COUNT(schema_columns);

/*
 * Invariants: each is a view of the rows that break it. What they cannot know of an incomplete trace (rows of the
 * lost batch) they do not complain of.
 */
const struct fixed_view schema_views[] = {
    {"event", "Every event of every table: its kind and what all have in common", NULL},
    {"check_id", "Ids are dense: as many events as the highest id", NULL},
    {"check_order", "Within a table, insn and ts never go back from one id to the next", NULL},
    {"check_cause", "The cause of an event began before it",
     "SELECT id, kind, cause FROM event WHERE cause >= id OR cause < 0"},
    {"check_fault_resolution",
     "Every fault that ended has one resolution, and a fault of a process that ended has ended",
     "SELECT f.id, f.proc, f.dur, f.resolution FROM fault AS f WHERE (f.dur IS NOT NULL AND coalesce(f.resolution, 0) "
     "= 0)"
     " OR (f.dur IS NULL AND EXISTS (SELECT 1 FROM process AS p WHERE p.id = f.proc AND p.dur IS NOT NULL))"},
    {"check_fault_cause", "A fault of user code names the trap that reported it",
     "SELECT f.id, f.cause FROM fault AS f WHERE f.in_kernel = 0 AND (SELECT complete FROM run) = 1"
     " AND NOT EXISTS (SELECT 1 FROM trap AS t WHERE t.id = f.cause)"},
    {"check_fill_cause", "A fill names what it was done for", "SELECT id, cause FROM fill WHERE cause = 0"},
    {"check_disk_request_cause", "A request for blocks of a file names the transfer or system call that it serves",
     "SELECT d.id, d.sector, d.cause FROM disk_request AS d WHERE d.class = 0 AND d.cause = 0"},
    {"check_disk_bytes",
     "What the disks were asked for is what the kernel says it asked for, by direction (runs that ended by themselves)",
     "SELECT output, sum(asked) AS transfer_bytes, sum(moved) AS request_bytes FROM ("
     " SELECT output, bytes AS asked, 0 AS moved FROM transfer WHERE boundary IN (0, 7) AND block > 0"
     " UNION ALL SELECT op, 0, sectors * 512 FROM disk_request WHERE op IN (0, 1) AND class <> 2 AND "
     "cause IN"
     " (SELECT id FROM transfer WHERE block > 0)) WHERE (SELECT stop_reason FROM run) = 'exit'"
     " GROUP BY output HAVING transfer_bytes <> request_bytes"},
    {"check_segment", "Segments that events name exist",
     "SELECT 'fault' AS kind, id, segment FROM fault WHERE segment <> 0 AND segment NOT IN (SELECT id FROM segment)"
     " UNION ALL SELECT 'fill', id, segment FROM fill WHERE segment NOT IN (SELECT id FROM segment)"
     " UNION ALL SELECT 'page', id, segment FROM page WHERE segment NOT IN (SELECT id FROM segment)"
     " UNION ALL SELECT 'source', id, segment FROM source WHERE segment NOT IN (SELECT id FROM segment)"
     " UNION ALL SELECT 'transfer', id, segment FROM transfer WHERE segment <> 0 AND segment NOT IN (SELECT id FROM "
     "segment)"},
    {"check_snapshot", "Snapshots that sources name exist (R1)",
     "SELECT id, kind, snapshot FROM source WHERE kind = 1 AND snapshot NOT IN (SELECT id FROM snapshot)"},
    {"check_snapshot_released", "After the last exit no snapshot is held (S4)",
     "SELECT s.id, s.file, s.proc FROM snapshot AS s WHERE s.dur IS NULL AND (SELECT stop_reason FROM run) = 'exit'"},
    {"check_skip", "Only a write skips (W1)",
     "SELECT t.id, t.cause FROM transfer AS t WHERE t.boundary = 5 AND (SELECT complete FROM run) = 1 AND t.cause NOT "
     "IN"
     " (SELECT id FROM syscall WHERE number IN (SELECT id FROM enum_syscall WHERE name IN ('pwrite', 'cwrite')))"},
    {"check_page_state", "A resident page leaves the state that it last entered (S1)",
     "SELECT id, segment, va, before, old FROM (SELECT id, segment, va, old,"
     " lag(\"new\") OVER (PARTITION BY segment, va ORDER BY id) AS before FROM page)"
     " WHERE before IS NOT NULL AND before <> old AND NOT (before IN (0, 1) AND old IN (0, 1))"},
};
const unsigned schema_nviews = COUNT(schema_views);

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
    {"event_group", "Groups of events, and which of them the run was to record"},
    {"event_kind", "Kinds of events: each has a table of its name"},
    {"string", "Text that event columns of type string refer to"},
    {"diagnostic", "What the recorder has to say about itself: waits, open intervals"},
    {"image", "Programs whose instructions the trace names: 1 is the kernel, or what was booted; the others in the order in which they first ran"},
    {"symbol", "Functions that hold an instruction of table instruction, from the symbol tables of the programs"},
    {"source_line", "Lines of source that an instruction of table instruction was compiled from, from the DWARF of the programs"},
    {"instruction", "Each instruction that a trap, interrupt or system call names by image and pc, and those of table tlb_stale"},
    {"process_time", "How long each process was running, ready or blocked, and for what it waited: view process_state added up while recording; view process_time_total is the same for any trace"},
    {"ecall_name", "System calls of the kernel that was booted, by number, as far as they are known (tarry boot --syscalls)"},
    {"ecall_error", "Errors of that kernel's system calls: minus such a number is returned"},
    {"access_block", "Blocks of accesses (--trace access): every fetch, load and store, in order, compressed; function accesses(1, from, to) reads them one by one"},
    {"sample", "Samples (--sample N): pages that were used at least once in a window of N instructions"},
    {"digest", "Digests of the events, 65,536 ids a row: where two traces have the same, their rows are the same. `first-difference` and `tarry compare` look only where they differ"},
    {"doc", "What every table and column means; the row with an empty column is about the table or view itself"},
    {"canned_query", "Questions with their SQL: `tarry query DB NAME`, or paste the text into sqlite3"},
};
const unsigned schema_ntables = COUNT(schema_tables);

const struct event_index schema_indexes[] = {
    {"fault_cause", EV_fault, "cause", true, NULL},
    {"fill_cause", EV_fill, "cause", true, NULL},
    {"transfer_cause", EV_transfer, "cause", true, NULL},
    {"disk_request_cause", EV_disk_request, "cause", true, NULL},
    {"disk_request_sector", EV_disk_request, "sector", false, NULL},
    {"source_cause", EV_source, "cause", true, NULL},
    {"page_cause", EV_page, "cause", true, NULL},
    {"page_va", EV_page, "segment", false, "va"},
    {"snapshot_cause", EV_snapshot, "cause", true, NULL},
    {"segment_cause", EV_segment, "cause", true, NULL},
    {"piece_cause", EV_piece, "cause", true, NULL},
    {"walk_cause", EV_walk, "cause", true, NULL},
    {"program_proc", EV_program, "proc", true, NULL},
    {"file_qid", EV_file, "qid", false, NULL},
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
    {"run", "trace", "TEXT", "", "what was to be recorded: --trace and its companions as given; empty: the default",
     false},
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
    {"run", "whole", "INTEGER NOT NULL", "",
     "1: every event of the groups that are recorded by default is here; 0: some were left out (if not complete: as far "
     "as --trace says)", false},
    {"run", "complete", "INTEGER NOT NULL", "", "1: everything is here; 0: still being written, or killed", false},
    {"run", "host_ns", "INTEGER", "ns", "time that the run took on the host (host fact: differs between equal runs)",
     false},
    {"run", "host_started", "TEXT", "UTC", "when the run began (host fact)", false},
    {"run", "host_directory", "TEXT", "", "directory that the command was given in (host fact)", false},
    {"run", "host_name", "TEXT", "", "name of the host (host fact)", false},
    {"run", "host_system", "TEXT", "", "operating system and processor of the host (host fact)", false},
    {"run", "host_sqlite", "TEXT", "", "version of SQLite that wrote it (host fact)", false},

    {"event_group", "id", "INTEGER PRIMARY KEY", "", "number of the group", false},
    {"event_group", "name", "TEXT NOT NULL", "", "name, as in --trace", false},
    {"event_group", "chosen", "INTEGER NOT NULL", "", "1: its events were to be recorded", false},
    {"event_group", "doc", "TEXT NOT NULL", "", "what it is", false},

    {"event_kind", "id", "INTEGER PRIMARY KEY", "", "number of the kind", false},
    {"event_kind", "name", "TEXT NOT NULL", "", "name of its table", false},
    {"event_kind", "group", "INTEGER NOT NULL REFERENCES event_group(id)", "", "group that it belongs to", false},
    {"event_kind", "happened", "INTEGER", "events", "how many there were; NULL: not complete", false},
    {"event_kind", "stored", "INTEGER", "events", "how many of them were recorded; NULL: not complete", false},

    {"string", "id", "INTEGER PRIMARY KEY", "", "number that string columns hold; there NULL is no text", false},
    {"string", "text", "TEXT NOT NULL", "", "the text; bytes that are not UTF-8 are written \\xNN", false},

    {"image", "id", "INTEGER PRIMARY KEY", "", "number that columns `image` hold", false},
    {"image", "name", "TEXT NOT NULL", "", "path of the program in the guest when it first ran; `kernel` or the file booted for 1", false},
    {"image", "file", "INTEGER NOT NULL", "", "its file (`qid` in table file); 0 for image 1", false},
    {"image", "version", "INTEGER NOT NULL", "", "version of that file", false},
    {"image", "symbols", "INTEGER NOT NULL", "", "1: it has a table of symbols", false},
    {"image", "lines", "INTEGER NOT NULL", "", "1: it has source lines (DWARF), itself or in the file that its .gnu_debuglink names", false},
    {"image", "note", "TEXT NOT NULL", "", "why symbols or lines are missing; empty: nothing is", false},

    {"symbol", "id", "INTEGER PRIMARY KEY", "", "number that column `symbol` of instruction holds", false},
    {"symbol", "image", "INTEGER NOT NULL REFERENCES image(id)", "", "image", false},
    {"symbol", "address", "INTEGER NOT NULL", "bytes", "its first address", false},
    {"symbol", "size", "INTEGER NOT NULL", "bytes", "its size; 0: the table does not say", false},
    {"symbol", "name", "TEXT NOT NULL", "", "its name", false},

    {"source_line", "id", "INTEGER PRIMARY KEY", "", "number that column `line` of instruction holds", false},
    {"source_line", "image", "INTEGER NOT NULL REFERENCES image(id)", "", "image", false},
    {"source_line", "file", "TEXT NOT NULL", "", "file as the compiler was given it", false},
    {"source_line", "line", "INTEGER NOT NULL", "", "line in it", false},

    {"instruction", "id", "INTEGER PRIMARY KEY", "", "number of the row", false},
    {"instruction", "image", "INTEGER NOT NULL", "", "image; 0: not known", false},
    {"instruction", "pc", "INTEGER NOT NULL", "bytes", "its address", false},
    {"instruction", "bits", "INTEGER", "", "the instruction, 2 or 4 bytes; NULL: it could not be read (a fetch that faulted), or what was there changed", false},
    {"instruction", "text", "TEXT", "", "disassembly; NULL as `bits`, or no instruction", false},
    {"instruction", "symbol", "INTEGER REFERENCES symbol(id)", "", "function that holds it; NULL: not known", false},
    {"instruction", "offset", "INTEGER", "bytes", "distance from the start of that function", false},
    {"instruction", "line", "INTEGER REFERENCES source_line(id)", "", "row in source_line; NULL: not known", false},

    {"diagnostic", "id", "INTEGER PRIMARY KEY", "", "number of the row", false},
    {"diagnostic", "name", "TEXT NOT NULL", "", "what is counted; host_...: a host fact", false},
    {"diagnostic", "value", "INTEGER NOT NULL", "as `unit`", "how much", false},
    {"diagnostic", "unit", "TEXT NOT NULL", "", "unit of value", false},
    {"diagnostic", "host", "INTEGER NOT NULL", "", "1: a host fact, which differs between equal runs", false},
    {"diagnostic", "doc", "TEXT NOT NULL", "", "what it means", false},

    {"process_time", "id", "INTEGER PRIMARY KEY", "", "number of the row", false},
    {"process_time", "proc", "INTEGER NOT NULL", "", "process row", false},
    {"process_time", "state", "INTEGER NOT NULL REFERENCES enum_process_state(id)", "", "state", false},
    {"process_time", "wait", "INTEGER NOT NULL REFERENCES enum_wait(id)", "", "what it waited for, if it was blocked", false},
    {"process_time", "times", "INTEGER NOT NULL", "", "how often it was in that state", false},
    {"process_time", "sum_dur", "INTEGER NOT NULL", "virtual ns", "how long in all", false},
    {"process_time", "max_dur", "INTEGER NOT NULL", "virtual ns", "how long at most", false},

    {"ecall_name", "number", "INTEGER PRIMARY KEY", "", "as in table ecall", false},
    {"ecall_name", "name", "TEXT NOT NULL", "", "its name", false},
    {"ecall_name", "arguments", "TEXT", "",
     "one letter for each argument: d a number, n a size or count, x hex, o octal, s text, f a directory's descriptor; NULL: not known", false},

    {"ecall_error", "number", "INTEGER PRIMARY KEY", "", "the number, which is returned negative", false},
    {"ecall_error", "name", "TEXT NOT NULL", "", "its name", false},

    {"access_block", "id", "INTEGER PRIMARY KEY", "", "number of the block, in order of time", false},
    {"access_block", "insn", "INTEGER NOT NULL", "instructions", "retired before its first instruction", false},
    {"access_block", "last_insn", "INTEGER NOT NULL", "instructions", "retired before its last instruction", false},
    {"access_block", "ts", "INTEGER NOT NULL", "virtual ns", "time of its first instruction", false},
    {"access_block", "last_ts", "INTEGER NOT NULL", "virtual ns", "time of its last instruction", false},
    {"access_block", "proc", "INTEGER NOT NULL", "", "process row of all of it; 0: none, or several", false},
    {"access_block", "fetches", "INTEGER NOT NULL", "accesses", "fetches of instructions in it", false},
    {"access_block", "loads", "INTEGER NOT NULL", "accesses", "loads in it", false},
    {"access_block", "stores", "INTEGER NOT NULL", "accesses", "stores in it", false},
    {"access_block", "amos", "INTEGER NOT NULL", "accesses", "atomic memory operations (AMO) in it: a load and a store in one", false},
    {"access_block", "raw_bytes", "INTEGER NOT NULL", "bytes", "size of `data` before zstd has compressed it", false},
    {"access_block", "data", "BLOB NOT NULL", "", "the accesses: docs/access.md describes the format", false},

    {"sample", "id", "INTEGER PRIMARY KEY", "", "number of the row; within a window in order of first use", false},
    {"sample", "window", "INTEGER NOT NULL", "", "number of the window: instructions / N when it began", false},
    {"sample", "insn", "INTEGER NOT NULL", "instructions", "retired when the window began", false},
    {"sample", "ts", "INTEGER NOT NULL", "virtual ns", "when the window began", false},
    {"sample", "proc", "INTEGER NOT NULL", "", "process row that ran; 0: none", false},
    {"sample", "va", "INTEGER NOT NULL", "bytes", "virtual address of the page (4 KiB)", false},
    {"sample", "pa", "INTEGER NOT NULL", "bytes", "physical address of the page, at its first use in the window", false},
    {"sample", "fetched", "INTEGER NOT NULL", "", "1: instructions of it were fetched", false},
    {"sample", "loaded", "INTEGER NOT NULL", "", "1: a load of it came before the first store to it", false},
    {"sample", "stored", "INTEGER NOT NULL", "", "1: it was stored to", false},

    {"digest", "id", "INTEGER PRIMARY KEY", "", "the first event id of the chunk", false},
    {"digest", "last", "INTEGER NOT NULL", "", "the last", false},
    {"digest", "events", "INTEGER NOT NULL", "", "rows of these ids, over all event tables", false},
    {"digest", "begun", "INTEGER NOT NULL", "", "digest of what the events begin with: kind, id and all columns but dur and results; strings count by their text", false},
    {"digest", "ended", "INTEGER NOT NULL", "", "digest of what they end with: dur and results", false},

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
    {"program_line", "Table instruction in words: name of the image, hex, function+offset, file:line",
     "SELECT i.image, m.name AS program, i.pc AS address, printf('0x%x', i.pc) AS pc, i.text,"
     " s.name AS function, CASE WHEN s.name IS NOT NULL THEN printf('%s+0x%x', s.name, i.\"offset\") END AS symbol,"
     " l.file, l.line, CASE WHEN l.file IS NOT NULL THEN printf('%s:%d', l.file, l.line) END AS source"
     " FROM instruction AS i LEFT JOIN image AS m ON m.id = i.image LEFT JOIN symbol AS s ON s.id = i.symbol"
     " LEFT JOIN source_line AS l ON l.id = i.line"},
    {"page_area", "Of a kernel that does not describe its processes: parts of its address spaces (`root`) in which page faults were near"
     " each other, no farther than 2 MiB apart; id is the first of them",
     "SELECT min(id) AS id, root, min(page) AS first, max(page) AS last, count(*) AS pages, sum(faults) AS faults FROM ("
     "SELECT *, sum(begins) OVER (PARTITION BY root ORDER BY page) AS part FROM ("
     "SELECT *, page - lag(page, 1, page - 1000) OVER (PARTITION BY root ORDER BY page) > 512 AS begins FROM ("
     "SELECT min(id) AS id, root, tval >> 12 AS page, count(*) AS faults FROM trap WHERE code IN (12, 13, 15) AND root <> 0"
     " GROUP BY root, tval >> 12))) GROUP BY root, part"},
    {"page_trap", "Page faults of a kernel that does not describe them, as the machine delivered them, with their area (view page_area)"
     " and the rule of the page walk (group translation)",
     "SELECT t.id, t.insn, t.ts, t.root, a.id AS area, t.tval AS va, (t.tval >> 12) - a.first AS page, t.code,"
     " CASE t.code WHEN 12 THEN 2 WHEN 13 THEN 0 ELSE 1 END AS access, t.\"from\", t.pc, t.image, w.refusal"
     " FROM page_area AS a JOIN trap AS t ON t.root = a.root AND t.tval >> 12 BETWEEN a.first AND a.last AND t.code IN (12, 13, 15)"
     " LEFT JOIN walk AS w ON w.cause = t.id"},
    {"ecall_words", "System calls of a kernel that does not describe them, as one would write them: openat(AT_FDCWD, \"/etc/passwd\", 0x0, 00) = 3", NULL},
    {"syscall_words", "System calls as one would write them: open(\"/in/big\", OREAD) = 3", NULL},
    {"fill_piece", "The pieces of every page that was filled: rows of piece, and of fill for pages of one piece",
     "SELECT id, id AS fill, ts, proc, segment, va, 4096 AS length, kind, snapshot, \"offset\" FROM fill WHERE pieces = 1"
     " UNION ALL SELECT p.id, p.cause, p.ts, p.proc, f.segment, p.va, p.length, p.kind, p.snapshot, p.\"offset\""
     " FROM piece AS p JOIN fill AS f ON f.id = p.cause"},
    {"source_change", "All that changed the source map of a segment: rows of source, and pages that faults made its own",
     "SELECT id, ts, proc, segment, kind, va, length, snapshot, \"offset\" FROM source"
     " UNION ALL SELECT id, ts + dur, proc, segment, 2, va & ~4095, 4096, 0, 0 FROM fault WHERE detached = 1"},
    {"process_state", "What each process did when: intervals of ready, running and blocked (process_state in words, too: state_name), why, and for what it waited",
     "SELECT proc, id, ts, coalesce(next_ts, (SELECT p.ts + p.dur FROM process AS p WHERE p.id = c.proc AND p.ts + p.dur >= c.ts),"
     " (SELECT virtual_ns FROM run)) - ts AS dur, state,"
     " (SELECT name FROM enum_process_state WHERE id = state) AS state_name,"
     " (SELECT name FROM enum_switch_reason WHERE id = reason) AS reason,"
     " (SELECT name FROM enum_wait WHERE id = wait) AS wait FROM ("
     " SELECT *, lead(ts) OVER (PARTITION BY proc ORDER BY id) AS next_ts FROM ("
     " SELECT id AS proc, id, ts, 0 AS state, NULL AS reason, 0 AS wait FROM process"
     " UNION ALL SELECT proc, id, ts, 0, NULL, 0 FROM wake"
     " UNION ALL SELECT next, id, ts, 1, NULL, 0 FROM sched WHERE next <> 0"
     " UNION ALL SELECT proc, id, ts, CASE reason WHEN 2 THEN 2 WHEN 3 THEN 3 ELSE 0 END, reason, wait FROM sched WHERE proc <> 0))"
     " AS c WHERE state <> 3"},
    {"process_time_total", "Table process_time, or counted in tables process, sched and wake if the run was killed",
     "SELECT t.proc, t.state, t.wait, t.times, t.sum_dur, t.max_dur FROM run AS r CROSS JOIN process_time AS t"
     " WHERE r.complete = 1 UNION ALL SELECT proc, state, wait, count(*), sum(dur), max(dur) FROM ("
     " SELECT proc, state, wait, coalesce(lead(ts) OVER (PARTITION BY proc ORDER BY id),"
     " (SELECT p.ts + p.dur FROM process AS p WHERE p.id = c.proc AND p.ts + p.dur >= c.ts), (SELECT virtual_ns FROM run))"
     " - ts AS dur FROM ("
     " SELECT t.id AS proc, t.id, t.ts, 0 AS state, 0 AS wait FROM run AS r CROSS JOIN process AS t WHERE r.complete = 0"
     " UNION ALL SELECT t.proc, t.id, t.ts, 0, 0 FROM run AS r CROSS JOIN wake AS t WHERE r.complete = 0"
     " UNION ALL SELECT t.next, t.id, t.ts, 1, 0 FROM run AS r CROSS JOIN sched AS t WHERE r.complete = 0 AND t.next <> 0"
     " UNION ALL SELECT t.proc, t.id, t.ts, CASE t.reason WHEN 2 THEN 2 WHEN 3 THEN 3 ELSE 0 END,"
     " CASE t.reason WHEN 2 THEN t.wait ELSE 0 END FROM run AS r CROSS JOIN sched AS t WHERE r.complete = 0 AND t.proc <> 0) AS c)"
     " WHERE state <> 3 GROUP BY 1, 2, 3"},
    {"process_change", "Changes of the states of processes, by sched and wake: 0 ready, 1 running, 2 blocked, 3 ended, 4 ready again without having waited",
     "SELECT id, proc, 0 AS state FROM wake UNION ALL SELECT id, next, 1 FROM sched WHERE next <> 0"
     " UNION ALL SELECT id, proc, CASE reason WHEN 2 THEN 2 WHEN 3 THEN 3 ELSE 4 END FROM sched WHERE proc <> 0"},
    {"check_id", "As many rows of each kind as were stored; in a run that is whole no id is missing of these", NULL},
    {"check_order", "Within a table, insn and ts never go back from one id to the next", NULL},
    {"check_cause", "The cause of an event began before it",
     "SELECT id, kind, cause FROM event WHERE cause >= id OR cause < 0"},
    {"check_fault_resolution",
     "Every fault that ended has one resolution, and a fault of a process that ended has ended",
     "SELECT f.id, f.proc, f.dur, f.resolution FROM fault AS f WHERE (f.dur IS NOT NULL AND coalesce(f.resolution, 0) "
     "= 0)"
     " OR (f.dur IS NULL AND EXISTS (SELECT 1 FROM process AS p WHERE p.id = f.proc AND p.dur IS NOT NULL))"},
    {"check_fault_cause", "A fault of user code names the trap that reported it",
     "SELECT f.id, f.cause FROM fault AS f WHERE f.in_kernel = 0 AND (SELECT complete AND whole FROM run)"
     " AND NOT EXISTS (SELECT 1 FROM trap AS t WHERE t.id = f.cause)"},
    {"check_fill_cause", "A fill names what it was done for", "SELECT id, cause FROM fill WHERE cause = 0 AND (SELECT whole FROM run)"},
    {"check_transfer_cause", "A transfer names what it was made for, of the right kind: a copy its fill, a private copy its fault, a preserve"
     " and a skip the system call that wrote; what else reads or writes, one of these, or a commit, a write-back of the cache, or the process (boot, exit)",
     "SELECT t.id, t.boundary, t.cause FROM transfer AS t WHERE (SELECT complete AND whole FROM run) AND NOT CASE"
     " WHEN t.boundary IN (2, 8, 10, 11) THEN EXISTS (SELECT 1 FROM fill WHERE id = t.cause)"
     " WHEN t.boundary = 9 THEN EXISTS (SELECT 1 FROM fault WHERE id = t.cause)"
     " WHEN t.boundary IN (3, 5) THEN EXISTS (SELECT 1 FROM syscall WHERE id = t.cause)"
     " ELSE EXISTS (SELECT 1 FROM syscall WHERE id = t.cause) OR EXISTS (SELECT 1 FROM fill WHERE id = t.cause)"
     " OR EXISTS (SELECT 1 FROM fault WHERE id = t.cause) OR (t.boundary IN (0, 1, 4, 6, 7) AND"
     " (EXISTS (SELECT 1 FROM writeback WHERE id = t.cause) OR EXISTS (SELECT 1 FROM \"commit\" WHERE id = t.cause) OR EXISTS (SELECT 1 FROM process WHERE id = t.cause))) END"},
    {"check_kernel_fault_cause", "A fault that the kernel took names the system call, or the trap, note or fill that it served",
     "SELECT f.id, f.cause FROM fault AS f WHERE f.in_kernel = 1 AND (SELECT complete AND whole FROM run)"
     " AND NOT EXISTS (SELECT 1 FROM syscall WHERE id = f.cause) AND NOT EXISTS (SELECT 1 FROM process WHERE id = f.cause)"
     " AND NOT EXISTS (SELECT 1 FROM note WHERE id = f.cause)"},
    {"check_wake", "A process is woken only while it is blocked, and runs only when it is ready",
     "SELECT id, proc, state FROM (SELECT id, proc, state, lag(state) OVER (PARTITION BY proc ORDER BY id) AS before FROM process_change)"
     " WHERE ((state = 0 AND before <> 2) OR (state = 1 AND before NOT IN (0, 4)) OR (state >= 2 AND before <> 1)) AND (SELECT whole FROM run)"},
    {"check_disk_request_cause", "A request for blocks of a file names the transfer or system call that it serves",
     "SELECT d.id, d.sector, d.cause FROM disk_request AS d WHERE d.class = 0 AND d.cause = 0 AND "
     "(SELECT whole FROM run)"},
    {"check_fault_evidence",
     "OS/161's identities: a fault was filled if a page was composed for it (disk: ELF), paged in if one came from swap "
     "(disk: swapfile), else zeroed or reloaded with neither",
     "SELECT f.id, f.resolution FROM fault AS f WHERE (SELECT complete AND whole FROM run) AND CASE f.resolution"
     " WHEN 2 THEN NOT EXISTS (SELECT 1 FROM fill AS i WHERE i.cause = f.id)"
     " WHEN 7 THEN NOT EXISTS (SELECT 1 FROM transfer AS t WHERE t.cause = f.id AND t.boundary = 7 AND t.output = 0)"
     " WHEN 1 THEN EXISTS (SELECT 1 FROM fill AS i WHERE i.cause = f.id)"
     " WHEN 3 THEN EXISTS (SELECT 1 FROM fill AS i WHERE i.cause = f.id)"
     " OR EXISTS (SELECT 1 FROM transfer AS t WHERE t.cause = f.id AND t.boundary = 7 AND t.output = 0) END"},
    {"check_disk_bytes",
     "For each transfer the disk was asked for what the kernel says it moved (runs that ended by themselves)",
     "SELECT id, bytes, moved FROM (SELECT t.id, t.bytes, (SELECT coalesce(sum(d.sectors), 0) * 512 FROM disk_request AS d"
     " WHERE d.cause = t.id AND d.op IN (0, 1) AND d.class <> 2) AS moved FROM transfer AS t"
     " WHERE t.boundary IN (0, 7) AND t.block > 0) WHERE bytes <> moved AND (SELECT stop_reason = 'exit' AND whole FROM run)"},
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
     "SELECT t.id, t.cause FROM transfer AS t WHERE t.boundary = 5 AND (SELECT complete AND whole FROM run) AND t.cause NOT "
     "IN"
     " (SELECT id FROM syscall WHERE number IN (SELECT id FROM enum_syscall WHERE name IN ('pwrite', 'cwrite')))"},
    {"check_page_state", "A resident page leaves the state that it last entered (S1)",
     "SELECT id, segment, va, before, old FROM (SELECT p.id, p.segment, p.va, p.old, (SELECT b.\"new\" FROM page AS b"
     " WHERE b.segment = p.segment AND b.va = p.va AND b.id < p.id ORDER BY b.id DESC LIMIT 1) AS before FROM page AS p)"
     " WHERE (SELECT whole FROM run) AND before <> old AND NOT (before IN (0, 1) AND old IN (0, 1))"},
};
const unsigned schema_nviews = COUNT(schema_views);

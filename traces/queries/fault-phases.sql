-- SPDX-License-Identifier: GPL-2.0-only
-- title: The instructions of page faults by phase
-- question: Where do the instructions of a page fault go?
-- param type: only faults in segments of this type (enum_segment_type), or all; default: defer
-- param sample (count): look at one fault in so many; default: as many as make it 50,000 faults
-- read: kinds of faults (how they were resolved, what of it came from the disk), the most frequent first, and their
--   phases in order. A phase goes from one event that the fault left in the trace to the next; `instructions` is
--   its mean per fault, `times` how often it comes per fault; `percent` its share of the fault. Idling while the
--   disk works is not counted, but what other processes ran meanwhile is. Before the trap and after the last row the
--   hart runs the program. The end of the fault has no instruction count of its own: its phase is taken from the time
--   (exact with --insn-ns 1). With sampled_1_in above 1 the faults are a sample by a hash of their ids, and `faults` is
--   what was counted times that: uncertain by about 100 / sqrt(faults counted) percent; rare kinds may be missing, and
--   a few long waits change the mean of a phase: --sample 1 counts all (some 40 s per million faults).
WITH rate AS MATERIALIZED (
         SELECT max(1, coalesce(:sample, (sum(t.ended) + 49999) / 50000, 1)) AS nth
         FROM fault_total AS t LEFT JOIN segment AS s ON s.id = t.segment
         WHERE coalesce(:type, 'defer') = 'all'
            OR s.type = (SELECT id FROM enum_segment_type WHERE name = coalesce(:type, 'defer'))),
     f AS MATERIALIZED (
         SELECT f.id, f.proc, f.insn, f.ts, f.ts + f.dur AS until, f.cause, f.resolution, f.in_kernel
             FROM rate CROSS JOIN fault AS f LEFT JOIN segment AS s ON s.id = f.segment
         WHERE (f.id * 2654435761 >> 16 & 0xffffff) % rate.nth = 0 AND f.dur IS NOT NULL AND (coalesce(:type, 'defer') = 'all'
            OR s.type = (SELECT id FROM enum_segment_type WHERE name = coalesce(:type, 'defer')))),
     i AS MATERIALIZED (SELECT f.id AS fault, x.id, x.insn, x.ts FROM f JOIN fill AS x ON x.cause = f.id),
     t AS MATERIALIZED (
         SELECT f.id AS fault, x.id, x.insn, x.ts, x.boundary, x.class FROM f JOIN transfer AS x ON x.cause = f.id
         UNION ALL SELECT i.fault, x.id, x.insn, x.ts, x.boundary, x.class FROM i JOIN transfer AS x ON x.cause = i.id),
     d AS MATERIALIZED (SELECT t.fault, x.id, x.insn, x.ts, f.proc, x.class FROM t JOIN f ON f.id = t.fault
         JOIN disk_request AS x ON x.cause = t.id),
     w AS MATERIALIZED ( -- the interrupt that ended a request, the moment when the process had the hart again
         SELECT d.fault, d.id, (SELECT min(id) FROM interrupt WHERE id > d.id) AS interrupt,
             (SELECT min(id) FROM sched WHERE id > d.id AND next = d.proc) AS again FROM d),
     m AS (
         SELECT f.id AS fault, x.id, x.insn, x.ts, 1 AS step, 'trap entry: registers, segment lookup' AS phase
             FROM f JOIN trap AS x ON x.id = f.cause
         UNION ALL SELECT id, id, insn, ts, 2, 'page map, source map, memory for the page' FROM f
         UNION ALL SELECT fault, id, insn, ts, 3, 'where the block is: file tree, block cache' FROM i
         UNION ALL SELECT fault, id, insn, ts, CASE WHEN boundary = 0 THEN 4 WHEN boundary = 7 THEN 4
             WHEN boundary = 1 THEN 8 ELSE 9 END,
             CASE WHEN boundary IN (0, 7) THEN 'disk request: building and submitting'
                 WHEN boundary = 1 THEN 'from the cache: copy'
                  ELSE 'the page enters the page map' END FROM t
         UNION ALL SELECT fault, id, insn, ts, 5, 'giving up the hart' FROM d
         UNION ALL SELECT w.fault, x.id, x.insn, x.ts, 6, 'interrupt, wake-up' FROM w
             JOIN interrupt AS x ON x.id = w.interrupt AND w.interrupt < w.again
         UNION ALL SELECT w.fault, x.id, x.insn, x.ts, CASE d.class WHEN 1 THEN 7 ELSE 8 END,
             CASE d.class WHEN 1 THEN 'tree block came: checksum, search, data block'
                 ELSE 'data block came: checksum, copy' END
             FROM w JOIN d ON d.id = w.id JOIN sched AS x ON x.id = w.again
         UNION ALL SELECT f.id, x.id, x.insn, x.ts, 10, 'mapping (putmmu), end' FROM f
             JOIN page AS x ON x.cause = f.id),
     n AS (SELECT m.*, f.until,
               lead(m.insn) OVER (PARTITION BY m.fault ORDER BY m.id) AS next_insn
           FROM m JOIN f ON f.id = m.fault),
     idle AS MATERIALIZED ( -- from giving up the hart to the interrupt there may be idling, by others or by nobody
         SELECT w.fault, sum(max(0, x.insn - y.insn)) AS insns FROM w JOIN interrupt AS x ON x.id = w.interrupt
             AND w.interrupt < w.again
         JOIN sched AS y ON y.id = (SELECT min(id) FROM sched WHERE id > w.id AND id < w.interrupt) GROUP BY w.fault),
     p AS (SELECT n.fault, n.step, n.phase, count(*) AS times,
               sum(CASE WHEN n.next_insn IS NULL THEN n.until - n.ts ELSE n.next_insn - n.insn END)
                   - CASE WHEN n.step = 5 THEN coalesce(max(idle.insns), 0) ELSE 0 END AS insns
           FROM n LEFT JOIN idle ON idle.fault = n.fault GROUP BY n.fault, n.step, n.phase),
     disk AS MATERIALIZED (SELECT fault, max(class = 1) AS tree FROM d GROUP BY fault),
     cached AS MATERIALIZED (SELECT DISTINCT fault FROM t WHERE boundary = 1),
     k AS MATERIALIZED (SELECT f.id AS fault, coalesce((SELECT name FROM enum_resolution WHERE id = f.resolution), '?')
               || CASE WHEN disk.tree THEN ', tree and block from the disk' WHEN disk.fault IS NOT NULL THEN ', block from the disk'
                       WHEN cached.fault IS NOT NULL THEN ', block from the cache' ELSE '' END
               || CASE f.in_kernel WHEN 1 THEN ', for a system call' ELSE '' END AS kind
           FROM f LEFT JOIN disk ON disk.fault = f.id LEFT JOIN cached ON cached.fault = f.id),
     z AS (SELECT kind, count(*) AS n FROM k GROUP BY kind),
     s AS (SELECT k.kind, p.step, p.phase, sum(p.times) AS times, sum(p.insns) AS insns FROM p
         JOIN k ON k.fault = p.fault GROUP BY k.kind, p.step, p.phase)
SELECT s.kind, z.n * rate.nth AS faults, s.phase, round(1.0 * s.times / z.n, 2) AS times,
    CAST(round(1.0 * s.insns / z.n) AS INTEGER) AS instructions,
       round(100.0 * s.insns / sum(s.insns) OVER (PARTITION BY s.kind), 1) AS percent, rate.nth AS sampled_1_in
FROM s JOIN z ON z.kind = s.kind CROSS JOIN rate ORDER BY z.n DESC, s.kind, s.step, s.phase;

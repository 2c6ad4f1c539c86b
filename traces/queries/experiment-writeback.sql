-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: what each write of a buffer cost
-- question: What did each write from a deferred segment write, and what did it skip?
-- read: one row per write call whose buffer is in a deferred segment, in order. stores: pages that became dirty
--   since the write before; written_pages and skipped_pages (W1) are those of the call, preserved the blocks kept
--   for snapshots (W6); sectors: written to the disk since the call began and before the next one (the file system
--   writes at its commits).
WITH g AS MATERIALIZED (SELECT * FROM segment WHERE type = (SELECT id FROM enum_segment_type WHERE name = 'defer')),
     c AS (SELECT s.id, s.proc, s.a2, s.insns, s.dur, s.result, g.id AS segment, g.policy,
               coalesce(lag(s.id) OVER (PARTITION BY g.id ORDER BY s.id), g.id) AS before,
               coalesce(lead(s.id) OVER (PARTITION BY g.id ORDER BY s.id), 9223372036854775807) AS after
           FROM syscall AS s CROSS JOIN g ON g.proc = s.proc AND s.a1 >= g.base AND s.a1 < g.base + g.length
               AND s.id > g.id AND (g.dur IS NULL OR s.ts <= g.ts + g.dur)
           WHERE s.number IN (SELECT id FROM enum_syscall WHERE name IN ('pwrite', 'cwrite'))),
     t AS (SELECT t.cause, sum(t.pages) FILTER (WHERE t.boundary = 4) AS written,
               sum(t.pages) FILTER (WHERE t.boundary = 5) AS skipped, sum(t.boundary = 6) AS preserved
           FROM transfer AS t WHERE t.cause IN (SELECT id FROM c) GROUP BY t.cause)
SELECT row_number() OVER (PARTITION BY c.segment ORDER BY c.id) AS write,
       (SELECT replace(name, '_', '-') FROM enum_io_policy WHERE id = c.policy) AS policy, c.result AS bytes,
       (SELECT count(*) FROM page AS p
        WHERE p.segment = c.segment AND p."new" = 3 AND p.old <> 3 AND p.id BETWEEN c.before AND c.id) AS stores,
       coalesce(t.written, 0) AS written_pages, coalesce(t.skipped, 0) AS skipped_pages,
       coalesce(t.preserved, 0) AS preserved,
       (SELECT coalesce(sum(d.sectors), 0) FROM disk_request AS d WHERE d.op = 1 AND d.id > c.id
           AND d.id < c.after) AS sectors,
       c.insns AS instructions, c.dur AS ns
FROM c LEFT JOIN t ON t.cause = c.id ORDER BY c.segment, c.id;

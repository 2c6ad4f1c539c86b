-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: what a read and the use of it cost
-- question: What did it cost to read a file into a deferred segment, and then to use it?
-- read: one row per deferred segment that something was read into. From the first read into it to the end of the
--   process (its call of exits, or what there is): the reads and their instructions, all faults, pages that were
--   filled, sectors of 512 bytes that came from the disk (of files, of metadata), and all instructions and virtual
--   ns. What ns exceed instructions by is waiting for the disk (with --insn-ns 1).
WITH n AS (SELECT id, name FROM enum_syscall),
     g AS MATERIALIZED (SELECT * FROM segment WHERE type = (SELECT id FROM enum_segment_type WHERE name = 'defer')),
     r AS (SELECT g.id AS segment, g.policy, g.length, s.proc, min(s.id) AS first, min(s.insn) AS insn, min(s.ts) AS ts,
               count(*) AS reads, sum(s.insns) AS insns
           FROM syscall AS s CROSS JOIN g ON g.proc = s.proc AND s.a1 >= g.base AND s.a1 < g.base + g.length
               AND s.id > g.id AND (g.dur IS NULL OR s.ts <= g.ts + g.dur)
           WHERE s.number = (SELECT id FROM n WHERE name = 'pread') GROUP BY g.id),
     l AS MATERIALIZED (SELECT proc, max(id) AS id FROM syscall GROUP BY proc),
     w AS (SELECT r.*, e.id AS last, e.insn - r.insn AS all_insns, e.ts - r.ts AS all_ns
           FROM r JOIN l ON l.proc = r.proc JOIN syscall AS e ON e.id = l.id)
SELECT (SELECT replace(name, '_', '-') FROM enum_io_policy WHERE id = w.policy) AS policy,
       (w.length + 4095) / 4096 AS pages, w.reads, w.insns AS read_instructions,
       (SELECT count(*) FROM fault WHERE id BETWEEN w.first AND w.last) AS faults,
       (SELECT count(*) FROM fill WHERE segment = w.segment) AS fills,
       (SELECT count(*) FROM disk_request WHERE op = 0 AND id BETWEEN w.first AND w.last) AS requests,
       (SELECT coalesce(sum(sectors), 0) FROM disk_request
        WHERE op = 0 AND class = 0 AND id BETWEEN w.first AND w.last) AS data_sectors,
       (SELECT coalesce(sum(sectors), 0) FROM disk_request
        WHERE op = 0 AND class = 1 AND id BETWEEN w.first AND w.last) AS meta_sectors,
       w.all_insns AS instructions, w.all_ns AS ns
FROM w ORDER BY w.segment;

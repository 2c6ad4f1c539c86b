-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: what a child costs that inherits a read
-- question: What did each process pay for the pages of deferred segments, and what did fork cost?
-- read: one row per process. forks and their mean instructions; then the faults of the process in deferred
--   segments: filled (from the snapshot), remapped (the page was there), copied or reused (a store into a page that
--   fork shared), detached. cache_hits and disk_blocks: blocks that its fills found in the cache, or read.
WITH f AS (SELECT f.proc, count(*) AS n, sum(f.resolution = 2) AS filled, sum(f.resolution = 3) AS remapped,
               sum(f.resolution IN (4, 5)) AS copied, sum(f.resolution = 6) AS detached
           FROM fault AS f JOIN segment AS s ON s.id = f.segment
           WHERE s.type = (SELECT id FROM enum_segment_type WHERE name = 'defer') GROUP BY f.proc),
     t AS (SELECT t.proc, sum(t.boundary = 1) AS hits, sum(t.boundary = 0) AS disk
           FROM transfer AS t JOIN fill AS i ON i.id = t.cause JOIN segment AS s ON s.id = i.segment
           WHERE t.class = 0 AND t.output = 0 AND s.type = (SELECT id FROM enum_segment_type
               WHERE name = 'defer') GROUP BY t.proc),
     y AS (SELECT proc, count(*) AS n, CAST(avg(insns) AS INTEGER) AS insns FROM syscall
           WHERE number = (SELECT id FROM enum_syscall WHERE name = 'rfork') AND result > 0 GROUP BY proc)
SELECT p.pid, (SELECT pid FROM process WHERE id = p.parent) AS parent, coalesce(y.n, 0) AS forks,
    y.insns AS fork_instructions,
       coalesce(f.n, 0) AS faults, coalesce(f.filled, 0) AS filled, coalesce(f.remapped, 0) AS remapped,
       coalesce(f.copied, 0) AS copied, coalesce(f.detached, 0) AS detached,
       coalesce(t.hits, 0) AS cache_hits, coalesce(t.disk, 0) AS disk_blocks
FROM process AS p LEFT JOIN f ON f.proc = p.id LEFT JOIN t ON t.proc = p.id LEFT JOIN y ON y.proc = p.id ORDER BY p.id;

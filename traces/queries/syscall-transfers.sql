-- SPDX-License-Identifier: GPL-2.0-only
-- title: What each system call moved
-- question: How many bytes did the system calls move over each boundary, and how many did faults move outside of them?
-- param proc (id): only on behalf of this process; default: all
-- read: one row per system call that moved anything, and `(page fault)`, `(commit)`, `(kernel)` for what happened in no
--   call. A transfer belongs to the call at the end of its chain of causes: transfer, fill, fault or commit, call.
--   copied: by fills, eager: by conventional reads, cache: found in the block cache, skipped: writes that moved nothing
--   (W1), preserved: kept for snapshots (W6), lent: frames of the cache shared in place of a copy (R11).
WITH f AS (SELECT f.id, s.number FROM syscall AS s CROSS JOIN fault AS f ON f.cause = s.id),
     c AS (SELECT c.id, s.number FROM "commit" AS c LEFT JOIN syscall AS s ON s.id = c.cause),
     i AS (SELECT i.id, s.number FROM syscall AS s CROSS JOIN fill AS i ON i.cause = s.id
           UNION ALL SELECT i.id, f.number FROM f CROSS JOIN fill AS i ON i.cause = f.id),
     l(id, number) AS ( -- whatever can be the cause of a transfer, and is not a fault of user code; -1: a commit of its own
         SELECT id, number FROM syscall UNION ALL SELECT id, number FROM f UNION ALL SELECT id, number FROM i
         UNION ALL SELECT id, coalesce(number, -1) FROM c UNION ALL SELECT 0, -2),
     moved AS MATERIALIZED (
         SELECT l.number, t.boundary, t.output, sum(t.bytes) AS bytes FROM l CROSS JOIN transfer AS t ON t.cause = l.id
         WHERE :proc IS NULL OR t.proc = :proc GROUP BY l.number, t.boundary, t.output),
     r AS (SELECT CASE number WHEN -1 THEN '(commit)' WHEN -2 THEN '(kernel)'
                  ELSE coalesce((SELECT name FROM enum_syscall WHERE id = number), number) END AS syscall,
                  boundary, output, bytes FROM moved
           UNION ALL SELECT '(page fault)', boundary, output, sum(bytes) FROM ( -- all the rest
               SELECT boundary, output, sum_bytes AS bytes FROM transfer_total WHERE :proc IS NULL OR proc = :proc
               UNION ALL SELECT boundary, output, -bytes FROM moved) GROUP BY boundary, output HAVING sum(bytes) <> 0)
SELECT syscall,
       coalesce(sum(bytes) FILTER (WHERE boundary = 0 AND output = 0), 0) AS disk_read,
       coalesce(sum(bytes) FILTER (WHERE boundary = 0 AND output = 1), 0) AS disk_written,
       coalesce(sum(bytes) FILTER (WHERE boundary = 1), 0) AS cache,
       coalesce(sum(bytes) FILTER (WHERE boundary = 2), 0) AS copied,
       coalesce(sum(bytes) FILTER (WHERE boundary = 8), 0) AS lent,
       coalesce(sum(bytes) FILTER (WHERE boundary = 3), 0) AS eager,
       coalesce(sum(bytes) FILTER (WHERE boundary = 4), 0) AS written,
       coalesce(sum(bytes) FILTER (WHERE boundary = 5), 0) AS skipped,
       coalesce(sum(bytes) FILTER (WHERE boundary = 6), 0) AS preserved,
       coalesce(sum(bytes) FILTER (WHERE boundary = 7 AND output = 0), 0) AS swapped_in,
       coalesce(sum(bytes) FILTER (WHERE boundary = 7 AND output = 1), 0) AS swapped_out
FROM r GROUP BY syscall ORDER BY syscall LIKE '(%', syscall;

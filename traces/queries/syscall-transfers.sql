-- SPDX-License-Identifier: GPL-2.0-only
-- title: What each system call moved
-- question: How many bytes did the system calls move over each boundary, and how many did faults move outside of them?
-- param proc (id): only on behalf of this process; default: all
-- read: one row per system call that moved anything, and `(page fault)`, `(commit)`, `(kernel)` for what happened in no
--   call. A transfer belongs to the call at the end of its chain of causes: transfer, fill, fault or commit, call.
--   copied: by fills, eager: by conventional reads, cache: found in the block cache, skipped: writes that moved nothing
--   (W1), preserved: kept for snapshots (W6), lent: frames of the cache shared in place of a copy (R11).
WITH t AS (SELECT cause, boundary, output, sum(bytes) AS bytes FROM transfer
           WHERE :proc IS NULL OR proc = :proc GROUP BY cause, boundary, output),
     a AS (SELECT t.boundary, t.output, t.bytes, fi.id AS fill, coalesce(fi.cause, t.cause) AS cause
           FROM t LEFT JOIN fill AS fi ON fi.id = t.cause),
     b AS (SELECT a.boundary, a.output, a.bytes, f.id AS fault, c.id AS "commit",
                  coalesce(f.cause, c.cause, a.cause) AS cause
           FROM a LEFT JOIN fault AS f ON f.id = a.cause LEFT JOIN "commit" AS c ON c.id = a.cause),
     r AS (SELECT CASE WHEN s.id IS NOT NULL THEN coalesce((SELECT name FROM enum_syscall WHERE id = s.number), s.number)
                       WHEN b.fault IS NOT NULL THEN '(page fault)' WHEN b."commit" IS NOT NULL THEN '(commit)'
                       ELSE '(kernel)' END AS syscall, b.boundary, b.output, b.bytes
           FROM b LEFT JOIN syscall AS s ON s.id = b.cause)
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

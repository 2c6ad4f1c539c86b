-- SPDX-License-Identifier: GPL-2.0-only
-- title: Files: asked for, transferred, touched
-- question: How much of each file was asked for, how much of that was moved, and how much was used?
-- param sample (count): count the touched pages of one page in so many, and multiply; default: 1 up to a million fills
-- read: one row per file. asked_bytes: what reads returned; disk_bytes: read from the disk; cache_bytes: found in the
--   block cache; touched_bytes: pages of it that fills brought (copied, lent or mapped) to where a program touched them,
--   each counted once (conventional reads move everything, so they say nothing of what is used; --fill-around brings
--   neighbours, too); eager_bytes: copied by conventional reads; written, skipped (W1) and preserved (W6) bytes on the
--   side of writes. With sampled_1_in above 1, touched_bytes is uncertain by about 100 / sqrt(pages counted) percent. Path / is the file system's own blocks (qid 0).
WITH asked AS (
         SELECT s.result AS bytes, coalesce(
             (SELECT n.file FROM source AS o JOIN snapshot AS n ON n.id = o.snapshot
              WHERE o.cause = s.id AND o.kind = 1 LIMIT 1),
             (SELECT e.file FROM transfer AS e
              WHERE e.cause = s.id AND e.boundary = 3 AND e.class = 0 AND e.file <> 0 LIMIT 1),
             (SELECT f.qid FROM source AS o CROSS JOIN file AS f JOIN syscall AS c ON c.id = f.cause -- of no snapshot: who opened it
              WHERE o.cause = s.id AND o.kind IN (3, 4) AND f.id < s.id AND c.proc = s.proc AND c.result = s.a0
              ORDER BY f.id DESC LIMIT 1)) AS qid
         FROM syscall AS s WHERE s.number = (SELECT id FROM enum_syscall WHERE name = 'pread') AND s.result > 0),
     a AS (SELECT qid, count(*) AS reads, sum(bytes) AS bytes FROM asked WHERE qid IS NOT NULL GROUP BY qid),
     t AS (SELECT file AS qid,
               sum(sum_bytes) FILTER (WHERE boundary = 0 AND output = 0) AS disk,
               sum(sum_bytes) FILTER (WHERE boundary = 1) AS cache,
               sum(sum_bytes) FILTER (WHERE boundary = 3) AS eager,
               sum(sum_bytes) FILTER (WHERE boundary = 4) AS written,
               sum(sum_bytes) FILTER (WHERE boundary = 5) AS skipped,
               sum(sum_bytes) FILTER (WHERE boundary = 6) AS preserved
           FROM transfer_total GROUP BY file),
     w AS MATERIALIZED (SELECT max(1, coalesce(:sample, (sum(events) + 999999) / 1000000, 1)) AS nth
                        FROM transfer_total WHERE boundary IN (2, 8, 11)),
     u AS (SELECT e.file AS qid, w.nth * count(DISTINCT e.offset / 4096) * 4096 AS touched
           FROM w CROSS JOIN transfer AS e
           WHERE e.boundary IN (2, 8, 11) AND (e.offset / 4096 * 2654435761 >> 16 & 0xffffff) % w.nth = 0 GROUP BY e.file),
     q AS (SELECT qid FROM a UNION SELECT qid FROM t UNION SELECT qid FROM file)
SELECT q.qid,
       CASE q.qid WHEN 0 THEN '/' ELSE coalesce((SELECT name FROM file_view WHERE qid = q.qid ORDER BY id LIMIT 1),
           (SELECT name FROM program_view WHERE file = q.qid ORDER BY id LIMIT 1)) END AS path,
       coalesce(a.reads, 0) AS reads,
       coalesce(a.bytes, 0) AS asked_bytes,
       coalesce(t.disk, 0) AS disk_bytes,
       coalesce(t.cache, 0) AS cache_bytes,
       coalesce(u.touched, 0) AS touched_bytes,
       coalesce(t.eager, 0) AS eager_bytes,
       coalesce(t.written, 0) AS written_bytes,
       coalesce(t.skipped, 0) AS skipped_bytes,
       coalesce(t.preserved, 0) AS preserved_bytes, w.nth AS sampled_1_in
FROM w CROSS JOIN q LEFT JOIN a ON a.qid = q.qid LEFT JOIN t ON t.qid = q.qid LEFT JOIN u ON u.qid = q.qid
ORDER BY asked_bytes DESC, q.qid;

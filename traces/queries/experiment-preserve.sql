-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: which writes paid for a pending read
-- question: For which writes did the file system have to keep the old block, and did it keep it once?
-- read: one row per place of the writes: `range` is what was read into a deferred segment, `file` the rest of that
--   file, `other` any other file. writes: write calls; pages: pages that they wrote; blocks: different blocks among
--   these; preserved: blocks kept for snapshots (W6: at most once per block and generation).
WITH o AS MATERIALIZED (SELECT n.file, min(o.offset) AS first, max(o.offset + o.length) AS last
           FROM source AS o JOIN snapshot AS n ON n.id = o.snapshot JOIN segment AS s ON s.id = o.segment
           WHERE o.kind = 1 AND s.type = (SELECT id FROM enum_segment_type WHERE name = 'defer') GROUP BY n.file),
     t AS (SELECT t.*, coalesce((SELECT CASE WHEN t.offset < o.last AND t.offset + t.bytes > o.first THEN 'range'
               ELSE 'file' END FROM o WHERE o.file = t.file), 'other') AS place
           FROM transfer AS t WHERE t.boundary IN (4, 6) AND t.class = 0 AND t.file <> 0)
SELECT place, count(DISTINCT cause) FILTER (WHERE boundary = 4) AS writes,
       coalesce(sum((bytes + 4095) / 4096) FILTER (WHERE boundary = 4), 0) AS pages,
       count(DISTINCT file * 4294967296 + offset / 4096) FILTER (WHERE boundary = 4) AS blocks,
       count(*) FILTER (WHERE boundary = 6) AS preserved
FROM t GROUP BY place ORDER BY place DESC;

-- SPDX-License-Identifier: GPL-2.0-only
-- title: Segments and what happened in them
-- question: Which segments were there, and how much of each was touched, filled and dirtied?
-- read: one row per segment, oldest first. sources: reads, and writes back (W4), of any length, that became part of its
--   source map. filled_bytes: copied into its pages by fills, lent or mapped; stored_pages: pages that became dirty, each
--   time counted. life_ns is empty if it had not ended.
WITH f AS (SELECT segment, sum(events) AS n FROM fault_total GROUP BY segment),
     fi AS (SELECT segment, count(*) AS n FROM fill GROUP BY segment),
     o AS (SELECT segment, count(*) AS n, sum(length) AS bytes FROM source WHERE kind IN (1, 3, 4) GROUP BY segment),
     t AS (SELECT segment, sum(sum_bytes) AS bytes FROM transfer_total WHERE boundary IN (2, 8, 11) GROUP BY segment),
     g AS (SELECT segment, sum(events) AS n FROM page_total WHERE "new" = 3 AND old <> 3 GROUP BY segment)
SELECT s.id, s.proc_pid AS pid, s.proc_name AS program, s.type, s.policy, s.base, s.length, s.parent, s.dur AS life_ns,
       coalesce(o.n, 0) AS sources, coalesce(o.bytes, 0) AS source_bytes, coalesce(f.n, 0) AS faults,
       coalesce(fi.n, 0) AS fills, coalesce(t.bytes, 0) AS filled_bytes, coalesce(g.n, 0) AS stored_pages
FROM segment_view AS s
LEFT JOIN f ON f.segment = s.id LEFT JOIN fi ON fi.segment = s.id LEFT JOIN o ON o.segment = s.id
LEFT JOIN t ON t.segment = s.id LEFT JOIN g ON g.segment = s.id
ORDER BY s.id;

-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: how much was resident when superpages were made
-- question: How many pages of its segment were resident when each superpage was made?
-- read: one row per superpage (--superpages on), in the order in which they were made. pages: of the segment;
--   resident: those that were resident then (group segment); nth: which superpage of its segment it was; writable: 1,
--   all of its pages are the segment's own. ended: why it is no more; life_ns is empty if the run ended first.
WITH s AS MATERIALIZED (SELECT DISTINCT segment FROM superpage),
     c AS (SELECT segment, id, (new IN (2, 3)) - (old IN (2, 3)) AS more, 0 AS made FROM page
           WHERE segment IN (SELECT segment FROM s) UNION ALL SELECT segment, id, 0, 1 FROM superpage),
     r AS (SELECT id, made, sum(more) OVER w AS resident, sum(made) OVER w AS nth FROM c
           WINDOW w AS (PARTITION BY segment ORDER BY id))
SELECT p.id, p.segment, (g.length + 4095) / 4096 AS pages, r.resident, r.nth, p.writable, p.dur AS life_ns,
       coalesce((SELECT name FROM enum_demotion WHERE id = p.why), '(lasts)') AS ended
FROM r JOIN superpage AS p ON p.id = r.id JOIN segment AS g ON g.id = p.segment WHERE r.made ORDER BY p.id;

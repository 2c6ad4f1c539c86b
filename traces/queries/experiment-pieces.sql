-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: reads and the pieces of pages that they leave
-- question: How many pages of a deferred segment were really deferred, from how many pieces were they composed, and
--   how many snapshots did that take?
-- read: one row per deferred segment. deferred_bytes: associated with a snapshot by reads; eager_bytes: copied at
--   the call (fragments of pages, settled pages, other policies). sources: insertions into the source map;
--   snapshots: different ones among them. fills: pages composed when they were touched, with the mean and the
--   greatest number of pieces; blocks: file blocks that were copied or lent for them.
WITH g AS (SELECT * FROM segment WHERE type = (SELECT id FROM enum_segment_type WHERE name = 'defer')),
     o AS (SELECT segment, count(*) AS n, count(DISTINCT snapshot) AS snapshots, sum(length) AS bytes
           FROM source WHERE kind = 1 GROUP BY segment),
     e AS (SELECT segment, sum(bytes) AS bytes FROM transfer WHERE boundary = 3 GROUP BY segment),
     f AS (SELECT segment, count(*) AS n, avg(pieces) AS mean, max(pieces) AS most FROM fill GROUP BY segment),
     c AS (SELECT segment, count(*) AS n, sum(bytes) AS bytes FROM transfer WHERE boundary IN (2, 8) GROUP BY segment)
SELECT (SELECT replace(name, '_', '-') FROM enum_io_policy WHERE id = g.policy) AS policy,
       coalesce(o.n, 0) AS sources, coalesce(o.snapshots, 0) AS snapshots,
       coalesce(o.bytes, 0) AS deferred_bytes, coalesce(e.bytes, 0) AS eager_bytes,
       coalesce(f.n, 0) AS fills, round(f.mean, 2) AS mean_pieces, f.most AS most_pieces,
       coalesce(c.n, 0) AS blocks, coalesce(c.bytes, 0) AS filled_bytes
FROM g LEFT JOIN o ON o.segment = g.id LEFT JOIN e ON e.segment = g.id LEFT JOIN f ON f.segment = g.id
LEFT JOIN c ON c.segment = g.id ORDER BY g.id;

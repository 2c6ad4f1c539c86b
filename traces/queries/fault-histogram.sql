-- SPDX-License-Identifier: GPL-2.0-only
-- title: A histogram of the times of page faults
-- question: Which times do page faults take, for each way to resolve them?
-- param proc (id): only faults of this process; default: all
-- read: one row per resolution and power of two of virtual ns that occurred: from_ns <= time < below_ns. percent is of
--   the faults of that resolution; one character of `bar` is 2 percent. Several humps are several causes: the block was
--   in the cache or on the disk, the disk was idle or busy, memory was free or a page had to go first.
WITH d AS MATERIALIZED (
         SELECT resolution, dur, sum(events) AS n FROM fault_time_total
         WHERE dur IS NOT NULL AND (:proc IS NULL OR proc = :proc) GROUP BY resolution, dur),
     p AS (SELECT resolution, dur, n, 1 << 4 * (length(printf('%x', dur)) - 1) AS power FROM d), -- of 16, no greater than dur
     h AS (SELECT resolution, power * CASE WHEN dur >= 8 * power THEN 8 WHEN dur >= 4 * power THEN 4
                                           WHEN dur >= 2 * power THEN 2 ELSE 1 END AS low, sum(n) AS n
           FROM p GROUP BY 1, 2)
SELECT coalesce(r.name, h.resolution) AS resolution, h.low AS from_ns, h.low * 2 AS below_ns, h.n AS faults,
       round(100.0 * h.n / sum(h.n) OVER (PARTITION BY h.resolution), 1) AS percent,
       substr('##################################################', 1,
              50 * h.n / sum(h.n) OVER (PARTITION BY h.resolution)) AS bar
FROM h LEFT JOIN enum_resolution AS r ON r.id = h.resolution ORDER BY h.resolution, h.low;

-- SPDX-License-Identifier: GPL-2.0-only
-- title: How long page faults take
-- question: How is the time of page faults distributed, for each way to resolve them?
-- param proc (id): only faults of this process; default: all
-- read: one row per resolution, the most common first, and one for all. Times are virtual ns from the trap to the
--   return. p50 is the median: half of the faults took no longer; p99 leaves out one in a hundred. Percentiles are times
--   that occurred (nearest rank), not interpolated. Query fault-histogram shows the shape.
WITH d AS MATERIALIZED (
         SELECT resolution, dur, sum(events) AS n FROM fault_time_total
         WHERE dur IS NOT NULL AND (:proc IS NULL OR proc = :proc) GROUP BY resolution, dur),
     b AS (SELECT resolution AS kind, dur, n FROM d UNION ALL SELECT -1, dur, sum(n) FROM d GROUP BY dur),
     c AS (SELECT kind, dur, n, sum(n) OVER (PARTITION BY kind ORDER BY dur) AS upto, sum(n) OVER (PARTITION BY kind) AS of
           FROM b)
SELECT CASE kind WHEN -1 THEN '(all)' ELSE coalesce((SELECT name FROM enum_resolution WHERE id = kind), kind) END
           AS resolution,
       sum(n) AS faults, sum(n * dur) AS total_ns, sum(n * dur) / sum(n) AS mean_ns, min(dur) AS min_ns,
       min(dur) FILTER (WHERE upto * 2 >= of) AS p50_ns,
       min(dur) FILTER (WHERE upto * 10 >= of * 9) AS p90_ns,
       min(dur) FILTER (WHERE upto * 100 >= of * 99) AS p99_ns,
       min(dur) FILTER (WHERE upto * 1000 >= of * 999) AS p999_ns,
       max(dur) AS max_ns
FROM c GROUP BY kind ORDER BY kind = -1, faults DESC, kind;

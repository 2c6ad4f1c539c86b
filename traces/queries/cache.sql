-- SPDX-License-Identifier: GPL-2.0-only
-- title: The block cache over the run
-- question: How large was the block cache, how often did it have what was asked for, and what did it write early?
-- param window (ns): length of a stretch of virtual time; default: a fiftieth of the run, but no less than 1 ms
-- read: one row per stretch in which the cache told of itself (commits, frames given up, the end); counts are of the
--   time since the row before. hit_percent: of the data blocks and metadata blocks asked for; ahead: blocks read before
--   they were asked for; blocks_per_write: how well neighbours went out together.
WITH w AS MATERIALIZED (SELECT max(1, coalesce(:window, max(1000000, (virtual_ns + 49) / 50))) AS ns FROM run),
     c AS (SELECT max(id) AS newest FROM w CROSS JOIN cache GROUP BY ts / w.ns),
     d AS (SELECT id, ts / w.ns * w.ns AS from_ns, frames, dirty,
                  hits + meta_hits - lag(hits + meta_hits, 1, 0) OVER o AS hits,
                  misses - lag(misses, 1, 0) OVER o AS misses, ahead - lag(ahead, 1, 0) OVER o AS ahead,
                  evicted - lag(evicted, 1, 0) OVER o AS evicted, written - lag(written, 1, 0) OVER o AS written,
                  writes - lag(writes, 1, 0) OVER o AS writes
           FROM w CROSS JOIN c JOIN cache ON cache.id = c.newest WINDOW o AS (ORDER BY id))
SELECT from_ns, frames, dirty, hits, misses, ahead, round(100.0 * hits / nullif(hits + misses, 0), 1) AS hit_percent, evicted,
       written, writes, round(1.0 * written / nullif(writes, 0), 1) AS blocks_per_write
FROM d ORDER BY id;

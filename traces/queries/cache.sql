-- SPDX-License-Identifier: GPL-2.0-only
-- title: The block cache over the run
-- question: How large was the block cache, how often did it have what was asked for, and what did it write early?
-- read: one row per virtual millisecond in which the cache told of itself (commits, frames given up, the end); counts are
--   of that time. hit_percent: of the data blocks and metadata blocks asked for; ahead: blocks read before they were asked for;
--   blocks_per_write: how well neighbours went out together.
WITH c AS (SELECT ts / 1000000 AS ms, frames, dirty, hits + meta_hits AS hits, misses, ahead, evicted, written, writes,
                  row_number() OVER (PARTITION BY ts / 1000000 ORDER BY id DESC) AS newest, id
           FROM cache),
     d AS (SELECT ms, frames, dirty, hits - lag(hits, 1, 0) OVER w AS hits, misses - lag(misses, 1, 0) OVER w AS misses,
                  ahead - lag(ahead, 1, 0) OVER w AS ahead, evicted - lag(evicted, 1, 0) OVER w AS evicted,
                  written - lag(written, 1, 0) OVER w AS written, writes - lag(writes, 1, 0) OVER w AS writes
           FROM c WHERE newest = 1 WINDOW w AS (ORDER BY id))
SELECT ms, frames, dirty, hits, misses, ahead, round(100.0 * hits / nullif(hits + misses, 0), 1) AS hit_percent, evicted,
       written, writes, round(1.0 * written / nullif(writes, 0), 1) AS blocks_per_write
FROM d ORDER BY ms;

-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: file blocks that one fault brings
-- question: How many blocks of the file does a fault read when the buffer or the offset is not aligned?
-- read: one row per number of blocks (copied from, or lent by, the cache) that a fill of a page of a deferred
--   segment needed; fills: how many did; disk_blocks: those blocks among them that came from the disk for these
--   fills, the others were in the cache. With one piece per page there are at most 2 (R5).
WITH f AS (SELECT f.id, f.pieces FROM fill AS f JOIN segment AS s ON s.id = f.segment
           WHERE s.type = (SELECT id FROM enum_segment_type WHERE name = 'defer')),
     b AS (SELECT f.id, f.pieces, count(*) FILTER (WHERE t.boundary IN (2, 8)) AS blocks,
               coalesce(sum(t.bytes) FILTER (WHERE t.boundary = 0 AND t.class = 0), 0) / 4096 AS disk
           FROM f LEFT JOIN transfer AS t ON t.cause = f.id GROUP BY f.id)
SELECT blocks, pieces, count(*) AS fills, sum(disk) AS disk_blocks FROM b GROUP BY blocks, pieces ORDER BY blocks,
    pieces;

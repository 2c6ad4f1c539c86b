-- SPDX-License-Identifier: GPL-2.0-only
-- title: Bytes by the boundary that they crossed
-- question: Which bytes moved between disk, cache, memory and swap, and which were spared?
-- read: one row per boundary (enum_boundary), class of block and direction. `skip` did not move: a write that the
--   file already held; `cache` was found in memory and needed no disk request. pages: whole pages among the bytes.
SELECT coalesce(b.name, t.boundary) AS boundary,
       coalesce(c.name, t.class) AS class,
       CASE t.output WHEN 1 THEN 'out' ELSE 'in' END AS direction,
       sum(t.events) AS transfers,
       sum(t.sum_bytes) AS bytes,
       sum(t.sum_pages) AS pages
FROM transfer_total AS t
LEFT JOIN enum_boundary AS b ON b.id = t.boundary
LEFT JOIN enum_block_class AS c ON c.id = t.class
GROUP BY t.boundary, t.class, t.output
ORDER BY t.boundary, t.class, t.output;

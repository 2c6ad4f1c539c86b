-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: a foreign writer while a read is pending
-- question: What did each policy do about a writer that came between a read and the use of it?
-- read: one row per deferred segment that was not inherited by fork, that is, per policy. pending: pages that were
--   associated with the file after the last read into it and not yet resident when the next write of that file
--   began; late_fills: fills after that write; kind: what fills come from (snapshot: the bytes of the read; live,
--   mapping: the file as it is now); preserved: blocks that writers had to keep while the segment lived.
WITH g AS MATERIALIZED (SELECT *, ts + coalesce(dur, 9223372036854775807 - ts) AS until FROM segment
           WHERE type = (SELECT id FROM enum_segment_type WHERE name = 'defer')),
     o AS (SELECT g.id AS segment, max(o.id) AS source FROM g JOIN source AS o ON o.segment = g.id
           WHERE o.kind IN (1, 3, 4) GROUP BY g.id),
     s AS (SELECT g.id AS segment, max(s.id) AS read FROM syscall AS s CROSS JOIN g ON s.proc = g.proc AND s.id > g.id
               AND s.a1 >= g.base AND s.a1 < g.base + g.length AND s.ts <= g.until
           WHERE s.number = (SELECT id FROM enum_syscall WHERE name = 'pread') GROUP BY g.id),
     w AS MATERIALIZED (SELECT s.segment, min(t.id) AS write FROM s JOIN g ON g.id = s.segment
         JOIN transfer AS t ON t.id > s.read AND t.boundary = 4 AND t.class = 0
           AND t.file <> 0 AND t.ts <= g.until GROUP BY s.segment),
     late AS MATERIALIZED (SELECT w.segment, count(*) AS n FROM fill AS f CROSS JOIN w ON w.segment = f.segment
         WHERE f.id > w.write GROUP BY w.segment),
     kept AS MATERIALIZED (SELECT ts FROM transfer WHERE boundary = 6)
SELECT (SELECT replace(name, '_', '-') FROM enum_io_policy WHERE id = g.policy) AS policy,
       coalesce((SELECT k.name FROM source AS x JOIN enum_source_kind AS k ON k.id = x.kind WHERE x.id = o.source),
           'own') AS kind,
       coalesce((SELECT (x.length + 4095) / 4096 - (SELECT count(DISTINCT p.va) FROM page AS p WHERE p.segment = g.id
           AND p."new" IN (2, 3) AND p.id > x.id AND p.id < w.write AND p.va >= x.va AND p.va < x.va + x.length)
        FROM source AS x WHERE x.id = o.source), 0) AS pending,
       coalesce(late.n, 0) AS late_fills,
       (SELECT count(*) FROM kept WHERE ts BETWEEN g.ts AND g.until) AS preserved
FROM g LEFT JOIN o ON o.segment = g.id LEFT JOIN s ON s.segment = g.id LEFT JOIN w ON w.segment = g.id LEFT JOIN late ON late.segment = g.id
WHERE g.parent = 0
ORDER BY g.id;

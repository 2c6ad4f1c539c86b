-- SPDX-License-Identifier: GPL-2.0-only
-- title: Ranges of segments and where their bytes come from
-- question: Which ranges were associated with a file, by which call?
-- param limit: how many, the longest first; default: all
-- read: one row per source of a segment, the longest first. first, pages: the pages that the range overlaps.
SELECT o.id, o.ts, o.segment, o.kind,
       ((o.va >> 12) & 0xfffffffffffff) - ((s.base >> 12) & 0xfffffffffffff) AS first,
       ((o.va & 4095) + o.length + 4095) >> 12 AS pages, o.cause
FROM source AS o JOIN segment AS s ON s.id = o.segment
WHERE o.kind <> 0
ORDER BY o.length DESC, o.id LIMIT coalesce(:limit, -1);

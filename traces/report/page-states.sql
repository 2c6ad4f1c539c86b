-- SPDX-License-Identifier: GPL-2.0-only
-- title: Where the pages were
-- question: In which state was each page, and when did that change?
-- read: one row per change of state, oldest first. old, new: enum_page_state; page: number of the page in its segment.
--   A page keeps its state until the next row of it, or until its segment ends. Pages that no row names
--   are as the sources of their segment say (the ranges shown as sourced), or empty.
SELECT p.id, p.ts, p.segment,
       ((p.va >> 12) & 0xfffffffffffff) - ((coalesce(s.base, 0) >> 12) & 0xfffffffffffff) AS page, p.old, p."new"
FROM page AS p LEFT JOIN segment AS s ON s.id = p.segment
ORDER BY p.id;

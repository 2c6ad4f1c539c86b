-- SPDX-License-Identifier: GPL-2.0-only
-- title: TLB hits and misses
-- question: How often did the TLB model of --tlb hit, miss and walk?
-- read: one row per kind of access. miss_per_million: misses of the first level per million accesses; second: misses
--   that the second level had; walks: the others, of which `refused` ended in a fault; refs_per_walk: entries of page
--   tables that a walk read; again: further walks for a right (D, mostly). No rows: the run had no --tlb.
SELECT e.name AS access, t.accesses, t.misses, round(t.misses * 1e6 / nullif(t.accesses, 0), 1) AS miss_per_million,
       t.second, t.walks, t.refused, round(t.refs * 1.0 / nullif(t.walks + t.again, 0), 2) AS refs_per_walk,
       t.again, t.evictions
FROM tlb_total AS t JOIN enum_access AS e ON e.id = t.access ORDER BY t.access;

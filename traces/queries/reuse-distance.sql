-- SPDX-License-Identifier: GPL-2.0-only
-- title: Reuse distances
-- question: How many other pages were asked for between two requests for the same page?
-- param proc (id): only faults of this process; default: all
-- param sample (count): look at one page in so many; default: as many as need not be left out
-- param limit (count): look at so many faults of these pages at most, the first; default: 4000
-- read: one row per power of two; the reuse distance of a fault is the number of different pages between it and the
--   last one on the same page, `(first)` if there is none. A memory of more pages than that, replaced in order of last
--   use, would have held the page. The references are the faults, since a trace has no others: accesses to a page that
--   is mapped leave no row, so distances are those of what memory did NOT hold. With `sampled_1_in` above 1 the pages
--   are a sample by a hash of their address, and distances are counted in the sample and multiplied (SHARDS,
--   Waldspurger et al., FAST 2015). A percentage is then uncertain by about 100 / sqrt(pages in the sample), at most 12
--   (64 pages). percent_of_run: faults behind the limit were not looked at; 100: all were.
@include references
     power(low, high) AS (SELECT 0, 1 UNION ALL SELECT high, high * 2 FROM power
                          WHERE high <= (SELECT max(d) FROM distance)),
     bucket AS (SELECT p.low, p.high, count(d.d) AS faults FROM power AS p
                LEFT JOIN distance AS d ON d.d >= p.low AND d.d < p.high GROUP BY p.low
                UNION ALL SELECT NULL, NULL, count(*) FROM last WHERE before IS NULL)
SELECT CASE WHEN low IS NULL THEN '(first)' WHEN high = low + 1 THEN low ELSE low || '-' || (high - 1) END AS pages,
       faults, round(100.0 * faults / max(1, (SELECT count(*) FROM ref)), 2) AS percent,
       (SELECT n FROM rate) AS sampled_1_in, (SELECT percent FROM part) AS percent_of_run
FROM bucket ORDER BY low IS NULL, low;

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
--   Waldspurger et al., FAST 2015).
WITH size AS MATERIALIZED (
         SELECT (SELECT sum(events) FROM fault_total) AS faults,
                (SELECT count(DISTINCT segment << 40 | (va >> 12 & 0xffffffffff))
                 FROM (SELECT segment, va FROM fault LIMIT 100000)) AS pages),
     rate AS MATERIALIZED (
         SELECT max(1, coalesce(:sample, min((faults + 3999) / 4000, pages / 64), 1)) AS n FROM size),
     ref AS MATERIALIZED (
         SELECT row_number() OVER (ORDER BY id) AS n, page FROM (
             SELECT f.id, f.segment << 40 | (f.va >> 12 & 0xffffffffff) AS page FROM rate CROSS JOIN fault AS f
             WHERE f.resolution BETWEEN 1 AND 7 AND (:proc IS NULL OR f.proc = :proc)
               AND ((f.va >> 12) * 2654435761 + f.segment * 40503 >> 16 & 0xffffff) % rate.n = 0
             ORDER BY f.id LIMIT coalesce(:limit, 4000))),
     last AS MATERIALIZED (SELECT n, lag(n) OVER (PARTITION BY page ORDER BY n) AS before FROM ref),
     distance AS MATERIALIZED ( -- pages between two: those whose first reference between is here
         SELECT rate.n * (SELECT count(*) FROM last AS b
                          WHERE b.n < a.n AND b.n > a.before AND coalesce(b.before, 0) < a.before) AS d
         FROM rate CROSS JOIN last AS a WHERE a.before IS NOT NULL),
     power(low, high) AS (SELECT 0, 1 UNION ALL SELECT high, high * 2 FROM power
                          WHERE high <= (SELECT max(d) FROM distance)),
     bucket AS (SELECT p.low, p.high, count(d.d) AS faults FROM power AS p
                LEFT JOIN distance AS d ON d.d >= p.low AND d.d < p.high GROUP BY p.low
                UNION ALL SELECT NULL, NULL, count(*) FROM last WHERE before IS NULL)
SELECT CASE WHEN low IS NULL THEN '(first)' WHEN high = low + 1 THEN low ELSE low || '-' || (high - 1) END AS pages,
       faults, round(100.0 * faults / max(1, (SELECT count(*) FROM ref)), 2) AS percent,
       (SELECT n FROM rate) AS sampled_1_in
FROM bucket ORDER BY low IS NULL, low;

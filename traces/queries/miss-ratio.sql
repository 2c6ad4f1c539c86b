-- SPDX-License-Identifier: GPL-2.0-only
-- title: The miss-ratio curve
-- question: Which share of the page faults would be left with a memory of so many pages?
-- param proc (id): only faults of this process; default: all
-- param sample (count): look at one page in so many; default: as many as need not be left out
-- param limit (count): look at so many faults of these pages at most, the first; default: 4000
-- read: one row per size of a memory that replaces the page that was not used for longest (Mattson et al., 1970).
--   misses: references that would miss, first ones among them. BIASED: the references are the faults of this run, since
--   a trace has no others. What memory held during the run is missing from them, so the curve is too high on its left
--   and exact only if every access faulted. `sampled_1_in` as in query reuse-distance.
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
     memory(pages) AS (SELECT 1 UNION ALL SELECT pages * 2 FROM memory
                       WHERE pages <= (SELECT coalesce(max(d), 0) FROM distance))
SELECT m.pages, (SELECT count(*) FROM ref) AS "references",
       (SELECT count(*) FROM last WHERE before IS NULL) + (SELECT count(*) FROM distance WHERE d >= m.pages) AS misses,
       round(((SELECT count(*) FROM last WHERE before IS NULL) + (SELECT count(*) FROM distance WHERE d >= m.pages))
             * 1.0 / (SELECT count(*) FROM ref), 4) AS miss_ratio,
       (SELECT n FROM rate) AS sampled_1_in
FROM memory AS m WHERE EXISTS (SELECT 1 FROM ref) ORDER BY m.pages;

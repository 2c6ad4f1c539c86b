-- SPDX-License-Identifier: GPL-2.0-only
-- title: The working set over time
-- question: How many pages did the programs need in each stretch of time, and how many were in memory?
-- param window (ns): length of a stretch of virtual time; default: a fiftieth of the run
-- param proc (id): only faults of this process (`id` of table process); default: all. Resident pages are everybody's.
-- param sample (count): look at one page in so many; default: as many as make it 300,000 faults
-- read: one row per stretch. faults: page faults that were resolved; pages: different pages among them; new_pages:
--   those that no earlier fault had asked for. A trace has only the accesses that fault: a page that stays mapped is
--   used without a row, so `pages` is the least that the working set can be, and `resident_pages` (at the end of the
--   stretch, in segments that live) is the most. dirty_pages: those of them that hold bytes of their own. With
--   `sampled_1_in` above 1 the pages are a sample by a hash of their address, and what was counted is multiplied: a
--   number of pages is then uncertain by about 100 / sqrt(pages counted) percent.
WITH size AS MATERIALIZED (
         SELECT (SELECT sum(events) FROM fault_total) AS faults,
                (SELECT count(DISTINCT segment << 40 | (va >> 12 & 0xffffffffff))
                 FROM (SELECT segment, va FROM fault LIMIT 100000)) AS pages),
     w AS MATERIALIZED (
         SELECT max(1, coalesce(:window, (virtual_ns + 49) / 50)) AS ns, virtual_ns AS last,
                max(1, coalesce(:sample, min((faults + 299999) / 300000, pages / 64), 1)) AS nth FROM run, size),
     f AS MATERIALIZED (SELECT f.ts / w.ns AS n, f.segment << 40 | (f.va >> 12 & 0xffffffffff) AS page
               FROM w CROSS JOIN fault AS f
               WHERE f.resolution BETWEEN 1 AND 7 AND (:proc IS NULL OR f.proc = :proc)
                 AND ((f.va >> 12) * 2654435761 + f.segment * 40503 >> 16 & 0xffffff) % w.nth = 0),
     used AS (SELECT n, count(*) AS faults, count(DISTINCT page) AS pages FROM f GROUP BY n),
     fresh AS (SELECT n, count(*) AS pages FROM (SELECT min(n) AS n FROM f GROUP BY page) GROUP BY n),
     change AS MATERIALIZED (SELECT p.ts / w.ns AS n, p.segment,
                   sum((p."new" IN (2, 3)) - (p.old IN (2, 3))) AS resident, sum((p."new" = 3) - (p.old = 3)) AS dirty
                FROM w CROSS JOIN page AS p
                WHERE ((p.va >> 12) * 2654435761 + p.segment * 40503 >> 16 & 0xffffff) % w.nth = 0 GROUP BY 1, 2),
     gone AS (SELECT (s.ts + s.dur) / w.ns AS n, -sum(c.resident) AS resident, -sum(c.dirty) AS dirty
              FROM w CROSS JOIN change AS c JOIN segment AS s ON s.id = c.segment
              WHERE s.dur IS NOT NULL GROUP BY s.id),
     delta AS (SELECT n, sum(resident) AS resident, sum(dirty) AS dirty
               FROM (SELECT n, resident, dirty FROM change UNION ALL SELECT n, resident, dirty FROM gone) GROUP BY n),
     stretch(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM stretch, w WHERE n < w.last / w.ns)
SELECT s.n * w.ns AS from_ns,
       coalesce(u.faults, 0) * w.nth AS faults, coalesce(u.pages, 0) * w.nth AS pages,
       coalesce(r.pages, 0) * w.nth AS new_pages,
       coalesce(sum(d.resident) OVER (ORDER BY s.n), 0) * w.nth AS resident_pages,
       coalesce(sum(d.dirty) OVER (ORDER BY s.n), 0) * w.nth AS dirty_pages, w.nth AS sampled_1_in
FROM w CROSS JOIN stretch AS s
LEFT JOIN used AS u ON u.n = s.n LEFT JOIN fresh AS r ON r.n = s.n LEFT JOIN delta AS d ON d.n = s.n
ORDER BY s.n;

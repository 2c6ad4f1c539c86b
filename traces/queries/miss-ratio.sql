-- SPDX-License-Identifier: GPL-2.0-only
-- title: The miss-ratio curve
-- question: Which share of the page faults would be left with a memory of so many pages?
-- param proc (id): only faults of this process; default: all
-- param sample (count): look at one page in so many; default: as many as need not be left out
-- param limit (count): look at so many faults of these pages at most, the first; default: 4000
-- read: one row per size of a memory that replaces the page that was not used for longest (Mattson et al., 1970).
--   misses: references that would miss, first ones among them. BIASED: the references are the faults of this run, since
--   a trace has no others. What memory held during the run is missing from them, so the curve is too high on its left
--   and exact only if every access faulted. `sampled_1_in` and `percent_of_run` as in query
--   reuse-distance.
@include references
     memory(pages) AS (SELECT 1 UNION ALL SELECT pages * 2 FROM memory
                       WHERE pages <= (SELECT coalesce(max(d), 0) FROM distance))
SELECT m.pages, (SELECT count(*) FROM ref) AS "references",
       (SELECT count(*) FROM last WHERE before IS NULL) + (SELECT count(*) FROM distance WHERE d >= m.pages) AS misses,
       round(((SELECT count(*) FROM last WHERE before IS NULL) + (SELECT count(*) FROM distance WHERE d >= m.pages))
             * 1.0 / (SELECT count(*) FROM ref), 4) AS miss_ratio,
       (SELECT n FROM rate) AS sampled_1_in, (SELECT percent FROM part) AS percent_of_run
FROM memory AS m WHERE EXISTS (SELECT 1 FROM ref) ORDER BY m.pages;

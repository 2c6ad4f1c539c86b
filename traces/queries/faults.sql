-- SPDX-License-Identifier: GPL-2.0-only
-- title: Page faults by resolution and segment
-- question: How were the page faults resolved, in which segments, and what did they cost?
-- read: one row per resolution (enum_resolution) and type of segment. in_kernel: how many the kernel took itself, on
--   a buffer of a system call. Times are virtual ns from the trap to the return; faults that never ended count in
--   `faults` but not in the times.
SELECT coalesce(r.name, '(open)') AS resolution,
       coalesce(t.name, '(no segment)') AS segment_type,
       sum(f.events) AS faults,
       sum(f.events * f.in_kernel) AS in_kernel,
       sum(f.sum_dur) AS total_ns,
       sum(f.sum_dur) / sum(f.ended) AS mean_ns,
       min(f.min_dur) AS min_ns,
       max(f.max_dur) AS max_ns
FROM fault_total AS f
LEFT JOIN enum_resolution AS r ON r.id = f.resolution
LEFT JOIN segment AS s ON s.id = f.segment
LEFT JOIN enum_segment_type AS t ON t.id = s.type
GROUP BY 1, 2
ORDER BY faults DESC, 1, 2;

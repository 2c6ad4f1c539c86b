-- SPDX-License-Identifier: GPL-2.0-only
-- title: System calls by name
-- question: Which system calls were made, what did they move and what did they cost?
-- read: one row per call, the most expensive first. bytes: what pread and pwrite returned. instructions: retired by
--   the machine between ecall and return, other processes' included if the call waited. Times in virtual ns.
SELECT coalesce(n.name, s.number) AS syscall,
       count(*) AS calls,
       sum(s.result < 0) AS errors,
       CASE WHEN n.name IN ('pread', 'pwrite', 'cwrite') THEN sum(max(s.result, 0)) END AS bytes,
       sum(s.insns) AS instructions,
       CAST(avg(s.insns) AS INTEGER) AS mean_instructions,
       sum(s.dur) AS total_ns,
       CAST(avg(s.dur) AS INTEGER) AS mean_ns,
       max(s.dur) AS max_ns
FROM syscall AS s LEFT JOIN enum_syscall AS n ON n.id = s.number
GROUP BY s.number ORDER BY instructions DESC, s.number;

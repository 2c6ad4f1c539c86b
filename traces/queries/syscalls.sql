-- SPDX-License-Identifier: GPL-2.0-only
-- title: System calls by name
-- question: Which system calls were made, what did they move and what did they cost?
-- read: one row per call, the most expensive first. bytes: what pread and pwrite returned. instructions: retired by
--   the machine between ecall and return, other processes' included if the call waited. Times in virtual ns.
SELECT coalesce(n.name, s.number) AS syscall,
       sum(s.events) AS calls,
       sum(s.ended * s.failed) AS errors,
       CASE WHEN n.name IN ('pread', 'pwrite', 'cwrite') THEN sum(s.sum_result * (s.failed = 0)) END AS bytes,
       sum(s.sum_insns) FILTER (WHERE s.ended > 0) AS instructions,
       sum(s.sum_insns) / sum(s.ended) AS mean_instructions,
       sum(s.sum_dur) FILTER (WHERE s.ended > 0) AS total_ns,
       sum(s.sum_dur) / sum(s.ended) AS mean_ns,
       max(s.max_dur) AS max_ns
FROM syscall_total AS s LEFT JOIN enum_syscall AS n ON n.id = s.number
GROUP BY s.number ORDER BY instructions DESC, s.number;

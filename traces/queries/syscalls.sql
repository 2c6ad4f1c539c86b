-- SPDX-License-Identifier: GPL-2.0-only
-- title: System calls by name
-- question: Which system calls were made, what did they move and what did they cost?
-- read: one row per call, the most expensive first. bytes: what pread and pwrite (read and write) returned. instructions:
--   retired by the machine between ecall and return, other processes' included if the call waited; not known of other
--   kernels (xv6, Linux), whose calls have names if tarry boot knows the kernel. Times in virtual ns. Query calls has them
--   one by one.
WITH named AS (
         SELECT coalesce(n.name, s.number) AS syscall, n.name, s.events, s.ended, s.failed, s.sum_result, s.sum_insns,
                s.sum_dur, s.max_dur
         FROM syscall_total AS s LEFT JOIN enum_syscall AS n ON n.id = s.number
         UNION ALL SELECT coalesce(n.name, s.number), n.name, s.events, s.ended, s.failed, s.sum_result, NULL,
                s.sum_dur, s.max_dur
         FROM ecall_total AS s LEFT JOIN ecall_name AS n USING (number))
SELECT syscall, sum(events) AS calls,
       sum(ended * failed) AS errors,
       CASE WHEN name IN ('pread', 'pwrite', 'cwrite', 'read', 'write', 'readv', 'writev', 'pread64', 'pwrite64')
            THEN sum(sum_result * (failed = 0)) END AS bytes,
       sum(sum_insns) FILTER (WHERE ended > 0) AS instructions,
       sum(sum_insns) / sum(ended) AS mean_instructions,
       sum(sum_dur) FILTER (WHERE ended > 0) AS total_ns,
       sum(sum_dur) / sum(ended) AS mean_ns,
       max(max_dur) AS max_ns
FROM named GROUP BY syscall ORDER BY instructions DESC, total_ns DESC, syscall;

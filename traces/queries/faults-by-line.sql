-- SPDX-License-Identifier: GPL-2.0-only
-- title: Page faults by the instruction that took them
-- question: Which places of which programs took the page faults, and what did they cost?
-- param limit (count): how many places; default: 30
-- read: one row per program and user pc, the most expensive first. in_kernel: those that the kernel took itself on a
--   buffer of a system call made there. Times in virtual ns.
WITH f AS MATERIALIZED (
         SELECT proc, pc, count(*) AS faults, sum(in_kernel) AS in_kernel, sum(dur) AS ns, max(dur) AS slowest,
                sum(resolution = 1) AS zeroed, sum(resolution = 2) AS filled, sum(resolution = 7) AS paged_in,
                sum(resolution IN (4, 5, 6)) AS detached
         FROM fault GROUP BY proc, pc ORDER BY ns DESC, proc, pc LIMIT coalesce(:limit, 30))
SELECT coalesce((SELECT text FROM string WHERE id = p.name),
                (SELECT g.name FROM program_view AS g WHERE g.proc = f.proc ORDER BY g.id DESC LIMIT 1)) AS program,
       p.pid, printf('0x%x', f.pc) AS pc, f.faults, f.in_kernel, f.zeroed, f.filled, f.paged_in, f.detached,
       f.ns AS total_ns, f.ns / f.faults AS mean_ns, f.slowest AS max_ns
FROM f LEFT JOIN process AS p ON p.id = f.proc ORDER BY f.ns DESC, f.proc, f.pc;

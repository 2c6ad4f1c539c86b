-- SPDX-License-Identifier: GPL-2.0-only
-- title: Processes and what each of them did
-- question: Which processes ran, for how long, and what did they ask of the kernel?
-- read: one row per process, oldest first. parent: pid of the parent. life_ns is empty if it had not ended. switches:
--   how often it left the hart. bytes: what transfers on its behalf moved between cache and memory.
WITH s AS (SELECT proc, sum(events) AS n FROM syscall_total GROUP BY proc),
     f AS (SELECT proc, sum(events) AS n FROM fault_total GROUP BY proc),
     w AS (SELECT proc, count(*) AS n FROM sched GROUP BY proc),
     t AS (SELECT proc, sum(sum_bytes) AS n FROM transfer_total WHERE boundary IN (2, 3, 4) GROUP BY proc)
SELECT p.id, p.pid, (SELECT pid FROM process WHERE id = p.parent) AS parent,
       coalesce(p.name,
           (SELECT g.name FROM program_view AS g WHERE g.proc = p.id ORDER BY g.id DESC LIMIT 1)) AS program,
       p.status, p.ts AS began_ns, p.dur AS life_ns,
       coalesce(s.n, 0) AS syscalls, coalesce(f.n, 0) AS faults, coalesce(t.n, 0) AS bytes, coalesce(w.n, 0) AS switches
FROM process_view AS p
LEFT JOIN s ON s.proc = p.id LEFT JOIN f ON f.proc = p.id LEFT JOIN w ON w.proc = p.id LEFT JOIN t ON t.proc = p.id
ORDER BY p.id;

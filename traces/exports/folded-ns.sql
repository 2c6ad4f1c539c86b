-- SPDX-License-Identifier: GPL-2.0-only
-- title: Time in faults as folded stacks
-- question: Where do faults cost virtual time?
-- read: program;function;source line (or pc);what asked (user code, or the system call made there);resolution, and the virtual nanoseconds that they took:
--   the input of flame graph tools. A frame that is not known is left out.
WITH f AS MATERIALIZED (
         SELECT f.proc, f.image, coalesce(nullif(f.caller, 0), f.pc) AS pc,
                CASE WHEN f.in_kernel THEN coalesce('syscall ' || e.name, 'kernel') ELSE 'user' END AS asked,
                coalesce(r.name, 'unresolved') AS resolution, count(*) AS n, coalesce(sum(f.dur), 0) AS ns
         FROM fault AS f LEFT JOIN syscall AS y ON y.id = f.cause LEFT JOIN enum_syscall AS e ON e.id = y.number
             LEFT JOIN enum_resolution AS r ON r.id = f.resolution
         GROUP BY f.proc, f.image, 3, 4, 5),
     stack AS (
         SELECT replace(coalesce(s.text, (SELECT g.name FROM program_view AS g WHERE g.proc = f.proc ORDER BY g.id DESC LIMIT 1),
                    '?'), ';', ',') || ';' || coalesce(replace(coalesce(l.function, l.symbol), ';', ',') || ';', '')
                || coalesce(replace(l.source, ';', ','), printf('pc 0x%x', f.pc)) || ';' || f.asked || ';' || f.resolution AS frames,
                f.n, f.ns
         FROM f LEFT JOIN process AS p ON p.id = f.proc LEFT JOIN string AS s ON s.id = p.name
             LEFT JOIN program_line AS l ON l.image = f.image AND l.address = f.pc)
SELECT printf('%s %d', frames, sum(ns)) FROM stack GROUP BY frames ORDER BY 1;

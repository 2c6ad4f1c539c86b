-- SPDX-License-Identifier: GPL-2.0-only
-- title: Faults as folded stacks
-- question: Where do faults come from, and how often?
-- read: program;what asked (user code or the system call);pc;resolution and the number of such faults: the input of
--   flame graph tools.
SELECT printf('%s;%s;pc 0x%x;%s %d', replace(replace(coalesce(s.text, '?'), ';', ','), ' ', '_'),
    CASE WHEN f.in_kernel THEN coalesce('syscall ' || e.name, 'kernel') ELSE 'user' END, f.pc,
    coalesce(r.name, 'unresolved'), count(*))
    FROM fault AS f LEFT JOIN process AS p ON p.id = f.proc LEFT JOIN string AS s ON s.id = p.name
        LEFT JOIN syscall AS y ON y.id = f.cause LEFT JOIN enum_syscall AS e ON e.id = y.number
        LEFT JOIN enum_resolution AS r ON r.id = f.resolution
    GROUP BY coalesce(s.text, '?'), f.in_kernel, e.name, f.pc, f.resolution ORDER BY 1;

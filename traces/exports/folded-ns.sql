-- SPDX-License-Identifier: GPL-2.0-only
-- title: Time in faults as folded stacks
-- question: Where do faults cost virtual time?
-- read: program;what asked (user code or the system call);pc;resolution and the virtual nanoseconds that such faults took: the input of
--   flame graph tools.
SELECT printf('%s;%s;pc 0x%x;%s %d', replace(replace(coalesce(s.text, '?'), ';', ','), ' ', '_'),
    CASE WHEN f.in_kernel THEN coalesce('syscall ' || e.name, 'kernel') ELSE 'user' END, f.pc,
    coalesce(r.name, 'unresolved'), coalesce(sum(f.dur), 0))
    FROM fault AS f LEFT JOIN process AS p ON p.id = f.proc LEFT JOIN string AS s ON s.id = p.name
        LEFT JOIN syscall AS y ON y.id = f.cause LEFT JOIN enum_syscall AS e ON e.id = y.number
        LEFT JOIN enum_resolution AS r ON r.id = f.resolution
    GROUP BY coalesce(s.text, '?'), f.in_kernel, e.name, f.pc, f.resolution ORDER BY 1;

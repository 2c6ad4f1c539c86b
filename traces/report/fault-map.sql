-- SPDX-License-Identifier: GPL-2.0-only
-- title: Faults, page by time
-- question: Which pages faulted, when, why, and how long did it take?
-- read: one row per fault, oldest first. page: number of the page in its segment, from its base (without a segment: page
--   number of the address). syscall: name of the system call whose buffer it was, if the kernel took the fault. The map
--   shows every row; in a large trace rows of neighbouring pages and times share a cell.
SELECT f.id, f.ts, f.segment,
       ((f.va >> 12) & 0xfffffffffffff) - ((coalesce(s.base, 0) >> 12) & 0xfffffffffffff) AS page,
       f.va, f.dur, coalesce(f.resolution, 0) AS resolution, f.access, f.in_kernel, f.pc, f.cause,
       c.number AS syscall, f.rule, f.image
FROM fault AS f
LEFT JOIN segment AS s ON s.id = f.segment
LEFT JOIN syscall AS c ON f.in_kernel AND c.id = f.cause
ORDER BY f.id;

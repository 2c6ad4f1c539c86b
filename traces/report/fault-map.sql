-- SPDX-License-Identifier: GPL-2.0-only
-- title: Faults, page by time
-- question: Which pages faulted, when, why, and how long did it take?
-- read: one row per fault, oldest first. page: number of the page in its segment, from its base (without a segment: page
--   number of the address). pc: of a fault in a system call who called its function, if that is known. syscall: name of the system call whose buffer it was, if the kernel took the fault. The map
--   shows every row; in a large trace rows of neighbouring pages and times share a cell. Of a kernel that does not
--   describe its faults (tarry boot) the rows are page faults as the machine delivered them (view page_trap): segment is an
--   area of an address space (view page_area), resolution the exception's code, rule the refusal of the page walk.
SELECT f.id, f.ts, f.segment,
       ((f.va >> 12) & 0xfffffffffffff) - ((coalesce(s.base, 0) >> 12) & 0xfffffffffffff) AS page,
       f.va, f.dur, coalesce(f.resolution, 0) AS resolution, f.access, f.in_kernel,
       coalesce(nullif(f.caller, 0), f.pc) AS pc, f.cause,
       c.number AS syscall, f.rule, f.image
FROM fault AS f
LEFT JOIN segment AS s ON s.id = f.segment
LEFT JOIN syscall AS c ON f.in_kernel AND c.id = f.cause
UNION ALL SELECT t.id, t.ts, t.area, t.page, t.va, NULL, t.code, t.access, t."from" <> 0, t.pc, t.id, NULL, t.refusal, t.image
FROM page_trap AS t WHERE NOT EXISTS (SELECT 1 FROM fault)
ORDER BY 1;

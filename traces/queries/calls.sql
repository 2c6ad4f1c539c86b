-- SPDX-License-Identifier: GPL-2.0-only
-- title: System calls one by one, as one would write them
-- question: What did programs ask their kernel, in which order, and what did it answer?
-- param proc (id): only calls of this process; default: all
-- param name: only calls of this name; default: all
-- param limit (count): how many; default: 200
-- read: one row per call, in the order in which they were made. who: the process (its pid and program); with a kernel that
--   does not describe its processes (xv6, Linux) the page table's root, which is a process's as long as it lives. = ?: the
--   call had not returned when the run ended, or does not return (exit, exec). Times in virtual ns.
SELECT * FROM (
    SELECT w.id, w.ts, w.dur, printf('%d %s', w.proc_pid, coalesce((SELECT g.name FROM program_view AS g
               WHERE g.proc = w.proc AND g.id <= w.id ORDER BY g.id DESC LIMIT 1), '')) AS who, w.call
    FROM syscall_words AS w JOIN syscall AS s USING (id) LEFT JOIN enum_syscall AS n ON n.id = s.number
    WHERE (:proc IS NULL OR w.proc = :proc) AND (:name IS NULL OR n.name = :name)
    ORDER BY w.id LIMIT coalesce(:limit, 200))
UNION ALL SELECT * FROM (
    SELECT w.id, w.ts, w.dur, printf('0x%x', w.root), w.call
    FROM ecall_words AS w JOIN ecall AS s USING (id) LEFT JOIN ecall_name AS n USING (number)
    WHERE :proc IS NULL AND (:name IS NULL OR n.name = :name)
    ORDER BY w.id LIMIT coalesce(:limit, 200))
ORDER BY 1;

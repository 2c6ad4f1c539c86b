-- SPDX-License-Identifier: GPL-2.0-only
-- title: Page faults by the line of the program that took them
-- question: Which places of which programs took the page faults, and what did they cost?
-- param limit (count): how many places; default: 30
-- param proc (id): only faults of this process; default: all
-- read: one row per place, the most expensive first. place: the source line, if the program has DWARF; else function and
--   offset, if it has symbols; else the pc. pcs: how many instructions of the line took faults; instruction: the one of
--   them that cost most. in_kernel: faults that the kernel took itself, on a buffer of a system call made there: the line
--   is that which called the function with the ecall, if that is known (column caller). copies: copied, reused and detached
--   (enum_resolution). Times in virtual ns. Of a kernel that does not describe its faults (tarry boot) these are the page
--   faults that the machine delivered: in_kernel are those of kernel code, how they ended is not known, and the most
--   frequent places come first.
WITH f AS MATERIALIZED (
         SELECT image, proc, coalesce(nullif(caller, 0), pc) AS pc, resolution, sum(events) AS n, sum(events * in_kernel) AS in_kernel,
                sum(sum_dur) AS ns, max(max_dur) AS slowest
         FROM fault_total WHERE :proc IS NULL OR proc = :proc GROUP BY image, proc, coalesce(nullif(caller, 0), pc), resolution
         UNION ALL SELECT image, proc, pc, NULL, count(*), sum("from" <> 0), NULL, NULL FROM trap
         WHERE code IN (12, 13, 15) AND root <> 0 AND :proc IS NULL AND NOT EXISTS (SELECT 1 FROM fault) GROUP BY image, proc, pc),
     p AS MATERIALIZED (SELECT DISTINCT image, pc, proc FROM f),
     place AS MATERIALIZED (
         SELECT p.image, p.pc, p.proc, coalesce(l.source, l.symbol, printf('0x%x', p.pc)) AS place, l.function,
                coalesce(l.program, (SELECT g.name FROM program_view AS g WHERE g.proc = p.proc ORDER BY g.id DESC LIMIT 1),
                    (SELECT s.text FROM process AS o JOIN string AS s ON s.id = o.name WHERE o.id = p.proc)) AS program,
                l.text
         FROM p LEFT JOIN program_line AS l ON l.image = p.image AND l.address = p.pc)
SELECT q.program, q.place, max(q.function) AS function, sum(f.n) AS faults, sum(f.in_kernel) AS in_kernel,
       sum(f.n * (f.resolution IS 1)) AS zeroed, sum(f.n * (f.resolution IS 2)) AS filled,
       sum(f.n * (f.resolution IS 7)) AS paged_in,
       sum(f.n * (coalesce(f.resolution, 0) IN (4, 5, 6))) AS copies,
       sum(f.ns) AS total_ns, sum(f.ns) / sum(f.n) AS mean_ns, max(f.slowest) AS max_ns,
       count(DISTINCT f.pc) AS pcs, (SELECT x.text FROM f AS h JOIN place AS x USING (image, pc, proc)
           WHERE x.program IS q.program AND x.place = q.place ORDER BY h.ns DESC, h.n DESC LIMIT 1) AS instruction
FROM f JOIN place AS q USING (image, pc, proc)
GROUP BY q.program, q.place ORDER BY total_ns DESC, iif(total_ns IS NULL, faults, 0) DESC, q.program, q.place LIMIT coalesce(:limit, 30);

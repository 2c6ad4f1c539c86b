-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: misses of the TLB between calls of nsec
-- question: How often did the TLB miss in each phase of a program that marks its phases by calls of nsec?
-- read: one row per phase of the first process that calls nsec: 0 until its first call, 1 from there to the second,
--   and so on; what other processes and the kernel did meanwhile counts, too. misses: of loads and stores in the lower
--   half of the addresses, where programs are, and walks after a hit for a right; pages: different pages among them;
--   kernel: those of the upper half; fetches: misses of instructions. second: misses of all three kinds that the second
--   level had; refs: entries of page tables that were read. switches: writes of satp; fences, and those of everything.
--   traps: page faults of user mode; faults: those that took more than filling the TLB. Needs a run with --tlb and
--   groups fault, syscall and translation of --trace.
WITH e AS MATERIALIZED (SELECT (SELECT id FROM enum_syscall WHERE name = 'nsec') AS nsec,
         (SELECT id FROM enum_access WHERE name = 'execute') AS fetch),
     p AS MATERIALIZED (SELECT coalesce((SELECT proc FROM syscall WHERE number = (SELECT nsec FROM e)
             ORDER BY id LIMIT 1), (SELECT min(id) FROM process)) AS proc),
     m AS (SELECT row_number() OVER (ORDER BY id) AS phase, id, insn, ts FROM syscall
           WHERE proc = (SELECT proc FROM p) AND number = (SELECT nsec FROM e)
           UNION ALL SELECT 0, min(id), min(insn), min(ts) FROM process WHERE id = (SELECT proc FROM p)),
     w AS MATERIALIZED (SELECT phase, id, insn, ts,
         coalesce(lead(id) OVER (ORDER BY phase), 9223372036854775807) AS until,
         coalesce(lead(insn) OVER (ORDER BY phase), (SELECT instructions FROM run)) AS until_insn,
         coalesce(lead(ts) OVER (ORDER BY phase), (SELECT virtual_ns FROM run)) AS until_ts FROM m),
     r AS MATERIALIZED (
         SELECT w.phase, sum(t.access <> e.fetch AND t.va >= 0) AS misses,
             count(DISTINCT CASE WHEN t.access <> e.fetch AND t.va >= 0 THEN t.va END) AS pages,
             sum(t.access <> e.fetch AND t.va < 0) AS kernel, sum(t.access = e.fetch) AS fetches,
             sum(t.second) AS second, sum(t."references") AS refs
         FROM e CROSS JOIN w CROSS JOIN tlb_refill AS t ON t.id > w.id AND t.id < w.until GROUP BY w.phase),
     f AS MATERIALIZED (SELECT w.phase, count(*) AS fences, sum(t.all_va AND t.all_asid) AS everything
         FROM w CROSS JOIN sfence AS t ON t.id > w.id AND t.id < w.until GROUP BY w.phase)
SELECT w.phase, w.until_insn - w.insn AS instructions, w.until_ts - w.ts AS ns,
       coalesce(r.misses, 0) AS misses, coalesce(r.pages, 0) AS pages, coalesce(r.kernel, 0) AS kernel,
       coalesce(r.fetches, 0) AS fetches, coalesce(r.second, 0) AS second, coalesce(r.refs, 0) AS refs,
       (SELECT count(*) FROM satp WHERE id > w.id AND id < w.until) AS switches,
       coalesce(f.fences, 0) AS fences, coalesce(f.everything, 0) AS everything,
       (SELECT count(*) FROM trap WHERE id > w.id AND id < w.until AND code IN (12, 13, 15)) AS traps,
       (SELECT count(*) FROM fault WHERE id > w.id AND id < w.until AND in_kernel = 0) AS faults
FROM w LEFT JOIN r ON r.phase = w.phase LEFT JOIN f ON f.phase = w.phase ORDER BY w.phase;

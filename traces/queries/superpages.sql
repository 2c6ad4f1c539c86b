-- SPDX-License-Identifier: GPL-2.0-only
-- title: Superpages and how long they lived
-- question: Which parts of segments became superpages, because of what, how long did that last, and what ended it?
-- param segment (id): only those of this segment; default: all
-- param limit (count): at most so many rows; default: 1000
-- read: one row per superpage (--superpages on), oldest first. writable: 1, it may be stored into. made_by: the fault, or
--   the call, that made the last of its pages like the others. life_ns is empty and ended is `(lasts)` if the run ended first.
--   ended_by: the fault or call because of which it is single pages again, or nothing.
WITH s AS MATERIALIZED (
    SELECT * FROM superpage WHERE :segment IS NULL OR segment = :segment ORDER BY id LIMIT coalesce(:limit, 1000)),
     c(id) AS MATERIALIZED (SELECT cause FROM s UNION SELECT "by" FROM s),
     w(id, words) AS MATERIALIZED (
    SELECT c.id, coalesce(
        (SELECT printf('fault %d: %s of %s, %s', f.id, f.access, f.va, f.rule) FROM fault_view AS f WHERE f.id = c.id),
        (SELECT printf('syscall %d: %s', y.id, y.number) FROM syscall_view AS y WHERE y.id = c.id),
        CASE WHEN c.id > 0 THEN (SELECT kind || ' ' || id FROM event WHERE id = c.id) END) FROM c)
SELECT s.id, s.insn, p.pid, s.segment, printf('0x%x', s.va) AS va, s.writable,
       (SELECT words FROM w WHERE id = s.cause) AS made_by, s.dur AS life_ns,
       CASE WHEN s.dur IS NULL THEN '(lasts)' ELSE d.name END AS ended, (SELECT words FROM w WHERE id = s."by") AS ended_by
FROM s LEFT JOIN process AS p ON p.id = s.proc LEFT JOIN enum_demotion AS d ON d.id = s.why
ORDER BY s.id;

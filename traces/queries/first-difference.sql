-- SPDX-License-Identifier: GPL-2.0-only
-- title: The first difference between two traces
-- question: Which is the first event in which two traces differ, and how?
-- traces: two
-- read: tarry query A.db B.db first-difference (in sqlite3: ATTACH 'B.db' AS b, with A.db open). No row: the traces are
--   equal, event for event. Else one row about the event that differs first in virtual time; an event that lasts counts
--   when it ends if only its end differs. differs: the first column that does, with its value in each trace (strings as
--   text); `(kind)`: the event is of another kind in b, or one of them has ended. `tarry compare` shows what came before.
WITH begins(id, kind, moment, ts, pc, cause, differs, in_main, in_b) AS MATERIALIZED (
@each     SELECT * FROM (SELECT a.id, '$event', min(a.ts, coalesce(b.ts, a.ts)), a.ts, a.pc, a.cause, iif(b.id IS NULL, '(kind)', $first), iif(b.id IS NULL, '$event', $first_a), $first_b FROM main."$event" AS a LEFT JOIN b."$event" AS b ON b.id = a.id WHERE $begins ORDER BY a.id LIMIT 1) UNION ALL
         SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
     a AS MATERIALIZED (SELECT * FROM begins WHERE id IS NOT NULL ORDER BY id LIMIT 1),
     there(id, kind, moment, pc, cause) AS MATERIALIZED ( -- what only b has
@each     SELECT * FROM (SELECT b.id, '$event', b.ts, b.pc, b.cause FROM b."$event" AS b WHERE NOT EXISTS (SELECT 1 FROM main."$event" WHERE id = b.id) ORDER BY b.id LIMIT 1) UNION ALL
         SELECT NULL, NULL, NULL, NULL, NULL),
     ends(id, kind, moment, ts, pc, cause, differs, in_main, in_b) AS MATERIALIZED ( -- what began alike and ended otherwise
@each interval     SELECT * FROM (SELECT a.id, '$event', min(coalesce(a.ts + a.dur, 1 << 62), coalesce(b.ts + b.dur, 1 << 62)) AS moment, a.ts, a.pc, a.cause, $last, $last_a, $last_b FROM main."$event" AS a CROSS JOIN b."$event" AS b WHERE a.id < coalesce((SELECT id FROM a), 1 << 62) AND b.id = a.id AND $ends ORDER BY moment, a.id LIMIT 1) UNION ALL
         SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
SELECT id, kind, moment AS moment_ns, ts, printf('0x%x', pc) AS pc, cause, differs,
       coalesce(in_main, iif(differs = '(kind)', '(ended)', 'NULL')) AS in_main,
       coalesce(in_b, iif(differs = '(kind)', coalesce((SELECT kind FROM there WHERE id = d.id), '(ended)'), 'NULL')) AS in_b
FROM (SELECT *, 1 AS rank FROM a
      UNION ALL SELECT id, kind, moment, moment, pc, cause, '(kind)', NULL, kind, 2 FROM there
      UNION ALL SELECT *, 0 FROM ends) AS d
WHERE id IS NOT NULL ORDER BY moment, rank, id LIMIT 1;

-- SPDX-License-Identifier: GPL-2.0-only
-- title: The first difference between two traces
-- question: Which is the first event in which two traces differ, and how?
-- traces: two
-- read: tarry query A.db B.db first-difference (in sqlite3: ATTACH 'B.db' AS b, with A.db open). No row: the traces are
--   equal, event for event. Else one row about the event that differs first in virtual time; an event that lasts counts
--   when it ends if only its end differs. differs: the first column that does, with its value in each trace (strings as
--   text); `(kind)`: the event is of another kind in b, or one of them has ended. `tarry compare` shows what came before.
--   Only chunks of events are read whose digests differ (table digest); all, if a trace is of a version that had none.
WITH differ(id, last, begun, ended) AS MATERIALIZED (
         SELECT a.id, a.last, a.begun IS NOT b.begun OR a.events <> b.events, a.ended IS NOT b.ended FROM digest AS a LEFT JOIN b.digest AS b ON b.id = a.id
         WHERE a.begun IS NOT b.begun OR a.ended IS NOT b.ended OR a.events IS NOT b.events
         UNION ALL SELECT b.id, b.last, 1, 1 FROM b.digest AS b WHERE NOT EXISTS (SELECT 1 FROM digest WHERE id = b.id)
         UNION ALL SELECT 0, 1 << 62, 1, 1 WHERE NOT EXISTS (SELECT 1 FROM digest) OR NOT EXISTS (SELECT 1 FROM b.digest)),
     c(id, last) AS MATERIALIZED (SELECT id, last FROM differ WHERE begun ORDER BY id LIMIT 1), -- where they first begin otherwise
     begins(id, kind, moment, ts, pc, cause, differs, in_main, in_b) AS MATERIALIZED (
@each     SELECT * FROM (SELECT a.id, '$event', min(a.ts, coalesce(b.ts, a.ts)), a.ts, a.pc, a.cause, iif(b.id IS NULL, '(kind)', $first), iif(b.id IS NULL, '$event', $first_a), $first_b FROM c CROSS JOIN "$event" AS a LEFT JOIN b."$event" AS b ON b.id = a.id WHERE a.id BETWEEN c.id AND c.last AND $begins ORDER BY a.id LIMIT 1) UNION ALL
         SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
     a AS MATERIALIZED (SELECT * FROM begins WHERE id IS NOT NULL ORDER BY id LIMIT 1),
     there(id, kind, moment, pc, cause) AS MATERIALIZED ( -- what only b has
@each     SELECT * FROM (SELECT b.id, '$event', b.ts, b.pc, b.cause FROM c CROSS JOIN b."$event" AS b WHERE b.id BETWEEN c.id AND c.last AND NOT EXISTS (SELECT 1 FROM "$event" WHERE id = b.id) ORDER BY b.id LIMIT 1) UNION ALL
         SELECT NULL, NULL, NULL, NULL, NULL),
     ends(id, kind, moment, ts, pc, cause, differs, in_main, in_b) AS MATERIALIZED ( -- what began alike and ended otherwise
@each interval     SELECT * FROM (SELECT a.id, '$event', min(coalesce(a.ts + a.dur, 1 << 62), coalesce(b.ts + b.dur, 1 << 62)) AS moment, a.ts, a.pc, a.cause, $last, $last_a, $last_b FROM differ AS d CROSS JOIN "$event" AS a CROSS JOIN b."$event" AS b WHERE d.ended AND a.id BETWEEN d.id AND min(d.last, coalesce((SELECT id FROM a), 1 << 62) - 1) AND b.id = a.id AND $ends ORDER BY moment, a.id LIMIT 1) UNION ALL
         SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
SELECT id, kind, moment AS moment_ns, ts, printf('0x%x', pc) AS pc, cause, differs,
       coalesce(in_main, iif(differs = '(kind)', '(ended)', 'NULL')) AS in_main,
       coalesce(in_b, iif(differs = '(kind)', coalesce((SELECT kind FROM there WHERE id = d.id), '(ended)'), 'NULL')) AS in_b
FROM (SELECT *, 1 AS rank FROM a
      UNION ALL SELECT id, kind, moment, moment, pc, cause, '(kind)', NULL, kind, 2 FROM there
      UNION ALL SELECT *, 0 FROM ends) AS d
WHERE id IS NOT NULL ORDER BY moment, rank, id LIMIT 1;

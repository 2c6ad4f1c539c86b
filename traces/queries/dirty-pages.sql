-- SPDX-License-Identifier: GPL-2.0-only
-- title: Who made pages dirty, and when they were written
-- question: Who made a page dirty, and when and why did its bytes leave memory?
-- param segment (id): only pages of this segment; default: all
-- param va (address): only the page that holds this address; default: all
-- param proc (id): only what this process made dirty; default: all
-- param limit (count): how many rows; default: 50
-- read: one row for each time that a page became dirty, oldest first. by: the instruction or system call that stored.
--   then_became: the page's next state: `clean` was written back to the file (W4), `swapped` went to the temporary file,
--   `empty` was given up without being written, `(dirty)` stayed so to the end of its segment or of the trace.
--   after_ns: how long it was dirty. because: on whose behalf it was written or given up.
WITH p AS MATERIALIZED (
         SELECT id, ts, proc, pc, cause, segment, va FROM page
         WHERE "new" = 3 AND old <> 3 AND (:segment IS NULL OR segment = :segment)
           AND (:va IS NULL OR va = (:va & ~4095)) AND (:proc IS NULL OR proc = :proc)
         ORDER BY id LIMIT coalesce(:limit, 50)),
     n AS MATERIALIZED (
         SELECT p.*, (SELECT x.id FROM page AS x WHERE x.segment = p.segment AND x.va = p.va AND x.id > p.id
                      ORDER BY x.id LIMIT 1) AS next FROM p)
SELECT n.id, n.ts, (SELECT proc_name FROM page_view WHERE id = n.id) AS program,
       n.segment, (SELECT type FROM segment_view WHERE id = n.segment) AS segment_type, printf('0x%x', n.va) AS va,
       coalesce((SELECT printf('fault %d at pc %s', f.id, f.pc)
                     || coalesce((SELECT ' in ' || s.number || ' ' || s.id FROM syscall_view AS s WHERE s.id = f.cause), '')
                 FROM fault_view AS f WHERE f.id = n.cause),
                (SELECT number || ' ' || id FROM syscall_view WHERE id = n.cause), printf('pc 0x%x', n.pc)) AS by,
       coalesce((SELECT name FROM enum_page_state WHERE id = x."new"), '(dirty)') AS then_became, x.ts - n.ts AS after_ns,
       coalesce((SELECT number || ' ' || id FROM syscall_view WHERE id = x.cause),
                (SELECT printf('fault %d of %s', f.id, f.va) FROM fault_view AS f WHERE f.id = x.cause),
                CASE x.cause WHEN 0 THEN '(kernel)' ELSE x.cause END) AS because
FROM n LEFT JOIN page AS x ON x.id = n.next ORDER BY n.id;

-- SPDX-License-Identifier: GPL-2.0-only
-- title: The segments that the maps show
-- question: Which segments are the bands of the maps?
-- param id: the id of a segment; default: all
-- read: one row per segment. proc, pid, program: whose it is; what a fork made is the child's. until: when it ended, empty
--   if it had not when the run did. Of a kernel that does not describe its segments: areas in which there were page
--   faults, from the first page to the last; proc is the page table, root its physical address.
WITH owned AS (
         SELECT s.*, coalesce((SELECT iif(p.cause = s.cause AND s.parent <> 0, p.id, NULL) FROM process AS p
             WHERE p.id > s.id ORDER BY p.id LIMIT 1), s.proc) AS owner
         FROM segment_view AS s WHERE :id IS NULL OR s.id = :id)
SELECT s.id, s.owner AS proc, p.pid, coalesce(p.name, (SELECT g.name FROM program_view AS g WHERE g.proc = s.owner
           ORDER BY g.id DESC LIMIT 1), s.proc_name) AS program,
       s.type, s.policy, s.base, s.length, s.ts, s.ts + s.dur AS until, s.parent
FROM owned AS s LEFT JOIN process_view AS p ON p.id = s.owner
UNION ALL SELECT a.id, a.root, NULL, printf('root 0x%x', a.root), printf('at 0x%x', a.first << 12), NULL,
       printf('0x%x', a.first << 12), (a.last - a.first + 1) << 12, 0, NULL, 0
FROM page_area AS a WHERE NOT EXISTS (SELECT 1 FROM segment) AND (:id IS NULL OR a.id = :id)
ORDER BY 1;

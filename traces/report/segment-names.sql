-- SPDX-License-Identifier: GPL-2.0-only
-- title: The segments that the maps show
-- question: Which segments are the bands of the maps?
-- param id: the id of a segment; default: all
-- read: one row per segment. until: when it ended, empty if it had not when the run did. Of a kernel that does not
--   describe its segments: areas in which there were page faults, from the first page to the last; proc is the page table,
--   root its physical address.
SELECT s.id, s.proc, s.proc_pid AS pid, s.proc_name AS program, s.type, s.policy, s.base, s.length, s.ts, s.ts + s.dur AS until,
       s.parent
FROM segment_view AS s WHERE :id IS NULL OR s.id = :id
UNION ALL SELECT a.id, a.root, NULL, printf('root 0x%x', a.root), printf('at 0x%x', a.first << 12), NULL,
       printf('0x%x', a.first << 12), (a.last - a.first + 1) << 12, 0, NULL, 0
FROM page_area AS a WHERE NOT EXISTS (SELECT 1 FROM segment) AND (:id IS NULL OR a.id = :id)
ORDER BY 1;

-- SPDX-License-Identifier: GPL-2.0-only
-- title: The segments that the maps show
-- question: Which segments are the bands of the maps?
-- param id: the id of a segment; default: all
-- read: one row per segment. until: when it ended, empty if it had not when the run did.
SELECT s.id, s.proc, s.proc_pid AS pid, s.proc_name AS program, s.type, s.policy, s.base, s.length, s.ts, s.ts + s.dur AS until,
       s.parent
FROM segment_view AS s WHERE :id IS NULL OR s.id = :id
ORDER BY s.id;

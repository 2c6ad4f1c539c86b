-- SPDX-License-Identifier: GPL-2.0-only
-- title: The lives of snapshots and what they pinned
-- question: Which snapshots were taken, for how long did they live, and how many blocks were kept for them?
-- read: one row per snapshot, oldest first. life_ns is empty if it had not been released. sources: ranges of segments
--   that took their bytes from it, with their length. pinned_blocks: blocks that a write would have freed and that were
--   kept for it (W6).
WITH o AS (SELECT snapshot, count(*) AS n, sum(length) AS bytes FROM source WHERE kind = 1 GROUP BY snapshot)
SELECT s.id, s.file AS qid, coalesce((SELECT name FROM file_view WHERE qid = s.file ORDER BY id LIMIT 1),
           (SELECT name FROM program_view WHERE file = s.file ORDER BY id LIMIT 1)) AS file,
       s.length, s.epoch, s.proc_pid AS pid, s.proc_name AS program, s.ts AS taken_ns, s.dur AS life_ns,
       coalesce(o.n, 0) AS sources, coalesce(o.bytes, 0) AS source_bytes, s.preserved AS pinned_blocks
FROM snapshot_view AS s LEFT JOIN o ON o.snapshot = s.id
ORDER BY s.id;

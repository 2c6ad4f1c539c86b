-- SPDX-License-Identifier: GPL-2.0-only
-- title: Bytes asked for, over time
-- question: How much did programs ask for by when?
-- read: one row per pread that returned bytes of a regular file, oldest first (the same calls as bytes_asked of the
--   query summary).
SELECT s.ts, s.result AS bytes FROM syscall AS s
WHERE s.number = (SELECT id FROM enum_syscall WHERE name = 'pread') AND s.result > 0
  AND (EXISTS (SELECT 1 FROM source AS o WHERE o.cause = s.id AND o.kind = 1)
    OR EXISTS (SELECT 1 FROM transfer AS e WHERE e.cause = s.id AND e.boundary = 3 AND e.class = 0 AND e.file <> 0))
ORDER BY s.id;
